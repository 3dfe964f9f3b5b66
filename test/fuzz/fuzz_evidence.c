/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_evidence.c - what a chip says is read one way, and only a chain that
 * verifies is believed. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/crypto/keyid.h"
#include "common/der/date.h"
#include "common/message/chipattest.h"
#include "common/x509/cert.h"
#include "common/x509/chain.h"
#include "test/fuzz/fuzz.h"

static void
refused_in_words(int err, const struct eh_error *error)
{
	if (err != EH_OK)
		fuzz_must(error->code == err && error->text[0] != '\0',
		    "a refusal says why");
}

static void
same(const struct eh_writer *w, const uint8_t *bytes, size_t len)
{
	size_t n;

	fuzz_must(eh_writer_end(w, &n) == EH_OK && n == len &&
	    memcmp(w->out, bytes, len) == 0, "the same bytes decode one way");
}

static uint8_t *
room(size_t len)
{
	uint8_t *out = malloc(len + 1);

	fuzz_must(out != NULL, "there is memory");
	return out;
}

static void
check_says(const uint8_t *bytes, size_t len)
{
	static struct eh_chip_says says;
	struct eh_error error;
	struct eh_writer w;
	uint8_t *out;
	int err;

	eh_error_clear(&error);
	err = eh_chip_says_decode(bytes, len, &says, &error);
	refused_in_words(err, &error);
	if (err != EH_OK)
		return;
	out = room(len);
	eh_writer_init(&w, out, len);
	eh_chip_says_encode(&says, &w);
	same(&w, bytes, len);
	free(out);
}

/* Under the key of its own last certificate a chain may hold; under no other. */
static void
check_chain(const struct eh_chipattest *a)
{
	const struct eh_chain_time any = { 0, EH_DATE_MAX };
	struct eh_slice cert[EH_CHIP_CERTS];
	uint8_t root[1][EH_DIGEST_LEN] = { { 0 } };
	const struct eh_chip_bytes *last = &a->cert[a->ncerts - 1];
	struct eh_rawkey leaf, key;
	struct eh_error error;
	struct eh_cert c;
	int err;

	for (unsigned i = 0; i < a->ncerts; i++) {
		cert[i].at = a->cert[i].at;
		cert[i].len = a->cert[i].len;
	}
	eh_error_clear(&error);
	err = eh_chain_verify(cert, a->ncerts,
	    (const uint8_t (*)[EH_DIGEST_LEN])root, 1, &any, &leaf, &error);
	refused_in_words(err, &error);
	fuzz_must(err != EH_OK, "a CA that nobody trusts is refused");
	if (eh_cert_decode(&c, last->at, last->len) != EH_OK ||
	    eh_rawkey_from_spki(&key, c.spki.der.at, c.spki.der.len) != EH_OK)
		return;
	eh_keyid_spki_digest(&key, root[0]);
	eh_error_clear(&error);
	err = eh_chain_verify(cert, a->ncerts,
	    (const uint8_t (*)[EH_DIGEST_LEN])root, 1, &any, &leaf, &error);
	refused_in_words(err, &error);
	fuzz_must((err == EH_OK) == (leaf.len != 0),
	    "a key comes out of a chain that holds, and of no other");
}

static void
check_attestation(const uint8_t *bytes, size_t len)
{
	struct eh_chipattest a;
	struct eh_error error;
	struct eh_writer w;
	uint8_t *out;
	int err;

	eh_error_clear(&error);
	err = eh_chipattest_decode(bytes, len, &a, &error);
	refused_in_words(err, &error);
	if (err != EH_OK)
		return;
	out = room(len);
	eh_writer_init(&w, out, len);
	eh_chipattest_encode(&a, &w);
	same(&w, bytes, len);
	free(out);
	check_says(a.said.at, a.said.len);
	check_chain(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct eh_evidence_item e;
	struct eh_error error;
	struct eh_writer w;
	uint8_t *out;
	int err;

	check_says(bytes, len);
	check_attestation(bytes, len);
	eh_error_clear(&error);
	err = eh_evidence_item_decode(bytes, len, &e, &error);
	refused_in_words(err, &error);
	if (err != EH_OK)
		return 0;
	out = room(len);
	eh_writer_init(&w, out, len);
	eh_evidence_item_encode(&e, &w);
	same(&w, bytes, len);
	free(out);
	check_attestation(e.bytes.at, e.bytes.len);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_der.c - certificates and requests decode one way or not at all. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/der/der.h"
#include "common/x509/csr.h"
#include "common/x509/lint.h"
#include "test/fuzz/fuzz.h"

/* Write again what can be read: elements within elements, down to contents. */
static void
recode(struct eh_der *d, struct eh_der_writer *w)
{
	int tag;

	while ((tag = eh_der_peek(d)) >= 0) {
		const uint8_t *contents;
		size_t len;

		if ((tag & 0x20) != 0 && d->depth < EH_DER_DEPTH) {
			eh_der_enter(d, (uint8_t)tag);
			eh_der_put_begin(w, (uint8_t)tag);
			recode(d, w);
			eh_der_put_end(w);
			eh_der_leave(d);
			continue;
		}
		contents = eh_der_get(d, (uint8_t)tag, &len);
		eh_der_put(w, (uint8_t)tag, contents, len);
	}
}

static void
check_recode(const uint8_t *bytes, size_t len)
{
	uint8_t *out = malloc(len + 1);
	struct eh_der_writer w;
	struct eh_der d;
	size_t n;

	fuzz_must(out != NULL, "there is memory");
	eh_der_init(&d, bytes, len);
	eh_der_writer_init(&w, out, len);
	recode(&d, &w);
	if (eh_der_end(&d) == EH_OK) {
		fuzz_must(eh_der_writer_end(&w, &n) == EH_OK,
		    "what was read comes out no longer");
		fuzz_must(n == len && memcmp(out, bytes, len) == 0,
		    "the same bytes decode one way");
	}
	free(out);
}

/* A slice lies in the input, or is empty. */
static void
inside(struct eh_slice s, const uint8_t *bytes, size_t len)
{
	fuzz_must(s.len == 0 || (s.at >= bytes && s.len <= len &&
				    s.at <= bytes + len - s.len),
	    "what is borrowed lies in the input");
}

static void
check_cert(const uint8_t *bytes, size_t len)
{
	static const enum eh_standard standards[] = { EH_STANDARD_NONE,
		EH_STANDARD_IEEE_802_1AR, EH_STANDARD_MATTER_DAC,
		EH_STANDARD_TCG_IDEVID, EH_STANDARD_WISUN_FAN };
	struct eh_lint l = { 0 };
	struct eh_extension x;
	struct eh_slice rest;
	struct eh_cert c;
	char text[64];

	if (eh_cert_decode(&c, bytes, len) != EH_OK)
		return;
	inside(c.tbs, bytes, len);
	inside(c.serial, bytes, len);
	inside(c.issuer, bytes, len);
	inside(c.subject, bytes, len);
	inside(c.spki.der, bytes, len);
	inside(c.spki.key, bytes, len);
	inside(c.signature, bytes, len);
	inside(eh_cert_subject_key_id(&c), bytes, len);
	inside(eh_cert_authority_key_id(&c), bytes, len);
	eh_dn_format(c.subject, text, sizeof(text));
	rest = c.extensions;
	while (eh_cert_next_extension(&rest, &x)) {
		inside(x.oid, bytes, len);
		inside(x.value, bytes, len);
	}
	for (size_t i = 0; i < sizeof(standards) / sizeof(standards[0]); i++)
		fuzz_must(eh_lint_cert(&l, standards[i], EH_LINT_DEVICE, "",
			      bytes, len) == EH_OK,
		    "what was read can be judged");
	fuzz_must(eh_cert_decode(&c, bytes, len - 1) != EH_OK,
	    "no byte of it is superfluous");
}

static void
check_request(const uint8_t *bytes, size_t len)
{
	struct eh_csr c;

	if (eh_csr_tbs_kind(bytes, len) != EH_TBS_REQUEST)
		fuzz_must(eh_csr_body_check(bytes, len, bytes, len, NULL) !=
			EH_OK, "only requests are requests");
	if (eh_csr_decode(&c, bytes, len) != EH_OK)
		return;
	inside(c.info, bytes, len);
	inside(c.spki.der, bytes, len);
	fuzz_must(eh_csr_tbs_kind(c.info.at, c.info.len) == EH_TBS_REQUEST,
	    "what is in a request is its body");
	fuzz_must(eh_csr_body_check(c.info.at, c.info.len, c.spki.der.at,
		      c.spki.der.len, NULL) == EH_OK,
	    "a request is one for its own key");
	/* Whether it verifies is not for random bytes to say. */
	if (eh_csr_verify(&c, NULL) == EH_OK)
		fuzz_must(c.spki.alg == EH_CERT_EC_P256, "only P-256 does");
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	check_recode(bytes, len);
	check_cert(bytes, len);
	check_request(bytes, len);
	return 0;
}

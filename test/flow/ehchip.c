/* SPDX-License-Identifier: Apache-2.0 */
/* ehchip.c - a chip that says what a script wants it to say: for tests only. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto/digest.h"
#include "common/file.h"
#include "common/hex.h"
#include "common/message/chipattest.h"
#include "plugins/chip-soft/device/fab.h"

/*
 *	ehchip FAB NONCE SPKI OUT [NAME=VALUE ...]
 *
 * Writes evidence of kind 2 to OUT: a chip of the soft fab FAB with the device
 * key whose DER SubjectPublicKeyInfo is in the file SPKI, over NONCE (hex).  What
 * is not good about it:
 *
 *	soc=HEX2 lifecycle=HEX4 session=N rotpk=HEX2 (all octets alike)
 *	signer=other	ATTEST is signed by another key
 *	ca=other	the chip's certificate is, under the fab's name
 *	middle=leaf	an intermediate without CA:TRUE signed it
 *	middle=ca	one with it did (good)
 *	place=ffffffff	the key is the transport key
 *	tail=HEX2	an octet behind the attestation
 *	form=RECEIPT	a RECEIPT
 */
static struct eh_fab fab;
static struct eh_chip_says says;
static struct eh_soft *iak, *middle, *other, *signs;
static struct eh_fab_cert chip, between;
static uint8_t der[2][EH_FAB_CERT_MAX];
static unsigned long tail = 256;
static int receipt;

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("ehchip: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(2);
}

static void
must(int err, const char *what)
{
	if (err != EH_OK)
		die("%s: %s", what, eh_err_text(err));
}

static void
begin(const char *folder, const char *nonce, const char *spki)
{
	static const char firmware[] = "chip-soft " PACKAGE_VERSION;
	struct eh_rawkey key;
	struct eh_buf file;

	must(eh_fab_open(folder, &fab, NULL), folder);
	must(eh_soft_generate(&iak), "key");
	must(eh_soft_generate(&middle), "key");
	must(eh_soft_generate(&other), "key");
	must(eh_hex_decode_fixed(nonce, says.nonce, sizeof(says.nonce)),
	    "nonce");
	must(eh_file_read(spki, 1024, &file, NULL), spki);
	must(eh_rawkey_from_spki(&key, file.data, file.len), spki);
	eh_buf_free(&file);
	says.lifecycle = EH_CHIP_LIFECYCLE_PROVISION;
	says.soc_class = 0x53000001;
	memset(says.soc_id, 0x51, sizeof(says.soc_id));
	memcpy(says.rotpk, fab.rotpk, sizeof(says.rotpk));
	eh_sha256(firmware, strlen(firmware), says.firmware);
	says.nkeys = 1;
	memcpy(says.key[0].point, key.bytes, sizeof(says.key[0].point));
	chip.subject = "test chip";
	chip.issuer = between.issuer = "EdgeHSM soft silicon CA";
	between.subject = "between";
	chip.key = eh_soft_public(iak);
	between.key = eh_soft_public(middle);
	chip.by = between.by = fab.key;
	signs = iak;
}

static int
is(const char *arg, const char *name, const char **value)
{
	size_t n = strlen(name);

	if (strncmp(arg, name, n) != 0 || arg[n] != '=')
		return 0;
	*value = arg + n + 1;
	return 1;
}

static void
option(const char *arg)
{
	const char *v;

	if (is(arg, "soc", &v))
		memset(says.soc_id, (int)strtoul(v, NULL, 16),
		    sizeof(says.soc_id));
	else if (is(arg, "lifecycle", &v))
		says.lifecycle = (uint16_t)strtoul(v, NULL, 16);
	else if (is(arg, "session", &v))
		says.session = (uint8_t)strtoul(v, NULL, 10);
	else if (is(arg, "rotpk", &v))
		memset(says.rotpk, (int)strtoul(v, NULL, 16),
		    sizeof(says.rotpk));
	else if (is(arg, "place", &v))
		says.key[0].place = (uint32_t)strtoul(v, NULL, 16);
	else if (is(arg, "tail", &v))
		tail = strtoul(v, NULL, 16);
	else if (is(arg, "form", &v))
		receipt = strcmp(v, "RECEIPT") == 0;
	else if (is(arg, "signer", &v))
		signs = other;
	else if (is(arg, "ca", &v))
		chip.by = other;
	else if (is(arg, "middle", &v)) {
		between.ca = strcmp(v, "ca") == 0;
		chip.issuer = between.subject;
		chip.by = middle;
	} else
		die("%s is no option", arg);
}

/* The chain: the chip's, perhaps one between, the fab's. */
static void
certify(struct eh_chipattest *a)
{
	must(eh_fab_certify(&chip, der[0], sizeof(der[0]), &a->cert[0].len),
	    "certificate");
	a->cert[a->ncerts++].at = der[0];
	if (chip.by == middle) {
		must(eh_fab_certify(&between, der[1], sizeof(der[1]),
		    &a->cert[1].len), "certificate");
		a->cert[a->ncerts++].at = der[1];
	}
	a->cert[a->ncerts].at = fab.cert;
	a->cert[a->ncerts++].len = fab.certlen;
}

int
main(int argc, char **argv)
{
	static uint8_t said[EH_CHIP_ATTEST_MAX + 32], out[EH_EVIDENCE_MAX];
	static uint8_t box[EH_EVIDENCE_MAX + 16];
	struct eh_evidence_item item = { EH_PARAM_ATTESTATION, { out, 0 } };
	struct eh_chipattest a = { .said = { said, 0 } };
	struct eh_signer signer;
	struct eh_writer w;
	size_t len;

	if (argc < 5)
		die("FAB NONCE SPKI OUT [NAME=VALUE ...]");
	begin(argv[1], argv[2], argv[3]);
	for (int i = 5; i < argc; i++)
		option(argv[i]);
	certify(&a);
	eh_writer_init(&w, said, sizeof(said));
	if (receipt)
		eh_writer_bytes(&w, "EdgeHSM-chip-receipt-v1", 23);
	eh_chip_says_encode(&says, &w);
	must(eh_writer_end(&w, &a.said.len), "ATTEST");
	eh_soft_signer(signs, &signer);
	must(signer.sign(signer.arg, said, a.said.len, a.signature), "sign");
	eh_writer_init(&w, out, sizeof(out));
	eh_chipattest_encode(&a, &w);
	if (tail < 256)
		eh_writer_u8(&w, (uint8_t)tail);
	must(eh_writer_end(&w, &item.bytes.len), "attestation");
	eh_writer_init(&w, box, sizeof(box));
	eh_evidence_item_encode(&item, &w);
	must(eh_writer_end(&w, &len), "evidence");
	must(eh_file_write(argv[4], box, len, 0600, NULL), argv[4]);
	eh_soft_free(iak);
	eh_soft_free(middle);
	eh_soft_free(other);
	eh_fab_close(&fab);
	return 0;
}

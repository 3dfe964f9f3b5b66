/* SPDX-License-Identifier: Apache-2.0 */
/* profile.h - the compiled profile, *.ehprofile: what the boundary enforces. */
#ifndef EH_COMMON_X509_PROFILE_H
#define EH_COMMON_X509_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/message/types.h"
#include "common/x509/pattern.h"

/*
 * doc/format/profile.md.  The struct follows its CDDL name by name.  Modes that
 * this version does not build are represented and decoded all the same, since
 * auditors must read every profile; eh_profile_supported() is where edgehsmd
 * says no to them.
 */
#define EH_PROFILE_MAX       65536	/* octets of a file */
#define EH_PROFILE_TEMPLATES 16
#define EH_PROFILE_SECRETS   16
#define EH_PROFILE_ROOTS     8
#define EH_PROFILE_DAYS      36525

#define EH_TEMPLATE_FIELDS 32
#define EH_TEMPLATE_INPUTS 16		/* host-given values in a record */
#define EH_TEMPLATE_INPUT  64		/* longest host-given value */
#define EH_TBS_MIN         64
#define EH_TBS_MAX         4096
#define EH_FIELD_MAX       256

#define EH_SECRET_CONTEXT  4
#define EH_SECRET_CONSTANT 64
#define EH_SECRET_MIN      16
#define EH_SECRET_MAX      64

/* clang-format off */
enum eh_evidence {
	EH_EVIDENCE_NONE = 0,
	EH_EVIDENCE_CSR = 1,
	EH_EVIDENCE_ATTESTED = 2,
};

enum eh_field_source {
	EH_FIELD_SERIAL = 1,
	EH_FIELD_NOT_BEFORE = 2,
	EH_FIELD_PUBLIC_KEY = 3,
	EH_FIELD_SUBJECT_KEY_ID = 4,
	EH_FIELD_DEVICE_ID = 5,
	EH_FIELD_INPUT = 6,
	EH_FIELD_NOT_AFTER = 7,
};

enum eh_standard {
	EH_STANDARD_NONE = 0,
	EH_STANDARD_IEEE_802_1AR = 1,
	EH_STANDARD_MATTER_DAC = 2,
	EH_STANDARD_TCG_IDEVID = 3,
	EH_STANDARD_WISUN_FAN = 4,
};

/* COSE algorithm numbers. */
enum eh_sig_alg {
	EH_SIG_ECDSA_P256_SHA256 = -9,
	EH_SIG_ECDSA_P384_SHA384 = -51,
	EH_SIG_RSA_PKCS1_SHA256 = -257,
	EH_SIG_RSA_PSS_SHA256 = -37,
};

enum eh_secret_kdf {
	EH_KDF_HKDF_SHA256 = 1,
	EH_KDF_SP800_108_CTR = 2,
};

enum eh_secret_wrap {
	EH_WRAP_HPKE = 1,
	EH_WRAP_TPM2_DUPLICATE = 2,
};

enum eh_context_kind {
	EH_CONTEXT_DEVICE_ID = 1,
	EH_CONTEXT_CHIP_ID = 2,
	EH_CONTEXT_CONSTANT = 3,	/* in the file: just the octets */
};
/* clang-format on */

/* A hole in the TBS.  ${pattern} and the range (${lo}, ${hi}, both of
 * ${rangelen} octets, 0 for none) only for EH_FIELD_INPUT.  Input fields with
 * the same ${id} hold the same value; all other ids are used once. */
struct eh_field {
	uint8_t id;
	uint8_t source;
	uint16_t offset, length;
	struct eh_pattern pattern;
	const uint8_t *lo, *hi;
	size_t rangelen;
};

struct eh_template {
	char id[EH_NAME_MAX + 1];
	uint8_t issuer[EH_DIGEST_LEN];	/* SHA-256 of the issuer's SPKI */
	int32_t sig_alg;
	const uint8_t *tbs;			/* field octets are zero */
	size_t tbslen;
	unsigned fields;
	struct eh_field field[EH_TEMPLATE_FIELDS];
	uint8_t standard;
	uint32_t days;				/* of a not-after field; or 0 */
	uint8_t key_given;			/* 0: key is its own index */
	uint8_t key;
};

struct eh_secret_context {
	uint8_t kind;				/* enum eh_context_kind */
	const uint8_t *constant;
	size_t len;
};

struct eh_secret {
	char label[EH_NAME_MAX + 1];
	uint8_t kdf;
	uint8_t root[EH_DIGEST_LEN];
	uint8_t size;				/* octets, 16 to 64 */
	unsigned contexts;
	struct eh_secret_context context[EH_SECRET_CONTEXT];
	uint8_t wrap;
};

/*
 * About 100 KiB: callers put it on the heap.  It borrows the bytes that it was
 * decoded from; they must outlive it.
 */
struct eh_profile {
	char name[EH_NAME_MAX + 1];
	uint32_t version;
	struct {
		char kind[EH_NAME_MAX + 1];
		uint8_t length;
		struct eh_pattern pattern;
		const uint8_t *lo, *hi;		/* of ${length}; or NULL */
	} identity;
	unsigned templates;
	struct eh_template template[EH_PROFILE_TEMPLATES];
	unsigned secrets;
	struct eh_secret secret[EH_PROFILE_SECRETS];
	uint8_t evidence;
	unsigned roots;
	uint8_t root[EH_PROFILE_ROOTS][EH_DIGEST_LEN];
	uint8_t plan[EH_DIGEST_LEN];	/* injection plan and the like */
	uint8_t source[EH_DIGEST_LEN];	/* same for every issuing key */
	uint8_t adac_given;
	uint8_t adac_root[EH_DIGEST_LEN];
};

/*
 * Decode strictly and make every check that a profile must pass when it is
 * loaded.  Return EH_OK; EH_ERR_FORMAT or EH_ERR_TRAILING with a sentence that
 * names the template and the field.  On failure the struct is all zero.
 */
EH_MUST_CHECK int eh_profile_decode(struct eh_profile *, const void *bytes,
    size_t len, struct eh_error *);

/*
 * Encode to at most ${cap} octets; eh_profile_check() first, so nothing leaves
 * that would not load.  Decoding gives the same profile, and encoding a decoded
 * profile gives the same octets.  Return EH_OK, EH_ERR_FORMAT with a sentence,
 * or EH_ERR_SPACE.
 */
EH_MUST_CHECK int eh_profile_encode(const struct eh_profile *, void *out,
    size_t cap, size_t *lenp, struct eh_error *);

/* The rules of profile.md section 3 on a profile in memory: what the compiler
 * must refuse and the boundary checks again.  Return EH_OK or EH_ERR_FORMAT. */
EH_MUST_CHECK int eh_profile_check(
    const struct eh_profile *, struct eh_error *);

/*
 * Return EH_OK when this version can do all that the profile asks for, else
 * EH_ERR_UNSUPPORTED with a sentence that names the first thing that it cannot:
 * evidence, secrets, signature algorithms or device keys other than P-256 with
 * SHA-256.
 */
EH_MUST_CHECK int eh_profile_supported(
    const struct eh_profile *, struct eh_error *);

/* The config digest: SHA-256 of the file. */
void eh_profile_digest(
    const void *bytes, size_t len, uint8_t out[EH_DIGEST_LEN]);

/* The template with this id, its number in ${indexp} (may be NULL); or NULL. */
const struct eh_template *eh_profile_template(
    const struct eh_profile *, const char *id, unsigned *indexp);

/* Return 1 when octet ${at} of the TBSCertificate is inside a field, else 0. */
int eh_template_in_field(const struct eh_template *, size_t at);

/* The key number of template ${index}: two templates with the same number show
 * the same device key. */
unsigned eh_profile_key(const struct eh_profile *, unsigned index);

/* Check a device id against the profile's identity: length, pattern, range.
 * Return EH_OK, or EH_DENIED_SCOPE with a sentence. */
EH_MUST_CHECK int eh_profile_check_device(const struct eh_profile *,
    const struct eh_device_id *device, struct eh_error *);

/* The same for an id that somebody typed: its octets are those of ${text}.
 * Fills ${device}. */
EH_MUST_CHECK int eh_profile_parse_device(const struct eh_profile *,
    const char *text, struct eh_device_id *device, struct eh_error *);

/* "certificate-serial", "ieee-802.1ar": the words of the YAML, or "unknown". */
const char *eh_field_source_name(unsigned source);
const char *eh_standard_name(unsigned standard);

#endif

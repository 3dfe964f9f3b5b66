/* SPDX-License-Identifier: Apache-2.0 */
/* source.h - a profile as its owner wrote it, typed: what is compiled. */
#ifndef EH_COMMON_X509_SOURCE_H
#define EH_COMMON_X509_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/x509/profile.h"

/*
 * Whoever reads the YAML fills these structs piece by piece; all zero is the
 * empty source.  Texts are borrowed, NUL-ended UTF-8, and outlive the struct;
 * NULL is an absent one.  Nothing here comes from an issuer's certificate or an
 * enrolled key: that is added at compile time (compile.h), so that the source
 * digest is the same for every EdgeHSM that makes the product.
 *
 * The whole is about 200 KiB: callers put it on the heap.
 */
#define EH_SOURCE_PIECES      4
#define EH_SOURCE_ATTRIBUTES  16
#define EH_SOURCE_EXTENSIONS  16
#define EH_SOURCE_OIDS        8
#define EH_SOURCE_ALT_NAMES   4
#define EH_SOURCE_KEYS        16
#define EH_SOURCE_INPUTS      EH_TEMPLATE_INPUTS
#define EH_SOURCE_INJECTIONS  64
#define EH_SOURCE_PERMISSIONS 32
#define EH_SOURCE_RECORDS     32
#define EH_SOURCE_DER         1024	/* octets of a ready-made extension */

/* clang-format off */
enum eh_piece_kind {
	EH_PIECE_TEXT = 1,		/* ${text} as it is */
	EH_PIECE_DEVICE_ID,		/* { field: device-id } */
	EH_PIECE_INPUT,			/* { field: X }; ${text} is its id */
	EH_PIECE_CHIP_ID,		/* { field: chip-id }: secrets only */
};

enum eh_date_form {
	EH_DATE_FORM_AUTO = 0,		/* see eh_compile_template() */
	EH_DATE_FORM_UTC,
	EH_DATE_FORM_GENERALIZED,
};

enum eh_extension_kind {
	EH_EXTENSION_BASIC_CONSTRAINTS = 1,
	EH_EXTENSION_KEY_USAGE,
	EH_EXTENSION_EXT_KEY_USAGE,
	EH_EXTENSION_SUBJECT_KEY_ID,	/* { field: subject-key-id } */
	EH_EXTENSION_AUTHORITY_KEY_ID,	/* from: issuer */
	EH_EXTENSION_SUBJECT_ALT_NAME,
	EH_EXTENSION_POLICIES,
	EH_EXTENSION_DER,		/* an OID and ready-made octets */
};

enum eh_alt_name_kind {
	EH_ALT_NAME_HARDWARE_MODULE = 1, /* RFC 4108: type OID, serial */
	EH_ALT_NAME_DNS,
	EH_ALT_NAME_URI,
};
/* clang-format on */

struct eh_piece {
	enum eh_piece_kind kind;
	const char *text;
};

/* A list of texts and fields, which is their concatenation. */
struct eh_source_text {
	unsigned pieces;
	struct eh_piece piece[EH_SOURCE_PIECES];
};

struct eh_source_attribute {
	const char *attribute;		/* of eh_words_attribute, or OID */
	uint8_t string;			/* DER tag: UTF8, Printable, IA5 */
	struct eh_source_text value;
};

/* A constant (${seconds}), or the field (${field} 1).  A not-after field has
 * ${days}. */
struct eh_source_date {
	uint8_t field;
	uint64_t seconds;
	uint32_t days;
	enum eh_date_form form;		/* of a field */
};

struct eh_source_alt_name {
	enum eh_alt_name_kind kind;
	const char *type;		/* OID of a hardware module */
	struct eh_source_text value;
};

struct eh_source_extension {
	enum eh_extension_kind kind;
	uint8_t critical;
	uint8_t ca;			/* basicConstraints */
	uint8_t path_length_given;
	uint8_t path_length;
	uint16_t key_usage;		/* 1 << bit number of RFC 5280 */
	unsigned oids;			/* extKeyUsage, certificatePolicies */
	const char *oid[EH_SOURCE_OIDS]; /* words of their table, or OIDs */
	unsigned names;			/* subjectAltName */
	struct eh_source_alt_name name[EH_SOURCE_ALT_NAMES];
	const char *der_oid;		/* EH_EXTENSION_DER */
	const uint8_t *der;
	size_t derlen;
};

/* A certificate of the profile.  The certificate serial is always the field,
 * and so is the public key. */
struct eh_template_source {
	const char *id;
	uint8_t standard;		/* enum eh_standard */
	const char *key;		/* id of one of the keys */
	const char *issuer_key;		/* label of the issuing key */
	struct eh_source_date not_before, not_after;
	unsigned attributes;		/* of the subject, in this order */
	struct eh_source_attribute attribute[EH_SOURCE_ATTRIBUTES];
	unsigned extensions;		/* in this order */
	struct eh_source_extension extension[EH_SOURCE_EXTENSIONS];
	int32_t sig_alg;		/* enum eh_sig_alg */
};

/* clang-format off */
enum eh_key_algorithm {
	EH_KEY_ECDSA_P256 = 1,
	EH_KEY_ECDSA_P384,
};
/* clang-format on */

struct eh_source_key {
	const char *id;
	uint8_t algorithm;		/* enum eh_key_algorithm */
	const char *generated_in;	/* "device" */
};

/* Another host-given value; ${lo} and ${hi} both or neither. */
struct eh_source_input {
	const char *id;
	const char *pattern;
	const char *lo, *hi;
	const char *source;
};

struct eh_source_secret {
	const char *id;			/* also the label */
	uint8_t kdf;			/* enum eh_secret_kdf */
	const char *root;		/* label of the derivation root */
	unsigned contexts;
	struct eh_piece context[EH_SECRET_CONTEXT];
	uint8_t size;
	uint8_t wrap;			/* enum eh_secret_wrap */
};

struct eh_source_injection {
	const char *object;		/* "certificate/idevid" */
	const char *place;
	const char *version;
	const char *file;		/* decides nothing: in no digest */
	uint8_t sha256_given;
	uint8_t sha256[EH_DIGEST_LEN];
	const char *verify;
};

struct eh_source_debug {
	uint8_t given;
	const char *final_state;
	const char *lifecycle;
	const char *method;
	uint8_t trust_anchor_given;
	uint8_t trust_anchor[EH_DIGEST_LEN]; /* ROTPK hash */
	unsigned permissions;
	const char *permission[EH_SOURCE_PERMISSIONS];
	uint32_t max_session;		/* seconds */
};

struct eh_profile_source {
	const char *name;
	uint32_t version;
	const char *manufacturer, *model, *revision;
	struct {
		const char *kind;
		const char *pattern;
		const char *lo, *hi;	/* range; both or neither */
		const char *source;	/* "work-order" */
	} identity;
	uint8_t evidence;		/* enum eh_evidence */
	unsigned roots;			/* SPKI digests of attestation roots */
	uint8_t root[EH_PROFILE_ROOTS][EH_DIGEST_LEN];
	unsigned keys;
	struct eh_source_key key[EH_SOURCE_KEYS];
	unsigned inputs;
	struct eh_source_input input[EH_SOURCE_INPUTS];
	unsigned certificates;		/* the order gives the template index */
	struct eh_template_source certificate[EH_PROFILE_TEMPLATES];
	unsigned secrets;
	struct eh_source_secret secret[EH_PROFILE_SECRETS];
	unsigned injections;
	struct eh_source_injection injection[EH_SOURCE_INJECTIONS];
	struct eh_source_debug debug;
	unsigned records;
	const char *record[EH_SOURCE_RECORDS];
};

/* Put a piece behind the others of ${text}.  Return EH_OK or EH_ERR_FULL. */
EH_MUST_CHECK int eh_source_add(
    struct eh_source_text *, enum eh_piece_kind kind, const char *text);

/*
 * The source digest: SHA-256 of the canonical CBOR of the whole source
 * (profile.md section 4).  The plan digest: the same over what the boundary
 * does not enforce (keys, injection plan, debug state, record fields).  Return
 * EH_OK, EH_ERR_CONFIG (an unknown word where the encoding needs its value) or
 * EH_ERR_MEMORY.
 */
EH_MUST_CHECK int eh_source_digest(
    const struct eh_profile_source *, uint8_t out[EH_DIGEST_LEN]);
EH_MUST_CHECK int eh_source_plan_digest(
    const struct eh_profile_source *, uint8_t out[EH_DIGEST_LEN]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* compile.h - from a profile source to the compiled profile. */
#ifndef EH_COMMON_X509_COMPILE_H
#define EH_COMMON_X509_COMPILE_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/x509/profile.h"
#include "common/x509/source.h"

#define EH_ISSUER_NAME   1024
#define EH_ISSUER_KEY_ID 32

/* What a template takes from the certificate of the key that will sign it. */
struct eh_issuer {
	uint8_t spki[EH_DIGEST_LEN];	/* SHA-256 of the SPKI */
	uint8_t subject[EH_ISSUER_NAME];	/* whole Name, DER */
	size_t subjectlen;
	uint8_t key_id[EH_ISSUER_KEY_ID];
	size_t key_idlen;
};

/*
 * Take the issuer's values from its DER certificate.  The key id is its subject
 * key id, or SHA-1 of its public key when it has none.  The key must be P-256
 * or P-384 or RSA, and basicConstraints must say CA.  Return EH_OK, or
 * EH_ERR_FORMAT with a sentence.
 */
EH_MUST_CHECK int eh_issuer_decode(struct eh_issuer *, const uint8_t *der,
    size_t len, struct eh_error *);

/*
 * Compile certificate ${index} of ${source}.  The TBS is written to ${tbs} of
 * EH_TBS_MAX octets, field octets zero, and ${template} points into it.  Field
 * ids: the field's place in the list, but 128 plus its place among the inputs
 * for a host-given value.  Dates: constants in the form that RFC 5280 wants; a
 * not-before field is UTCTime unless the source says otherwise; a not-after
 * field is UTCTime up to 7305 days, GeneralizedTime from 9132 days on, and must
 * say its form between.
 *
 * Return EH_OK, or EH_ERR_CONFIG with a sentence that names certificate and
 * element: variable length, text that its string type cannot hold, unknown
 * word, a name twice, beyond a limit.
 */
EH_MUST_CHECK int eh_compile_template(const struct eh_profile_source *source,
    unsigned index, const struct eh_issuer *, uint8_t tbs[EH_TBS_MAX],
    struct eh_template *, struct eh_error *);

/*
 * Compile the whole: ${issuer} holds one issuer per certificate, in their
 * order, ${secret_root} the digest of the derivation root of each secret (NULL
 * when there are none).  Runs the linter that each certificate names (lint.h)
 * and refuses what it calls an error.  The octets go to ${out} of ${cap}
 * (EH_PROFILE_MAX suffices), and have passed eh_profile_check().
 *
 * Return EH_OK, EH_ERR_CONFIG with a sentence, EH_ERR_UNSUPPORTED (device keys
 * on P-384: no sample can be linted), EH_ERR_SPACE or EH_ERR_MEMORY.
 */
EH_MUST_CHECK int eh_compile_profile(const struct eh_profile_source *source,
    const struct eh_issuer *issuer,
    const uint8_t (*secret_root)[EH_DIGEST_LEN], uint8_t *out, size_t cap,
    size_t *lenp, struct eh_error *);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* sign.h - one signature by the token. */
#ifndef EH_PROVIDER_SIGN_H
#define EH_PROVIDER_SIGN_H

#include "provider/key.h"

/* What the token is given of a message. */
enum eh_sign_form {
	EH_SIGN_MESSAGE, /* all of it; the token hashes */
	EH_SIGN_DIGEST   /* its digest, made by the default provider */
};

/* What CKM_EDGEHSM_ISSUE is told; all zero: it is not asked for.  Borrowed. */
struct eh_sign_ask {
	const char *authorization;	/* its name; or */
	const unsigned char *param;	/* the mechanism's whole parameter */
	size_t param_len;
};

/* How one signature is made: eh_sign_plan() decides, nobody else. */
struct eh_sign_plan {
	enum eh_sign_form form;
	CK_MECHANISM_TYPE mechanism;
	struct eh_sign_ask ask; /* with CKM_EDGEHSM_ISSUE only */
};

/* An operation that is under way in a session of its own. */
struct eh_sign {
	struct eh_key *key;
	struct eh_slot *slot;
	CK_SESSION_HANDLE session;
};

/* Return the greatest length of a signature by ${curve}, in DER. */
size_t eh_sign_max(const struct eh_curve *curve);

/*
 * Decide how ${key} signs a whole message whose hash mechanism is ${hash}
 * (CKM_ECDSA_SHA256, ...), and what ${ask} asks for.
 * Hash-and-sign wherever token and key allow it; raw signing of a digest only
 * where the token cannot hash and the key permits raw signing.  Return 1, or 0
 * with an error raised.
 */
int eh_sign_plan(struct eh_key *key, CK_MECHANISM_TYPE hash,
    const struct eh_sign_ask *ask, struct eh_sign_plan *plan);

/* Decide whether ${key} signs a digest that the caller made. */
int eh_sign_plan_raw(struct eh_key *key, const struct eh_sign_ask *ask,
    struct eh_sign_plan *plan);

/*
 * Sign ${len} octets with one C_SignInit and one C_Sign, and put the DER form
 * of the signature into ${out} (at least eh_sign_max()), its length into
 * ${outlenp}.  Return 1, or 0 with an error raised.
 */
int eh_sign_once(struct eh_key *key, const struct eh_sign_plan *plan,
    const unsigned char *data, size_t len, unsigned char *out,
    size_t *outlenp);

/*
 * The same in parts, for general keys and messages too long to hold.  After
 * begin has returned 1, finish or abandon is called exactly once; an update
 * that returns 0 has abandoned.
 */
int eh_sign_begin(struct eh_sign *sign, struct eh_key *key,
    const struct eh_sign_plan *plan);
int eh_sign_update(
    struct eh_sign *sign, const unsigned char *data, size_t len);
int eh_sign_finish(
    struct eh_sign *sign, unsigned char *out, size_t *outlenp);
void eh_sign_abandon(struct eh_sign *sign);

#endif

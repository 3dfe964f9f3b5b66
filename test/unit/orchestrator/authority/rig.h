/* SPDX-License-Identifier: Apache-2.0 */
/* rig.h - an authority in a fresh folder, and a soft key that plays an EdgeHSM
 * for it. */
#ifndef EH_TEST_AUTHORITY_RIG_H
#define EH_TEST_AUTHORITY_RIG_H

#include "common/buf.h"
#include "common/crypto/soft.h"
#include "common/message/enrol.h"
#include "common/message/keyattest.h"
#include "orchestrator/authority/authority.h"
#include "orchestrator/authority/enrolment.h"
#include "test/unit/unit.h"

/* The time at which everything happens; 2026-11-20T12:00:00Z. */
#define RIG_NOW UINT64_C(1795176000)

struct rig {
	char folder[64];	/* holds all of it */
	char store[96];		/* of the authority */
	struct eh_authority *authority;
	struct eh_soft *attestation;	/* keys of the EdgeHSM */
	struct eh_soft *issuing;
	uint8_t hsm_id[EH_HSM_ID_LEN];
	struct eh_error error;	/* of the last call */
};

/* Make the authority "oem.example", and the keys. */
void rig_open(struct rig *);
void rig_close(struct rig *);

/* Close the store and open it again, as the next command would. */
void rig_reopen(struct rig *);

/* Invite the EdgeHSM "fab1-hsm1" into factory fab1; its nonce. */
struct eh_nonce rig_invite(struct rig *);

/* A request that is right: for ${nonce}, pinning the authority's root, naming
 * the issuing key. */
void rig_enrol(struct rig *, const struct eh_nonce *nonce, struct eh_enrol *);

/* Sign a message of ${type} by the attestation key. */
void rig_sign(struct rig *, enum eh_message_type type,
    void (*encode)(const void *, struct eh_writer *), const void *value,
    struct eh_buf *out);
void rig_sign_enrol(struct rig *, const struct eh_enrol *, struct eh_buf *out);

/* Everything up to the pinned attestation key. */
void rig_enrolled(struct rig *);

/* A key attestation of the issuing key that is right; and the message of
 * one. */
void rig_keyattest(struct rig *, struct eh_keyattest *);
void rig_sign_keyattest(
    struct rig *, const struct eh_keyattest *, struct eh_buf *out);

/* A PKCS#10 request of ${key} with subject ${dn} ("/CN=x"). */
void rig_csr(struct eh_soft *key, const char *dn, struct eh_buf *out);

/* A compiled profile of one template, whose issuer is the issuing key. */
void rig_profile(struct rig *, struct eh_buf *out);

/* Check that the last call gave ${err} and a sentence with ${words} in it. */
void rig_refused(const struct rig *, int got, int err, const char *words);

#endif

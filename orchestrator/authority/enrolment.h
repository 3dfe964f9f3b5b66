/* SPDX-License-Identifier: Apache-2.0 */
/* enrolment.h - taking an EdgeHSM into the authority's books. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_ENROLMENT_H
#define EH_ORCHESTRATOR_AUTHORITY_ENROLMENT_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "orchestrator/authority/authority.h"

/*
 * Trust in an attestation key comes from outside: the nonce of the invitation
 * is carried by hand, and people compare the fingerprint.  The request itself
 * only proves who holds the key.
 */

/*
 * Open an invitation for the EdgeHSM ${name} in ${factory}; one that was open
 * for that name is withdrawn.  A name that is enrolled may be invited again, to
 * the same factory.  EH_ERR_ARGUMENT; EH_DENIED_STATE when it stands in another
 * factory.
 */
EH_MUST_CHECK int eh_enrolment_invite(struct eh_authority *, const char *name,
    const char *factory, uint64_t now, struct eh_invitation *,
    struct eh_error *);

/* Append what the factory gets: one JSON object of name, factory, nonce (hex)
 * and root (hex of the grant root's SPKI digest). */
EH_MUST_CHECK int eh_enrolment_print_invitation(struct eh_authority *,
    const struct eh_invitation *, struct eh_buf *out, struct eh_error *);

/* A request that passed every check but the comparison of the fingerprint. */
struct eh_enrolment {
	struct eh_enrol request;
	uint8_t fingerprint[EH_DIGEST_LEN];	/* SHA-256 of the SPKI */
	struct eh_invitation invitation;
	int again;		/* 1: it is enrolled already, under this name */
};

/*
 * Check an enrolment request (doc/format/message.md section 6): hsm-id, kid and
 * signature are those of the key inside, the nonce is that of an open
 * invitation, the pinned root is our own, the class is 0, and neither name nor
 * keys belong to another EdgeHSM.  EH_ERR_FORMAT, EH_ERR_TRAILING,
 * EH_ERR_SIGNATURE; EH_ERR_UNSUPPORTED (class above 0); EH_ERR_REPLAYED (the
 * invitation was used or withdrawn); EH_DENIED_EVIDENCE (no such invitation, a
 * name or key of another EdgeHSM); EH_DENIED_SCOPE (a foreign root).
 */
EH_MUST_CHECK int eh_enrolment_check(struct eh_authority *, const void *bytes,
    size_t len, struct eh_enrolment *, struct eh_error *);

/*
 * Accept what was checked and confirmed, in one transaction: the invitation is
 * used, the attestation key pinned, and the issuer grant, valid for ${days} (1
 * to 400), appended to ${out}, with its digest.
 */
EH_MUST_CHECK int eh_enrolment_accept(struct eh_authority *,
    const struct eh_enrolment *, unsigned days, uint64_t now,
    struct eh_buf *out, uint8_t digest[EH_DIGEST_LEN], struct eh_error *);

#endif

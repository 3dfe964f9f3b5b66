/* SPDX-License-Identifier: Apache-2.0 */
/* authorize.h - production authorizations: what is asked for, checked,
 * signed. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_AUTHORIZE_H
#define EH_ORCHESTRATOR_AUTHORITY_AUTHORIZE_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/message/pauth.h"
#include "common/x509/profile.h"
#include "orchestrator/authority/authority.h"

#define EH_AUTHORIZE_DEVICES_MAX UINT64_C(1000000000)
#define EH_AUTHORIZE_ORDER_MAX   UINT64_C(1000000000000)
#define EH_AUTHORIZE_STOPS_MAX   1000
/* An authorization begins this much before it is made, unless told otherwise:
 * an EdgeHSM that was just attested may lag by its uncertainty. */
#define EH_AUTHORIZE_BACKDATE    300

/* doc/man/edgehsm-authority.8 has the defaults and what they cost. */
extern const struct eh_limits eh_authorize_limits;
#define EH_AUTHORIZE_PILOT 1000	/* devices; more are volume */
#define EH_AUTHORIZE_STOPS 2	/* unclean stops with room for them */

/* Validity: 7 days for a pilot, 30 for volume. */
unsigned eh_authorize_days(uint64_t devices);

/*
 * Records that may wait for an acknowledgement: those of a week's devices, at
 * 300 an hour with ${templates} certificates each, and a fifth more; at least
 * what eh_authorize_limits says.
 */
uint32_t eh_authorize_unacked(unsigned templates);

/*
 * The longest lease that loses little: one sixteenth of the order, so that an
 * unclean stop, which burns at most 1.25 leases, costs less than a twelfth of
 * it; 1 to 256.
 */
uint16_t eh_authorize_lease(uint64_t devices);

/*
 * The quota of an operation that each device uses up to ${uses} times: room for
 * every device, and for ${stops} unclean stops, each of which burns a lease of
 * it while the devices that were open draw fresh units.
 */
uint64_t eh_authorize_quota(
    uint64_t devices, unsigned uses, unsigned stops, unsigned lease);

struct eh_authorize_request {
	const char *hsm;		/* name */
	const uint8_t *profile;		/* the compiled file */
	size_t profile_len;
	const char *source;		/* its YAML, to be compared; NULL */
	uint64_t devices;
	const char *order;		/* NULL: none */
	uint64_t order_total;		/* devices of the order; 0: as it is */
	const char *supersedes;		/* id or order; NULL: none */
	uint64_t not_before, expires;
	const char *scope;		/* as typed; NULL is "any" */
	unsigned nlines;		/* 0: any line of the factory */
	const char *lines[EH_PAUTH_LINES_MAX];
	uint16_t lease;			/* 0: eh_authorize_lease() */
	uint64_t reissue;		/* allowance; 0: none */
	/* The chips' firmware; only where the profile asks for attestations. */
	unsigned nimages;
	struct eh_image images[EH_PAUTH_IMAGES_MAX];
	unsigned stops;
	struct eh_limits limits;
	int unacked_by_profile;		/* 1: eh_authorize_unacked() */
};

/* Called with one sentence for what is allowed and probably not meant. */
struct eh_authorize_warn {
	void (*warn)(void *arg, const char *sentence);
	void *arg;
};

/*
 * Read a scope: "any", "range:KIND:LO:HI", "list:KIND:ID,ID,...", or
 * "tree:KIND:FILE" with an id a line in FILE.  The kind must be that of the
 * profile, and every id one that the profile allows.  Those of a tree go to
 * ${ids} (empty, with a limit), rising and without a gap.  EH_ERR_ARGUMENT,
 * EH_DENIED_SCOPE; what eh_file_read() says.
 */
EH_MUST_CHECK int eh_authorize_scope(const char *text,
    const struct eh_profile *, struct eh_scope *, struct eh_buf *ids,
    struct eh_error *);

/* Is ${text} a scope by tree? */
int eh_authorize_is_tree(const char *text);

/* The part of eh_authorize_scope() for a tree (authorize_tree.c). */
EH_MUST_CHECK int eh_authorize_tree(const char *path,
    const struct eh_profile *, struct eh_scope *, struct eh_buf *ids,
    struct eh_error *);

/* Append to ${out} (empty) the *.ehscope of an authorization by tree that was
 * signed here.  EH_ERR_ARGUMENT when its scope is no tree; EH_ERR_NOT_FOUND. */
EH_MUST_CHECK int eh_authorize_proofs(struct eh_authority *,
    const struct eh_pauth *, struct eh_buf *out, struct eh_error *);

/*
 * Check the request, sign, store, and append the message to ${out} (empty), in
 * one transaction; what was signed goes to ${signed_} as the EdgeHSM will read
 * it.
 *
 * An order is of so many devices, ${order_total} of the request, or the
 * ${devices} of its first authorization.  All its authorizations together, on
 * all EdgeHSMs, never allow more (life.h): EH_DENIED_QUOTA.  An authorization
 * that supersedes another is of the same order, profile and kind of scope, and
 * its devices count those that were made before.  EH_DENIED_STATE when that one
 * is closed or revoked.
 *
 * EH_ERR_ARGUMENT; EH_ERR_FORMAT, EH_ERR_TRAILING (the profile, or what
 * would be refused); EH_ERR_UNSUPPORTED (a profile with more than this version
 * can do); EH_ERR_NOT_FOUND (no such EdgeHSM); EH_DENIED_EXPIRED (its issuer
 * grant has ended, or the authorization would be over); EH_DENIED_SCOPE;
 * EH_DENIED_KEY (an issuing key of the profile is another EdgeHSM's, or not an
 * issuing key); EH_DENIED_TEMPLATE (review.h).
 */
EH_MUST_CHECK int eh_authorize(struct eh_authority *,
    const struct eh_authorize_request *, uint64_t now,
    const struct eh_authorize_warn *, struct eh_buf *out,
    uint8_t digest[EH_DIGEST_LEN], struct eh_pauth *signed_,
    struct eh_error *);

/* Give an authorization its issuer, id, number and epoch, and sign it, in the
 * caller's transaction.  ${signed_} is what the EdgeHSM will read. */
EH_MUST_CHECK int eh_authorize_sign(struct eh_authority *, struct eh_pauth *,
    struct eh_buf *out, uint8_t digest[EH_DIGEST_LEN],
    struct eh_pauth *signed_, struct eh_error *);

/* What was signed, as the EdgeHSM reads it. */
EH_MUST_CHECK int eh_authorize_get(struct eh_authority *,
    const struct eh_store_authorization *, struct eh_pauth *,
    struct eh_error *);

#endif

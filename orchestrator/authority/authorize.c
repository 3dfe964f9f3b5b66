/* SPDX-License-Identifier: Apache-2.0 */
/* authorize.c - production authorizations: what is asked for, checked,
 * signed. */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/hex.h"
#include "common/message/scopelist.h"
#include "orchestrator/authority/authorize.h"
#include "orchestrator/authority/order.h"
#include "orchestrator/authority/review.h"
#include "orchestrator/authority/store_log.h"

#define LEASE_MOST 256

const struct eh_limits eh_authorize_limits = {
	.max_unacked = 100000,
	.max_offline = 691200,
	.max_unaccounted = 4096,
	.boot_grace = 60480,
	.quality = EH_QUALITY_FLOOR,
};

uint16_t
eh_authorize_lease(uint64_t devices)
{
	uint64_t lease = devices / 16;

	return (uint16_t)(lease < 1 ? 1
				    : lease > LEASE_MOST ? LEASE_MOST : lease);
}

uint64_t
eh_authorize_quota(
    uint64_t devices, unsigned uses, unsigned stops, unsigned lease)
{
	return devices * uses + (uint64_t)stops * lease * uses;
}

unsigned
eh_authorize_days(uint64_t devices)
{
	return devices <= EH_AUTHORIZE_PILOT ? 7 : 30;
}

uint32_t
eh_authorize_unacked(unsigned templates)
{
	const uint32_t week = 300u * 24 * 7 * 6 / 5 * templates;

	return week > eh_authorize_limits.max_unacked
	    ? week
	    : eh_authorize_limits.max_unacked;
}

/* What the steps below share. */
struct job {
	struct eh_authority *authority;
	const struct eh_authorize_request *request;
	const struct eh_authorize_warn *warn;
	uint64_t now;
	struct eh_hsm hsm;
	struct eh_profile *profile;
	struct eh_pauth pauth;
	struct eh_buf ids;		/* of a scope by tree */
	struct eh_chain old;		/* what is superseded */
	uint64_t burned;		/* of its certificates */
};

static void __attribute__((format(printf, 2, 3)))
warn(const struct job *j, const char *format, ...)
{
	char text[EH_ERROR_TEXT];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	j->warn->warn(j->warn->arg, text);
}

/* --- the request --- */

static int
check_request(const struct eh_authorize_request *r, uint64_t now,
    struct eh_error *error)
{
	if (r->devices < 1 || r->devices > EH_AUTHORIZE_DEVICES_MAX)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "%" PRIu64 " devices: 1 to %" PRIu64 " can be authorized",
		    r->devices, EH_AUTHORIZE_DEVICES_MAX);
	if (r->lease > r->devices || r->lease > EH_LEASE_MAX)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "a lease of %u devices: at most %d, and not more than the "
		    "%" PRIu64 " of the order", r->lease, EH_LEASE_MAX,
		    r->devices);
	if (r->order != NULL && !eh_name_check(r->order))
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "order %s: 1 to 64 letters, digits and ._:/- are allowed",
		    r->order);
	if (r->stops > EH_AUTHORIZE_STOPS_MAX ||
	    r->reissue > EH_AUTHORIZE_DEVICES_MAX ||
	    r->order_total > EH_AUTHORIZE_ORDER_MAX ||
	    r->nlines > EH_PAUTH_LINES_MAX)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "too many lines, re-issues or unclean stops");
	for (unsigned i = 0; i < r->nlines; i++)
		if (!eh_name_check(r->lines[i]))
			return eh_error_set(error, EH_ERR_ARGUMENT,
			    "line %s: 1 to 64 letters, digits and ._:/- are "
			    "allowed", r->lines[i]);
	if (r->expires <= now)
		return eh_error_set(error, EH_DENIED_EXPIRED,
		    "the authorization would be over before it is signed");
	return EH_OK;
}

/* --- the profile --- */

static int
read_profile(struct job *j, struct eh_error *error)
{
	const struct eh_authorize_request *r = j->request;
	struct eh_error why;
	int err;

	if ((j->profile = calloc(1, sizeof(*j->profile))) == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	eh_error_clear(&why);
	err = eh_profile_decode(
	    j->profile, r->profile, r->profile_len, &why);
	if (err != EH_OK)
		return eh_error_set(error, err,
		    "this is no compiled profile, which edgehsm profile "
		    "compile makes: %s", eh_error_sentence(&why));
	err = eh_profile_supported(j->profile, error);
	if (err == EH_OK)
		err = eh_review_profile(j->profile, error);
	if (err == EH_OK && r->source != NULL)
		err = eh_review_source(eh_authority_store(j->authority),
		    j->profile, r->profile, r->profile_len, r->source, error);
	return err;
}

/* Is the issuing key of a template one that this EdgeHSM holds, and certified
 * by us? */
static int
check_issuer(struct job *j, const struct eh_template *t,
    struct eh_error *error)
{
	struct eh_store *store = eh_authority_store(j->authority);
	char key[EH_HEX_SIZE(EH_DIGEST_LEN)];
	uint64_t not_before, not_after;
	struct eh_hsm_key known;
	int err = eh_store_get_hsm_key(store, t->issuer, &known, error);

	eh_hex_encode(t->issuer, EH_DIGEST_LEN, key);
	if (err == EH_ERR_NOT_FOUND) {
		warn(j, "template %s: its issuing key %.16s... was never "
		    "attested to this authority", t->id, key);
		return EH_OK;
	}
	if (err != EH_OK)
		return err;
	if (memcmp(known.hsm, j->hsm.id, EH_HSM_ID_LEN) != 0)
		return eh_error_set(error, EH_DENIED_KEY,
		    "template %s: its issuing key %.16s... is another "
		    "EdgeHSM's; a profile is compiled once for each EdgeHSM",
		    t->id, key);
	if (known.purpose != EH_PURPOSE_ISSUING)
		return eh_error_set(error, EH_DENIED_KEY,
		    "template %s: key %.16s... of %s is not an issuing key",
		    t->id, key, j->hsm.name);
	if (known.standing < EH_KEY_CERTIFIED) {
		warn(j, "template %s: its issuing key %.16s... was never "
		    "certified by this authority", t->id, key);
		return EH_OK;
	}
	err = eh_store_get_validity(
	    store, t->issuer, &not_before, &not_after, error);
	if (err != EH_OK)
		return err;
	if (j->pauth.not_before < not_before || j->pauth.expires > not_after)
		warn(j, "template %s: the authorization is not inside the "
		    "validity of its CA certificate", t->id);
	return EH_OK;
}

static int
check_order(struct job *j, struct eh_error *error)
{
	const struct eh_authorize_request *r = j->request;
	const struct eh_order_ask ask = { .name = r->order,
		.hsm = &j->hsm,
		.devices = r->devices,
		.total = r->order_total,
		.old = j->pauth.has_supersedes ? &j->old : NULL };

	return r->order == NULL
	    ? EH_OK
	    : eh_order_take(eh_authority_store(j->authority), &ask, error);
}

static int
check_issuers(struct job *j, struct eh_error *error)
{
	int err = EH_OK;

	for (unsigned i = 0; err == EH_OK && i < j->profile->templates; i++)
		err = check_issuer(j, &j->profile->template[i], error);
	return err;
}

/* --- the EdgeHSM --- */

static int
check_hsm(struct job *j, struct eh_error *error)
{
	char until[EH_CLOCK_TEXT_SIZE];
	int err = eh_store_get_hsm(eh_authority_store(j->authority),
	    j->request->hsm, &j->hsm, error);

	if (err != EH_OK ||
	    (err = eh_store_check_served(eh_authority_store(j->authority),
	         j->hsm.id, error)) != EH_OK)
		return err;
	if (eh_clock_format(j->hsm.granted_until, until) != EH_OK)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "the store: the grant of %s has no end", j->hsm.name);
	if (j->hsm.granted_until <= j->now)
		return eh_error_set(error, EH_DENIED_EXPIRED,
		    "the issuer grant of %s ended %s: enrol it again",
		    j->hsm.name, until);
	if (j->hsm.granted_until < j->request->expires)
		warn(j, "the issuer grant of %s ends %s, before this "
		    "authorization: import it before then", j->hsm.name,
		    until);
	return EH_OK;
}

/* --- what it supersedes --- */

static int
check_scope_kind(struct job *j, struct eh_error *error)
{
	struct eh_pauth *old = calloc(1, sizeof(*old));
	int err;

	if (old == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	err = eh_authorize_get(j->authority, &j->old.tip, old, error);
	if (err == EH_OK && old->scope.kind != j->pauth.scope.kind)
		err = eh_error_set(error, EH_ERR_ARGUMENT,
		    "the authorization that it supersedes has another kind of "
		    "scope; the EdgeHSM takes only the same one");
	free(old);
	return err;
}

static int
check_old(struct job *j, struct eh_error *error)
{
	const struct eh_store_authorization *old = &j->old.tip;
	struct eh_store *store = eh_authority_store(j->authority);
	int err = eh_life_check_live(store, old, error);

	if (err != EH_OK)
		return err;
	if (j->request->order == NULL ||
	    strcmp(old->order, j->request->order) != 0)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "what it supersedes is of order %s: name that one with "
		    "--order", old->order);
	if (strcmp(old->profile.name, j->pauth.profile.name) != 0)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "what it supersedes is by the profile %s, and this one by "
		    "%s; the EdgeHSM takes only the same one", old->profile.name,
		    j->pauth.profile.name);
	if (memcmp(old->profile.digest, j->pauth.profile.digest,
	        EH_DIGEST_LEN) != 0)
		warn(j, "it changes the profile from %s version %u to version "
		    "%u: the EdgeHSM must have that first (edgehsm token "
		    "import)", old->profile.name, old->profile.version,
		    j->pauth.profile.version);
	if (j->request->devices < j->old.used)
		warn(j, "%" PRIu64 " devices were made under %s already: the "
		    "authorization will be full", j->old.used, old->order);
	return check_scope_kind(j, error);
}

/* Its books go on: places that were burned are burned in the new one too. */
static int
find_old(struct job *j, struct eh_error *error)
{
	struct eh_store *store = eh_authority_store(j->authority);
	struct eh_store_counter issue = { .op = EH_OP_ISSUE };
	struct eh_store_authorization tip;
	int err;

	if (j->request->supersedes == NULL)
		return EH_OK;
	if ((err = eh_life_find(
	         store, &j->hsm, j->request->supersedes, &tip, error)) !=
	        EH_OK ||
	    (err = eh_life_chain(store, &tip, &j->old, error)) != EH_OK)
		return err;
	memcpy(issue.hsm, tip.hsm, EH_HSM_ID_LEN);
	memcpy(issue.authorization, tip.id, EH_ID_LEN);
	err = eh_store_get_counter(store, &issue, error);
	j->burned = issue.burned;
	j->pauth.has_supersedes = 1;
	memcpy(j->pauth.supersedes, tip.id, EH_ID_LEN);
	return err;
}

/* --- the authorization --- */

static void
add_op(struct eh_pauth *p, enum eh_op op, uint64_t quota, uint16_t lease,
    unsigned uses)
{
	struct eh_op_grant *g = &p->ops[p->nops++];

	g->op = (uint8_t)op;
	g->quota = quota;
	g->lease = lease;
	g->uses = (uint8_t)uses;
}

/* A pass, its certificates with head room, and the allowance to re-issue each
 * of them.  Nothing else is granted. */
static void
fill_ops(struct job *j)
{
	const struct eh_authorize_request *r = j->request;
	const unsigned uses = j->profile->templates;
	uint16_t lease = r->lease != 0 ? r->lease
				       : eh_authorize_lease(r->devices);

	add_op(&j->pauth, EH_OP_PASS, r->devices, lease, 1);
	add_op(&j->pauth, EH_OP_ISSUE,
	    eh_authorize_quota(r->devices, uses, r->stops, lease) +
	        j->burned, lease, uses);
	if (r->reissue > 0)
		add_op(&j->pauth, EH_OP_REISSUE, r->reissue, 1, uses);
}

static int
fill(struct job *j, struct eh_error *error)
{
	const struct eh_authorize_request *r = j->request;
	struct eh_pauth *p = &j->pauth;
	uint64_t listed = UINT64_MAX;
	int err;

	memcpy(p->from.sub, j->hsm.id, EH_HSM_ID_LEN);
	p->from.iat = j->now;
	p->not_before = r->not_before;
	p->expires = r->expires;
	memcpy(p->factory, j->hsm.factory, sizeof(p->factory));
	p->nlines = (uint8_t)r->nlines;
	for (unsigned i = 0; i < r->nlines; i++)
		snprintf(p->lines[i], sizeof(p->lines[i]), "%s", r->lines[i]);
	if (r->nimages > 0 && j->profile->evidence != EH_EVIDENCE_ATTESTED)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "profile %s asks for no attestation of the chips, so that "
		    "no EdgeHSM could see their firmware: leave it out",
		    j->profile->name);
	p->nimages = (uint8_t)r->nimages;
	memcpy(p->images, r->images, sizeof(p->images));
	memcpy(p->profile.name, j->profile->name, sizeof(p->profile.name));
	p->profile.version = j->profile->version;
	eh_profile_digest(r->profile, r->profile_len, p->profile.digest);
	fill_ops(j);
	p->limits = r->limits;
	if (r->unacked_by_profile)
		p->limits.max_unacked =
		    eh_authorize_unacked(j->profile->templates);
	if (r->order != NULL)
		snprintf(p->order, sizeof(p->order), "%s", r->order);
	err = eh_authorize_scope(r->scope != NULL ? r->scope : "any",
	    j->profile, &p->scope, &j->ids, error);
	if (err == EH_OK && p->scope.kind == EH_SCOPE_LIST)
		listed = p->scope.ndevices;
	else if (err == EH_OK && p->scope.kind == EH_SCOPE_TREE)
		listed = p->scope.tree_size;
	if (r->devices > listed)
		warn(j, "%" PRIu64 " devices are authorized, but the scope "
		    "lists only %" PRIu64, r->devices, listed);
	return err;
}

static int
put(struct job *j, const uint8_t digest[EH_DIGEST_LEN],
    struct eh_error *error)
{
	struct eh_store *store = eh_authority_store(j->authority);
	const struct eh_pauth *p = &j->pauth;
	struct eh_store_authorization row = { .profile = p->profile,
		.seq = p->seq,
		.devices = j->request->devices,
		.issued = j->now,
		.not_before = p->not_before,
		.expires = p->expires,
		.epoch = p->epoch,
		.has_supersedes = p->has_supersedes };
	int err;

	memcpy(row.supersedes, p->supersedes, EH_ID_LEN);
	memcpy(row.id, p->id, EH_ID_LEN);
	memcpy(row.hsm, p->from.sub, EH_HSM_ID_LEN);
	memcpy(row.message, digest, EH_DIGEST_LEN);
	memcpy(row.order, p->order, sizeof(row.order));
	if (p->scope.kind == EH_SCOPE_TREE &&
	    (err = eh_store_put_scope(store, p->scope.root, &j->ids, error)) !=
	        EH_OK)
		return err;
	if ((err = eh_store_put_profile(store, &p->profile, j->profile->source,
	         j->request->profile, j->request->profile_len, error)) !=
	        EH_OK ||
	    (err = eh_store_put_authorization(store, &row, error)) != EH_OK)
		return err;
	return eh_store_trail(store, j->now, "authorize", row.hsm, digest,
	    p->order[0] != '\0' ? p->order : p->profile.name, error);
}

static int
sign(struct job *j, struct eh_buf *out, uint8_t digest[EH_DIGEST_LEN],
    struct eh_pauth *signed_, struct eh_error *error)
{
	int err = eh_authorize_sign(
	    j->authority, &j->pauth, out, digest, signed_, error);

	return err == EH_OK ? put(j, digest, error) : err;
}

int
eh_authorize(struct eh_authority *a, const struct eh_authorize_request *r,
    uint64_t now, const struct eh_authorize_warn *w, struct eh_buf *out,
    uint8_t digest[EH_DIGEST_LEN], struct eh_pauth *signed_,
    struct eh_error *error)
{
	struct eh_store *store = eh_authority_store(a);
	struct job *j;
	int err;

	memset(signed_, 0, sizeof(*signed_));
	if ((err = check_request(r, now, error)) != EH_OK)
		return err;
	if ((j = calloc(1, sizeof(*j))) == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	eh_buf_init(&j->ids, EH_SCOPELIST_MAX);
	j->authority = a;
	j->request = r;
	j->warn = w;
	j->now = now;
	if ((err = read_profile(j, error)) != EH_OK ||
	    (err = eh_store_begin(store, error)) != EH_OK)
		goto out;
	if ((err = check_hsm(j, error)) == EH_OK &&
	    (err = find_old(j, error)) == EH_OK &&
	    (err = fill(j, error)) == EH_OK &&
	    (!j->pauth.has_supersedes ||
	        (err = check_old(j, error)) == EH_OK) &&
	    (err = check_issuers(j, error)) == EH_OK &&
	    (err = check_order(j, error)) == EH_OK &&
	    (err = sign(j, out, digest, signed_, error)) == EH_OK)
		err = eh_store_commit(store, error);
	if (err != EH_OK) {
		eh_store_rollback(store);
		eh_buf_clear(out);
		memset(signed_, 0, sizeof(*signed_));
	}
out:
	eh_buf_free(&j->ids);
	free(j->profile);
	free(j);
	return err;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* issue.c - hsm.issue: from a key to a certificate, without ever asking for two
 * different ones. */
#include "config.h"

#include <string.h>

#include "common/x509/csr.h"
#include "common/x509/template.h"
#include "orchestrator/flow/scopes.h"
#include "orchestrator/flow/work.h"

/* After an unclean stop of the EdgeHSM the issue number is another: so often a
 * TBS that was never issued is rendered anew in one step. */
#define RENDERINGS 3

/* What is being issued. */
struct issue {
	struct eh_work *w;
	unsigned index;
	const struct eh_template *template;
	const char *id;
	struct eh_buf tbs, der;
};

uint64_t
eh_run_left(const struct eh_token_authorization *a)
{
	const struct eh_counter *c = eh_counters_get(&a->counters, EH_OP_PASS);
	uint64_t gone;

	if (c == NULL)
		return 0;
	gone = c->used + c->burned;
	return c->quota > gone ? c->quota - gone : 0;
}

/* Is ${a} a better choice than ${best}?  Oldest expiry first, but one with
 * devices left before one without. */
static int
is_better(const struct eh_token_authorization *a,
    const struct eh_token_authorization *best)
{
	if (best == NULL)
		return 1;
	if ((eh_run_left(a) > 0) != (eh_run_left(best) > 0))
		return eh_run_left(a) > 0;
	return a->expires < best->expires;
}

static int
is_candidate(const struct eh_token_authorization *a,
    const struct eh_run_wish *wish)
{
	if (a->closed ||
	    memcmp(a->profile.digest, wish->digest, EH_DIGEST_LEN) != 0)
		return 0;
	for (unsigned i = 0; i < wish->nexcept; i++)
		if (memcmp(a->id, wish->except[i], EH_ID_LEN) == 0)
			return 0;
	return 1;
}

static int
choose_named(const struct eh_token_status *status,
    const struct eh_run_wish *wish,
    const struct eh_token_authorization **chosenp, struct eh_error *error)
{
	const struct eh_token_authorization *a;
	int err = eh_token_choose(status, wish->name, NULL, &a, error);

	if (err != EH_OK)
		return err;
	if (memcmp(a->profile.digest, wish->digest, EH_DIGEST_LEN) != 0)
		return eh_error_set(error, EH_DENIED_SCOPE,
		    "authorization %s is for profile %s version %u with "
		    "another digest than the compiled profile of this line",
		    a->name, a->profile.name, (unsigned)a->profile.version);
	*chosenp = a;
	return EH_OK;
}

int
eh_run_choose(const struct eh_token_status *status,
    const struct eh_run_wish *wish,
    const struct eh_token_authorization **chosenp, struct eh_error *error)
{
	const struct eh_token_authorization *best = NULL, *none;

	*chosenp = NULL;
	if (wish->name != NULL)
		return choose_named(status, wish, chosenp, error);
	for (unsigned i = 0; i < status->nauthorizations; i++)
		if (is_candidate(&status->authorization[i], wish) &&
		    is_better(&status->authorization[i], best))
			best = &status->authorization[i];
	*chosenp = best;
	if (best != NULL)
		return EH_OK;
	/* None is live, which its sentence tells, or all were asked. */
	if (eh_token_choose(status, NULL, wish->digest, &none, error) != EH_OK)
		return EH_DENIED_NO_AUTHORIZATION;
	return eh_error_set(error, EH_DENIED_NO_AUTHORIZATION,
	    "no other live authorization for this profile");
}

/* The row of the unit's own authorization, or NULL. */
static const struct eh_token_authorization *
own_authorization(const struct eh_work *w)
{
	for (unsigned i = 0; i < w->status->nauthorizations; i++)
		if (memcmp(w->status->authorization[i].id,
			w->unit.authorization, EH_ID_LEN) == 0)
			return &w->status->authorization[i];
	return NULL;
}

unsigned
eh_issue_count(const struct eh_work *w)
{
	const struct eh_profile *p = &w->recipe->compiled->profile;
	struct eh_buf der;
	unsigned n = 0;

	for (unsigned i = 0; i < p->templates; i++) {
		/* One that is there and damaged was issued, too. */
		n += eh_unit_get_der(&w->unit, p->template[i].id, &der,
			 NULL) != EH_ERR_NOT_FOUND;
		eh_buf_free(&der);
	}
	return n;
}

int
eh_issue_forget(struct eh_work *w, struct eh_error *error)
{
	const struct eh_profile *p = &w->recipe->compiled->profile;
	int err = EH_OK;

	if (eh_issue_count(w) > 0)
		return EH_OK;
	for (unsigned i = 0; i < p->templates && err == EH_OK; i++)
		err = eh_unit_drop_tbs(&w->unit, p->template[i].id, error);
	w->unit.has_authorization = 0;
	w->unit.order[0] = '\0';
	return err;
}

/*
 * The authorization under which to render.  A device that was begun stays with
 * its own while that lives.  One that was superseded is closed: the one that
 * took its place knows the device.
 */
static int
authorize(struct eh_work *w, const struct eh_token_authorization **ap,
    struct eh_error *error)
{
	const struct eh_token_authorization *own, *chosen;
	int err;

	if ((err = w->hsm->ops->status(w->hsm->arg, w->status, error)) != EH_OK)
		return err;
	own = w->unit.has_authorization ? own_authorization(w) : NULL;
	*ap = own;
	if (own != NULL && !own->closed)
		return EH_OK;
	if ((err = eh_run_choose(w->status, &w->wish, &chosen, error)) != EH_OK)
		/* Under its own the EdgeHSM says why it is closed. */
		return own != NULL ? EH_OK : err;
	*ap = chosen;
	if (chosen == own)
		return EH_OK;
	w->unit.has_authorization = 1;
	memcpy(w->unit.authorization, chosen->id, EH_ID_LEN);
	memcpy(w->unit.order, chosen->name, sizeof(w->unit.order));
	return eh_unit_save(&w->unit, error);
}

/* notBefore is the authorization's, so that the same device, key and
 * authorization always give the same octets. */
static int
render(struct issue *i, struct eh_buf *tbs, struct eh_error *error)
{
	struct eh_work *w = i->w;
	const char *key = w->recipe->source->certificate[i->index].key;
	const struct eh_token_authorization *a;
	const struct eh_rawkey *point = eh_unit_key(&w->unit, key);
	struct eh_render r;
	size_t len;
	int err;

	if (point == NULL)
		return eh_error_set(error, EH_ERR_INTERNAL,
		    "certificate '%s' is for key '%s', which was not made",
		    i->id, key);
	if ((err = authorize(w, &a, error)) != EH_OK)
		return err;
	memset(&r, 0, sizeof(r));
	r.authorization = a->id;
	r.issue = a->burns;
	r.not_before = a->not_before;
	r.device = w->device;
	r.key = *point;
	eh_buf_clear(tbs);
	if ((err = eh_buf_reserve(tbs, EH_TBS_MAX)) != EH_OK ||
	    (err = eh_profiles_render(&w->recipe->compiled->profile, i->index,
		 &r, tbs->data, EH_TBS_MAX, &len, error)) != EH_OK)
		return err;
	eh_buf_extend(tbs, len);
	return EH_OK;
}

/* Get the TBS that was stored, or render one and store it. */
static int
get_tbs(struct issue *i, struct eh_error *error)
{
	int err;

	eh_buf_free(&i->tbs);
	err = eh_unit_get_tbs(&i->w->unit, i->id, &i->tbs, error);
	if (err != EH_ERR_NOT_FOUND)
		return err;
	if ((err = render(i, &i->tbs, error)) == EH_OK)
		err = eh_unit_put_tbs(&i->w->unit, i->id, i->tbs.data,
		    i->tbs.len, error);
	return err;
}

/*
 * The EdgeHSM does not know the TBS, or its authorization was superseded: then
 * it was never issued, or it would have given the same signature again.  When
 * the issue number or the authorization has changed since it was rendered, take
 * the new one; else the refusal stands.
 */
static int
render_again(struct issue *i, const struct eh_error *refusal,
    struct eh_error *error)
{
	struct eh_buf tbs;
	int err;

	eh_buf_init(&tbs, EH_TBS_MAX);
	err = render(i, &tbs, error);
	if (err == EH_OK && tbs.len == i->tbs.len &&
	    memcmp(tbs.data, i->tbs.data, tbs.len) == 0)
		err = eh_error_set(
		    error, refusal->code, "%s", eh_error_sentence(refusal));
	else if (err == EH_OK)
		err = eh_unit_put_tbs(
		    &i->w->unit, i->id, tbs.data, tbs.len, error);
	eh_buf_free(&tbs);
	return err;
}

/* What goes with the TBS: the authorization, and what that asks for. */
static int
fill_param(
    const struct eh_work *w, struct eh_issue_param *p, struct eh_error *error)
{
	int found, err;

	memset(p, 0, sizeof(*p));
	p->has_authorization = 1;
	memcpy(p->authorization, w->unit.authorization, EH_ID_LEN);
	err = eh_scopes_prove(w->recipe->folders, p->authorization, &w->device,
	    &p->proof, &found, error);
	p->has_proof = found != 0;
	return err;
}

/* What the chip says of itself over a new challenge: each is good for one
 * certificate.  A chip that does not answer is opened anew next time. */
static int
get_attestation(
    struct issue *i, struct eh_buf *evidence, struct eh_error *error)
{
	struct eh_work *w = i->w;
	const struct eh_hsm *hsm = w->hsm;
	uint8_t challenge[EH_TOKEN_CHALLENGE];
	int err;

	if ((err = hsm->ops->challenge(hsm->arg, w->unit.authorization,
	         w->recipe->compiled->profile.identity.kind, &w->device,
	         challenge, error)) != EH_OK ||
	    (err = eh_step_connect(w, error)) != EH_OK)
		return err;
	err = eh_chip_attest(w->chip, challenge, evidence, error);
	if (err != EH_OK) {
		eh_chip_close(w->chip);
		w->chip = NULL;
	}
	return err;
}

/* The chip's own request, or its attestation, where the profile asks for it. */
static int
get_evidence(struct issue *i, struct eh_buf *csr, struct eh_issue_param *p,
    struct eh_error *error)
{
	const struct eh_work *w = i->w;
	const char *key = w->recipe->source->certificate[i->index].key;
	unsigned evidence = w->recipe->compiled->profile.evidence;
	int err;

	if (evidence == EH_EVIDENCE_ATTESTED) {
		err = get_attestation(i, csr, error);
		p->evidence_kind = EH_PARAM_ATTESTATION;
		p->evidence = csr->data;
		p->evidence_len = csr->len;
		return err;
	}
	if (evidence != EH_EVIDENCE_CSR)
		return EH_OK;
	if ((err = eh_unit_get_csr(&w->unit, key, csr, error)) != EH_OK)
		return err != EH_ERR_NOT_FOUND ? err :
		    eh_error_set(error, err,
			"%s.csr is not in %s any more: the profile asks for "
			"the request of key '%s'", key, w->unit.folder, key);
	p->evidence_kind = EH_PARAM_CSR;
	p->evidence = csr->data;
	p->evidence_len = csr->len;
	return EH_OK;
}

static int
sign(struct issue *i, struct eh_error *error)
{
	const struct eh_hsm *hsm = i->w->hsm;
	struct eh_issue_param param;
	struct eh_buf csr;
	int err;

	eh_buf_init(&csr, EH_EVIDENCE_MAX);
	eh_buf_clear(&i->der);
	if ((err = fill_param(i->w, &param, error)) == EH_OK &&
	    (err = get_evidence(i, &csr, &param, error)) == EH_OK)
		err = hsm->ops->sign(hsm->arg, i->template->issuer, &param,
		    i->tbs.data, i->tbs.len, &i->der, error);
	eh_buf_free(&csr);
	return err;
}

/* Get a TBS and have it signed.  What the EdgeHSM answers when it does not sign
 * goes to ${answer} too. */
static int
ask(struct issue *i, struct eh_error *answer, struct eh_error *error)
{
	int err, refusal;

	for (unsigned n = 1;; n++) {
		eh_error_clear(answer);
		if ((err = get_tbs(i, error)) != EH_OK ||
		    (err = sign(i, answer)) == EH_OK)
			return err;
		if ((err == EH_DENIED_TEMPLATE ||
			err == EH_DENIED_NO_AUTHORIZATION) &&
		    n < RENDERINGS) {
			refusal = err;
			err = render_again(i, answer, error);
			if (err == EH_OK)
				continue;
			if (err != refusal)
				eh_error_clear(answer);
			return err;
		}
		return eh_error_set(error, err, "%s",
		    answer->text[0] != '\0' ? answer->text : eh_err_text(err));
	}
}

/* Refusals that another authorization may not share. */
static int
is_of_authorization(int err)
{
	switch (err) {
	case EH_DENIED_QUOTA:
	case EH_DENIED_EXPIRED:
	case EH_DENIED_NOT_YET_VALID:
	case EH_DENIED_REVOKED:
	case EH_DENIED_SCOPE:
	case EH_DENIED_OFFLINE:
	case EH_DENIED_NO_AUTHORIZATION:
		return 1;
	default:
		return 0;
	}
}

/*
 * Is there another authorization for a device that none has let through yet?
 * Which devices and lines one is for is known to the EdgeHSM alone: so it is
 * asked, one after the other.
 */
static int
next_authorization(struct issue *i, int refusal, struct eh_error *error)
{
	const struct eh_token_authorization *a;
	struct eh_work *w = i->w;
	struct eh_run_wish *wish = &w->wish;

	if (wish->name != NULL || !is_of_authorization(refusal) ||
	    !w->unit.has_authorization || eh_issue_count(w) > 0 ||
	    wish->nexcept == EH_TOKEN_AUTHORIZATIONS)
		return EH_ERR_NOT_FOUND;
	memcpy(wish->except[wish->nexcept++], w->unit.authorization,
	    EH_ID_LEN);
	if (eh_run_choose(w->status, wish, &a, NULL) != EH_OK)
		return EH_ERR_NOT_FOUND;
	return eh_issue_forget(w, error);
}

static int
issue_new(struct issue *i, struct eh_error *error)
{
	struct eh_unit *u = &i->w->unit;
	uint8_t id[EH_ID_LEN] = { 0 };
	char order[sizeof(u->order)] = "";
	struct eh_error answer, first;
	int err, next;

	eh_error_clear(&first);
	while ((err = ask(i, &answer, error)) != EH_OK) {
		if (!eh_err_is_denial(answer.code))
			return err;
		if (first.code == EH_OK) {
			first = answer;
			memcpy(id, u->authorization, sizeof(id));
			memcpy(order, u->order, sizeof(order));
		}
		if ((next = next_authorization(i, err, error)) == EH_OK)
			continue;
		if (next != EH_ERR_NOT_FOUND)
			return next;
		/* The first choice is the one to be told about. */
		memcpy(u->authorization, id, sizeof(id));
		memcpy(u->order, order, sizeof(order));
		return eh_error_set(
		    error, first.code, "%s", eh_error_sentence(&first));
	}
	return eh_unit_put_der(u, i->id, i->der.data, i->der.len, error);
}

static int
issue_one(struct eh_work *w, unsigned index, struct eh_error *error)
{
	struct issue i = { .w = w, .index = index };
	int err;

	i.template = &w->recipe->compiled->profile.template[index];
	i.id = i.template->id;
	eh_buf_init(&i.tbs, EH_TBS_MAX);
	err = eh_unit_get_der(&w->unit, i.id, &i.der, error);
	if (err == EH_ERR_NOT_FOUND)
		err = issue_new(&i, error);
	eh_buf_free(&i.tbs);
	eh_buf_free(&i.der);
	return err;
}

int
eh_issue_step(struct eh_work *w, const struct eh_line_step *step,
    struct eh_error *error)
{
	unsigned index[EH_PROFILE_TEMPLATES];
	unsigned n = eh_recipe_certificates(w->recipe, step, index);
	int err = EH_OK;

	for (unsigned i = 0; i < n && err == EH_OK; i++)
		err = issue_one(w, index[i], error);
	return err;
}

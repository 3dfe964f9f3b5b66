/* SPDX-License-Identifier: Apache-2.0 */
/* issue.c - may this be signed by an issuing key? */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto/digest.h"
#include "common/clock.h"
#include "common/ct.h"
#include "common/hex.h"
#include "common/message/param.h"
#include "common/wipe.h"
#include "common/x509/csr.h"
#include "common/x509/serial.h"
#include "common/x509/template.h"
#include "quota-engine/attest.h"
#include "quota-engine/authorization.h"
#include "quota-engine/host.h"
#include "quota-engine/issue.h"

/* One request for a certificate, on the worker's way through the checks. */
struct issue {
	struct eh_boundary *b;
	const struct eh_caller *caller;
	const struct eh_state_key *key;
	const uint8_t *tbs;
	size_t len;
	struct eh_issue_param param;

	struct eh_authorization_view view[EH_STATE_ROWS];
	unsigned nviews;

	/* The authorization that it fits, and how. */
	const struct eh_authorization_view *chosen;
	unsigned template_index;
	struct eh_tbs_values values;
	struct eh_request request;
	struct eh_answer answer;
	struct eh_record record;
	struct eh_shelved shelved;	/* evidence that was imported before */
	struct eh_challenge challenge;	/* that the evidence has used up */
	struct eh_attest attest;

	/* Of the one that was last tried, for the sentence of a refusal. */
	size_t agreed;		/* octets, with the template that came nearest */
	int meant;		/* the serial is the one of it */
};

/* Step 1: the parameter. */
static int
read_param(struct issue *i, const uint8_t *param, size_t len,
    struct eh_error *error)
{
	if (param == NULL || len == 0)
		return EH_OK;
	return eh_issue_param_decode(param, len, &i->param, error);
}

/* The device that the TBS is about: the one in it, or the one named beside. */
static int
find_device(struct issue *i, const struct eh_profile *profile,
    struct eh_device_id *device, struct eh_error *error)
{
	const struct eh_device_id *named = &i->param.device;

	*device = i->values.device;
	if (device->len == 0 && named->len == 0)
		return eh_error_set(error, EH_DENIED_TEMPLATE,
		    "template %s has no field for the device id: name the "
		    "device in the parameter of CKM_EDGEHSM_ISSUE",
		    profile->template[i->template_index].id);
	if (named->len == 0)
		return EH_OK;
	if (strcmp(i->param.id_kind, profile->identity.kind) != 0 ||
	    (device->len != 0 && !eh_device_id_equal(device, named)))
		return eh_error_set(error, EH_DENIED_TEMPLATE,
		    "the parameter names another device than the TBS");
	*device = *named;
	return EH_OK;
}

/* The template, named with the authorization when none fits. */
static int
find_template(struct issue *i, const struct eh_authorization_view *view,
    struct eh_error *error)
{
	struct eh_template_hit hit;
	struct eh_error why;
	int err;

	eh_error_clear(&why);
	err = eh_template_find(view->what->profile, i->key->digest, i->tbs,
	    i->len, &hit, &i->values, &why);
	i->template_index = hit.index;
	i->agreed = hit.agreed;
	return err == EH_OK ? EH_OK : eh_error_set(error, err,
	    "authorization %s, %s", view->name, eh_error_sentence(&why));
}

static int
wrong_serial(const struct issue *i, const struct eh_authorization_view *view,
    const uint8_t serial[EH_SERIAL_LEN], struct eh_error *error)
{
	char must[EH_HEX_SIZE(EH_SERIAL_LEN)], device[EH_DEVICE_TEXT];

	eh_hex_encode(serial, EH_SERIAL_LEN, must);
	return eh_error_set(error, EH_DENIED_TEMPLATE,
	    "the serial number of device %s under authorization %s must be %s "
	    "(issue number %u; edgehsm profile render prints it)",
	    eh_authorization_device_text(&i->request.device, device),
	    view->name, must, i->answer.issue);
}

/* What the ledger is asked. */
static void
fill_request(struct issue *i, const struct eh_authorization_view *view)
{
	const struct eh_profile *profile = view->what->profile;
	uint8_t spki[EH_SPKI_DIGEST_LEN];

	memcpy(i->request.authorization, view->what->id, EH_ID_LEN);
	i->request.generation = view->generation;
	i->request.op = EH_OP_ISSUE;
	i->request.template_index = (uint8_t)i->template_index;
	i->request.templates = (uint8_t)profile->templates;
	eh_keyid_spki_digest(&i->values.key, spki);
	memcpy(i->request.key, spki, EH_DEVICE_KEY);
	for (unsigned t = 0; t < profile->templates; t++)
		i->request.key_number[t] = (uint8_t)eh_profile_key(profile, t);
	i->request.has_token = i->param.has_token;
	memcpy(i->request.token, i->param.token, EH_ID_LEN);
}

/*
 * Does the TBS fit this authorization?  The serial depends on the authorization,
 * so at most one fits; that of all others is a mismatch that names the expected
 * one.
 */
static int
fits(struct issue *i, const struct eh_authorization_view *view,
    struct eh_error *error)
{
	const struct eh_profile *profile = view->what->profile;
	uint8_t serial[EH_SERIAL_LEN];
	int err, refused;

	i->meant = 0;
	if ((err = find_template(i, view, error)) != EH_OK ||
	    (err = find_device(i, profile, &i->request.device, error)) != EH_OK)
		return err;
	fill_request(i, view);
	refused = eh_engine_peek(i->b->engine, &i->request, &i->answer, error);
	if ((err = eh_serial(view->what->id, &i->request.device,
	         i->request.template_index, i->answer.issue, serial)) != EH_OK)
		return err;
	i->meant = eh_ct_equal(serial, i->values.serial, EH_SERIAL_LEN);
	if (refused != EH_OK)
		return refused;
	if (!i->meant)
		return wrong_serial(i, view, serial, error);
	i->chosen = view;
	return EH_OK;
}

/* Is this authorization bound to the key, by one of its profile's templates? */
static int
bound(const struct issue *i, const struct eh_authorization_view *view)
{
	const struct eh_profile *profile = view->what->profile;

	if (profile == NULL)
		return 0;
	for (unsigned t = 0; t < profile->templates; t++)
		if (memcmp(profile->template[t].issuer, i->key->digest,
		        EH_DIGEST_LEN) == 0)
			return 1;
	return 0;
}

/* Has the caller named no authorization, or this one? */
static int
asked_for(const struct issue *i, const struct eh_authorization_view *view)
{
	return !i->param.has_authorization ||
	    memcmp(i->param.authorization, view->what->id, EH_ID_LEN) == 0;
}

/* An authorization without its profile, which the caller may have meant. */
static int
no_profile(const struct eh_authorization_view *view, struct eh_error *error)
{
	const struct eh_profile_ref *p = &view->what->pauth.profile;

	if (view->what->misnamed)
		return eh_error_set(error, EH_DENIED_NO_AUTHORIZATION,
		    "authorization %s names profile %s version %" PRIu32
		    ", and the profile with the digest that it names calls "
		    "itself otherwise: the OEM must authorize anew", view->name,
		    p->name, p->version);
	return eh_error_set(error, EH_DENIED_NO_AUTHORIZATION,
	    "authorization %s needs profile %s, which has not been imported: "
	    "`edgehsm token import` it", view->name, p->name);
}

static int
nothing_bound(const struct issue *i, struct eh_error *error)
{
	char hex[EH_HEX_SIZE(EH_ID_LEN)];

	for (unsigned n = 0; n < i->nviews; n++)
		if (i->view[n].state == EH_ROW_LIVE &&
		    i->view[n].what->profile == NULL &&
		    asked_for(i, &i->view[n]))
			return no_profile(&i->view[n], error);
	if (i->param.has_authorization) {
		eh_hex_encode(i->param.authorization, EH_ID_LEN, hex);
		return eh_error_set(error, EH_DENIED_NO_AUTHORIZATION,
		    "authorization %s is not for key %s, or not known here",
		    hex, i->key->label);
	}
	return eh_error_set(error, EH_DENIED_NO_AUTHORIZATION,
	    "no live authorization for key %s; the OEM issues one, `edgehsm "
	    "token import` takes it", i->key->label);
}

/* Would the clock guard let it be used now? */
static int
in_force(const struct issue *i, const struct eh_authorization_view *view)
{
	const struct eh_pauth *p = &view->what->pauth;
	struct eh_now now;

	eh_engine_lock(i->b->engine);
	eh_engine_now(i->b->engine, &now);
	eh_engine_unlock(i->b->engine);
	return view->state == EH_ROW_LIVE &&
	    eh_clockguard_permit(&now, p->not_before, p->expires, &p->limits,
	        EH_CLOCK_NORMAL, view->name, NULL) == EH_OK;
}

/*
 * How much a refusal says about what the caller meant; the one that says most is
 * told.  Most says that of the authorization whose serial it is.  Then, the more
 * of a template agrees the more: one in force that has devices left and would
 * take the TBS but for this, one that refuses the device (it may be another
 * one's), one that lives but is not in force or is used up, one that is closed,
 * and last one that another superseded.
 */
static size_t
depth(const struct issue *i, const struct eh_authorization_view *view, int err)
{
	size_t agreed = 8 * i->agreed;

	if (i->meant)
		return 8 * (EH_TBS_MAX + 2);
	if (err == EH_DENIED_TEMPLATE)
		return agreed + (in_force(i, view) && !view->spent ? 5 : 3);
	if (view->state == EH_ROW_LIVE)
		return agreed + 4;
	return agreed + (err == EH_DENIED_NO_AUTHORIZATION ? 1 : 2);
}

/* Step 2: the one authorization that it fits. */
static int
choose(struct issue *i, struct eh_error *error)
{
	struct eh_error why;
	int err, result = EH_DENIED_NO_AUTHORIZATION;
	size_t deepest = 0;

	for (unsigned n = 0; n < i->nviews; n++) {
		if (!bound(i, &i->view[n]) || !asked_for(i, &i->view[n]))
			continue;
		eh_error_clear(&why);
		if ((err = fits(i, &i->view[n], &why)) == EH_OK)
			return EH_OK;
		if (depth(i, &i->view[n], err) > deepest) {
			deepest = depth(i, &i->view[n], err);
			result = eh_error_set(
			    error, err, "%s", eh_error_sentence(&why));
		}
	}
	return deepest == 0 ? nothing_bound(i, error) : result;
}

static int
check_line(const struct issue *i, struct eh_error *error)
{
	const struct eh_pauth *p = &i->chosen->what->pauth;

	if (p->nlines == 0)
		return EH_OK;
	if (i->record.line[0] == '\0')
		return eh_error_set(error, EH_DENIED_SCOPE,
		    "authorization %s is for named lines, and no line with a "
		    "station was named (EDGEHSM_LINE and EDGEHSM_STATION)",
		    i->chosen->name);
	for (unsigned n = 0; n < p->nlines; n++)
		if (strcmp(p->lines[n], i->record.line) == 0)
			return EH_OK;
	return eh_error_set(error, EH_DENIED_SCOPE,
	    "line %s is not among those of authorization %s", i->record.line,
	    i->chosen->name);
}

/* The key that the authorization pins for issuing, and the device's own. */
static int
check_keys(struct issue *i, struct eh_error *error)
{
	const struct eh_pauth *p = &i->chosen->what->pauth;
	struct eh_rawkey *device = &i->record.of.certificate.key;
	unsigned op = i->answer.verdict == EH_VERDICT_REISSUE ? EH_OP_REISSUE :
								EH_OP_ISSUE;
	struct eh_state_key own;
	uint8_t digest[EH_DIGEST_LEN];

	/* A new device takes a pass too; whether this one is new, only the claim
	 * will know. */
	for (unsigned n = 0; n < p->nkeys; n++)
		if ((p->keys[n].op == EH_OP_PASS || p->keys[n].op == op) &&
		    memcmp(p->keys[n].digest, i->key->digest, EH_DIGEST_LEN) !=
		        0)
			return eh_error_set(error, EH_DENIED_SCOPE,
			    "authorization %s names another issuing key than "
			    "%s", i->chosen->name, i->key->label);
	*device = i->values.key;
	eh_keyid_spki_digest(device, digest);
	if (eh_keys_by_digest(i->b->keys, digest, &own, NULL) == EH_OK)
		return eh_error_set(error, EH_DENIED_TEMPLATE,
		    "the public key in the TBS is a key of this token, %s",
		    own.label);
	return EH_OK;
}

/* Rule T9: the authorization's notBefore, or one within attested time. */
static int
check_not_before(const struct issue *i, struct eh_error *error)
{
	struct eh_now now;

	if (!eh_template_has(i->chosen->what->profile, i->template_index,
	        EH_FIELD_NOT_BEFORE) ||
	    i->values.not_before == i->chosen->what->pauth.not_before)
		return EH_OK;
	eh_engine_lock(i->b->engine);
	eh_engine_now(i->b->engine, &now);
	eh_engine_unlock(i->b->engine);
	return eh_clockguard_check_not_before(
	    &now, i->values.not_before, error);
}

/* What the host claims: the parameter wins over hello. */
static void
fill_claims(struct issue *i)
{
	struct eh_record *r = &i->record;

	if (i->param.line[0] != '\0')
		eh_host_claims(i->b, i->param.line, i->param.station, r);
	else
		eh_host_claims(i->b, i->caller->line, i->caller->station, r);
	r->mes_len = i->param.mes_len;
	memcpy(r->mes, i->param.mes, i->param.mes_len);
}

static void
fill_certificate(struct issue *i)
{
	struct eh_record *r = &i->record;
	struct eh_certificate *c = &r->of.certificate;

	r->has_authorization = 1;
	memcpy(r->authorization, i->chosen->what->id, EH_ID_LEN);
	memcpy(r->id_kind, i->chosen->what->profile->identity.kind,
	    sizeof(r->id_kind));
	r->device = i->request.device;
	c->template_index = i->request.template_index;
	c->issue = i->answer.issue;
	memcpy(c->serial, i->values.serial, EH_SERIAL_LEN);
	c->not_before = i->values.not_before;
	memcpy(c->tbs, i->request.digest, EH_DIGEST_LEN);
	c->nfields = (uint8_t)i->values.inputs;
	for (unsigned n = 0; n < i->values.inputs; n++) {
		c->fields[n].id = i->values.input[n].id;
		c->fields[n].len = i->values.input[n].len;
		memcpy(c->fields[n].bytes, i->values.input[n].bytes,
		    i->values.input[n].len);
	}
}

/* Evidence that came with the request: for the key in the TBS, and no other. */
static int
check_request(struct issue *i, struct eh_error *error)
{
	struct eh_certificate *c = &i->record.of.certificate;
	struct eh_rawkey key;
	int err;

	if ((err = eh_evidence_csr(i->param.evidence, i->param.evidence_len,
	         &key, error)) != EH_OK)
		return err;
	if (!eh_rawkey_equal(&key, &i->values.key))
		return eh_error_set(error, EH_DENIED_EVIDENCE,
		    "the PKCS#10 request is of another key than the one in the "
		    "TBS");
	eh_sha256(i->param.evidence, i->param.evidence_len, c->evidence);
	return EH_OK;
}

/* For whom was the challenge made that the chip has signed? */
static int
check_asked(const struct issue *i, const uint8_t authorization[EH_ID_LEN],
    const struct eh_device_id *device, struct eh_error *error)
{
	char text[EH_DEVICE_TEXT];

	if (memcmp(authorization, i->chosen->what->id, EH_ID_LEN) == 0 &&
	    eh_device_id_equal(device, &i->request.device))
		return EH_OK;
	return eh_error_set(error, EH_DENIED_EVIDENCE,
	    "the chip's attestation answers the challenge for device %s%s: "
	    "each device needs its own",
	    eh_authorization_device_text(device, text),
	    memcmp(authorization, i->chosen->what->id, EH_ID_LEN) == 0
		? "" : " under another authorization");
}

/* An attestation that came with the request: of a chip that has the key, for
 * the challenge that was made for this device.  The challenge goes with it. */
static int
check_attestation(struct issue *i, struct eh_error *error)
{
	struct eh_boundary *b = i->b;
	struct eh_challenge c;
	int err;

	if ((err = eh_attest_read(i->param.evidence, i->param.evidence_len,
	         &i->attest, error)) != EH_OK ||
	    (err = eh_attest_challenge(b, &i->attest, &c, error)) != EH_OK ||
	    (err = check_asked(i, c.authorization, &c.device, error)) !=
	        EH_OK ||
	    (err = eh_attest_check(
	         b, &i->attest, i->chosen->what, error)) != EH_OK ||
	    (err = eh_attest_has_key(&i->attest, &i->values.key, error)) !=
	        EH_OK)
		return err;
	if (!eh_challenges_take(
	        &b->challenges, eh_clock_monotonic_ns(), c.bytes))
		return eh_error_set(error, EH_DENIED_EVIDENCE,
		    "the chip's attestation has just been used by another "
		    "request");
	i->challenge = c;
	memcpy(i->record.of.certificate.evidence, i->attest.digest,
	    EH_DIGEST_LEN);
	i->request.chip_len = EH_CHIP_ID_SOC;
	eh_chip_says_id(&i->attest.says, i->request.chip);
	return EH_OK;
}

/* Evidence that was imported just before, for this key; once. */
static int
take_shelved(struct issue *i, enum eh_evidence_kind kind)
{
	uint8_t spki[EH_DIGEST_LEN];

	eh_keyid_spki_digest(&i->values.key, spki);
	if (!eh_shelf_take(&i->b->evidence, eh_clock_monotonic_ns(), kind,
	        spki, &i->shelved))
		return 0;
	memcpy(i->record.of.certificate.evidence, i->shelved.digest,
	    EH_DIGEST_LEN);
	return 1;
}

static int
check_shelved_attestation(struct issue *i, struct eh_error *error)
{
	if (!take_shelved(i, EH_PARAM_ATTESTATION))
		return eh_error_set(error, EH_DENIED_EVIDENCE,
		    "profile %s asks for an attestation of the device's chip "
		    "over a challenge of this EdgeHSM: send it in the "
		    "parameter of CKM_EDGEHSM_ISSUE (edgehsm line run does), or "
		    "import it just before", i->chosen->what->profile->name);
	i->request.chip_len = i->shelved.chip_len;
	memcpy(i->request.chip, i->shelved.chip, sizeof(i->request.chip));
	return check_asked(
	    i, i->shelved.authorization, &i->shelved.device, error);
}

static int
check_shelf(struct issue *i, struct eh_error *error)
{
	if (!take_shelved(i, EH_PARAM_CSR))
		return eh_error_set(error, EH_DENIED_EVIDENCE,
		    "profile %s asks for a PKCS#10 request of the device's key: "
		    "send it in the parameter of CKM_EDGEHSM_ISSUE (edgehsm "
		    "unit issue does), or import it just before",
		    i->chosen->what->profile->name);
	return EH_OK;
}

/* Firmware can only be named where a chip says which it runs. */
static int
check_images(const struct issue *i, struct eh_error *error)
{
	const struct eh_profile *p = i->chosen->what->profile;

	if (i->chosen->what->pauth.nimages == 0 ||
	    p->evidence == EH_EVIDENCE_ATTESTED)
		return EH_OK;
	return eh_error_set(error, EH_DENIED_EVIDENCE,
	    "authorization %s names the chips' firmware, and profile %s asks "
	    "for no attestation that would show it: the OEM must authorize "
	    "anew", i->chosen->name, p->name);
}

static int
check_evidence(struct issue *i, struct eh_error *error)
{
	const struct eh_profile *p = i->chosen->what->profile;
	enum eh_evidence_kind came = i->param.evidence_kind;

	i->request.shown = p->evidence != EH_EVIDENCE_NONE;
	i->record.of.certificate.has_evidence = p->evidence != EH_EVIDENCE_NONE;
	switch (p->evidence) {
	case EH_EVIDENCE_NONE:
		if (came == EH_PARAM_NO_EVIDENCE)
			return EH_OK;
		return eh_error_set(error, EH_DENIED_EVIDENCE,
		    "profile %s asks for no evidence, and some came", p->name);
	case EH_EVIDENCE_CSR:
		if (came == EH_PARAM_NO_EVIDENCE)
			return check_shelf(i, error);
		if (came == EH_PARAM_CSR)
			return check_request(i, error);
		return eh_error_set(error, EH_DENIED_EVIDENCE,
		    "profile %s asks for a PKCS#10 request of the device's "
		    "key, and an attestation came", p->name);
	case EH_EVIDENCE_ATTESTED:
		if (came == EH_PARAM_NO_EVIDENCE)
			return check_shelved_attestation(i, error);
		if (came == EH_PARAM_ATTESTATION)
			return check_attestation(i, error);
		return eh_error_set(error, EH_DENIED_EVIDENCE,
		    "profile %s asks for an attestation of the device's chip, "
		    "and a PKCS#10 request came", p->name);
	default:
		return eh_error_set(error, EH_DENIED_EVIDENCE,
		    "profile %s asks for evidence that is not known here",
		    p->name);
	}
}

/* Now that the chip is known: another one than the device's makes this a
 * re-issue, for which another key may be pinned. */
static int
judge_chip(struct issue *i, struct eh_error *error)
{
	int err;

	if (i->request.chip_len == 0)
		return EH_OK;
	if ((err = eh_engine_peek(
	         i->b->engine, &i->request, &i->answer, error)) != EH_OK)
		return err;
	return i->answer.verdict == EH_VERDICT_REISSUE ? check_keys(i, error) :
							 EH_OK;
}

/* A profile of keys that are counted, or of others; never of both. */
static int
check_counted(const struct issue *i, struct eh_error *error)
{
	int counted = eh_counts_profile(
	    i->b->counts, i->chosen->what->profile, error);

	return counted < 0 ? counted : EH_OK;
}

/* Step 3: what a new certificate must obey and a repeated one did before. */
static int
check_new(struct issue *i, struct eh_error *error)
{
	int err;

	eh_record_init(&i->record, EH_RECORD_ISSUED);
	fill_claims(i);
	if ((err = eh_authorization_covers(i->chosen->what, i->chosen->name,
	         &i->request.device,
	         i->param.has_proof ? &i->param.proof : NULL, error)) !=
	        EH_OK ||
	    (err = check_line(i, error)) != EH_OK ||
	    (err = check_counted(i, error)) != EH_OK ||
	    (err = check_keys(i, error)) != EH_OK ||
	    (err = check_not_before(i, error)) != EH_OK ||
	    (err = check_images(i, error)) != EH_OK)
		return err;
	fill_certificate(i);
	/* Last, because it costs most, and takes what was imported. */
	if ((err = check_evidence(i, error)) != EH_OK)
		return err;
	return judge_chip(i, error);
}

/* With the key store, or with the TPM that counts; ${authorization} is NULL for
 * the key's own request. */
static int
use_key(struct issue *i, const uint8_t *authorization,
    const uint8_t digest[EH_DIGEST_LEN], uint8_t signature[EH_SIGNATURE_LEN],
    struct eh_error *error)
{
	if (i->key->custody != EH_CUSTODY_COUNTED)
		return eh_keys_sign(
		    i->b->keys, i->key->object, digest, signature, error);
	return eh_counts_sign(
	    i->b->counts, i->key, authorization, digest, signature, error);
}

/* Step 4: claim, sign, record; a repeat gets what it got before. */
static int
claim_and_sign(struct issue *i, uint8_t signature[EH_SIGNATURE_LEN],
    struct eh_error *error)
{
	uint8_t reply[EH_PRIVATE_REPLY_MAX];
	struct eh_ticket ticket;
	size_t replylen = 0;
	int err;

	if ((err = eh_engine_claim(i->b->engine, &i->request, &ticket,
	         &i->answer, reply, &replylen, error)) != EH_OK)
		return err;
	if (i->answer.verdict == EH_VERDICT_RETRY) {
		if (replylen != EH_SIGNATURE_LEN)
			return eh_error_set(error, EH_ERR_INTERNAL,
			    "the stored signature has %zu bytes", replylen);
		memcpy(signature, reply, EH_SIGNATURE_LEN);
		return EH_OK;
	}
	/* Between peek and claim somebody else may have been served. */
	if (i->answer.issue != i->record.of.certificate.issue) {
		eh_engine_withdraw(i->b->engine, &ticket);
		return eh_error_set(error, EH_DENIED_TEMPLATE,
		    "the certificate serial fits no more: expected issue "
		    "number %u", i->answer.issue);
	}
	if ((err = use_key(i, i->chosen->what->id, i->request.digest,
	         signature, error)) != EH_OK) {
		eh_engine_withdraw(i->b->engine, &ticket);
		return err;
	}
	err = eh_engine_submit(i->b->engine, &ticket, &i->record, signature,
	    EH_SIGNATURE_LEN, error);
	if (err != EH_OK && i->key->custody == EH_CUSTODY_COUNTED)
		eh_counts_lost(i->b->counts, i->chosen->what->id);
	return err;
}

/* Evidence that came to nothing is good for another try. */
static void
give_back(struct issue *i)
{
	if (i->shelved.until != 0)
		eh_shelf_give_back(&i->b->evidence, eh_clock_monotonic_ns(),
		    &i->shelved);
	if (i->challenge.until != 0)
		eh_challenges_give_back(&i->b->challenges,
		    eh_clock_monotonic_ns(), &i->challenge);
}

static int
sign_certificate(struct issue *i, uint8_t signature[EH_SIGNATURE_LEN],
    struct eh_error *error)
{
	int err;

	eh_sha256(i->tbs, i->len, i->request.digest);
	i->nviews = eh_authorizations_hold(i->b->authorizations, i->view);
	if ((err = choose(i, error)) == EH_OK &&
	    (i->answer.verdict == EH_VERDICT_RETRY ||
	        (err = check_new(i, error)) == EH_OK))
		err = claim_and_sign(i, signature, error);
	if (err != EH_OK || i->answer.verdict == EH_VERDICT_RETRY)
		give_back(i);
	eh_authorizations_release(i->b->authorizations, i->view, i->nviews);
	return err;
}

/* A request for the key itself: no quota, but a record. */
static int
sign_request(struct issue *i, uint8_t signature[EH_SIGNATURE_LEN],
    struct eh_error *error)
{
	uint8_t spki[EH_SPKI_MAX], digest[EH_DIGEST_LEN];
	size_t spkilen = eh_rawkey_to_spki(&i->key->key, spki);
	int err;

	if ((err = eh_csr_body_check(
	         i->tbs, i->len, spki, spkilen, error)) != EH_OK)
		return err;
	eh_sha256(i->tbs, i->len, digest);
	if ((err = use_key(i, NULL, digest, signature, error)) != EH_OK)
		return err;
	eh_record_init(&i->record, EH_RECORD_CSR);
	memcpy(i->record.of.csr.key, i->key->digest, EH_DIGEST_LEN);
	memcpy(i->record.of.csr.body, digest, EH_DIGEST_LEN);
	return eh_engine_record(i->b->engine, &i->record, error);
}

int
eh_issue_sign(struct eh_boundary *b, const struct eh_caller *caller,
    const struct eh_state_key *key, const uint8_t *message, size_t len,
    const uint8_t *param, size_t paramlen,
    uint8_t signature[EH_SIGNATURE_LEN], struct eh_error *error)
{
	struct issue *i;
	int err;

	memset(signature, 0, EH_SIGNATURE_LEN);
	if ((i = calloc(1, sizeof(*i))) == NULL)
		return EH_ERR_MEMORY;
	i->b = b;
	i->caller = caller;
	i->key = key;
	i->tbs = message;
	i->len = len;
	if ((err = read_param(i, param, paramlen, error)) != EH_OK)
		goto out;
	switch (eh_csr_tbs_kind(message, len)) {
	case EH_TBS_CERTIFICATE:
		err = sign_certificate(i, signature, error);
		break;
	case EH_TBS_REQUEST:
		err = sign_request(i, signature, error);
		break;
	case EH_TBS_CERT_LIST:
		err = eh_error_set(error, EH_DENIED_TEMPLATE,
		    "a CRL needs an order of the authority, which is not "
		    "supported by this version");
		break;
	case EH_TBS_OTHER:
		err = eh_error_set(error, EH_DENIED_TEMPLATE,
		    "issuing key %s signs TBSCertificates (version 3) that fit "
		    "an authorization and requests for itself, nothing else; "
		    "other data is for a general key", key->label);
		break;
	}
out:
	if (err != EH_OK)
		eh_wipe(signature, EH_SIGNATURE_LEN);
	free(i);
	return err;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* attest.c - is this a genuine chip, this one, now? */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/crypto/ecdsa.h"
#include "common/der/date.h"
#include "common/hex.h"
#include "common/x509/chain.h"
#include "quota-engine/attest.h"

static const uint8_t none[EH_DIGEST_LEN];

static int
no(const char *why, struct eh_error *error)
{
	return eh_error_set(error, EH_DENIED_EVIDENCE,
	    "the chip's attestation does not hold: %s", why);
}

/* What another layer found, in its words; what is broken here stays so. */
static int
because(int err, const struct eh_error *why, struct eh_error *error)
{
	const char *text =
	    why->code != EH_OK ? eh_error_sentence(why) : eh_err_text(err);

	if (err == EH_ERR_CRYPTO || err == EH_ERR_MEMORY)
		return eh_error_set(error, err, "%s", text);
	return no(text, error);
}

int
eh_attest_read(const uint8_t *bytes, size_t len, struct eh_attest *a,
    struct eh_error *error)
{
	struct eh_error why;
	int err;

	memset(a, 0, sizeof(*a));
	eh_error_clear(&why);
	if ((err = eh_chipattest_decode(bytes, len, &a->signed_by, &why)) !=
	        EH_OK ||
	    (err = eh_chip_says_decode(a->signed_by.said.at,
	         a->signed_by.said.len, &a->says, &why)) != EH_OK)
		return because(err, &why, error);
	eh_sha256(bytes, len, a->digest);
	return EH_OK;
}

int
eh_attest_challenge(struct eh_boundary *b, const struct eh_attest *a,
    struct eh_challenge *c, struct eh_error *error)
{
	if (eh_challenges_find(&b->challenges, eh_clock_monotonic_ns(),
	        a->says.nonce, c))
		return EH_OK;
	return no("no challenge of this EdgeHSM that still waits was signed; "
	    "one is good once and for ten minutes: ask for another one",
	    error);
}

/* Rule 3: what the boundary knows of the time excludes no certificate. */
static void
get_time(struct eh_boundary *b, struct eh_chain_time *time)
{
	struct eh_now now;

	eh_engine_lock(b->engine);
	eh_engine_now(b->engine, &now);
	eh_engine_unlock(b->engine);
	time->earliest = now.quality != EH_QUALITY_NONE ? now.t_lo : 0;
	time->latest =
	    now.quality >= EH_QUALITY_ATTESTED ? now.t_hi : EH_DATE_MAX;
}

static int
check_chain(struct eh_boundary *b, const struct eh_attest *a,
    const struct eh_profile *p, struct eh_rawkey *chip,
    struct eh_error *error)
{
	struct eh_slice cert[EH_CHIP_CERTS];
	struct eh_chain_time time;
	struct eh_error why;
	int err;

	for (unsigned i = 0; i < a->signed_by.ncerts; i++) {
		cert[i].at = a->signed_by.cert[i].at;
		cert[i].len = a->signed_by.cert[i].len;
	}
	get_time(b, &time);
	eh_error_clear(&why);
	err = eh_chain_verify(cert, a->signed_by.ncerts,
	    (const uint8_t (*)[EH_DIGEST_LEN])p->root, p->roots, &time, chip,
	    &why);
	return err == EH_OK ? EH_OK : because(err, &why, error);
}

static int
check_signature(const struct eh_attest *a, const struct eh_rawkey *chip,
    struct eh_error *error)
{
	int err = eh_p256_verify(chip->bytes, a->signed_by.said.at,
	    a->signed_by.said.len, a->signed_by.signature);

	if (err == EH_ERR_SIGNATURE || err == EH_ERR_FORMAT)
		return no("it is not signed by the key in the chip's "
		    "certificate", error);
	return err == EH_OK ? EH_OK :
	    eh_error_set(error, err, "%s", eh_err_text(err));
}

static int
check_state(const struct eh_chip_says *s, struct eh_error *error)
{
	if (s->soc_class == 0 ||
	    memcmp(s->soc_id, none, sizeof(s->soc_id)) == 0)
		return no("SoC class and SoC id name no chip", error);
	if (s->lifecycle != EH_CHIP_LIFECYCLE_PROVISION &&
	    s->lifecycle != EH_CHIP_LIFECYCLE_SECURED)
		return eh_error_set(error, EH_DENIED_EVIDENCE,
		    "the chip's attestation does not hold: its lifecycle is "
		    "%04x hex, and only 2000 (provisioning) or 3000 (secured) "
		    "will do", (unsigned)s->lifecycle);
	if (s->session != 0)
		return no("a debug session is open on the chip, and this "
		    "EdgeHSM opened none: reset the chip", error);
	return EH_OK;
}

/* Whose signatures does the chip obey?  Where the profile names nobody, the
 * chip must obey nobody. */
static int
check_rotpk(const struct eh_chip_says *s, const struct eh_profile *p,
    struct eh_error *error)
{
	const uint8_t *must = p->adac_given ? p->adac_root : none;
	char hex[EH_HEX_SIZE(EH_DIGEST_LEN)];

	if (memcmp(s->rotpk, must, EH_DIGEST_LEN) == 0)
		return EH_OK;
	eh_hex_encode(s->rotpk, EH_DIGEST_LEN, hex);
	return eh_error_set(error, EH_DENIED_EVIDENCE,
	    "the chip's attestation does not hold: the chip obeys the root key "
	    "%.16s..., which is not the one that profile %s names", hex,
	    p->name);
}

static int
check_firmware(const struct eh_chip_says *s, const struct eh_pauth *p,
    struct eh_error *error)
{
	char hex[EH_HEX_SIZE(EH_DIGEST_LEN)];

	if (p->nimages == 0)
		return EH_OK;
	for (unsigned i = 0; i < p->nimages; i++)
		if (memcmp(p->images[i].digest, s->firmware,
		        EH_DIGEST_LEN) == 0)
			return EH_OK;
	eh_hex_encode(s->firmware, EH_DIGEST_LEN, hex);
	return eh_error_set(error, EH_DENIED_EVIDENCE,
	    "the chip's attestation does not hold: its firmware %.16s... is "
	    "none of the %u that the authorization names", hex, p->nimages);
}

int
eh_attest_check(struct eh_boundary *b, const struct eh_attest *a,
    const struct eh_authorization *what, struct eh_error *error)
{
	struct eh_rawkey chip;
	int err;

	if ((err = check_chain(b, a, what->profile, &chip, error)) != EH_OK ||
	    (err = check_signature(a, &chip, error)) != EH_OK ||
	    (err = check_state(&a->says, error)) != EH_OK ||
	    (err = check_rotpk(&a->says, what->profile, error)) != EH_OK)
		return err;
	return check_firmware(&a->says, &what->pauth, error);
}

/* A key for devices, as a key; 0 when it is none. */
static int
device_key(const struct eh_chip_key *k, struct eh_rawkey *key)
{
	return k->place != EH_CHIP_PLACE_TRANSPORT &&
	    eh_rawkey_set(key, k->point, sizeof(k->point)) == EH_OK;
}

int
eh_attest_has_key(const struct eh_attest *a, const struct eh_rawkey *key,
    struct eh_error *error)
{
	struct eh_rawkey other;

	for (unsigned i = 0; i < a->says.nkeys; i++)
		if (device_key(&a->says.key[i], &other) &&
		    eh_rawkey_equal(&other, key))
			return EH_OK;
	return eh_error_set(error, EH_DENIED_EVIDENCE,
	    "the chip's attestation is about %u other keys than the one in the "
	    "TBS", a->says.nkeys);
}

/*
 * --- the challenge ---
 */

/* The live authorization ${id} with its profile, or why there is none. */
static int
find(const struct eh_authorization_view *view, unsigned n,
    const uint8_t id[EH_ID_LEN], const struct eh_authorization **whatp,
    struct eh_error *error)
{
	char hex[EH_HEX_SIZE(EH_ID_LEN)];

	for (unsigned i = 0; i < n; i++) {
		const struct eh_authorization *what = view[i].what;

		if (view[i].state != EH_ROW_LIVE ||
		    memcmp(what->id, id, EH_ID_LEN) != 0)
			continue;
		if (what->profile == NULL)
			return eh_error_set(error, EH_DENIED_NO_AUTHORIZATION,
			    "authorization %s needs profile %s, which has not "
			    "been imported: `edgehsm token import` it",
			    view[i].name, what->pauth.profile.name);
		if (what->profile->evidence != EH_EVIDENCE_ATTESTED)
			return eh_error_set(error, EH_DENIED_EVIDENCE,
			    "profile %s asks for no attestation of a chip",
			    what->profile->name);
		*whatp = what;
		return EH_OK;
	}
	eh_hex_encode(id, EH_ID_LEN, hex);
	return eh_error_set(error, EH_DENIED_NO_AUTHORIZATION,
	    "no authorization %s is live here", hex);
}

static int
ask(struct eh_boundary *b, struct eh_challenge *c, const char *kind,
    struct eh_error *error)
{
	struct eh_authorization_view view[EH_STATE_ROWS];
	const struct eh_authorization *what;
	unsigned n = eh_authorizations_hold(b->authorizations, view);
	int err = find(view, n, c->authorization, &what, error);

	if (err == EH_OK && strcmp(what->profile->identity.kind, kind) != 0)
		err = eh_error_set(error, EH_DENIED_SCOPE,
		    "devices of profile %s have ids of kind %s, not %s",
		    what->profile->name, what->profile->identity.kind, kind);
	if (err == EH_OK)
		err = eh_profile_check_device(
		    what->profile, &c->device, error);
	eh_authorizations_release(b->authorizations, view, n);
	if (err == EH_OK)
		err = eh_challenges_ask(&b->challenges, b->os,
		    eh_clock_monotonic_ns(), c, error);
	return err;
}

int
eh_attest_challenge_handle(
    struct eh_boundary *b, struct eh_call *call, struct eh_error *error)
{
	struct eh_challenge *c;
	char kind[EH_NAME_MAX + 1];
	const uint8_t *bytes;
	size_t len;
	int err;

	if ((c = eh_call_keep(call, sizeof(*c))) == NULL)
		return EH_ERR_MEMORY;
	memset(c, 0, sizeof(*c));
	bytes = eh_wire_bytes(call->in, EH_WIRE_AUTHORIZATION, &len);
	memcpy(c->authorization, bytes, EH_ID_LEN);
	bytes = eh_wire_bytes(call->in, EH_WIRE_DEVICE, &len);
	c->device.len = (uint8_t)len;
	memcpy(c->device.bytes, bytes, len);
	c->uid = call->caller->peer.uid;
	if (eh_wire_text(call->in, EH_WIRE_ID_KIND, kind, sizeof(kind)) !=
	    EH_OK)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "the kind of device id is too long");
	if ((err = ask(b, c, kind, error)) != EH_OK)
		return err;
	eh_wire_put_bytes(
	    &call->out, EH_WIRE_NONCE, c->bytes, sizeof(c->bytes));
	return EH_OK;
}

/*
 * --- ahead of an issue ---
 */

static int
check_own(struct eh_boundary *b, const uint8_t *spki, struct eh_error *error)
{
	struct eh_state_key own;

	if (eh_keys_by_digest(b->keys, spki, &own, NULL) != EH_OK)
		return EH_OK;
	return eh_error_set(error, EH_DENIED_EVIDENCE,
	    "the attestation is of a key of this token, %s", own.label);
}

/* One place of the shelf for each key: each is good for one issue. */
static int
shelve(struct eh_boundary *b, uid_t uid, const struct eh_attest *a,
    const struct eh_challenge *c, struct eh_error *error)
{
	struct eh_shelved s = { .kind = EH_PARAM_ATTESTATION, .uid = uid };
	struct eh_rawkey key;
	unsigned n = 0;
	int err = EH_OK;

	memcpy(s.digest, a->digest, sizeof(s.digest));
	memcpy(s.authorization, c->authorization, EH_ID_LEN);
	s.device = c->device;
	eh_chip_says_id(&a->says, s.chip);
	s.chip_len = EH_CHIP_ID_SOC;
	for (unsigned i = 0; i < a->says.nkeys && err == EH_OK; i++) {
		if (!device_key(&a->says.key[i], &key))
			continue;
		n++;
		eh_keyid_spki_digest(&key, s.spki);
		if ((err = check_own(b, s.spki, error)) == EH_OK)
			err = eh_shelf_put(&b->evidence,
			    eh_clock_monotonic_ns(), &s, error);
	}
	if (err == EH_OK && n == 0)
		return no("it names no key of a device", error);
	return err;
}

static int
import(struct eh_boundary *b, uid_t uid, const struct eh_attest *a,
    struct eh_error *error)
{
	struct eh_authorization_view view[EH_STATE_ROWS];
	const struct eh_authorization *what;
	struct eh_challenge c;
	unsigned n;
	int err;

	if ((err = eh_attest_challenge(b, a, &c, error)) != EH_OK)
		return err;
	n = eh_authorizations_hold(b->authorizations, view);
	if ((err = find(view, n, c.authorization, &what, error)) == EH_OK)
		err = eh_attest_check(b, a, what, error);
	eh_authorizations_release(b->authorizations, view, n);
	if (err != EH_OK)
		return err;
	if (!eh_challenges_take(
	        &b->challenges, eh_clock_monotonic_ns(), c.bytes))
		return no("its challenge has just been used", error);
	if ((err = shelve(b, uid, a, &c, error)) != EH_OK)
		eh_challenges_give_back(
		    &b->challenges, eh_clock_monotonic_ns(), &c);
	return err;
}

int
eh_attest_import(struct eh_boundary *b, uid_t uid, const uint8_t *bytes,
    size_t len, struct eh_error *error)
{
	struct eh_attest *a;
	int err;

	if ((a = malloc(sizeof(*a))) == NULL)
		return EH_ERR_MEMORY;
	if ((err = eh_attest_read(bytes, len, a, error)) == EH_OK)
		err = import(b, uid, a, error);
	free(a);
	return err;
}

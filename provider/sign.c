/* SPDX-License-Identifier: Apache-2.0 */
/* sign.c - one signature by the token. */
#include "config.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include <openssl/crypto.h>

#include "common/err.h"
#include "provider/err.h"
#include "provider/issue.h"
#include "provider/login.h"
#include "provider/provider.h"
#include "provider/sign.h"

/* How much of a long message goes into one call. */
#define PART 65536

size_t
eh_sign_max(const struct eh_curve *curve)
{
	/* Two INTEGERs with a leading zero each, in a SEQUENCE. */
	size_t body = 2 * (2 + 1 + curve->field);

	return (body < 128 ? 2 : 3) + body;
}

/* Is the mechanism that makes certificates asked for? */
static int
asks(const struct eh_sign_ask *ask)
{
	return ask->authorization != NULL || ask->param != NULL;
}

/* What it was that asked, in a sentence: three parts. */
#define ASKED "%s%s%s"
#define ASKED_BY(ask)                                                \
	(ask)->param != NULL ? "an issue-param" : "authorization ",  \
	(ask)->param != NULL ? "" : (ask)->authorization,            \
	(ask)->param != NULL ? " was given" : " was named"

/* Can this token make a certificate under a named authorization? */
static int
plan_issue(struct eh_key *key, struct eh_slot *slot, CK_MECHANISM_TYPE hash,
    struct eh_sign_plan *plan)
{
	const char *why = NULL;

	if (!eh_slot_lists(slot, CKM_EDGEHSM_ISSUE))
		why = "its token has no CKM_EDGEHSM_ISSUE";
	else if (key->purpose == CK_EDGEHSM_PURPOSE_GENERAL)
		why = "it is a general key";
	else if (!eh_key_allows(key, CKM_EDGEHSM_ISSUE))
		why = "its CKA_ALLOWED_MECHANISMS lacks CKM_EDGEHSM_ISSUE";
	else if (hash != CKM_ECDSA_SHA256)
		why = "certificates are issued with SHA-256";
	if (why != NULL) {
		eh_err_raise(key->provider, EH_REASON_AUTHORIZATION,
		    ASKED ", but cannot be used with %s: %s",
		    ASKED_BY(&plan->ask), key->shown, why);
		return 0;
	}
	plan->form = EH_SIGN_MESSAGE;
	plan->mechanism = CKM_EDGEHSM_ISSUE;
	return 1;
}

static struct eh_slot *
slot_of(struct eh_key *key)
{
	struct eh_slot *slot = atomic_load(&key->slot);

	if (slot == NULL || key->class != CKO_PRIVATE_KEY) {
		eh_err_raise(key->provider, EH_REASON_KEY,
		    "%s is no private key on a token",
		    key->shown != NULL ? key->shown : "the key");
		return NULL;
	}
	return eh_slot_again(key->provider, slot);
}

int
eh_sign_plan(struct eh_key *key, CK_MECHANISM_TYPE hash,
    const struct eh_sign_ask *ask, struct eh_sign_plan *plan)
{
	struct eh_slot *slot = slot_of(key);

	if (slot == NULL)
		return 0;
	plan->ask = *ask;
	if (asks(ask))
		return plan_issue(key, slot, hash, plan);
	if (eh_key_allows(key, hash) && eh_slot_lists(slot, hash)) {
		plan->form = EH_SIGN_MESSAGE;
		plan->mechanism = hash;
		return 1;
	}
	if (eh_key_allows(key, CKM_ECDSA) && eh_slot_lists(slot, CKM_ECDSA)) {
		plan->form = EH_SIGN_DIGEST;
		plan->mechanism = CKM_ECDSA;
		return 1;
	}
	eh_err_raise(key->provider, EH_REASON_MECHANISM,
	    "neither mechanism 0x%lX nor CKM_ECDSA is offered by the token and "
	    "allowed by %s", hash, key->shown);
	return 0;
}

int
eh_sign_plan_raw(struct eh_key *key, const struct eh_sign_ask *ask,
    struct eh_sign_plan *plan)
{
	struct eh_slot *slot = slot_of(key);

	if (slot == NULL)
		return 0;
	memset(&plan->ask, 0, sizeof(plan->ask));
	plan->form = EH_SIGN_DIGEST;
	plan->mechanism = CKM_ECDSA;
	if (asks(ask)) {
		eh_err_raise(key->provider, EH_REASON_AUTHORIZATION,
		    ASKED ", but a digest is to be signed; an authorization "
		    "covers complete messages only (use -rawin or X509_sign)",
		    ASKED_BY(ask));
		return 0;
	}
	if (!eh_key_allows(key, CKM_ECDSA) || !eh_slot_lists(slot, CKM_ECDSA)) {
		eh_err_raise(key->provider, EH_REASON_RAW,
		    "this key signs complete messages only (use -rawin or "
		    "X509_sign): %s", key->shown);
		return 0;
	}
	return 1;
}

static void
raise(struct eh_sign *sign, CK_RV rv, const char *call)
{
	char sentence[EH_ERROR_TEXT];

	eh_session_sentence(
	    sign->slot, sign->session, rv, sentence, sizeof(sentence));
	eh_err_raise_rv(
	    sign->key->provider, rv, call, sentence, sign->key->shown);
}

/*
 * C_SignInit; when it says that handles are dead, once more with new ones.
 * That is safe here, and nowhere later: nothing was signed yet.
 */
static int
init(struct eh_sign *sign, CK_MECHANISM *mechanism)
{
	CK_RV rv;

	for (int attempt = 0;; attempt++) {
		eh_err_enter_module();
		rv = sign->slot->module->f->C_SignInit(sign->session,
		    mechanism, atomic_load(&sign->key->handle));
		eh_err_leave_module();
		if (rv == CKR_OK)
			return 1;
		if (attempt > 0 || !eh_session_is_dead(rv))
			break;
		if (!eh_key_reopen(
			sign->key, rv, &sign->slot, &sign->session))
			return 0;
	}
	raise(sign, rv, "C_SignInit");
	eh_session_drop(sign->slot, sign->session);
	return 0;
}

int
eh_sign_begin(struct eh_sign *sign, struct eh_key *key,
    const struct eh_sign_plan *plan)
{
	unsigned char param[EH_ISSUE_PARAM_LEN];
	CK_MECHANISM mechanism = { plan->mechanism, NULL, 0 };

	sign->key = key;
	if (!eh_key_open(key, &sign->slot, &sign->session))
		return 0;
	if (plan->ask.param != NULL) {
		mechanism.pParameter =
		    (unsigned char *)(uintptr_t)plan->ask.param;
		mechanism.ulParameterLen = plan->ask.param_len;
	} else if (plan->ask.authorization != NULL) {
		if (!eh_issue_param(key, sign->slot, sign->session,
			plan->ask.authorization, param)) {
			eh_session_put(sign->slot, sign->session);
			return 0;
		}
		mechanism.pParameter = param;
		mechanism.ulParameterLen = sizeof(param);
	}
	if (!init(sign, &mechanism))
		return 0;
	if (key->always_authenticate &&
	    !eh_login_for_key(
		key->provider, sign->slot, sign->session, key->uri)) {
		eh_sign_abandon(sign);
		return 0;
	}
	return 1;
}

void
eh_sign_abandon(struct eh_sign *sign)
{
	/* Closing is the one way to end an operation that every 2.40 module
	 * knows. */
	eh_session_drop(sign->slot, sign->session);
}

/* Write one number of ${len} octets as a DER INTEGER; return its length. */
static size_t
put_integer(unsigned char *out, const unsigned char *number, size_t len)
{
	size_t pad;

	while (len > 1 && number[0] == 0) {
		number++;
		len--;
	}
	pad = number[0] >> 7;
	out[0] = 0x02;
	out[1] = (unsigned char)(pad + len);
	out[2] = 0;
	memcpy(out + 2 + pad, number, len);
	return 2 + pad + len;
}

/* r || s, as PKCS#11 has it, to Ecdsa-Sig-Value (RFC 3279 section 2.2.3). */
static size_t
put_der(unsigned char *out, const unsigned char *raw, size_t field)
{
	unsigned char body[2 * (3 + EH_FIELD_MAX)];
	size_t len, head = 0;

	len = put_integer(body, raw, field);
	len += put_integer(body + len, raw + field, field);
	out[head++] = 0x30;
	if (len >= 128)
		out[head++] = 0x81;
	out[head++] = (unsigned char)len;
	memcpy(out + head, body, len);
	return head + len;
}

static int
is_zero(const unsigned char *number, size_t len)
{
	unsigned char all = 0;

	while (len-- > 0)
		all |= number[len];
	return all == 0;
}

/* The operation is over: judge what came, and give the session back. */
static int
conclude(struct eh_sign *sign, CK_RV rv, const char *call,
    const unsigned char *raw, CK_ULONG len, unsigned char *out,
    size_t *outlenp)
{
	size_t field = sign->key->curve->field;

	if (rv != CKR_OK) {
		raise(sign, rv, call);
		/* Only a short buffer would leave the operation active. */
		if (rv == CKR_BUFFER_TOO_SMALL || eh_session_is_dead(rv))
			eh_session_drop(sign->slot, sign->session);
		else
			eh_session_put(sign->slot, sign->session);
		return 0;
	}
	eh_session_put(sign->slot, sign->session);
	if (len != 2 * field || is_zero(raw, field) ||
	    is_zero(raw + field, field)) {
		eh_err_raise(sign->key->provider, EH_REASON_TOKEN,
		    "%s gave %lu octets that are no signature on %s (key %s)",
		    call, len, sign->key->curve->group, sign->key->shown);
		return 0;
	}
	*outlenp = put_der(out, raw, field);
	return 1;
}

int
eh_sign_once(struct eh_key *key, const struct eh_sign_plan *plan,
    const unsigned char *data, size_t len, unsigned char *out, size_t *outlenp)
{
	unsigned char raw[4 * EH_FIELD_MAX];
	CK_ULONG rawlen = sizeof(raw);
	struct eh_sign sign;
	CK_RV rv;
	int ok;

	if (!eh_sign_begin(&sign, key, plan))
		return 0;
	eh_err_enter_module();
	rv = sign.slot->module->f->C_Sign(sign.session,
	    (CK_BYTE *)(uintptr_t)data, len, raw, &rawlen);
	eh_err_leave_module();
	ok = conclude(&sign, rv, "C_Sign", raw, rawlen, out, outlenp);
	OPENSSL_cleanse(raw, sizeof(raw));
	return ok;
}

/* A fork in the middle: the parent has the operation, we have not. */
static int
still_here(struct eh_sign *sign)
{
	if (eh_slot_alive(sign->slot))
		return 1;
	eh_err_raise(sign->key->provider, EH_REASON_STATE,
	    "the process forked or ends in the middle of a message");
	return 0;
}

int
eh_sign_update(struct eh_sign *sign, const unsigned char *data, size_t len)
{
	size_t part;
	CK_RV rv = CKR_OK;

	if (!still_here(sign))
		return 0;
	eh_err_enter_module();
	for (; len > 0 && rv == CKR_OK; data += part, len -= part) {
		part = len < PART ? len : PART;
		rv = sign->slot->module->f->C_SignUpdate(
		    sign->session, (CK_BYTE *)(uintptr_t)data, part);
	}
	eh_err_leave_module();
	if (rv == CKR_OK)
		return 1;
	raise(sign, rv, "C_SignUpdate");
	eh_sign_abandon(sign);
	return 0;
}

int
eh_sign_finish(struct eh_sign *sign, unsigned char *out, size_t *outlenp)
{
	unsigned char raw[4 * EH_FIELD_MAX];
	CK_ULONG rawlen = sizeof(raw);
	CK_RV rv;
	int ok;

	if (!still_here(sign))
		return 0;
	eh_err_enter_module();
	rv = sign->slot->module->f->C_SignFinal(sign->session, raw, &rawlen);
	eh_err_leave_module();
	ok = conclude(sign, rv, "C_SignFinal", raw, rawlen, out, outlenp);
	OPENSSL_cleanse(raw, sizeof(raw));
	return ok;
}

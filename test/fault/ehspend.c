/* SPDX-License-Identifier: Apache-2.0 */
/* ehspend.c - everything that a PKCS#11 client can do around a signature without
 * getting one, and what it costs: for tests only. */
#include "config.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/crypto/soft.h"
#include "common/file.h"
#include "common/message/param.h"
#include "common/writer.h"
#include "common/x509/template.h"
#include "test/fault/p11client.h"
#include "test/fault/profile.h"

/*
 *	ehspend KEY ORDER PROFILE DEVICE
 *
 * Through $EDGEHSM_MODULE, with $EDGEHSM_PIN_FILE.  One line for each thing it
 * does: "pass" or "fail", and what was tried.  After each one the counter of
 * ORDER and the size of the log are compared with what they must be.
 */
struct spender {
	struct eh_p11client client;
	CK_FUNCTION_LIST *p11;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key, token;
	const struct eh_profile *profile;
	const char *order;
	CK_ULONG used, log;	/* as they must be */
	CK_BYTE tbs[EH_TBS_MAX];
	CK_ULONG len;
	CK_BYTE out[64];
};

static CK_ULONG
number(struct spender *s, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
	CK_ULONG value = 0;
	CK_RV rv = eh_p11client_get(
	    &s->client, s->session, object, type, &value, sizeof(value));

	if (rv != CKR_OK)
		errx(EX_UNAVAILABLE, "attribute 0x%lx: 0x%lx", type, rv);
	return value;
}

static CK_ULONG
count(struct spender *s)
{
	struct eh_p11client_authorization a;
	CK_RV rv = eh_p11client_authorization(
	    &s->client, s->session, s->order, &a);

	if (rv != CKR_OK)
		errx(EX_UNAVAILABLE, "%s: 0x%lx", s->order, rv);
	return a.used;
}

/* ${rv} is what was to come, and nothing was counted that should not be. */
static void
tried(struct spender *s, const char *what, CK_RV rv, CK_RV expected)
{
	CK_ULONG used = count(s);
	CK_ULONG log = number(s, s->token, CKA_EDGEHSM_LOG_SIZE);

	if (rv == expected && used == s->used && log == s->log) {
		printf("pass %s\n", what);
		return;
	}
	printf("fail %s: 0x%lx, not 0x%lx; used %lu, not %lu; log %lu, not "
	       "%lu\n", what, rv, expected, used, s->used, log, s->log);
	s->used = used;
	s->log = log;
}

static CK_RV
init(struct spender *s, CK_MECHANISM_TYPE type)
{
	CK_MECHANISM mechanism = { type, NULL, 0 };

	return s->p11->C_SignInit(s->session, &mechanism, s->key);
}

static void
cancel(struct spender *s)
{
	(void)s->p11->C_SignInit(s->session, NULL, s->key);
}

/* Ask for ${len} octets at ${tbs}, and give it up if it can be. */
static CK_RV
sign(struct spender *s, CK_MECHANISM_TYPE type, CK_BYTE *tbs, CK_ULONG len)
{
	CK_ULONG outlen = sizeof(s->out);
	CK_RV rv = init(s, type);

	if (rv == CKR_OK)
		rv = s->p11->C_Sign(s->session, tbs, len, s->out, &outlen);
	cancel(s);
	return rv;
}

/* --- asking for the size --- */

static void
sizes(struct spender *s, CK_MECHANISM_TYPE type, const char *name)
{
	CK_ULONG len = 0;
	char what[128];
	CK_RV rv;

	snprintf(what, sizeof(what), "%s: how long would it be", name);
	if ((rv = init(s, type)) == CKR_OK)
		rv = s->p11->C_Sign(s->session, s->tbs, s->len, NULL, &len);
	tried(s, what, rv, CKR_OK);
	snprintf(what, sizeof(what), "%s: 64, it says", name);
	tried(s, what, len, 64);
	snprintf(what, sizeof(what), "%s: a buffer for 63", name);
	len = 63;
	rv = s->p11->C_Sign(s->session, s->tbs, s->len, s->out, &len);
	tried(s, what, rv, CKR_BUFFER_TOO_SMALL);
	snprintf(what, sizeof(what), "%s: none at all for the length", name);
	rv = s->p11->C_Sign(s->session, s->tbs, s->len, s->out, NULL);
	tried(s, what, rv, CKR_ARGUMENTS_BAD);
	cancel(s);
	snprintf(what, sizeof(what), "%s: cancelled", name);
	if ((rv = init(s, type)) == CKR_OK)
		rv = s->p11->C_SignInit(s->session, NULL, s->key);
	tried(s, what, rv, CKR_OK);
	snprintf(what, sizeof(what), "%s: nothing is left of it", name);
	len = sizeof(s->out);
	rv = s->p11->C_Sign(s->session, s->tbs, s->len, s->out, &len);
	tried(s, what, rv, CKR_OPERATION_NOT_INITIALIZED);
}

/* --- in parts --- */

static CK_RV
feed(struct spender *s)
{
	CK_RV rv = CKR_OK;

	for (CK_ULONG at = 0; at < s->len && rv == CKR_OK; at += 100)
		rv = s->p11->C_SignUpdate(s->session, s->tbs + at,
		    s->len - at < 100 ? s->len - at : 100);
	return rv;
}

static void
parts(struct spender *s)
{
	CK_SESSION_HANDLE kept = s->session;
	CK_ULONG len = 63;
	CK_RV rv;

	if ((rv = init(s, CKM_ECDSA_SHA256)) == CKR_OK)
		rv = feed(s);
	tried(s, "in parts: all of it given, and no end asked for", rv,
	    CKR_OK);
	rv = s->p11->C_SignFinal(s->session, s->out, &len);
	tried(s, "in parts: the end, into a buffer for 63", rv,
	    CKR_BUFFER_TOO_SMALL);
	rv = s->p11->C_SignFinal(s->session, NULL, &len);
	tried(s, "in parts: the end, only its length", rv, CKR_OK);
	cancel(s);
	rv = s->p11->C_SignFinal(s->session, s->out, &len);
	tried(s, "in parts: cancelled", rv, CKR_OPERATION_NOT_INITIALIZED);

	/* A session that is closed with everything but the end. */
	rv = eh_p11client_session(&s->client, NULL, &s->session);
	if (rv == CKR_OK && (rv = init(s, CKM_ECDSA_SHA256)) == CKR_OK &&
	    (rv = feed(s)) == CKR_OK)
		rv = s->p11->C_CloseSession(s->session);
	s->session = kept;
	tried(s, "in parts: the session closed before the end", rv, CKR_OK);
}

/* --- what an issuing key is not for --- */

static void
other_uses(struct spender *s)
{
	CK_OBJECT_HANDLE copy;
	CK_BYTE state[256];
	CK_ULONG len = sizeof(state);
	CK_RV rv;

	tried(s, "a digest", init(s, CKM_ECDSA), CKR_MECHANISM_INVALID);
	tried(s, "a digest of SHA-384", init(s, CKM_ECDSA_SHA384),
	    CKR_MECHANISM_INVALID);
	tried(s, "RSA", init(s, CKM_SHA256_RSA_PKCS), CKR_MECHANISM_INVALID);
	rv = s->p11->C_CopyObject(s->session, s->key, NULL, 0, &copy);
	tried(s, "a copy of the key", rv, CKR_ACTION_PROHIBITED);
	if ((rv = init(s, CKM_ECDSA_SHA256)) == CKR_OK)
		rv = s->p11->C_GetOperationState(s->session, state, &len);
	tried(s, "the state of an operation, to be had twice", rv,
	    CKR_STATE_UNSAVEABLE);
	cancel(s);
}

/* --- other bytes --- */

/* Fields whose value may be another one: a certificate of its own right. */
static int
may_differ(const struct eh_template *t, unsigned at)
{
	for (unsigned i = 0; i < t->fields; i++)
		if ((t->field[i].source == EH_FIELD_NOT_BEFORE ||
			t->field[i].source == EH_FIELD_PUBLIC_KEY) &&
		    at >= t->field[i].offset &&
		    at < t->field[i].offset + t->field[i].length)
			return 1;
	return 0;
}

/* Every octet outside those fields, another bit of it each time. */
static void
bend(struct spender *s)
{
	const struct eh_template *t = &s->profile->template[0];
	CK_ULONG refused = 0, bent = 0;
	CK_RV rv;

	for (unsigned at = 0; at < s->len; at++) {
		if (may_differ(t, at))
			continue;
		s->tbs[at] ^= (CK_BYTE)(1u << (at % 8));
		rv = sign(s, at % 2 ? CKM_EDGEHSM_ISSUE : CKM_ECDSA_SHA256,
		    s->tbs, s->len);
		s->tbs[at] ^= (CK_BYTE)(1u << (at % 8));
		refused += rv != CKR_OK;
		bent++;
	}
	tried(s, "each octet changed: always refused", refused, bent);
	tried(s, "and that was most of them", bent > s->len / 2, 1);
}

static void
lengths(struct spender *s)
{
	CK_BYTE longer[EH_TBS_MAX + 1];

	memcpy(longer, s->tbs, s->len);
	longer[s->len] = 0;
	tried(s, "one octet more",
	    sign(s, CKM_ECDSA_SHA256, longer, s->len + 1),
	    CKR_EDGEHSM_TEMPLATE_MISMATCH);
	tried(s, "one octet less", sign(s, CKM_ECDSA_SHA256, s->tbs, s->len - 1),
	    CKR_EDGEHSM_TEMPLATE_MISMATCH);
	tried(s, "a single octet", sign(s, CKM_ECDSA_SHA256, s->tbs, 1),
	    CKR_EDGEHSM_TEMPLATE_MISMATCH);
	memset(longer, 0x30, sizeof(longer));
	tried(s, "the longest, of nonsense",
	    sign(s, CKM_ECDSA_SHA256, longer, EH_TBS_MAX),
	    CKR_EDGEHSM_TEMPLATE_MISMATCH);
}

/* A parameter that names another authorization, or is none. */
static void
parameters(struct spender *s)
{
	struct eh_issue_param param = { .has_authorization = 1 };
	CK_MECHANISM mechanism = { CKM_EDGEHSM_ISSUE, NULL, 0 };
	uint8_t bytes[64];
	struct eh_writer w;
	CK_ULONG outlen = sizeof(s->out);
	size_t len = 0;
	CK_RV rv;

	memset(param.authorization, 0x5a, EH_ID_LEN);
	eh_writer_init(&w, bytes, sizeof(bytes));
	eh_issue_param_encode(&param, &w);
	if (eh_writer_end(&w, &len) != EH_OK)
		errx(EX_SOFTWARE, "no parameter");
	mechanism.pParameter = bytes;
	mechanism.ulParameterLen = len;
	if ((rv = s->p11->C_SignInit(s->session, &mechanism, s->key)) == CKR_OK)
		rv = s->p11->C_Sign(
		    s->session, s->tbs, s->len, s->out, &outlen);
	cancel(s);
	tried(s, "under an authorization that is not there", rv,
	    CKR_EDGEHSM_NO_AUTHORIZATION);
	memset(bytes, 0xff, sizeof(bytes));
	outlen = sizeof(s->out);
	if ((rv = s->p11->C_SignInit(s->session, &mechanism, s->key)) == CKR_OK)
		rv = s->p11->C_Sign(
		    s->session, s->tbs, s->len, s->out, &outlen);
	cancel(s);
	tried(s, "with a parameter that is nonsense", rv,
	    CKR_MECHANISM_PARAM_INVALID);
}

/* --- and at last the one that counts --- */

static void
spend(struct spender *s)
{
	CK_BYTE first[64];
	CK_ULONG len = sizeof(s->out);
	CK_RV rv = sign(s, CKM_ECDSA_SHA256, s->tbs, s->len);

	s->used++;
	s->log++;
	memcpy(first, s->out, sizeof(first));
	tried(s, "the certificate itself: one device, one record", rv, CKR_OK);
	rv = sign(s, CKM_EDGEHSM_ISSUE, s->tbs, s->len);
	tried(s, "again by the other mechanism: free", rv, CKR_OK);
	tried(s, "and the same",
	    (CK_RV)memcmp(first, s->out, sizeof(first)), 0);
	if ((rv = init(s, CKM_ECDSA_SHA256)) == CKR_OK &&
	    (rv = feed(s)) == CKR_OK)
		rv = s->p11->C_SignFinal(s->session, s->out, &len);
	tried(s, "again in parts: free", rv, CKR_OK);
	tried(s, "and the same, too",
	    (CK_RV)memcmp(first, s->out, sizeof(first)), 0);
}

/* --- making ready --- */

static void
render(struct spender *s, const char *device)
{
	struct eh_tbs_values values = { .not_before = 0 };
	struct eh_p11client_authorization a;
	struct eh_error error = { 0 };
	struct eh_soft *soft;
	size_t len = 0;

	if (eh_p11client_authorization(
		&s->client, s->session, s->order, &a) != CKR_OK ||
	    eh_profile_parse_device(
		s->profile, device, &values.device, &error) != EH_OK ||
	    eh_serial(a.id, &values.device, 0, (uint16_t)a.burns,
		values.serial) != EH_OK ||
	    eh_soft_generate(&soft) != EH_OK)
		errx(EX_DATAERR, "%s, %s", s->order, device);
	values.key = *eh_soft_public(soft);
	eh_soft_free(soft);
	values.not_before = a.not_before;
	if (eh_template_render(s->profile, 0, &values, s->tbs, sizeof(s->tbs),
		&len, &error) != EH_OK)
		errx(EX_DATAERR, "%s", eh_error_sentence(&error));
	s->len = len;
}

static void
find_token(struct spender *s)
{
	CK_OBJECT_CLASS class = CKO_EDGEHSM_TOKEN;
	CK_ATTRIBUTE template = { CKA_CLASS, &class, sizeof(class) };
	CK_ULONG n = 0;

	if (s->p11->C_FindObjectsInit(s->session, &template, 1) != CKR_OK ||
	    s->p11->C_FindObjects(s->session, &s->token, 1, &n) != CKR_OK ||
	    s->p11->C_FindObjectsFinal(s->session) != CKR_OK || n != 1)
		errx(EX_UNAVAILABLE, "no object for the token itself");
}

int
main(int argc, char **argv)
{
	struct spender s = { .used = 0 };

	if (argc != 5)
		errx(EX_USAGE, "usage: ehspend KEY ORDER PROFILE DEVICE");
	s.order = argv[2];
	s.profile = eh_fault_profile(argv[3]);
	eh_p11client_load(&s.client, NULL);
	s.p11 = s.client.p11;
	if (eh_p11client_session(
		&s.client, getenv("EDGEHSM_PIN_FILE"), &s.session) != CKR_OK ||
	    eh_p11client_find(&s.client, s.session, CKO_PRIVATE_KEY, argv[1],
		&s.key) != CKR_OK)
		errx(EX_UNAVAILABLE, "login, or key %s", argv[1]);
	find_token(&s);
	render(&s, argv[4]);
	s.used = count(&s);
	s.log = number(&s, s.token, CKA_EDGEHSM_LOG_SIZE);
	sizes(&s, CKM_ECDSA_SHA256, "CKM_ECDSA_SHA256");
	sizes(&s, CKM_EDGEHSM_ISSUE, "CKM_EDGEHSM_ISSUE");
	parts(&s);
	other_uses(&s);
	bend(&s);
	lengths(&s);
	parameters(&s);
	spend(&s);
	eh_p11client_unload(&s.client);
	return 0;
}

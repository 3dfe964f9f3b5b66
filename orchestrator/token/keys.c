/* SPDX-License-Identifier: Apache-2.0 */
/* keys.c - keys of the token: make, find, sign, and their certificates. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/x509/cert.h"
#include "orchestrator/token/private.h"

/* Set in place: the attribute arrays of this file are all small and local. */
#define ATTRIBUTE(type, value) { (type), &(value), sizeof(value) }

/* Read the one attribute of an object into ${out}; its length, or 0. */
static size_t
read_one(struct eh_token *t, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
    void *out, size_t cap)
{
	CK_ATTRIBUTE a = { type, out, cap };

	if (t->p11->C_GetAttributeValue(t->session, object, &a, 1) != CKR_OK ||
	    a.ulValueLen == CK_UNAVAILABLE_INFORMATION || a.ulValueLen > cap)
		return 0;
	return a.ulValueLen;
}

static void
read_key(
    struct eh_token *t, CK_OBJECT_HANDLE object, struct eh_token_key *key)
{
	CK_ULONG purpose = CK_EDGEHSM_PURPOSE_GENERAL;

	memset(key, 0, sizeof(*key));
	key->handle = object;
	(void)read_one(
	    t, object, CKA_LABEL, key->label, sizeof(key->label) - 1);
	key->id_len =
	    (uint8_t)read_one(t, object, CKA_ID, key->id, sizeof(key->id));
	(void)read_one(
	    t, object, CKA_EDGEHSM_PURPOSE, &purpose, sizeof(purpose));
	key->purpose = (enum eh_purpose)purpose;
	key->spkilen = read_one(t, object, CKA_PUBLIC_KEY_INFO, key->spki,
	    sizeof(key->spki));
}

int
eh_token_keys(struct eh_token *t,
    int (*each)(void *, const struct eh_token_key *), void *context,
    struct eh_error *error)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE want[] = { ATTRIBUTE(CKA_CLASS, class) };
	CK_OBJECT_HANDLE found[256];
	struct eh_token_key key;
	CK_ULONG n = 0;
	CK_RV rv;
	int err = EH_OK;

	if ((rv = t->p11->C_FindObjectsInit(t->session, want, 1)) != CKR_OK)
		return eh_token_failed(t, rv, "C_FindObjectsInit", error);
	rv = t->p11->C_FindObjects(t->session, found, 256, &n);
	t->p11->C_FindObjectsFinal(t->session);
	if (rv != CKR_OK)
		return eh_token_failed(t, rv, "C_FindObjects", error);
	for (CK_ULONG i = 0; i < n && err == EH_OK; i++) {
		read_key(t, found[i], &key);
		err = each(context, &key);
	}
	return err;
}

struct search {
	const char *label;
	struct eh_token_key *key;
	unsigned found;
};

static int
compare(void *context, const struct eh_token_key *key)
{
	struct search *s = context;

	if (strcmp(key->label, s->label) == 0) {
		*s->key = *key;
		s->found++;
	}
	return EH_OK;
}

int
eh_token_find(struct eh_token *t, const char *label, struct eh_token_key *key,
    struct eh_error *error)
{
	struct search s = { label, key, 0 };
	int err;

	if ((err = eh_token_keys(t, compare, &s, error)) != EH_OK)
		return err;
	if (s.found == 1)
		return EH_OK;
	return s.found == 0
	    ? eh_error_set(error, EH_ERR_NOT_FOUND,
	          "no key with label %s on this token (are you logged in?)",
	          label)
	    : eh_error_set(error, EH_ERR_ARGUMENT,
	          "%u keys have the label %s", s.found, label);
}

int
eh_token_generate(struct eh_token *t, enum eh_purpose purpose,
    const char *label, const uint8_t *id, size_t idlen,
    struct eh_token_key *key, struct eh_error *error)
{
	static const CK_BYTE p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
		0x3d, 0x03, 0x01, 0x07 };
	CK_BBOOL yes = CK_TRUE;
	CK_ULONG wanted = purpose;
	CK_ATTRIBUTE public[] = {
		{ CKA_EC_PARAMS, (void *)p256, sizeof(p256) },
		ATTRIBUTE(CKA_TOKEN, yes),
		ATTRIBUTE(CKA_VERIFY, yes),
		{ CKA_LABEL, (void *)label, strlen(label) },
		{ CKA_ID, (void *)id, idlen },
	};
	CK_ATTRIBUTE private[] = {
		ATTRIBUTE(CKA_TOKEN, yes),
		ATTRIBUTE(CKA_PRIVATE, yes),
		ATTRIBUTE(CKA_SENSITIVE, yes),
		ATTRIBUTE(CKA_SIGN, yes),
		ATTRIBUTE(CKA_EDGEHSM_PURPOSE, wanted),
		{ CKA_LABEL, (void *)label, strlen(label) },
		{ CKA_ID, (void *)id, idlen },
	};
	CK_MECHANISM mechanism = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_OBJECT_HANDLE made[2];
	CK_ULONG less = idlen == 0 ? 1 : 0;
	CK_RV rv;

	rv = t->p11->C_GenerateKeyPair(t->session, &mechanism, public,
	    sizeof(public) / sizeof(public[0]) - less, private,
	    sizeof(private) / sizeof(private[0]) - less, &made[0], &made[1]);
	if (rv != CKR_OK)
		return eh_token_failed(t, rv, "C_GenerateKeyPair", error);
	read_key(t, made[1], key);
	return EH_OK;
}

int
eh_token_sign(struct eh_token *t, const struct eh_token_key *key,
    const uint8_t *message, size_t len, uint8_t signature[64],
    struct eh_error *error)
{
	CK_MECHANISM mechanism = { CKM_ECDSA_SHA256, NULL, 0 };
	CK_ULONG siglen = 64;
	CK_RV rv;

	if ((rv = t->p11->C_SignInit(t->session, &mechanism, key->handle)) ==
	    CKR_OK)
		rv = t->p11->C_Sign(t->session, (CK_BYTE *)message, len,
		    signature, &siglen);
	if (rv != CKR_OK)
		return eh_token_failed(t, rv, "C_Sign", error);
	if (siglen != 64)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "the signature has %lu bytes instead of 64", siglen);
	return EH_OK;
}

struct owner {
	const uint8_t *spki;
	size_t len;
	struct eh_token_key key;
	int found;
};

static int
same_spki(void *context, const struct eh_token_key *key)
{
	struct owner *o = context;

	if (key->spkilen == o->len &&
	    memcmp(key->spki, o->spki, o->len) == 0) {
		o->key = *key;
		o->found = 1;
	}
	return EH_OK;
}

/* Create the object; ${owner} gives label and CKA_ID when it was found. */
static CK_RV
create(struct eh_token *t, const uint8_t *der, size_t len,
    const struct eh_cert *cert, const struct owner *owner, const char *label)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_OBJECT_HANDLE made;
	CK_ATTRIBUTE a[] = {
		ATTRIBUTE(CKA_CLASS, class),
		ATTRIBUTE(CKA_TOKEN, yes),
		ATTRIBUTE(CKA_PRIVATE, no),
		ATTRIBUTE(CKA_CERTIFICATE_TYPE, type),
		{ CKA_VALUE, (void *)der, len },
		{ CKA_LABEL, (void *)label, strlen(label) },
		{ CKA_SUBJECT, (void *)cert->subject.at, cert->subject.len },
		{ CKA_ID, (void *)owner->key.id, owner->key.id_len },
	};

	return t->p11->C_CreateObject(t->session, a,
	    sizeof(a) / sizeof(a[0]) - (owner->found ? 0 : 1), &made);
}

int
eh_token_put_certificate(struct eh_token *t, const uint8_t *der, size_t len,
    const char *label, struct eh_error *error)
{
	struct owner owner;
	struct eh_cert cert;
	int err;

	memset(&owner, 0, sizeof(owner));
	if ((err = eh_cert_decode(&cert, der, len)) != EH_OK)
		return eh_error_set(
		    error, err, "this is not an X.509 certificate");
	owner.spki = cert.spki.der.at;
	owner.len = cert.spki.der.len;
	if ((err = eh_token_keys(t, same_spki, &owner, error)) != EH_OK)
		return err;
	if (owner.found)
		label = owner.key.label;
	return eh_token_failed(
	    t, create(t, der, len, &cert, &owner, label), "C_CreateObject",
	    error);
}

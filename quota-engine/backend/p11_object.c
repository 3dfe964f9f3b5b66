/* SPDX-License-Identifier: Apache-2.0 */
/* p11_object.c - a PKCS#11 token as backend: make, find, use, destroy. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/wipe.h"
#include "quota-engine/backend/p11.h"

#define SECRET_LEN 32
#define FOUND_MAX  16

/* id-prime256v1 (RFC 5480), as CKA_EC_PARAMS wants it. */
static const CK_BYTE p256_oid[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
	0x03, 0x01, 0x07 };

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_OBJECT_CLASS class_private = CKO_PRIVATE_KEY;
static CK_OBJECT_CLASS class_public = CKO_PUBLIC_KEY;
static CK_OBJECT_CLASS class_secret = CKO_SECRET_KEY;
static CK_OBJECT_CLASS class_data = CKO_DATA;

/* Attribute values are not const in Cryptoki, though nobody writes to these. */
static CK_ATTRIBUTE
attribute(CK_ATTRIBUTE_TYPE type, const void *value, size_t len)
{
	CK_ATTRIBUTE a;

	a.type = type;
	a.pValue = (void *)(uintptr_t)value;
	a.ulValueLen = (CK_ULONG)len;
	return a;
}

static struct eh_p11 *
self(struct eh_backend *backend)
{
	return (struct eh_p11 *)backend;
}

/* Search; ${np} is how many there are, of which at most FOUND_MAX are given.
 * Call it with b->objects held. */
static CK_RV
search(struct eh_p11 *b, CK_SESSION_HANDLE session, CK_ATTRIBUTE *want,
    CK_ULONG nwant, CK_OBJECT_HANDLE found[FOUND_MAX], CK_ULONG *np)
{
	CK_ULONG got;
	CK_RV rv, ended;

	*np = 0;
	rv = b->p11->C_FindObjectsInit(session, want, nwant);
	if (rv != CKR_OK)
		return rv;
	do {
		CK_OBJECT_HANDLE more[FOUND_MAX];

		got = 0;
		rv = b->p11->C_FindObjects(session, more, FOUND_MAX, &got);
		if (rv == CKR_OK && *np == 0)
			memcpy(found, more, got * sizeof(found[0]));
		*np += got;
	} while (rv == CKR_OK && got == FOUND_MAX);
	ended = b->p11->C_FindObjectsFinal(session);
	return rv != CKR_OK ? rv : ended;
}

static int
count_marked(struct eh_backend *backend, unsigned *countp,
    struct eh_error *error)
{
	struct eh_p11 *b = self(backend);
	CK_ATTRIBUTE keys[] = { attribute(
	    CKA_LABEL, EH_BACKEND_MARK, strlen(EH_BACKEND_MARK)) };
	CK_ATTRIBUTE data[] = { attribute(
				    CKA_CLASS, &class_data, sizeof(class_data)),
		attribute(CKA_APPLICATION, EH_BACKEND_MARK,
		    strlen(EH_BACKEND_MARK)) };
	CK_OBJECT_HANDLE found[FOUND_MAX];
	CK_ULONG nkeys = 0, ndata = 0;
	CK_SESSION_HANDLE session;
	CK_RV rv;
	int err;

	*countp = 0;
	if ((err = eh_p11_take(b, &session, error)) != EH_OK)
		return err;
	pthread_mutex_lock(&b->objects);
	rv = search(b, session, keys, 1, found, &nkeys);
	if (rv == CKR_OK)
		rv = search(b, session, data, 2, found, &ndata);
	pthread_mutex_unlock(&b->objects);
	eh_p11_give(b, session);
	if (rv != CKR_OK)
		return eh_p11_failed(rv, "C_FindObjects", error);
	*countp = (unsigned)(nkeys + ndata);
	return EH_OK;
}

/* SoftHSM does not sync what it writes, wherever that is: a key that the anchored
 * state names next must not be gone after a power cut. */
static void
settle(void)
{
	sync();
}

static int
make_secret(struct eh_backend *backend, struct eh_error *error)
{
	struct eh_p11 *b = self(backend);
	CK_MECHANISM mechanism = { CKM_GENERIC_SECRET_KEY_GEN, NULL, 0 };
	CK_ULONG len = SECRET_LEN;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_ATTRIBUTE template[] = {
		attribute(CKA_CLASS, &class_secret, sizeof(class_secret)),
		attribute(CKA_KEY_TYPE, &type, sizeof(type)),
		attribute(CKA_TOKEN, &yes, sizeof(yes)),
		attribute(CKA_PRIVATE, &yes, sizeof(yes)),
		attribute(CKA_SENSITIVE, &yes, sizeof(yes)),
		attribute(CKA_EXTRACTABLE, &no, sizeof(no)),
		attribute(CKA_SIGN, &yes, sizeof(yes)),
		attribute(CKA_VALUE_LEN, &len, sizeof(len)),
		attribute(CKA_ID, EH_BACKEND_SECRET_ID, EH_BACKEND_ID_LEN),
		attribute(
		    CKA_LABEL, EH_BACKEND_MARK, strlen(EH_BACKEND_MARK)),
	};
	CK_ULONG n = sizeof(template) / sizeof(template[0]);
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key;
	CK_RV rv;
	int err;

	if ((err = eh_p11_take(b, &session, error)) != EH_OK)
		return err;
	pthread_mutex_lock(&b->objects);
	rv = b->p11->C_GenerateKey(session, &mechanism, template, n, &key);
	pthread_mutex_unlock(&b->objects);
	eh_p11_give(b, session);
	if (rv != CKR_OK)
		return eh_p11_failed(rv, "C_GenerateKey", error);
	settle();
	return EH_OK;
}

static CK_RV
hmac(struct eh_p11 *b, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key,
    const char *label, uint8_t out[32])
{
	CK_MECHANISM mechanism = { CKM_SHA256_HMAC, NULL, 0 };
	CK_ULONG len = 32;
	CK_RV rv;

	if ((rv = b->p11->C_SignInit(session, &mechanism, key)) == CKR_OK)
		rv = b->p11->C_Sign(session, (CK_BYTE_PTR)(uintptr_t)label,
		    (CK_ULONG)strlen(label), out, &len);
	return rv == CKR_OK && len != 32 ? CKR_GENERAL_ERROR : rv;
}

static int
derive(struct eh_backend *backend, const char *label, uint8_t out[32],
    struct eh_error *error)
{
	struct eh_p11 *b = self(backend);
	CK_ATTRIBUTE want[] = {
		attribute(CKA_CLASS, &class_secret, sizeof(class_secret)),
		attribute(CKA_ID, EH_BACKEND_SECRET_ID, EH_BACKEND_ID_LEN),
	};
	CK_OBJECT_HANDLE found[FOUND_MAX];
	CK_SESSION_HANDLE session;
	CK_ULONG n = 0;
	CK_RV rv;
	int err;

	memset(out, 0, 32);
	if ((err = eh_p11_take(b, &session, error)) != EH_OK)
		return err;
	pthread_mutex_lock(&b->objects);
	rv = search(b, session, want, 2, found, &n);
	pthread_mutex_unlock(&b->objects);
	if (rv == CKR_OK && n == 0)
		err = eh_error_set(error, EH_ERR_NOT_FOUND,
		    "the key store holds no boundary secret");
	else if (rv == CKR_OK && n > 1)
		err = eh_error_set(error, EH_ERR_BACKEND,
		    "the key store holds %lu boundary secrets; the ones that "
		    "edgehsmd did not make must go",
		    n);
	else if (rv != CKR_OK ||
	    (rv = hmac(b, session, found[0], label, out)) != CKR_OK) {
		eh_wipe(out, 32);
		err = eh_p11_failed(rv, "HMAC", error);
	}
	eh_p11_give(b, session);
	return err;
}

/* CKA_EC_POINT is the point inside a DER OCTET STRING; some modules leave the
 * OCTET STRING out. */
static int
read_public(struct eh_p11 *b, CK_SESSION_HANDLE session,
    CK_OBJECT_HANDLE handle, struct eh_rawkey *public, struct eh_error *error)
{
	uint8_t value[2 + EH_P256_POINT_LEN];
	CK_ATTRIBUTE a = { CKA_EC_POINT, value, sizeof(value) };
	const uint8_t *point = value;
	size_t len;
	CK_RV rv;

	rv = b->p11->C_GetAttributeValue(session, handle, &a, 1);
	if (rv != CKR_OK)
		return eh_p11_failed(rv, "C_GetAttributeValue", error);
	len = a.ulValueLen;
	if (len == sizeof(value) && value[0] == 0x04 &&
	    value[1] == EH_P256_POINT_LEN) {
		point += 2;
		len -= 2;
	}
	if (len != EH_P256_POINT_LEN ||
	    eh_rawkey_set(public, point, len) != EH_OK)
		return eh_error_set(error, EH_ERR_BACKEND,
		    "the key store shows a public key that is no P-256 point");
	return EH_OK;
}

static int
read_sensitive(struct eh_p11 *b, CK_SESSION_HANDLE session,
    CK_OBJECT_HANDLE handle, int *sensitivep, struct eh_error *error)
{
	CK_BBOOL sensitive = CK_FALSE, extractable = CK_TRUE;
	CK_ATTRIBUTE a[] = {
		attribute(CKA_SENSITIVE, &sensitive, sizeof(sensitive)),
		attribute(CKA_EXTRACTABLE, &extractable, sizeof(extractable)),
	};
	CK_RV rv = b->p11->C_GetAttributeValue(session, handle, a, 2);

	if (rv != CKR_OK)
		return eh_p11_failed(rv, "C_GetAttributeValue", error);
	*sensitivep = sensitive == CK_TRUE && extractable == CK_FALSE;
	return EH_OK;
}

static int
read_pair(struct eh_p11 *b, CK_SESSION_HANDLE session,
    CK_OBJECT_HANDLE private, CK_OBJECT_HANDLE public,
    struct eh_backend_key *key, struct eh_error *error)
{
	int err;

	key->handle = private;
	if ((err = read_public(b, session, public, &key->public, error)) ==
	    EH_OK)
		err = read_sensitive(
		    b, session, private, &key->sensitive, error);
	if (err != EH_OK)
		memset(key, 0, sizeof(*key));
	return err;
}

/* SoftHSM 2.6.1 fails one generation in forty with one of these two when other
 * threads work; nothing was made then. */
static int
may_repeat(CK_RV rv)
{
	return rv == CKR_GENERAL_ERROR || rv == CKR_TEMPLATE_INCONSISTENT;
}

static int
generate(struct eh_backend *backend, const uint8_t id[EH_BACKEND_ID_LEN],
    struct eh_backend_key *key, struct eh_error *error)
{
	struct eh_p11 *b = self(backend);
	CK_MECHANISM mechanism = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_ATTRIBUTE public[] = {
		attribute(CKA_TOKEN, &yes, sizeof(yes)),
		attribute(CKA_PRIVATE, &no, sizeof(no)),
		attribute(CKA_VERIFY, &yes, sizeof(yes)),
		attribute(CKA_EC_PARAMS, p256_oid, sizeof(p256_oid)),
		attribute(CKA_ID, id, EH_BACKEND_ID_LEN),
		attribute(
		    CKA_LABEL, EH_BACKEND_MARK, strlen(EH_BACKEND_MARK)),
	};
	CK_ATTRIBUTE private[] = {
		attribute(CKA_TOKEN, &yes, sizeof(yes)),
		attribute(CKA_PRIVATE, &yes, sizeof(yes)),
		attribute(CKA_SENSITIVE, &yes, sizeof(yes)),
		attribute(CKA_EXTRACTABLE, &no, sizeof(no)),
		attribute(CKA_SIGN, &yes, sizeof(yes)),
		attribute(CKA_ID, id, EH_BACKEND_ID_LEN),
		attribute(
		    CKA_LABEL, EH_BACKEND_MARK, strlen(EH_BACKEND_MARK)),
	};
	CK_OBJECT_HANDLE hpublic = 0, hprivate = 0;
	CK_SESSION_HANDLE session;
	int tries = 2, err;
	CK_RV rv;

	memset(key, 0, sizeof(*key));
	if ((err = eh_p11_take(b, &session, error)) != EH_OK)
		return err;
	pthread_mutex_lock(&b->objects);
	do {
		rv = b->p11->C_GenerateKeyPair(session, &mechanism, public,
		    sizeof(public) / sizeof(public[0]), private,
		    sizeof(private) / sizeof(private[0]), &hpublic, &hprivate);
	} while (--tries > 0 && may_repeat(rv));
	err = rv == CKR_OK
	    ? read_pair(b, session, hprivate, hpublic, key, error)
	    : eh_p11_failed(rv, "C_GenerateKeyPair", error);
	pthread_mutex_unlock(&b->objects);
	eh_p11_give(b, session);
	if (err == EH_OK)
		settle();
	return err;
}

/* The one object of a class under an id. */
static int
find_one(struct eh_p11 *b, CK_SESSION_HANDLE session, CK_OBJECT_CLASS *class,
    const uint8_t id[EH_BACKEND_ID_LEN], CK_OBJECT_HANDLE *handlep,
    struct eh_error *error)
{
	CK_ATTRIBUTE want[] = { attribute(CKA_CLASS, class, sizeof(*class)),
		attribute(CKA_ID, id, EH_BACKEND_ID_LEN) };
	CK_OBJECT_HANDLE found[FOUND_MAX];
	CK_ULONG n = 0;
	CK_RV rv = search(b, session, want, 2, found, &n);

	if (rv != CKR_OK)
		return eh_p11_failed(rv, "C_FindObjects", error);
	if (n == 0)
		return eh_error_set(error, EH_ERR_NOT_FOUND,
		    "the key store does not hold the key any more");
	if (n > 1)
		return eh_error_set(error, EH_ERR_BACKEND,
		    "the key store holds %lu keys with the same CKA_ID; the "
		    "ones that edgehsmd did not make must go",
		    n);
	*handlep = found[0];
	return EH_OK;
}

static int
find(struct eh_backend *backend, const uint8_t id[EH_BACKEND_ID_LEN],
    struct eh_backend_key *key, struct eh_error *error)
{
	struct eh_p11 *b = self(backend);
	CK_OBJECT_HANDLE private = 0, public = 0;
	CK_SESSION_HANDLE session;
	int err;

	memset(key, 0, sizeof(*key));
	if ((err = eh_p11_take(b, &session, error)) != EH_OK)
		return err;
	pthread_mutex_lock(&b->objects);
	if ((err = find_one(b, session, &class_private, id, &private, error)) ==
		EH_OK &&
	    (err = find_one(b, session, &class_public, id, &public, error)) ==
		EH_OK)
		err = read_pair(b, session, private, public, key, error);
	pthread_mutex_unlock(&b->objects);
	eh_p11_give(b, session);
	return err;
}

static int
sign(struct eh_backend *backend, unsigned long handle,
    const uint8_t digest[32], uint8_t signature[64], struct eh_error *error)
{
	struct eh_p11 *b = self(backend);
	CK_MECHANISM mechanism = { CKM_ECDSA, NULL, 0 };
	const char *call = "C_SignInit";
	CK_SESSION_HANDLE session;
	CK_ULONG len = 64;
	CK_RV rv;
	int err;

	memset(signature, 0, 64);
	if ((err = eh_p11_take(b, &session, error)) != EH_OK)
		return err;
	rv = b->p11->C_SignInit(session, &mechanism, handle);
	if (rv == CKR_OK) {
		call = "C_Sign";
		rv = b->p11->C_Sign(session, (CK_BYTE_PTR)(uintptr_t)digest, 32,
		    signature, &len);
	}
	eh_p11_give(b, session);
	if (rv == CKR_OK && len == 64)
		return EH_OK;
	eh_wipe(signature, 64);
	return eh_p11_failed(rv == CKR_OK ? CKR_GENERAL_ERROR : rv, call,
	    error);
}

static int
destroy(struct eh_backend *backend, const uint8_t id[EH_BACKEND_ID_LEN],
    struct eh_error *error)
{
	struct eh_p11 *b = self(backend);
	CK_ATTRIBUTE want[] = { attribute(CKA_ID, id, EH_BACKEND_ID_LEN),
		attribute(
		    CKA_LABEL, EH_BACKEND_MARK, strlen(EH_BACKEND_MARK)) };
	CK_OBJECT_HANDLE found[FOUND_MAX];
	CK_SESSION_HANDLE session;
	CK_ULONG n = 0;
	CK_RV rv;
	int err;

	if ((err = eh_p11_take(b, &session, error)) != EH_OK)
		return err;
	pthread_mutex_lock(&b->objects);
	rv = search(b, session, want, 2, found, &n);
	for (CK_ULONG i = 0; rv == CKR_OK && i < n && i < FOUND_MAX; i++)
		rv = b->p11->C_DestroyObject(session, found[i]);
	pthread_mutex_unlock(&b->objects);
	eh_p11_give(b, session);
	return rv == CKR_OK ? EH_OK
			    : eh_p11_failed(rv, "C_DestroyObject", error);
}

/* C_Finalize before the process ends (SoftHSM crashes in its destructors
 * otherwise), and no dlclose: libcrypto's exit handlers may point there. */
static void
close_token(struct eh_backend *backend)
{
	struct eh_p11 *b = self(backend);

	if (b->initialized)
		b->p11->C_Finalize(NULL);
	pthread_cond_destroy(&b->returned);
	pthread_mutex_destroy(&b->objects);
	pthread_mutex_destroy(&b->pool);
	free(b);
}

const struct eh_backend_ops eh_p11_ops = {
	.name = "PKCS#11",
	.count = count_marked,
	.make_secret = make_secret,
	.derive = derive,
	.generate = generate,
	.find = find,
	.sign = sign,
	.destroy = destroy,
	.close = close_token,
};

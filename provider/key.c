/* SPDX-License-Identifier: Apache-2.0 */
/* key.c - a key on a token: what is known of it, and where it is found. */
#include "config.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "provider/err.h"
#include "provider/key.h"
#include "provider/login.h"
#include "provider/provider.h"

/* clang-format off */
static const struct eh_curve curves[] = {
	{ "prime256v1", "SHA256", 32, 256, 128,
	  { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 }, 10 },
	{ "secp384r1", "SHA384", 48, 384, 192,
	  { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22 }, 7 },
};
/* clang-format on */

#define NCURVES (sizeof(curves) / sizeof(curves[0]))

/* What is read of a key, and a guess of its length that mostly fits. */
enum {
	KEY_TYPE, LABEL, ID, CURVE, POINT, ALLOWED, ALWAYS, PURPOSE,
	NATTRIBUTES
};

/* clang-format off */
static const CK_ATTRIBUTE wanted[NATTRIBUTES] = {
	[KEY_TYPE]  = { CKA_KEY_TYPE,            NULL, sizeof(CK_ULONG) },
	[LABEL]     = { CKA_LABEL,               NULL, 128 },
	[ID]        = { CKA_ID,                  NULL, 128 },
	[CURVE]     = { CKA_EC_PARAMS,           NULL, 32 },
	[POINT]     = { CKA_EC_POINT,            NULL, 160 },
	[ALLOWED]   = { CKA_ALLOWED_MECHANISMS,  NULL, 32 * sizeof(CK_ULONG) },
	[ALWAYS]    = { CKA_ALWAYS_AUTHENTICATE, NULL, sizeof(CK_BBOOL) },
	[PURPOSE]   = { CKA_EDGEHSM_PURPOSE,     NULL, sizeof(CK_ULONG) },
};
/* clang-format on */

static CK_ULONG
number_of(const CK_ATTRIBUTE *attribute)
{
	CK_ULONG number = CK_UNAVAILABLE_INFORMATION;

	if (attribute->ulValueLen == sizeof(number))
		memcpy(&number, attribute->pValue, sizeof(number));
	return number;
}

static const struct eh_curve *
curve_of(const CK_ATTRIBUTE *params)
{
	for (size_t i = 0; i < NCURVES; i++)
		if (params->ulValueLen == curves[i].oid_len &&
		    memcmp(params->pValue, curves[i].oid, curves[i].oid_len) ==
		    0)
			return &curves[i];
	return NULL;
}

/*
 * CKA_EC_POINT is a DER OCTET STRING of the uncompressed point; some tokens
 * leave the OCTET STRING out.  The lengths tell them apart: both begin with 4.
 */
static struct eh_point *
point_of(const struct eh_curve *curve, const CK_ATTRIBUTE *attribute)
{
	const unsigned char *bytes = attribute->pValue;
	size_t len = attribute->ulValueLen, want = 1 + 2 * curve->field;
	struct eh_point *point;

	if (len == want + 2 && bytes[0] == 0x04 && bytes[1] == want) {
		bytes += 2;
		len -= 2;
	}
	if (len != want || bytes[0] != 0x04)
		return NULL;
	point = OPENSSL_zalloc(sizeof(*point));
	if (point == NULL)
		return NULL;
	memcpy(point->bytes, bytes, len);
	point->len = len;
	return point;
}

static int
copy_attribute(CK_ATTRIBUTE *to, const CK_ATTRIBUTE *from)
{
	to->type = from->type;
	to->ulValueLen = from->ulValueLen;
	to->pValue = NULL;
	if (from->ulValueLen == 0)
		return 1;
	to->pValue = OPENSSL_memdup(from->pValue, from->ulValueLen);
	return to->pValue != NULL;
}

static int
copy_allowed(struct eh_key *key, const CK_ATTRIBUTE *allowed)
{
	key->nallowed = allowed->ulValueLen / sizeof(*key->allowed);
	if (key->nallowed == 0)
		return 1;
	key->allowed = OPENSSL_memdup(
	    allowed->pValue, key->nallowed * sizeof(*key->allowed));
	return key->allowed != NULL;
}

static int
understand(struct eh_key *key, const CK_ATTRIBUTE *a, struct eh_error *error)
{
	CK_ULONG type = number_of(&a[KEY_TYPE]);

	if (type != CKK_EC)
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "%s is of type CKK 0x%lX; EC keys on named curves are "
		    "supported", key->shown, type);
	key->curve = curve_of(&a[CURVE]);
	if (key->curve == NULL)
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "%s is an EC key, but not on prime256v1 or secp384r1 by "
		    "name", key->shown);
	if (a[POINT].ulValueLen > 0)
		atomic_store(
		    &key->point, point_of(key->curve, &a[POINT]));
	key->purpose = number_of(&a[PURPOSE]);
	key->always_authenticate = a[ALWAYS].ulValueLen == 1 &&
	    *(const CK_BBOOL *)a[ALWAYS].pValue != CK_FALSE;
	return EH_OK;
}

struct eh_key *
eh_key_new(struct eh_provider *provider)
{
	struct eh_key *key = OPENSSL_zalloc(sizeof(*key));

	if (key == NULL)
		return NULL;
	atomic_init(&key->refs, 1);
	key->provider = provider;
	key->purpose = CK_UNAVAILABLE_INFORMATION;
	return key;
}

static int
fill(struct eh_key *key, const CK_ATTRIBUTE *a, struct eh_error *error)
{
	key->shown = eh_uri_show(&atomic_load(&key->slot)->token, key->class,
	    &a[LABEL], &a[ID]);
	if (key->shown == NULL || !copy_attribute(&key->label, &a[LABEL]) ||
	    !copy_attribute(&key->id, &a[ID]) ||
	    !copy_allowed(key, &a[ALLOWED]))
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	return understand(key, a, error);
}

int
eh_key_read(struct eh_key **keyp, struct eh_provider *provider,
    const struct eh_key_place *place, struct eh_error *error)
{
	CK_ATTRIBUTE attributes[NATTRIBUTES];
	unsigned char *store = NULL;
	struct eh_key *key;
	CK_RV rv;
	int err;

	*keyp = NULL;
	if ((key = eh_key_new(provider)) == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	key->uri = eh_uri_ref(place->uri);
	key->class = place->class;
	atomic_store(&key->slot, place->slot);
	atomic_store(&key->handle, place->object);
	memcpy(attributes, wanted, sizeof(attributes));
	rv = eh_session_read(place->slot, place->session, place->object,
	    attributes, NATTRIBUTES, &store);
	if (rv != CKR_OK)
		err = eh_error_set(error, rv == CKR_OBJECT_HANDLE_INVALID
			? EH_ERR_NOT_FOUND : EH_ERR_BACKEND,
		    "the attributes of %s cannot be read "
		    "(C_GetAttributeValue returned CKR 0x%08lX)",
		    place->uri->shown, rv);
	else
		err = fill(key, attributes, error);
	OPENSSL_free(store);
	if (err != EH_OK)
		eh_key_free(key);
	else
		*keyp = key;
	return err;
}

struct eh_key *
eh_key_ref(struct eh_key *key)
{
	atomic_fetch_add(&key->refs, 1);
	return key;
}

void
eh_key_free(struct eh_key *key)
{
	if (key == NULL || atomic_fetch_sub(&key->refs, 1) > 1)
		return;
	EVP_PKEY_free(atomic_load(&key->verifier));
	OPENSSL_free(atomic_load(&key->point));
	OPENSSL_free(key->allowed);
	OPENSSL_free(key->label.pValue);
	OPENSSL_free(key->id.pValue);
	OPENSSL_free(key->shown);
	eh_uri_free(key->uri);
	OPENSSL_free(key);
}

int
eh_key_allows(const struct eh_key *key, CK_MECHANISM_TYPE mechanism)
{
	if (key->purpose == CK_EDGEHSM_PURPOSE_ISSUING &&
	    mechanism == CKM_ECDSA)
		return 0;
	for (size_t i = 0; i < key->nallowed; i++)
		if (key->allowed[i] == mechanism)
			return 1;
	return key->nallowed == 0;
}

/* Find the key again, by everything that names it. */
static int
locate(struct eh_key *key, struct eh_slot *slot, CK_SESSION_HANDLE session)
{
	CK_ATTRIBUTE template[3] = {
		{ CKA_CLASS, &key->class, sizeof(key->class) }
	};
	CK_OBJECT_HANDLE *handles = NULL;
	CK_ULONG n = 1;
	size_t found = 0;
	CK_RV rv;

	if (key->id.ulValueLen > 0)
		template[n++] = key->id;
	if (key->label.ulValueLen > 0)
		template[n++] = key->label;
	rv = eh_session_find(slot, session, template, n, &handles, &found);
	if (rv != CKR_OK)
		eh_err_raise_rv(key->provider, rv, "C_FindObjects", NULL,
		    key->shown);
	else if (found != 1)
		eh_err_raise(key->provider, EH_REASON_NOT_FOUND,
		    "%s: looked for again, found %zu times", key->shown,
		    found);
	else
		atomic_store(&key->handle, handles[0]);
	OPENSSL_free(handles);
	return rv == CKR_OK && found == 1;
}

/* Public objects are mostly seen without a login. */
static int
log_in(struct eh_key *key, struct eh_slot *slot, CK_SESSION_HANDLE session)
{
	if (key->class != CKO_PRIVATE_KEY &&
	    !eh_login_is_silent(key->provider, slot, key->uri))
		return 1;
	return eh_login(key->provider, slot, session, key->uri, NULL);
}

/* Find the key in a slot or login that it has not been used in. */
static int
settle(struct eh_key *key, struct eh_slot *slot, CK_SESSION_HANDLE session)
{
	if (!locate(key, slot, session))
		return 0;
	/* In this order: who sees the new slot must see the new handle. */
	atomic_store(&key->slot, slot);
	return 1;
}

int
eh_key_open(struct eh_key *key, struct eh_slot **slotp,
    CK_SESSION_HANDLE *sessionp)
{
	struct eh_slot *known = atomic_load(&key->slot), *slot;

	if (known == NULL) {
		eh_err_raise(key->provider, EH_REASON_KEY,
		    "the key is on no token");
		return 0;
	}
	slot = eh_slot_again(key->provider, known);
	if (slot == NULL || !eh_session_get(key->provider, slot, sessionp))
		return 0;
	*slotp = slot;
	if (log_in(key, slot, *sessionp) &&
	    (slot == known || settle(key, slot, *sessionp)))
		return 1;
	eh_session_put(slot, *sessionp);
	return 0;
}

int
eh_key_reopen(struct eh_key *key, CK_RV rv, struct eh_slot **slotp,
    CK_SESSION_HANDLE *sessionp)
{
	struct eh_slot *slot = *slotp;

	eh_session_drop(slot, *sessionp);
	/* What made this session useless did so to the idle ones. */
	if (rv != CKR_OBJECT_HANDLE_INVALID && rv != CKR_KEY_HANDLE_INVALID)
		eh_session_drop_idle(slot);
	/* A handle may be invalid because the login that showed it is gone;
	 * one too many does no harm. */
	eh_login_forget(slot);
	/* A key of the same name on another token is another key. */
	slot = eh_slot_recheck(key->provider, slot);
	if (slot == NULL || !eh_session_get(key->provider, slot, sessionp))
		return 0;
	*slotp = slot;
	if (log_in(key, slot, *sessionp) && settle(key, slot, *sessionp))
		return 1;
	eh_session_put(slot, *sessionp);
	return 0;
}

/* Keep ${point}, which may be NULL, unless another thread was faster. */
static const struct eh_point *
publish(struct eh_key *key, struct eh_point *point)
{
	struct eh_point *none = NULL;

	if (point == NULL)
		return NULL;
	if (atomic_compare_exchange_strong(&key->point, &none, point))
		return point;
	OPENSSL_free(point);
	return none;
}

/* The point of ${object}, a public key, when it is on the same curve. */
static struct eh_point *
point_in_key(struct eh_key *key, struct eh_slot *slot,
    CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
	CK_ATTRIBUTE a[] = { wanted[CURVE], wanted[POINT] };
	struct eh_point *point = NULL;
	unsigned char *store = NULL;

	if (eh_session_read(slot, session, object, a, 2, &store) == CKR_OK &&
	    curve_of(&a[0]) == key->curve && a[1].ulValueLen > 0)
		point = point_of(key->curve, &a[1]);
	OPENSSL_free(store);
	return point;
}

static struct eh_point *
point_of_certificate(struct eh_key *key, const CK_ATTRIBUTE *der)
{
	OSSL_LIB_CTX *plain = eh_provider_plain(key->provider);
	X509 *certificate = plain != NULL ? X509_new_ex(plain, NULL) : NULL;
	const unsigned char *bytes = der->pValue;
	struct eh_point *point = NULL;
	unsigned char raw[EH_POINT_MAX];
	CK_ATTRIBUTE found = { CKA_EC_POINT, raw, 0 };
	char group[32] = "";
	EVP_PKEY *public;

	if (certificate != NULL &&
	    d2i_X509(&certificate, &bytes, (long)der->ulValueLen) != NULL &&
	    (public = X509_get0_pubkey(certificate)) != NULL &&
	    EVP_PKEY_get_group_name(public, group, sizeof(group), NULL) &&
	    strcmp(group, key->curve->group) == 0 &&
	    EVP_PKEY_get_octet_string_param(public, OSSL_PKEY_PARAM_PUB_KEY,
		raw, sizeof(raw), &found.ulValueLen))
		point = point_of(key->curve, &found);
	X509_free(certificate);
	return point;
}

static struct eh_point *
point_in_certificate(struct eh_key *key, struct eh_slot *slot,
    CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
	CK_ATTRIBUTE der = { CKA_VALUE, NULL, 2048 };
	struct eh_point *point = NULL;
	unsigned char *store = NULL;

	if (eh_session_read(slot, session, object, &der, 1, &store) ==
	    CKR_OK && der.ulValueLen > 0)
		point = point_of_certificate(key, &der);
	OPENSSL_free(store);
	return point;
}

/*
 * Where a token keeps the public half of a private key: in a public key or a
 * certificate with the same id (that is what CKA_ID is for), or, where there
 * is no id, in a public key with the same label.
 */
static struct eh_point *
look_for_point(struct eh_key *key, struct eh_slot *slot,
    CK_SESSION_HANDLE session)
{
	static const CK_OBJECT_CLASS places[] = {
		CKO_PUBLIC_KEY, CKO_CERTIFICATE
	};
	struct eh_point *point = NULL;
	CK_OBJECT_HANDLE *handles;
	CK_OBJECT_CLASS class;
	size_t found;

	for (size_t i = 0; i < 2 && point == NULL; i++) {
		CK_ATTRIBUTE template[] = {
			{ CKA_CLASS, &class, sizeof(class) },
			key->id.ulValueLen > 0 ? key->id : key->label,
		};

		class = places[i];
		if (template[1].ulValueLen == 0 ||
		    eh_session_find(slot, session, template, 2, &handles,
			&found) != CKR_OK)
			continue;
		for (size_t n = 0; n < found && point == NULL; n++)
			point = class == CKO_PUBLIC_KEY
			    ? point_in_key(key, slot, session, handles[n])
			    : point_in_certificate(
				  key, slot, session, handles[n]);
		OPENSSL_free(handles);
	}
	return point;
}

const struct eh_point *
eh_key_point(struct eh_key *key)
{
	const struct eh_point *point = atomic_load(&key->point);
	struct eh_slot *slot;
	CK_SESSION_HANDLE session;

	if (point != NULL)
		return point;
	if (!eh_key_open(key, &slot, &session))
		return NULL;
	point = publish(key, look_for_point(key, slot, session));
	eh_session_put(slot, session);
	if (point == NULL)
		eh_err_raise(key->provider, EH_REASON_NOT_FOUND,
		    "%s: the token has neither a public key nor a certificate "
		    "with the same CKA_ID, so its public half is not known",
		    key->shown);
	return point;
}

static EVP_PKEY *
make_verifier(struct eh_key *key, const struct eh_point *point)
{
	OSSL_LIB_CTX *plain = eh_provider_plain(key->provider);
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *made = NULL;
	OSSL_PARAM params[3];

	if (plain == NULL)
		return NULL;
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
	    (char *)(uintptr_t)key->curve->group, 0);
	params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
	    (void *)(uintptr_t)point->bytes, point->len);
	params[2] = OSSL_PARAM_construct_end();
	ctx = EVP_PKEY_CTX_new_from_name(plain, "EC", NULL);
	if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) <= 0 ||
	    EVP_PKEY_fromdata(ctx, &made, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		eh_err_raise(key->provider, EH_REASON_CRYPTO,
		    "the public half of %s is not a point of %s", key->shown,
		    key->curve->group);
	EVP_PKEY_CTX_free(ctx);
	return made;
}

EVP_PKEY *
eh_key_verifier(struct eh_key *key)
{
	EVP_PKEY *verifier = atomic_load(&key->verifier), *none = NULL;
	const struct eh_point *point;

	if (verifier != NULL)
		return verifier;
	if ((point = eh_key_point(key)) == NULL ||
	    (verifier = make_verifier(key, point)) == NULL)
		return NULL;
	if (atomic_compare_exchange_strong(&key->verifier, &none, verifier))
		return verifier;
	EVP_PKEY_free(verifier);
	return none;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* keymgmt.c - keys as libcrypto wants to see them. */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include "provider/err.h"
#include "provider/issue.h"
#include "provider/key.h"
#include "provider/keymgmt.h"
#include "provider/provider.h"
#include "provider/sign.h"

static void *
keymgmt_new(void *provider)
{
	return eh_key_new(provider);
}

static void
keymgmt_free(void *key)
{
	eh_key_free(key);
}

/* The store hands a key over by the address of its pointer. */
static void *
keymgmt_load(const void *reference, size_t len)
{
	struct eh_key **from, *key;

	if (len != sizeof(key))
		return NULL;
	from = (struct eh_key **)(uintptr_t)reference;
	key = *from;
	*from = NULL;
	return key;
}

/* A key never changes, so one more holder is as good as a copy; a public key
 * cannot be made of a private one that way. */
static void *
keymgmt_dup(const void *from, int selection)
{
	struct eh_key *key = (struct eh_key *)(uintptr_t)from;

	if (key->class == CKO_PRIVATE_KEY &&
	    !(selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY))
		return NULL;
	return eh_key_ref(key);
}

static int
keymgmt_has(const void *keydata, int selection)
{
	const struct eh_key *key = keydata;

	if (key == NULL || key->curve == NULL)
		return 0;
	if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) &&
	    key->class != CKO_PRIVATE_KEY)
		return 0;
	if (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY)
		return eh_key_point((struct eh_key *)(uintptr_t)key) != NULL;
	return 1;
}

static int
keymgmt_match(const void *a, const void *b, int selection)
{
	struct eh_key *one = (struct eh_key *)(uintptr_t)a;
	struct eh_key *other = (struct eh_key *)(uintptr_t)b;
	const struct eh_point *p, *q;

	if (one->curve == NULL || one->curve != other->curve)
		return 0;
	/* Private halves are told apart by their public ones. */
	if (!(selection & OSSL_KEYMGMT_SELECT_KEYPAIR))
		return 1;
	p = eh_key_point(one);
	q = eh_key_point(other);
	return p != NULL && q != NULL && p->len == q->len &&
	    memcmp(p->bytes, q->bytes, p->len) == 0;
}

int
eh_keymgmt_export(
    void *keydata, int selection, OSSL_CALLBACK *callback, void *arg)
{
	const struct eh_point *point;
	struct eh_key *key = keydata;
	OSSL_PARAM params[3];
	size_t n = 0;

	if (key == NULL || key->curve == NULL)
		return 0;
	if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) &&
	    key->class == CKO_PRIVATE_KEY)
		return 0;
	params[n++] =
	    OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
		(char *)(uintptr_t)key->curve->group, 0);
	if (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) {
		if ((point = eh_key_point(key)) == NULL)
			return 0;
		params[n++] =
		    OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
			(void *)(uintptr_t)point->bytes, point->len);
	}
	params[n] = OSSL_PARAM_construct_end();
	return callback(params, arg) != 0;
}

static const OSSL_PARAM *
keymgmt_export_types(int selection)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
		OSSL_PARAM_END
	};

	(void)selection;
	return types;
}

/* A parameter that is not asked for is set without further ado. */
static int
set_int(OSSL_PARAM params[], const char *name, int value)
{
	OSSL_PARAM *p = OSSL_PARAM_locate(params, name);

	return p == NULL || OSSL_PARAM_set_int(p, value);
}

static int
set_text(OSSL_PARAM params[], const char *name, const char *value)
{
	OSSL_PARAM *p = OSSL_PARAM_locate(params, name);

	return p == NULL || OSSL_PARAM_set_utf8_string(p, value);
}

/* The point is asked of the token only when somebody wants it. */
static int
set_point(OSSL_PARAM params[], const char *name, struct eh_key *key)
{
	OSSL_PARAM *p = OSSL_PARAM_locate(params, name);
	const struct eh_point *point;

	if (p == NULL)
		return 1;
	point = eh_key_point(key);
	return point != NULL &&
	    OSSL_PARAM_set_octet_string(p, point->bytes, point->len);
}

static int
keymgmt_get_params(void *keydata, OSSL_PARAM params[])
{
	struct eh_key *key = keydata;
	const struct eh_curve *curve;

	if (key == NULL || (curve = key->curve) == NULL)
		return 0;
	return set_int(params, OSSL_PKEY_PARAM_BITS, curve->bits) &&
	    set_int(params, OSSL_PKEY_PARAM_SECURITY_BITS,
		curve->security_bits) &&
	    set_int(params, OSSL_PKEY_PARAM_MAX_SIZE,
		(int)eh_sign_max(curve)) &&
	    set_text(params, OSSL_PKEY_PARAM_GROUP_NAME, curve->group) &&
	    set_text(params, OSSL_PKEY_PARAM_EC_ENCODING,
		OSSL_PKEY_EC_ENCODING_GROUP) &&
	    set_text(params, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
		OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) &&
	    set_text(params, OSSL_PKEY_PARAM_DEFAULT_DIGEST, curve->digest) &&
	    set_point(params, OSSL_PKEY_PARAM_PUB_KEY, key) &&
	    set_point(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, key) &&
	    eh_issue_get_params(key, NULL, params);
}

static const OSSL_PARAM *
keymgmt_gettable_params(void *provider)
{
	static const OSSL_PARAM gettable[] = {
		OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, NULL, 0),
		OSSL_PARAM_utf8_string(
		    OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
		OSSL_PARAM_octet_string(
		    OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
		OSSL_PARAM_uint64(EH_PARAM_REMAINING, NULL),
		OSSL_PARAM_utf8_string(EH_PARAM_NOT_AFTER, NULL, 0),
		OSSL_PARAM_END
	};

	(void)provider;
	return gettable;
}

static const char *
keymgmt_operation_name(int operation)
{
	return operation == OSSL_OP_SIGNATURE ? "ECDSA" : NULL;
}

/* clang-format off */
static const OSSL_DISPATCH ec_functions[] = {
	{ OSSL_FUNC_KEYMGMT_NEW, (void (*)(void))keymgmt_new },
	{ OSSL_FUNC_KEYMGMT_FREE, (void (*)(void))keymgmt_free },
	{ OSSL_FUNC_KEYMGMT_LOAD, (void (*)(void))keymgmt_load },
	{ OSSL_FUNC_KEYMGMT_DUP, (void (*)(void))keymgmt_dup },
	{ OSSL_FUNC_KEYMGMT_HAS, (void (*)(void))keymgmt_has },
	{ OSSL_FUNC_KEYMGMT_MATCH, (void (*)(void))keymgmt_match },
	{ OSSL_FUNC_KEYMGMT_EXPORT, (void (*)(void))eh_keymgmt_export },
	{ OSSL_FUNC_KEYMGMT_EXPORT_TYPES,
	  (void (*)(void))keymgmt_export_types },
	{ OSSL_FUNC_KEYMGMT_GET_PARAMS, (void (*)(void))keymgmt_get_params },
	{ OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS,
	  (void (*)(void))keymgmt_gettable_params },
	{ OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME,
	  (void (*)(void))keymgmt_operation_name },
	{ 0, NULL }
};

const OSSL_ALGORITHM eh_keymgmt_algorithms[] = {
	{ EH_KEYMGMT_EC ":id-ecPublicKey:1.2.840.10045.2.1",
	  EH_PROVIDER_PROPERTIES, ec_functions, "EC keys on a PKCS#11 token" },
	{ NULL, NULL, NULL, NULL }
};
/* clang-format on */

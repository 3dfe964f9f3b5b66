/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - pkcs11: URIs through OSSL_STORE. */
#include "config.h"

#include <stdatomic.h>
#include <string.h>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/store.h>

#include "common/err.h"
#include "provider/err.h"
#include "provider/key.h"
#include "provider/keymgmt.h"
#include "provider/login.h"
#include "provider/p11.h"
#include "provider/provider.h"
#include "provider/session.h"
#include "provider/slot.h"
#include "provider/store.h"

/* Most tokens that one URI may cover. */
#define TOKENS 64

/* A key that can be used, or (key is NULL) a certificate to be read. */
struct item {
	struct eh_key *key;
	struct eh_slot *slot;
	CK_OBJECT_HANDLE object;
};

/* One OSSL_STORE that is open. */
struct loader {
	struct eh_provider *provider;
	struct eh_uri *uri;
	int expect; /* OSSL_STORE_INFO_*, 0 for anything */
	unsigned char *subject; /* DER name of a certificate, or NULL */
	size_t subject_len;

	int searched;
	struct item *items;
	size_t count, room, at;
	struct eh_error last; /* why an object was left out */
};

/* What the store hands out, in this order, and what libcrypto calls it. */
static const struct {
	CK_OBJECT_CLASS class;
	int info;
} kinds[] = {
	{ CKO_PRIVATE_KEY, OSSL_STORE_INFO_PKEY },
	{ CKO_PUBLIC_KEY, OSSL_STORE_INFO_PUBKEY },
	{ CKO_CERTIFICATE, OSSL_STORE_INFO_CERT },
};

#define NKINDS (sizeof(kinds) / sizeof(kinds[0]))

static void
store_free(struct loader *loader)
{
	if (loader == NULL)
		return;
	for (size_t i = 0; i < loader->count; i++)
		eh_key_free(loader->items[i].key);
	eh_uri_free(loader->uri);
	OPENSSL_free(loader->subject);
	OPENSSL_free(loader->items);
	OPENSSL_free(loader);
}

static void *
store_open(void *provider, const char *text)
{
	struct loader *loader = OPENSSL_zalloc(sizeof(*loader));
	struct eh_error error = { 0 };

	if (loader == NULL) {
		eh_err_raise(provider, EH_REASON_MEMORY, "a store");
		return NULL;
	}
	loader->provider = provider;
	if (eh_uri_parse(&loader->uri, text, &error) != EH_OK) {
		eh_err_raise(provider, EH_REASON_URI, "%s",
		    eh_error_sentence(&error));
		store_free(loader);
		return NULL;
	}
	return loader;
}

static int
store_set_params(void *context, const OSSL_PARAM params[])
{
	struct loader *loader = context;
	const OSSL_PARAM *p;
	void *subject = NULL;
	size_t len = 0;

	if (params == NULL)
		return 1;
	p = OSSL_PARAM_locate_const(params, OSSL_STORE_PARAM_EXPECT);
	if (p != NULL && !OSSL_PARAM_get_int(p, &loader->expect))
		return 0;
	p = OSSL_PARAM_locate_const(params, OSSL_STORE_PARAM_SUBJECT);
	if (p == NULL)
		return 1;
	if (!OSSL_PARAM_get_octet_string(p, &subject, 0, &len))
		return 0;
	OPENSSL_free(loader->subject);
	loader->subject = subject;
	loader->subject_len = len;
	return 1;
}

static const OSSL_PARAM *
store_settable_params(void *provider)
{
	static const OSSL_PARAM settable[] = {
		OSSL_PARAM_int(OSSL_STORE_PARAM_EXPECT, NULL),
		OSSL_PARAM_octet_string(OSSL_STORE_PARAM_SUBJECT, NULL, 0),
		OSSL_PARAM_END
	};

	(void)provider;
	return settable;
}

/* Is an object of this kind asked for? */
static int
wants(const struct loader *loader, size_t kind)
{
	if (loader->uri->has_class &&
	    loader->uri->class != kinds[kind].class)
		return 0;
	if (loader->subject != NULL && kinds[kind].class != CKO_CERTIFICATE)
		return 0;
	return loader->expect == 0 || loader->expect == kinds[kind].info;
}

/* Private keys and nothing else: then a login is worth asking a person for. */
static int
wants_private_only(const struct loader *loader)
{
	return wants(loader, 0) && !wants(loader, 1) && !wants(loader, 2);
}

static int
make_room(struct loader *loader, size_t n)
{
	size_t room = loader->count + n;
	struct item *more;

	if (room <= loader->room)
		return 1;
	more = OPENSSL_realloc(loader->items, room * sizeof(*more));
	if (more == NULL) {
		eh_err_raise(loader->provider, EH_REASON_MEMORY,
		    "%zu objects", room);
		return 0;
	}
	loader->items = more;
	loader->room = room;
	return 1;
}

/*
 * Keys are read now: libcrypto counts a load that brings nothing as an error,
 * so what cannot be used, or was destroyed meanwhile, is left out before it asks
 * for the next.  A token that fails is no such thing.
 */
static int
add_item(struct loader *loader, const struct eh_key_place *place)
{
	struct item item = { NULL, place->slot, place->object };
	int err = EH_OK;

	if (place->class != CKO_CERTIFICATE)
		err = eh_key_read(
		    &item.key, loader->provider, place, &loader->last);
	if (err == EH_OK)
		loader->items[loader->count++] = item;
	if (err == EH_OK || err == EH_ERR_UNSUPPORTED ||
	    err == EH_ERR_NOT_FOUND)
		return 1;
	eh_err_raise(loader->provider,
	    err == EH_ERR_MEMORY ? EH_REASON_MEMORY : EH_REASON_TOKEN, "%s",
	    eh_error_sentence(&loader->last));
	return 0;
}

/* All objects of one kind on one token that the URI covers. */
static int
search_kind(struct loader *loader, struct eh_slot *slot,
    CK_SESSION_HANDLE session, CK_OBJECT_CLASS class)
{
	P11KitUri *uri = loader->uri->parsed;
	CK_ATTRIBUTE template[4] = { { CKA_CLASS, &class, sizeof(class) } };
	struct eh_key_place place = { slot, session, 0, class, loader->uri };
	CK_OBJECT_HANDLE *objects = NULL;
	CK_ATTRIBUTE *attribute;
	CK_ULONG n = 1;
	size_t found;
	CK_RV rv;
	int ok;

	if ((attribute = p11_kit_uri_get_attribute(uri, CKA_LABEL)) != NULL)
		template[n++] = *attribute;
	if ((attribute = p11_kit_uri_get_attribute(uri, CKA_ID)) != NULL)
		template[n++] = *attribute;
	if (loader->subject != NULL)
		template[n++] = (CK_ATTRIBUTE) { CKA_SUBJECT, loader->subject,
			loader->subject_len };
	rv = eh_session_find(slot, session, template, n, &objects, &found);
	if (rv != CKR_OK) {
		eh_err_raise_rv(loader->provider, rv, "C_FindObjects", NULL,
		    loader->uri->shown);
		return 0;
	}
	ok = make_room(loader, found);
	for (size_t i = 0; ok && i < found; i++) {
		place.object = objects[i];
		ok = add_item(loader, &place);
	}
	OPENSSL_free(objects);
	return ok;
}

/* How a search of one token goes about the login. */
enum login_rule {
	NO_LOGIN,
	SILENT_LOGIN, /* when a PIN is at hand */
	ASK_LOGIN     /* also when a person must be asked */
};

static int
search_token(struct loader *loader, struct eh_slot *slot,
    enum login_rule rule, const struct eh_login_prompt *prompt)
{
	CK_SESSION_HANDLE session;
	int ok = 1;

	if (!eh_session_get(loader->provider, slot, &session))
		return 0;
	if (rule == ASK_LOGIN ||
	    (rule == SILENT_LOGIN &&
		eh_login_is_silent(loader->provider, slot, loader->uri)))
		ok = eh_login(
		    loader->provider, slot, session, loader->uri, prompt);
	for (size_t kind = 0; ok && kind < NKINDS; kind++)
		if (wants(loader, kind))
			ok = search_kind(
			    loader, slot, session, kinds[kind].class);
	eh_session_put(slot, session);
	return ok;
}

static enum login_rule
first_rule(const struct loader *loader)
{
	if (loader->provider->conf.login == EH_LOGIN_ALWAYS ||
	    wants_private_only(loader))
		return ASK_LOGIN;
	return wants(loader, 0) ? SILENT_LOGIN : NO_LOGIN;
}

/*
 * Public objects are found without a login, so that a list of certificates
 * asks nobody for a PIN.  When that finds nothing, a login may.
 */
static int
search(struct loader *loader, const struct eh_login_prompt *prompt)
{
	const char *path = loader->uri->module_path != NULL
	    ? loader->uri->module_path
	    : loader->provider->conf.module_path;
	enum login_rule rule = first_rule(loader);
	struct eh_slot *slots[TOKENS];
	struct eh_p11_module *module;
	size_t n = 0;

	module = eh_p11_open(loader->provider, path);
	if (module == NULL ||
	    !eh_slot_find(
		loader->provider, module, loader->uri, slots, TOKENS, &n))
		return 0;
	for (size_t i = 0; i < n; i++)
		if (!search_token(loader, slots[i], rule, prompt))
			return 0;
	if (loader->count > 0 || rule == ASK_LOGIN)
		return 1;
	rule = rule == SILENT_LOGIN ? ASK_LOGIN : SILENT_LOGIN;
	for (size_t i = 0; i < n; i++)
		if (!atomic_load(&slots[i]->logged_in) &&
		    !search_token(loader, slots[i], rule, prompt))
			return 0;
	return 1;
}

/* A key goes over by reference: the address of the pointer from which the key
 * management takes it. */
static int
deliver_key(struct eh_key **keyp, OSSL_CALLBACK *callback, void *arg)
{
	char data_type[] = EH_KEYMGMT_EC;
	int type = OSSL_OBJECT_PKEY;
	OSSL_PARAM params[4];

	params[0] = OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type);
	params[1] = OSSL_PARAM_construct_utf8_string(
	    OSSL_OBJECT_PARAM_DATA_TYPE, data_type, 0);
	params[2] = OSSL_PARAM_construct_octet_string(
	    OSSL_OBJECT_PARAM_REFERENCE, keyp, sizeof(*keyp));
	params[3] = OSSL_PARAM_construct_end();
	return callback(params, arg) == 1;
}

static int
deliver_value(
    const CK_ATTRIBUTE *value, OSSL_CALLBACK *callback, void *arg)
{
	int type = OSSL_OBJECT_CERT;
	OSSL_PARAM params[3];

	params[0] = OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type);
	params[1] = OSSL_PARAM_construct_octet_string(
	    OSSL_OBJECT_PARAM_DATA, value->pValue, value->ulValueLen);
	params[2] = OSSL_PARAM_construct_end();
	return callback(params, arg) == 1;
}

static int
deliver_certificate(struct loader *loader, const struct item *item,
    OSSL_CALLBACK *callback, void *arg)
{
	CK_ATTRIBUTE value = { CKA_VALUE, NULL, 2048 };
	unsigned char *store = NULL;
	CK_SESSION_HANDLE session;
	CK_RV rv;
	int ok = 0;

	if (!eh_slot_alive(item->slot)) {
		eh_err_raise(loader->provider, EH_REASON_STATE,
		    "the process forked or ends while the store was open");
		return 0;
	}
	if (!eh_session_get(loader->provider, item->slot, &session))
		return 0;
	rv = eh_session_read(
	    item->slot, session, item->object, &value, 1, &store);
	eh_session_put(item->slot, session);
	if (rv != CKR_OK)
		eh_err_raise_rv(loader->provider, rv, "C_GetAttributeValue",
		    NULL, loader->uri->shown);
	else if (value.ulValueLen == 0)
		eh_err_raise(loader->provider, EH_REASON_NOT_FOUND,
		    "a certificate of %s has no value", loader->uri->shown);
	else
		ok = deliver_value(&value, callback, arg);
	OPENSSL_free(store);
	return ok;
}

/* What was left out is told when there is nothing else. */
static void
raise_nothing(struct loader *loader)
{
	if (loader->last.code != EH_OK)
		eh_err_raise(loader->provider, EH_REASON_KEY, "%s",
		    eh_error_sentence(&loader->last));
	else
		eh_err_raise(loader->provider, EH_REASON_NOT_FOUND,
		    "nothing fits %s%s", loader->uri->shown,
		    loader->provider->conf.login == EH_LOGIN_NEVER
		    ? " (edgehsm-login is never)" : "");
}

static int
store_load(void *context, OSSL_CALLBACK *callback, void *arg,
    OSSL_PASSPHRASE_CALLBACK *ask, void *ask_arg)
{
	struct eh_login_prompt prompt = { ask, ask_arg };
	struct loader *loader = context;
	struct item *item;

	if (!loader->searched) {
		loader->searched = 1;
		if (!search(loader, &prompt)) {
			loader->at = loader->count;
			return 0;
		}
		if (loader->count == 0)
			raise_nothing(loader);
	}
	if (loader->at >= loader->count)
		return 0;
	item = &loader->items[loader->at++];
	if (item->key != NULL)
		return deliver_key(&item->key, callback, arg);
	return deliver_certificate(loader, item, callback, arg);
}

static int
store_eof(void *context)
{
	struct loader *loader = context;

	return loader->searched && loader->at >= loader->count;
}

static int
store_close(void *context)
{
	store_free(context);
	return 1;
}

/* libcrypto asks this to move a key into another provider's key management:
 * public keys go there whole, private ones stay. */
static int
store_export(void *context, const void *reference, size_t len,
    OSSL_CALLBACK *callback, void *arg)
{
	struct eh_key *key;

	(void)context;
	if (len != sizeof(key))
		return 0;
	memcpy(&key, reference, sizeof(key));
	return key != NULL &&
	    eh_keymgmt_export(key, OSSL_KEYMGMT_SELECT_ALL, callback, arg);
}

/* clang-format off */
static const OSSL_DISPATCH store_functions[] = {
	{ OSSL_FUNC_STORE_OPEN, (void (*)(void))store_open },
	{ OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS,
	  (void (*)(void))store_settable_params },
	{ OSSL_FUNC_STORE_SET_CTX_PARAMS, (void (*)(void))store_set_params },
	{ OSSL_FUNC_STORE_LOAD, (void (*)(void))store_load },
	{ OSSL_FUNC_STORE_EOF, (void (*)(void))store_eof },
	{ OSSL_FUNC_STORE_CLOSE, (void (*)(void))store_close },
	{ OSSL_FUNC_STORE_EXPORT_OBJECT, (void (*)(void))store_export },
	{ 0, NULL }
};

const OSSL_ALGORITHM eh_store_algorithms[] = {
	{ "pkcs11", EH_PROVIDER_PROPERTIES, store_functions,
	  "pkcs11: URIs (RFC 7512)" },
	{ NULL, NULL, NULL, NULL }
};
/* clang-format on */

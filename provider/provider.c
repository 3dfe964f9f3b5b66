/* SPDX-License-Identifier: Apache-2.0 */
/* provider.c - the provider as libcrypto meets it: tables, configuration. */
#include "config.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include "provider/err.h"
#include "provider/keymgmt.h"
#include "provider/p11.h"
#include "provider/provider.h"
#include "provider/signature.h"
#include "provider/store.h"

/* Sessions per token when nobody says otherwise, and the most that may be. */
#define SESSIONS     32
#define SESSIONS_MAX 1024

/* Environment, our name, pkcs11-provider's name: the first that there is. */
struct source {
	const char *environment[2];
	const char *name;
	const char *alias;
};

/* clang-format off */
static const struct source module_path = {
	{ "EDGEHSM_MODULE", "PKCS11_PROVIDER_MODULE" },
	"edgehsm-module-path", "pkcs11-module-path"
};
static const struct source init_args = {
	{ NULL }, "edgehsm-init-args", "pkcs11-module-init-args"
};
static const struct source pin_value = {
	{ "EDGEHSM_PIN" }, NULL, NULL
};
static const struct source pin_path = {
	{ "EDGEHSM_PIN_FILE" }, NULL, NULL
};
static const struct source pin_conf = {
	{ NULL }, "edgehsm-pin", "pkcs11-module-token-pin"
};
static const struct source authorization = {
	{ "EDGEHSM_AUTHORIZATION" }, "edgehsm-authorization", NULL
};
static const struct source sessions = {
	{ NULL }, "edgehsm-sessions", NULL
};
static const struct source login = {
	{ NULL }, "edgehsm-login", "pkcs11-module-login-behavior"
};
/* clang-format on */

static const char *
from_conf(struct eh_provider *provider, const char *name)
{
	const char *value = NULL;
	OSSL_PARAM params[2];

	if (name == NULL || provider->get_params == NULL)
		return NULL;
	params[0] = OSSL_PARAM_construct_utf8_ptr(name, (char **)&value, 0);
	params[1] = OSSL_PARAM_construct_end();
	if (!provider->get_params(provider->handle, params))
		return NULL;
	return value;
}

/* An empty text is as good as none. */
static const char *
given(struct eh_provider *provider, const struct source *source)
{
	const char *value = NULL;

	for (size_t i = 0; i < 2; i++) {
		if (source->environment[i] == NULL)
			continue;
		value = secure_getenv(source->environment[i]);
		if (value != NULL && value[0] != '\0')
			return value;
	}
	value = from_conf(provider, source->name);
	if (value == NULL || value[0] == '\0')
		value = from_conf(provider, source->alias);
	return value != NULL && value[0] != '\0' ? value : NULL;
}

static int
keep(char **copyp, const char *text)
{
	*copyp = text != NULL ? OPENSSL_strdup(text) : NULL;
	return text == NULL || *copyp != NULL;
}

/* The environment first, and in it the file, as the edgehsm command does. */
static int
keep_pin(struct eh_provider *provider)
{
	struct eh_provider_conf *conf = &provider->conf;
	const char *value = given(provider, &pin_value);
	const char *path = given(provider, &pin_path);

	if (path != NULL)
		return keep(&conf->pin_file, path);
	if (value != NULL)
		return keep(&conf->pin, value);
	value = given(provider, &pin_conf);
	if (value != NULL && strncmp(value, "file:", 5) == 0)
		return keep(&conf->pin_file, value);
	return keep(&conf->pin, value);
}

static int
set_sessions(struct eh_provider *provider)
{
	const char *text = given(provider, &sessions);
	char *end = NULL;
	unsigned long n;

	provider->conf.sessions = SESSIONS;
	if (text == NULL)
		return 1;
	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || text[0] == '-' ||
	    n < 1 || n > SESSIONS_MAX) {
		eh_err_raise(provider, EH_REASON_CONFIG,
		    "edgehsm-sessions is \"%s\", not a number from 1 to %d",
		    text, SESSIONS_MAX);
		return 0;
	}
	provider->conf.sessions = n;
	return 1;
}

static int
set_login(struct eh_provider *provider)
{
	static const struct {
		const char *text;
		enum eh_provider_login login;
	} words[] = {
		{ "auto", EH_LOGIN_AUTO },
		{ "always", EH_LOGIN_ALWAYS },
		{ "never", EH_LOGIN_NEVER },
	};
	const char *text = given(provider, &login);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (text == NULL || strcmp(text, words[i].text) == 0) {
			provider->conf.login = words[i].login;
			return 1;
		}
	eh_err_raise(provider, EH_REASON_CONFIG,
	    "edgehsm-login is \"%s\", not auto, always or never", text);
	return 0;
}

static int
read_conf(struct eh_provider *provider)
{
	struct eh_provider_conf *conf = &provider->conf;
	const char *path = given(provider, &module_path);

	if (!keep(&conf->module_path, path != NULL ? path : EH_MODULE_PATH) ||
	    !keep(&conf->init_args, given(provider, &init_args)) ||
	    !keep(&conf->authorization, given(provider, &authorization)) ||
	    !keep_pin(provider)) {
		eh_err_raise(provider, EH_REASON_MEMORY, "the configuration");
		return 0;
	}
	return set_sessions(provider) && set_login(provider);
}

OSSL_LIB_CTX *
eh_provider_plain(struct eh_provider *provider)
{
	OSSL_LIB_CTX *plain = atomic_load(&provider->plain), *none = NULL;

	if (plain != NULL)
		return plain;
	/* Where nothing is loaded, libcrypto falls back to "default"; no file
	 * of configuration is read for such a context. */
	plain = OSSL_LIB_CTX_new();
	if (plain == NULL) {
		eh_err_raise(provider, EH_REASON_CRYPTO,
		    "a library context cannot be made");
		return NULL;
	}
	if (atomic_compare_exchange_strong(&provider->plain, &none, plain))
		return plain;
	OSSL_LIB_CTX_free(plain);
	return none;
}

static void
free_provider(struct eh_provider *provider)
{
	struct eh_provider_conf *conf = &provider->conf;

	OSSL_LIB_CTX_free(atomic_load(&provider->plain));
	if (conf->pin != NULL)
		OPENSSL_clear_free(conf->pin, strlen(conf->pin));
	OPENSSL_free(conf->pin_file);
	OPENSSL_free(conf->module_path);
	OPENSSL_free(conf->init_args);
	OPENSSL_free(conf->authorization);
	OPENSSL_free(provider);
}

/*
 * No token call here: libcrypto tears providers down from its own exit
 * handler, after the module's destructors have run (p11.c: finish).
 */
static void
teardown(void *context)
{
	free_provider(context);
	eh_p11_unref();
}

static const OSSL_PARAM *
gettable_params(void *context)
{
	static const OSSL_PARAM gettable[] = {
		OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_NAME, NULL, 0),
		OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_VERSION, NULL, 0),
		OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_BUILDINFO, NULL, 0),
		OSSL_PARAM_int(OSSL_PROV_PARAM_STATUS, NULL),
		OSSL_PARAM_END
	};

	(void)context;
	return gettable;
}

static int
set_text(OSSL_PARAM params[], const char *name, const char *value)
{
	OSSL_PARAM *p = OSSL_PARAM_locate(params, name);

	return p == NULL || OSSL_PARAM_set_utf8_ptr(p, value);
}

static int
get_params(void *context, OSSL_PARAM params[])
{
	OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);

	(void)context;
	return (p == NULL || OSSL_PARAM_set_int(p, 1)) &&
	    set_text(params, OSSL_PROV_PARAM_NAME, "EdgeHSM provider") &&
	    set_text(params, OSSL_PROV_PARAM_VERSION, PACKAGE_VERSION) &&
	    set_text(params, OSSL_PROV_PARAM_BUILDINFO, PACKAGE_STRING);
}

static const OSSL_ALGORITHM *
query(void *context, int operation, int *no_cache)
{
	(void)context;
	*no_cache = 0;
	switch (operation) {
	case OSSL_OP_STORE:
		return eh_store_algorithms;
	case OSSL_OP_KEYMGMT:
		return eh_keymgmt_algorithms;
	case OSSL_OP_SIGNATURE:
		return eh_signature_algorithms;
	default:
		return NULL;
	}
}

static const OSSL_ITEM *
reasons(void *context)
{
	(void)context;
	return eh_err_reasons;
}

/* clang-format off */
static const OSSL_DISPATCH functions[] = {
	{ OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))teardown },
	{ OSSL_FUNC_PROVIDER_GETTABLE_PARAMS,
	  (void (*)(void))gettable_params },
	{ OSSL_FUNC_PROVIDER_GET_PARAMS, (void (*)(void))get_params },
	{ OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query },
	{ OSSL_FUNC_PROVIDER_GET_REASON_STRINGS, (void (*)(void))reasons },
	{ 0, NULL }
};
/* clang-format on */

static void
take_core(struct eh_provider *provider, const OSSL_DISPATCH *in)
{
	for (; in->function_id != 0; in++)
		switch (in->function_id) {
		case OSSL_FUNC_CORE_GET_PARAMS:
			provider->get_params = OSSL_FUNC_core_get_params(in);
			break;
		case OSSL_FUNC_CORE_NEW_ERROR:
			provider->new_error = OSSL_FUNC_core_new_error(in);
			break;
		case OSSL_FUNC_CORE_SET_ERROR_DEBUG:
			provider->set_error_debug =
			    OSSL_FUNC_core_set_error_debug(in);
			break;
		case OSSL_FUNC_CORE_VSET_ERROR:
			provider->vset_error = OSSL_FUNC_core_vset_error(in);
			break;
		default:
			break;
		}
}

__attribute__((visibility("default"))) int
OSSL_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
    const OSSL_DISPATCH **out, void **contextp)
{
	struct eh_provider *provider = OPENSSL_zalloc(sizeof(*provider));

	if (provider == NULL)
		return 0;
	provider->handle = handle;
	take_core(provider, in);
	if (!read_conf(provider) || !eh_p11_ref()) {
		free_provider(provider);
		return 0;
	}
	*out = functions;
	*contextp = provider;
	return 1;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* p11.c - a PKCS#11 token as backend: load, find, log in, lend sessions. */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/file.h"
#include "common/wipe.h"
#include "quota-engine/backend/p11.h"

#define PIN_MAX	  256
#define SLOTS_MAX 256
#define LABEL_LEN 32

/* What a sentence calls the file of the configuration. */
static const char *
conf_name(const struct eh_conf *conf)
{
	return conf->path != NULL ? conf->path : "edgehsm.conf";
}

/* clang-format off */
static const struct { CK_RV rv; const char *name; } rv_names[] = {
	{ CKR_HOST_MEMORY, "CKR_HOST_MEMORY" },
	{ CKR_GENERAL_ERROR, "CKR_GENERAL_ERROR" },
	{ CKR_FUNCTION_FAILED, "CKR_FUNCTION_FAILED" },
	{ CKR_ARGUMENTS_BAD, "CKR_ARGUMENTS_BAD" },
	{ CKR_ATTRIBUTE_TYPE_INVALID, "CKR_ATTRIBUTE_TYPE_INVALID" },
	{ CKR_ATTRIBUTE_VALUE_INVALID, "CKR_ATTRIBUTE_VALUE_INVALID" },
	{ CKR_DEVICE_ERROR, "CKR_DEVICE_ERROR" },
	{ CKR_DEVICE_MEMORY, "CKR_DEVICE_MEMORY" },
	{ CKR_DEVICE_REMOVED, "CKR_DEVICE_REMOVED" },
	{ CKR_KEY_HANDLE_INVALID, "CKR_KEY_HANDLE_INVALID" },
	{ CKR_MECHANISM_INVALID, "CKR_MECHANISM_INVALID" },
	{ CKR_OBJECT_HANDLE_INVALID, "CKR_OBJECT_HANDLE_INVALID" },
	{ CKR_PIN_INCORRECT, "CKR_PIN_INCORRECT" },
	{ CKR_PIN_LOCKED, "CKR_PIN_LOCKED" },
	{ CKR_SESSION_COUNT, "CKR_SESSION_COUNT" },
	{ CKR_SESSION_HANDLE_INVALID, "CKR_SESSION_HANDLE_INVALID" },
	{ CKR_TEMPLATE_INCONSISTENT, "CKR_TEMPLATE_INCONSISTENT" },
	{ CKR_TOKEN_NOT_PRESENT, "CKR_TOKEN_NOT_PRESENT" },
	{ CKR_TOKEN_WRITE_PROTECTED, "CKR_TOKEN_WRITE_PROTECTED" },
	{ CKR_USER_NOT_LOGGED_IN, "CKR_USER_NOT_LOGGED_IN" },
	{ CKR_USER_PIN_NOT_INITIALIZED, "CKR_USER_PIN_NOT_INITIALIZED" },
};

/* What the boundary uses; a token without one of them is of no use to it. */
static const struct { CK_MECHANISM_TYPE type; const char *name; } needed[] = {
	{ CKM_EC_KEY_PAIR_GEN, "CKM_EC_KEY_PAIR_GEN" },
	{ CKM_ECDSA, "CKM_ECDSA" },
	{ CKM_GENERIC_SECRET_KEY_GEN, "CKM_GENERIC_SECRET_KEY_GEN" },
	{ CKM_SHA256_HMAC, "CKM_SHA256_HMAC" },
};
/* clang-format on */

static const char *
rv_name(CK_RV rv)
{
	for (size_t i = 0; i < sizeof(rv_names) / sizeof(rv_names[0]); i++)
		if (rv_names[i].rv == rv)
			return rv_names[i].name;
	return "CKR";
}

int
eh_p11_failed(CK_RV rv, const char *call, struct eh_error *error)
{
	return eh_error_set(error, EH_ERR_BACKEND,
	    "the key store's %s failed: %s (0x%lx)", call, rv_name(rv), rv);
}

/* Only before the first thread: setenv() and getenv() know no locks. */
static int
set_environment(const struct eh_conf *conf, struct eh_error *error)
{
	for (size_t i = 0; i < conf->backend_nenv; i++)
		if (setenv(conf->backend_env[i].name,
			conf->backend_env[i].value, 1) != 0)
			return eh_error_set(error, EH_ERR_CONFIG,
			    "%s: backend.env.%s: %s", conf_name(conf),
			    conf->backend_env[i].name, strerror(errno));
	return EH_OK;
}

static int
load(struct eh_p11 *b, const struct eh_conf *conf, struct eh_error *error)
{
	CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };
	CK_C_GetFunctionList get = NULL;
	CK_RV rv;

	b->library = dlopen(conf->backend_module, RTLD_NOW | RTLD_LOCAL);
	if (b->library == NULL)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "%s: backend.module cannot be loaded: %s", conf_name(conf),
		    dlerror());
	/* ISO C has no cast from an object to a function pointer. */
	*(void **)&get = dlsym(b->library, "C_GetFunctionList");
	if (get == NULL || get(&b->p11) != CKR_OK || b->p11 == NULL)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "%s: backend.module %s is not a PKCS#11 module",
		    conf_name(conf), conf->backend_module);
	if ((rv = b->p11->C_Initialize(&args)) != CKR_OK)
		return eh_p11_failed(rv, "C_Initialize", error);
	b->initialized = 1;
	return EH_OK;
}

/* A token's label is blank-padded to 32 bytes. */
static int
label_is(const CK_TOKEN_INFO *info, const char *label)
{
	CK_UTF8CHAR padded[LABEL_LEN];
	size_t len = strlen(label);

	if (len > sizeof(padded))
		return 0;
	memset(padded, ' ', sizeof(padded));
	memcpy(padded, label, len);
	return memcmp(padded, info->label, sizeof(padded)) == 0;
}

/*
 * At each login SoftHSM 2.6.1 cuts the file token.object to nothing and then
 * writes it.  Killed between the two it does not know the token any more, whose
 * keys lie beside that file.
 */
static int
token_absent(
    struct eh_p11 *b, const struct eh_conf *conf, struct eh_error *error)
{
	static const char maker[] = "SoftHSM";
	CK_INFO info;
	int is_soft = b->p11->C_GetInfo(&info) == CKR_OK &&
	    memcmp(info.manufacturerID, maker, sizeof(maker) - 1) == 0;

	return eh_error_set(error, EH_ERR_CONFIG,
	    "%s: backend.token: no token with the label '%s' in %s; if there "
	    "was one before, put back a copy of the key store%s",
	    conf_name(conf), conf->backend_token, conf->backend_module,
	    is_soft ? " (SoftHSM loses a token when it is killed at its login: "
		      "edgehsmd(8))"
		    : "");
}

/* Slot numbers of SoftHSM are random: the label is what names a token. */
static int
find_token(struct eh_p11 *b, const struct eh_conf *conf,
    struct eh_error *error)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG n = SLOTS_MAX;
	CK_TOKEN_INFO info;
	unsigned found = 0;
	CK_RV rv;

	if ((rv = b->p11->C_GetSlotList(CK_TRUE, slots, &n)) != CKR_OK)
		return eh_p11_failed(rv, "C_GetSlotList", error);
	for (CK_ULONG i = 0; i < n; i++) {
		if (b->p11->C_GetTokenInfo(slots[i], &info) != CKR_OK ||
		    (info.flags & CKF_TOKEN_INITIALIZED) == 0 ||
		    !label_is(&info, conf->backend_token))
			continue;
		b->slot = slots[i];
		found++;
	}
	if (found == 0)
		return token_absent(b, conf, error);
	if (found > 1)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "%s: backend.token: %u tokens in %s have the label '%s'; "
		    "one must be left",
		    conf_name(conf), found, conf->backend_module,
		    conf->backend_token);
	return EH_OK;
}

static int
check_mechanisms(struct eh_p11 *b, const struct eh_conf *conf,
    struct eh_error *error)
{
	CK_MECHANISM_INFO info;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (b->p11->C_GetMechanismInfo(
			b->slot, needed[i].type, &info) != CKR_OK)
			return eh_error_set(error, EH_ERR_CONFIG,
			    "%s: backend.token: the token '%s' lacks %s",
			    conf_name(conf), conf->backend_token,
			    needed[i].name);
	return EH_OK;
}

/* The file's first line; the PIN is a secret, so it stays in one buffer. */
static int
read_pin(const struct eh_conf *conf, struct eh_buf *pin,
    struct eh_error *error)
{
	struct eh_error why;
	int err;

	eh_error_clear(&why);
	if ((err = eh_file_check_private_file(
		 conf->backend_pin_file, &why)) == EH_OK)
		err = eh_file_read(
		    conf->backend_pin_file, PIN_MAX, pin, &why);
	if (err != EH_OK)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "%s: backend.pin-file: %s", conf_name(conf),
		    eh_error_sentence(&why));
	while (pin->len > 0 && (pin->data[pin->len - 1] == '\n' ||
	    pin->data[pin->len - 1] == '\r'))
		pin->len--;
	if (pin->len == 0)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "%s: backend.pin-file: %s is empty", conf_name(conf),
		    conf->backend_pin_file);
	return EH_OK;
}

/* One try only: a real HSM locks its PIN after a few. */
static int
log_in(struct eh_p11 *b, const struct eh_conf *conf, struct eh_error *error)
{
	CK_SESSION_HANDLE session = 0;
	struct eh_buf pin;
	CK_RV rv;
	int err;

	eh_buf_init(&pin, PIN_MAX);
	if ((err = read_pin(conf, &pin, error)) != EH_OK ||
	    (err = eh_p11_take(b, &session, error)) != EH_OK)
		goto out;
	rv = b->p11->C_Login(session, CKU_USER, pin.data, pin.len);
	eh_p11_give(b, session);
	if (rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LEN_RANGE ||
	    rv == CKR_PIN_INVALID)
		err = eh_error_set(error, EH_ERR_CONFIG,
		    "%s: backend.pin-file: the PIN in %s is not that of the "
		    "token '%s'",
		    conf_name(conf), conf->backend_pin_file,
		    conf->backend_token);
	else if (rv == CKR_PIN_LOCKED)
		err = eh_error_set(error, EH_ERR_CONFIG,
		    "%s: backend.token: the PIN of the token '%s' is locked",
		    conf_name(conf), conf->backend_token);
	else if (rv != CKR_OK)
		err = eh_p11_failed(rv, "C_Login", error);
out:
	eh_buf_free(&pin);
	return err;
}

int
eh_p11_take(
    struct eh_p11 *b, CK_SESSION_HANDLE *sessionp, struct eh_error *error)
{
	CK_RV rv;

	pthread_mutex_lock(&b->pool);
	while (b->nidle == 0 && b->nopen == EH_P11_SESSIONS)
		pthread_cond_wait(&b->returned, &b->pool);
	if (b->nidle > 0) {
		*sessionp = b->idle[--b->nidle];
		pthread_mutex_unlock(&b->pool);
		return EH_OK;
	}
	b->nopen++;
	pthread_mutex_unlock(&b->pool);

	rv = b->p11->C_OpenSession(b->slot,
	    CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, sessionp);
	if (rv == CKR_OK)
		return EH_OK;
	pthread_mutex_lock(&b->pool);
	b->nopen--;
	pthread_cond_signal(&b->returned);
	pthread_mutex_unlock(&b->pool);
	return eh_p11_failed(rv, "C_OpenSession", error);
}

void
eh_p11_give(struct eh_p11 *b, CK_SESSION_HANDLE session)
{
	pthread_mutex_lock(&b->pool);
	b->idle[b->nidle++] = session;
	pthread_cond_signal(&b->returned);
	pthread_mutex_unlock(&b->pool);
}

int
eh_backend_p11_open(const struct eh_conf *conf, struct eh_backend **backendp,
    struct eh_error *error)
{
	struct eh_p11 *b;
	int err;

	*backendp = NULL;
	if ((err = eh_conf_check_backend(conf, error)) != EH_OK)
		return err;
	if ((b = calloc(1, sizeof(*b))) == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	b->base.ops = &eh_p11_ops;
	pthread_mutex_init(&b->pool, NULL);
	pthread_mutex_init(&b->objects, NULL);
	pthread_cond_init(&b->returned, NULL);
	if ((err = set_environment(conf, error)) != EH_OK ||
	    (err = load(b, conf, error)) != EH_OK ||
	    (err = find_token(b, conf, error)) != EH_OK ||
	    (err = check_mechanisms(b, conf, error)) != EH_OK ||
	    (err = log_in(b, conf, error)) != EH_OK) {
		eh_backend_close(&b->base);
		return err;
	}
	*backendp = &b->base;
	return EH_OK;
}

void
eh_backend_close(struct eh_backend *backend)
{
	if (backend != NULL)
		backend->ops->close(backend);
}

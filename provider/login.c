/* SPDX-License-Identifier: Apache-2.0 */
/* login.c - where a PIN comes from, and the login with it. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include "provider/err.h"
#include "provider/login.h"
#include "provider/provider.h"
#include "provider/session.h"

/* How long a PIN that the token refused is not sent again, seconds. */
#define REFUSED_FOR 60

struct pin {
	char text[EH_PIN_MAX + 2]; /* one more, to see that it is too long */
	size_t len;
	int typed; /* by a person, just now */
};

static int
set_pin(struct eh_provider *provider, struct pin *pin, const char *text,
    const char *where)
{
	size_t len = strlen(text);

	if (len > EH_PIN_MAX) {
		eh_err_raise(provider, EH_REASON_PIN,
		    "the PIN in %s has %zu characters, at most %d are taken",
		    where, len, EH_PIN_MAX);
		return 0;
	}
	memcpy(pin->text, text, len);
	pin->len = len;
	return 1;
}

/* The first line of the file. */
static int
read_pin(struct eh_provider *provider, struct pin *pin, const char *path)
{
	ssize_t got = -1;
	int fd;

	if (strncmp(path, "file:", 5) == 0)
		path += 5;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd >= 0)
		got = read(fd, pin->text, sizeof(pin->text));
	if (got < 0) {
		eh_err_raise(provider, EH_REASON_PIN,
		    "PIN file %s cannot be read: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return 0;
	}
	close(fd);
	pin->len = 0;
	while (pin->len < (size_t)got && pin->text[pin->len] != '\n' &&
	    pin->text[pin->len] != '\r' && pin->text[pin->len] != '\0')
		pin->len++;
	if (pin->len > 0 && pin->len <= EH_PIN_MAX)
		return 1;
	eh_err_raise(provider, EH_REASON_PIN,
	    "PIN file %s has no PIN of 1 to %d characters in its first line",
	    path, EH_PIN_MAX);
	return 0;
}

static int
ask_pin(struct eh_provider *provider, struct pin *pin,
    const struct eh_slot *slot, const struct eh_login_prompt *prompt)
{
	char what[80];
	OSSL_PARAM params[2];
	size_t len = 0;

	snprintf(what, sizeof(what), "PIN of token %.32s",
	    (const char *)slot->token.label);
	for (size_t end = strlen(what); end > 0 && what[end - 1] == ' '; end--)
		what[end - 1] = '\0';
	params[0] = OSSL_PARAM_construct_utf8_string(
	    OSSL_PASSPHRASE_PARAM_INFO, what, 0);
	params[1] = OSSL_PARAM_construct_end();
	if (prompt != NULL && prompt->ask != NULL &&
	    prompt->ask(pin->text, EH_PIN_MAX, &len, params, prompt->arg) &&
	    len > 0 && len <= EH_PIN_MAX) {
		pin->len = len;
		pin->typed = 1;
		return 1;
	}
	eh_err_raise(provider, EH_REASON_NOT_LOGGED_IN,
	    "token \"%s\" asks for a PIN: give edgehsm-pin in openssl.cnf, "
	    "EDGEHSM_PIN_FILE, or pin-source in the URI", what + 13);
	return 0;
}

static const struct eh_slot_pin *
typed_before(const struct eh_slot *slot)
{
	const struct eh_slot_pin *typed = atomic_load(&slot->typed);

	return typed != NULL && typed->len > 0 ? typed : NULL;
}

static int
find_pin(struct eh_provider *provider, struct pin *pin,
    const struct eh_slot *slot, const struct eh_uri *uri,
    const struct eh_login_prompt *prompt)
{
	const struct eh_slot_pin *typed = typed_before(slot);

	if (uri != NULL && uri->pin != NULL)
		return set_pin(provider, pin, uri->pin, "the URI");
	if (uri != NULL && uri->pin_source != NULL)
		return read_pin(provider, pin, uri->pin_source);
	if (provider->conf.pin != NULL)
		return set_pin(
		    provider, pin, provider->conf.pin, "the configuration");
	if (provider->conf.pin_file != NULL)
		return read_pin(provider, pin, provider->conf.pin_file);
	if (typed != NULL)
		return set_pin(provider, pin, typed->text, "memory");
	return ask_pin(provider, pin, slot, prompt);
}

int
eh_login_is_silent(struct eh_provider *provider,
    const struct eh_slot *slot, const struct eh_uri *uri)
{
	if (!(slot->token.flags & CKF_LOGIN_REQUIRED) ||
	    (slot->token.flags & CKF_PROTECTED_AUTHENTICATION_PATH) ||
	    atomic_load(&slot->logged_in))
		return 1;
	return (uri != NULL && (uri->pin != NULL || uri->pin_source != NULL)) ||
	    provider->conf.pin != NULL || provider->conf.pin_file != NULL ||
	    typed_before(slot) != NULL;
}

static time_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static int
was_refused(const struct eh_slot *slot, const struct pin *pin)
{
	return slot->refused_len > 0 && slot->refused_len == pin->len &&
	    CRYPTO_memcmp(slot->refused, pin->text, pin->len) == 0 &&
	    now() - slot->refused_at < REFUSED_FOR;
}

static void
remember_refused(struct eh_slot *slot, const struct pin *pin)
{
	OPENSSL_cleanse(slot->refused, sizeof(slot->refused));
	memcpy(slot->refused, pin->text, pin->len);
	slot->refused_len = pin->len;
	slot->refused_at = now();
}

static void
remember_typed(struct eh_slot *slot, const struct pin *pin)
{
	struct eh_slot_pin *typed = OPENSSL_zalloc(sizeof(*typed));

	if (typed == NULL)
		return;
	memcpy(typed->text, pin->text, pin->len);
	typed->len = pin->len;
	typed->before = atomic_load(&slot->typed);
	atomic_store(&slot->typed, typed);
}

/* What was typed is forgotten once the token refuses it: one asks again. */
static void
learn(struct eh_slot *slot, const struct pin *pin, CK_RV rv)
{
	static const struct pin none;

	if (rv == CKR_OK && pin->typed)
		remember_typed(slot, pin);
	if (rv != CKR_PIN_INCORRECT)
		return;
	remember_refused(slot, pin);
	if (typed_before(slot) != NULL)
		remember_typed(slot, &none);
}

static int
log_in(struct eh_provider *provider, struct eh_slot *slot,
    CK_SESSION_HANDLE session, CK_USER_TYPE user, struct pin *pin)
{
	int keypad = (slot->token.flags & CKF_PROTECTED_AUTHENTICATION_PATH) !=
	    0;
	char sentence[EH_ERROR_TEXT];
	CK_RV rv;

	if (!keypad && was_refused(slot, pin)) {
		eh_err_raise(provider, EH_REASON_PIN,
		    "token \"%.32s\" refused this PIN less than %d s ago; it "
		    "was not sent again",
		    (const char *)slot->token.label, REFUSED_FOR);
		return 0;
	}
	eh_err_enter_module();
	rv = slot->module->f->C_Login(session, user,
	    keypad ? NULL : (CK_UTF8CHAR *)pin->text, keypad ? 0 : pin->len);
	eh_err_leave_module();
	if (rv == CKR_USER_ALREADY_LOGGED_IN)
		return 1;
	learn(slot, pin, rv);
	if (rv == CKR_OK)
		return 1;
	eh_session_sentence(slot, session, rv, sentence, sizeof(sentence));
	eh_err_raise_rv(provider, rv, "C_Login", sentence, NULL);
	return 0;
}

static int
find_and_log_in(struct eh_provider *provider, struct eh_slot *slot,
    CK_SESSION_HANDLE session, CK_USER_TYPE user, const struct eh_uri *uri,
    const struct eh_login_prompt *prompt)
{
	struct pin pin = { .len = 0 };
	int ok = 1;

	if (!(slot->token.flags & CKF_PROTECTED_AUTHENTICATION_PATH))
		ok = find_pin(provider, &pin, slot, uri, prompt);
	ok = ok && log_in(provider, slot, session, user, &pin);
	OPENSSL_cleanse(&pin, sizeof(pin));
	return ok;
}

/* The process may have logged in itself, through the same module: then nobody
 * is asked for a PIN that the token knows already. */
static int
is_logged_in(const struct eh_slot *slot, CK_SESSION_HANDLE session)
{
	CK_SESSION_INFO info = { 0 };
	CK_RV rv;

	eh_err_enter_module();
	rv = slot->module->f->C_GetSessionInfo(session, &info);
	eh_err_leave_module();
	return rv == CKR_OK && (info.state == CKS_RO_USER_FUNCTIONS ||
				   info.state == CKS_RW_USER_FUNCTIONS);
}

int
eh_login(struct eh_provider *provider, struct eh_slot *slot,
    CK_SESSION_HANDLE session, const struct eh_uri *uri,
    const struct eh_login_prompt *prompt)
{
	int ok = 1;

	if (!(slot->token.flags & CKF_LOGIN_REQUIRED) ||
	    provider->conf.login == EH_LOGIN_NEVER ||
	    atomic_load(&slot->logged_in))
		return 1;
	/* A login is the token's, not the session's: one thread does it. */
	pthread_mutex_lock(&slot->login);
	if (!atomic_load(&slot->logged_in)) {
		ok = is_logged_in(slot, session) ||
		    find_and_log_in(
			provider, slot, session, CKU_USER, uri, prompt);
		if (ok)
			atomic_store(&slot->logged_in, 1);
	}
	pthread_mutex_unlock(&slot->login);
	return ok;
}

void
eh_login_forget(struct eh_slot *slot)
{
	atomic_store(&slot->logged_in, 0);
}

int
eh_login_for_key(struct eh_provider *provider, struct eh_slot *slot,
    CK_SESSION_HANDLE session, const struct eh_uri *uri)
{
	int ok;

	pthread_mutex_lock(&slot->login);
	ok = find_and_log_in(
	    provider, slot, session, CKU_CONTEXT_SPECIFIC, uri, NULL);
	pthread_mutex_unlock(&slot->login);
	return ok;
}

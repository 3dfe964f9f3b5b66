/* SPDX-License-Identifier: Apache-2.0 */
/* slot.c - tokens: found by URI, found again after a fork. */
#include "config.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "common/err.h"
#include "provider/err.h"
#include "provider/provider.h"
#include "provider/session.h"
#include "provider/slot.h"

/* More than any module that we know has; where there are more, one asks again
 * with more room. */
#define SLOTS      64
#define MECHANISMS 256

static void
wipe(struct eh_slot *slot)
{
	struct eh_slot_pin *pin, *before;

	for (pin = atomic_load(&slot->typed); pin != NULL; pin = before) {
		before = pin->before;
		OPENSSL_clear_free(pin, sizeof(*pin));
	}
	OPENSSL_free(atomic_load(&slot->mechanisms));
	OPENSSL_free(slot->idle);
	OPENSSL_clear_free(slot, sizeof(*slot));
}

void
eh_slot_free_all(struct eh_slot *slot)
{
	struct eh_slot *next;

	for (; slot != NULL; slot = next) {
		next = slot->next;
		wipe(slot);
	}
}

int
eh_slot_any_in_use(const struct eh_slot *slot)
{
	size_t out = 0;

	for (; slot != NULL; slot = slot->next)
		out += slot->open - slot->nidle;
	return out > 0;
}

static int
same_token(const CK_TOKEN_INFO *a, const CK_TOKEN_INFO *b)
{
	return memcmp(a->label, b->label, sizeof(a->label)) == 0 &&
	    memcmp(a->serialNumber, b->serialNumber,
		sizeof(a->serialNumber)) == 0 &&
	    memcmp(a->model, b->model, sizeof(a->model)) == 0 &&
	    memcmp(a->manufacturerID, b->manufacturerID,
		sizeof(a->manufacturerID)) == 0;
}

static int
add_slot(struct eh_p11_life *life, CK_SLOT_ID id, const CK_TOKEN_INFO *token)
{
	struct eh_slot *slot, **end = &life->slots;
	pthread_condattr_t monotonic;

	for (; (slot = *end) != NULL; end = &slot->next) {
		if (slot->id != id || slot->replaced)
			continue;
		if (same_token(&slot->token, token))
			return 1;
		slot->replaced = 1;
	}
	slot = OPENSSL_zalloc(sizeof(*slot));
	if (slot == NULL)
		return 0;
	slot->life = life;
	slot->module = life->module;
	slot->id = id;
	slot->token = *token;
	pthread_mutex_init(&slot->lock, NULL);
	pthread_mutex_init(&slot->login, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&slot->returned, &monotonic);
	pthread_condattr_destroy(&monotonic);
	*end = slot;
	return 1;
}

/* Ask for the slots with a token; OPENSSL_free() the result. */
static CK_RV
slot_ids(struct eh_p11_module *module, CK_SLOT_ID **idsp, CK_ULONG *countp)
{
	CK_ULONG room = SLOTS;
	CK_RV rv;

	do {
		*idsp = OPENSSL_malloc(room * sizeof(**idsp));
		if (*idsp == NULL)
			return CKR_HOST_MEMORY;
		*countp = room;
		rv = module->f->C_GetSlotList(CK_TRUE, *idsp, countp);
		if (rv == CKR_OK)
			return CKR_OK;
		OPENSSL_free(*idsp);
		*idsp = NULL;
		room *= 4;
	} while (rv == CKR_BUFFER_TOO_SMALL && room <= SLOTS * 256);
	return rv;
}

static int
look_for_tokens(struct eh_provider *provider, struct eh_p11_life *life)
{
	struct eh_p11_module *module = life->module;
	char sentence[EH_ERROR_TEXT];
	CK_SLOT_ID *ids = NULL;
	CK_TOKEN_INFO token;
	CK_ULONG count = 0;
	CK_RV rv;
	int ok = 0;

	eh_err_enter_module();
	rv = slot_ids(module, &ids, &count);
	eh_err_leave_module();
	if (rv != CKR_OK) {
		eh_p11_sentence(module, sentence, sizeof(sentence));
		eh_err_raise_rv(provider, rv, "C_GetSlotList", sentence, NULL);
		goto out;
	}
	for (CK_ULONG i = 0; i < count; i++) {
		memset(&token, 0, sizeof(token));
		eh_err_enter_module();
		rv = module->f->C_GetTokenInfo(ids[i], &token);
		eh_err_leave_module();
		if (rv != CKR_OK || !(token.flags & CKF_TOKEN_INITIALIZED))
			continue;
		if (!add_slot(life, ids[i], &token)) {
			eh_err_raise(provider, EH_REASON_MEMORY, "a slot");
			goto out;
		}
	}
	ok = 1;
out:
	OPENSSL_free(ids);
	return ok;
}

static int
covers(const struct eh_uri *uri, struct eh_slot *slot)
{
	CK_SLOT_INFO info = { 0 };
	CK_RV rv;

	if (slot->replaced || !eh_uri_covers_token(uri, &slot->token))
		return 0;
	if (!eh_uri_wants_slot(uri))
		return eh_uri_covers_slot(uri, slot->id, NULL);
	eh_err_enter_module();
	rv = slot->module->f->C_GetSlotInfo(slot->id, &info);
	eh_err_leave_module();
	return rv == CKR_OK && eh_uri_covers_slot(uri, slot->id, &info);
}

static size_t
collect(struct eh_p11_life *life, const struct eh_uri *uri,
    struct eh_slot **slots, size_t cap)
{
	size_t count = 0;

	for (struct eh_slot *slot = life->slots; slot != NULL;
	    slot = slot->next)
		if (count < cap && covers(uri, slot))
			slots[count++] = slot;
	return count;
}

static int
covers_library(struct eh_p11_life *life, const struct eh_uri *uri)
{
	CK_INFO info = { 0 };
	CK_RV rv;

	if (!eh_uri_wants_library(uri))
		return 1;
	eh_err_enter_module();
	rv = life->module->f->C_GetInfo(&info);
	eh_err_leave_module();
	return rv == CKR_OK && eh_uri_covers_library(uri, &info);
}

/*
 * A token in an error state may not even tell its label, as an EdgeHSM that is
 * fail-stopped: it may be the one that is asked for, and why it does not work is
 * what people must read.  Return 1 when there was such a one.
 */
static int
raise_error_state(struct eh_provider *provider, struct eh_p11_life *life)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE any = { CKA_CLASS, &class, sizeof(class) };
	CK_OBJECT_HANDLE *objects = NULL;
	char sentence[EH_ERROR_TEXT];
	CK_SESSION_HANDLE session;
	struct eh_slot *s;
	size_t count = 0;
	CK_RV rv;

	for (s = life->slots; s != NULL; s = s->next)
		if (!s->replaced && (s->token.flags & CKF_ERROR_STATE) != 0)
			break;
	if (s == NULL)
		return 0;
	if (!eh_session_get(provider, s, &session))
		return 1;
	rv = eh_session_find(s, session, &any, 1, &objects, &count);
	eh_session_sentence(s, session, rv, sentence, sizeof(sentence));
	eh_session_put(s, session);
	OPENSSL_free(objects);
	if (rv == CKR_OK)
		return 0;
	eh_err_raise_rv(provider, rv, "C_FindObjects", sentence, NULL);
	return 1;
}

/* Say which tokens there are, or why there are none. */
static void
raise_no_token(struct eh_provider *provider, struct eh_p11_life *life,
    const struct eh_uri *uri)
{
	char list[EH_ERROR_TEXT] = "";
	size_t used = 0;
	int end;

	for (struct eh_slot *s = life->slots; s != NULL; s = s->next) {
		for (end = 32; end > 0 && s->token.label[end - 1] == ' ';)
			end--;
		if (s->replaced || used + 40 > sizeof(list))
			continue;
		used += (size_t)snprintf(list + used, sizeof(list) - used,
		    "%s\"%.*s\"", used > 0 ? ", " : "", end,
		    (const char *)s->token.label);
	}
	if (used == 0)
		eh_p11_sentence(life->module, list, sizeof(list));
	eh_err_raise(provider, EH_REASON_NO_TOKEN,
	    "no token fits %s; module %s %s%s", uri->shown,
	    life->module->path, used > 0 ? "shows " : "says: ",
	    list[0] != '\0' ? list : "there is none");
}

int
eh_slot_find(struct eh_provider *provider, struct eh_p11_module *module,
    const struct eh_uri *uri, struct eh_slot **slots, size_t cap,
    size_t *countp)
{
	struct eh_p11_life *life = eh_p11_enter(provider, module);
	int ok = life != NULL;

	*countp = 0;
	if (!ok)
		return 0;
	if (covers_library(life, uri)) {
		*countp = collect(life, uri, slots, cap);
		if (*countp == 0) {
			ok = look_for_tokens(provider, life);
			*countp = collect(life, uri, slots, cap);
		}
	}
	if (ok && *countp == 0 && !raise_error_state(provider, life))
		raise_no_token(provider, life, uri);
	eh_p11_leave(life);
	return *countp > 0;
}

int
eh_slot_alive(const struct eh_slot *slot)
{
	return eh_p11_alive(slot->life);
}

/* What a person typed is asked for once, also for the child's login. */
static void
inherit(struct eh_slot *slot, const struct eh_slot *from)
{
	const struct eh_slot_pin *typed = atomic_load(&from->typed);
	struct eh_slot_pin *copy, *none = NULL;

	if (typed == NULL || atomic_load(&slot->typed) != NULL)
		return;
	copy = OPENSSL_memdup(typed, sizeof(*typed));
	if (copy == NULL)
		return;
	copy->before = NULL;
	if (!atomic_compare_exchange_strong(&slot->typed, &none, copy))
		OPENSSL_clear_free(copy, sizeof(*copy));
}

static struct eh_slot *
successor(struct eh_p11_life *life, const struct eh_slot *slot)
{
	for (struct eh_slot *s = life->slots; s != NULL; s = s->next)
		if (!s->replaced && same_token(&s->token, &slot->token))
			return s;
	return NULL;
}

struct eh_slot *
eh_slot_again(struct eh_provider *provider, struct eh_slot *slot)
{
	struct eh_slot *found = NULL;
	struct eh_p11_life *life;

	if (eh_slot_alive(slot) && !atomic_load(&slot->replaced))
		return slot;
	if ((life = eh_p11_enter(provider, slot->module)) == NULL)
		return NULL;
	found = successor(life, slot);
	if (found == NULL && look_for_tokens(provider, life)) {
		found = successor(life, slot);
		if (found == NULL)
			eh_err_raise(provider, EH_REASON_TOKEN_GONE,
			    "token \"%.32s\" is not there any more",
			    (const char *)slot->token.label);
	}
	if (found != NULL)
		inherit(found, slot);
	eh_p11_leave(life);
	return found;
}

struct eh_slot *
eh_slot_recheck(struct eh_provider *provider, struct eh_slot *slot)
{
	char sentence[EH_ERROR_TEXT];
	CK_TOKEN_INFO token = { 0 };
	CK_RV rv;

	if (!eh_slot_alive(slot))
		return eh_slot_again(provider, slot);
	eh_err_enter_module();
	rv = slot->module->f->C_GetTokenInfo(slot->id, &token);
	eh_err_leave_module();
	if (rv != CKR_OK) {
		eh_p11_sentence(slot->module, sentence, sizeof(sentence));
		eh_err_raise_rv(provider, rv, "C_GetTokenInfo", sentence, NULL);
		return NULL;
	}
	if (!same_token(&slot->token, &token))
		atomic_store(&slot->replaced, 1);
	return eh_slot_again(provider, slot);
}

static CK_ULONG *
ask_mechanisms(struct eh_slot *slot)
{
	CK_ULONG room = MECHANISMS, count, *list, *none = NULL;
	CK_RV rv;

	do {
		list = OPENSSL_malloc((room + 1) * sizeof(*list));
		if (list == NULL)
			return NULL;
		count = room;
		eh_err_enter_module();
		rv = slot->module->f->C_GetMechanismList(
		    slot->id, list + 1, &count);
		eh_err_leave_module();
		if (rv == CKR_OK)
			break;
		OPENSSL_free(list);
		list = NULL;
		room *= 4;
	} while (rv == CKR_BUFFER_TOO_SMALL && room <= MECHANISMS * 64);
	if (list == NULL)
		return NULL;
	list[0] = count;
	if (atomic_compare_exchange_strong(&slot->mechanisms, &none, list))
		return list;
	OPENSSL_free(list);
	return none;
}

int
eh_slot_lists(struct eh_slot *slot, CK_MECHANISM_TYPE mechanism)
{
	CK_ULONG *list = atomic_load(&slot->mechanisms);

	if (list == NULL)
		list = ask_mechanisms(slot);
	for (CK_ULONG i = 1; list != NULL && i <= list[0]; i++)
		if (list[i] == mechanism)
			return 1;
	return 0;
}

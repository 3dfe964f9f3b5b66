/* SPDX-License-Identifier: Apache-2.0 */
/* create.c - what a client may make, change and destroy. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkcs11-module/attrs.h"
#include "pkcs11-module/create.h"
#include "pkcs11-module/rules.h"
#include "pkcs11-module/view.h"

#define ES256 (-7) /* COSE: ECDSA on P-256 with SHA-256 */

static CK_RV
read_rules(struct eh_session *s, enum eh_rules rules,
    const CK_ATTRIBUTE *template, CK_ULONG n, struct eh_wish *wish)
{
	CK_ATTRIBUTE_TYPE wrong = 0;
	CK_RV rv = eh_attrs_check(template, n, EH_ATTRS_GIVEN);

	if (rv != CKR_OK)
		return rv;
	rv = eh_rules_read(rules, template, n, wish, &wrong);
	if (rv == CKR_OK)
		return rv;
	if (wrong == CKA_TOKEN)
		return eh_session_say(s, rv,
		    "objects of an EdgeHSM are token "
		    "objects: say CKA_TOKEN = true");
	return eh_session_say(
	    s, rv, "attribute 0x%lx cannot be given this value here", wrong);
}

static CK_RV
check_generate(struct eh_session *s, const CK_MECHANISM *mechanism)
{
	CK_RV rv;

	if (mechanism == NULL)
		return CKR_ARGUMENTS_BAD;
	if (mechanism->mechanism != CKM_EC_KEY_PAIR_GEN)
		return CKR_MECHANISM_INVALID;
	if (mechanism->ulParameterLen != 0)
		return CKR_MECHANISM_PARAM_INVALID;
	if ((rv = eh_session_check_writable(s)) != CKR_OK)
		return rv;
	if (eh_client_role(&s->module->client) != EH_ROLE_OPERATOR)
		return eh_session_say(s, CKR_USER_NOT_LOGGED_IN,
		    "making a key needs the operator's login");
	return CKR_OK;
}

/* A change was answered with ${err}.  Where the answer is lost, the change may
 * have been made all the same. */
static void
note_change(struct eh_session *s, int err, const struct eh_reply *reply)
{
	struct eh_cache *cache = &s->module->cache;

	if (err == EH_OK)
		eh_cache_note(
		    cache, eh_wire_number(&reply->map, EH_WIRE_GENERATION));
	else if (err == EH_ERR_NOT_FOUND || err == EH_ERR_UNAVAILABLE ||
	    err == EH_ERR_BUSY)
		eh_cache_forget(cache);
}

static CK_RV
generate(struct eh_session *s, const struct eh_wish *wish, uint64_t *number)
{
	struct eh_module *m = s->module;
	struct eh_wire request;
	struct eh_reply reply;
	int err;

	eh_wire_init(&request, EH_REQ_GENERATE, 0);
	eh_wire_put_number(&request, EH_WIRE_ALG, ES256);
	eh_wire_put_number(&request, EH_WIRE_PURPOSE, (int64_t)wish->purpose);
	eh_wire_put_text(&request, EH_WIRE_LABEL, wish->label);
	eh_wire_put_bytes(&request, EH_WIRE_ID, wish->id, wish->idlen);
	err = eh_client_call(&m->client, &request, &reply, &s->refusal);
	note_change(s, err, &reply);
	if (err == EH_OK)
		*number = eh_wire_number(&reply.map, EH_WIRE_OBJECT);
	eh_reply_wipe(&reply);
	return err == EH_OK ? CKR_OK : eh_session_denied(s, err);
}

/* A pair has one label and one id; whoever gives them to one half only means
 * both. */
static CK_RV
join(struct eh_session *s, struct eh_wish *wish, const struct eh_wish *public)
{
	if (!wish->has_token)
		return eh_session_say(s, CKR_TEMPLATE_INCONSISTENT,
		    "keys of an EdgeHSM are token objects: say CKA_TOKEN = "
		    "true for the private key");
	if (!public->has_params)
		return eh_session_say(s, CKR_TEMPLATE_INCOMPLETE,
		    "CKA_EC_PARAMS must name the curve: P-256");
	if (!wish->has_label)
		memcpy(wish->label, public->label, sizeof(wish->label));
	if (!wish->has_id) {
		memcpy(wish->id, public->id, sizeof(wish->id));
		wish->idlen = public->idlen;
	}
	return CKR_OK;
}

CK_RV
eh_create_key_pair(struct eh_session *s, const CK_MECHANISM *mechanism,
    const struct eh_create_pair *pair, CK_OBJECT_HANDLE *publicp,
    CK_OBJECT_HANDLE *privatep)
{
	struct eh_wish wish, public;
	uint64_t number = 0;
	CK_RV rv;

	if (publicp == NULL || privatep == NULL)
		return CKR_ARGUMENTS_BAD;
	if ((rv = check_generate(s, mechanism)) != CKR_OK ||
	    (rv = read_rules(s, EH_RULES_PUBLIC_KEY, pair->public,
		 pair->npublic, &public)) != CKR_OK ||
	    (rv = read_rules(s, EH_RULES_PRIVATE_KEY, pair->private,
		 pair->nprivate, &wish)) != CKR_OK ||
	    (rv = join(s, &wish, &public)) != CKR_OK ||
	    (rv = generate(s, &wish, &number)) != CKR_OK)
		return rv;
	*publicp = eh_view_handle(EH_KIND_PUBLIC, number);
	*privatep = eh_view_handle(EH_KIND_PRIVATE, number);
	return CKR_OK;
}

CK_RV
eh_create_import(
    struct eh_session *s, const void *bytes, size_t len, char *text, size_t cap)
{
	struct eh_module *m = s->module;
	struct eh_wire request;
	struct eh_reply reply;
	int err;

	eh_wire_init(&request, EH_REQ_IMPORT, 0);
	eh_wire_put_bytes(&request, EH_WIRE_DATA, bytes, len);
	err = eh_client_call(&m->client, &request, &reply, &s->refusal);
	if (err == EH_OK &&
	    eh_wire_text(&reply.map, EH_WIRE_TEXT, text, cap) != EH_OK)
		text[0] = '\0';
	eh_reply_wipe(&reply);
	return err == EH_OK ? CKR_OK : eh_session_denied(s, err);
}

/* Copy a template into one block of memory. */
static CK_ATTRIBUTE *
copy_template(const CK_ATTRIBUTE *template, CK_ULONG n)
{
	size_t size = n * sizeof(CK_ATTRIBUTE);
	CK_ATTRIBUTE *copy;
	unsigned char *at;

	for (CK_ULONG i = 0; i < n; i++)
		size += template[i].ulValueLen;
	if ((copy = malloc(size + 1)) == NULL)
		return NULL;
	at = (unsigned char *)(copy + n);
	for (CK_ULONG i = 0; i < n; i++) {
		copy[i] = template[i];
		copy[i].pValue = at;
		if (copy[i].ulValueLen > 0)
			memcpy(at, template[i].pValue, copy[i].ulValueLen);
		at += copy[i].ulValueLen;
	}
	return copy;
}

static CK_RV
import(struct eh_session *s, const CK_ATTRIBUTE *template, CK_ULONG n,
    CK_OBJECT_HANDLE *out)
{
	struct eh_module *m = s->module;
	struct eh_message *message;
	CK_ATTRIBUTE *copy;
	struct eh_wish wish;
	uint64_t number;
	char text[513];
	CK_RV rv;

	rv = read_rules(s, EH_RULES_MESSAGE, template, n, &wish);
	if (rv != CKR_OK)
		return rv;
	if (wish.value == NULL)
		return CKR_TEMPLATE_INCOMPLETE;
	if ((copy = copy_template(template, n)) == NULL)
		return CKR_HOST_MEMORY;
	rv = eh_create_import(s, wish.value, wish.valuelen, text, sizeof(text));
	if (rv != CKR_OK) {
		free(copy);
		return rv;
	}
	pthread_mutex_lock(&m->lock);
	number = ++m->messages;
	pthread_mutex_unlock(&m->lock);
	message = &s->message[s->next_message++ % EH_MESSAGES_MAX];
	free(message->attribute);
	message->attribute = copy;
	message->count = n;
	message->handle = eh_view_handle(EH_KIND_MESSAGE, number);
	*out = message->handle;
	return CKR_OK;
}

static CK_RV
store(struct eh_session *s, enum eh_wire_class class,
    const CK_ATTRIBUTE *template, CK_ULONG n, CK_OBJECT_HANDLE *out)
{
	struct eh_module *m = s->module;
	struct eh_wire request;
	struct eh_reply reply;
	struct eh_wish wish;
	int is_data = class == EH_CLASS_DATA, err;
	CK_RV rv = read_rules(s, is_data ? EH_RULES_DATA : EH_RULES_CERTIFICATE,
	    template, n, &wish);

	if (rv != CKR_OK)
		return rv;
	if (wish.value == NULL)
		return CKR_TEMPLATE_INCOMPLETE;
	if (!wish.has_token)
		return eh_session_say(s, CKR_TEMPLATE_INCONSISTENT,
		    "objects of an EdgeHSM are token objects: say CKA_TOKEN "
		    "= true");
	if (strcmp(wish.application, "edgehsm-status") == 0)
		return eh_session_say(s, CKR_ATTRIBUTE_VALUE_INVALID,
		    "the application edgehsm-status is the token's own");
	eh_wire_init(&request, EH_REQ_PUT_OBJECT, 0);
	eh_wire_put_number(&request, EH_WIRE_CLASS, class);
	eh_wire_put_text(&request, EH_WIRE_LABEL, wish.label);
	eh_wire_put_bytes(&request, EH_WIRE_ID, wish.id, wish.idlen);
	eh_wire_put_bytes(&request, EH_WIRE_DATA, wish.value, wish.valuelen);
	if (is_data)
		eh_wire_put_text(
		    &request, EH_WIRE_APPLICATION, wish.application);
	err = eh_client_call(&m->client, &request, &reply, &s->refusal);
	note_change(s, err, &reply);
	if (err == EH_OK)
		*out =
		    eh_view_handle(is_data ? EH_KIND_DATA : EH_KIND_CERTIFICATE,
			eh_wire_number(&reply.map, EH_WIRE_OBJECT));
	eh_reply_wipe(&reply);
	return err == EH_OK ? CKR_OK : eh_session_denied(s, err);
}

static int
is_import(const CK_ATTRIBUTE *template, CK_ULONG n)
{
	static const char application[] = "edgehsm";
	const CK_ATTRIBUTE *a = eh_attrs_find(template, n, CKA_APPLICATION);

	return a != NULL && a->ulValueLen == sizeof(application) - 1 &&
	    memcmp(a->pValue, application, sizeof(application) - 1) == 0;
}

CK_RV
eh_create_object(struct eh_session *s, const CK_ATTRIBUTE *template, CK_ULONG n,
    CK_OBJECT_HANDLE *out)
{
	const CK_ATTRIBUTE *class;
	CK_ULONG value;
	CK_RV rv;

	if (out == NULL)
		return CKR_ARGUMENTS_BAD;
	if ((rv = eh_attrs_check(template, n, EH_ATTRS_GIVEN)) != CKR_OK ||
	    (rv = eh_session_check_writable(s)) != CKR_OK)
		return rv;
	if ((class = eh_attrs_find(template, n, CKA_CLASS)) == NULL)
		return CKR_TEMPLATE_INCOMPLETE;
	if (!eh_attrs_number(class, &value))
		return CKR_ATTRIBUTE_VALUE_INVALID;
	switch (value) {
	case CKO_EDGEHSM_MESSAGE:
		return import(s, template, n, out);
	case CKO_DATA:
		if (is_import(template, n))
			return import(s, template, n, out);
		return store(s, EH_CLASS_DATA, template, n, out);
	case CKO_CERTIFICATE:
		return store(s, EH_CLASS_CERTIFICATE, template, n, out);
	case CKO_PRIVATE_KEY:
	case CKO_PUBLIC_KEY:
	case CKO_SECRET_KEY:
		return eh_session_say(s, CKR_TEMPLATE_INCONSISTENT,
		    "keys are made inside an EdgeHSM, never brought in: use "
		    "C_GenerateKeyPair or edgehsm token keygen");
	default:
		return eh_session_say(s, CKR_ATTRIBUTE_VALUE_INVALID,
		    "objects of class 0x%lx cannot be created", value);
	}
}

static struct eh_message *
find_message(struct eh_session *s, CK_OBJECT_HANDLE handle)
{
	for (unsigned i = 0; i < EH_MESSAGES_MAX; i++)
		if (handle != 0 && s->message[i].handle == handle)
			return &s->message[i];
	return NULL;
}

/* What pkcs11-tool asks of an object it has just written, said or not. */
static int
default_value(CK_ATTRIBUTE_TYPE type, struct eh_value *value)
{
	switch (type) {
	case CKA_TOKEN:
	case CKA_DESTROYABLE:
		eh_value_truth(value, 1);
		return 1;
	case CKA_PRIVATE:
	case CKA_MODIFIABLE:
	case CKA_COPYABLE:
		eh_value_truth(value, 0);
		return 1;
	case CKA_LABEL:
	case CKA_APPLICATION:
	case CKA_OBJECT_ID:
		eh_value_bytes(value, "", 0);
		return 1;
	default:
		return 0;
	}
}

CK_RV
eh_create_read_back(struct eh_session *s, CK_OBJECT_HANDLE handle,
    CK_ATTRIBUTE *asked, CK_ULONG n)
{
	const struct eh_message *message = find_message(s, handle);
	const CK_ATTRIBUTE *written;
	struct eh_value value;
	CK_RV result = CKR_OK, rv;

	if (message == NULL)
		return CKR_OBJECT_HANDLE_INVALID;
	for (CK_ULONG i = 0; i < n; i++) {
		written = eh_attrs_find(
		    message->attribute, message->count, asked[i].type);
		rv = CKR_OK;
		if (written != NULL)
			eh_value_bytes(
			    &value, written->pValue, written->ulValueLen);
		else if (!default_value(asked[i].type, &value))
			rv = CKR_ATTRIBUTE_TYPE_INVALID;
		if (rv == CKR_OK)
			rv = eh_value_give(&value, &asked[i]);
		else
			asked[i].ulValueLen = CK_UNAVAILABLE_INFORMATION;
		if (rv != CKR_OK)
			result = rv;
	}
	return result;
}

/* Find the row behind a handle that may be changed or destroyed; ${request}
 * gets its number. */
static CK_RV
check_target(struct eh_session *s, CK_OBJECT_HANDLE handle,
    const CK_ATTRIBUTE *template, CK_ULONG n, struct eh_wire *request)
{
	struct eh_module *m = s->module;
	struct eh_view view = { .kind = eh_view_kind(handle),
		.number = eh_view_number(handle) };
	struct eh_error why;
	CK_RV rv = CKR_OK;
	int err;

	if (view.number == 0 ||
	    (eh_view_is_private(view.kind) &&
		eh_client_role(&m->client) != EH_ROLE_OPERATOR))
		return CKR_OBJECT_HANDLE_INVALID;
	eh_error_clear(&why);
	err = eh_cache_borrow(
	    &m->cache, &m->client, view.number, &view.object, &why);
	if (err == EH_ERR_NOT_FOUND)
		return CKR_OBJECT_HANDLE_INVALID;
	if (err != EH_OK) {
		s->refusal = why;
		return eh_session_denied(s, err);
	}
	if (!eh_view_fits(view.kind, view.object))
		rv = CKR_OBJECT_HANDLE_INVALID;
	for (CK_ULONG i = 0; i < n && rv == CKR_OK; i++)
		if (!eh_view_has(&view, template[i].type))
			rv = CKR_ATTRIBUTE_TYPE_INVALID;
	eh_cache_unlock(&m->cache);
	eh_wire_put_number(request, EH_WIRE_OBJECT, (int64_t)view.number);
	return rv;
}

static CK_RV
send_change(struct eh_session *s, const struct eh_wire *request)
{
	struct eh_module *m = s->module;
	struct eh_reply reply;
	int err = eh_client_call(&m->client, request, &reply, &s->refusal);

	note_change(s, err, &reply);
	eh_reply_wipe(&reply);
	return err == EH_OK ? CKR_OK : eh_session_denied(s, err);
}

/* What cannot be changed at all: the token's own objects. */
static int
is_fixed(enum eh_kind kind)
{
	return kind == EH_KIND_AUTHORIZATION || kind == EH_KIND_STATUS ||
	    kind == EH_KIND_TOKEN || kind == EH_KIND_CLOCK;
}

CK_RV
eh_create_set(struct eh_session *s, CK_OBJECT_HANDLE handle,
    const CK_ATTRIBUTE *template, CK_ULONG n)
{
	enum eh_kind kind = eh_view_kind(handle);
	CK_ATTRIBUTE_TYPE id_type =
	    kind == EH_KIND_DATA ? CKA_OBJECT_ID : CKA_ID;
	struct eh_wire request;
	char label[65];
	CK_RV rv;

	if ((rv = eh_attrs_check(template, n, EH_ATTRS_GIVEN)) != CKR_OK)
		return rv;
	if (kind == EH_KIND_MESSAGE)
		return find_message(s, handle) != NULL
		    ? CKR_ACTION_PROHIBITED
		    : CKR_OBJECT_HANDLE_INVALID;
	if (is_fixed(kind))
		return CKR_ACTION_PROHIBITED;
	eh_wire_init(&request, EH_REQ_SET_ATTRIBUTE, 0);
	rv = check_target(s, handle, template, n, &request);
	if (rv != CKR_OK || (rv = eh_session_check_writable(s)) != CKR_OK)
		return rv;
	for (CK_ULONG i = 0; i < n; i++) {
		if (eh_attrs_find(template, i, template[i].type) != NULL)
			return CKR_TEMPLATE_INCONSISTENT; /* said twice */
		if (template[i].type == CKA_LABEL) {
			if (!eh_attrs_text(&template[i], label, sizeof(label)))
				return CKR_ATTRIBUTE_VALUE_INVALID;
			eh_wire_put_text(&request, EH_WIRE_LABEL, label);
		} else if (template[i].type == id_type) {
			if (template[i].ulValueLen > 64)
				return CKR_ATTRIBUTE_VALUE_INVALID;
			eh_wire_put_bytes(&request, EH_WIRE_ID,
			    template[i].pValue, template[i].ulValueLen);
		} else {
			return eh_session_say(s, CKR_ATTRIBUTE_READ_ONLY,
			    "only label and id of an object can be changed, "
			    "not attribute 0x%lx",
			    template[i].type);
		}
	}
	return n > 0 ? send_change(s, &request) : CKR_OK;
}

CK_RV
eh_create_destroy(struct eh_session *s, CK_OBJECT_HANDLE handle)
{
	enum eh_kind kind = eh_view_kind(handle);
	struct eh_message *message;
	struct eh_wire request;
	CK_RV rv;

	if (kind == EH_KIND_MESSAGE) {
		if ((message = find_message(s, handle)) == NULL)
			return CKR_OBJECT_HANDLE_INVALID;
		free(message->attribute);
		memset(message, 0, sizeof(*message));
		return CKR_OK;
	}
	if (is_fixed(kind))
		return eh_session_say(
		    s, CKR_ACTION_PROHIBITED, "this object is the token's own");
	eh_wire_init(&request, EH_REQ_DESTROY, 0);
	rv = check_target(s, handle, NULL, 0, &request);
	if (rv != CKR_OK || (rv = eh_session_check_writable(s)) != CKR_OK)
		return rv;
	/* The officer, who alone may destroy an issuing key, does not see
	 * private keys. */
	if (kind == EH_KIND_PUBLIC &&
	    eh_client_role(&s->module->client) != EH_ROLE_OFFICER)
		return eh_session_say(s, CKR_ACTION_PROHIBITED,
		    "a public key goes with its private key: destroy that");
	return send_change(s, &request);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* find.c - search and attributes. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "pkcs11-module/attrs.h"
#include "pkcs11-module/create.h"
#include "pkcs11-module/find.h"
#include "pkcs11-module/slot.h"
#include "pkcs11-module/view.h"

/* What a template can find at all, from its class: so that a search for keys
 * costs no list of authorizations, and the sentence of a refusal can be read
 * when there is no daemon. */
enum scope { OBJECTS = 1, AUTHORIZATIONS = 2, TOKEN = 4, CLOCK = 8 };

static unsigned
scope_of(const CK_ATTRIBUTE *template, CK_ULONG n)
{
	const CK_ATTRIBUTE *class = eh_attrs_find(template, n, CKA_CLASS);
	CK_ULONG value;

	if (class == NULL)
		return OBJECTS | AUTHORIZATIONS | TOKEN;
	if (!eh_attrs_number(class, &value))
		return 0;
	switch (value) {
	case CKO_PRIVATE_KEY:
	case CKO_PUBLIC_KEY:
	case CKO_CERTIFICATE:
		return OBJECTS;
	case CKO_DATA:
		return OBJECTS | AUTHORIZATIONS;
	case CKO_EDGEHSM_AUTHORIZATION:
		return AUTHORIZATIONS;
	case CKO_EDGEHSM_TOKEN:
		return TOKEN;
	case CKO_HW_FEATURE:	/* only for who asks for it */
		return CLOCK;
	default:
		return 0;
	}
}

/* What a search is doing. */
struct search {
	struct eh_find *find;
	size_t cap;
	const CK_ATTRIBUTE *template;
	CK_ULONG n;
	int is_operator; /* logged in: private objects show */
};

static CK_RV
try_one(struct search *search, const struct eh_view *view)
{
	struct eh_find *find = search->find;
	CK_OBJECT_HANDLE *more;

	if (eh_view_is_private(view->kind) && !search->is_operator)
		return CKR_OK;
	if (!eh_view_matches(view, search->template, search->n))
		return CKR_OK;
	if (find->n == search->cap) {
		search->cap = search->cap * 2 + 16;
		more = realloc(find->found, search->cap * sizeof(*more));
		if (more == NULL)
			return CKR_HOST_MEMORY;
		find->found = more;
	}
	find->found[find->n++] = eh_view_handle(view->kind, view->number);
	return CKR_OK;
}

static CK_RV
try_object(struct search *search, const struct eh_object *o)
{
	struct eh_view view = { .number = o->number, .object = o };
	CK_RV rv;

	switch (o->class) {
	case EH_CLASS_KEY:
		view.kind = EH_KIND_PRIVATE;
		if ((rv = try_one(search, &view)) != CKR_OK)
			return rv;
		view.kind = EH_KIND_PUBLIC;
		return try_one(search, &view);
	case EH_CLASS_CERTIFICATE:
		view.kind = EH_KIND_CERTIFICATE;
		return try_one(search, &view);
	case EH_CLASS_DATA:
		view.kind = EH_KIND_DATA;
		return try_one(search, &view);
	}
	return CKR_OK;
}

static CK_RV
try_objects(struct search *search, struct eh_cache *cache)
{
	CK_RV rv = CKR_OK;

	eh_cache_lock(cache);
	for (size_t i = 0; i < cache->n && rv == CKR_OK; i++)
		rv = try_object(search, &cache->row[i]);
	eh_cache_unlock(cache);
	return rv;
}

static CK_RV
try_auths(struct search *search, const struct eh_auths *auths)
{
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < auths->n && rv == CKR_OK; i++) {
		struct eh_view view = { .kind = EH_KIND_AUTHORIZATION,
			.number = auths->row[i].number,
			.auth = &auths->row[i] };

		if ((rv = try_one(search, &view)) != CKR_OK)
			return rv;
		view.kind = EH_KIND_STATUS;
		rv = try_one(search, &view);
	}
	return rv;
}

/*
 * The token object's values; of the daemon only what is asked for, so that the
 * sentence can be read when there is none.
 */
static int
gather_facts(struct eh_session *s, const CK_ATTRIBUTE *asked, CK_ULONG n,
    struct eh_facts *facts, struct eh_error *error)
{
	static const CK_ATTRIBUTE_TYPE of_daemon[] = { CKA_LABEL,
		CKA_EDGEHSM_HSM_ID, CKA_EDGEHSM_ROOT_DIGEST,
		CKA_EDGEHSM_ANCHOR_CLASS, CKA_EDGEHSM_LOG_SIZE };
	struct eh_wire request;
	struct eh_reply reply;
	const uint8_t *bytes;
	size_t len;
	int needed = 0, err;

	memset(facts, 0, sizeof(*facts));
	memcpy(facts->refusal, s->refusal.text, sizeof(facts->refusal));
	for (size_t i = 0; i < sizeof(of_daemon) / sizeof(of_daemon[0]); i++)
		needed |= eh_attrs_find(asked, n, of_daemon[i]) != NULL;
	if (!needed)
		return EH_OK;
	eh_wire_init(&request, EH_REQ_STATUS, 0);
	err = eh_client_call(&s->module->client, &request, &reply, error);
	if (err == EH_OK) {
		if (eh_wire_text(&reply.map, EH_WIRE_LABEL, facts->label,
			sizeof(facts->label)) != EH_OK)
			facts->label[0] = '\0';
		bytes = eh_wire_bytes(&reply.map, EH_WIRE_HSM_ID, &len);
		if ((facts->has_hsm_id = len == sizeof(facts->hsm_id)))
			memcpy(facts->hsm_id, bytes, len);
		bytes = eh_wire_bytes(&reply.map, EH_WIRE_ROOT, &len);
		if ((facts->has_root = len == sizeof(facts->root)))
			memcpy(facts->root, bytes, len);
		facts->has_status =
		    eh_wire_has(&reply.map, EH_WIRE_ANCHOR_CLASS);
		facts->anchor_class =
		    (unsigned)eh_wire_number(&reply.map, EH_WIRE_ANCHOR_CLASS);
		facts->log_size = eh_wire_number(&reply.map, EH_WIRE_SEQ);
	}
	eh_reply_wipe(&reply);
	return err;
}

static CK_RV
try_token(struct search *search, struct eh_session *s)
{
	struct eh_view view = { .kind = EH_KIND_TOKEN, .number = 1 };
	struct eh_facts facts;
	int err =
	    gather_facts(s, search->template, search->n, &facts, &s->refusal);

	if (err != EH_OK)
		return eh_session_denied(s, err);
	view.facts = &facts;
	return try_one(search, &view);
}

/* The clock is there while the time is attested: 1. */
static int
gather_clock(struct eh_session *s, struct eh_facts *facts, int *err)
{
	struct eh_hello hello;

	memset(facts, 0, sizeof(*facts));
	*err = eh_client_hello(&s->module->client, &hello, &s->refusal);
	return *err == EH_OK && eh_slot_clock(&hello, facts->clock);
}

static CK_RV
try_clock(struct search *search, struct eh_session *s)
{
	struct eh_view view = { .kind = EH_KIND_CLOCK, .number = 1 };
	struct eh_facts facts;
	int err;

	if (gather_clock(s, &facts, &err)) {
		view.facts = &facts;
		return try_one(search, &view);
	}
	return err == EH_OK ? CKR_OK : eh_session_denied(s, err);
}

static CK_RV
search_all(struct eh_session *s, struct search *search, unsigned scope)
{
	struct eh_module *m = s->module;
	struct eh_auths auths = { NULL, 0 };
	CK_RV rv = CKR_OK;
	int err = EH_OK;

	if (scope & AUTHORIZATIONS)
		err = eh_cache_list(&m->cache, &m->client, &auths, &s->refusal);
	else if (scope & OBJECTS)
		err = eh_cache_update(&m->cache, &m->client, &s->refusal);
	if (err != EH_OK)
		return eh_session_denied(s, err);
	/* After the round trip: it may have ended a login. */
	search->is_operator = eh_client_role(&m->client) == EH_ROLE_OPERATOR;
	if (scope & OBJECTS)
		rv = try_objects(search, &m->cache);
	if (rv == CKR_OK && (scope & AUTHORIZATIONS))
		rv = try_auths(search, &auths);
	if (rv == CKR_OK && (scope & TOKEN))
		rv = try_token(search, s);
	if (rv == CKR_OK && (scope & CLOCK))
		rv = try_clock(search, s);
	eh_auths_wipe(&auths);
	return rv;
}

CK_RV
eh_find_begin(struct eh_session *s, const CK_ATTRIBUTE *template, CK_ULONG n)
{
	struct search search = {
		.find = &s->find, .template = template, .n = n
	};
	CK_RV rv;

	if (s->find.active)
		return CKR_OPERATION_ACTIVE;
	rv = eh_attrs_check(template, n, EH_ATTRS_GIVEN);
	if (rv != CKR_OK)
		return rv;
	rv = search_all(s, &search, scope_of(template, n));
	if (rv != CKR_OK)
		eh_find_end(s);
	else
		s->find.active = 1;
	return rv;
}

CK_RV
eh_find_next(
    struct eh_session *s, CK_OBJECT_HANDLE *out, CK_ULONG most, CK_ULONG *np)
{
	struct eh_find *find = &s->find;
	CK_ULONG n;

	if (!find->active)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (np == NULL || (out == NULL && most > 0))
		return CKR_ARGUMENTS_BAD;
	n = find->n - find->next;
	if (n > most)
		n = most;
	if (n > 0)
		memcpy(out, find->found + find->next, n * sizeof(*out));
	find->next += n;
	*np = n;
	return CKR_OK;
}

CK_RV
eh_find_finish(struct eh_session *s)
{
	if (!s->find.active)
		return CKR_OPERATION_NOT_INITIALIZED;
	eh_find_end(s);
	return CKR_OK;
}

void
eh_find_end(struct eh_session *s)
{
	free(s->find.found);
	memset(&s->find, 0, sizeof(s->find));
}

/*
 * Reading one object.  What is done with it is a function, so that reading its
 * attributes and asking for its size find it in one way.
 */
struct reader {
	CK_RV (*read)(const struct eh_view *, struct reader *);
	CK_ATTRIBUTE *attributes;
	CK_ULONG n;
	CK_ULONG size;
};

static CK_RV
read_object(struct eh_session *s, struct eh_view *view, struct reader *reader)
{
	struct eh_module *m = s->module;
	struct eh_error why;
	CK_RV rv = CKR_OBJECT_HANDLE_INVALID;
	int err;

	if (eh_view_is_private(view->kind) &&
	    eh_client_role(&m->client) != EH_ROLE_OPERATOR)
		return CKR_OBJECT_HANDLE_INVALID;
	eh_error_clear(&why);
	err = eh_cache_borrow(
	    &m->cache, &m->client, view->number, &view->object, &why);
	if (err == EH_ERR_NOT_FOUND)
		return rv;
	if (err != EH_OK) {
		s->refusal = why;
		return eh_session_denied(s, err);
	}
	if (eh_view_fits(view->kind, view->object))
		rv = reader->read(view, reader);
	eh_cache_unlock(&m->cache);
	return rv;
}

/* Authorizations are asked for each time: their counters move. */
static CK_RV
read_auth(struct eh_session *s, struct eh_view *view, struct reader *reader)
{
	struct eh_auths auths = { NULL, 0 };
	struct eh_wire request;
	struct eh_reply reply;
	CK_RV rv = CKR_OBJECT_HANDLE_INVALID;
	int err;

	eh_wire_init(&request, EH_REQ_STATUS, 0);
	err = eh_client_call(&s->module->client, &request, &reply, &s->refusal);
	if (err == EH_OK && (err = eh_auths_take(&reply.map, &auths)) != EH_OK)
		(void)eh_error_set(&s->refusal, err,
		    "edgehsmd's list of "
		    "authorizations cannot be read: %s",
		    eh_err_text(err));
	eh_reply_wipe(&reply);
	if (err != EH_OK)
		return eh_session_denied(s, err);
	for (size_t i = 0; i < auths.n; i++)
		if (auths.row[i].number == view->number) {
			view->auth = &auths.row[i];
			rv = reader->read(view, reader);
			break;
		}
	eh_auths_wipe(&auths);
	return rv;
}

static CK_RV
read_token(struct eh_session *s, struct eh_view *view, struct reader *reader)
{
	struct eh_facts facts;
	struct eh_error why;
	int err;

	if (view->number != 1)
		return CKR_OBJECT_HANDLE_INVALID;
	eh_error_clear(&why);
	err = gather_facts(s, reader->attributes, reader->n, &facts, &why);
	if (err != EH_OK) {
		s->refusal = why;
		return eh_session_denied(s, err);
	}
	view->facts = &facts;
	return reader->read(view, reader);
}

static CK_RV
read_clock(struct eh_session *s, struct eh_view *view, struct reader *reader)
{
	struct eh_facts facts;
	int err = EH_OK;

	if (view->number == 1 && gather_clock(s, &facts, &err)) {
		view->facts = &facts;
		return reader->read(view, reader);
	}
	return err == EH_OK ? CKR_OBJECT_HANDLE_INVALID :
			      eh_session_denied(s, err);
}

static CK_RV
read_handle(
    struct eh_session *s, CK_OBJECT_HANDLE handle, struct reader *reader)
{
	struct eh_view view = { .kind = eh_view_kind(handle),
		.number = eh_view_number(handle) };

	if (view.number == 0)
		return CKR_OBJECT_HANDLE_INVALID;
	switch (view.kind) {
	case EH_KIND_AUTHORIZATION:
	case EH_KIND_STATUS:
		return read_auth(s, &view, reader);
	case EH_KIND_TOKEN:
		return read_token(s, &view, reader);
	case EH_KIND_CLOCK:
		return read_clock(s, &view, reader);
	default:
		return read_object(s, &view, reader);
	}
}

static CK_RV
read_attributes(const struct eh_view *view, struct reader *reader)
{
	return eh_view_read(view, reader->attributes, reader->n);
}

static CK_RV
read_size(const struct eh_view *view, struct reader *reader)
{
	reader->size = eh_view_size(view);
	return CKR_OK;
}

CK_RV
eh_find_read(struct eh_session *s, CK_OBJECT_HANDLE handle,
    CK_ATTRIBUTE *attributes, CK_ULONG n)
{
	struct reader reader = {
		.read = read_attributes, .attributes = attributes, .n = n
	};
	CK_RV rv = eh_attrs_check(attributes, n, EH_ATTRS_ASKED);

	if (rv != CKR_OK)
		return rv;
	if (eh_view_kind(handle) == EH_KIND_MESSAGE)
		return eh_create_read_back(s, handle, attributes, n);
	return read_handle(s, handle, &reader);
}

CK_RV
eh_find_size(struct eh_session *s, CK_OBJECT_HANDLE handle, CK_ULONG *sizep)
{
	struct reader reader = { .read = read_size };
	CK_RV rv;

	if (sizep == NULL)
		return CKR_ARGUMENTS_BAD;
	if (eh_view_kind(handle) == EH_KIND_MESSAGE)
		return CKR_INFORMATION_SENSITIVE;
	rv = read_handle(s, handle, &reader);
	if (rv == CKR_OK)
		*sizep = reader.size;
	return rv;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* uri.c - a pkcs11: URI (RFC 7512), taken apart and stripped of its PIN. */
#include "config.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "provider/uri.h"

#define SCHEME     "pkcs11:"
#define SCHEME_LEN (sizeof(SCHEME) - 1)

/* One "name=value" inside a URI; borrowed. */
struct piece {
	const char *name;
	size_t name_len;
};

/* Take the next piece of [${at}, ${end}) off; return 0 when there is none. */
static int
next_piece(struct piece *piece, const char **at, const char *end, int separator)
{
	const char *stop, *equals;

	if (*at >= end)
		return 0;
	stop = memchr(*at, separator, (size_t)(end - *at));
	if (stop == NULL)
		stop = end;
	equals = memchr(*at, '=', (size_t)(stop - *at));
	piece->name = *at;
	piece->name_len = (size_t)((equals != NULL ? equals : stop) - *at);
	*at = stop < end ? stop + 1 : end;
	return 1;
}

static int
named(const struct piece *piece, const char *name)
{
	return piece->name_len == strlen(name) &&
	    memcmp(piece->name, name, piece->name_len) == 0;
}

/*
 * RFC 7512 section 2.3: an attribute stands at most once; only vendor query
 * attributes may repeat, and ours may not, since two authorizations are a
 * contradiction.  p11-kit takes the last of two path attributes, and the first
 * of two vendor ones, without a word.
 */
static int
may_repeat(const struct piece *piece, int separator)
{
	return separator == '&' && piece->name_len > 2 &&
	    memcmp(piece->name, "x-", 2) == 0 &&
	    !named(piece, "x-authorization");
}

static int
check_once(const char *from, const char *end, int separator,
    struct eh_error *error)
{
	const char *at = from, *other;
	struct piece piece, later;

	while (next_piece(&piece, &at, end, separator)) {
		if (may_repeat(&piece, separator))
			continue;
		other = at;
		while (next_piece(&later, &other, end, separator))
			if (later.name_len == piece.name_len &&
			    memcmp(later.name, piece.name, later.name_len) == 0)
				return eh_error_set(error, EH_ERR_FORMAT,
				    "the URI has the attribute %.*s twice",
				    (int)piece.name_len, piece.name);
	}
	return EH_OK;
}

/* A PIN belongs into the query; in the path it would be shown to people. */
static int
check_path(const char *from, const char *end, struct eh_error *error)
{
	struct piece piece;

	while (next_piece(&piece, &from, end, ';'))
		if (named(&piece, "pin-value") || named(&piece, "pin-source") ||
		    named(&piece, "pinfile"))
			return eh_error_set(error, EH_ERR_FORMAT,
			    "%.*s stands in the URI's path; it belongs behind "
			    "the question mark (RFC 7512 section 2.4)",
			    (int)piece.name_len, piece.name);
	return EH_OK;
}

static int
check_text(const char *text, struct eh_error *error)
{
	const char *end, *query;
	int err;

	if (strncmp(text, SCHEME, SCHEME_LEN) != 0)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "the URI does not begin with pkcs11:");
	if (strlen(text) > EH_URI_MAX)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "the URI has %zu characters, at most %d are read",
		    strlen(text), EH_URI_MAX);
	text += SCHEME_LEN;
	end = text + strlen(text);
	query = memchr(text, '?', (size_t)(end - text));
	if (query == NULL)
		query = end;
	if ((err = check_path(text, query, error)) != EH_OK ||
	    (err = check_once(text, query, ';', error)) != EH_OK)
		return err;
	return query < end ? check_once(query + 1, end, '&', error) : EH_OK;
}

/* Copy ${text}, which may be NULL; return 0 only when memory ran out. */
static int
keep(char **copyp, const char *text)
{
	*copyp = text != NULL ? OPENSSL_strdup(text) : NULL;
	return text == NULL || *copyp != NULL;
}

/*
 * Move the PIN out of p11-kit's object, which would free it unwiped.  The
 * const is p11-kit's; the memory belongs to the object, which is ours alone.
 */
static int
take_pin(struct eh_uri *uri)
{
	const char *pin = p11_kit_uri_get_pin_value(uri->parsed);

	if (pin == NULL)
		return 1;
	if (!keep(&uri->pin, pin))
		return 0;
	OPENSSL_cleanse((char *)(uintptr_t)pin, strlen(pin));
	p11_kit_uri_set_pin_value(uri->parsed, NULL);
	return 1;
}

static int
show(struct eh_uri *uri)
{
	char *text = NULL;
	int ok;

	if (p11_kit_uri_format(uri->parsed, P11_KIT_URI_FOR_ANY, &text) !=
	    P11_KIT_URI_OK)
		return 0;
	ok = keep(&uri->shown, text);
	free(text);
	return ok;
}

static int
take_apart(struct eh_uri *uri)
{
	P11KitUri *parsed = uri->parsed;
	CK_ATTRIBUTE *class;

	if (!take_pin(uri) || !show(uri) ||
	    !keep(&uri->pin_source, p11_kit_uri_get_pin_source(parsed)) ||
	    !keep(&uri->module_path, p11_kit_uri_get_module_path(parsed)) ||
	    !keep(&uri->authorization,
		p11_kit_uri_get_vendor_query(parsed, "x-authorization")))
		return EH_ERR_MEMORY;
	class = p11_kit_uri_get_attribute(parsed, CKA_CLASS);
	if (class != NULL && class->ulValueLen == sizeof(uri->class)) {
		memcpy(&uri->class, class->pValue, sizeof(uri->class));
		uri->has_class = 1;
	}
	return EH_OK;
}

/* The path attributes of RFC 7512 section 2.3, and an older name of type. */
static int
is_path_attribute(const struct piece *piece)
{
	static const char *const names[] = {
		"token", "manufacturer", "serial", "model",
		"library-manufacturer", "library-version",
		"library-description", "object", "type", "object-type", "id",
		"slot-manufacturer", "slot-description", "slot-id",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (named(piece, names[i]))
			return 1;
	return 0;
}

/* What p11-kit did not know, by its name. */
static int
refuse_unknown(const char *text, struct eh_error *error)
{
	const char *at = text + SCHEME_LEN;
	const char *end = at + strcspn(at, "?");
	struct piece piece;

	while (next_piece(&piece, &at, end, ';'))
		if (!is_path_attribute(&piece))
			return eh_error_set(error, EH_ERR_FORMAT,
			    "the URI has the path attribute '%.*s', which is "
			    "not known, so nothing can match it",
			    (int)(piece.name_len < 64 ? piece.name_len : 64),
			    piece.name);
	return eh_error_set(error, EH_ERR_FORMAT,
	    "the URI's type or library-version is not known, so nothing can "
	    "match it");
}

static int
check_parts(
    const struct eh_uri *uri, const char *text, struct eh_error *error)
{
	if (p11_kit_uri_any_unrecognized(uri->parsed))
		return refuse_unknown(text, error);
	if (uri->authorization != NULL && uri->authorization[0] == '\0')
		return eh_error_set(error, EH_ERR_FORMAT,
		    "x-authorization in the URI is empty");
	if (uri->module_path != NULL && uri->module_path[0] != '/')
		return eh_error_set(error, EH_ERR_FORMAT,
		    "module-path in the URI is not an absolute path: %s",
		    uri->module_path);
	if (uri->pin_source != NULL && uri->pin_source[0] == '|')
		return eh_error_set(error, EH_ERR_FORMAT,
		    "pin-source in the URI is a command; only a file is read");
	return EH_OK;
}

int
eh_uri_parse(struct eh_uri **urip, const char *text, struct eh_error *error)
{
	struct eh_uri *uri = NULL;
	int err, result;

	*urip = NULL;
	if ((err = check_text(text, error)) != EH_OK)
		return err;
	uri = OPENSSL_zalloc(sizeof(*uri));
	if (uri == NULL || (uri->parsed = p11_kit_uri_new()) == NULL) {
		err = eh_error_set(error, EH_ERR_MEMORY, "out of memory");
		goto out;
	}
	atomic_init(&uri->refs, 1);
	result = p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, uri->parsed);
	if (result != P11_KIT_URI_OK) {
		err = eh_error_set(error, EH_ERR_FORMAT,
		    "the URI cannot be read: %s",
		    p11_kit_uri_message(result));
		goto out;
	}
	if ((err = take_apart(uri)) != EH_OK) {
		eh_error_set(error, err, "out of memory");
		goto out;
	}
	if ((err = check_parts(uri, text, error)) != EH_OK)
		goto out;
	*urip = uri;
	uri = NULL;
out:
	eh_uri_free(uri);
	return err;
}

struct eh_uri *
eh_uri_ref(struct eh_uri *uri)
{
	atomic_fetch_add(&uri->refs, 1);
	return uri;
}

void
eh_uri_free(struct eh_uri *uri)
{
	if (uri == NULL || atomic_fetch_sub(&uri->refs, 1) > 1)
		return;
	if (uri->parsed != NULL) {
		take_pin(uri);
		p11_kit_uri_free(uri->parsed);
	}
	if (uri->pin != NULL)
		OPENSSL_clear_free(uri->pin, strlen(uri->pin));
	OPENSSL_free(uri->shown);
	OPENSSL_free(uri->pin_source);
	OPENSSL_free(uri->module_path);
	OPENSSL_free(uri->authorization);
	OPENSSL_free(uri);
}

int
eh_uri_wants_library(const struct eh_uri *uri)
{
	const CK_INFO *info = p11_kit_uri_get_module_info(uri->parsed);

	return info->libraryDescription[0] != 0 ||
	    info->manufacturerID[0] != 0 ||
	    info->libraryVersion.major != (CK_BYTE)-1;
}

int
eh_uri_wants_slot(const struct eh_uri *uri)
{
	const CK_SLOT_INFO *info = p11_kit_uri_get_slot_info(uri->parsed);

	return info->slotDescription[0] != 0 || info->manufacturerID[0] != 0;
}

int
eh_uri_covers_library(const struct eh_uri *uri, const CK_INFO *info)
{
	return p11_kit_uri_match_module_info(uri->parsed, info) == 1;
}

int
eh_uri_covers_slot(
    const struct eh_uri *uri, CK_SLOT_ID id, const CK_SLOT_INFO *info)
{
	CK_SLOT_ID wanted = p11_kit_uri_get_slot_id(uri->parsed);

	if (wanted != (CK_SLOT_ID)-1 && wanted != id)
		return 0;
	return info == NULL ||
	    p11_kit_uri_match_slot_info(uri->parsed, info) == 1;
}

int
eh_uri_covers_token(const struct eh_uri *uri, const CK_TOKEN_INFO *info)
{
	return p11_kit_uri_match_token_info(uri->parsed, info) == 1;
}

char *
eh_uri_show(const CK_TOKEN_INFO *token, CK_OBJECT_CLASS class,
    const CK_ATTRIBUTE *label, const CK_ATTRIBUTE *id)
{
	P11KitUri *parsed = p11_kit_uri_new();
	CK_ATTRIBUTE attribute = { CKA_CLASS, &class, sizeof(class) };
	char *text = NULL, *copy = NULL;

	if (parsed == NULL)
		return NULL;
	memcpy(p11_kit_uri_get_token_info(parsed)->label, token->label,
	    sizeof(token->label));
	p11_kit_uri_set_attribute(parsed, &attribute);
	attribute = label != NULL && label->ulValueLen > 0 ? *label : *id;
	if (attribute.ulValueLen > 0)
		p11_kit_uri_set_attribute(parsed, &attribute);
	if (p11_kit_uri_format(parsed, P11_KIT_URI_FOR_ANY, &text) ==
	    P11_KIT_URI_OK)
		copy = OPENSSL_strdup(text);
	free(text);
	p11_kit_uri_free(parsed);
	return copy;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* uri.h - a pkcs11: URI (RFC 7512), taken apart and stripped of its PIN. */
#ifndef EH_PROVIDER_URI_H
#define EH_PROVIDER_URI_H

#include <p11-kit/uri.h>

#include "common/err.h"
#include "pkcs11-module/edgehsm-pkcs11.h"

/* Longest URI that is read. */
#define EH_URI_MAX 4096

/*
 * One URI, counted: the store and every key that came from it hold it.  Never
 * changed after eh_uri_parse().  Absent texts are NULL.
 */
struct eh_uri {
	_Atomic unsigned int refs;
	P11KitUri *parsed;   /* what it says of object, token, slot, library */
	char *shown;         /* for people: no PIN in it */
	char *pin;           /* query pin-value */
	char *pin_source;    /* query pin-source */
	char *module_path;   /* query module-path */
	char *authorization; /* query x-authorization */
	CK_OBJECT_CLASS class;
	int has_class;
};

/*
 * Take ${text} apart into ${urip}, which the caller gives back with
 * eh_uri_free().  Refused (EH_ERR_FORMAT, a sentence without any PIN): what is
 * no RFC 7512 URI, an unknown path attribute or type, an attribute given
 * twice, an empty x-authorization, a module-path that is not absolute, a
 * pin-source that is a command.  Unknown query attributes are ignored, as the
 * RFC says.
 */
EH_MUST_CHECK int eh_uri_parse(
    struct eh_uri **urip, const char *text, struct eh_error *error);

/* Count one more holder and return ${uri}. */
struct eh_uri *eh_uri_ref(struct eh_uri *uri);

/* Count one holder less; the last wipes the PIN and frees.  NULL is fine. */
void eh_uri_free(struct eh_uri *uri);

/* Return 1 when the library, slot or token that is described fits, else 0. */
int eh_uri_wants_library(const struct eh_uri *uri);
int eh_uri_wants_slot(const struct eh_uri *uri);
int eh_uri_covers_library(const struct eh_uri *uri, const CK_INFO *info);
int eh_uri_covers_slot(const struct eh_uri *uri, CK_SLOT_ID id,
    const CK_SLOT_INFO *info /* NULL unless eh_uri_wants_slot() */);
int eh_uri_covers_token(const struct eh_uri *uri, const CK_TOKEN_INFO *info);

/*
 * Return a URI for an object of ${token}, for people: token, then object (or
 * id when there is no label) and type.  Malloc'd by OPENSSL_malloc, or NULL.
 */
char *eh_uri_show(const CK_TOKEN_INFO *token, CK_OBJECT_CLASS class,
    const CK_ATTRIBUTE *label, const CK_ATTRIBUTE *id);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* view.h - the daemon's rows as Cryptoki objects: handles and attributes. */
#ifndef EH_PKCS11_VIEW_H
#define EH_PKCS11_VIEW_H

#include "pkcs11-module/attrs.h"
#include "pkcs11-module/object.h"

/*
 * One row may be several objects: a key pair is a private and a public key, an
 * authorization is itself and a data object that every tool can print.  The
 * handle is the daemon's number with the kind in the low bits, so it keeps its
 * meaning when the daemon restarts, and is the same in every process.
 */
enum eh_kind {
	EH_KIND_MESSAGE = 0,	/* what a session wrote; number of its own */
	EH_KIND_PRIVATE,
	EH_KIND_PUBLIC,
	EH_KIND_CERTIFICATE,
	EH_KIND_DATA,
	EH_KIND_AUTHORIZATION,
	EH_KIND_STATUS,		/* the same as CKO_DATA "edgehsm-status" */
	EH_KIND_TOKEN,		/* number 1 */
	EH_KIND_CLOCK,		/* number 1, while the time is attested */
	EH_KINDS
};

CK_OBJECT_HANDLE eh_view_handle(enum eh_kind kind, uint64_t number);
enum eh_kind eh_view_kind(CK_OBJECT_HANDLE);
uint64_t eh_view_number(CK_OBJECT_HANDLE);

/* Is an object of this kind seen only when the operator is logged in? */
int eh_view_is_private(enum eh_kind);

/* Is this a row that an object of ${kind} can be? */
int eh_view_fits(enum eh_kind kind, const struct eh_object *);

/* The token object's values. */
struct eh_facts {
	char label[65];
	char refusal[EH_ERROR_TEXT];
	int has_status;		/* what follows holds */
	uint8_t hsm_id[16], root[32];
	int has_hsm_id, has_root;
	unsigned anchor_class;
	uint64_t log_size;
	char clock[17];		/* of EH_KIND_CLOCK, for which alone it is */
};

/* An object to read from: its kind, and the row that the kind needs. */
struct eh_view {
	enum eh_kind kind;
	uint64_t number;
	const struct eh_object *object;
	const struct eh_auth *auth;
	const struct eh_facts *facts;
};

/* Answer the attributes of C_GetAttributeValue.  What cannot be given gets the
 * length CK_UNAVAILABLE_INFORMATION, the others are filled all the same. */
CK_RV eh_view_read(const struct eh_view *, CK_ATTRIBUTE *, CK_ULONG count);

/* Does the object have all these values? */
int eh_view_matches(
    const struct eh_view *, const CK_ATTRIBUTE *, CK_ULONG count);

/* Does the object have an attribute of this type, readable or not? */
int eh_view_has(const struct eh_view *, CK_ATTRIBUTE_TYPE);

/* The octets of all readable values together, for C_GetObjectSize. */
CK_ULONG eh_view_size(const struct eh_view *);

#endif

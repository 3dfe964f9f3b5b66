/* SPDX-License-Identifier: Apache-2.0 */
/* attrs.h - attribute templates in, attribute values and bytes out. */
#ifndef EH_PKCS11_ATTRS_H
#define EH_PKCS11_ATTRS_H

#include <stddef.h>
#include <stdint.h>

#include "pkcs11-module/edgehsm-pkcs11.h"

/* More attributes than any object has; a longer template is a mistake. */
#define EH_ATTRS_MAX 256

/* No value that a client gives is longer than this. */
#define EH_ATTRS_VALUE_MAX (1024u * 1024u)

/*
 * The output convention of PKCS#11 section 5.2, once for all functions.
 * ${out} NULL: *${lenp} becomes ${len}.  *${lenp} below ${len}: the same and
 * CKR_BUFFER_TOO_SMALL.  Else copy.  ${lenp} NULL: CKR_ARGUMENTS_BAD.
 */
CK_RV eh_out_bytes(
    const void *bytes, size_t len, CK_BYTE_PTR out, CK_ULONG_PTR lenp);

/*
 * The same before the bytes exist: return 1 when the call ends here, with its
 * answer in ${rv} (a size query, a buffer below ${len}, ${lenp} NULL), else 0.
 * ${len} is the exact length, or the most it can be.
 */
int eh_out_query(
    size_t len, CK_BYTE_PTR out, CK_ULONG_PTR lenp, CK_RV *rv);

/* One attribute value; ${data} may point to ${number}. */
struct eh_value {
	const void *data;
	size_t len;
	CK_ULONG number;
	CK_BBOOL truth;
};

void eh_value_bytes(struct eh_value *, const void *data, size_t len);
void eh_value_text(struct eh_value *, const char *text);
void eh_value_number(struct eh_value *, CK_ULONG);
void eh_value_truth(struct eh_value *, int);

/* Give ${value} to the client as C_GetAttributeValue does: CKR_OK, or
 * CKR_BUFFER_TOO_SMALL with the length CK_UNAVAILABLE_INFORMATION. */
CK_RV eh_value_give(const struct eh_value *, CK_ATTRIBUTE *);

/* Is the value of the template's ${attribute} this one? */
int eh_value_matches(const struct eh_value *, const CK_ATTRIBUTE *);

/* Check what can be checked of any template before it is read: a pointer, a
 * sane count, and (unless ${values} is EH_ATTRS_ASKED) a pointer and a sane
 * length for every value. */
enum eh_attrs_values { EH_ATTRS_ASKED, EH_ATTRS_GIVEN };
CK_RV eh_attrs_check(const CK_ATTRIBUTE *, CK_ULONG count,
    enum eh_attrs_values values);

/* Borrow the attribute of ${type}, or NULL. */
const CK_ATTRIBUTE *eh_attrs_find(
    const CK_ATTRIBUTE *, CK_ULONG count, CK_ATTRIBUTE_TYPE type);

/* Read a value that must be a CK_ULONG, or a CK_BBOOL: 1, or 0 when the length
 * (or the truth value) is wrong.  The value may be misaligned. */
int eh_attrs_number(const CK_ATTRIBUTE *, CK_ULONG *out);
int eh_attrs_truth(const CK_ATTRIBUTE *, int *out);

/* Copy a value of at most ${cap} - 1 printable ASCII characters and a NUL to
 * ${out}: 1, or 0. */
int eh_attrs_text(const CK_ATTRIBUTE *, char *out, size_t cap);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* dn.h - the Names of issuers and subjects (RFC 5280 4.1.2.4). */
#ifndef EH_COMMON_X509_DN_H
#define EH_COMMON_X509_DN_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/* Octets somewhere in the input, borrowed; ${len} 0 says absent or empty. */
struct eh_slice {
	const uint8_t *at;
	size_t len;
};

/* Return 1 when both hold the same octets, else 0. */
int eh_slice_equal(struct eh_slice, struct eh_slice);

/* One attribute of a Name. */
struct eh_attribute {
	struct eh_slice oid;		/* contents of the OID */
	uint8_t tag;			/* EH_DER_UTF8_STRING, ... */
	struct eh_slice value;
};

/* Check that ${name} is one whole Name, strict DER: a SEQUENCE of SETs of at
 * least one SEQUENCE of OID and value each.  Return EH_OK or EH_ERR_FORMAT. */
EH_MUST_CHECK int eh_dn_check(struct eh_slice name);

/*
 * Walk the attributes of a Name that eh_dn_check() let through (those of
 * decoded certificates were): set ${rest} to eh_dn_begin(), then call until it
 * returns 0.  Returns 1 and the next attribute, or 0 at the end.
 */
struct eh_slice eh_dn_begin(struct eh_slice name);
int eh_dn_next(struct eh_slice *rest, struct eh_attribute *);

/* Get the attribute with this dotted OID.  Return 1 when there is exactly one,
 * 0 when there is none, EH_ERR_EXISTS when there are more. */
int eh_dn_attribute(
    struct eh_slice name, const char *oid, struct eh_attribute *);

/* Write a Name for people, "O=ACME, serialNumber=SN00000042", and a NUL, cut to
 * ${cap}; what a terminal would obey becomes '?' (printable.h). */
void eh_dn_format(struct eh_slice name, char *out, size_t cap);

#endif

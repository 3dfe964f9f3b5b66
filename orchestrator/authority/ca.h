/* SPDX-License-Identifier: Apache-2.0 */
/* ca.h - the X.509 side of the authority: its root, and CA certificates. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_CA_H
#define EH_ORCHESTRATOR_AUTHORITY_CA_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/x509/dn.h"
#include "orchestrator/authority/privkey.h"

/*
 * All of it is P-256 and ecdsa-with-SHA256, serials are 16 random octets, and
 * what is made is checked before it is given out: the linter of common/x509,
 * and libcrypto's path validation with the strict flag.
 */

/* The form of a CA certificate; nothing of it comes from a request but the
 * subject and the key. */
enum eh_ca_form {
	EH_CA_ROOT,		/* self-signed */
	EH_CA_ISSUING,		/* "issuing-ca" */
	EH_CA_MATTER_PAI	/* "matter-pai": has a VID in its subject */
};

/* "issuing-ca", "matter-pai", "root". */
const char *eh_ca_form_name(enum eh_ca_form);
/* The form that may be asked for with this name; EH_ERR_ARGUMENT. */
EH_MUST_CHECK int eh_ca_form_get(
    const char *name, enum eh_ca_form *formp, struct eh_error *);

/* Certificates begin an hour before they are made, for clocks that are late; an
 * authorization begins at most 300 s before, so what it makes lies inside. */
#define EH_CA_BACKDATE 3600
/* 9999-12-31T23:59:59Z: no well-defined end (RFC 5280 4.1.2.5). */
#define EH_CA_FOREVER  UINT64_C(253402300799)

struct eh_ca_request {
	enum eh_ca_form form;
	struct eh_slice subject;	/* whole Name, taken octet for octet */
	const struct eh_rawkey *key;	/* of the subject */
	uint64_t not_before, not_after;
};

/* Make the self-signed root for ${key}, valid from an hour before ${now} for
 * ever, and append its DER.  EH_ERR_CONFIG when it is not P-256. */
EH_MUST_CHECK int eh_ca_root(const struct eh_privkey *key,
    struct eh_slice subject, uint64_t now, struct eh_buf *out,
    struct eh_error *);

/*
 * Certify under ${root} (DER) with its ${key}, check that it is good at ${now},
 * and append the DER.
 * EH_ERR_ARGUMENT: the times are not inside the root's; EH_DENIED_EVIDENCE: the
 * subject is empty or the root's own, or a rule of the form is broken, with the
 * rule in the sentence (a Matter PAI without VID, with another VID than its
 * PAA); EH_ERR_UNSUPPORTED: not P-256; EH_ERR_CRYPTO.
 */
EH_MUST_CHECK int eh_ca_certify(const struct eh_privkey *key,
    const uint8_t *root, size_t rootlen, const struct eh_ca_request *,
    uint64_t now, struct eh_buf *out, struct eh_error *);

/* Check the path from ${der} to ${root} at ${when}, strictly; EH_OK or
 * EH_ERR_SIGNATURE with libcrypto's reason. */
EH_MUST_CHECK int eh_ca_verify(const uint8_t *der, size_t len,
    const uint8_t *root, size_t rootlen, uint64_t when, struct eh_error *);

#endif

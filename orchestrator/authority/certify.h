/* SPDX-License-Identifier: Apache-2.0 */
/* certify.h - making the issuing key of an EdgeHSM a CA of the OEM. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_CERTIFY_H
#define EH_ORCHESTRATOR_AUTHORITY_CERTIFY_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/message/keyattest.h"
#include "orchestrator/authority/authority.h"
#include "orchestrator/authority/ca.h"

/* The two blocks of the PEM file that edgehsm token csr writes; the second
 * holds the message. */
#define EH_CERTIFY_REQUEST     "CERTIFICATE REQUEST"
#define EH_CERTIFY_ATTESTATION "EDGEHSM KEY ATTESTATION"

struct eh_certify_request {
	enum eh_ca_form form;	/* not EH_CA_ROOT */
	const uint8_t *csr;	/* PKCS#10, DER */
	size_t csrlen;
	const uint8_t *attestation;	/* the whole message */
	size_t attestationlen;
	uint64_t days;		/* 0: as long as the root */
};

/* What was certified. */
struct eh_certified {
	struct eh_hsm hsm;
	struct eh_keyattest attestation;
	uint64_t not_before, not_after;
	uint64_t earlier;	/* until when one made before is valid; 0: none */
};

/*
 * Check and certify, in one transaction; append the certificate's DER to ${out}
 * (empty).  The request is signed by the key in it; the attestation is signed
 * by the pinned key of an enrolled EdgeHSM, speaks of that EdgeHSM and of that
 * very key, as an issuing key that was made in it, under our own root.
 *
 * EH_ERR_FORMAT, EH_ERR_TRAILING, EH_ERR_SIGNATURE, EH_ERR_UNSUPPORTED (another
 * algorithm); EH_DENIED_EVIDENCE (request and attestation do not belong
 * together, an unknown EdgeHSM, another purpose, an imported key, a rule of the
 * form); EH_DENIED_SCOPE (a foreign root).
 */
EH_MUST_CHECK int eh_certify(struct eh_authority *,
    const struct eh_certify_request *, uint64_t now, struct eh_buf *out,
    struct eh_certified *, struct eh_error *);

#endif

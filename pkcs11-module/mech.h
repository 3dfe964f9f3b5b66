/* SPDX-License-Identifier: Apache-2.0 */
/* mech.h - the mechanisms, one table: what exists, and for which keys. */
#ifndef EH_PKCS11_MECH_H
#define EH_PKCS11_MECH_H

#include <stddef.h>

#include "pkcs11-module/edgehsm-pkcs11.h"

/* What a mechanism is asked for on the wire when it signs. */
enum eh_mech_request {
	EH_MECH_REQUEST_NONE = 0, /* it does not sign */
	EH_MECH_REQUEST_SIGN,	  /* EH_REQ_SIGN with its wire number */
	EH_MECH_REQUEST_RECEIPT	  /* EH_REQ_RECEIPT */
};

struct eh_mech {
	CK_MECHANISM_TYPE type;
	CK_MECHANISM_INFO info;
	enum eh_mech_request request;
	unsigned wire;		/* enum eh_wire_mechanism */
	unsigned purposes;	/* bit (1 << purpose): keys that offer it */
	size_t param_max;	/* of the parameter, bytes; 0: it has none */
	size_t data_min, data_max;
	size_t output;		/* exact length of what C_Sign gives; for a
				 * receipt the most */
};

/* Return the row of ${type}, or NULL. */
const struct eh_mech *eh_mech_find(CK_MECHANISM_TYPE type);

/* The list of all types. */
const CK_MECHANISM_TYPE *eh_mech_list(size_t *np);

/* The types that a key of ${purpose} offers: its CKA_ALLOWED_MECHANISMS. */
const CK_MECHANISM_TYPE *eh_mech_of_purpose(CK_ULONG purpose, size_t *np);

/* CKR_MECHANISM_PARAM_INVALID unless the parameter is one that the mechanism
 * may have: none, or one deterministic CBOR map. */
CK_RV eh_mech_check_param(const struct eh_mech *, const CK_MECHANISM *);

#endif

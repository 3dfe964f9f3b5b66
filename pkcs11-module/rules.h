/* SPDX-License-Identifier: Apache-2.0 */
/* rules.h - which attributes a template for something new may have. */
#ifndef EH_PKCS11_RULES_H
#define EH_PKCS11_RULES_H

#include <stddef.h>
#include <stdint.h>

#include "pkcs11-module/edgehsm-pkcs11.h"

enum eh_rules {
	EH_RULES_PRIVATE_KEY,
	EH_RULES_PUBLIC_KEY,
	EH_RULES_CERTIFICATE,
	EH_RULES_DATA,
	EH_RULES_MESSAGE,
};

/* What a good template says, where it says something. */
struct eh_wish {
	int has_label, has_id, has_token;
	char label[65];
	uint8_t id[64];
	size_t idlen;
	char application[65];
	CK_ULONG purpose;
	const uint8_t *value; /* CKA_VALUE, borrowed; NULL: none */
	size_t valuelen;
	int has_params;		/* CKA_EC_PARAMS; they are those of P-256 */
};

/*
 * Read a template by the table of ${rules}; default deny.  On CKR_OK ${wish} is
 * what it asks for.  Otherwise the standard's code for what is wrong, with
 * ${wrong} set to the attribute.
 */
CK_RV eh_rules_read(enum eh_rules rules, const CK_ATTRIBUTE *, CK_ULONG count,
    struct eh_wish *wish, CK_ATTRIBUTE_TYPE *wrong);

#endif

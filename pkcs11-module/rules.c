/* SPDX-License-Identifier: Apache-2.0 */
/* rules.c - which attributes a template for something new may have. */
#include "config.h"

#include <string.h>

#include "pkcs11-module/attrs.h"
#include "pkcs11-module/rules.h"

/* How an attribute may stand in a template. */
enum how {
	IS_NUMBER, /* this CK_ULONG */
	IS_TRUE,
	IS_FALSE,
	EITHER, /* a CK_BBOOL that decides nothing here */
	EMPTY,	/* no octets */
	PARAMS, /* the OID of P-256 */
	TOKEN,	/* true; objects of a session are not offered */
	LABEL,
	ID,
	APPLICATION,
	PURPOSE,
	VALUE,
	IGNORED,  /* made from the value, whatever is said */
	READ_ONLY /* made by the token, said by nobody */
};

struct rule {
	CK_ATTRIBUTE_TYPE type;
	enum how how;
	CK_ULONG number;
};

/*
 * One role to a key: our keys sign, and nothing else, so a template that asks
 * for another use is refused, and so is one that would let the key out.  Only
 * CKA_DERIVE may be asked for, since pkcs11-tool and NSS always do; it is not
 * given, as reading it shows.
 */
/* clang-format off */
static const struct rule private_key[] = {
	{ CKA_CLASS,               IS_NUMBER, CKO_PRIVATE_KEY },
	{ CKA_KEY_TYPE,            IS_NUMBER, CKK_EC },
	{ CKA_TOKEN,               TOKEN, 0 },
	{ CKA_PRIVATE,             IS_TRUE, 0 },
	{ CKA_SENSITIVE,           IS_TRUE, 0 },
	{ CKA_EXTRACTABLE,         IS_FALSE, 0 },
	{ CKA_SIGN,                IS_TRUE, 0 },
	{ CKA_SIGN_RECOVER,        IS_FALSE, 0 },
	{ CKA_DECRYPT,             IS_FALSE, 0 },
	{ CKA_UNWRAP,              IS_FALSE, 0 },
	{ CKA_DERIVE,              EITHER, 0 },
	{ CKA_COPYABLE,            IS_FALSE, 0 },
	{ CKA_ALWAYS_AUTHENTICATE, IS_FALSE, 0 },
	{ CKA_WRAP_WITH_TRUSTED,   EITHER, 0 },
	{ CKA_MODIFIABLE,          IS_TRUE, 0 },
	{ CKA_DESTROYABLE,         IS_TRUE, 0 },
	{ CKA_LABEL,               LABEL, 0 },
	{ CKA_ID,                  ID, 0 },
	{ CKA_EDGEHSM_PURPOSE,     PURPOSE, 0 },
	{ CKA_SUBJECT,             EMPTY, 0 },
	{ CKA_START_DATE,          EMPTY, 0 },
	{ CKA_END_DATE,            EMPTY, 0 },
	{ CKA_LOCAL,               READ_ONLY, 0 },
	{ CKA_ALWAYS_SENSITIVE,    READ_ONLY, 0 },
	{ CKA_NEVER_EXTRACTABLE,   READ_ONLY, 0 },
	{ CKA_KEY_GEN_MECHANISM,   READ_ONLY, 0 },
	{ CKA_ALLOWED_MECHANISMS,  READ_ONLY, 0 },
	{ CKA_UNIQUE_ID,           READ_ONLY, 0 },
	{ CKA_EDGEHSM_ORIGIN,      READ_ONLY, 0 },
	{ CKA_EDGEHSM_CUSTODY,     READ_ONLY, 0 },
	{ CKA_EDGEHSM_SPKI_DIGEST, READ_ONLY, 0 },
};

static const struct rule public_key[] = {
	{ CKA_CLASS,             IS_NUMBER, CKO_PUBLIC_KEY },
	{ CKA_KEY_TYPE,          IS_NUMBER, CKK_EC },
	{ CKA_TOKEN,             EITHER, 0 },
	{ CKA_PRIVATE,           IS_FALSE, 0 },
	{ CKA_EC_PARAMS,         PARAMS, 0 },
	{ CKA_VERIFY,            IS_TRUE, 0 },
	{ CKA_VERIFY_RECOVER,    IS_FALSE, 0 },
	{ CKA_ENCRYPT,           IS_FALSE, 0 },
	{ CKA_WRAP,              IS_FALSE, 0 },
	{ CKA_DERIVE,            EITHER, 0 },
	{ CKA_COPYABLE,          IS_FALSE, 0 },
	{ CKA_TRUSTED,           IS_FALSE, 0 },
	{ CKA_MODIFIABLE,        IS_TRUE, 0 },
	{ CKA_DESTROYABLE,       EITHER, 0 },
	{ CKA_LABEL,             LABEL, 0 },
	{ CKA_ID,                ID, 0 },
	{ CKA_SUBJECT,           EMPTY, 0 },
	{ CKA_START_DATE,        EMPTY, 0 },
	{ CKA_END_DATE,          EMPTY, 0 },
	{ CKA_LOCAL,             READ_ONLY, 0 },
	{ CKA_KEY_GEN_MECHANISM, READ_ONLY, 0 },
	{ CKA_UNIQUE_ID,         READ_ONLY, 0 },
};

static const struct rule certificate[] = {
	{ CKA_CLASS,                     IS_NUMBER, CKO_CERTIFICATE },
	{ CKA_CERTIFICATE_TYPE,          IS_NUMBER, CKC_X_509 },
	{ CKA_TOKEN,                     TOKEN, 0 },
	{ CKA_PRIVATE,                   IS_FALSE, 0 },
	{ CKA_COPYABLE,                  IS_FALSE, 0 },
	{ CKA_TRUSTED,                   IS_FALSE, 0 },
	{ CKA_MODIFIABLE,                IS_TRUE, 0 },
	{ CKA_DESTROYABLE,               IS_TRUE, 0 },
	{ CKA_CERTIFICATE_CATEGORY,      IGNORED, 0 },
	{ CKA_JAVA_MIDP_SECURITY_DOMAIN, IGNORED, 0 },
	{ CKA_LABEL,                     LABEL, 0 },
	{ CKA_ID,                        ID, 0 },
	{ CKA_VALUE,                     VALUE, 0 },
	{ CKA_SUBJECT,                   IGNORED, 0 },
	{ CKA_ISSUER,                    IGNORED, 0 },
	{ CKA_SERIAL_NUMBER,             IGNORED, 0 },
	{ CKA_CHECK_VALUE,               IGNORED, 0 },
	{ CKA_PUBLIC_KEY_INFO,           IGNORED, 0 },
	{ CKA_URL,                       EMPTY, 0 },
	{ CKA_HASH_OF_SUBJECT_PUBLIC_KEY, EMPTY, 0 },
	{ CKA_HASH_OF_ISSUER_PUBLIC_KEY, EMPTY, 0 },
	{ CKA_START_DATE,                IGNORED, 0 },
	{ CKA_END_DATE,                  IGNORED, 0 },
	{ CKA_UNIQUE_ID,                 READ_ONLY, 0 },
};

static const struct rule data[] = {
	{ CKA_CLASS,       IS_NUMBER, CKO_DATA },
	{ CKA_TOKEN,       TOKEN, 0 },
	{ CKA_PRIVATE,     IS_FALSE, 0 },
	{ CKA_COPYABLE,    IS_FALSE, 0 },
	{ CKA_MODIFIABLE,  IS_TRUE, 0 },
	{ CKA_DESTROYABLE, IS_TRUE, 0 },
	{ CKA_LABEL,       LABEL, 0 },
	{ CKA_APPLICATION, APPLICATION, 0 },
	{ CKA_OBJECT_ID,   ID, 0 },
	{ CKA_VALUE,       VALUE, 0 },
	{ CKA_UNIQUE_ID,   READ_ONLY, 0 },
};

/* A message is not kept as an object: what else is said of it is of no
 * consequence, and is read back as it was said. */
static const struct rule message[] = {
	{ CKA_CLASS,       IGNORED, 0 },
	{ CKA_TOKEN,       EITHER, 0 },
	{ CKA_PRIVATE,     EITHER, 0 },
	{ CKA_COPYABLE,    EITHER, 0 },
	{ CKA_MODIFIABLE,  EITHER, 0 },
	{ CKA_DESTROYABLE, EITHER, 0 },
	{ CKA_LABEL,       IGNORED, 0 },
	{ CKA_APPLICATION, IGNORED, 0 },
	{ CKA_OBJECT_ID,   IGNORED, 0 },
	{ CKA_ID,          IGNORED, 0 },
	{ CKA_VALUE,       VALUE, 0 },
	{ CKA_UNIQUE_ID,   READ_ONLY, 0 },
};

#define TABLE(rules) { rules, sizeof(rules) / sizeof((rules)[0]) }

static const struct {
	const struct rule *rule;
	size_t n;
} tables[] = {
	[EH_RULES_PRIVATE_KEY] = TABLE(private_key),
	[EH_RULES_PUBLIC_KEY]  = TABLE(public_key),
	[EH_RULES_CERTIFICATE] = TABLE(certificate),
	[EH_RULES_DATA]        = TABLE(data),
	[EH_RULES_MESSAGE]     = TABLE(message),
};
/* clang-format on */

/* OBJECT IDENTIFIER prime256v1 (RFC 5480 section 2.1.1.1). */
static const uint8_t p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
	0x01, 0x07 };

static CK_RV
read_truth(const CK_ATTRIBUTE *given, enum how how, struct eh_wish *wish)
{
	int truth;

	if (!eh_attrs_truth(given, &truth))
		return CKR_ATTRIBUTE_VALUE_INVALID;
	if (how == EITHER)
		return CKR_OK;
	if (how == TOKEN)
		wish->has_token = truth;
	return truth == (how != IS_FALSE) ? CKR_OK : CKR_TEMPLATE_INCONSISTENT;
}

static CK_RV
read_number(
    const CK_ATTRIBUTE *given, const struct rule *rule, struct eh_wish *wish)
{
	CK_ULONG number;

	if (!eh_attrs_number(given, &number))
		return CKR_ATTRIBUTE_VALUE_INVALID;
	if (rule->how == PURPOSE) {
		wish->purpose = number;
		return number == CK_EDGEHSM_PURPOSE_GENERAL ||
			number == CK_EDGEHSM_PURPOSE_ISSUING
		    ? CKR_OK
		    : CKR_ATTRIBUTE_VALUE_INVALID;
	}
	return number == rule->number ? CKR_OK : CKR_TEMPLATE_INCONSISTENT;
}

static CK_RV
read_id(const CK_ATTRIBUTE *given, struct eh_wish *wish)
{
	if (given->ulValueLen > sizeof(wish->id))
		return CKR_ATTRIBUTE_VALUE_INVALID;
	wish->has_id = 1;
	wish->idlen = given->ulValueLen;
	if (wish->idlen > 0)
		memcpy(wish->id, given->pValue, wish->idlen);
	return CKR_OK;
}

static CK_RV
read_params(const CK_ATTRIBUTE *given, struct eh_wish *wish)
{
	if (given->ulValueLen != sizeof(p256) ||
	    memcmp(given->pValue, p256, sizeof(p256)) != 0)
		return CKR_CURVE_NOT_SUPPORTED;
	wish->has_params = 1;
	return CKR_OK;
}

static CK_RV
read_text(const CK_ATTRIBUTE *given, char out[65])
{
	return eh_attrs_text(given, out, 65) ? CKR_OK
					     : CKR_ATTRIBUTE_VALUE_INVALID;
}

static CK_RV
read_one(
    const CK_ATTRIBUTE *given, const struct rule *rule, struct eh_wish *wish)
{
	switch (rule->how) {
	case IS_NUMBER:
	case PURPOSE:
		return read_number(given, rule, wish);
	case IS_TRUE:
	case IS_FALSE:
	case EITHER:
	case TOKEN:
		return read_truth(given, rule->how, wish);
	case EMPTY:
		return given->ulValueLen == 0 ? CKR_OK
					      : CKR_ATTRIBUTE_VALUE_INVALID;
	case PARAMS:
		return read_params(given, wish);
	case LABEL:
		wish->has_label = 1;
		return read_text(given, wish->label);
	case APPLICATION:
		return read_text(given, wish->application);
	case ID:
		return read_id(given, wish);
	case VALUE:
		wish->value =
		    given->ulValueLen > 0 ? given->pValue : (const uint8_t *)"";
		wish->valuelen = given->ulValueLen;
		return CKR_OK;
	case IGNORED:
		return CKR_OK;
	case READ_ONLY:
		return CKR_ATTRIBUTE_READ_ONLY;
	}
	return CKR_ATTRIBUTE_TYPE_INVALID;
}

static const struct rule *
find_rule(enum eh_rules rules, CK_ATTRIBUTE_TYPE type)
{
	for (size_t i = 0; i < tables[rules].n; i++)
		if (tables[rules].rule[i].type == type)
			return &tables[rules].rule[i];
	return NULL;
}

CK_RV
eh_rules_read(enum eh_rules rules, const CK_ATTRIBUTE *given, CK_ULONG n,
    struct eh_wish *wish, CK_ATTRIBUTE_TYPE *wrong)
{
	const struct rule *rule;
	CK_RV rv;

	memset(wish, 0, sizeof(*wish));
	for (CK_ULONG i = 0; i < n; i++) {
		*wrong = given[i].type;
		if (eh_attrs_find(given, i, given[i].type) != NULL)
			return CKR_TEMPLATE_INCONSISTENT; /* said twice */
		if ((rule = find_rule(rules, given[i].type)) == NULL)
			return CKR_ATTRIBUTE_TYPE_INVALID;
		if ((rv = read_one(&given[i], rule, wish)) != CKR_OK)
			return rv;
	}
	return CKR_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* words.c - the words of a profile source: names of attributes, bits, OIDs. */
#include "config.h"

#include <string.h>

#include "common/der/der.h"
#include "common/der/oid.h"
#include "common/x509/profile.h"
#include "common/x509/source.h"
#include "common/x509/words.h"

#define END { NULL, 0, NULL }

/* clang-format off */
const struct eh_word eh_words_attribute[] = {
	{ "commonName",             0, "2.5.4.3" },
	{ "serialNumber",           0, "2.5.4.5" },
	{ "countryName",            0, "2.5.4.6" },
	{ "localityName",           0, "2.5.4.7" },
	{ "stateOrProvinceName",    0, "2.5.4.8" },
	{ "organizationName",       0, "2.5.4.10" },
	{ "organizationalUnitName", 0, "2.5.4.11" },
	{ "title",                  0, "2.5.4.12" },
	{ "organizationIdentifier", 0, "2.5.4.97" },
	{ "domainComponent",        0, "0.9.2342.19200300.100.1.25" },
	{ "userId",                 0, "0.9.2342.19200300.100.1.1" },
	{ "matterVendorId",         0, "1.3.6.1.4.1.37244.2.1" },
	{ "matterProductId",        0, "1.3.6.1.4.1.37244.2.2" },
	END
};

const struct eh_word eh_words_string[] = {
	{ "utf8",      EH_DER_UTF8_STRING,      NULL },
	{ "printable", EH_DER_PRINTABLE_STRING, NULL },
	{ "ia5",       EH_DER_IA5_STRING,       NULL },
	END
};

const struct eh_word eh_words_extension[] = {
	{ "basicConstraints", EH_EXTENSION_BASIC_CONSTRAINTS,
		"2.5.29.19" },
	{ "keyUsage", EH_EXTENSION_KEY_USAGE,
		"2.5.29.15" },
	{ "extendedKeyUsage", EH_EXTENSION_EXT_KEY_USAGE,
		"2.5.29.37" },
	{ "subjectKeyIdentifier", EH_EXTENSION_SUBJECT_KEY_ID,
		"2.5.29.14" },
	{ "authorityKeyIdentifier", EH_EXTENSION_AUTHORITY_KEY_ID,
		"2.5.29.35" },
	{ "subjectAltName", EH_EXTENSION_SUBJECT_ALT_NAME,
		"2.5.29.17" },
	{ "certificatePolicies", EH_EXTENSION_POLICIES,
		"2.5.29.32" },
	END
};

const struct eh_word eh_words_key_usage[] = {
	{ "digitalSignature", 0, NULL },
	{ "nonRepudiation",   1, NULL },
	{ "keyEncipherment",  2, NULL },
	{ "dataEncipherment", 3, NULL },
	{ "keyAgreement",     4, NULL },
	{ "keyCertSign",      5, NULL },
	{ "cRLSign",          6, NULL },
	{ "encipherOnly",     7, NULL },
	{ "decipherOnly",     8, NULL },
	END
};

const struct eh_word eh_words_ext_key_usage[] = {
	{ "serverAuth",        0, "1.3.6.1.5.5.7.3.1" },
	{ "clientAuth",        0, "1.3.6.1.5.5.7.3.2" },
	{ "codeSigning",       0, "1.3.6.1.5.5.7.3.3" },
	{ "emailProtection",   0, "1.3.6.1.5.5.7.3.4" },
	{ "timeStamping",      0, "1.3.6.1.5.5.7.3.8" },
	{ "wisun-fan-device",  0, "1.3.6.1.4.1.45605.1" },
	END
};

const struct eh_word eh_words_policy[] = {
	{ "tcg-cap-verifiedTPMResidency",  0, "2.23.133.11.1.1" },
	{ "tcg-cap-verifiedTPMFixed",      0, "2.23.133.11.1.2" },
	{ "tcg-cap-verifiedTPMRestricted", 0, "2.23.133.11.1.3" },
	END
};

const struct eh_word eh_words_signature[] = {
	{ "ecdsa-with-SHA256", EH_SIG_ECDSA_P256_SHA256,
		"1.2.840.10045.4.3.2" },
	{ "ecdsa-with-SHA384", EH_SIG_ECDSA_P384_SHA384,
		"1.2.840.10045.4.3.3" },
	{ "sha256WithRSAEncryption", EH_SIG_RSA_PKCS1_SHA256,
		"1.2.840.113549.1.1.11" },
	{ "rsassaPss-SHA256", EH_SIG_RSA_PSS_SHA256,
		"1.2.840.113549.1.1.10" },
	END
};

const struct eh_word eh_words_standard[] = {
	{ "none",         EH_STANDARD_NONE,         NULL },
	{ "ieee-802.1ar", EH_STANDARD_IEEE_802_1AR, NULL },
	{ "matter-dac",   EH_STANDARD_MATTER_DAC,   NULL },
	{ "tcg-idevid",   EH_STANDARD_TCG_IDEVID,   NULL },
	{ "wisun-fan",    EH_STANDARD_WISUN_FAN,    NULL },
	END
};

const struct eh_word eh_words_field[] = {
	{ "certificate-serial", EH_FIELD_SERIAL,         NULL },
	{ "not-before",         EH_FIELD_NOT_BEFORE,     NULL },
	{ "public-key",         EH_FIELD_PUBLIC_KEY,     NULL },
	{ "subject-key-id",     EH_FIELD_SUBJECT_KEY_ID, NULL },
	{ "device-id",          EH_FIELD_DEVICE_ID,      NULL },
	{ "not-after",          EH_FIELD_NOT_AFTER,      NULL },
	END
};

const struct eh_word eh_words_evidence[] = {
	{ "none",     EH_EVIDENCE_NONE,     NULL },
	{ "csr",      EH_EVIDENCE_CSR,      NULL },
	{ "attested", EH_EVIDENCE_ATTESTED, NULL },
	END
};

const struct eh_word eh_words_key_algorithm[] = {
	{ "ECDSA-P256", EH_KEY_ECDSA_P256, NULL },
	{ "ECDSA-P384", EH_KEY_ECDSA_P384, NULL },
	END
};

const struct eh_word eh_words_kdf[] = {
	{ "HKDF-SHA256",              EH_KDF_HKDF_SHA256,   NULL },
	{ "SP800-108-CTR-HMAC-SHA256", EH_KDF_SP800_108_CTR, NULL },
	END
};

const struct eh_word eh_words_wrap[] = {
	{ "hpke",           EH_WRAP_HPKE,           NULL },
	{ "tpm2-duplicate", EH_WRAP_TPM2_DUPLICATE, NULL },
	END
};

const struct eh_word eh_words_none[] = { END };
/* clang-format on */

const struct eh_word *
eh_words_find(const struct eh_word *table, const char *word)
{
	for (; table->word != NULL; table++)
		if (strcmp(table->word, word) == 0)
			return table;
	return NULL;
}

const char *
eh_words_name(const struct eh_word *table, int number)
{
	for (; table->word != NULL; table++)
		if (table->number == number)
			return table->word;
	return NULL;
}

const char *
eh_words_oid(const struct eh_word *table, const char *word)
{
	const struct eh_word *w = eh_words_find(table, word);
	uint8_t oid[EH_OID_MAX];
	size_t len;

	if (w != NULL)
		return w->oid;
	return eh_oid_encode(word, oid, sizeof(oid), &len) == EH_OK ? word :
								      NULL;
}

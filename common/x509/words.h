/* SPDX-License-Identifier: Apache-2.0 */
/* words.h - the words of a profile source: names of attributes, bits, OIDs. */
#ifndef EH_COMMON_X509_WORDS_H
#define EH_COMMON_X509_WORDS_H

/*
 * One table for each kind of word, ended by a row whose ${word} is NULL, so
 * that the YAML reader can list the words, and suggest the nearest one.
 */
struct eh_word {
	const char *word;
	int number;		/* the enum, bit or tag; 0 when it has none */
	const char *oid;	/* dotted; NULL when it has none */
};

/* clang-format off */
extern const struct eh_word eh_words_attribute[];	/* commonName ... */
extern const struct eh_word eh_words_string[];		/* utf8 -> DER tag */
extern const struct eh_word eh_words_extension[];	/* basicConstraints */
extern const struct eh_word eh_words_key_usage[];	/* -> bit 0 to 8 */
extern const struct eh_word eh_words_ext_key_usage[];	/* clientAuth ... */
extern const struct eh_word eh_words_policy[];		/* tcg-cap-... */
extern const struct eh_word eh_words_signature[];	/* ecdsa-with-SHA256 */
extern const struct eh_word eh_words_standard[];	/* ieee-802.1ar ... */
extern const struct eh_word eh_words_field[];		/* device-id ... */
extern const struct eh_word eh_words_evidence[];	/* none, csr, ... */
extern const struct eh_word eh_words_key_algorithm[];	/* ECDSA-P256 ... */
extern const struct eh_word eh_words_kdf[];		/* HKDF-SHA256 ... */
extern const struct eh_word eh_words_wrap[];		/* hpke ... */
extern const struct eh_word eh_words_none[];		/* dotted OIDs only */
/* clang-format on */

/* The row with this word, or NULL. */
const struct eh_word *eh_words_find(const struct eh_word *table,
    const char *word);

/* The first word of the table with this number, or NULL. */
const char *eh_words_name(const struct eh_word *table, int number);

/* The dotted OID that ${word} means: that of its row, or the word itself when
 * it is a well-formed dotted OID, else NULL. */
const char *eh_words_oid(const struct eh_word *table, const char *word);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* x509_openssl.h - libcrypto as the other side: it makes and judges what our
 * own code reads and writes. */
#ifndef EH_TEST_UNIT_COMMON_X509_OPENSSL_H
#define EH_TEST_UNIT_COMMON_X509_OPENSSL_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

/* A root and a CA below it, both on P-256, valid 2020 to 9999. */
struct chain {
	EVP_PKEY *root_key, *ca_key;
	X509 *root, *ca;
	uint8_t ca_der[2048];
	size_t ca_len;
};

/* Make one; ${subject} of the CA as "C=DE/O=ACME/CN=..." with openssl's
 * defaults for string types, ${key_id} 0 for a CA without subject key id. */
void chain_init(struct chain *, const char *subject, int key_id);
void chain_wipe(struct chain *);

/* Sign a TBSCertificate with the CA's key and put the certificate together. */
size_t chain_sign(struct chain *, const uint8_t *tbs, size_t tbslen,
    uint8_t *out, size_t cap);

/* What openssl verify -x509_strict says at the time of the leaf's notBefore:
 * X509_V_OK or its error.  The octets must also be what libcrypto writes. */
int chain_verify(struct chain *, const uint8_t *der, size_t len);

/*
 * The TBSCertificate that libcrypto makes of these parts: 16-octet serial,
 * dates as ASN.1 text, subject as above, the point of a P-256 key, and a
 * configuration with a section [ext].
 */
size_t chain_tbs(struct chain *, const uint8_t serial[16],
    const char *not_before, const char *not_after, const char *subject,
    const uint8_t point[65], const char *conf, uint8_t *out, size_t cap);

/* A certificate that may break any rule.  What is NULL or 0 is left as it is in
 * the middle column. */
struct openssl_spec {
	const char *subject;		/* empty */
	const char *issuer;		/* "CN=Issuer" */
	const char *from, *to;		/* 2026, 9999; as they are written */
	const char *extensions;		/* none; lines of name=value */
	int version;			/* 3 */
	const char *serial;		/* hexadecimal; "40" */
	const char *curve;		/* P-256 */
	const char *digest;		/* SHA256 */
};

/* Make it, self-signed by a throw-away key.  In names, "X=!y" is a
 * PrintableString and "X=" is left out. */
size_t openssl_certificate(
    const struct openssl_spec *, uint8_t *out, size_t cap);

/* A P-256 key of libcrypto's; its point when ${point} is not NULL. */
EVP_PKEY *openssl_key(uint8_t point[65]);

/* A PKCS#10 request, signed by ${key}. */
size_t openssl_request(
    EVP_PKEY *key, const char *subject, uint8_t *out, size_t cap);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* x509_fixture.h - profile sources and issuers that many tests begin from. */
#ifndef EH_TEST_UNIT_COMMON_X509_FIXTURE_H
#define EH_TEST_UNIT_COMMON_X509_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include "common/x509/compile.h"
#include "common/x509/template.h"

/* All on the heap, since they are big; fixture_free() frees. */
struct fixture {
	struct eh_profile_source source;
	struct eh_issuer issuer[EH_PROFILE_TEMPLATES];
	uint8_t bytes[EH_PROFILE_MAX];	/* compiled */
	size_t len;
	struct eh_profile profile;	/* decoded from bytes */
	struct eh_error error;
};

/* The profile whose compiled form is the golden one. */
struct fixture *fixture_golden(void);

/* An IEEE 802.1AR IDevID with HardwareModuleName and no subject key id, and a
 * Matter DAC; issuers C=DE, O=ACME, CN=ACME IDevID Issuing CA 1, and CN=ACME
 * Matter PAI with VID FFF1. */
struct fixture *fixture_gateway(void);

/* Compile and decode again; aborts the test when that fails. */
void fixture_compile(struct fixture *);

/* Compile, and return what that gives: an error, as a rule. */
int fixture_try(struct fixture *);

void fixture_free(struct fixture *);

/* Decode the golden profile itself. */
void fixture_decode_golden(struct fixture *);

/* Values for one device, with the golden public key. */
void fixture_values(struct eh_tbs_values *, const char *device,
    uint64_t not_before);

/* Write a Name of common name ${cn}, behind ${country} and ${organization} and
 * before a Matter VID when they are not NULL. */
void fixture_name(struct eh_issuer *, const char *country,
    const char *organization, const char *cn, const char *vid);

/* Add an extension to certificate ${c}, and return it. */
struct eh_source_extension *fixture_extension(
    struct eh_template_source *c, enum eh_extension_kind, int critical);

/* Add an attribute with one text. */
struct eh_source_attribute *fixture_attribute(struct eh_template_source *c,
    const char *attribute, uint8_t string, const char *text);

#endif

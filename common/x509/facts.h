/* SPDX-License-Identifier: Apache-2.0 */
/* facts.h - a certificate opened as far as the linter's rules look into it. */
#ifndef EH_COMMON_X509_FACTS_H
#define EH_COMMON_X509_FACTS_H

#include <stddef.h>
#include <stdint.h>

#include "common/x509/cert.h"
#include "common/x509/lint.h"

/* Of an extension, or an id of Matter. */
enum eh_fact { EH_FACT_BAD = -1, EH_FACT_ABSENT = 0, EH_FACT_GOOD = 1 };

/* BAD: malformed, or there twice. */
struct eh_matter_id {
	enum eh_fact is;
	char text[5];
};

struct eh_facts {
	const struct eh_cert *cert;
	size_t size;			/* octets of the whole certificate */

	int twice;			/* an extension is there twice */
	enum eh_fact basic_constraints;
	int bc_critical, ca, path_given;
	unsigned path;
	enum eh_fact key_usage;
	int ku_critical;
	unsigned ku;			/* 1 << bit of RFC 5280 */
	enum eh_fact ext_key_usage;
	struct eh_slice eku;		/* OIDs one behind the other */
	enum eh_fact subject_key_id;
	int ski_critical;
	struct eh_slice ski;
	enum eh_fact authority_key_id;
	int aki_critical, aki_more;	/* more than a keyIdentifier */
	struct eh_slice aki;
	enum eh_fact alt_name;
	int san_critical;
	enum eh_fact module;		/* HardwareModuleName in it */
	struct eh_slice hw_type;
	enum eh_fact policies;
	struct eh_slice policy;		/* PolicyInformations */

	struct eh_matter_id vid, pid;	/* of the subject */
};

#define EH_KU_DIGITAL_SIGNATURE (1u << 0)
#define EH_KU_KEY_ENCIPHERMENT  (1u << 2)
#define EH_KU_KEY_AGREEMENT     (1u << 4)
#define EH_KU_KEY_CERT_SIGN     (1u << 5)
#define EH_KU_CRL_SIGN          (1u << 6)

/* Open a decoded certificate of ${size} octets. */
void eh_facts_take(
    struct eh_facts *, const struct eh_cert *cert, size_t size);

/* Return 1 when extKeyUsage (policies) has this dotted OID, else 0. */
int eh_facts_eku(const struct eh_facts *, const char *oid);
int eh_facts_policy(const struct eh_facts *, const char *oid);

/* One row of a table: the rule, and whether a certificate keeps it. */
struct eh_lint_row {
	struct eh_lint_rule rule;
	int (*holds)(const struct eh_facts *);
};

struct eh_lint_table {
	const struct eh_lint_row *row;
	unsigned rows;
};

/* Every certificate; then what each standard adds. */
extern const struct eh_lint_table eh_lint_rfc5280;
extern const struct eh_lint_table eh_lint_ieee;
extern const struct eh_lint_table eh_lint_tcg;
extern const struct eh_lint_table eh_lint_wisun;
extern const struct eh_lint_table eh_lint_matter_dac;
extern const struct eh_lint_table eh_lint_matter_pai;
extern const struct eh_lint_table eh_lint_matter_paa;

/* Count a broken rule and report it. */
void eh_lint_broken(
    struct eh_lint *, const char *what, const struct eh_lint_rule *);

#endif

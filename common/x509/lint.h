/* SPDX-License-Identifier: Apache-2.0 */
/* lint.h - does a certificate keep the rules of the standard it names? */
#ifndef EH_COMMON_X509_LINT_H
#define EH_COMMON_X509_LINT_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/x509/profile.h"

/*
 * Generic validators miss most violations of a profile: three of five bad
 * Matter certificates pass all of them.  Here is one table per standard and
 * role, one row per rule; rules of RFC 5280 that every certificate must keep
 * stand in a table of their own, which all share.
 */
/* clang-format off */
enum eh_lint_role {
	EH_LINT_DEVICE = 0,		/* DAC, IDevID */
	EH_LINT_PAI,			/* Matter only */
	EH_LINT_PAA,			/* Matter only */
};

enum eh_lint_severity {
	EH_LINT_WARNING = 1,		/* "should", "not recommended" */
	EH_LINT_ERROR = 2,		/* "must": does not compile */
};
/* clang-format on */

struct eh_lint_rule {
	const char *id;			/* "matter-dac/ku-digital-signature" */
	enum eh_lint_severity severity;
	const char *text;		/* the rule, one sentence */
	const char *source;		/* clause or document it comes from */
};

/*
 * Who wants to know.  ${report} (may be NULL) is called once per broken rule,
 * with ${arg} and the id of the template or certificate; the counts add up over
 * calls.  All zero but for report and arg at the beginning.
 */
struct eh_lint {
	void (*report)(void *arg, const char *what,
	    const struct eh_lint_rule *broken);
	void *arg;
	unsigned errors, warnings;
};

/*
 * Run the rules of ${standard} and ${role} on a finished DER certificate.
 * ${what} names it in reports.  Return EH_OK when it could be judged (see the
 * counts), EH_ERR_FORMAT when it is no certificate at all, EH_ERR_ARGUMENT for
 * a standard without such a role.
 */
EH_MUST_CHECK int eh_lint_cert(struct eh_lint *, enum eh_standard,
    enum eh_lint_role, const char *what, const uint8_t *der, size_t len);

/*
 * Run the rules of the template's own standard on what the template makes:
 * rendered with sample values and with a dummy signature of the longest form.
 * Return EH_OK when it could be judged, else the error of rendering, with a
 * sentence.
 */
EH_MUST_CHECK int eh_lint_template(struct eh_lint *,
    const struct eh_profile *, unsigned index, struct eh_error *);

/* The same for every template of the profile. */
EH_MUST_CHECK int eh_lint_profile(
    struct eh_lint *, const struct eh_profile *, struct eh_error *);

/*
 * Run the rules of Matter on a chain: each certificate in its role, and what
 * must agree between them (VID, PID, names, key ids, the DAC's notBefore inside
 * the validity of both).  Signatures are libcrypto's to verify.  ${paa} may be
 * NULL.  Returns as eh_lint_cert().
 */
EH_MUST_CHECK int eh_lint_matter_chain(struct eh_lint *, const uint8_t *dac,
    size_t daclen, const uint8_t *pai, size_t pailen, const uint8_t *paa,
    size_t paalen);

/*
 * The rules themselves, for reference pages: set ${iterator} to 0, and call
 * until it returns NULL.
 */
const struct eh_lint_rule *eh_lint_next_rule(
    enum eh_standard, enum eh_lint_role, unsigned *iterator);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* lint.c - does a certificate keep the rules of the standard it names? */
#include "config.h"

#include <string.h>

#include "common/crypto/ecdsa.h"
#include "common/x509/facts.h"
#include "common/x509/lint.h"
#include "common/x509/template.h"

#define TABLES 3

/* Which tables each standard and role reads, in this order.  What is not
 * written here cannot be judged. */
/* clang-format off */
static const struct {
	enum eh_standard standard;
	enum eh_lint_role role;
	const struct eh_lint_table *table[TABLES];
} sets[] = {
	{ EH_STANDARD_NONE, EH_LINT_DEVICE,
		{ &eh_lint_rfc5280 } },
	{ EH_STANDARD_IEEE_802_1AR, EH_LINT_DEVICE,
		{ &eh_lint_rfc5280, &eh_lint_ieee } },
	{ EH_STANDARD_TCG_IDEVID, EH_LINT_DEVICE,
		{ &eh_lint_rfc5280, &eh_lint_ieee, &eh_lint_tcg } },
	{ EH_STANDARD_WISUN_FAN, EH_LINT_DEVICE,
		{ &eh_lint_rfc5280, &eh_lint_wisun } },
	{ EH_STANDARD_MATTER_DAC, EH_LINT_DEVICE,
		{ &eh_lint_rfc5280, &eh_lint_matter_dac } },
	{ EH_STANDARD_MATTER_DAC, EH_LINT_PAI,
		{ &eh_lint_rfc5280, &eh_lint_matter_pai } },
	{ EH_STANDARD_MATTER_DAC, EH_LINT_PAA,
		{ &eh_lint_rfc5280, &eh_lint_matter_paa } },
};
/* clang-format on */
#define SETS (sizeof(sets) / sizeof(sets[0]))

/* The row ${n} of a standard and role, counted through its tables; or NULL. */
static const struct eh_lint_row *
row(enum eh_standard standard, enum eh_lint_role role, unsigned n)
{
	for (size_t i = 0; i < SETS; i++) {
		if (sets[i].standard != standard || sets[i].role != role)
			continue;
		for (unsigned t = 0; t < TABLES; t++) {
			const struct eh_lint_table *table = sets[i].table[t];

			if (table == NULL)
				break;
			if (n < table->rows)
				return &table->row[n];
			n -= table->rows;
		}
	}
	return NULL;
}

const struct eh_lint_rule *
eh_lint_next_rule(
    enum eh_standard standard, enum eh_lint_role role, unsigned *iterator)
{
	const struct eh_lint_row *r = row(standard, role, *iterator);

	if (r == NULL)
		return NULL;
	(*iterator)++;
	return &r->rule;
}

void
eh_lint_broken(
    struct eh_lint *l, const char *what, const struct eh_lint_rule *rule)
{
	if (rule->severity == EH_LINT_ERROR)
		l->errors++;
	else
		l->warnings++;
	if (l->report != NULL)
		l->report(l->arg, what, rule);
}

static int
judge(struct eh_lint *l, enum eh_standard standard, enum eh_lint_role role,
    const char *what, const struct eh_cert *cert, size_t size)
{
	struct eh_facts facts;
	const struct eh_lint_row *r;

	if (row(standard, role, 0) == NULL)
		return EH_ERR_ARGUMENT;
	eh_facts_take(&facts, cert, size);
	for (unsigned n = 0; (r = row(standard, role, n)) != NULL; n++)
		if (!r->holds(&facts))
			eh_lint_broken(l, what, &r->rule);
	return EH_OK;
}

int
eh_lint_cert(struct eh_lint *l, enum eh_standard standard,
    enum eh_lint_role role, const char *what, const uint8_t *der, size_t len)
{
	struct eh_cert cert;

	if (eh_cert_decode(&cert, der, len) != EH_OK)
		return EH_ERR_FORMAT;
	return judge(l, standard, role, what, &cert, len);
}

/* What a certificate adds to a TBSCertificate at most: head, algorithm and the
 * longest signature. */
#define AROUND_TBS 96

int
eh_lint_template(struct eh_lint *l, const struct eh_profile *p, unsigned index,
    struct eh_error *e)
{
	uint8_t tbs[EH_TBS_MAX], der[EH_TBS_MAX + AROUND_TBS];
	uint8_t signature[EH_P256_SIGNATURE_LEN];
	const struct eh_template *t;
	struct eh_tbs_values values;
	struct eh_cert cert;
	size_t tbslen, len;
	int err;

	err = eh_tbs_values_sample(p, index, &values, e);
	if (err == EH_OK)
		err = eh_template_render(
		    p, index, &values, tbs, sizeof(tbs), &tbslen, e);
	if (err != EH_OK)
		return err;
	t = &p->template[index];
	/* High first bits make both integers, and so the DER, the longest. */
	memset(signature, 0xff, sizeof(signature));
	err = eh_cert_assemble(
	    tbs, tbslen, signature, der, sizeof(der), &len);
	if (err == EH_OK)
		err = t->sig_alg == EH_SIG_ECDSA_P256_SHA256 ?
		    eh_cert_decode(&cert, der, len) :
		    eh_cert_decode_tbs(&cert, tbs, tbslen);
	if (err != EH_OK)
		return eh_error_set(e, EH_ERR_ARGUMENT, "template %s: what it "
		    "makes is no DER certificate", t->id);
	err = judge(l, (enum eh_standard)t->standard, EH_LINT_DEVICE, t->id,
	    &cert, len);
	if (err != EH_OK)
		return eh_error_set(e, err, "template %s: no rules for %s",
		    t->id, eh_standard_name(t->standard));
	return EH_OK;
}

int
eh_lint_profile(
    struct eh_lint *l, const struct eh_profile *p, struct eh_error *e)
{
	int err = EH_OK;

	for (unsigned i = 0; i < p->templates && err == EH_OK; i++)
		err = eh_lint_template(l, p, i, e);
	return err;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* review.c - is a compiled profile one that an OEM would sign for? */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/x509/facts.h"
#include "common/x509/lint.h"
#include "common/x509/template.h"
#include "orchestrator/authority/review.h"
#include "orchestrator/conf/profile.h"

/* --- by samples --- */

/* The first broken rule becomes the sentence. */
static void
broken(void *arg, const char *what, const struct eh_lint_rule *rule)
{
	struct eh_error *error = arg;

	if (rule->severity == EH_LINT_ERROR && error->code == EH_OK)
		eh_error_set(error, EH_DENIED_TEMPLATE,
		    "template %s: %s (%s; %s)", what, rule->text, rule->id,
		    rule->source);
}

static int
check_no_ca(const struct eh_profile *p, unsigned index, struct eh_error *error)
{
	struct eh_tbs_values values;
	uint8_t tbs[EH_TBS_MAX];
	struct eh_facts facts;
	struct eh_cert cert;
	size_t len;
	int err;

	if ((err = eh_tbs_values_sample(p, index, &values, error)) != EH_OK ||
	    (err = eh_template_render(
	         p, index, &values, tbs, sizeof(tbs), &len, error)) != EH_OK)
		return err;
	if (eh_cert_decode_tbs(&cert, tbs, len) != EH_OK)
		return eh_error_set(error, EH_DENIED_TEMPLATE,
		    "template %s: it is not the body of a certificate",
		    p->template[index].id);
	eh_facts_take(&facts, &cert, len);
	if (facts.ca ||
	    (facts.ku & (EH_KU_KEY_CERT_SIGN | EH_KU_CRL_SIGN)) != 0)
		return eh_error_set(error, EH_DENIED_TEMPLATE,
		    "template %s: it would make a CA of every device",
		    p->template[index].id);
	return EH_OK;
}

int
eh_review_profile(const struct eh_profile *p, struct eh_error *error)
{
	struct eh_error first;
	struct eh_lint l = { .report = broken, .arg = &first };
	int err = EH_OK;

	eh_error_clear(&first);
	for (unsigned i = 0; err == EH_OK && i < p->templates; i++)
		err = check_no_ca(p, i, error);
	if (err == EH_OK)
		err = eh_lint_profile(&l, p, error);
	if (err == EH_OK && l.errors > 0)
		err = eh_error_set(error, first.code, "%s", first.text);
	return err;
}

/* --- by compiling it again --- */

static int
get_issuer(struct eh_store *store, const struct eh_template *t,
    struct eh_issuer *issuer, struct eh_error *error)
{
	struct eh_buf der;
	int err;

	eh_buf_init(&der, EH_CERT_MAX);
	err = eh_store_get_certificate(store, t->issuer, &der, error);
	if (err == EH_ERR_NOT_FOUND)
		err = eh_error_set(error, EH_DENIED_KEY,
		    "template %s: its issuing key was never certified here, "
		    "so nothing can be compared", t->id);
	if (err == EH_OK)
		err = eh_issuer_decode(issuer, der.data, der.len, error);
	eh_buf_free(&der);
	return err;
}

static int
compile(struct eh_store *store, const struct eh_profile *p,
    const struct eh_profile_source *source, uint8_t *out, size_t *lenp,
    struct eh_error *error)
{
	struct eh_issuer *issuers;
	int err = EH_OK;

	if (source->certificates != p->templates)
		return eh_error_set(error, EH_DENIED_TEMPLATE,
		    "the compiled profile has %u templates, its source has %u",
		    p->templates, source->certificates);
	issuers = calloc(EH_PROFILE_TEMPLATES, sizeof(*issuers));
	if (issuers == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	for (unsigned i = 0; err == EH_OK && i < p->templates; i++)
		err = get_issuer(
		    store, &p->template[i], &issuers[i], error);
	if (err == EH_OK)
		err = eh_compile_profile(
		    source, issuers, NULL, out, EH_PROFILE_MAX, lenp, error);
	free(issuers);
	return err;
}

static int
review(struct eh_store *store, const struct eh_profile *p,
    const void *compiled, size_t len, const struct eh_conf_profile *document,
    const char *path, struct eh_error *error)
{
	uint8_t *out = malloc(EH_PROFILE_MAX);
	size_t outlen = 0;
	int err;

	if (out == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	err = compile(store, p, eh_conf_profile_get_source(document), out,
	    &outlen, error);
	if (err == EH_OK &&
	    (outlen != len || memcmp(out, compiled, len) != 0))
		err = eh_error_set(error, EH_DENIED_TEMPLATE,
		    "the compiled profile is not what %s compiles to with the "
		    "certificates of this authority", path);
	free(out);
	return err;
}

int
eh_review_source(struct eh_store *store, const struct eh_profile *p,
    const void *compiled, size_t len, const char *path,
    struct eh_error *error)
{
	struct eh_conf_profile *document = NULL;
	struct eh_report report;
	int err, result;

	eh_report_init(&report);
	err = eh_conf_profile_load(&document, path, &report);
	if (err == EH_OK)
		err = review(store, p, compiled, len, document, path, error);
	else if ((result = eh_report_result(&report, error)) != EH_OK)
		err = result;
	else
		eh_error_set(error, err, "%s: %s", path, eh_err_text(err));
	eh_conf_profile_free(document);
	eh_report_wipe(&report);
	return err;
}

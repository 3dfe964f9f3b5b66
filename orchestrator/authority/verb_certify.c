/* SPDX-License-Identifier: Apache-2.0 */
/* verb_certify.c - edgehsm-authority certify. */
#include "config.h"

#include "common/clock.h"
#include "common/x509/cert.h"
#include "orchestrator/authority/certify.h"
#include "orchestrator/authority/show_items.h"
#include "orchestrator/authority/verbs.h"
#include "orchestrator/conf/pem.h"

#define DAYS_MAX 36525

static int
print(struct eh_args *args, enum eh_ca_form form,
    const struct eh_certified *c, const struct eh_buf *der)
{
	const struct eh_keyattest *k = &c->attestation;
	struct eh_sheet *sheet = eh_sheet_new();
	uint8_t digest[EH_SPKI_DIGEST_LEN];
	struct eh_cert cert;
	char subject[512];

	if (eh_cert_decode(&cert, der->data, der->len) != EH_OK) {
		eh_sheet_free(sheet);
		return eh_error_set(&args->error, EH_ERR_INTERNAL,
		    "the certificate is malformed");
	}
	eh_dn_format(cert.subject, subject, sizeof(subject));
	eh_sheet_text(sheet, "certificate", "%s", eh_ca_form_name(form));
	eh_sheet_text(sheet, "subject", "%s", subject);
	eh_sheet_hex(sheet, "serial", cert.serial.at, cert.serial.len);
	eh_sheet_time(sheet, "not before", cert.not_before);
	eh_sheet_time(sheet, "not after", cert.not_after);
	if (c->earlier != 0)
		eh_sheet_time(sheet, "earlier one until", c->earlier);
	eh_sheet_text(sheet, "EdgeHSM", "%s", c->hsm.name);
	if (k->label[0] != '\0')
		eh_sheet_text(sheet, "label", "%s", k->label);
	eh_keyid_spki_digest(&k->key, digest);
	eh_sheet_fingerprint(sheet, "key", digest, sizeof(digest));
	eh_show_number(
	    sheet, "origin", k->origin, eh_show_origin_name(k->origin));
	eh_sheet_bool(sheet, "non-extractable", k->non_extractable);
	eh_show_number(sheet, "anchor class", k->anchor_class,
	    eh_show_class_name(k->anchor_class));
	eh_show_number(sheet, "custody class", k->custody,
	    eh_show_custody_name(k->custody));
	return eh_verb_print(args, sheet);
}

static int
write_pem(struct eh_args *args, const struct eh_buf *der)
{
	struct eh_buf pem;
	int err;

	eh_buf_init(&pem, EH_PEM_MAX_FILE);
	err = eh_pem_encode("CERTIFICATE", der->data, der->len, &pem);
	if (err != EH_OK)
		eh_error_set(&args->error, err, "the certificate: %s",
		    eh_err_text(err));
	else
		err = eh_verb_write_out(args, pem.data, pem.len);
	eh_buf_free(&pem);
	return err;
}

static int
certify(struct eh_args *args, const struct eh_certify_request *request)
{
	struct eh_authority *a = NULL;
	struct eh_certified certified;
	struct eh_buf der;
	int err;

	eh_buf_init(&der, EH_CERT_MAX);
	err = eh_verb_open(args, &a);
	if (err == EH_OK)
		err = eh_certify(a, request, eh_clock_wall(), &der,
		    &certified, &args->error);
	if (err == EH_OK)
		err = write_pem(args, &der);
	if (err == EH_OK)
		err = print(args, request->form, &certified, &der);
	eh_authority_close(a);
	eh_buf_free(&der);
	return err;
}

static int
run(struct eh_args *args)
{
	struct eh_certify_request request = { .csr = NULL };
	struct eh_buf csr, attestation;
	int err;

	if ((err = eh_ca_form_get(eh_args_get(args, "as"), &request.form,
	         &args->error)) != EH_OK ||
	    (err = eh_args_number(args, "days", 1, DAYS_MAX, 0,
	         &request.days)) != EH_OK ||
	    (err = eh_verb_check_out(args)) != EH_OK)
		return err;
	eh_buf_init(&attestation, EH_PEM_MAX_FILE);
	err = eh_pem_read(
	    args->operand[0], EH_CERTIFY_REQUEST, &csr, &args->error);
	if (err == EH_OK)
		err = eh_pem_read(args->operand[0], EH_CERTIFY_ATTESTATION,
		    &attestation, &args->error);
	if (err == EH_OK) {
		request.csr = csr.data;
		request.csrlen = csr.len;
		request.attestation = attestation.data;
		request.attestationlen = attestation.len;
		err = certify(args, &request);
	}
	eh_buf_free(&csr);
	eh_buf_free(&attestation);
	return err;
}

static const struct eh_option options[] = {
	{ "as", "FORM", EH_OPTION_NEEDED, "issuing-ca or matter-pai" },
	{ "days", "N", 0, "validity, instead of that of the root CA" },
	{ "out", "FILE", EH_OPTION_NEEDED, "the certificate, PEM" },
	{ "force", NULL, 0, "write over FILE" },
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_verb_certify = { "certify", "FILE", 1, 1,
	"Make the issuing key of an enrolled EdgeHSM a CA under the OEM's root",
	options,
	"  edgehsm-authority certify --as issuing-ca idevid-ca.csr --out "
	"idevid-ca.pem\n"
	"  edgehsm-authority certify --as matter-pai pai.csr --days 3650 "
	"--out pai.pem\n",
	run };

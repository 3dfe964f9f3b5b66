/* SPDX-License-Identifier: Apache-2.0 */
/* profile_render.c - edgehsm profile render: serial and TBSCertificate of a
 * device. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/crypto/digest.h"
#include "common/file.h"
#include "common/hex.h"
#include "common/x509/cert.h"
#include "common/x509/csr.h"
#include "common/x509/template.h"
#include "orchestrator/cli/findings.h"
#include "orchestrator/cli/profile.h"
#include "orchestrator/cli/profile_file.h"
#include "orchestrator/cli/profile_openssl.h"
#include "orchestrator/cli/profile_order.h"
#include "orchestrator/cli/session.h"
#include "orchestrator/conf/pem.h"

#define FIRST_INPUT 128			/* ids of inputs, see compile.h */

/* What was asked for. */
struct render {
	struct eh_args *args;
	struct eh_profile_file file;
	struct eh_profile_order order;	/* its id at least */
	int asked;			/* the token, for all of it */
	uint16_t issue_number;
	int have_not_before;
	int have_key;			/* else a stand-in is rendered */
	struct eh_tbs_values values;
};

/* One template of it. */
struct rendered {
	unsigned index;
	const struct eh_template *template;
	struct eh_tbs_values values;
	uint8_t tbs[EH_TBS_MAX];
	size_t len;
	struct eh_cert cert;
};

static int
get_key(struct render *r, const char *path, const char *label)
{
	struct eh_error *error = &r->args->error;
	struct eh_spki spki;
	struct eh_csr csr;
	struct eh_buf der;
	int err = eh_pem_read(path, label, &der, error);

	if (err != EH_OK)
		goto out;
	if (strcmp(label, "PUBLIC KEY") == 0) {
		err = eh_spki_decode(&spki, der.data, der.len);
	} else {
		err = eh_csr_decode(&csr, der.data, der.len);
		spki = csr.spki;
	}
	if (err != EH_OK) {
		eh_error_set(error, err, "%s: not a DER %s", path, label);
		goto out;
	}
	if (strcmp(label, "PUBLIC KEY") != 0 &&
	    (err = eh_csr_verify(&csr, error)) != EH_OK)
		goto out;
	err = eh_rawkey_set(&r->values.key, spki.key.at, spki.key.len);
	if (err != EH_OK)
		eh_error_set(error, err, "%s: the key is not of P-256: %s",
		    path, eh_err_text(err));
	r->have_key = err == EH_OK;
out:
	eh_buf_free(&der);
	return err;
}

/* --public-key or --csr; neither, and the TBS is not printed. */
static int
get_public_key(struct render *r)
{
	const char *key = eh_args_get(r->args, "public-key");
	const char *csr = eh_args_get(r->args, "csr");

	if (key != NULL && csr != NULL)
		return eh_error_set(&r->args->error, EH_ERR_ARGUMENT,
		    "--public-key or --csr, not both");
	if (key != NULL)
		return get_key(r, key, "PUBLIC KEY");
	if (csr != NULL)
		return get_key(r, csr, "CERTIFICATE REQUEST");
	return EH_OK;
}

/* The number of an input, by its name in the YAML or by itself. */
static int
input_id(const struct render *r, const char *name, size_t len, uint8_t *idp)
{
	const struct eh_profile_source *source;
	char number[8];

	if (r->file.document != NULL) {
		source = eh_conf_profile_get_source(r->file.document);
		for (unsigned i = 0; i < source->inputs; i++)
			if (strlen(source->input[i].id) == len &&
			    memcmp(source->input[i].id, name, len) == 0) {
				*idp = (uint8_t)(FIRST_INPUT + i);
				return 1;
			}
	}
	for (unsigned i = 0; i < EH_TEMPLATE_INPUTS; i++) {
		snprintf(number, sizeof(number), "%u", FIRST_INPUT + i);
		if (strlen(number) == len && memcmp(number, name, len) == 0) {
			*idp = (uint8_t)(FIRST_INPUT + i);
			return 1;
		}
	}
	return 0;
}

/* Whether any template of the profile shows this input. */
static int
is_shown(const struct eh_profile *profile, uint8_t id)
{
	for (unsigned t = 0; t < profile->templates; t++)
		for (unsigned i = 0; i < profile->template[t].fields; i++)
			if (profile->template[t].field[i].id == id)
				return 1;
	return 0;
}

static int
get_inputs(struct render *r)
{
	const char *text;
	uint8_t id;
	int err;

	for (unsigned n = 0; (text = eh_args_nth(r->args, "input", n)); n++) {
		size_t len = strcspn(text, "=");

		if (text[len] == '\0' || !input_id(r, text, len, &id) ||
		    !is_shown(r->file.profile, id))
			return eh_error_set(&r->args->error, EH_ERR_ARGUMENT,
			    "--input %s: NAME=VALUE is needed, NAME an input "
			    "of the profile (its number, %d and up, when the "
			    "profile is compiled)",
			    text, FIRST_INPUT);
		err = eh_tbs_values_input(&r->values, id, text + len + 1,
		    strlen(text + len + 1));
		if (err != EH_OK)
			return eh_error_set(&r->args->error, EH_ERR_ARGUMENT,
			    "--input %s: %s", text, eh_err_text(err));
	}
	return EH_OK;
}

static int
get_device(struct render *r)
{
	const char *device = eh_args_get(r->args, "device");
	size_t len = strlen(device);

	if (len > EH_DEVICE_ID_MAX)
		return eh_error_set(&r->args->error, EH_DENIED_SCOPE,
		    "--device %.40s...: a device id has at most %d characters",
		    device, EH_DEVICE_ID_MAX);
	r->values.device.len = (uint8_t)len;
	memcpy(r->values.device.bytes, device, len);
	return eh_profile_check_device(
	    r->file.profile, &r->values.device, &r->args->error);
}

/* --authorization: the token knows it; --authorization-id: the caller does. */
static int
get_authorization(struct render *r)
{
	struct eh_args *args = r->args;
	const char *name = eh_args_get(args, "authorization");
	const char *id = eh_args_get(args, "authorization-id");

	if ((name == NULL) == (id == NULL))
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "--authorization NAME (of the token) or "
		    "--authorization-id HEX is needed, and not both");
	if (name != NULL) {
		r->asked = 1;
		return eh_profile_order_get(args, name, &r->order);
	}
	if (args->operands == 0)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "FILE is needed: only the token knows which profile an "
		    "authorization is for");
	if (eh_hex_decode_fixed(id, r->order.id, EH_ID_LEN) != EH_OK)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "--authorization-id %s: %d hexadecimal digits are needed",
		    id, 2 * EH_ID_LEN);
	return EH_OK;
}

/* FILE, which must be the authorization's, or the one that is. */
static int
open_profile(struct render *r, struct eh_report *report)
{
	uint8_t digest[EH_DIGEST_LEN];
	int err;

	if (r->args->operands == 0)
		return eh_profile_file_find(
		    &r->file, r->order.profile.digest, r->args);
	if ((err = eh_profile_file_open(
		 &r->file, r->args->operand[0], r->args, report)) != EH_OK ||
	    (err = eh_profile_file_compile(&r->file, r->args, report)) !=
		EH_OK || !r->asked)
		return err;
	eh_profile_digest(r->file.bytes.data, r->file.bytes.len, digest);
	return eh_profile_order_check(&r->order, digest, &r->args->error);
}

static int
get_values(struct render *r)
{
	struct eh_args *args = r->args;
	uint64_t number;
	int err;

	r->have_not_before =
	    r->asked || eh_args_get(args, "not-before") != NULL;
	if ((err = eh_args_number(args, "issue-number", 0, UINT16_MAX,
		 r->order.issue_number, &number)) != EH_OK ||
	    (err = eh_args_time(args, "not-before", eh_clock_wall(),
		 r->order.not_before, &r->values.not_before)) != EH_OK ||
	    (err = get_device(r)) != EH_OK ||
	    (err = get_inputs(r)) != EH_OK)
		return err;
	r->issue_number = (uint16_t)number;
	return get_public_key(r);
}

/* What this template has no field for is not given to it. */
static int
fit_values(const struct render *r, struct rendered *out)
{
	const struct eh_profile *profile = r->file.profile;
	struct eh_tbs_values sample;
	int err;

	out->values = r->values;
	err = eh_serial(r->order.id, &r->values.device,
	    (uint8_t)out->index, r->issue_number, out->values.serial);
	if (err != EH_OK)
		return eh_error_set(&r->args->error, err,
		    "serial: %s", eh_err_text(err));
	if (!eh_template_has(profile, out->index, EH_FIELD_DEVICE_ID))
		out->values.device.len = 0;
	if (!eh_template_has(profile, out->index, EH_FIELD_NOT_BEFORE))
		out->values.not_before = 0;
	else if (!r->have_not_before)
		return eh_error_set(&r->args->error, EH_ERR_ARGUMENT,
		    "--not-before TIME is needed: that of the authorization, "
		    "or the time of issue (--authorization NAME asks the "
		    "token)");
	out->values.inputs = 0;
	for (unsigned i = 0; i < out->template->fields; i++) {
		const struct eh_tbs_input *input;
		uint8_t id = out->template->field[i].id;

		if (out->template->field[i].source != EH_FIELD_INPUT ||
		    eh_tbs_values_get(&out->values, id) != NULL)
			continue;
		input = eh_tbs_values_get(&r->values, id);
		if (input != NULL &&
		    (err = eh_tbs_values_input(&out->values, id, input->bytes,
			 input->len)) != EH_OK)
			return err;
	}
	if (r->have_key)
		return EH_OK;
	err = eh_tbs_values_sample(
	    profile, out->index, &sample, &r->args->error);
	out->values.key = sample.key;
	return err;
}

static int
render(const struct render *r, struct rendered *out)
{
	int err;

	if ((err = fit_values(r, out)) != EH_OK)
		return err;
	err = eh_template_render(r->file.profile, out->index, &out->values,
	    out->tbs, sizeof(out->tbs), &out->len, &r->args->error);
	if (err != EH_OK)
		return err;
	return eh_cert_decode_tbs(&out->cert, out->tbs, out->len);
}

static json_t *
rendered_json(const struct render *r, const struct rendered *out)
{
	char serial[EH_HEX_SIZE(EH_SERIAL_LEN)];
	char tbs[EH_HEX_SIZE(EH_TBS_MAX)];
	char before[EH_CLOCK_TEXT_SIZE], after[EH_CLOCK_TEXT_SIZE];

	eh_hex_encode(out->values.serial, EH_SERIAL_LEN, serial);
	eh_hex_encode(out->tbs, out->len, tbs);
	if (eh_clock_format(out->cert.not_before, before) != EH_OK ||
	    eh_clock_format(out->cert.not_after, after) != EH_OK)
		return NULL;
	return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s*}", "index",
	    (int)out->index, "template", out->template->id, "serial", serial,
	    "not_before", before, "not_after", after, "tbs",
	    r->have_key ? tbs : NULL);
}

static int
show(const struct render *r, const struct rendered *out)
{
	char serial[EH_HEX_SIZE(EH_SERIAL_LEN)];
	char digest[EH_HEX_SIZE(EH_DIGEST_LEN)];
	char before[EH_CLOCK_TEXT_SIZE], after[EH_CLOCK_TEXT_SIZE];
	uint8_t sha256[EH_DIGEST_LEN];
	char *tbs;
	int err;

	if ((err = eh_clock_format(out->cert.not_before, before)) != EH_OK ||
	    (err = eh_clock_format(out->cert.not_after, after)) != EH_OK)
		return err;
	eh_hex_encode(out->values.serial, EH_SERIAL_LEN, serial);
	printf("template   %u %s\nserial     %s\nnotBefore  %s\n"
	       "notAfter   %s\n",
	    out->index, out->template->id, serial, before, after);
	if (!r->have_key)
		return EH_OK;
	if ((tbs = malloc(EH_HEX_SIZE(out->len))) == NULL)
		return EH_ERR_MEMORY;
	eh_hex_encode(out->tbs, out->len, tbs);
	eh_sha256(out->tbs, out->len, sha256);
	eh_hex_encode(sha256, sizeof(sha256), digest);
	printf("tbs        %s\nsha256     %s\n", tbs, digest);
	free(tbs);
	return EH_OK;
}

static int
print_openssl(const struct render *r, const struct rendered *out)
{
	const char *device = eh_args_get(r->args, "device");
	struct eh_profile_openssl o = {
		.tbs = out->tbs,
		.len = out->len,
		.key_id_field = eh_template_has(
		    r->file.profile, out->index, EH_FIELD_SUBJECT_KEY_ID),
		.days = out->template->days,
		.device = device,
	};
	char what[256];

	snprintf(what, sizeof(what), "%s of profile %s version %" PRIu32
	    " for %s", out->template->id, r->file.profile->name,
	    r->file.profile->version, device);
	o.what = what;
	return eh_profile_openssl_print(&o, stdout, &r->args->error);
}

static int
write_tbs(const struct render *r, const struct rendered *out, const char *path)
{
	if (!r->have_key)
		return eh_error_set(&r->args->error, EH_ERR_ARGUMENT,
		    "--out needs --public-key or --csr");
	return eh_file_write(path, out->tbs, out->len, 0644, &r->args->error);
}

/* One template, or with ${all} added to the array. */
static int
put(const struct render *r, const struct rendered *out, json_t *all)
{
	const char *path = eh_args_get(r->args, "out");

	if (path != NULL)
		return write_tbs(r, out, path);
	if (eh_args_get(r->args, "openssl") != NULL)
		return print_openssl(r, out);
	if (!r->args->json)
		return show(r, out);
	return json_array_append_new(all, rendered_json(r, out)) == 0 ?
	    EH_OK : EH_ERR_MEMORY;
}

/* Those that were chosen: --template, or all. */
static int
put_templates(const struct render *r, struct rendered *out, json_t *all)
{
	const char *id = eh_args_get(r->args, "template");
	const struct eh_profile *profile = r->file.profile;
	int one = eh_args_get(r->args, "out") != NULL ||
	    eh_args_get(r->args, "openssl") != NULL;
	int err = EH_OK, found = 0;

	if (id == NULL && one && profile->templates > 1)
		return eh_error_set(&r->args->error, EH_ERR_ARGUMENT,
		    "the profile has %u templates: --template says which",
		    profile->templates);
	for (unsigned i = 0; i < profile->templates && err == EH_OK; i++) {
		if (id != NULL && strcmp(id, profile->template[i].id) != 0)
			continue;
		found = 1;
		memset(out, 0, sizeof(*out));
		out->index = i;
		out->template = &profile->template[i];
		err = render(r, out);
		if (err == EH_OK)
			err = put(r, out, all);
	}
	if (!found)
		return eh_error_set(&r->args->error, EH_ERR_ARGUMENT,
		    "profile %s has no template '%s'", profile->name, id);
	return err;
}

/* Are people to read it? */
static int
is_text(const struct eh_args *args)
{
	return !args->json && eh_args_get(args, "out") == NULL &&
	    eh_args_get(args, "openssl") == NULL;
}

/* Under what the certificates are rendered, before them. */
static void
show_order(const struct render *r)
{
	char id[EH_HEX_SIZE(EH_ID_LEN)];

	eh_hex_encode(r->order.id, EH_ID_LEN, id);
	printf("for        %s, authorization %s", r->order.name, id);
	printf(", issue number %u\n", r->issue_number);
}

static int
put_json(const struct render *r, json_t *all)
{
	char id[EH_HEX_SIZE(EH_ID_LEN)];

	eh_hex_encode(r->order.id, EH_ID_LEN, id);
	return eh_command_put(json_pack("{s:s, s:s, s:s*, s:s, s:i, s:O}",
	    "device", eh_args_get(r->args, "device"), "profile",
	    r->file.profile->name, "order", r->asked ? r->order.name : NULL,
	    "authorization", id, "issue_number", (int)r->issue_number,
	    "templates", all));
}

static int
put_all(struct render *r)
{
	struct rendered *out = malloc(sizeof(*out));
	json_t *all = json_array();
	int err = EH_ERR_MEMORY;

	if (r->asked && is_text(r->args))
		show_order(r);
	if (out != NULL && all != NULL)
		err = put_templates(r, out, all);
	if (err == EH_OK && r->args->json && json_array_size(all) > 0)
		err = put_json(r, all);
	json_decref(all);
	free(out);
	return err;
}

static int
run(struct eh_args *args)
{
	struct render *r = calloc(1, sizeof(*r));
	struct eh_report report;
	int err;

	if (r == NULL)
		return EH_ERR_MEMORY;
	r->args = args;
	eh_report_init(&report);
	if ((err = get_authorization(r)) == EH_OK)
		err = open_profile(r, &report);
	eh_findings_print(args, &report);
	if (err == EH_ERR_CONFIG && report.errors > 0)
		err = eh_findings_result(args, &report, args->operand[0]);
	if (err == EH_OK)
		err = eh_profile_supported(r->file.profile, &args->error);
	if (err == EH_OK)
		err = get_values(r);
	if (err == EH_OK)
		err = put_all(r);
	eh_profile_file_close(&r->file);
	eh_report_wipe(&report);
	free(r);
	return err;
}

static const struct eh_option options[] = {
	{ "device", "ID", EH_OPTION_NEEDED, "the device id" },
	{ "authorization", "NAME", 0,
	    "order name or id; the rest is asked of the token" },
	{ "authorization-id", "HEX", 0, "its id, where there is no token" },
	{ "issue-number", "N", 0,
	    "issue number (else the authorization's unclean stops, or 0)" },
	{ "not-before", "TIME", 0,
	    "when the certificate begins (else when the authorization does)" },
	{ "public-key", "FILE", 0, "the device's public key, PEM or DER" },
	{ "csr", "FILE", 0, "the device's request, PEM or DER" },
	{ "input", "NAME=VALUE", EH_OPTION_MANY, "a value of the host" },
	{ "template", "ID", 0, "this certificate only" },
	{ "out", "FILE", 0, "write the TBSCertificate, DER" },
	{ "openssl", NULL, 0, "print a configuration for openssl ca" },
	EH_PROFILE_ISSUER_OPTION,
	EH_OPTION_MODULE,
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_cli_profile_render = {
	"profile render",
	"[FILE]",
	0,
	1,
	"Serial and TBSCertificate that a profile gives for a device.",
	options,
	"  edgehsm profile render --authorization PO-4712 --device SN00000042 "
	"\\\n"
	"      --csr dev.csr --out dev.tbs\n"
	"  edgehsm profile render --authorization PO-4712 --device SN00000042 "
	"\\\n"
	"      --openssl > ca.cnf\n"
	"  edgehsm profile render gateway-a.ehprofile --device SN00000042 \\\n"
	"      --authorization-id 00112233445566778899aabbccddeeff \\\n"
	"      --not-before 2026-12-01T02:00:00Z --issue-number 0\n",
	run,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* unit_issue.c - `edgehsm unit issue`: a request in, a certificate out. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/crypto/digest.h"
#include "common/file.h"
#include "common/hex.h"
#include "common/message/chipattest.h"
#include "common/x509/csr.h"
#include "orchestrator/cli/session.h"
#include "orchestrator/cli/unit.h"
#include "orchestrator/flow/certify.h"
#include "orchestrator/flow/profiles.h"
#include "orchestrator/flow/scopes.h"

/* A device may have its certificate from before an unclean stop, under a lower
 * issue number; the same bytes are free, so a few are asked for. */
#define OLDER_NUMBERS 16

struct issue {
	struct eh_args *args;
	struct eh_token *token;
	struct eh_token_status *status;
	const struct eh_token_authorization *authorization;
	struct eh_loaded_profile *profile;
	unsigned template_index;
	struct eh_token_key key;	/* of the token, that signs */
	struct eh_render render;
	struct eh_issue_param param;
	struct eh_buf request;		/* the PKCS#10, DER */
	struct eh_buf attestation;	/* of the chip */
	struct eh_buf der;
};

/* The request: PEM or DER; its signature proves that somebody has the key. */
static int
read_request(struct issue *i)
{
	const char *path = eh_args_get(i->args, "csr");
	struct eh_error *error = &i->args->error;
	unsigned char *der = NULL;
	char *name = NULL, *header = NULL;
	struct eh_csr csr;
	struct eh_buf file;
	BIO *bio = NULL;
	long len;
	int err;

	if ((err = eh_file_read(path, 65536, &file, error)) != EH_OK)
		goto out;
	len = (long)file.len;
	if (file.len > 10 && memcmp(file.data, "-----BEGIN", 10) == 0) {
		bio = BIO_new_mem_buf(file.data, (int)file.len);
		if (bio == NULL ||
		    PEM_read_bio(bio, &name, &header, &der, &len) != 1) {
			err = eh_error_set(error, EH_ERR_FORMAT,
			    "%s: the PEM cannot be read", path);
			goto out;
		}
	}
	if ((err = eh_csr_decode(&csr, der != NULL ? der : file.data,
	         (size_t)len)) != EH_OK) {
		eh_error_set(error, err, "%s is not a PKCS#10 request", path);
		goto out;
	}
	if ((err = eh_csr_verify(&csr, error)) == EH_OK &&
	    (err = eh_rawkey_from_spki(&i->render.key, csr.spki.der.at,
	         csr.spki.der.len)) == EH_OK)
		err = eh_buf_append(&i->request,
		    der != NULL ? der : file.data, (size_t)len);
out:
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
	BIO_free(bio);
	eh_buf_free(&file);
	return err;
}

static const char *
folders(void)
{
	const char *list = getenv("EDGEHSM_PROFILES");

	return list != NULL ? list : ".";
}

static int
find_profile(struct issue *i)
{
	const char *path = eh_args_get(i->args, "profile");
	const char *name = eh_args_get(i->args, "authorization");
	struct eh_error *error = &i->args->error;
	int err;

	if (path != NULL) {
		if ((err = eh_profiles_load(path, &i->profile, error)) != EH_OK)
			return err;
		return eh_token_choose(i->status, name, i->profile->digest,
		    &i->authorization, error);
	}
	if (name == NULL)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "--profile FILE or --authorization NAME is needed");
	if ((err = eh_token_choose(
	         i->status, name, NULL, &i->authorization, error)) != EH_OK)
		return err;
	return eh_profiles_find(folders(),
	    i->authorization->profile.digest, &i->profile, error);
}

static int
find_template(struct issue *i)
{
	const struct eh_profile *p = &i->profile->profile;
	const char *id = eh_args_get(i->args, "template");
	char names[160] = "";

	if (memcmp(i->profile->digest, i->authorization->profile.digest,
	        EH_DIGEST_LEN) != 0)
		return eh_error_set(&i->args->error, EH_DENIED_SCOPE,
		    "authorization %s is for profile %s version %" PRIu32
		    " with another digest than this file",
		    i->authorization->name, i->authorization->profile.name,
		    i->authorization->profile.version);
	if (id == NULL && p->templates == 1) {
		i->template_index = 0;
		return EH_OK;
	}
	if (id != NULL &&
	    eh_profile_template(p, id, &i->template_index) != NULL)
		return EH_OK;
	for (unsigned t = 0; t < p->templates; t++)
		snprintf(names + strlen(names), sizeof(names) - strlen(names),
		    "%s%s", t > 0 ? ", " : "", p->template[t].id);
	return eh_error_set(&i->args->error, EH_ERR_ARGUMENT,
	    "--template is needed: one of %s", names);
}

static int
compare_issuer(void *context, const struct eh_token_key *key)
{
	struct issue *i = context;
	uint8_t digest[EH_DIGEST_LEN];

	eh_sha256(key->spki, key->spkilen, digest);
	if (memcmp(digest,
	        i->profile->profile.template[i->template_index].issuer,
	        EH_DIGEST_LEN) == 0)
		i->key = *key;
	return EH_OK;
}

static int
find_key(struct issue *i)
{
	int err = eh_token_keys(
	    i->token, compare_issuer, i, &i->args->error);

	if (err != EH_OK || i->key.handle != 0)
		return err;
	return eh_error_set(&i->args->error, EH_ERR_NOT_FOUND,
	    "the key that issues template %s is not on this token; the profile "
	    "was compiled for another EdgeHSM",
	    i->profile->profile.template[i->template_index].id);
}

static int
sign_as(struct issue *i, struct eh_certifier *certifier, uint16_t number)
{
	uint8_t tbs[EH_TBS_MAX];
	size_t len;
	int err;

	i->render.issue = number;
	if ((err = eh_profiles_render(&i->profile->profile, i->template_index,
	         &i->render, tbs, sizeof(tbs), &len, &i->args->error)) != EH_OK)
		return err;
	eh_buf_clear(&i->der);
	return eh_certifier_sign(certifier, i->status->label, &i->key,
	    &i->param, tbs, len, &i->der, &i->args->error);
}

static int
sign(struct issue *i)
{
	struct eh_certifier *certifier = NULL;
	uint16_t number = i->authorization->burns;
	struct eh_error first;
	int err;

	if ((err = eh_certifier_new(i->token,
	         eh_args_get(i->args, "pin-file"), &certifier,
	         &i->args->error)) != EH_OK)
		return err;
	err = sign_as(i, certifier, number);
	first = i->args->error;
	for (unsigned n = 0; err == EH_DENIED_DEVICE_LIMIT && number > 0 &&
	     n < OLDER_NUMBERS; n++)
		err = sign_as(i, certifier, --number);
	if (err != EH_OK && first.code != EH_OK)
		i->args->error = first;
	eh_certifier_free(certifier);
	return err != EH_OK && first.code != EH_OK ? first.code : err;
}

/* What the chip said (doc/format/evidence.md), as it was given by a driver, or
 * in the array that can be imported. */
static int
read_attestation(struct issue *i, const char *path)
{
	struct eh_evidence_item e;
	struct eh_buf file;
	int err;

	if ((err = eh_file_read(
	         path, EH_EVIDENCE_MAX + 8, &file, &i->args->error)) != EH_OK)
		goto out;
	if (file.len > 0 && file.data[0] == 0x82)
		err = eh_evidence_item_decode(
		    file.data, file.len, &e, &i->args->error);
	else
		e = (struct eh_evidence_item){ EH_PARAM_ATTESTATION,
			{ file.data, file.len } };
	if (err == EH_OK)
		err = eh_buf_append(
		    &i->attestation, e.bytes.at, e.bytes.len);
	i->param.evidence_kind = EH_PARAM_ATTESTATION;
	i->param.evidence = i->attestation.data;
	i->param.evidence_len = i->attestation.len;
out:
	eh_buf_free(&file);
	return err;
}

/* What goes with the request: the authorization, and what that asks for. */
static int
fill_param(struct issue *i)
{
	const char *path = eh_args_get(i->args, "scope");
	const uint8_t *id = i->authorization->id;
	int err, found = 1;

	i->param.has_authorization = 1;
	memcpy(i->param.authorization, id, EH_ID_LEN);
	if (path != NULL)
		err = eh_scopes_prove_from(path, id, &i->render.device,
		    &i->param.proof, &i->args->error);
	else
		err = eh_scopes_prove(folders(), id, &i->render.device,
		    &i->param.proof, &found, &i->args->error);
	i->param.has_proof = err == EH_OK && found;
	if (i->profile->profile.evidence == EH_EVIDENCE_CSR) {
		i->param.evidence_kind = EH_PARAM_CSR;
		i->param.evidence = i->request.data;
		i->param.evidence_len = i->request.len;
	}
	path = eh_args_get(i->args, "attestation");
	return err == EH_OK && path != NULL ? read_attestation(i, path) : err;
}

static int
write_certificate(struct issue *i)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct eh_error why;
	char *text;
	long len;
	int err = EH_ERR_MEMORY;

	eh_error_clear(&why);
	if (bio == NULL ||
	    PEM_write_bio(bio, "CERTIFICATE", "", i->der.data,
	        (long)i->der.len) == 0)
		goto out;
	len = BIO_get_mem_data(bio, &text);
	err = eh_file_write(eh_args_get(i->args, "out"), text, (size_t)len,
	    0644, &why);
	if (err != EH_OK)
		eh_error_set(&i->args->error, err,
		    "%s; the certificate was issued, and the same request "
		    "gives it again at no cost", eh_error_sentence(&why));
out:
	BIO_free(bio);
	return err;
}

/* Where the certificate shall go, before a device is counted. */
static int
check_out(struct eh_args *args)
{
	const char *path = eh_args_get(args, "out"), *slash;
	char folder[PATH_MAX];

	slash = strrchr(path, '/');
	snprintf(folder, sizeof(folder), "%.*s",
	    slash != NULL ? (int)(slash - path) + 1 : 1,
	    slash != NULL ? path : ".");
	if (access(folder, W_OK | X_OK) == 0)
		return EH_OK;
	return eh_error_set(&args->error, EH_ERR_IO,
	    "cannot write %s: %s: %s; nothing was asked for", path, folder,
	    strerror(errno));
}

static int
tell(const struct issue *i, const char *device)
{
	const char *out = eh_args_get(i->args, "out");
	const char *template =
	    i->profile->profile.template[i->template_index].id;

	if (i->args->json)
		return eh_command_put(json_pack("{s:s, s:s, s:s, s:s}",
		    "device", device, "authorization", i->authorization->name,
		    "template", template, "certificate", out));
	fprintf(stderr, "%s: %s of %s under %s\n", out, template, device,
	    i->authorization->name);
	return EH_OK;
}

static int
run(struct eh_args *args)
{
	struct issue i = { .args = args };
	const char *id = args->operand[0];
	int err;

	eh_buf_init(&i.der, 65536);
	eh_buf_init(&i.request, EH_CSR_MAX);
	eh_buf_init(&i.attestation, EH_EVIDENCE_MAX);
	if (strlen(id) > EH_DEVICE_ID_MAX)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "a device id has at most %d characters", EH_DEVICE_ID_MAX);
	i.render.device.len = (uint8_t)strlen(id);
	memcpy(i.render.device.bytes, id, strlen(id));
	if ((i.status = malloc(sizeof(*i.status))) == NULL)
		return EH_ERR_MEMORY;
	if ((err = check_out(args)) != EH_OK ||
	    (err = read_request(&i)) != EH_OK ||
	    (err = eh_session_login(args, EH_ROLE_OPERATOR, &i.token)) !=
	        EH_OK ||
	    (err = eh_token_get_status(i.token, i.status, &args->error)) !=
	        EH_OK ||
	    (err = find_profile(&i)) != EH_OK ||
	    (err = find_template(&i)) != EH_OK ||
	    (err = eh_profile_check_device(&i.profile->profile,
	         &i.render.device, &args->error)) != EH_OK ||
	    (err = fill_param(&i)) != EH_OK || (err = find_key(&i)) != EH_OK)
		goto out;
	i.render.authorization = i.authorization->id;
	i.render.not_before = i.authorization->not_before;
	if ((err = sign(&i)) != EH_OK || (err = write_certificate(&i)) != EH_OK)
		goto out;
	err = tell(&i, id);
out:
	eh_buf_free(&i.der);
	eh_buf_free(&i.request);
	eh_buf_free(&i.attestation);
	eh_profiles_free(i.profile);
	eh_token_close(i.token);
	free(i.status);
	return err;
}

static const struct eh_option options[] = {
	{ "csr", "FILE", EH_OPTION_NEEDED, "PKCS#10 of the device's key" },
	{ "out", "FILE", EH_OPTION_NEEDED, "the certificate, PEM" },
	{ "attestation", "FILE", 0,
	    "what the chip said over a challenge (token nonce --device)" },
	{ "authorization", "NAME", 0, "order name, or id in hex" },
	{ "profile", "FILE", 0,
	    "the *.ehprofile (else looked for in $EDGEHSM_PROFILES)" },
	{ "scope", "FILE", 0,
	    "the *.ehscope (else looked for in $EDGEHSM_PROFILES)" },
	{ "template", "ID", 0, "which certificate, when there are several" },
	EH_OPTION_PIN,
	EH_OPTION_MODULE,
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_cli_unit_issue = { "unit issue", "DEVICE", 1, 1,
	"Issue a certificate for a device from its request.", options,
	"  edgehsm unit issue SN00000042 --authorization PO-4712 \\\n"
	"      --csr dev.csr --out dev.pem\n"
	"  edgehsm unit issue SN00000042 --profile gateway-b.ehprofile \\\n"
	"      --template dac --csr dev.csr --out dac.pem\n",
	run };

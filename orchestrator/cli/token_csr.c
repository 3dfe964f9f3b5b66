/* SPDX-License-Identifier: Apache-2.0 */
/* token_csr.c - `edgehsm token csr`: a request for a key's certificate, and the
 * EdgeHSM's word about that key. */
#include "config.h"

#include <jansson.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/x509/csr.h"
#include "orchestrator/cli/session.h"
#include "orchestrator/cli/token.h"

/* One /NAME=VALUE of the subject. */
static int
add_entry(struct eh_args *args, X509_NAME *name, char *entry)
{
	char *value = strchr(entry, '=');

	if (value == NULL)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "--subject: '%s' is not NAME=VALUE", entry);
	*value++ = '\0';
	if (X509_NAME_add_entry_by_txt(name, entry, MBSTRING_UTF8,
	        (const unsigned char *)value, -1, -1, 0) != 1)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "--subject: '%s=%s' is not a known attribute with a legal "
		    "value; others go by their object identifier", entry,
		    value);
	return EH_OK;
}

/* "/C=DE/O=ACME/CN=CA 1" as a DER Name. */
static int
encode_subject(struct eh_args *args, const char *text, uint8_t **der,
    size_t *lenp)
{
	X509_NAME *name = X509_NAME_new();
	char *copy = strdup(text), *entry, *next = NULL;
	int err = EH_OK, len;

	*der = NULL;
	if (name == NULL || copy == NULL) {
		err = EH_ERR_MEMORY;
		goto out;
	}
	if (text[0] != '/') {
		err = eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "--subject %s: it begins with a slash, like "
		    "/C=DE/O=ACME/CN=CA 1", text);
		goto out;
	}
	for (entry = strtok_r(copy, "/", &next); entry != NULL && err == EH_OK;
	     entry = strtok_r(NULL, "/", &next))
		err = add_entry(args, name, entry);
	if (err == EH_OK && (len = i2d_X509_NAME(name, der)) > 0)
		*lenp = (size_t)len;
	else if (err == EH_OK)
		err = EH_ERR_MEMORY;
out:
	free(copy);
	X509_NAME_free(name);
	return err;
}

static int
make_request(struct eh_args *args, struct eh_token *token,
    const struct eh_token_key *key, uint8_t *out, size_t cap, size_t *lenp)
{
	uint8_t info[EH_CSR_MAX], signature[64], *subject;
	size_t infolen, subjectlen = 0;
	int err;

	if ((err = encode_subject(args, eh_args_get(args, "subject"), &subject,
	         &subjectlen)) != EH_OK)
		return err;
	if ((err = eh_csr_body(subject, subjectlen, key->spki, key->spkilen,
	         info, sizeof(info), &infolen)) == EH_OK &&
	    (err = eh_token_sign(token, key, info, infolen, signature,
	         &args->error)) == EH_OK)
		err = eh_csr_assemble(
		    info, infolen, signature, out, cap, lenp);
	OPENSSL_free(subject);
	return err;
}

/* Both blocks of the file, as PEM. */
static int
write_pem(struct eh_args *args, const uint8_t *csr, size_t csrlen,
    const struct eh_buf *attestation)
{
	BIO *bio = BIO_new(BIO_s_mem());
	const char *path = eh_args_get(args, "out");
	char *text;
	long len;
	int err = EH_ERR_MEMORY;

	if (bio == NULL ||
	    PEM_write_bio(bio, "CERTIFICATE REQUEST", "", csr, (long)csrlen) ==
	        0 ||
	    PEM_write_bio(bio, "EDGEHSM KEY ATTESTATION", "",
	        attestation->data, (long)attestation->len) == 0)
		goto out;
	len = BIO_get_mem_data(bio, &text);
	err = EH_OK;
	if (path != NULL)
		err = eh_file_write(
		    path, text, (size_t)len, 0644, &args->error);
	if (err == EH_OK && args->json)
		err = eh_command_put(json_pack("{s:s, s:s%, s:s*}", "label",
		    eh_args_get(args, "label"), "pem", text, (size_t)len,
		    "file", path));
	else if (err == EH_OK && path == NULL &&
	    fwrite(text, 1, (size_t)len, stdout) != (size_t)len)
		err = EH_ERR_IO;
out:
	BIO_free(bio);
	return err;
}

static int
run(struct eh_args *args)
{
	const char *label = eh_args_get(args, "label");
	struct eh_token *token = NULL;
	struct eh_token_key key;
	struct eh_buf attestation;
	uint8_t csr[EH_CSR_MAX];
	size_t csrlen;
	int err;

	eh_buf_init(&attestation, 65536);
	if ((err = eh_session_login(args, EH_ROLE_OPERATOR, &token)) != EH_OK ||
	    (err = eh_token_find(token, label, &key, &args->error)) != EH_OK ||
	    (err = make_request(
	         args, token, &key, csr, sizeof(csr), &csrlen)) != EH_OK ||
	    (err = eh_token_attest(token, &key, NULL, 0, &attestation,
	         &args->error)) != EH_OK)
		goto out;
	err = write_pem(args, csr, csrlen, &attestation);
out:
	eh_buf_free(&attestation);
	eh_token_close(token);
	return err;
}

static const struct eh_option options[] = {
	{ "label", "NAME", EH_OPTION_NEEDED, "label of the key" },
	{ "subject", "DN", EH_OPTION_NEEDED, "like /C=DE/O=ACME/CN=CA 1" },
	{ "out", "FILE", 0, "where to write (else standard output)" },
	EH_OPTION_PIN,
	EH_OPTION_MODULE,
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_cli_token_csr = { "token csr", NULL, 0, 0,
	"Request a certificate for a key, with the key's attestation.", options,
	"  edgehsm token csr --label idevid-ca \\\n"
	"      --subject '/C=DE/O=ACME/CN=ACME IDevID CA 1' --out ca.csr\n"
	"  edgehsm token csr --label pai --out pai.csr \\\n"
	"      --subject '/CN=ACME Matter PAI/1.3.6.1.4.1.37244.2.1=FFF1'\n",
	run };

/* SPDX-License-Identifier: Apache-2.0 */
/* token_csr.c - `edgehsm token csr`: a request for a key's certificate, and the
 * EdgeHSM's word about that key. */
#include "config.h"

#include <jansson.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/file.h"
#include "common/x509/csr.h"
#include "orchestrator/cli/session.h"
#include "orchestrator/cli/token.h"
#include "orchestrator/conf/subject.h"

static int
make_request(struct eh_args *args, struct eh_token *token,
    const struct eh_token_key *key, uint8_t *out, size_t cap, size_t *lenp)
{
	uint8_t info[EH_CSR_MAX], signature[64];
	struct eh_buf subject;
	size_t infolen;
	int err;

	eh_buf_init(&subject, EH_CSR_MAX);
	if ((err = eh_subject_parse(eh_args_get(args, "subject"), &subject,
	         &args->error)) == EH_OK &&
	    (err = eh_csr_body(subject.data, subject.len, key->spki,
	         key->spkilen, info, sizeof(info), &infolen)) == EH_OK &&
	    (err = eh_token_sign(token, key, info, infolen, signature,
	         &args->error)) == EH_OK)
		err = eh_csr_assemble(
		    info, infolen, signature, out, cap, lenp);
	eh_buf_free(&subject);
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

/* SPDX-License-Identifier: Apache-2.0 */
/* token_import.c - `edgehsm token import`: what comes from the OEM goes in. */
#include "config.h"

#include <jansson.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "common/file.h"
#include "common/x509/profile.h"
#include "orchestrator/cli/session.h"
#include "orchestrator/cli/token.h"

static int
is_request(const char *name)
{
	return strcmp(name, "CERTIFICATE REQUEST") == 0 ||
	    strcmp(name, "NEW CERTIFICATE REQUEST") == 0;
}

/* Every certificate of a PEM file; or requests, ahead of their issue. */
static int
import_pem(struct eh_args *args, struct eh_token *token, const char *path,
    const struct eh_buf *file, char text[EH_TOKEN_LINE])
{
	BIO *bio = BIO_new_mem_buf(file->data, (int)file->len);
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	unsigned n = 0, requests = 0;
	long len = 0;
	int err = EH_OK;

	while (err == EH_OK && bio != NULL &&
	    PEM_read_bio(bio, &name, &header, &der, &len) == 1) {
		if (is_request(name)) {
			err = eh_token_import(
			    token, der, (size_t)len, text, &args->error);
			requests++;
		} else if (strcmp(name, "CERTIFICATE") != 0) {
			err = eh_error_set(&args->error, EH_ERR_FORMAT,
			    "%s: a PEM block \"%s\" is nothing to import", path,
			    name);
		} else {
			err = eh_token_put_certificate(
			    token, der, (size_t)len, path, &args->error);
		}
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(der);
		n++;
	}
	BIO_free(bio);
	if (err == EH_OK && n == 0)
		err = eh_error_set(&args->error, EH_ERR_FORMAT,
		    "%s: no certificate in this PEM file", path);
	if (requests == 0)
		snprintf(text, EH_TOKEN_LINE, "%u certificate%s", n,
		    n == 1 ? "" : "s");
	return err;
}

static int
import_file(struct eh_args *args, struct eh_token *token, const char *path)
{
	struct eh_buf file;
	char text[EH_TOKEN_LINE];
	int err;

	if ((err = eh_file_read(path, EH_PROFILE_MAX, &file, &args->error)) !=
	    EH_OK)
		goto out;
	if (file.len == 0)
		err = eh_error_set(
		    &args->error, EH_ERR_FORMAT, "%s is empty", path);
	else if (file.len > 10 && memcmp(file.data, "-----BEGIN", 10) == 0)
		err = import_pem(args, token, path, &file, text);
	else
		err = eh_token_import(
		    token, file.data, file.len, text, &args->error);
	if (err != EH_OK)
		goto out;
	if (args->json)
		err = eh_command_put(
		    json_pack("{s:s, s:s}", "file", path, "imported", text));
	else
		printf("%s: %s\n", path, text);
out:
	eh_buf_free(&file);
	return err;
}

static int
run(struct eh_args *args)
{
	struct eh_token *token = NULL;
	struct eh_error why;
	int err;

	if ((err = eh_session_login(args, EH_ROLE_OPERATOR, &token)) != EH_OK)
		return err;
	for (unsigned i = 0; i < args->operands && err == EH_OK; i++) {
		if ((err = import_file(args, token, args->operand[i])) ==
		        EH_OK ||
		    strstr(args->error.text, args->operand[i]) != NULL)
			continue;
		why = args->error;
		eh_error_set(&args->error, err, "%s: %s", args->operand[i],
		    eh_error_sentence(&why));
	}
	eh_token_close(token);
	return err;
}

static const struct eh_option options[] = {
	EH_OPTION_PIN,
	EH_OPTION_MODULE,
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_cli_token_import = { "token import", "FILE...", 1,
	EH_ARGS_MAX,
	"Import messages, compiled profiles and certificates, in this order.",
	options,
	"  edgehsm token import grant.cose time.cose\n"
	"  edgehsm token import gateway-b.ehprofile po-4711.cose ca.pem\n",
	run };

/* SPDX-License-Identifier: Apache-2.0 */
/* token_import.c - `edgehsm token import`: what comes from the OEM goes in. */
#include "config.h"

#include <jansson.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/x509/profile.h"
#include "orchestrator/cli/bundle.h"
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

/* A file of the delivery. */
struct delivery {
	const char *path;
	struct eh_buf file;
	unsigned rank, given;
};

static int
by_rank(const void *a, const void *b)
{
	const struct delivery *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->given < y->given ? -1 : 1;
}

/* Read them all, and put them into the order in which they go in. */
static int
read_all(struct eh_args *args, struct delivery *d)
{
	int err = EH_OK;

	for (unsigned i = 0; i < args->operands; i++) {
		d[i].path = args->operand[i];
		d[i].given = i;
		err = eh_file_read(d[i].path, EH_PROFILE_MAX, &d[i].file,
		    &args->error);
		if (err == EH_OK && d[i].file.len == 0)
			err = eh_error_set(&args->error, EH_ERR_FORMAT,
			    "%s is empty", d[i].path);
		if (err != EH_OK)
			return err;
		d[i].rank = eh_bundle_rank(d[i].file.data, d[i].file.len);
	}
	qsort(d, args->operands, sizeof(*d), by_rank);
	return EH_OK;
}

static int
import_file(struct eh_args *args, struct eh_token *token,
    const struct delivery *d)
{
	const struct eh_buf *file = &d->file;
	char text[EH_TOKEN_LINE];
	int err;

	if (file->len > 10 && memcmp(file->data, "-----BEGIN", 10) == 0)
		err = import_pem(args, token, d->path, file, text);
	else
		err = eh_token_import(
		    token, file->data, file->len, text, &args->error);
	if (err != EH_OK)
		return err;
	if (args->json)
		return eh_command_put(json_pack(
		    "{s:s, s:s}", "file", d->path, "imported", text));
	printf("%s: %s\n", d->path, text);
	return EH_OK;
}

static int
import_all(
    struct eh_args *args, struct eh_token *token, const struct delivery *d)
{
	struct eh_error why;
	int err = EH_OK;

	for (unsigned i = 0; i < args->operands && err == EH_OK; i++) {
		if ((err = import_file(args, token, &d[i])) == EH_OK ||
		    strstr(args->error.text, d[i].path) != NULL)
			continue;
		why = args->error;
		eh_error_set(&args->error, err, "%s: %s", d[i].path,
		    eh_error_sentence(&why));
	}
	return err;
}

static int
run(struct eh_args *args)
{
	struct delivery *d = calloc(args->operands, sizeof(*d));
	struct eh_token *token = NULL;
	int err;

	if (d == NULL)
		return EH_ERR_MEMORY;
	for (unsigned i = 0; i < args->operands; i++)
		eh_buf_init(&d[i].file, EH_PROFILE_MAX);
	if ((err = read_all(args, d)) == EH_OK &&
	    (err = eh_session_login(args, EH_ROLE_OPERATOR, &token)) == EH_OK)
		err = import_all(args, token, d);
	eh_token_close(token);
	for (unsigned i = 0; i < args->operands; i++)
		eh_buf_free(&d[i].file);
	free(d);
	return err;
}

static const struct eh_option options[] = {
	EH_OPTION_PIN,
	EH_OPTION_MODULE,
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_cli_token_import = { "token import", "FILE...", 1,
	EH_ARGS_MAX,
	"Import messages, compiled profiles and certificates, the ones that others need first.",
	options,
	"  edgehsm token import grant.cose time.cose\n"
	"  edgehsm token import gateway-b.ehprofile po-4711.cose ca.pem\n",
	run };

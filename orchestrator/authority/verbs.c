/* SPDX-License-Identifier: Apache-2.0 */
/* verbs.c - what the verbs of edgehsm-authority share. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/hex.h"
#include "common/message/scopelist.h"
#include "orchestrator/authority/authorize.h"
#include "orchestrator/authority/show.h"
#include "orchestrator/authority/verbs.h"

#define GRANT_DAYS_MAX 400

const char *
eh_verb_folder(const struct eh_args *args)
{
	const char *folder = eh_args_get(args, "store");

	if (folder == NULL)
		folder = getenv("EDGEHSM_AUTHORITY");
	return folder != NULL && folder[0] != '\0' ? folder : "authority";
}

int
eh_verb_open(struct eh_args *args, struct eh_authority **authorityp)
{
	return eh_authority_open(
	    eh_verb_folder(args), authorityp, &args->error);
}

/* The folder of ${path} must be one that can be written. */
static int
check_folder(struct eh_args *args, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL ? strdup(".")
	    : slash == path	     ? strdup("/")
				     : strndup(path, (size_t)(slash - path));
	int err = EH_OK;

	if (folder == NULL)
		return eh_error_set(
		    &args->error, EH_ERR_MEMORY, "out of memory");
	if (access(folder, W_OK | X_OK) != 0)
		err = eh_error_set(&args->error, EH_ERR_STORAGE,
		    "%s cannot be written: %s: %s", path, folder,
		    strerror(errno));
	free(folder);
	return err;
}

int
eh_verb_check_file(struct eh_args *args, const char *option)
{
	const char *path = eh_args_get(args, option);

	if (path == NULL)
		return EH_OK;
	if (eh_args_get(args, "force") == NULL && access(path, F_OK) == 0)
		return eh_error_set(&args->error, EH_ERR_EXISTS,
		    "%s exists: --force writes over it", path);
	return check_folder(args, path);
}

int
eh_verb_check_out(struct eh_args *args)
{
	return eh_verb_check_file(args, "out");
}

int
eh_verb_check_grant(struct eh_args *args, uint64_t *daysp)
{
	int err;

	if (eh_args_get(args, "out") == NULL)
		return eh_error_set(
		    &args->error, EH_ERR_ARGUMENT, "--out FILE is needed");
	err = eh_args_number(
	    args, "days", 1, GRANT_DAYS_MAX, GRANT_DAYS_MAX, daysp);
	return err != EH_OK ? err : eh_verb_check_out(args);
}

int
eh_verb_write_file(
    struct eh_args *args, const char *option, const void *bytes, size_t len)
{
	const char *path = eh_args_get(args, option);
	int err;

	if (eh_args_get(args, "force") != NULL)
		return eh_file_write(path, bytes, len, 0644, &args->error);
	err = eh_file_create(path, bytes, len, 0644, &args->error);
	if (err == EH_ERR_EXISTS)
		eh_error_set(&args->error, err,
		    "%s exists: --force writes over it", path);
	return err;
}

int
eh_verb_write_out(struct eh_args *args, const void *bytes, size_t len)
{
	return eh_verb_write_file(args, "out", bytes, len);
}

int
eh_verb_write_message(struct eh_args *args, const struct eh_buf *message,
    const uint8_t digest[EH_DIGEST_LEN])
{
	char hex[EH_HEX_SIZE(EH_DIGEST_LEN)];
	struct eh_error why;
	int err = eh_verb_write_out(args, message->data, message->len);

	if (err == EH_OK)
		return EH_OK;
	why = args->error;
	eh_hex_encode(digest, EH_DIGEST_LEN, hex);
	return eh_error_set(&args->error, err,
	    "%.160s; it is signed and in the store: %s show --digest %s --out "
	    "FILE", why.text, args->program->name, hex);
}

int
eh_verb_write_proofs(struct eh_args *args, struct eh_authority *a,
    const struct eh_pauth *p, const uint8_t digest[EH_DIGEST_LEN])
{
	char hex[EH_HEX_SIZE(EH_DIGEST_LEN)];
	struct eh_error why;
	struct eh_buf file;
	int err;

	eh_buf_init(&file, EH_SCOPELIST_MAX);
	err = eh_authorize_proofs(a, p, &file, &args->error);
	if (err == EH_OK)
		err = eh_verb_write_file(args, "proofs", file.data, file.len);
	eh_buf_free(&file);
	if (err == EH_OK)
		return EH_OK;
	why = args->error;
	eh_hex_encode(digest, EH_DIGEST_LEN, hex);
	return eh_error_set(&args->error, err,
	    "%.160s; the authorization is signed: %s show --digest %s --proofs "
	    "FILE", eh_error_sentence(&why), args->program->name, hex);
}

int
eh_verb_print(struct eh_args *args, struct eh_sheet *sheet)
{
	int err = eh_sheet_print(sheet, stdout, args->json, &args->error);

	eh_sheet_free(sheet);
	return err;
}

int
eh_verb_print_message(struct eh_args *args, const struct eh_buf *message)
{
	struct eh_sheet *sheet = eh_sheet_new();
	struct eh_envelope envelope;
	int err;

	err = eh_show_message(
	    sheet, message->data, message->len, &envelope, &args->error);
	if (err == EH_OK)
		return eh_verb_print(args, sheet);
	eh_sheet_free(sheet);
	return err;
}

void
eh_verb_say(const struct eh_args *args, const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", args->program->name);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}

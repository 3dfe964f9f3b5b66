/* SPDX-License-Identifier: Apache-2.0 */
/* profile_file.c - a profile as YAML or compiled, or a certificate. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/x509/compile.h"
#include "orchestrator/cli/profile_file.h"
#include "orchestrator/conf/pem.h"
#include "orchestrator/flow/profiles.h"

#define PEM_BEGIN "-----BEGIN CERTIFICATE-----"

int
eh_profile_issuers_get(struct eh_args *args, struct eh_profile_issuers *issuers)
{
	const char *value, *equals;

	issuers->count = 0;
	for (unsigned n = 0; (value = eh_args_nth(args, "issuer", n)); n++) {
		size_t len = strcspn(value, "=");

		equals = value + len;
		if (*equals == '\0' || len == 0 || len > EH_NAME_MAX ||
		    equals[1] == '\0')
			return eh_error_set(&args->error, EH_ERR_ARGUMENT,
			    "--issuer %s: LABEL=FILE is needed", value);
		memcpy(issuers->label[n], value, len);
		issuers->label[n][len] = '\0';
		issuers->given[n].label = issuers->label[n];
		issuers->given[n].file = equals + 1;
		issuers->count++;
	}
	return EH_OK;
}

/* None of the three forms can begin like another: a map of CBOR begins with an
 * octet that no UTF-8 text begins with. */
static enum eh_profile_file_kind
guess(const struct eh_buf *bytes)
{
	size_t len = strlen(PEM_BEGIN);

	if (bytes->len > 0 && bytes->data[0] == 0x30)
		return EH_PROFILE_FILE_CERTIFICATE;
	if (bytes->len > 0 && (bytes->data[0] & 0xe0) == 0xa0)
		return EH_PROFILE_FILE_COMPILED;
	for (size_t i = 0; i + len <= bytes->len; i++)
		if ((i == 0 || bytes->data[i - 1] == '\n') &&
		    memcmp(bytes->data + i, PEM_BEGIN, len) == 0)
			return EH_PROFILE_FILE_CERTIFICATE;
	return EH_PROFILE_FILE_YAML;
}

static int
decode(struct eh_profile_file *file, struct eh_args *args)
{
	file->profile = calloc(1, sizeof(*file->profile));
	if (file->profile == NULL)
		return EH_ERR_MEMORY;
	return eh_profile_decode(file->profile, file->bytes.data,
	    file->bytes.len, &args->error);
}

/* One --issuer per label, and one certificate per template. */
struct issuers {
	struct eh_profile_issuers given;
	struct eh_issuer issuer[EH_PROFILE_TEMPLATES];
};

static int
compile(struct eh_profile_file *file, struct issuers *all,
    struct eh_args *args, struct eh_report *report)
{
	size_t len;
	int err;

	err = eh_conf_profile_issuers(file->document, all->given.given,
	    all->given.count, all->issuer, report);
	if (err == EH_OK)
		err = eh_conf_profile_check(
		    file->document, all->issuer, report);
	if (err != EH_OK)
		return err;
	if ((err = eh_buf_reserve(&file->bytes, EH_PROFILE_MAX)) != EH_OK)
		return err;
	err = eh_compile_profile(eh_conf_profile_get_source(file->document),
	    all->issuer, NULL, file->bytes.data, EH_PROFILE_MAX, &len,
	    &args->error);
	if (err != EH_OK)
		return err;
	eh_buf_extend(&file->bytes, len);
	return decode(file, args);
}

int
eh_profile_file_compile(struct eh_profile_file *file, struct eh_args *args,
    struct eh_report *report)
{
	struct issuers *all;
	int err;

	if (file->kind == EH_PROFILE_FILE_CERTIFICATE)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "a certificate is no profile");
	if (file->kind == EH_PROFILE_FILE_COMPILED)
		return EH_OK;
	if ((all = calloc(1, sizeof(*all))) == NULL)
		return EH_ERR_MEMORY;
	err = eh_profile_issuers_get(args, &all->given);
	if (err == EH_OK)
		err = compile(file, all, args, report);
	free(all);
	return err;
}

/* Whoever writes a profile need not be where the keys are. */
static int
find_issuers(const struct eh_conf_profile *document, struct issuers *all,
    struct eh_report *report, int *havep)
{
	const struct eh_report_entry *e;
	struct eh_report missing;
	int err;

	*havep = 1;
	if (all->given.count > 0)
		return eh_conf_profile_issuers(document, all->given.given,
		    all->given.count, all->issuer, report);
	eh_report_init(&missing);
	err = eh_conf_profile_issuers(document, NULL, 0, all->issuer, &missing);
	for (size_t i = 0; (e = eh_report_get(&missing, i)) != NULL; i++)
		eh_report_again(report, EH_SEVERITY_WARNING, e,
		    "not checked against its issuer: ");
	eh_report_wipe(&missing);
	*havep = err == EH_OK;
	return err == EH_ERR_MEMORY ? err : EH_OK;
}

int
eh_profile_file_check(const struct eh_profile_file *file, struct eh_args *args,
    struct eh_report *report)
{
	struct issuers *all = calloc(1, sizeof(*all));
	int err, have;

	if (all == NULL)
		return EH_ERR_MEMORY;
	err = eh_profile_issuers_get(args, &all->given);
	if (err == EH_OK)
		err = find_issuers(file->document, all, report, &have);
	if (err == EH_OK)
		err = eh_conf_profile_check(
		    file->document, have ? all->issuer : NULL, report);
	free(all);
	return err;
}

/* Take ${read}, the bytes of the file, as what they are. */
static int
take(struct eh_profile_file *file, const char *path, struct eh_buf *read,
    struct eh_args *args, struct eh_report *report)
{
	int err;

	file->kind = guess(read);
	switch (file->kind) {
	case EH_PROFILE_FILE_COMPILED:
		err = eh_buf_append(&file->bytes, read->data, read->len);
		return err != EH_OK ? err : decode(file, args);
	case EH_PROFILE_FILE_CERTIFICATE:
		return eh_pem_decode(path, "CERTIFICATE", read->data,
		    read->len, &file->bytes, &args->error);
	case EH_PROFILE_FILE_YAML:
		break;
	}
	return eh_conf_profile_parse(&file->document, path,
	    read->data != NULL ? (const void *)read->data : "", read->len,
	    report);
}

int
eh_profile_file_open(struct eh_profile_file *file, const char *path,
    struct eh_args *args, struct eh_report *report)
{
	struct eh_buf read;
	int err;

	memset(file, 0, sizeof(*file));
	eh_buf_init(&file->bytes, EH_YAML_MAX_BYTES);
	if (strcmp(path, "-") == 0)
		return eh_conf_profile_load(&file->document, path, report);
	err = eh_file_read(path, EH_YAML_MAX_BYTES, &read, &args->error);
	if (err == EH_OK)
		err = take(file, path, &read, args, report);
	eh_buf_free(&read);
	return err;
}

int
eh_profile_file_find(struct eh_profile_file *file,
    const uint8_t digest[EH_DIGEST_LEN], struct eh_args *args)
{
	const char *folders = getenv("EDGEHSM_PROFILES");
	struct eh_loaded_profile *found;
	int err;

	memset(file, 0, sizeof(*file));
	eh_buf_init(&file->bytes, EH_YAML_MAX_BYTES);
	if ((err = eh_profiles_find(folders != NULL ? folders : ".", digest,
		 &found, &args->error)) != EH_OK)
		return err;
	file->kind = EH_PROFILE_FILE_COMPILED;
	if ((err = eh_buf_append(&file->bytes, found->bytes, found->len)) ==
	    EH_OK)
		err = decode(file, args);
	eh_profiles_free(found);
	return err;
}

void
eh_profile_file_close(struct eh_profile_file *file)
{
	eh_conf_profile_free(file->document);
	free(file->profile);
	eh_buf_free(&file->bytes);
	memset(file, 0, sizeof(*file));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* profiles.c - compiled profiles on disk, found by what an authorization
 * says. */
#include "config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/file.h"
#include "common/hex.h"
#include "common/x509/serial.h"
#include "common/x509/template.h"
#include "orchestrator/flow/profiles.h"

int
eh_profiles_load(const char *path, struct eh_loaded_profile **out,
    struct eh_error *error)
{
	struct eh_loaded_profile *p;
	struct eh_error why;
	struct eh_buf file;
	int err;

	*out = NULL;
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return EH_ERR_MEMORY;
	if ((err = eh_file_read(path, EH_PROFILE_MAX, &file, error)) != EH_OK)
		goto out;
	eh_error_clear(&why);
	if ((err = eh_profile_decode(
	         &p->profile, file.data, file.len, &why)) != EH_OK) {
		eh_error_set(error, err, "%s is not a compiled profile: %s",
		    path, eh_error_sentence(&why));
		goto out;
	}
	eh_profile_digest(file.data, file.len, p->digest);
	p->bytes = eh_buf_take(&file, &p->len);
	*out = p;
	p = NULL;
out:
	eh_buf_free(&file);
	eh_profiles_free(p);
	return err;
}

void
eh_profiles_free(struct eh_loaded_profile *p)
{
	if (p == NULL)
		return;
	free(p->bytes);
	free(p);
}

static int
is_profile(const struct dirent *entry)
{
	const char *end = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && strcmp(end != NULL ? end : "",
	    ".ehprofile") == 0;
}

/* A file that is no profile is not the one that is looked for. */
static int
compare(const char *path, const uint8_t digest[EH_DIGEST_LEN],
    struct eh_loaded_profile **out)
{
	if (eh_profiles_load(path, out, NULL) == EH_OK &&
	    memcmp((*out)->digest, digest, EH_DIGEST_LEN) == 0)
		return EH_OK;
	eh_profiles_free(*out);
	*out = NULL;
	return EH_ERR_NOT_FOUND;
}

/* Look through one folder; EH_ERR_NOT_FOUND when it is not there. */
static int
look(const char *folder, size_t len, const uint8_t digest[EH_DIGEST_LEN],
    struct eh_loaded_profile **out)
{
	char path[4096];
	struct dirent **names;
	int n, err = EH_ERR_NOT_FOUND;

	if ((size_t)snprintf(path, sizeof(path), "%.*s", (int)len, folder) >=
		sizeof(path) ||
	    (n = scandir(path, &names, is_profile, alphasort)) < 0)
		return err;
	for (int i = 0; i < n; i++) {
		if (err != EH_OK &&
		    (size_t)snprintf(path, sizeof(path), "%.*s/%s", (int)len,
			folder, names[i]->d_name) < sizeof(path))
			err = compare(path, digest, out);
		free(names[i]);
	}
	free(names);
	return err;
}

int
eh_profiles_find(const char *folders, const uint8_t digest[EH_DIGEST_LEN],
    struct eh_loaded_profile **out, struct eh_error *error)
{
	char hex[EH_HEX_SIZE(EH_DIGEST_LEN)];
	const char *f = folders;

	*out = NULL;
	while (*f != '\0') {
		size_t len = strcspn(f, ":");

		if (look(f, len, digest, out) == EH_OK)
			return EH_OK;
		f += len + (f[len] == ':');
	}
	eh_hex_encode(digest, EH_DIGEST_LEN, hex);
	return eh_error_set(error, EH_ERR_NOT_FOUND,
	    "no compiled profile (*.ehprofile) with digest %.16s... in %s: "
	    "name the file, or its folder in EDGEHSM_PROFILES", hex, folders);
}

int
eh_profiles_render(const struct eh_profile *profile, unsigned index,
    const struct eh_render *r, uint8_t *out, size_t cap, size_t *lenp,
    struct eh_error *error)
{
	struct eh_tbs_values values;
	int err;

	memset(&values, 0, sizeof(values));
	if ((err = eh_serial(r->authorization, &r->device, (uint8_t)index,
	         r->issue, values.serial)) != EH_OK)
		return err;
	if (eh_template_has(profile, index, EH_FIELD_NOT_BEFORE))
		values.not_before = r->not_before;
	if (eh_template_has(profile, index, EH_FIELD_DEVICE_ID))
		values.device = r->device;
	values.key = r->key;
	return eh_template_render(
	    profile, index, &values, out, cap, lenp, error);
}

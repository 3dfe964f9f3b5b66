/* SPDX-License-Identifier: Apache-2.0 */
/* os.c - small whole files over the table of os.h. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/hex.h"
#include "quota-engine/os.h"

void
eh_os_digest_name(char name[EH_OS_NAME], const char *folder,
    const uint8_t digest[EH_DIGEST_LEN])
{
	char hex[EH_HEX_SIZE(EH_DIGEST_LEN)];

	eh_hex_encode(digest, EH_DIGEST_LEN, hex);
	snprintf(name, EH_OS_NAME, "%s/%s", folder, hex);
}

/* The folder that ${name} lies in: "." for the state folder itself. */
static void
folder_of(char folder[EH_OS_NAME], const char *name)
{
	const char *slash = strrchr(name, '/');

	if (slash == NULL)
		snprintf(folder, EH_OS_NAME, ".");
	else
		snprintf(folder, EH_OS_NAME, "%.*s", (int)(slash - name), name);
}

static int
fill(struct eh_os *os, const char *name, const void *bytes, size_t len)
{
	int err, file;

	if ((err = os->create(os->arg, name, &file)) != EH_OK)
		return err;
	err = os->write(os->arg, file, bytes, len, 0);
	if (err == EH_OK)
		err = os->sync(os->arg, file);
	os->close(os->arg, file);
	return err;
}

int
eh_os_save(struct eh_os *os, const char *name, const void *bytes, size_t len)
{
	char temporary[EH_OS_NAME], folder[EH_OS_NAME];
	int err;

	if (snprintf(temporary, sizeof(temporary), "%s.new", name) >=
	    (int)sizeof(temporary))
		return EH_ERR_ARGUMENT;
	folder_of(folder, name);
	/* One that a crash left behind was never anybody's. */
	err = os->unlink(os->arg, temporary);
	if (err != EH_OK && err != EH_ERR_NOT_FOUND)
		return err;
	if ((err = fill(os, temporary, bytes, len)) != EH_OK) {
		(void)os->unlink(os->arg, temporary);
		return err;
	}
	if ((err = os->rename(os->arg, temporary, name)) != EH_OK)
		return err;
	return os->sync_folder(os->arg, folder);
}

int
eh_os_load(struct eh_os *os, const char *name, struct eh_buf *out)
{
	uint64_t size;
	int err, file;

	if ((err = os->open(os->arg, name, &file)) != EH_OK)
		return err;
	if ((err = os->size(os->arg, file, &size)) != EH_OK)
		goto out;
	if (size > SIZE_MAX) {
		err = EH_ERR_FULL;
		goto out;
	}
	if ((err = eh_buf_reserve(out, (size_t)size)) != EH_OK || size == 0)
		goto out;
	err = os->read(os->arg, file, out->data + out->len, (size_t)size, 0);
	if (err == EH_OK)
		eh_buf_extend(out, (size_t)size);
out:
	os->close(os->arg, file);
	return err;
}

int
eh_os_reading(struct eh_os *os, struct eh_clock_reading *reading)
{
	int err;

	memset(reading, 0, sizeof(*reading));
	if ((err = os->clocks(os->arg, reading)) != EH_OK ||
	    os->anchor_clock == NULL)
		return err;
	if (os->anchor_clock(os->arg, &reading->tpm) != EH_OK)
		memset(&reading->tpm, 0, sizeof(reading->tpm));
	return EH_OK;
}

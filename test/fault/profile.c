/* SPDX-License-Identifier: Apache-2.0 */
/* profile.c - the compiled profile that a client is told of. */
#include "config.h"

#include <err.h>
#include <sysexits.h>

#include "common/file.h"
#include "test/fault/profile.h"

const struct eh_profile *
eh_fault_profile(const char *path)
{
	static struct eh_profile profile;
	static struct eh_buf bytes;	/* the profile borrows from it */
	struct eh_error error = { 0 };

	if (eh_file_read(path, EH_PROFILE_MAX, &bytes, &error) != EH_OK ||
	    eh_profile_decode(&profile, bytes.data, bytes.len, &error) != EH_OK)
		errx(EX_DATAERR, "%s", eh_error_sentence(&error));
	return &profile;
}

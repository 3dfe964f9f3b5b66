/* SPDX-License-Identifier: Apache-2.0 */
/* wipe.c - forgetting secrets. */
#include "config.h"

#include <string.h>

#include "common/wipe.h"

void
eh_wipe(void *bytes, size_t len)
{
	if (len > 0)
		explicit_bzero(bytes, len);
}

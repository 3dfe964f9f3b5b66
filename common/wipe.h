/* SPDX-License-Identifier: Apache-2.0 */
/* wipe.h - forgetting secrets. */
#ifndef EH_COMMON_WIPE_H
#define EH_COMMON_WIPE_H

#include <stddef.h>

/*
 * Set ${len} bytes at ${bytes} to zero in a way that the compiler must not
 * leave out.  NULL is allowed when ${len} is 0.
 *
 * What it cannot do: reach the copies that the compiler made in registers or
 * spilled to the stack, those of a library that saw the secret, pages that went
 * to swap or into a core file, or what realloc() left behind.  It shortens the
 * life of a secret; it does not end it.
 */
void eh_wipe(void *bytes, size_t len);

#endif

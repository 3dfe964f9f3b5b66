/* SPDX-License-Identifier: Apache-2.0 */
/* start.h - starting edgehsmd when nobody else has. */
#ifndef EH_PKCS11_START_H
#define EH_PKCS11_START_H

#include "common/conf.h"
#include "common/err.h"

/* How long a daemon may take until it serves. */
#define EH_START_MS 10000

/*
 * Start the daemon of ${conf} and wait until it serves, at most EH_START_MS.
 * Of several callers, in this process or in others, one starts it (a lock file
 * beside the socket decides) and all wait.  EH_OK also when somebody else was
 * faster.  EH_ERR_UNAVAILABLE with the reason, the daemon's own if it gave one.
 * doc/format/wire.md section 5.
 */
EH_MUST_CHECK int eh_start_daemon(
    const struct eh_conf *conf, struct eh_error *error);

/* Connect to the socket ${path} without waiting for anybody: a descriptor, or
 * -1 with errno. */
int eh_start_connect(const char *path);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.h - what the daemon gives up before it serves anybody. */
#ifndef EH_QUOTA_ENGINE_SANDBOX_H
#define EH_QUOTA_ENGINE_SANDBOX_H

#include <stddef.h>

#include "common/err.h"

/*
 * Why the sandbox would stop this process from working at all ("built with
 * AddressSanitizer", "running under valgrind"), or NULL.  Then none of the
 * functions below is called, and the log says so.
 */
const char *eh_sandbox_unsuitable(void);

/* No core file, no ptrace by the same user, no new privileges, and no
 * capabilities, even for root.  EH_ERR_INTERNAL. */
EH_MUST_CHECK int eh_sandbox_drop(struct eh_error *error);

/* Keep the pages of ${len} bytes at ${bytes} out of swap, as far as the host
 * allows; return 1 when it did, else 0. */
int eh_sandbox_lock_memory(void *bytes, size_t len);

/*
 * The same for every page that this process has or will touch, the key store's
 * and the threads' stacks included.  Only where no limit (RLIMIT_MEMLOCK) could
 * make a later allocation fail: return 1, else 0 and nothing has changed.
 */
int eh_sandbox_lock_all(void);

enum eh_sandbox_network {
	EH_SANDBOX_NO_NETWORK,
	EH_SANDBOX_NETWORK	/* for a backend that reaches its HSM by it */
};

/* How the TPM of the anchor is reached, again and again when it goes away. */
enum eh_sandbox_tpm {
	EH_SANDBOX_TPM_FILE,	/* none, or a device: nothing more */
	EH_SANDBOX_TPM_UNIX,	/* a socket of this host */
	EH_SANDBOX_TPM_INET	/* a socket of TCP */
};

/*
 * From now on the kernel lets this process use only the system calls of the
 * list in sandbox.c: others fail, and what only an intruder asks for (execve,
 * another process, ptrace, mount ...) ends it.  No page can be written and run,
 * and nothing makes it dumpable again.  Call it when the backend is
 * loaded and the socket is open, in the process that stays.  EH_ERR_INTERNAL.
 */
EH_MUST_CHECK int eh_sandbox_close(enum eh_sandbox_network network,
    enum eh_sandbox_tpm tpm, struct eh_error *error);

#endif

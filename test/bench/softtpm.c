/* SPDX-License-Identifier: Apache-2.0 */
/* softtpm.c - an EdgeHSM whose anchor is in a TPM: swtpm, beside edgehsmd. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "test/bench/softtpm.h"

#define TRIES 200	/* of 25 ms, until its sockets are there */

#ifdef EH_WITH_TPM
static const int is_built = 1;
#else
static const int is_built = 0;
#endif

int
softtpm_found(void)
{
	const char *path = getenv("PATH");
	char copy[4096], place[4096 + 8], *rest = copy, *folder;

	if (!is_built || path == NULL || strlen(path) >= sizeof(copy))
		return 0;
	memcpy(copy, path, strlen(path) + 1);
	while ((folder = strsep(&rest, ":")) != NULL) {
		snprintf(place, sizeof(place), "%s/swtpm", folder);
		if (access(place, X_OK) == 0)
			return 1;
	}
	return 0;
}

/* In the child: it goes when we go, however that happens. */
static void
become_tpm(const struct bed *b)
{
	char state[BED_PATH + 16], server[BED_PATH + 32];
	char ctrl[BED_PATH + 32];
	int out = open("/dev/null", O_RDWR);

	snprintf(state, sizeof(state), "dir=%s/tpm", b->folder);
	snprintf(server, sizeof(server), "type=unixio,path=%s/t", b->folder);
	snprintf(ctrl, sizeof(ctrl), "type=unixio,path=%s/t.ctrl", b->folder);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (out < 0 || dup2(out, 0) != 0 || dup2(out, 1) != 1 ||
	    dup2(out, 2) != 2)
		_exit(126);
	execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", state,
	    "--server", server, "--ctrl", ctrl, "--flags",
	    "not-need-init,startup-clear", (char *)NULL);
	_exit(127);
}

pid_t
softtpm_start(const struct bed *b)
{
	const struct timespec turn = { .tv_nsec = 25000000 };
	char folder[BED_PATH], ctrl[BED_PATH];
	pid_t pid;

	bed_path(b, "tpm", folder);
	bed_path(b, "t.ctrl", ctrl);
	if (mkdir(folder, 0700) != 0 || (pid = fork()) < 0)
		bench_die("swtpm cannot be started: %s", strerror(errno));
	if (pid == 0)
		become_tpm(b);
	for (unsigned i = 0; i < TRIES; i++) {
		if (access(ctrl, F_OK) == 0)
			return pid;
		nanosleep(&turn, NULL);
	}
	kill(pid, SIGTERM);
	bench_die("swtpm does not start");
}

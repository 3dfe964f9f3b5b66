/* SPDX-License-Identifier: Apache-2.0 */
/* swtpm.h - private TPMs for tests, and a host that sits before one. */
#ifndef EH_TEST_UNIT_QUOTA_ENGINE_SWTPM_H
#define EH_TEST_UNIT_QUOTA_ENGINE_SWTPM_H

#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>

#include "test/unit/quota-engine/fixture.h"

/* A TPM with its state in a folder of its own.  It dies with the test. */
struct swtpm {
	char folder[FIXTURE_PATH];
	char tcti[FIXTURE_PATH + 32];
	char socket[FIXTURE_PATH];
	pid_t pid;
};

/* Is swtpm(8) installed? */
int swtpm_exists(void);

void swtpm_make(struct swtpm *);	/* a new TPM, and start it */
void swtpm_start(struct swtpm *);	/* power on */
void swtpm_kill(struct swtpm *);	/* power off, at once */
void swtpm_remove(struct swtpm *);	/* power off, and gone */

/* What the host does to commands of one kind. */
enum swtpm_trick {
	SWTPM_HONEST,
	SWTPM_LOSE_COMMAND,	/* cut the line before the TPM sees it */
	SWTPM_LOSE_REPLY,	/* cut the line when the TPM has done it */
	SWTPM_PUT_OFF,		/* answer TPM_RC_NV_RATE ourselves */
	SWTPM_RECORD,		/* remember the reply */
	SWTPM_REPEAT		/* answer what was remembered */
};

/* A host between us and ${tpm}: ${tcti} leads to it.  It plays its trick on
 * the next ${times} commands of the kind ${code}, then is honest. */
struct swtpm_host {
	char tcti[FIXTURE_PATH + 32];
	const struct swtpm *tpm;
	int listener;
	pthread_t thread;
	pthread_mutex_t lock;
	enum swtpm_trick trick;
	unsigned times;
	uint32_t code;
	unsigned seen[0x200];	/* commands the TPM got, by code & 0x1ff */
	uint8_t reply[4096];
	size_t len;
};

void swtpm_host_start(struct swtpm_host *, const struct swtpm *);
void swtpm_host_play(struct swtpm_host *, enum swtpm_trick, uint32_t code,
    unsigned times);
unsigned swtpm_host_seen(struct swtpm_host *, uint32_t code);
void swtpm_host_stop(struct swtpm_host *);

#endif

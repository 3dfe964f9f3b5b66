/* SPDX-License-Identifier: Apache-2.0 */
/* rng.h - the boundary's random numbers: two sources, both watched. */
#ifndef EH_QUOTA_ENGINE_RNG_H
#define EH_QUOTA_ENGINE_RNG_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/*
 * The health tests of SP 800-90B section 4.4 over the octets of one source, each
 * octet a sample.  Repetition: 9 equal octets in a row, or two equal blocks of
 * 16 on end (2^-64 and 2^-128 for a good source).  Proportion: 20 times the
 * first octet among 512 (2^-43).
 */
#define EH_RNG_BLOCK	  16u
#define EH_RNG_RUN	  9u
#define EH_RNG_WINDOW	  512u
#define EH_RNG_PROPORTION 20u

struct eh_rng_watch {
	uint8_t block[EH_RNG_BLOCK];	/* the last one */
	int has_block;
	uint8_t octet;			/* the last one */
	unsigned run;			/* how often it came on end */
	uint8_t first;			/* of the window */
	unsigned at, seen;		/* in the window */
};

/* Take ${len} octets, a multiple of EH_RNG_BLOCK, into account.  NULL, or what
 * is wrong with them: "repeats itself", "is one-sided". */
const char *eh_rng_watch(
    struct eh_rng_watch *, const uint8_t *octets, size_t len);

/* Fill ${out}; 0, or -1 when the source fails. */
typedef int eh_rng_source(void *out, size_t len);

struct eh_rng {
	pthread_mutex_t lock;
	struct {
		const char *name;
		eh_rng_source *draw;
		struct eh_rng_watch watch;
	} source[2];
	int is_failed;
};

/*
 * ${out} := the one source XOR the other, so that each makes good for the other:
 * libcrypto's generator, and the kernel's, which a process that was resumed from
 * a snapshot shares with nobody.  EH_ERR_CRYPTO, and ${out} all zero, when a
 * source fails or is caught by its watch: then, and ever after, and the process
 * is in its error state (health.h).
 */
EH_MUST_CHECK int eh_rng_draw(struct eh_rng *, void *out, size_t len);

/* The same from the sources of this host, for everybody in this process. */
EH_MUST_CHECK int eh_rng_fill(void *out, size_t len);

/* Watch 1,024 octets of each before the first is used (SP 800-90B section 4.3). */
EH_MUST_CHECK int eh_rng_start(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* crash.h - lives of an engine that end in a crash, one after the other. */
#ifndef EH_TEST_FAULT_CRASH_H
#define EH_TEST_FAULT_CRASH_H

#include <stdint.h>

/*
 * A world is a disk, an anchor, some orders and a history of what left the
 * boundary.  In each life some actors claim, sign, submit and report in random
 * order, while groups and the five steps of a commit go on between them, until
 * the machine crashes at a random call (or something fails, or it is stopped
 * cleanly).  After each life the world is opened again and judged.  With
 * ${every_call} a copy of the world is made to crash at every call of a life,
 * opened and judged, too.
 *
 * All follows from the seed.  What is wrong is written to standard error, with
 * the seed, and counted.
 */
struct crash_plan {
	uint64_t seed;
	uint64_t points;	/* crash points to visit */
	int every_call;		/* look at every call, not only at one a life */
	uint64_t skip_syncs;	/* the planted bug; 0: none */
	int stop_at_first;	/* end a world at its first fault, quietly */
};

struct crash_result {
	uint64_t worlds;
	uint64_t points;	/* calls at which it crashed, or was made to
				 * crash in a copy of the world */
	uint64_t disks;		/* of them: that left another disk than the call
				 * before, so that it was opened and judged */
	uint64_t released;	/* signatures that left */
	uint64_t retries;	/* of them asked for again */
	uint64_t burned, clean;	/* unclean and clean stops */
	uint64_t closed;	/* orders that were closed */
	uint64_t failed;	/* lives that ended by a failing call */
	uint64_t faults;	/* invariants broken */
	uint64_t faulty_worlds;
};

void crash_run(const struct crash_plan *, struct crash_result *);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* sim.h - a machine in memory that crashes: disk, clocks, random, anchor. */
#ifndef EH_TEST_FAULT_SIM_H
#define EH_TEST_FAULT_SIM_H

#include <stddef.h>
#include <stdint.h>

#include "quota-engine/os.h"

/*
 * It implements the table of quota-engine/os.h.  Everything that happens
 * follows from the seed and the calls.
 *
 * The disk has sectors of 512 bytes.  A write reaches the disk at sync(); until
 * then a crash may, for each sector by itself, lose it, keep it, or tear it at
 * any byte.  What happened to names reaches the disk, in order, at
 * sync_folder(); until then a crash keeps the first so many of them.
 *
 * Once a crash has happened every call fails and does nothing, as for a process
 * that is dead, until sim_reboot().
 */
struct sim;

/* A seeded generator for the tests, too (xorshift64*). */
struct sim_random {
	uint64_t state;
};
uint64_t sim_random(struct sim_random *);
/* From 0 to ${n} - 1. */
uint64_t sim_below(struct sim_random *, uint64_t n);

struct sim *sim_new(uint64_t seed);
void sim_free(struct sim *);

/* A copy of the disk as it is, on the same anchor: what a host can do. */
struct sim *sim_copy(struct sim *);

/* Put the disk (not the anchor) back to what it was in ${from}. */
void sim_put_back(struct sim *, const struct sim *from);

struct eh_os *sim_os(struct sim *);

/* Crash at the ${n}-th call from now (1 is the next); 0 never. */
void sim_crash_at(struct sim *, uint64_t n);
int sim_crashed(const struct sim *);

/* How many calls there have been. */
uint64_t sim_calls(const struct sim *);

/* Crash now, if it has not, and let the disk keep what it keeps. */
void sim_reboot(struct sim *);

/* The process dies, now or before, and the machine does not: what was written
 * and not synced can be read, and a later crash may still lose it. */
void sim_kill(struct sim *);

/* The machine itself boots: another boot_id, clocks from zero. */
void sim_boot(struct sim *);

/* Borrow the clocks, to set the host's, or one of the others. */
struct eh_clock_reading *sim_clock(struct sim *);

/* Let the clocks go on. */
void sim_pass(struct sim *, uint64_t seconds);

/*
 * Call ${look} at the beginning of every call, 1 in ${changed} when disk or
 * anchor are not as they were at the one before; NULL: nobody looks.  It must
 * leave the machine as it is.
 */
void sim_watch(struct sim *,
    void (*look)(void *arg, int changed), void *arg);

/* A copy of all, what is not durable included, on an anchor of its own: to see
 * what a crash at this moment would leave. */
struct sim *sim_fork(const struct sim *, uint64_t seed);

/* What goes wrong. */
enum sim_call {
	SIM_NONE, SIM_WRITE, SIM_SHORT_WRITE, SIM_SYNC, SIM_READ, SIM_OPEN,
	SIM_CREATE, SIM_RENAME, SIM_SYNC_FOLDER, SIM_EXTEND, SIM_ANCHOR_READ,
	SIM_CLOCKS
};
/* The ${n}-th call of this kind from now fails, once. */
void sim_fail(struct sim *, enum sim_call, uint64_t n);

/* So many bytes of file are left to be made; UINT64_MAX: no end. */
void sim_space(struct sim *, uint64_t bytes);

/* The planted bug: of ${n} calls of sync() one does nothing.  0: none. */
void sim_skip_syncs(struct sim *, uint64_t n);

/* Of ${n} extends one has an outcome that nobody knows.  0: none. */
void sim_lose_replies(struct sim *, uint64_t n);

/* Extend whatever the value is, as a TPM does: only reading back tells. */
void sim_blind_anchor(struct sim *);

/* The anchor goes back to what it was when never written. */
void sim_clear_anchor(struct sim *);

/* Borrow a file's bytes, for tests that damage them; NULL when it is not
 * there. */
uint8_t *sim_file(struct sim *, const char *name, size_t *lenp);

/* Make the file ${len} bytes long (zeros are added); take it away. */
void sim_resize(struct sim *, const char *name, size_t len);
void sim_remove(struct sim *, const char *name);

/* Somebody else raises the counter of the anchor ${n} times. */
void sim_count_starts(struct sim *, uint64_t n);

/* A number that is equal when disk and anchor are. */
uint64_t sim_print(const struct sim *);

#endif

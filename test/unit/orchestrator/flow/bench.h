/* SPDX-License-Identifier: Apache-2.0 */
/* bench.h - a line on a bench: a private folder, a fake chip, an EdgeHSM that
 * is played, and a way to be cut off at any point. */
#ifndef EH_TEST_UNIT_ORCHESTRATOR_FLOW_BENCH_H
#define EH_TEST_UNIT_ORCHESTRATOR_FLOW_BENCH_H

#include <stdint.h>

#include "common/crypto/soft.h"
#include "orchestrator/flow/hsm.h"
#include "orchestrator/flow/recipe.h"
#include "orchestrator/flow/run.h"

#define BENCH_DEVICES	16
#define BENCH_TEMPLATES 2
#define BENCH_SUPERSEDED 2

/*
 * The EdgeHSM that is played.  It keeps the rules of retry and re-issue that
 * matter to a line, and lies in memory that is shared with child processes, so
 * that it outlives one that was cut off.
 */
struct bench_hsm {
	char label[32], factory[32];
	uint64_t quota, used, log_size;
	uint16_t burns;
	uint8_t second;			/* an authorization PO-2 exists */
	uint8_t closed;			/* PO-1 is; or BENCH_SUPERSEDED */
	int refuse;			/* EH_DENIED_*: new devices, by PO-1 */
	int break_down;			/* an error for sign ${break_at} */
	unsigned break_at;
	int refuse_reports;
	unsigned signs, reports, status_calls;
	unsigned requests, proofs;	/* that came with a sign */
	unsigned ndevices;
	struct bench_device {
		uint8_t id_len;
		uint8_t id[32];
		unsigned reports;
		struct eh_unit_report report;
		uint8_t authorization;	/* 1 or 2 */
		struct {
			uint8_t issued;
			uint8_t tbs[32];	/* SHA-256 */
			uint16_t len;
			uint8_t der[1024];
		} certificate[BENCH_TEMPLATES];
	} device[BENCH_DEVICES];
	/* Points at which a process can be cut off; 0: never. */
	unsigned cut_at, point;
};

struct bench {
	char folder[64], state[80], line_path[96];
	struct bench_hsm *fake;		/* shared memory */
	struct eh_soft *issuer;		/* signs for both templates */
	struct eh_recipe recipe;
	struct eh_report report;
	struct eh_hsm hsm;
	struct eh_run_options options;
	struct eh_run_summary summary;
	struct eh_error error;
	volatile sig_atomic_t stop;
	unsigned ended;			/* units that were told to end */
	unsigned stop_after;		/* then somebody asks to stop */
	const char *stop_at;		/* a step: somebody asks twice */
	unsigned steps;			/* attempts that were begun */
};

/* Make a bench: configs/examples/gateway-b.yaml compiled for a key of ours, and
 * the fake driver in EDGEHSM_PLUGIN_PATH. */
void bench_setup(struct bench *);
void bench_teardown(struct bench *);

/* Write line.yaml; ${with} goes into the driver's options ("fault: odd"),
 * ${steps} (NULL: all six) are its steps, ${more} further lines of spec:. */
void bench_line(struct bench *, const char *with, const char *steps,
    const char *more);

/* Load the line, with units ${range}; aborts the test on any error. */
void bench_load(struct bench *, const char *range);

/* Run it; the summary is in the bench.  Returns what eh_run() does. */
int bench_run(struct bench *);

/* Load and run the default line with ${range}. */
int bench_make(struct bench *, const char *range);

/* The unit of ${device}, loaded. */
void bench_unit(struct bench *, const char *device, struct eh_unit *);

/* Write ${text} to ${name} in the folder of the bench. */
void bench_put(struct bench *, const char *name, const char *text);

/* Check that ${device} is good: folder, chip and EdgeHSM hold the same two
 * certificates, and there is one report that says so. */
void bench_check_good(struct bench *, const char *device);

/* The row of ${device} in the EdgeHSM, or NULL. */
const struct bench_device *bench_find(const struct bench *, const char *device);

/* A point at which the process may be cut off (_exit(9)). */
void bench_point(void);

/* The bench whose points count; set by bench_setup(). */
extern struct bench *bench_current;

#endif

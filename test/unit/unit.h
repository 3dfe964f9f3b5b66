/* SPDX-License-Identifier: Apache-2.0 */
/* unit.h - what every unit test program shares: running Check with TAP. */
#ifndef EH_TEST_UNIT_H
#define EH_TEST_UNIT_H

#include <check.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Run ${suite}, print TAP on standard output and return the exit status for
 * main().  Takes ownership of ${suite}.
 */
int unit_run(Suite *suite);

/* Say in TAP that the whole program is skipped, because of ${why}; return 0. */
int unit_skip(const char *why);

/*
 * Decode ${hex} (white space is ignored) into ${out} of ${cap} bytes and
 * return the number of bytes.  Aborts the test on anything else than hex.
 */
size_t unit_hex(const char *hex, uint8_t *out, size_t cap);

/*
 * Return the whole of the foreign vector file ${name} (a path below the
 * folder of the environment variable EDGEHSM_VECTORS) as malloc'd bytes with
 * a NUL behind them, or NULL when it cannot be read.  The caller frees.
 */
char *unit_vector(const char *name, size_t *lenp);

/* Return 1 when unit_vector() can read ${name}, else 0: then skip. */
int unit_has_vector(const char *name);

#endif

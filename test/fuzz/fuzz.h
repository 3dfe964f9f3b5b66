/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz.h - what a fuzz target is: one function, found by its name. */
#ifndef EH_TEST_FUZZ_FUZZ_H
#define EH_TEST_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * One file, fuzz_NAME.c, per format that comes from outside.  It says what must
 * hold for any bytes whatever; that the bytes are not understood is no failure.
 *
 * "make check" links it with main.c, which feeds it what is in corpus/NAME;
 * "make fuzz" links it with libFuzzer, which looks for more.
 */

/* Try one input.  The name and form are libFuzzer's; return 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* Stop here when ${truth} does not hold, also in builds without asserts. */
static inline void
fuzz_must(int truth, const char *what)
{
	if (truth)
		return;
	fprintf(stderr, "must hold: %s\n", what);
	abort();
}

#endif

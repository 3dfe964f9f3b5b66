/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz.h - what a fuzz target is: one function, found by its name. */
#ifndef EH_TEST_FUZZ_H
#define EH_TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Try one input; abort when something that must hold does not.  libFuzzer's
 * name and signature; replay.c calls it in make check. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

/* SPDX-License-Identifier: Apache-2.0 */
/* softtpm.h - an EdgeHSM whose anchor is in a TPM: swtpm, beside edgehsmd. */
#ifndef EH_TEST_BENCH_SOFTTPM_H
#define EH_TEST_BENCH_SOFTTPM_H

#include "test/bench/bed.h"

/* Is there one here: swtpm in $PATH, and edgehsmd built with tpm2-tss? */
int softtpm_found(void);

/* Start swtpm in the folder; its socket is "${folder}/t".  It goes when this
 * process goes.  Exits on failure. */
pid_t softtpm_start(const struct bed *);

#endif

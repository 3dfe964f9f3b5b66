/* SPDX-License-Identifier: Apache-2.0 */
/* softhsm.h - two tokens of SoftHSM: edgehsmd's, and one without us. */
#ifndef EH_TEST_BENCH_SOFTHSM_H
#define EH_TEST_BENCH_SOFTHSM_H

#include "test/bench/bed.h"

#define SOFTHSM_BACKEND "backend"	/* label of edgehsmd's token */
#define SOFTHSM_PIN	"5678"

/* The path of SoftHSM's module, NULL when it is not installed. */
const char *softhsm_find(void);

/* Make both tokens in the folder, each with a configuration of its own:
 * backend.conf and plain.conf.  Exits on failure. */
void softhsm_make_tokens(const struct bed *);

/* Load SoftHSM, log in to the token "plain" and make the key ${b->plain}. */
void softhsm_open(struct bed *);

/* Load any PKCS#11 module and return its functions; exits on failure. */
CK_FUNCTION_LIST *softhsm_load(const char *path);

#endif

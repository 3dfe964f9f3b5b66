/* SPDX-License-Identifier: Apache-2.0 */
/* profile.h - the compiled profile that a client is told of. */
#ifndef EH_TEST_FAULT_PROFILE_H
#define EH_TEST_FAULT_PROFILE_H

#include "common/x509/profile.h"

/* Read ${path}, for the rest of the process; ends it with a sentence when that
 * fails.  One profile at a time. */
const struct eh_profile *eh_fault_profile(const char *path);

#endif

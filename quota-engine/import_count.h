/* SPDX-License-Identifier: Apache-2.0 */
/* import_count.h - a count that the authority grants. */
#ifndef EH_QUOTA_ENGINE_IMPORT_COUNT_H
#define EH_QUOTA_ENGINE_IMPORT_COUNT_H

#include "quota-engine/import_judge.h"

/* doc/format/count.md section 4; as the functions of import_judge.h. */
EH_MUST_CHECK int eh_import_judge_count(
    struct eh_incoming *, struct eh_error *);

/* What it changes in the state. */
EH_MUST_CHECK int eh_import_count_apply(struct eh_state *,
    struct eh_clockguard *, const struct eh_record *, const uint8_t *redo,
    size_t len, struct eh_error *);

/* Behind the commit of a count: let the TPM write its index.  Nothing for an
 * approval. */
EH_MUST_CHECK int eh_import_count_finish(
    struct eh_incoming *, struct eh_error *);

#endif

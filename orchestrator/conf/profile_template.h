/* SPDX-License-Identifier: Apache-2.0 */
/* profile_template.h - one template of a profile, for profile*.c alone. */
#ifndef EH_ORCHESTRATOR_CONF_PROFILE_TEMPLATE_H
#define EH_ORCHESTRATOR_CONF_PROFILE_TEMPLATE_H

#include "common/x509/source.h"
#include "orchestrator/conf/profile_schema.h"

/*
 * Check the rules between the fields of ${doc}, a template of ${spec}, and put
 * it into ${out}, which borrows its texts.  Errors go to ${report}.  Returns
 * EH_OK or EH_ERR_MEMORY.
 */
EH_MUST_CHECK int eh_profile_template_fill(const struct doc_spec *spec,
    const struct doc_template *doc, struct eh_template_source *out,
    struct eh_arena *arena, struct eh_report *report);

#endif

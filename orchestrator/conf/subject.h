/* SPDX-License-Identifier: Apache-2.0 */
/* subject.h - a subject as people type it. */
#ifndef EH_ORCHESTRATOR_CONF_SUBJECT_H
#define EH_ORCHESTRATOR_CONF_SUBJECT_H

#include "common/buf.h"
#include "common/err.h"

/*
 * Read ${text}, "/C=DE/O=ACME/CN=ACME Root": OpenSSL's short or long names,
 * dotted OIDs, VID and PID for Matter's; a backslash before a slash that is
 * meant.  Appends the DER Name to ${out}.  EH_ERR_ARGUMENT in words.
 */
EH_MUST_CHECK int eh_subject_parse(
    const char *text, struct eh_buf *out, struct eh_error *error);

#endif

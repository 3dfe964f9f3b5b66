/* SPDX-License-Identifier: Apache-2.0 */
/* report.h - what the host says became of a device: recorded, believed by
 * nobody, counted as good or scrapped. */
#ifndef EH_QUOTA_ENGINE_REPORT_H
#define EH_QUOTA_ENGINE_REPORT_H

#include "quota-engine/boundary.h"

/* Handler of the monitor's table: report (doc/format/record.md, kind 11).
 * EH_ERR_FORMAT; EH_ERR_NOT_FOUND for a device that has not been made under
 * this authorization; EH_DENIED_STATE for a third report, or good after
 * scrapped. */
EH_MUST_CHECK int eh_report_handle(
    struct eh_boundary *, struct eh_call *, struct eh_error *);

#endif

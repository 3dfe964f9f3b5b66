/* SPDX-License-Identifier: Apache-2.0 */
/* report.h - unit report: what the host says became of a unit. */
#ifndef EH_COMMON_MESSAGE_REPORT_H
#define EH_COMMON_MESSAGE_REPORT_H

#include "common/message/types.h"

/* doc/format/record.md section 3.  A claim of the host, stored and labelled so;
 * nothing in the boundary decides by it but good and scrapped. */
#define EH_REPORT_PLACES_MAX  16
#define EH_CHIP_RECEIPT_MAX   1024

enum eh_outcome { EH_OUTCOME_GOOD = 1, EH_OUTCOME_SCRAPPED = 2 };

/* clang-format off */
enum eh_lock_state {
	EH_LOCK_UNKNOWN        = 0,
	EH_LOCK_OPEN           = 1,
	EH_LOCK_LOCKED         = 2,
	EH_LOCK_DEBUG          = 3,
	EH_LOCK_DECOMMISSIONED = 4
};
/* clang-format on */

/* A place in the chip, and SHA-256 of what was read back from it. */
struct eh_report_place {
	char name[EH_NAME_MAX + 1];
	uint8_t digest[EH_DIGEST_LEN];
};

struct eh_unit_report {
	enum eh_outcome outcome;
	uint8_t nplaces;		/* sorted by name */
	struct eh_report_place places[EH_REPORT_PLACES_MAX];
	uint8_t has_lock;
	enum eh_lock_state lock;
	uint16_t chip_receipt_len;	/* 0: absent */
	uint8_t chip_receipt[EH_CHIP_RECEIPT_MAX];
	char station[EH_NAME_MAX + 1];	/* empty: absent */
	char person[EH_TEXT_MAX + 1];	/* operator; empty: absent */
	char label[EH_TEXT_MAX + 1];	/* as printed; empty: absent */
	char reason[EH_TEXT_MAX + 1];	/* when scrapped; empty: absent */
};

/* Decode one unit-report (the value of label 17, or the parameter of the report
 * request).  EH_OK, EH_ERR_FORMAT, EH_ERR_TRAILING. */
EH_MUST_CHECK int eh_unit_report_decode(
    const void *bytes, size_t len, struct eh_unit_report *, struct eh_error *);

/* Read one as the next item of ${c}, into a struct that is all zero; errors
 * latch there. */
void eh_unit_report_get(struct eh_cbor *c, struct eh_unit_report *);

/* Write one, as eh_grant_encode() does. */
void eh_unit_report_encode(const struct eh_unit_report *, struct eh_writer *);

#endif

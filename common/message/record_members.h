/* SPDX-License-Identifier: Apache-2.0 */
/* record_members.h - the members of records, one row for each label. */
#ifndef EH_COMMON_MESSAGE_RECORD_MEMBERS_H
#define EH_COMMON_MESSAGE_RECORD_MEMBERS_H

#include "common/message/items.h"
#include "common/message/record.h"

/* Only record.c uses this. */

/* The common labels are 0 to 6; these follow, each kind has its own. */
enum eh_record_label {
	EH_LABEL_AUTHORIZATION = 7,
	EH_LABEL_COUNTERS = 8,
	EH_LABEL_DEVICE = 9,
	EH_LABEL_CLAIM = 10,
	EH_LABEL_PROFILE = 11,
	EH_LABEL_CERTIFICATE = 12,
	EH_LABEL_SPANS = 15,
	EH_LABEL_REF = 16,
	EH_LABEL_REPORT = 17,
	EH_LABEL_MES = 20,
	EH_LABEL_BOOT = 21,
	EH_LABEL_ROWS = 22,
	EH_LABEL_CLOSED = 23,
	EH_LABEL_ATTESTATION = 24,
	EH_LABEL_KEY = 25,
	EH_LABEL_CSR = 26,
	EH_LABEL_ROOT = 27
};

/*
 * Is it there (and so written), read it, write it.  The table is in the order
 * in which deterministic encoding puts the labels.
 */
struct eh_record_member {
	enum eh_record_label label;
	int (*has)(const struct eh_record *);
	void (*get)(struct eh_cbor *, struct eh_record *);
	void (*put)(const struct eh_record *, struct eh_writer *);
};

#define EH_RECORD_MEMBERS 17
extern const struct eh_record_member eh_record_members[EH_RECORD_MEMBERS];

#endif

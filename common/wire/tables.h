/* SPDX-License-Identifier: Apache-2.0 */
/* tables.h - the shape of the tables that are the wire's language. */
#ifndef EH_COMMON_WIRE_TABLES_H
#define EH_COMMON_WIRE_TABLES_H

#include <stddef.h>
#include <stdint.h>

#include "common/wire/wire.h"

#define EH_WIRE_U53    INT64_C(9007199254740991)
#define EH_WIRE_TIME   INT64_C(253402300799)
#define EH_WIRE_MEMBERS 32	/* one more than the longest row has */

enum eh_wire_kind {
	EH_WIRE_T_UINT = 1, /* least, most: of the value */
	EH_WIRE_T_INT,	    /* the same */
	EH_WIRE_T_TEXT,	    /* of the length, printable ASCII */
	EH_WIRE_T_BYTES,    /* of the length */
	EH_WIRE_T_LIST	    /* of the number of entries: an array of bstr */
};

struct eh_wire_type {
	enum eh_wire_kind kind;
	int64_t least, most;
};

/* Members are listed up to the first of label 0, which is in every map. */
struct eh_wire_member {
	enum eh_wire_label label;
	int mandatory;
};

struct eh_wire_row {
	unsigned code;
	const char *name;
	struct eh_wire_member request[EH_WIRE_MEMBERS];
	struct eh_wire_member reply[EH_WIRE_MEMBERS];
};

extern const struct eh_wire_type eh_wire_types[EH_WIRE_LABELS];
extern const struct eh_wire_row eh_wire_rows[];
extern const size_t eh_wire_nrows;

#endif

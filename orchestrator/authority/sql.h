/* SPDX-License-Identifier: Apache-2.0 */
/* sql.h - one statement of SQLite, bound and read straight down. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_SQL_H
#define EH_ORCHESTRATOR_AUTHORITY_SQL_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"

/*
 * A statement latches its first error, as readers and writers do: begin, put
 * the parameters in their order, ask for rows, get the columns in their order,
 * end.  Numbers are below 2^63 in everything that the store keeps.
 */
struct eh_sql {
	sqlite3 *db;
	sqlite3_stmt *statement;
	int rc;			/* of SQLite; SQLITE_OK while all is well */
	int parameter, column;	/* the next one */
};

void eh_sql_begin(struct eh_sql *, sqlite3 *db, const char *text);

void eh_sql_put_uint(struct eh_sql *, uint64_t);
/* Text and bytes are borrowed until eh_sql_end(). */
void eh_sql_put_text(struct eh_sql *, const char *text);	/* NULL: null */
void eh_sql_put_bytes(struct eh_sql *, const void *bytes, size_t len);

/* Return 1 when there is a row to be read, 0 at the end and after an error. */
int eh_sql_next(struct eh_sql *);

uint64_t eh_sql_get_uint(struct eh_sql *);

/* Copy a text of at most ${cap} - 1 octets; one that is longer latches
 * SQLITE_CORRUPT, as do bytes that do not have exactly ${len} octets. */
void eh_sql_get_text(struct eh_sql *, char *out, size_t cap);
void eh_sql_get_bytes(struct eh_sql *, void *out, size_t len);

/* Borrow the bytes of a column until the next row. */
const uint8_t *eh_sql_get_blob(struct eh_sql *, size_t *lenp);

/*
 * Finish the statement: EH_OK, or the latched error in words that begin with
 * ${doing} ("the store: reading ..."): EH_ERR_BUSY (somebody else is writing),
 * EH_ERR_EXISTS (a constraint), EH_ERR_MEMORY, EH_ERR_FORMAT (the file is
 * damaged), EH_ERR_STORAGE.
 */
EH_MUST_CHECK int eh_sql_end(
    struct eh_sql *, const char *doing, struct eh_error *);

/* A statement, or several, without parameters and rows; errors as above. */
EH_MUST_CHECK int eh_sql_run(
    sqlite3 *db, const char *text, const char *doing, struct eh_error *);

#endif

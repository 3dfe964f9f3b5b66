/* SPDX-License-Identifier: Apache-2.0 */
/* sql.c - one statement of SQLite, bound and read straight down. */
#include "config.h"

#include <limits.h>
#include <string.h>

#include "orchestrator/authority/sql.h"

void
eh_sql_begin(struct eh_sql *q, sqlite3 *db, const char *text)
{
	memset(q, 0, sizeof(*q));
	q->db = db;
	q->parameter = 1;
	q->rc = sqlite3_prepare_v2(db, text, -1, &q->statement, NULL);
}

void
eh_sql_put_uint(struct eh_sql *q, uint64_t value)
{
	if (q->rc == SQLITE_OK)
		q->rc = value > INT64_MAX
		    ? SQLITE_RANGE
		    : sqlite3_bind_int64(q->statement, q->parameter++,
			  (sqlite3_int64)value);
}

void
eh_sql_put_text(struct eh_sql *q, const char *text)
{
	if (q->rc == SQLITE_OK)
		q->rc = sqlite3_bind_text(
		    q->statement, q->parameter++, text, -1, SQLITE_STATIC);
}

void
eh_sql_put_bytes(struct eh_sql *q, const void *bytes, size_t len)
{
	if (q->rc == SQLITE_OK)
		q->rc = bytes == NULL
		    ? sqlite3_bind_null(q->statement, q->parameter++)
		    : sqlite3_bind_blob64(q->statement, q->parameter++, bytes,
			  len, SQLITE_STATIC);
}

int
eh_sql_next(struct eh_sql *q)
{
	int rc;

	if (q->rc != SQLITE_OK)
		return 0;
	q->column = 0;
	rc = sqlite3_step(q->statement);
	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		q->rc = rc;
	return 0;
}

/* A column that is not what the schema says: the file was changed by others. */
static void
damaged(struct eh_sql *q)
{
	if (q->rc == SQLITE_OK)
		q->rc = SQLITE_CORRUPT;
}

uint64_t
eh_sql_get_uint(struct eh_sql *q)
{
	sqlite3_int64 v = sqlite3_column_int64(q->statement, q->column++);

	if (v >= 0)
		return (uint64_t)v;
	damaged(q);
	return 0;
}

void
eh_sql_get_text(struct eh_sql *q, char *out, size_t cap)
{
	const void *text = sqlite3_column_text(q->statement, q->column);
	int len = sqlite3_column_bytes(q->statement, q->column++);

	memset(out, 0, cap);
	if (text != NULL && len >= 0 && (size_t)len < cap)
		memcpy(out, text, (size_t)len);
	else if (text != NULL)
		damaged(q);
}

void
eh_sql_get_bytes(struct eh_sql *q, void *out, size_t len)
{
	size_t got;
	const uint8_t *bytes = eh_sql_get_blob(q, &got);

	memset(out, 0, len);
	if (got == len)
		memcpy(out, bytes, len);
	else
		damaged(q);
}

const uint8_t *
eh_sql_get_blob(struct eh_sql *q, size_t *lenp)
{
	const void *bytes = sqlite3_column_blob(q->statement, q->column);
	int len = sqlite3_column_bytes(q->statement, q->column++);

	*lenp = bytes != NULL && len > 0 ? (size_t)len : 0;
	return bytes;
}

static int
number(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
		return EH_OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return EH_ERR_BUSY;
	case SQLITE_CONSTRAINT:
		return EH_ERR_EXISTS;
	case SQLITE_NOMEM:
		return EH_ERR_MEMORY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return EH_ERR_FORMAT;
	default:
		return EH_ERR_STORAGE;
	}
}

static int
failed(sqlite3 *db, int rc, const char *doing, struct eh_error *error)
{
	int err = number(rc);

	if (err == EH_ERR_BUSY)
		return eh_error_set(error, err,
		    "the store: %s: another command is writing to it; try "
		    "again", doing);
	return eh_error_set(error, err, "the store: %s: %s", doing,
	    sqlite3_errcode(db) == rc ? sqlite3_errmsg(db)
				      : sqlite3_errstr(rc));
}

int
eh_sql_end(struct eh_sql *q, const char *doing, struct eh_error *error)
{
	int err = EH_OK;

	if (q->rc != SQLITE_OK)
		err = failed(q->db, q->rc, doing, error);
	sqlite3_finalize(q->statement);
	q->statement = NULL;
	return err;
}

int
eh_sql_run(sqlite3 *db, const char *text, const char *doing,
    struct eh_error *error)
{
	int rc = sqlite3_exec(db, text, NULL, NULL, NULL);

	return rc == SQLITE_OK ? EH_OK : failed(db, rc, doing, error);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - the authority's store: file, transactions, numbers, trail. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/authority/sql.h"
#include "orchestrator/authority/store_private.h"

/* "EHAU"; tells our files from other programs' SQLite files. */
#define APPLICATION 0x45484155
#define SCHEMA      3
#define WAIT_MS     10000

const char *
eh_store_key_name(enum eh_store_key key)
{
	static const char *const names[EH_STORE_KEYS] = {
		[EH_STORE_GRANT_ROOT] = "grant root",
		[EH_STORE_MESSAGE_KEY] = "message key",
		[EH_STORE_X509_ROOT] = "X.509 root",
	};

	return names[key];
}

/*
 * Every connection begins so; nothing of it is kept in the file.  EXTRA, not
 * FULL: a transaction is over when its journal is gone, and FULL does not make
 * that durable, so that a power cut could take back a number whose message has
 * left already.
 */
static int
begin_connection(sqlite3 *db, struct eh_error *error)
{
	sqlite3_extended_result_codes(db, 1);
	sqlite3_busy_timeout(db, WAIT_MS);
	return eh_sql_run(db,
	    "PRAGMA synchronous=EXTRA; PRAGMA foreign_keys=ON; "
	    "PRAGMA trusted_schema=OFF; PRAGMA recursive_triggers=ON",
	    "opening", error);
}

static int
open_file(const char *path, sqlite3 **dbp, struct eh_error *error)
{
	int rc = sqlite3_open_v2(path, dbp, SQLITE_OPEN_READWRITE, NULL);
	int err;

	if (rc == SQLITE_OK)
		return begin_connection(*dbp, error);
	err = eh_error_set(error, EH_ERR_STORAGE, "%s: %s", path,
	    *dbp != NULL ? sqlite3_errmsg(*dbp) : sqlite3_errstr(rc));
	sqlite3_close(*dbp);
	*dbp = NULL;
	return err;
}

static int
put_self(sqlite3 *db, const struct eh_store_self *self, const void *root_ca,
    size_t len, struct eh_error *error)
{
	struct eh_sql q;
	int err;

	eh_sql_begin(&q, db, "INSERT INTO authority VALUES (1, ?, ?, ?)");
	eh_sql_put_text(&q, self->name);
	eh_sql_put_uint(&q, self->created);
	eh_sql_put_bytes(&q, root_ca, len);
	eh_sql_next(&q);
	if ((err = eh_sql_end(&q, "writing the authority", error)) != EH_OK)
		return err;
	for (unsigned i = 0; i < EH_STORE_KEYS; i++) {
		eh_sql_begin(&q, db, "INSERT INTO own_key VALUES (?, ?, ?)");
		eh_sql_put_uint(&q, i);
		eh_sql_put_text(&q, self->key[i].place);
		eh_sql_put_bytes(
		    &q, self->key[i].public.bytes, self->key[i].public.len);
		eh_sql_next(&q);
		if ((err = eh_sql_end(&q, "writing a key", error)) != EH_OK)
			return err;
	}
	return EH_OK;
}

/* What makes a store of version ${n} - 1 one of version ${n}. */
static const char *const *const steps[SCHEMA + 1] = {
	[1] = eh_store_schema,
	[2] = eh_store_schema_2,
	[3] = eh_store_schema_3,
};

static int
step(sqlite3 *db, uint64_t version, const char *doing, struct eh_error *error)
{
	int err = EH_OK;

	for (size_t i = 0; err == EH_OK && steps[version][i] != NULL; i++)
		err = eh_sql_run(db, steps[version][i], doing, error);
	return err;
}

static int
fill(sqlite3 *db, const struct eh_store_self *self, const void *root_ca,
    size_t len, struct eh_error *error)
{
	char pragmas[80];
	int err;

	snprintf(pragmas, sizeof(pragmas),
	    "PRAGMA application_id=%d; PRAGMA user_version=%d", APPLICATION,
	    SCHEMA);
	err = eh_sql_run(db, "BEGIN IMMEDIATE", "making it", error);
	for (uint64_t v = 1; err == EH_OK && v <= SCHEMA; v++)
		err = step(db, v, "making it", error);
	if (err == EH_OK)
		err = eh_sql_run(db, pragmas, "making it", error);
	if (err == EH_OK)
		err = put_self(db, self, root_ca, len, error);
	if (err == EH_OK)
		err = eh_sql_run(db, "COMMIT", "making it", error);
	return err;
}

int
eh_store_create(const char *path, const struct eh_store_self *self,
    const void *root_ca, size_t len, struct eh_error *error)
{
	sqlite3 *db = NULL;
	int err, fd;

	/* SQLite would take the umask's word for the mode. */
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return eh_error_set(error,
		    errno == EEXIST ? EH_ERR_EXISTS : EH_ERR_STORAGE,
		    "cannot make %s: %s", path, strerror(errno));
	close(fd);
	if ((err = open_file(path, &db, error)) == EH_OK)
		err = fill(db, self, root_ca, len, error);
	sqlite3_close(db);
	if (err != EH_OK)
		unlink(path);
	return err;
}

static int
read_number(sqlite3 *db, const char *pragma, uint64_t *valuep,
    struct eh_error *error)
{
	struct eh_sql q;

	*valuep = 0;
	eh_sql_begin(&q, db, pragma);
	if (eh_sql_next(&q))
		*valuep = eh_sql_get_uint(&q);
	return eh_sql_end(&q, "reading its version", error);
}

/* Make an older store one of this version, whole or not at all. */
static int
upgrade(sqlite3 *db, struct eh_error *error)
{
	char pragma[40];
	uint64_t version = 0;
	int err;

	snprintf(pragma, sizeof(pragma), "PRAGMA user_version=%d", SCHEMA);
	if ((err = eh_sql_run(db, "BEGIN IMMEDIATE", "upgrading", error)) !=
	    EH_OK)
		return err;
	/* Another program may have been faster. */
	err = read_number(db, "PRAGMA user_version", &version, error);
	for (uint64_t v = version + 1; err == EH_OK && v <= SCHEMA; v++)
		err = step(db, v, "upgrading", error);
	if (err == EH_OK && version < SCHEMA)
		err = eh_store_upgrade_lives(db, error);
	if (err == EH_OK)
		err = eh_sql_run(db, pragma, "upgrading", error);
	if (err == EH_OK)
		return eh_sql_run(db, "COMMIT", "upgrading", error);
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return err;
}

static int
check_version(sqlite3 *db, const char *path, struct eh_error *error)
{
	uint64_t application = 0, version = 0;
	int err;

	if ((err = read_number(
	         db, "PRAGMA application_id", &application, error)) != EH_OK ||
	    (err = read_number(
	         db, "PRAGMA user_version", &version, error)) != EH_OK)
		return err;
	if (application != APPLICATION)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "%s: it is not the store of an authority", path);
	if (version >= 1 && version < SCHEMA)
		return upgrade(db, error);
	if (version != SCHEMA)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "%s: it has version %u, this program reads version %d",
		    path, (unsigned)version, SCHEMA);
	return EH_OK;
}

static int
read_self(struct eh_store *s, struct eh_error *error)
{
	struct eh_sql q;
	unsigned rows = 0;
	int err;

	eh_sql_begin(&q, s->db, "SELECT name, created FROM authority");
	if (eh_sql_next(&q)) {
		eh_sql_get_text(&q, s->self.name, sizeof(s->self.name));
		s->self.created = eh_sql_get_uint(&q);
	}
	if ((err = eh_sql_end(&q, "reading the authority", error)) != EH_OK)
		return err;
	eh_sql_begin(
	    &q, s->db, "SELECT place, public FROM own_key ORDER BY use");
	while (rows < EH_STORE_KEYS && eh_sql_next(&q)) {
		struct eh_rawkey *public = &s->self.key[rows].public;
		const uint8_t *raw;
		size_t len;

		eh_sql_get_text(&q, s->self.key[rows].place,
		    sizeof(s->self.key[rows].place));
		raw = eh_sql_get_blob(&q, &len);
		if (raw != NULL && eh_rawkey_set(public, raw, len) == EH_OK)
			rows++;
		else
			break;
	}
	if ((err = eh_sql_end(&q, "reading the keys", error)) != EH_OK)
		return err;
	if (rows != EH_STORE_KEYS || !eh_name_check(s->self.name))
		return eh_error_set(error, EH_ERR_FORMAT,
		    "the store: it does not say who the authority is");
	return EH_OK;
}

int
eh_store_open(
    const char *path, struct eh_store **storep, struct eh_error *error)
{
	struct eh_store *s;
	int err;

	*storep = NULL;
	if (access(path, F_OK) != 0)
		return eh_error_set(error, EH_ERR_NOT_FOUND, "%s: %s", path,
		    strerror(errno));
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	err = open_file(path, &s->db, error);
	if (err == EH_OK)
		err = check_version(s->db, path, error);
	if (err == EH_OK)
		err = read_self(s, error);
	if (err != EH_OK)
		eh_store_close(s);
	else
		*storep = s;
	return err;
}

void
eh_store_close(struct eh_store *s)
{
	if (s == NULL)
		return;
	sqlite3_close(s->db);
	free(s);
}

const struct eh_store_self *
eh_store_self(const struct eh_store *s)
{
	return &s->self;
}

int
eh_store_get_root_ca(
    struct eh_store *s, struct eh_buf *out, struct eh_error *error)
{
	struct eh_sql q;
	int err = EH_OK, end;

	eh_sql_begin(&q, s->db, "SELECT root_ca FROM authority");
	if (eh_sql_next(&q)) {
		size_t len;
		const uint8_t *der = eh_sql_get_blob(&q, &len);

		err = eh_buf_append(out, der, len);
	}
	end = eh_sql_end(&q, "reading the root CA", error);
	if (end == EH_OK && err != EH_OK)
		eh_error_set(error, err, "the root CA: %s", eh_err_text(err));
	return end != EH_OK ? end : err;
}

int
eh_store_begin(struct eh_store *s, struct eh_error *error)
{
	return eh_sql_run(s->db, "BEGIN IMMEDIATE", "beginning", error);
}

int
eh_store_commit(struct eh_store *s, struct eh_error *error)
{
	int err = eh_sql_run(s->db, "COMMIT", "writing", error);

	if (err != EH_OK)
		eh_store_rollback(s);
	return err;
}

void
eh_store_rollback(struct eh_store *s)
{
	if (sqlite3_get_autocommit(s->db) == 0)
		(void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

int
eh_store_take_seq(struct eh_store *s, const uint8_t kid[EH_KID_LEN],
    enum eh_message_type type, const uint8_t hsm[EH_HSM_ID_LEN],
    uint64_t *seqp, struct eh_error *error)
{
	const char *typ = eh_message_info(type)->typ;
	struct eh_sql q;
	int err;

	*seqp = 0;
	eh_sql_begin(&q, s->db,
	    "SELECT coalesce(max(last), 0) + 1 FROM sequence"
	    " WHERE type = ? AND hsm = ?");
	eh_sql_put_text(&q, typ);
	eh_sql_put_bytes(&q, hsm, EH_HSM_ID_LEN);
	if (eh_sql_next(&q))
		*seqp = eh_sql_get_uint(&q);
	err = eh_sql_end(&q, "reading a sequence number", error);
	if (err != EH_OK)
		return err;
	if (*seqp == 0 || *seqp > EH_U53_MAX)
		return eh_error_set(error, EH_ERR_FULL,
		    "the store: no sequence number is left");
	eh_sql_begin(&q, s->db,
	    "INSERT INTO sequence VALUES (?, ?, ?, ?)"
	    " ON CONFLICT DO UPDATE SET last = excluded.last");
	eh_sql_put_bytes(&q, kid, EH_KID_LEN);
	eh_sql_put_text(&q, typ);
	eh_sql_put_bytes(&q, hsm, EH_HSM_ID_LEN);
	eh_sql_put_uint(&q, *seqp);
	eh_sql_next(&q);
	return eh_sql_end(&q, "taking a sequence number", error);
}

int
eh_store_each_seq(struct eh_store *s,
    int (*each)(void *arg, const char *typ, const uint8_t kid[EH_KID_LEN],
	const uint8_t hsm[EH_HSM_ID_LEN], uint64_t next),
    void *arg, struct eh_error *error)
{
	uint8_t kid[EH_KID_LEN], hsm[EH_HSM_ID_LEN];
	char typ[64];
	struct eh_sql q;
	uint64_t next;
	int err = EH_OK, end;

	eh_sql_begin(&q, s->db,
	    "SELECT s.type, s.kid, s.hsm, s.last + 1 FROM sequence s"
	    " JOIN hsm h ON h.id = s.hsm ORDER BY h.n, s.type, s.kid");
	while (err == EH_OK && eh_sql_next(&q)) {
		eh_sql_get_text(&q, typ, sizeof(typ));
		eh_sql_get_bytes(&q, kid, sizeof(kid));
		eh_sql_get_bytes(&q, hsm, sizeof(hsm));
		next = eh_sql_get_uint(&q);
		err = each(arg, typ, kid, hsm, next);
	}
	end = eh_sql_end(&q, "reading the sequence numbers", error);
	return end != EH_OK ? end : err;
}

/* The user's name, or number where nobody has that name. */
static void
who(char *out, size_t cap)
{
	const struct passwd *user = getpwuid(getuid());

	if (user != NULL)
		snprintf(out, cap, "%s", user->pw_name);
	else
		snprintf(out, cap, "%lu", (unsigned long)getuid());
}

int
eh_store_trail(struct eh_store *s, uint64_t now, const char *verb,
    const uint8_t *hsm, const uint8_t *digest, const char *text,
    struct eh_error *error)
{
	struct eh_sql q;
	char person[64];

	who(person, sizeof(person));
	eh_sql_begin(&q, s->db,
	    "INSERT INTO trail (at, person, verb, hsm, digest, text)"
	    " VALUES (?, ?, ?, ?, ?, ?)");
	eh_sql_put_uint(&q, now);
	eh_sql_put_text(&q, person);
	eh_sql_put_text(&q, verb);
	eh_sql_put_bytes(&q, hsm, EH_HSM_ID_LEN);
	eh_sql_put_bytes(&q, digest, EH_DIGEST_LEN);
	eh_sql_put_text(&q, text);
	eh_sql_next(&q);
	return eh_sql_end(&q, "writing the trail", error);
}

int
eh_store_each_trail(struct eh_store *s,
    int (*each)(void *arg, uint64_t at, const char *person, const char *verb,
	const char *text),
    void *arg, struct eh_error *error)
{
	char person[64], verb[32], text[512];
	struct eh_sql q;
	uint64_t at;
	int err = EH_OK, end;

	eh_sql_begin(&q, s->db,
	    "SELECT at, person, verb, text FROM trail ORDER BY n");
	while (err == EH_OK && eh_sql_next(&q)) {
		at = eh_sql_get_uint(&q);
		eh_sql_get_text(&q, person, sizeof(person));
		eh_sql_get_text(&q, verb, sizeof(verb));
		eh_sql_get_text(&q, text, sizeof(text));
		err = each(arg, at, person, verb, text);
	}
	end = eh_sql_end(&q, "reading the trail", error);
	return end != EH_OK ? end : err;
}

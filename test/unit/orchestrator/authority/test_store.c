/* SPDX-License-Identifier: Apache-2.0 */
/* test_store.c - what the authority must never forget. */
#include "config.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "orchestrator/authority/sql.h"
#include "orchestrator/authority/store_life.h"
#include "orchestrator/authority/store_log.h"
#include "orchestrator/authority/store_private.h"
#include "test/unit/orchestrator/authority/rig.h"

static struct rig rig;
static struct eh_store *store;
static uint8_t other_hsm[EH_HSM_ID_LEN];

/* The authority with "fab1-hsm1" enrolled, and a second one by hand. */
static void
setup(void)
{
	struct eh_hsm hsm = { .name = "fab2-hsm1", .factory = "fab2" };
	struct eh_soft *key;

	rig_open(&rig);
	rig_enrolled(&rig);
	store = eh_authority_store(rig.authority);
	ck_assert_int_eq(eh_soft_generate(&key), EH_OK);
	hsm.attestation = *eh_soft_public(key);
	eh_keyid_hsm(&hsm.attestation, hsm.id);
	memcpy(other_hsm, hsm.id, sizeof(other_hsm));
	ck_assert_int_eq(eh_store_put_hsm(store, &hsm, NULL), EH_OK);
	eh_soft_free(key);
}

static void
teardown(void)
{
	rig_close(&rig);
}

static uint64_t
seq(const char *kid, enum eh_message_type type, const uint8_t *hsm)
{
	uint64_t n;

	ck_assert_int_eq(eh_store_take_seq(store, (const uint8_t *)kid, type,
	    hsm, &n, NULL), EH_OK);
	return n;
}

START_TEST(numbers_rise_for_each_key_type_and_hsm)
{
	ck_assert_uint_eq(seq("kid-0001", EH_MESSAGE_PAUTH, rig.hsm_id), 1);
	ck_assert_uint_eq(seq("kid-0001", EH_MESSAGE_PAUTH, rig.hsm_id), 2);
	ck_assert_uint_eq(seq("kid-0001", EH_MESSAGE_TIME, rig.hsm_id), 1);
	ck_assert_uint_eq(seq("kid-0001", EH_MESSAGE_PAUTH, other_hsm), 1);
	ck_assert_uint_eq(seq("kid-0001", EH_MESSAGE_PAUTH, rig.hsm_id), 3);
	rig_reopen(&rig);
	store = eh_authority_store(rig.authority);
	ck_assert_uint_eq(seq("kid-0001", EH_MESSAGE_PAUTH, rig.hsm_id), 4);
}
END_TEST

START_TEST(new_key_goes_on_above_the_old_one)
{
	for (int i = 0; i < 7; i++)
		seq("kid-0001", EH_MESSAGE_TIME, rig.hsm_id);
	ck_assert_uint_eq(seq("kid-0002", EH_MESSAGE_TIME, rig.hsm_id), 8);
}
END_TEST

START_TEST(what_was_not_committed_did_not_happen)
{
	ck_assert_int_eq(eh_store_begin(store, NULL), EH_OK);
	ck_assert_uint_eq(seq("kid-0001", EH_MESSAGE_PAUTH, rig.hsm_id), 1);
	eh_store_rollback(store);
	ck_assert_int_eq(eh_store_begin(store, NULL), EH_OK);
	ck_assert_uint_eq(seq("kid-0001", EH_MESSAGE_PAUTH, rig.hsm_id), 1);
	rig_reopen(&rig);
	store = eh_authority_store(rig.authority);
	ck_assert_uint_eq(seq("kid-0001", EH_MESSAGE_PAUTH, rig.hsm_id), 1);
}
END_TEST

/* Run ${sql} by a connection of its own; return SQLite's code. */
static int
by_hand(const char *sql)
{
	char path[128];
	sqlite3 *db;
	int rc;

	snprintf(path, sizeof(path), "%s/authority.db", rig.store);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	sqlite3_close(db);
	return rc;
}

START_TEST(sql_itself_keeps_the_rules)
{
	static const char *const forbidden[] = {
		"UPDATE sequence SET last = last - 1",
		"UPDATE sequence SET last = last",
		"DELETE FROM sequence",
		"UPDATE message SET bytes = x'00'",
		"DELETE FROM message",
		"UPDATE trail SET person = 'nobody'",
		"DELETE FROM trail",
		"UPDATE invitation SET state = 0",
		"DELETE FROM invitation",
		"UPDATE hsm SET attestation = zeroblob(65)",
		("UPDATE own_key SET public = (SELECT public FROM own_key"
		 "  WHERE use = 0) WHERE use = 1"),
		"INSERT INTO authority VALUES (2, 'x', 0, x'00')",
		"INSERT INTO sequence VALUES (x'00', 'x', x'00', 1)",
	};

	seq("kid-0001", EH_MESSAGE_PAUTH, rig.hsm_id);
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		ck_assert_msg(by_hand(forbidden[i]) == SQLITE_CONSTRAINT,
		    "%s", forbidden[i]);
	/* The neighbour that is allowed. */
	ck_assert_int_eq(
	    by_hand("UPDATE sequence SET last = last + 1"), SQLITE_OK);
}
END_TEST

static uint64_t
pragma(const char *name)
{
	char text[64];
	struct eh_sql q;
	uint64_t value = 0;

	snprintf(text, sizeof(text), "PRAGMA %s", name);
	eh_sql_begin(&q, store->db, text);
	if (eh_sql_next(&q))
		value = eh_sql_get_uint(&q);
	ck_assert_int_eq(eh_sql_end(&q, "reading a pragma", NULL), EH_OK);
	return value;
}

START_TEST(durable_and_private)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/authority.db", rig.store);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	/* 3 is EXTRA: a commit survives a power cut that follows it. */
	ck_assert_uint_eq(pragma("synchronous"), 3);
	ck_assert_uint_eq(pragma("foreign_keys"), 1);
}
END_TEST

START_TEST(one_writer_at_a_time)
{
	char path[128];
	sqlite3 *db;

	ck_assert_int_eq(eh_store_begin(store, NULL), EH_OK);
	snprintf(path, sizeof(path), "%s/authority.db", rig.store);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(
	    db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_BUSY);
	eh_store_rollback(store);
	ck_assert_int_eq(sqlite3_exec(
	    db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}
END_TEST

START_TEST(other_files_are_not_stores)
{
	struct eh_store *s;
	char path[128];
	sqlite3 *db;
	FILE *f;

	snprintf(path, sizeof(path), "%s/other.db", rig.folder);
	rig_refused(&rig, eh_store_open(path, &s, &rig.error),
	    EH_ERR_NOT_FOUND, "No such file");
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs("this is not a database, but it is long enough to be looked at "
	      "as one by those who look at the first hundred bytes of it", f);
	fclose(f);
	rig_refused(&rig, eh_store_open(path, &s, &rig.error), EH_ERR_FORMAT,
	    "not a database");
	unlink(path);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "CREATE TABLE x (y)", NULL, NULL,
	    NULL), SQLITE_OK);
	sqlite3_close(db);
	rig_refused(&rig, eh_store_open(path, &s, &rig.error), EH_ERR_CONFIG,
	    "not the store of an authority");
	ck_assert_int_eq(by_hand("PRAGMA user_version = 4"), SQLITE_OK);
	snprintf(path, sizeof(path), "%s/authority.db", rig.store);
	rig_refused(&rig, eh_store_open(path, &s, &rig.error), EH_ERR_CONFIG,
	    "version 4, this program reads version 3");
	ck_assert_ptr_null(s);
}
END_TEST

/* Make an older store in ${path}, with the keys of the rig's, an EdgeHSM, and
 * two authorizations of one order. */
static void
older(const char *path, int version)
{
	static const char rows[] =
	    "INSERT INTO authority SELECT * FROM now.authority;"
	    "INSERT INTO own_key SELECT * FROM now.own_key;"
	    "INSERT INTO hsm SELECT * FROM now.hsm;"
	    "INSERT INTO profile VALUES (zeroblob(32), 'p', 1, zeroblob(32),"
	    " x'00');"
	    "INSERT INTO message SELECT randomblob(32), 't', x'0000000000000000',"
	    " id, 1, 1, x'00' FROM hsm;"
	    "INSERT INTO message SELECT randomblob(32), 't', x'0000000000000000',"
	    " id, 2, 1, x'00' FROM hsm WHERE n = 1;"
	    "INSERT INTO authorization (id, hsm, message, order_name, profile,"
	    " seq, devices, issued, not_before, expires)"
	    " SELECT randomblob(16), hsm, digest, 'PO-1', zeroblob(32), seq,"
	    " 10, 1, 1, 9 FROM message;";
	char text[160];
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	for (size_t i = 0; eh_store_schema[i] != NULL; i++)
		ck_assert_int_eq(sqlite3_exec(
		    db, eh_store_schema[i], NULL, NULL, NULL), SQLITE_OK);
	for (size_t i = 0; version > 1 && eh_store_schema_2[i] != NULL; i++)
		ck_assert_int_eq(sqlite3_exec(
		    db, eh_store_schema_2[i], NULL, NULL, NULL), SQLITE_OK);
	snprintf(text, sizeof(text), "ATTACH '%s/authority.db' AS now",
	    rig.store);
	ck_assert_int_eq(
	    sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, rows, NULL, NULL, NULL) == SQLITE_OK,
	    "%s", sqlite3_errmsg(db));
	snprintf(text, sizeof(text), "PRAGMA application_id = %d;"
	    "PRAGMA user_version = %d", 0x45484155, version);
	ck_assert_int_eq(
	    sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static int
no_record(void *arg, const struct eh_store_authorization *a)
{
	unsigned *n = arg;

	ck_assert_uint_eq(a->epoch, 0);
	ck_assert(!a->has_supersedes);
	ck_assert_uint_eq(a->devices, 10);
	(*n)++;
	return EH_OK;
}

START_TEST(older_stores_are_upgraded_when_they_are_opened)
{
	struct eh_store_log log;
	struct eh_in_force f;
	struct eh_store *s = NULL;
	char path[128];
	uint64_t devices;

	for (int version = 1; version < 3; version++) {
		unsigned n = 0;

		snprintf(path, sizeof(path), "%s/old-%d", rig.folder, version);
		older(path, version);
		/* Twice: the second time it is one of this version. */
		for (int i = 0; i < 2; i++) {
			ck_assert_msg(eh_store_open(path, &s, &rig.error) ==
			    EH_OK, "%s", rig.error.text);
			ck_assert_int_eq(eh_store_get_order(
			    s, "PO-1", &devices, &rig.error), EH_OK);
			ck_assert_uint_eq(devices, 30);
			ck_assert_int_eq(eh_store_get_log(
			    s, rig.hsm_id, &log, &rig.error), EH_OK);
			ck_assert_uint_eq(log.tree.size, 0);
			ck_assert_int_eq(eh_store_get_in_force(
			    s, rig.hsm_id, &f, &rig.error), EH_OK);
			ck_assert_uint_eq(f.rseq, 0);
			if (i == 0)
				ck_assert_int_eq(eh_store_each_of_order(s,
				    "PO-1", no_record, &n, NULL), EH_OK);
			eh_store_close(s);
		}
		ck_assert_uint_eq(n, 3);
	}
}
END_TEST

/* A log that was acknowledged by an older program says what it says. */
START_TEST(lives_are_read_from_a_log_of_version_2)
{
	static struct eh_record r;
	struct eh_store_life life;
	struct eh_store *s = NULL;
	struct eh_writer w;
	uint8_t entry[1024];
	char path[128];
	sqlite3 *db;
	struct eh_sql q;
	size_t len;

	snprintf(path, sizeof(path), "%s/old", rig.folder);
	older(path, 2);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	eh_record_init(&r, EH_RECORD_CLOSED);
	memcpy(r.hsm_id, rig.hsm_id, EH_HSM_ID_LEN);
	r.seq = 7;
	r.has_authorization = 1;
	r.authorization[0] = 0xa1;
	ck_assert_int_eq(eh_counters_add(&r.counters, EH_OP_PASS,
	    &(struct eh_counter){ 2, 1, 3, 5 }), EH_OK);
	r.of.closed = (struct eh_closed){ .reason = EH_CLOSE_EXPIRED,
		.good = 1, .in_doubt = 1, .burns = 4 };
	eh_writer_init(&w, entry, sizeof(entry));
	eh_record_encode(&r, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	eh_sql_begin(&q, db, "INSERT INTO entry VALUES (?, 7, ?)");
	eh_sql_put_bytes(&q, rig.hsm_id, EH_HSM_ID_LEN);
	eh_sql_put_bytes(&q, entry, len);
	eh_sql_next(&q);
	ck_assert_int_eq(eh_sql_end(&q, "x", NULL), EH_OK);
	sqlite3_close(db);
	ck_assert_int_eq(eh_store_open(path, &s, &rig.error), EH_OK);
	ck_assert_int_eq(eh_store_get_life(
	    s, rig.hsm_id, r.authorization, &life, NULL), EH_OK);
	ck_assert(life.closed && !life.installed);
	ck_assert_uint_eq(life.closed_seq, 7);
	ck_assert_int_eq(life.reason, EH_CLOSE_EXPIRED);
	ck_assert_uint_eq(life.burns, 4);
	eh_store_close(s);
}
END_TEST

START_TEST(message_comes_back_as_it_was_signed)
{
	struct eh_store_message m = { .type = EH_MESSAGE_PAUTH,
		.seq = 9,
		.issued = RIG_NOW,
		.bytes = (const uint8_t *)"bytes",
		.len = 5 };
	uint8_t unknown[EH_DIGEST_LEN] = { 1 };
	struct eh_buf out;

	memcpy(m.hsm, rig.hsm_id, EH_HSM_ID_LEN);
	eh_buf_init(&out, 100);
	ck_assert_int_eq(eh_store_put_message(store, &m, NULL), EH_OK);
	ck_assert_int_eq(
	    eh_store_get_message(store, m.digest, &out, NULL), EH_OK);
	ck_assert_uint_eq(out.len, 5);
	ck_assert_mem_eq(out.data, "bytes", 5);
	rig_refused(&rig, eh_store_get_message(
	    store, unknown, &out, &rig.error), EH_ERR_NOT_FOUND, "no message");
	/* The same number for another message. */
	m.digest[0] = 1;
	ck_assert_int_eq(eh_store_put_message(store, &m, NULL), EH_ERR_EXISTS);
	eh_buf_free(&out);
}
END_TEST

START_TEST(standing_of_a_key_never_falls_nor_moves)
{
	struct eh_hsm_key k = { .purpose = EH_PURPOSE_ISSUING,
		.origin = EH_ORIGIN_BACKEND,
		.standing = EH_KEY_CERTIFIED }, seen;

	memset(k.digest, 7, sizeof(k.digest));
	memcpy(k.hsm, rig.hsm_id, EH_HSM_ID_LEN);
	ck_assert_int_eq(eh_store_put_hsm_key(store, &k, NULL), EH_OK);
	k.standing = EH_KEY_NAMED;
	ck_assert_int_eq(eh_store_put_hsm_key(store, &k, NULL), EH_OK);
	ck_assert_int_eq(
	    eh_store_get_hsm_key(store, k.digest, &seen, NULL), EH_OK);
	ck_assert_int_eq(seen.standing, EH_KEY_CERTIFIED);
	memcpy(k.hsm, other_hsm, EH_HSM_ID_LEN);
	rig_refused(&rig, eh_store_put_hsm_key(store, &k, &rig.error),
	    EH_ERR_EXISTS, "another EdgeHSM's");
	ck_assert_int_eq(
	    eh_store_get_hsm_key(store, k.digest, &seen, NULL), EH_OK);
	ck_assert_mem_eq(seen.hsm, rig.hsm_id, EH_HSM_ID_LEN);
}
END_TEST

static int
count(void *arg, uint64_t at, const char *person, const char *verb,
    const char *text)
{
	unsigned *n = arg;

	ck_assert_uint_eq(at, RIG_NOW);
	ck_assert_str_ne(person, "");
	ck_assert_str_ne(text, "");
	if (*n < 3)
		ck_assert_str_eq(verb, *n == 0 ? "init"
				     : *n == 1 ? "invite" : "enrol");
	(*n)++;
	return EH_OK;
}

START_TEST(trail_says_what_was_done)
{
	unsigned n = 0;

	ck_assert_int_eq(eh_store_each_trail(store, count, &n, NULL), EH_OK);
	ck_assert_uint_eq(n, 3);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store");
	TCase *t = tcase_create("store");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, numbers_rise_for_each_key_type_and_hsm);
	tcase_add_test(t, new_key_goes_on_above_the_old_one);
	tcase_add_test(t, what_was_not_committed_did_not_happen);
	tcase_add_test(t, sql_itself_keeps_the_rules);
	tcase_add_test(t, durable_and_private);
	tcase_add_test(t, one_writer_at_a_time);
	tcase_add_test(t, other_files_are_not_stores);
	tcase_add_test(t, older_stores_are_upgraded_when_they_are_opened);
	tcase_add_test(t, lives_are_read_from_a_log_of_version_2);
	tcase_add_test(t, message_comes_back_as_it_was_signed);
	tcase_add_test(t, standing_of_a_key_never_falls_nor_moves);
	tcase_add_test(t, trail_says_what_was_done);
	suite_add_tcase(s, t);
	return unit_run(s);
}

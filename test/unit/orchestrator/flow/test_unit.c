/* SPDX-License-Identifier: Apache-2.0 */
/* test_unit.c - the folder of a unit says exactly how far it is. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "orchestrator/flow/unit.h"
#include "test/unit/unit.h"

static char path[64];
static struct eh_state_folder folder;
static struct eh_unit *unit, *other;
static struct eh_error error;

static void
setup(void)
{
	strcpy(path, "/tmp/eh-unit.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(path));
	strcat(path, "/state");
	unit = calloc(1, sizeof(*unit));
	other = calloc(1, sizeof(*other));
	ck_assert(unit != NULL && other != NULL);
	eh_error_clear(&error);
	ck_assert_int_eq(eh_state_open(path, &folder, &error), EH_OK);
}

static void
teardown(void)
{
	char command[128];

	eh_state_close(&folder);
	free(unit);
	free(other);
	*strrchr(path, '/') = '\0';
	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	ck_assert_int_eq(system(command), 0);
}

static void
open_unit(struct eh_unit *u, const char *device)
{
	ck_assert_msg(
	    eh_unit_open(&folder, device, u, &error) == EH_OK, "%s",
	    error.text);
}

static void
put(const char *name, const char *text)
{
	char file[2048];
	FILE *f;

	snprintf(file, sizeof(file), "%s/%s", unit->folder, name);
	ck_assert_ptr_nonnull(f = fopen(file, "w"));
	fputs(text, f);
	fclose(f);
}

static int
exists(const char *name)
{
	char file[2048];

	snprintf(file, sizeof(file), "%s/%s", unit->folder, name);
	return access(file, F_OK) == 0;
}

/* Everything that a unit can hold. */
static void
fill(struct eh_unit *u)
{
	static const char point[] =
	    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
	    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
	uint8_t bytes[65], digest[EH_DIGEST_LEN] = { 1, 2 };
	struct eh_rawkey key;

	ck_assert_uint_eq(unit_hex(point, bytes, sizeof(bytes)), 65);
	ck_assert_int_eq(eh_rawkey_set(&key, bytes, 65), EH_OK);
	u->state = EH_UNIT_SCRAPPED;
	u->attempt = 3;
	strcpy(u->line, "line3");
	strcpy(u->profile.name, "gateway-b");
	u->profile.version = 7;
	memset(u->profile.digest, 0xab, EH_DIGEST_LEN);
	u->has_authorization = 1;
	memset(u->authorization, 0x11, EH_ID_LEN);
	strcpy(u->order, "PO-4711");
	u->has_chip = 1;
	memset(u->chip, 0x22, EH_CHIP_ID_LEN);
	ck_assert_int_eq(eh_unit_note_key(u, "attestation", &key), EH_OK);
	ck_assert_int_eq(eh_unit_note_place(u, "cert/1", digest), EH_OK);
	ck_assert_int_eq(eh_unit_note_place(u, "cert/0", digest), EH_OK);
	ck_assert_int_eq(eh_unit_note_step(u, "connect"), EH_OK);
	ck_assert_int_eq(eh_unit_note_step(u, "keygen"), EH_OK);
	u->report.decided = u->report.written = 1;
	u->report.outcome = EH_OUTCOME_SCRAPPED;
	u->report.log = 1234567890123;
	strcpy(u->report.reason, "verify: \"quoted\" \\ text");
	u->failure.code = EH_ERR_PROOF;
	strcpy(u->failure.step, "verify");
	strcpy(u->failure.text, "it \"differs\" by 1");
}

START_TEST(new_unit_is_open_and_has_a_folder)
{
	open_unit(unit, "SN00000001");
	ck_assert_int_eq(unit->state, EH_UNIT_OPEN);
	ck_assert_uint_eq(unit->attempt, 0);
	ck_assert_int_eq(access(unit->folder, F_OK), 0);
	ck_assert(!exists("unit.json"));
	ck_assert_int_eq(eh_unit_save(unit, &error), EH_OK);
	ck_assert(exists("unit.json"));
}
END_TEST

START_TEST(what_was_saved_is_loaded_member_by_member)
{
	open_unit(unit, "SN00000001");
	fill(unit);
	ck_assert_int_eq(eh_unit_save(unit, &error), EH_OK);
	open_unit(other, "SN00000001");
	ck_assert_mem_eq(unit, other, sizeof(*unit));
}
END_TEST

START_TEST(places_stand_in_the_order_of_names_once_each)
{
	static const char *const names[] = { "cert/2", "cert/0", "a", "cert/10",
		"cert/0" };
	uint8_t digest[EH_DIGEST_LEN] = { 0 };

	for (size_t i = 0; i < 5; i++) {
		digest[0] = (uint8_t)i;
		ck_assert_int_eq(
		    eh_unit_note_place(unit, names[i], digest), EH_OK);
	}
	ck_assert_uint_eq(unit->nplaces, 4);
	ck_assert_str_eq(unit->place[0].name, "a");
	ck_assert_str_eq(unit->place[1].name, "cert/0");
	ck_assert_uint_eq(unit->place[1].digest[0], 4);
	ck_assert_str_eq(unit->place[2].name, "cert/10");
	ck_assert_str_eq(unit->place[3].name, "cert/2");
	ck_assert_int_eq(
	    eh_unit_note_place(unit, "no name", digest), EH_ERR_ARGUMENT);
	for (unsigned i = 4; i < EH_REPORT_PLACES_MAX; i++) {
		char name[16];

		snprintf(name, sizeof(name), "x%u", i);
		ck_assert_int_eq(
		    eh_unit_note_place(unit, name, digest), EH_OK);
	}
	ck_assert_int_eq(
	    eh_unit_note_place(unit, "too-many", digest), EH_ERR_FULL);
}
END_TEST

START_TEST(steps_and_keys_have_limits)
{
	struct eh_rawkey key = { 0 };
	char id[40];

	for (unsigned i = 0; i < EH_UNIT_STEPS; i++) {
		snprintf(id, sizeof(id), "s%u", i);
		ck_assert_int_eq(eh_unit_note_step(unit, id), EH_OK);
	}
	ck_assert_int_eq(eh_unit_note_step(unit, "s3"), EH_OK);
	ck_assert_int_eq(eh_unit_note_step(unit, "more"), EH_ERR_FULL);
	ck_assert(eh_unit_did(unit, "s0") && !eh_unit_did(unit, "s64"));
	for (unsigned i = 0; i < EH_UNIT_KEYS; i++) {
		snprintf(id, sizeof(id), "k%u", i);
		ck_assert_int_eq(eh_unit_note_key(unit, id, &key), EH_OK);
	}
	ck_assert_int_eq(eh_unit_note_key(unit, "more", &key), EH_ERR_FULL);
	ck_assert_ptr_nonnull(eh_unit_key(unit, "k0"));
	ck_assert_ptr_null(eh_unit_key(unit, "more"));
	memset(id, 'l', sizeof(id));
	id[EH_UNIT_ID + 1] = '\0';
	ck_assert_int_eq(eh_unit_note_step(other, id), EH_ERR_FULL);
	ck_assert_int_eq(eh_unit_note_key(other, id, &key), EH_ERR_FULL);
}
END_TEST

START_TEST(half_written_files_are_removed_and_nothing_else)
{
	open_unit(unit, "SN00000001");
	ck_assert_int_eq(eh_unit_save(unit, &error), EH_OK);
	put("unit.json.new-aB3xYz", "{ \"version\": 1, \"dev");
	put("idevid.pem.new-000000", "");
	put("notes.txt", "mine");
	open_unit(other, "SN00000001");
	ck_assert(!exists("unit.json.new-aB3xYz"));
	ck_assert(!exists("idevid.pem.new-000000"));
	ck_assert(exists("notes.txt"));
	ck_assert_int_eq(other->state, EH_UNIT_OPEN);
}
END_TEST

START_TEST(unit_json_that_is_not_ours_is_refused)
{
	static const char *const texts[] = {
		"", "{", "[]", "{}", "null",
		"{\"version\": 2}",
		"{\"version\": 1, \"version\": 1}",
	};
	char *text;

	open_unit(unit, "SN00000001");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		put("unit.json", texts[i]);
		ck_assert_int_eq(
		    eh_unit_open(&folder, "SN00000001", other, &error),
		    EH_ERR_FORMAT);
		ck_assert_ptr_nonnull(strstr(error.text, "unit.json"));
	}
	/* Of another device: somebody copied a folder. */
	fill(unit);
	strcpy(unit->device, "SN00000002");
	ck_assert_int_eq(eh_unit_save(unit, &error), EH_OK);
	ck_assert_int_eq(
	    eh_unit_open(&folder, "SN00000001", other, &error),
	    EH_ERR_FORMAT);
	ck_assert_ptr_nonnull(strstr(error.text, "device SN00000002"));
	/* Any one character changed is refused, or is still a whole unit. */
	text = eh_unit_encode(unit);
	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; text[i] != '\0'; i++) {
		char was = text[i];

		text[i] = '#';
		(void)!eh_unit_decode(other, "t", text, strlen(text), &error);
		text[i] = was;
	}
	for (size_t n = 0; n < strlen(text); n++)
		ck_assert_int_eq(eh_unit_decode(other, "t", text, n, &error),
		    EH_ERR_FORMAT);
	free(text);
}
END_TEST

static void
decodes_not(const char *was, const char *is)
{
	char *text, *at, changed[8192];

	text = eh_unit_encode(unit);
	ck_assert_ptr_nonnull(text);
	at = strstr(text, was);
	ck_assert_msg(at != NULL, "no %s in %s", was, text);
	snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text,
	    is, at + strlen(was));
	ck_assert_int_eq(eh_unit_decode(
			     other, "t", changed, strlen(changed), &error),
	    EH_ERR_FORMAT);
	free(text);
}

START_TEST(every_member_is_checked)
{
	open_unit(unit, "SN00000001");
	fill(unit);
	decodes_not("\"scrapped\"", "\"scraped\"");
	decodes_not("\"attempt\": 3", "\"attempt\": -3");
	decodes_not("\"attempt\": 3", "\"attempt\": \"3\"");
	decodes_not("\"line\"", "\"lime\"");
	decodes_not("\"line\"", "\"extra\": 1, \"line\"");
	decodes_not("ababab", "ababa");
	decodes_not("\"2222", "\"222x");
	decodes_not("\"046b", "\"046c");		/* not on the curve */
	decodes_not("\"cert/0\"", "\"cert 0\"");
	decodes_not("\"connect\"", "1");
	decodes_not("\"log\": 1", "\"log\": -1");
	decodes_not("\"written\": true", "\"written\": 1");
	decodes_not("\"number\": -20", "\"number\": 20");
	decodes_not("SN00000001", "SN0000000123456789012345678901234567890");
	decodes_not("SN00000001", "SN\\u0007");
}
END_TEST

START_TEST(folders_have_safe_names_and_no_two_share_one)
{
	static const char *const ids[] = { "a/b", "a%2Fb", "..", ".", ".lock",
		"a b", "A", "a", "a.b", "%", "%25" };
	char names[11][64];

	for (size_t i = 0; i < 11; i++) {
		open_unit(unit, ids[i]);
		snprintf(names[i], sizeof(names[i]), "%.63s",
		    unit->folder + strlen(path) + 1);
		ck_assert_ptr_null(strchr(names[i], '/'));
		ck_assert(names[i][0] != '.');
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(names[i], names[k]);
		ck_assert_int_eq(eh_unit_save(unit, &error), EH_OK);
		open_unit(other, ids[i]);
		ck_assert_str_eq(other->device, ids[i]);
	}
	ck_assert_str_eq(names[0], "a%2Fb");
	ck_assert_str_eq(names[8], "a.b");
	ck_assert_int_eq(
	    eh_unit_open(&folder, "", unit, &error), EH_ERR_ARGUMENT);
	ck_assert_int_eq(
	    eh_unit_open(&folder, "123456789012345678901234567890123", unit,
		&error),
	    EH_ERR_ARGUMENT);
}
END_TEST

START_TEST(tbs_is_kept_as_the_same_octets)
{
	static const uint8_t tbs[] = { 0x30, 0x03, 0x00, 0x01, 0xff };
	struct eh_buf out;

	open_unit(unit, "SN1");
	ck_assert_int_eq(
	    eh_unit_get_tbs(unit, "idevid", &out, &error), EH_ERR_NOT_FOUND);
	eh_buf_free(&out);
	ck_assert_int_eq(
	    eh_unit_put_tbs(unit, "idevid", tbs, sizeof(tbs), &error), EH_OK);
	ck_assert_int_eq(eh_unit_get_tbs(unit, "idevid", &out, &error), EH_OK);
	ck_assert_uint_eq(out.len, sizeof(tbs));
	ck_assert_mem_eq(out.data, tbs, sizeof(tbs));
	eh_buf_free(&out);
	ck_assert_int_eq(eh_unit_drop_tbs(unit, "idevid", &error), EH_OK);
	ck_assert_int_eq(eh_unit_drop_tbs(unit, "idevid", &error), EH_OK);
	ck_assert_int_eq(
	    eh_unit_get_tbs(unit, "idevid", &out, &error), EH_ERR_NOT_FOUND);
	eh_buf_free(&out);
	put("idevid.tbs", "");
	ck_assert_int_eq(
	    eh_unit_get_tbs(unit, "idevid", &out, &error), EH_ERR_FORMAT);
	eh_buf_free(&out);
}
END_TEST

/* SEQUENCE { tbs, ecdsa-with-SHA256, BIT STRING }, good enough to be read. */
static size_t
certificate(const uint8_t *tbs, size_t len, uint8_t *out)
{
	static const uint8_t tail[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
		0x48, 0xce, 0x3d, 0x04, 0x03, 0x02, 0x03, 0x03, 0x00, 0x30,
		0x00 };
	size_t n = len + sizeof(tail);

	ck_assert(n > 127 && n < 256);
	out[0] = 0x30;
	out[1] = 0x81;
	out[2] = (uint8_t)n;
	memcpy(out + 3, tbs, len);
	memcpy(out + 3 + len, tail, sizeof(tail));
	return n + 3;
}

START_TEST(certificate_is_the_one_for_its_tbs)
{
	static const char hex[] = /* a TBS of version 3 with nothing special */
	    "3081 9b a003020102 020101 300a06082a8648ce3d040302 3000"
	    "301e 170d3236303130313030303030305a"
	    "170d3237303130313030303030305a 3000"
	    "3059301306072a8648ce3d020106082a8648ce3d030107034200"
	    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
	    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
	uint8_t tbs[256], der[512];
	size_t len = unit_hex(hex, tbs, sizeof(tbs)), n;
	struct eh_buf out;

	tbs[2] = (uint8_t)(len - 3);
	n = certificate(tbs, len, der);
	open_unit(unit, "SN1");
	ck_assert_int_eq(
	    eh_unit_get_der(unit, "a", &out, &error), EH_ERR_NOT_FOUND);
	eh_buf_free(&out);
	ck_assert_int_eq(eh_unit_put_der(unit, "a", der, n, &error), EH_OK);
	/* Without its TBS nobody knows what was asked for. */
	ck_assert_int_eq(
	    eh_unit_get_der(unit, "a", &out, &error), EH_ERR_FORMAT);
	eh_buf_free(&out);
	ck_assert_int_eq(eh_unit_put_tbs(unit, "a", tbs, len, &error), EH_OK);
	ck_assert_msg(eh_unit_get_der(unit, "a", &out, &error) == EH_OK, "%s",
	    error.text);
	ck_assert_uint_eq(out.len, n);
	ck_assert_mem_eq(out.data, der, n);
	eh_buf_free(&out);
	tbs[len - 1] ^= 1;
	ck_assert_int_eq(eh_unit_put_tbs(unit, "a", tbs, len, &error), EH_OK);
	ck_assert_int_eq(
	    eh_unit_get_der(unit, "a", &out, &error), EH_ERR_FORMAT);
	ck_assert_ptr_nonnull(strstr(error.text, "not the one for its"));
	eh_buf_free(&out);
	put("a.pem", "-----BEGIN CERTIFICATE-----\n");
	ck_assert_int_eq(
	    eh_unit_get_der(unit, "a", &out, &error), EH_ERR_FORMAT);
	eh_buf_free(&out);
}
END_TEST

/* Folders that were made durable, one a line. */
static char synced[1024];

int __real_eh_file_sync_folder(const char *, struct eh_error *);
int __wrap_eh_file_sync_folder(const char *, struct eh_error *);

int
__wrap_eh_file_sync_folder(const char *name, struct eh_error *e)
{
	size_t n = strlen(synced);

	snprintf(synced + n, sizeof(synced) - n, "%s\n", name);
	return __real_eh_file_sync_folder(name, e);
}

START_TEST(new_state_folder_survives_a_power_cut)
{
	struct eh_state_folder deep;
	char name[256], want[1024];

	snprintf(name, sizeof(name), "%s/a/b/", path);
	synced[0] = '\0';
	ck_assert_int_eq(eh_state_open(name, &deep, &error), EH_OK);
	eh_state_close(&deep);
	snprintf(want, sizeof(want), "%s/\n%s/a/\n", path, path);
	ck_assert_str_eq(synced, want);
	/* One that is there was made so by whoever made it. */
	synced[0] = '\0';
	ck_assert_int_eq(eh_state_open(name, &deep, &error), EH_OK);
	eh_state_close(&deep);
	ck_assert_str_eq(synced, "");
}
END_TEST

START_TEST(one_run_at_a_time_uses_a_state_folder)
{
	struct eh_state_folder second;
	char words[32];

	ck_assert_int_eq(eh_state_open(path, &second, &error), EH_ERR_BUSY);
	snprintf(words, sizeof(words), "process %ld)", (long)getpid());
	ck_assert_ptr_nonnull(strstr(error.text, words));
	eh_state_close(&second);
	eh_state_close(&folder);
	ck_assert_int_eq(eh_state_open(path, &second, &error), EH_OK);
	eh_state_close(&second);
	eh_state_close(&second);
	ck_assert_int_eq(eh_state_open("/dev/null/x", &second, &error),
	    EH_ERR_STORAGE);
	eh_state_close(&second);
}
END_TEST

static int
list_names(void *arg, const struct eh_unit *u)
{
	strcat(arg, u->device);
	strcat(arg, " ");
	return strcmp(u->device, "stop") == 0 ? EH_ERR_FULL : EH_OK;
}

START_TEST(units_are_listed_in_order)
{
	static const char *const ids[] = { "b", "a", "c" };
	char names[64] = "";

	for (size_t i = 0; i < 3; i++) {
		open_unit(unit, ids[i]);
		ck_assert_int_eq(eh_unit_save(unit, &error), EH_OK);
	}
	open_unit(unit, "begun");	/* no unit.json yet */
	ck_assert_int_eq(
	    eh_unit_list(path, list_names, names, &error), EH_OK);
	ck_assert_str_eq(names, "a b c ");
	open_unit(unit, "stop");
	ck_assert_int_eq(eh_unit_save(unit, &error), EH_OK);
	names[0] = '\0';
	ck_assert_int_eq(
	    eh_unit_list(path, list_names, names, &error), EH_ERR_FULL);
	put("unit.json", "{");
	ck_assert_int_eq(
	    eh_unit_list(path, list_names, names, &error), EH_ERR_FORMAT);
	ck_assert_int_eq(
	    eh_unit_list("/nonexistent", list_names, names, &error),
	    EH_ERR_NOT_FOUND);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("unit");
	TCase *t = tcase_create("unit");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, new_unit_is_open_and_has_a_folder);
	tcase_add_test(t, what_was_saved_is_loaded_member_by_member);
	tcase_add_test(t, places_stand_in_the_order_of_names_once_each);
	tcase_add_test(t, steps_and_keys_have_limits);
	tcase_add_test(t, half_written_files_are_removed_and_nothing_else);
	tcase_add_test(t, unit_json_that_is_not_ours_is_refused);
	tcase_add_test(t, every_member_is_checked);
	tcase_add_test(t, folders_have_safe_names_and_no_two_share_one);
	tcase_add_test(t, tbs_is_kept_as_the_same_octets);
	tcase_add_test(t, certificate_is_the_one_for_its_tbs);
	tcase_add_test(t, new_state_folder_survives_a_power_cut);
	tcase_add_test(t, one_run_at_a_time_uses_a_state_folder);
	tcase_add_test(t, units_are_listed_in_order);
	suite_add_tcase(s, t);
	return unit_run(s);
}

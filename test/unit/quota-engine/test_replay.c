/* SPDX-License-Identifier: Apache-2.0 */
/* test_replay.c - what is said of a journal that was cut, flipped or moved. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/crc.h"
#include "test/fault/heart.h"
#include "test/unit/unit.h"

/*
 * A journal with two groups behind the last commit: one certificate each.  The
 * disk as it was is put back before every case.
 */
static struct heart h;
static struct sim *good;
static char name[EH_OS_NAME];
static uint32_t before, a, b, end; /* offsets: of the last entry that the
				    * state knows, of the groups, of the end */

static void
make(void)
{
	struct heart_order o = heart_order(1, 20, 8);
	struct heart_ask ask = { .order = 1 };
	const struct eh_state_log *log;

	memset(&h, 0, sizeof(h));
	heart_begin(&h, 1);
	ck_assert_int_eq(heart_install(&h, &o), EH_OK);
	ask.device = 1;
	ck_assert_int_eq(heart_issue(&h, &ask, NULL, NULL), EH_OK);
	ck_assert_int_eq(heart_label(&h, "anchored"), EH_OK);
	log = &h.eng->state->log;
	before = log->last.offset;
	a = log->next.offset;
	ask.device = 2;
	ck_assert_int_eq(heart_issue(&h, &ask, NULL, NULL), EH_OK);
	b = log->next.offset;
	ask.device = 3;
	ck_assert_int_eq(heart_issue(&h, &ask, NULL, NULL), EH_OK);
	end = log->next.offset;
	eh_journal_name(name, log->next.first);
	heart_drop(&h);
	sim_reboot(h.sim);
	good = sim_copy(h.sim);
}

static void
unmake(void)
{
	sim_free(good);
	sim_free(h.sim);
}

static uint8_t *
bytes(void)
{
	size_t len;

	return sim_file(h.sim, name, &len);
}

/* Open, and say how many devices are in the books; or -1 for fail-stop. */
static int
verdict(void)
{
	int err = heart_open(&h), used = -1;

	if (err == EH_OK)
		used = (int)heart_counter(&h, 1, EH_OP_PASS).used;
	else
		ck_assert_int_eq(err, EH_DENIED_FAIL_STOPPED);
	heart_drop(&h);
	return used;
}

START_TEST(whole_journal_counts)
{
	make();
	ck_assert_int_eq(verdict(), 3);
	unmake();
}
END_TEST

/* Where the last byte that is not zero ends: cutting padding cuts nothing. */
static uint32_t
filled(uint32_t from, uint32_t to)
{
	while (to > from && bytes()[to - 1] == 0)
		to--;
	return to;
}

START_TEST(a_tail_cut_anywhere_ends_the_journal)
{
	uint32_t a_end, b_end;

	make();
	a_end = filled(a, b);
	b_end = filled(b, end);
	for (uint32_t cut = a; cut <= end; cut++) {
		sim_put_back(h.sim, good);
		memset(bytes() + cut, 0, end - cut);
		ck_assert_int_eq(
		    verdict(), cut >= b_end ? 3 : cut >= a_end ? 2 : 1);
	}
	unmake();
}
END_TEST

/* Only the last group can have been torn. */
START_TEST(a_flipped_bit_in_the_last_group_drops_it)
{
	make();
	for (uint32_t bit = 8 * b; bit < 8 * end; bit++) {
		sim_put_back(h.sim, good);
		bytes()[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(verdict(), 2);
	}
	unmake();
}
END_TEST

START_TEST(a_flipped_bit_before_a_whole_group_stops_for_good)
{
	make();
	for (uint32_t bit = 8 * a; bit < 8 * b; bit++) {
		sim_put_back(h.sim, good);
		bytes()[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(verdict(), -1);
	}
	unmake();
}
END_TEST

START_TEST(a_flipped_bit_in_the_last_known_record_stops_for_good)
{
	make();
	for (uint32_t bit = 8 * before; bit < 8 * a; bit += 3) {
		sim_put_back(h.sim, good);
		bytes()[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(verdict(), -1);
	}
	unmake();
}
END_TEST

START_TEST(a_flipped_bit_in_the_header_stops_for_good)
{
	make();
	for (uint32_t bit = 0; bit < 8 * EH_SEGMENT_HEADER; bit += 37) {
		sim_put_back(h.sim, good);
		bytes()[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(verdict(), -1);
	}
	unmake();
}
END_TEST

START_TEST(a_flipped_bit_behind_the_end_changes_nothing)
{
	make();
	for (uint32_t bit = 8 * end; bit < 8 * end + 4096; bit += 7) {
		sim_put_back(h.sim, good);
		bytes()[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(verdict(), 3);
	}
	unmake();
}
END_TEST

/* An old record is no reason to stop for good, but nobody knows any more which
 * device it was. */
START_TEST(a_damaged_old_record_stops_new_devices)
{
	struct heart_ask ask = { .order = 1, .device = 9 };

	make();
	bytes()[EH_SEGMENT_HEADER + 100] ^= 1;
	ck_assert_int_eq(heart_open(&h), EH_OK);
	ck_assert_int_eq(heart_issue(&h, &ask, NULL, NULL), EH_DENIED_OFFLINE);
	ck_assert_ptr_nonnull(strstr(h.error.text, "record 0"));
	heart_drop(&h);
	/* A good copy of the bytes heals it. */
	bytes()[EH_SEGMENT_HEADER + 100] ^= 1;
	ck_assert_int_eq(heart_open(&h), EH_OK);
	ck_assert_int_eq(heart_issue(&h, &ask, NULL, NULL), EH_OK);
	heart_drop(&h);
	unmake();
}
END_TEST

static void
mend_crc(uint8_t *entry, size_t length)
{
	uint32_t crc = eh_crc32c(0, entry, 44);

	crc = eh_crc32c(crc, entry + 48, length - 48);
	for (unsigned i = 0; i < 4; i++)
		entry[44 + i] = (uint8_t)(crc >> (24 - 8 * i));
}

START_TEST(a_forged_entry_stops_for_good)
{
	make();
	bytes()[b + 70] ^= 1;
	mend_crc(bytes() + b, end - b);
	ck_assert_int_eq(verdict(), -1);
	ck_assert_ptr_nonnull(strstr(h.error.text, "forged"));
	unmake();
}
END_TEST

START_TEST(pieces_of_the_journal_moved_about_stop_for_good)
{
	make();
	/* The last group twice. */
	memcpy(bytes() + end, bytes() + b, end - b);
	ck_assert_int_eq(verdict(), -1);
	ck_assert_ptr_nonnull(strstr(h.error.text, "wrong place"));
	/* The groups in the other order, and one of them left out. */
	sim_put_back(h.sim, good);
	ck_assert_uint_eq(end - b, b - a);
	memmove(bytes() + a, bytes() + b, end - b);
	memset(bytes() + b, 0, end - b);
	ck_assert_int_eq(verdict(), -1);
	unmake();
}
END_TEST

/* An entry that we could have written, with what a case changes in it. */
struct made {
	uint64_t seq, group, commit;
	uint8_t previous[EH_DIGEST_LEN], hsm_id[EH_HSM_ID_LEN];
};

static void
put(uint32_t offset, const struct made *m)
{
	uint8_t entry[EH_ENTRY_HEADER + EH_RECORD_MAX + 8];
	struct eh_journal_keys keys;
	struct eh_entry e = { .seq = m->seq, .group = m->group,
		.commit = m->commit, .type = EH_ENTRY_RECORD, .last = 1,
		.privatelen = 1 };
	struct eh_record record;
	struct eh_writer w;

	memset(&record, 0, sizeof(record));
	eh_record_init(&record, EH_RECORD_CSR);
	record.seq = m->seq;
	record.t_hi = EH_TIME_MAX;
	memcpy(record.previous, m->previous, EH_DIGEST_LEN);
	memcpy(record.hsm_id, m->hsm_id, EH_HSM_ID_LEN);
	eh_writer_init(&w, entry + EH_ENTRY_HEADER, EH_RECORD_MAX);
	eh_record_encode(&record, &w);
	ck_assert_int_eq(eh_writer_end(&w, &e.recordlen), EH_OK);
	entry[EH_ENTRY_HEADER + e.recordlen] = 0xa0;
	eh_journal_keys_init(&keys, h.keys.journal, h.keys.private);
	ck_assert_int_eq(eh_entry_seal(&e, &keys, entry), EH_OK);
	memcpy(bytes() + offset, entry,
	    eh_entry_length(e.recordlen, e.privatelen));
}

/* What an entry behind the last commit must be. */
static void
right(struct made *m)
{
	const struct eh_state *st;

	memset(bytes() + a, 0, end - a);
	ck_assert_int_eq(heart_open(&h), EH_OK);
	st = h.eng->state;
	m->seq = st->log.tree.size;
	m->group = st->log.group;
	m->commit = st->commit;
	memcpy(m->previous, st->log.head, EH_DIGEST_LEN);
	memcpy(m->hsm_id, st->hsm_id, EH_HSM_ID_LEN);
	heart_drop(&h);
}

START_TEST(a_good_entry_in_the_wrong_place_stops_for_good)
{
	struct made m, base;

	make();
	right(&base);
	put(a, &base);
	ck_assert_int_eq(verdict(), 1);
	ck_assert_int_eq(heart_open(&h), EH_OK);
	ck_assert_uint_eq(h.eng->state->log.tree.size, base.seq + 1);
	heart_drop(&h);
	m = base;
	m.commit--;
	put(a, &m);
	ck_assert_int_eq(verdict(), 1);
	m.commit--;
	put(a, &m);
	ck_assert_int_eq(verdict(), -1);
	m.commit = base.commit + 1;
	put(a, &m);
	ck_assert_int_eq(verdict(), -1);
	m = base;
	m.seq++;
	put(a, &m);
	ck_assert_int_eq(verdict(), -1);
	m.seq = base.seq - 1;
	put(a, &m);
	ck_assert_int_eq(verdict(), -1);
	m = base;
	m.group++;
	put(a, &m);
	ck_assert_int_eq(verdict(), -1);
	m = base;
	m.previous[3] ^= 1;
	put(a, &m);
	ck_assert_int_eq(verdict(), -1);
	m = base;
	m.hsm_id[3] ^= 1;
	put(a, &m);
	ck_assert_int_eq(verdict(), -1);
	unmake();
}
END_TEST

/* The journal went on in another segment, and the end of the one before it,
 * which had been durable, is gone. */
START_TEST(a_later_segment_with_entries_stops_for_good)
{
	struct heart_order o = heart_order(1, 2000, 512);
	struct heart_ask ask = { .order = 1 };
	struct eh_entry e;
	struct eh_journal_keys keys;
	uint8_t copy[EH_ENTRY_MAX];
	size_t len, at, last = 0;

	memset(&h, 0, sizeof(h));
	heart_begin(&h, 1);
	ck_assert_int_eq(heart_install(&h, &o), EH_OK);
	while (h.eng->journal.places < 2 || ask.device % 16 != 0) {
		ask.device++;
		ck_assert_int_eq(heart_issue(&h, &ask, NULL, NULL), EH_OK);
	}
	eh_journal_keys_init(&keys, h.keys.journal, h.keys.private);
	eh_journal_name(name, 0);
	heart_drop(&h);
	sim_reboot(h.sim);
	ck_assert_int_eq(verdict(), (int)ask.device);
	/* Find the entry that ends the segment. */
	sim_file(h.sim, name, &len);
	for (at = EH_SEGMENT_HEADER; at < len; at += e.length) {
		memset(copy, 0, sizeof(copy));
		memcpy(copy, bytes() + at,
		    len - at < EH_ENTRY_MAX ? len - at : EH_ENTRY_MAX);
		if (eh_entry_open(&e, &keys, copy, sizeof(copy)) !=
		    EH_ENTRY_GOOD)
			break;
		last = at;
	}
	ck_assert_uint_gt(last, 0);
	memset(bytes() + last, 0, len - last);
	ck_assert_int_eq(verdict(), -1);
	ck_assert_ptr_nonnull(strstr(h.error.text, "later segment"));
	sim_free(h.sim);
}
END_TEST

START_TEST(a_missing_segment_stops_for_good)
{
	make();
	sim_remove(h.sim, name);
	ck_assert_int_eq(verdict(), -1);
	ck_assert_ptr_nonnull(strstr(h.error.text, "missing"));
	unmake();
}
END_TEST

START_TEST(a_shorter_file_stops_for_good)
{
	size_t len;

	make();
	sim_file(h.sim, name, &len);
	for (size_t n = 0; n < len; n += 4096) {
		sim_put_back(h.sim, good);
		sim_resize(h.sim, name, n);
		ck_assert_int_eq(verdict(), -1);
	}
	unmake();
}
END_TEST

/* Stopped cleanly, and the journal goes on: it is that of another history. */
START_TEST(a_journal_behind_a_clean_stop_stops_for_good)
{
	struct made m;

	make();
	right(&m);
	ck_assert_int_eq(heart_open(&h), EH_OK);
	ck_assert_int_eq(heart_label(&h, "started"), EH_OK);
	m.seq = h.eng->state->log.tree.size;
	m.group = h.eng->state->log.group;
	m.commit = h.eng->state->commit;
	memcpy(m.previous, h.eng->state->log.head, EH_DIGEST_LEN);
	eh_journal_name(name, h.eng->state->log.next.first);
	end = h.eng->state->log.next.offset;
	ck_assert_int_eq(heart_stop(&h), EH_OK);
	ck_assert_int_eq(verdict(), 1);
	put(end, &m);
	ck_assert_int_eq(verdict(), -1);
	ck_assert_ptr_nonnull(strstr(h.error.text, "cleanly"));
	unmake();
}
END_TEST

/* The tail that was cut away before a start is put back after it. */
START_TEST(a_tail_put_back_after_the_burn_is_void)
{
	struct heart_ask ask = { .order = 1, .device = 2, .key = 7 };
	struct eh_answer answer;
	uint32_t at = a, to = end;
	char old[EH_OS_NAME];
	size_t len;

	make();
	at = a;
	to = end;
	memcpy(old, name, sizeof(old));
	memset(bytes() + at, 0, to - at);
	/* The device that was hidden is made again, with another key. */
	ck_assert_int_eq(heart_open(&h), EH_OK);
	ck_assert_int_eq(heart_issue(&h, &ask, &answer, NULL), EH_OK);
	ck_assert_int_eq(answer.verdict, EH_VERDICT_FIRST);
	/* Its serial is another one than that of the hidden one. */
	ck_assert_uint_eq(answer.issue, 1);
	ck_assert_int_eq(heart_stop(&h), EH_OK);
	memcpy(sim_file(h.sim, old, &len) + at,
	    sim_file(good, old, &len) + at, to - at);
	ck_assert_int_eq(heart_open(&h), EH_OK);
	ck_assert_ptr_null(heart_check(&h));
	ask.key = 0;
	ck_assert_int_eq(heart_issue(&h, &ask, NULL, NULL),
	    EH_DENIED_DEVICE_LIMIT);
	ck_assert_int_eq(heart_stop(&h), EH_OK);
	/* Not even when the record before it is damaged. */
	sim_file(h.sim, old, &len)[before + 100] ^= 1;
	ck_assert_int_eq(heart_open(&h), EH_OK);
	ck_assert_int_ne(heart_issue(&h, &ask, NULL, NULL), EH_OK);
	heart_drop(&h);
	unmake();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("replay");
	TCase *t = tcase_create("replay");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, whole_journal_counts);
	tcase_add_test(t, a_tail_cut_anywhere_ends_the_journal);
	tcase_add_test(t, a_flipped_bit_in_the_last_group_drops_it);
	tcase_add_test(
	    t, a_flipped_bit_before_a_whole_group_stops_for_good);
	tcase_add_test(
	    t, a_flipped_bit_in_the_last_known_record_stops_for_good);
	tcase_add_test(t, a_flipped_bit_in_the_header_stops_for_good);
	tcase_add_test(t, a_flipped_bit_behind_the_end_changes_nothing);
	tcase_add_test(t, a_damaged_old_record_stops_new_devices);
	tcase_add_test(t, a_forged_entry_stops_for_good);
	tcase_add_test(t, pieces_of_the_journal_moved_about_stop_for_good);
	tcase_add_test(t, a_good_entry_in_the_wrong_place_stops_for_good);
	tcase_add_test(t, a_later_segment_with_entries_stops_for_good);
	tcase_add_test(t, a_missing_segment_stops_for_good);
	tcase_add_test(t, a_shorter_file_stops_for_good);
	tcase_add_test(t, a_journal_behind_a_clean_stop_stops_for_good);
	tcase_add_test(t, a_tail_put_back_after_the_burn_is_void);
	suite_add_tcase(s, t);
	return unit_run(s);
}

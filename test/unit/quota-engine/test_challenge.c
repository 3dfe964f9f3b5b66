/* SPDX-License-Identifier: Apache-2.0 */
/* test_challenge.c - the numbers that chips sign. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "quota-engine/challenge.h"
#include "test/unit/unit.h"

static struct eh_challenges *t;
static uint32_t drawn;

static int
draw(void *arg, void *out, size_t len)
{
	(void)arg;
	memset(out, 0, len);
	drawn++;
	memcpy(out, &drawn, sizeof(drawn));
	return EH_OK;
}

static struct eh_os os = { .random = draw };

static void
begin(void)
{
	t = malloc(sizeof(*t));
	ck_assert_ptr_nonnull(t);
	eh_challenges_init(t);
	drawn = 0;
}

static void
end(void)
{
	eh_challenges_wipe(t);
	free(t);
}

static struct eh_challenge
ask(uid_t uid, uint64_t now, int want)
{
	struct eh_challenge c = { .uid = uid, .authorization = { 7 },
		.device = { .len = 2, .bytes = "ab" } };

	ck_assert_int_eq(eh_challenges_ask(t, &os, now, &c, NULL), want);
	return c;
}

START_TEST(one_is_good_once_and_for_ten_minutes)
{
	struct eh_challenge c = ask(1, 1000, EH_OK), found;
	uint8_t other[EH_CHIP_CHALLENGE];

	memcpy(other, c.bytes, sizeof(other));
	other[31] ^= 1;
	ck_assert(!eh_challenges_find(t, 1000, other, &found));
	ck_assert(eh_challenges_find(t, 1000, c.bytes, &found));
	ck_assert_uint_eq(found.authorization[0], 7);
	ck_assert_uint_eq(found.device.len, 2);
	ck_assert(eh_challenges_find(
	    t, 1000 + EH_CHALLENGE_NS - 1, c.bytes, &found));
	ck_assert(!eh_challenges_find(
	    t, 1000 + EH_CHALLENGE_NS, c.bytes, &found));
	ck_assert(!eh_challenges_take(t, 1000 + EH_CHALLENGE_NS, c.bytes));
	ck_assert(eh_challenges_take(t, 1001, c.bytes));
	ck_assert(!eh_challenges_take(t, 1001, c.bytes));
	/* What came to nothing is good again, and no longer than before. */
	eh_challenges_give_back(t, 1002, &found);
	ck_assert(!eh_challenges_take(t, 1003, c.bytes));
	eh_challenges_give_back(t, 1002, &c);
	ck_assert(!eh_challenges_take(t, 1000 + EH_CHALLENGE_NS, c.bytes));
	ck_assert(eh_challenges_take(t, 1003, c.bytes));
}
END_TEST

START_TEST(a_user_has_64_and_turns_nobody_else_out)
{
	struct eh_challenge first[2], c, found;

	first[0] = ask(1, 100, EH_OK);
	first[1] = ask(1, 101, EH_OK);
	c = ask(2, 50, EH_OK);
	for (unsigned i = 2; i < EH_CHALLENGE_USER; i++)
		(void)ask(1, 100 + i, EH_OK);
	ck_assert(eh_challenges_find(t, 200, first[0].bytes, &found));
	(void)ask(1, 200, EH_OK);
	ck_assert(!eh_challenges_find(t, 201, first[0].bytes, &found));
	ck_assert(eh_challenges_find(t, 201, first[1].bytes, &found));
	ck_assert(eh_challenges_find(t, 201, c.bytes, &found));
	for (uid_t uid = 3; uid < 3 + EH_CHALLENGE_KEPT / 64; uid++)
		for (unsigned i = 0; i < EH_CHALLENGE_USER; i++) {
			c.uid = uid;
			ck_assert_int_le(
			    eh_challenges_ask(t, &os, 300, &c, NULL), EH_OK);
		}
	(void)ask(99, 300, EH_ERR_FULL);
	(void)ask(99, 300 + EH_CHALLENGE_NS, EH_OK);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("challenge");
	TCase *c = tcase_create("challenge");

	tcase_add_checked_fixture(c, begin, end);
	tcase_add_test(c, one_is_good_once_and_for_ten_minutes);
	tcase_add_test(c, a_user_has_64_and_turns_nobody_else_out);
	suite_add_tcase(s, c);
	return unit_run(s);
}

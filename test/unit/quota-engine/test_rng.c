/* SPDX-License-Identifier: Apache-2.0 */
/* test_rng.c - random numbers: two sources, and what is wrong with them. */
#include "config.h"

#include <string.h>

#include "quota-engine/health.h"
#include "quota-engine/rng.h"
#include "test/unit/unit.h"

/* A source that is good enough for the watch: a counter, mixed. */
static uint64_t state = 1;

static int
good(void *out, size_t len)
{
	uint8_t *to = out;

	for (size_t i = 0; i < len; i++) {
		state = state * UINT64_C(6364136223846793005) + 1442695041;
		to[i] = (uint8_t)(state >> 56);
	}
	return 0;
}

static int
broken(void *out, size_t len)
{
	memset(out, 0, len);
	return -1;
}

static int
stuck(void *out, size_t len)
{
	memset(out, 0x5a, len);
	return 0;
}

/* The same 16 octets again and again, no two neighbours equal. */
static int
looping(void *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)out)[i] = (uint8_t)(i % 16 * 7);
	return 0;
}

/* Good, but that every 8th octet is 0. */
static int
leaning(void *out, size_t len)
{
	(void)good(out, len);
	for (size_t i = 0; i < len; i += 8)
		((uint8_t *)out)[i] = 0;
	return 0;
}

static struct eh_rng
rng_of(eh_rng_source *one, eh_rng_source *other)
{
	struct eh_rng rng = { .lock = PTHREAD_MUTEX_INITIALIZER };

	rng.source[0].name = "one";
	rng.source[0].draw = one;
	rng.source[1].name = "the other";
	rng.source[1].draw = other;
	return rng;
}

START_TEST(this_host_has_random_numbers)
{
	uint8_t a[1000] = { 0 }, b[1000] = { 0 };

	ck_assert_int_eq(eh_rng_start(), EH_OK);
	ck_assert_int_eq(eh_rng_fill(a, sizeof(a)), EH_OK);
	ck_assert_int_eq(eh_rng_fill(b, sizeof(b)), EH_OK);
	ck_assert_mem_ne(a, b, sizeof(a));
	ck_assert_mem_ne(a + 900, b + 900, 100);
	ck_assert_ptr_null(eh_health_why());
}
END_TEST

START_TEST(both_sources_are_in_what_comes)
{
	struct eh_rng rng = rng_of(good, good);
	uint8_t out[20], one[32], other[32];

	state = 99;
	ck_assert_int_eq(eh_rng_draw(&rng, out, sizeof(out)), EH_OK);
	state = 99;
	ck_assert_int_eq(good(one, sizeof(one)), 0);
	ck_assert_int_eq(good(other, sizeof(other)), 0);
	for (size_t i = 0; i < sizeof(out); i++)
		ck_assert_uint_eq(out[i], one[i] ^ other[i]);
}
END_TEST

START_TEST(a_million_good_octets_pass)
{
	struct eh_rng rng = rng_of(good, good);
	uint8_t out[4000];

	for (int i = 0; i < 250; i++)
		ck_assert_int_eq(eh_rng_draw(&rng, out, sizeof(out)), EH_OK);
}
END_TEST

static const struct {
	eh_rng_source *draw;
	const char *sentence;
} bad[] = {
	{ broken, "gives nothing" },
	{ stuck, "repeats itself" },
	{ looping, "repeats itself" },
	{ leaning, "is one-sided" },
};

static void
caught(struct eh_rng *rng, const char *name, const char *sentence)
{
	static const uint8_t zero[2048];
	uint8_t out[2048];

	memset(out, 1, sizeof(out));
	ck_assert_int_eq(
	    eh_rng_draw(rng, out, sizeof(out)), EH_ERR_CRYPTO);
	ck_assert_mem_eq(out, zero, sizeof(out));
	ck_assert_ptr_nonnull(eh_health_why());
	ck_assert_msg(strstr(eh_health_why(), sentence) != NULL &&
	    strstr(eh_health_why(), name) != NULL, "%s", eh_health_why());
	/* Once bad, it is never asked again. */
	rng->source[0].draw = good;
	rng->source[1].draw = good;
	ck_assert_int_eq(eh_rng_draw(rng, out, 1), EH_ERR_CRYPTO);
}

START_TEST(a_bad_source_is_caught_and_named)
{
	struct eh_rng rng = rng_of(bad[_i].draw, good);

	caught(&rng, "one", bad[_i].sentence);
}
END_TEST

START_TEST(a_bad_second_source_is_no_better)
{
	struct eh_rng rng = rng_of(good, bad[_i].draw);

	caught(&rng, "the other", bad[_i].sentence);
}
END_TEST

START_TEST(the_watch_looks_over_the_border_of_two_draws)
{
	struct eh_rng_watch watch = { 0 };
	uint8_t octets[32];

	ck_assert_int_eq(good(octets, sizeof(octets)), 0);
	memset(octets + 12, 7, 4);
	memset(octets + 16, 7, 4);
	ck_assert_ptr_null(eh_rng_watch(&watch, octets, 16));
	ck_assert_ptr_null(eh_rng_watch(&watch, octets + 16, 16));
	octets[11] = 7;
	memset(&watch, 0, sizeof(watch));
	ck_assert_ptr_null(eh_rng_watch(&watch, octets, 16));
	ck_assert_str_eq(
	    eh_rng_watch(&watch, octets + 16, 16), "repeats itself");
	memset(&watch, 0, sizeof(watch));
	ck_assert_int_eq(good(octets, 16), 0);
	ck_assert_ptr_null(eh_rng_watch(&watch, octets, 16));
	ck_assert_str_eq(eh_rng_watch(&watch, octets, 16), "repeats itself");
}
END_TEST

START_TEST(the_first_reason_stays)
{
	eh_health_fail("reason %d", 1);
	eh_health_fail("reason %d", 2);
	ck_assert_str_eq(eh_health_why(), "reason 1");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("rng");
	TCase *c = tcase_create("rng");

	tcase_add_test(c, this_host_has_random_numbers);
	tcase_add_test(c, both_sources_are_in_what_comes);
	tcase_add_test(c, a_million_good_octets_pass);
	tcase_add_loop_test(c, a_bad_source_is_caught_and_named, 0,
	    (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_loop_test(c, a_bad_second_source_is_no_better, 0,
	    (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(c, the_watch_looks_over_the_border_of_two_draws);
	tcase_add_test(c, the_first_reason_stays);
	suite_add_tcase(s, c);
	return unit_run(s);
}

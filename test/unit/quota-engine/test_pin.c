/* SPDX-License-Identifier: Apache-2.0 */
/* test_pin.c - PINs, with the wait after wrong ones (tries.c) and tickets
 * (ticket.c). */
#include "config.h"

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "common/cbor/cbor.h"
#include "common/crypto/mac.h"
#include "quota-engine/tries.h"
#include "test/unit/quota-engine/fixture.h"
#include "test/unit/unit.h"

static struct fixture f;

/* In the place of libcrypto's, which it calls: how many are in it at once, and,
 * while ${shut}, a door that says who has come and lets nobody through. */
static _Atomic int shut, inside, most;
static sem_t came, door;

int
EVP_PBE_scrypt(const char *pass, size_t passlen, const unsigned char *salt,
    size_t saltlen, uint64_t n, uint64_t r, uint64_t p, uint64_t maxmem,
    unsigned char *key, size_t keylen)
{
	int (*real)(const char *, size_t, const unsigned char *, size_t,
	    uint64_t, uint64_t, uint64_t, uint64_t, unsigned char *, size_t);
	int now = ++inside, done;

	if (now > most)
		most = now;
	if (shut) {
		sem_post(&came);
		sem_wait(&door);
	}
	*(void **)&real = dlsym(RTLD_NEXT, "EVP_PBE_scrypt");
	done = real(pass, passlen, salt, saltlen, n, r, p, maxmem, key, keylen);
	inside--;
	return done;
}

static void
begin(void)
{
	sem_init(&came, 0, 0);
	sem_init(&door, 0, 0);
	fixture_open(&f);
	fixture_genesis(&f);
}

static void
end(void)
{
	fixture_close(&f);
}

static int
try_pin(uid_t uid, enum eh_wire_role role, const char *pin)
{
	uint32_t generation;

	eh_error_clear(&f.error);
	return eh_pins_check(f.b->pins, uid, role, (const uint8_t *)pin,
	    strlen(pin), &generation, &f.error);
}

/* ${n} wrong tries in a row, each as soon as it is looked at. */
static void
be_wrong(uid_t uid, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		fixture_later(eh_pins_wait(f.b->pins, uid));
		ck_assert_int_eq(
		    try_pin(uid, EH_ROLE_OPERATOR, "wrong"), EH_DENIED_PIN);
	}
}

START_TEST(the_right_pin_of_the_right_role_is_right)
{
	ck_assert_int_eq(
	    try_pin(1, EH_ROLE_OPERATOR, FIXTURE_OPERATOR), EH_OK);
	ck_assert_int_eq(try_pin(1, EH_ROLE_OFFICER, FIXTURE_OFFICER), EH_OK);
	ck_assert_int_eq(
	    try_pin(1, EH_ROLE_OFFICER, FIXTURE_OPERATOR), EH_DENIED_PIN);
	ck_assert_int_eq(
	    try_pin(1, EH_ROLE_OPERATOR, FIXTURE_OFFICER), EH_DENIED_PIN);
	ck_assert_int_eq(try_pin(1, EH_ROLE_OPERATOR, ""), EH_DENIED_PIN);
}
END_TEST

START_TEST(three_wrong_tries_are_free_then_the_wait_doubles_to_its_limit)
{
	static const unsigned waits[] = { 0, 0, 1, 2, 4, 8, 16, 32, 64, 128,
		256, 512, 900, 900 };
	char words[32];

	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		be_wrong(1, 1);
		ck_assert_uint_eq(eh_pins_wait(f.b->pins, 1), waits[i]);
		if (waits[i] == 0)
			continue;
		ck_assert_int_eq(
		    try_pin(1, EH_ROLE_OPERATOR, FIXTURE_OPERATOR),
		    EH_DENIED_PIN_DELAY);
		snprintf(words, sizeof(words), "wait %u s", waits[i]);
		ck_assert_msg(strstr(f.error.text, words) != NULL, "%s",
		    f.error.text);
	}
	fixture_later(899);
	ck_assert_int_eq(try_pin(1, EH_ROLE_OPERATOR, FIXTURE_OPERATOR),
	    EH_DENIED_PIN_DELAY);
	fixture_later(1);
	ck_assert_int_eq(
	    try_pin(1, EH_ROLE_OPERATOR, FIXTURE_OPERATOR), EH_OK);
}
END_TEST

START_TEST(a_right_pin_forgives_what_was_before)
{
	be_wrong(1, 2);
	ck_assert_int_eq(
	    try_pin(1, EH_ROLE_OPERATOR, FIXTURE_OPERATOR), EH_OK);
	be_wrong(1, 2);
	ck_assert_uint_eq(eh_pins_wait(f.b->pins, 1), 0);
}
END_TEST

START_TEST(a_wait_is_the_users_own_and_of_both_roles)
{
	be_wrong(1, 4);
	ck_assert_int_eq(try_pin(1, EH_ROLE_OFFICER, FIXTURE_OFFICER),
	    EH_DENIED_PIN_DELAY);
	ck_assert_int_eq(
	    try_pin(2, EH_ROLE_OPERATOR, FIXTURE_OPERATOR), EH_OK);
}
END_TEST

START_TEST(a_try_while_waiting_changes_nothing)
{
	be_wrong(1, 5);
	for (unsigned i = 0; i < 20; i++)
		ck_assert_int_eq(try_pin(1, EH_ROLE_OPERATOR, "wrong"),
		    EH_DENIED_PIN_DELAY);
	ck_assert_uint_eq(eh_pins_wait(f.b->pins, 1), 4);
}
END_TEST

static int
full_disk(void *arg, const char *from, const char *to)
{
	(void)arg;
	(void)from;
	(void)to;
	return EH_ERR_FULL;
}

START_TEST(a_try_that_cannot_be_counted_is_not_looked_at_and_not_wrong)
{
	int (*rename)(void *, const char *, const char *) = f.b->os->rename;

	be_wrong(1, 2);
	f.b->os->rename = full_disk;
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(
		    try_pin(1, EH_ROLE_OPERATOR, FIXTURE_OPERATOR),
		    EH_ERR_STORAGE);
	f.b->os->rename = rename;
	ck_assert_uint_eq(eh_pins_wait(f.b->pins, 1), 0);
	be_wrong(1, 1);
	ck_assert_uint_eq(eh_pins_wait(f.b->pins, 1), 1);
}
END_TEST

/* The right PIN of the operator, by the user whose number ${arg} points to. */
static void *
log_in(void *arg)
{
	const uid_t *uid = arg;
	uint32_t generation;

	return eh_pins_check(f.b->pins, *uid, EH_ROLE_OPERATOR,
	    (const uint8_t *)FIXTURE_OPERATOR, strlen(FIXTURE_OPERATOR),
	    &generation, NULL) == EH_OK ? NULL : arg;
}

START_TEST(who_is_being_judged_makes_nobody_else_wait)
{
	static const uid_t one = 1;
	pthread_t thread;
	void *wrong;

	shut = 1;
	ck_assert_int_eq(
	    pthread_create(&thread, NULL, log_in, (void *)(uintptr_t)&one), 0);
	sem_wait(&came);
	/* Every hello asks this. */
	ck_assert_uint_eq(eh_pins_wait(f.b->pins, 2), 0);
	ck_assert_uint_eq(eh_pins_wait(f.b->pins, 1), 0);
	shut = 0;
	sem_post(&door);
	pthread_join(thread, &wrong);
	ck_assert_ptr_null(wrong);
}
END_TEST

START_TEST(right_pins_at_once_are_all_right_and_hashed_one_by_one)
{
	static const uid_t uid[8] = { 1, 1, 1, 1, 1, 2, 2, 3 };
	pthread_t thread[8];
	void *wrong;

	most = 0;
	for (unsigned i = 0; i < 8; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, log_in,
				     (void *)(uintptr_t)&uid[i]),
		    0);
	for (unsigned i = 0; i < 8; i++) {
		pthread_join(thread[i], &wrong);
		ck_assert_ptr_null(wrong);
	}
	ck_assert_int_eq(most, 1);
}
END_TEST

static void *
make_pin(void *arg)
{
	struct eh_state_pin made;

	return eh_pins_make(&made, (const uint8_t *)"1234", 4, NULL) == EH_OK
	    ? NULL : arg;
}

START_TEST(new_pins_are_hashed_one_by_one)
{
	pthread_t thread[4];
	void *wrong;

	most = 0;
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(
		    pthread_create(&thread[i], NULL, make_pin, thread), 0);
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(thread[i], &wrong);
		ck_assert_ptr_null(wrong);
	}
	ck_assert_int_eq(most, 1);
}
END_TEST

START_TEST(a_restart_does_not_shorten_the_wait)
{
	be_wrong(1, 6);
	ck_assert_int_eq(fixture_restart(&f), EH_OK);
	ck_assert_uint_ge(eh_pins_wait(f.b->pins, 1), 7);
	ck_assert_int_eq(try_pin(1, EH_ROLE_OPERATOR, FIXTURE_OPERATOR),
	    EH_DENIED_PIN_DELAY);
	fixture_later(8);
	ck_assert_int_eq(
	    try_pin(1, EH_ROLE_OPERATOR, FIXTURE_OPERATOR), EH_OK);
}
END_TEST

static void
everybody_waits(void)
{
	ck_assert_int_eq(fixture_restart(&f), EH_OK);
	ck_assert_uint_ge(eh_pins_wait(f.b->pins, 7), 890);
	ck_assert_int_eq(try_pin(7, EH_ROLE_OPERATOR, FIXTURE_OPERATOR),
	    EH_DENIED_PIN_DELAY);
	fixture_later(901);
	ck_assert_int_eq(
	    try_pin(7, EH_ROLE_OPERATOR, FIXTURE_OPERATOR), EH_OK);
}

START_TEST(a_count_that_was_removed_makes_everybody_wait)
{
	char path[FIXTURE_PATH];

	be_wrong(1, 4);
	fixture_join(path, f.state, "pins");
	ck_assert_int_eq(unlink(path), 0);
	everybody_waits();
}
END_TEST

START_TEST(a_count_that_was_altered_makes_everybody_wait)
{
	char path[FIXTURE_PATH];
	FILE *file;
	int c;

	be_wrong(1, 4);
	fixture_join(path, f.state, "pins");
	ck_assert_ptr_nonnull(file = fopen(path, "r+"));
	ck_assert_int_eq(fseek(file, 30, SEEK_SET), 0);
	c = fgetc(file);
	ck_assert_int_eq(fseek(file, 30, SEEK_SET), 0);
	ck_assert_int_ne(fputc(c ^ 1, file), EOF);
	ck_assert_int_eq(fclose(file), 0);
	everybody_waits();
}
END_TEST

/* A table that is full: user 1 was wrong ten times, 63 others once. */
static void
plant_full_table(void)
{
	uint8_t state[32], key[32], bytes[4096];
	struct eh_clock_reading now;
	char path[FIXTURE_PATH];
	struct eh_writer w;
	size_t len;
	FILE *file;

	ck_assert_int_eq(f.b->os->clocks(f.b->os->arg, &now), EH_OK);
	eh_hmac_sha256(f.backend->secret, 32, "EdgeHSM-state-v1", 16, state);
	eh_hmac_sha256(state, 32, "EdgeHSM-pins-v1", 15, key);
	eh_writer_init(&w, bytes, sizeof(bytes) - 32);
	eh_cbor_put_map(&w, 3);
	eh_cbor_put_uint(&w, 0);
	eh_cbor_put_uint(&w, 1);
	eh_cbor_put_uint(&w, 1);
	eh_cbor_put_bytes(&w, now.boot_id, sizeof(now.boot_id));
	eh_cbor_put_uint(&w, 2);
	eh_cbor_put_array(&w, EH_TRIES_USERS);
	for (unsigned i = 0; i < EH_TRIES_USERS; i++) {
		eh_cbor_put_array(&w, 3);
		eh_cbor_put_uint(&w, i + 1);
		eh_cbor_put_uint(&w, i == 0 ? 10 : 1);
		eh_cbor_put_uint(&w, now.boottime / 1000000);
	}
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	eh_hmac_sha256(key, 32, bytes, len, bytes + len);
	fixture_join(path, f.state, "pins");
	ck_assert_ptr_nonnull(file = fopen(path, "w"));
	ck_assert_uint_eq(fwrite(bytes, 1, len + 32, file), len + 32);
	ck_assert_int_eq(fclose(file), 0);
}

START_TEST(many_users_do_not_make_the_table_forget_the_worst)
{
	plant_full_table();
	ck_assert_int_eq(fixture_restart(&f), EH_OK);
	ck_assert_uint_gt(eh_pins_wait(f.b->pins, 1), 120);
	for (uid_t uid = 1000; uid < 1003; uid++)
		be_wrong(uid, 1);
	ck_assert_uint_gt(eh_pins_wait(f.b->pins, 1), 120);
	ck_assert_int_eq(fixture_restart(&f), EH_OK);
	ck_assert_uint_gt(eh_pins_wait(f.b->pins, 1), 120);
}
END_TEST

START_TEST(the_length_of_a_pin_is_checked_when_it_is_set)
{
	uint8_t longest[EH_PIN_MAX + 1] = { 'x' };

	ck_assert_int_eq(eh_pins_set(f.b->pins, EH_ROLE_OPERATOR,
			     (const uint8_t *)"123", 3, &f.error),
	    EH_ERR_ARGUMENT);
	ck_assert_int_eq(eh_pins_set(f.b->pins, EH_ROLE_OPERATOR, longest,
			     EH_PIN_MAX + 1, &f.error),
	    EH_ERR_ARGUMENT);
	ck_assert_int_eq(eh_pins_set(f.b->pins, EH_ROLE_OPERATOR, longest,
			     EH_PIN_MAX, &f.error),
	    EH_OK);
	ck_assert_int_eq(eh_pins_set(f.b->pins, EH_ROLE_OPERATOR,
			     (const uint8_t *)"1234", 4, &f.error),
	    EH_OK);
	ck_assert_int_eq(try_pin(1, EH_ROLE_OPERATOR, "1234"), EH_OK);
}
END_TEST

START_TEST(a_pin_is_not_stored_and_its_verifier_is_salted)
{
	struct eh_state_pin a, b;

	ck_assert_int_eq(
	    eh_pins_make(&a, (const uint8_t *)"1234", 4, NULL), EH_OK);
	ck_assert_int_eq(
	    eh_pins_make(&b, (const uint8_t *)"1234", 4, NULL), EH_OK);
	ck_assert_mem_ne(a.salt, b.salt, sizeof(a.salt));
	ck_assert_mem_ne(a.hash, b.hash, sizeof(a.hash));
}
END_TEST

/* --- tickets --- */

static uint8_t ticket[EH_TICKET_LEN];

static void
get_ticket(uid_t uid, enum eh_wire_role role)
{
	ck_assert_int_eq(eh_pins_ticket(f.b->pins, uid, role,
			     eh_pins_generation(f.b->pins, role), ticket),
	    EH_OK);
}

static int
show(uid_t uid, size_t len)
{
	enum eh_wire_role role;
	uint32_t generation;

	return eh_pins_ticket_check(
	    f.b->pins, uid, ticket, len, &role, &generation);
}

START_TEST(a_ticket_is_good_for_its_user_and_role_over_restarts)
{
	enum eh_wire_role role;
	uint32_t generation;

	get_ticket(1000, EH_ROLE_OFFICER);
	ck_assert_int_eq(fixture_restart(&f), EH_OK);
	ck_assert_int_eq(eh_pins_ticket_check(f.b->pins, 1000, ticket,
			     sizeof(ticket), &role, &generation),
	    EH_OK);
	ck_assert_int_eq(role, EH_ROLE_OFFICER);
	ck_assert_uint_eq(
	    generation, eh_pins_generation(f.b->pins, EH_ROLE_OFFICER));
	ck_assert_int_eq(show(1001, sizeof(ticket)), EH_DENIED_LOGIN);
}
END_TEST

START_TEST(no_bit_of_a_ticket_can_be_changed)
{
	get_ticket(1000, EH_ROLE_OPERATOR);
	for (size_t bit = 0; bit < 8 * sizeof(ticket); bit++) {
		ticket[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(
		    show(1000, sizeof(ticket)), EH_DENIED_LOGIN);
		ticket[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ck_assert_int_eq(show(1000, sizeof(ticket) - 1), EH_DENIED_LOGIN);
	ck_assert_int_eq(show(1000, 0), EH_DENIED_LOGIN);
	ck_assert_int_eq(show(1000, sizeof(ticket)), EH_OK);
}
END_TEST

START_TEST(a_ticket_ends_when_the_pin_of_its_role_changes)
{
	get_ticket(1000, EH_ROLE_OPERATOR);
	ck_assert_int_eq(eh_pins_set(f.b->pins, EH_ROLE_OFFICER,
			     (const uint8_t *)"1234", 4, &f.error),
	    EH_OK);
	ck_assert_int_eq(show(1000, sizeof(ticket)), EH_OK);
	/* Even when the new PIN is the old one. */
	ck_assert_int_eq(eh_pins_set(f.b->pins, EH_ROLE_OPERATOR,
			     (const uint8_t *)FIXTURE_OPERATOR,
			     strlen(FIXTURE_OPERATOR), &f.error),
	    EH_OK);
	ck_assert_int_eq(show(1000, sizeof(ticket)), EH_DENIED_LOGIN);
}
END_TEST

START_TEST(a_ticket_of_another_edgehsm_is_good_for_nothing)
{
	struct fixture other;

	get_ticket(1000, EH_ROLE_OPERATOR);
	fixture_open(&other);
	fixture_genesis(&other);
	ck_assert_int_eq(eh_pins_ticket_check(other.b->pins, 1000, ticket,
			     sizeof(ticket), &(enum eh_wire_role) { 0 },
			     &(uint32_t) { 0 }),
	    EH_DENIED_LOGIN);
	fixture_close(&other);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("pin");
	TCase *c = tcase_create("pin");

	tcase_add_checked_fixture(c, begin, end);
	tcase_add_test(c, the_right_pin_of_the_right_role_is_right);
	tcase_add_test(
	    c, three_wrong_tries_are_free_then_the_wait_doubles_to_its_limit);
	tcase_add_test(c, a_right_pin_forgives_what_was_before);
	tcase_add_test(c, a_wait_is_the_users_own_and_of_both_roles);
	tcase_add_test(c, a_try_while_waiting_changes_nothing);
	tcase_add_test(
	    c, a_try_that_cannot_be_counted_is_not_looked_at_and_not_wrong);
	tcase_add_test(c, who_is_being_judged_makes_nobody_else_wait);
	tcase_add_test(
	    c, right_pins_at_once_are_all_right_and_hashed_one_by_one);
	tcase_add_test(c, new_pins_are_hashed_one_by_one);
	tcase_add_test(c, a_restart_does_not_shorten_the_wait);
	tcase_add_test(c, a_count_that_was_removed_makes_everybody_wait);
	tcase_add_test(c, a_count_that_was_altered_makes_everybody_wait);
	tcase_add_test(
	    c, many_users_do_not_make_the_table_forget_the_worst);
	tcase_add_test(
	    c, the_length_of_a_pin_is_checked_when_it_is_set);
	tcase_add_test(c, a_pin_is_not_stored_and_its_verifier_is_salted);
	tcase_add_test(
	    c, a_ticket_is_good_for_its_user_and_role_over_restarts);
	tcase_add_test(c, no_bit_of_a_ticket_can_be_changed);
	tcase_add_test(
	    c, a_ticket_ends_when_the_pin_of_its_role_changes);
	tcase_add_test(
	    c, a_ticket_of_another_edgehsm_is_good_for_nothing);
	tcase_set_timeout(c, 60);
	suite_add_tcase(s, c);
	return unit_run(s);
}

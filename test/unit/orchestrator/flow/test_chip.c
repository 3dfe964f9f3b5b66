/* SPDX-License-Identifier: Apache-2.0 */
/* test_chip.c - what a chip says of its key is believed when it is proved. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/crypto/digest.h"
#include "common/x509/csr.h"
#include "orchestrator/flow/chip.h"
#include "test/unit/unit.h"

static char folder[64];
static struct eh_chip_driver *driver;
static struct eh_chip *chip;
static struct eh_rawkey key;
static struct eh_buf request;
static struct eh_csr csr;
static struct eh_error error;
static unsigned logged;
static uint64_t progress;
static int cancel;

static void
setup(void)
{
	char command[8192];

	strcpy(folder, "/tmp/eh-chip.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(command, sizeof(command),
	    "cp '%s/test/unit/orchestrator/flow/.libs/fake_chip.so' "
	    "'%s/chip-fake.so' && chmod 755 '%s/chip-fake.so'",
	    getenv("EH_BUILDDIR"), folder, folder);
	ck_assert_int_eq(system(command), 0);
	setenv("EDGEHSM_PLUGIN_PATH", folder, 1);
	unsetenv("FAKE_PLUGIN");
	unsetenv("FAKE_CHIP_ID");
	eh_buf_init(&request, EH_CSR_MAX);
	eh_error_clear(&error);
	ck_assert_msg(eh_plugin_load_chip("fake", &driver, &error) == EH_OK,
	    "%s", error.text);
	chip = NULL;
	cancel = 0;
}

static void
teardown(void)
{
	char command[128];

	eh_buf_free(&request);
	eh_chip_close(chip);
	eh_plugin_free(driver);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	ck_assert_int_eq(system(command), 0);
}

static void
on_log(void *arg, int level, const char *text)
{
	(void)arg;
	(void)level;
	logged += strcmp(text, "opened") == 0;
}

static void
on_progress(void *arg, uint64_t done, uint64_t total)
{
	(void)arg;
	ck_assert_uint_eq(done, total);
	progress = done;
}

static int
on_cancelled(void *arg)
{
	(void)arg;
	return cancel;
}

static int
insert(const char *fault)
{
	struct eh_host_watch watch = { NULL, on_log, on_progress,
		on_cancelled };
	char config[256];

	eh_chip_close(chip);
	snprintf(config, sizeof(config),
	    "{\"state\":\"%s/chips\",\"fault\":\"%s\"}", folder, fault);
	eh_error_clear(&error);
	return eh_chip_open(
	    driver, config, "SN00000001", &watch, &chip, &error);
}

static void
keygen_fails(const char *fault, int err, const char *words)
{
	ck_assert_int_eq(insert(fault), EH_OK);
	ck_assert_int_eq(eh_chip_keygen(chip, 0, &key, &request, &error), err);
	ck_assert_uint_eq(request.len, 0);
	ck_assert_msg(strstr(error.text, words) != NULL, "%s", error.text);
}

START_TEST(key_that_is_proved_is_taken)
{
	logged = 0;
	ck_assert_int_eq(insert("none"), EH_OK);
	ck_assert_uint_eq(logged, 1);
	ck_assert_int_eq(
	    eh_chip_keygen(chip, 0, &key, &request, &error), EH_OK);
	ck_assert_int_eq(
	    eh_csr_decode(&csr, request.data, request.len), EH_OK);
	eh_buf_clear(&request);
	ck_assert_uint_eq(key.len, EH_P256_POINT_LEN);
	ck_assert_int_eq(eh_rawkey_check(&key), EH_OK);
}
END_TEST

START_TEST(key_that_is_not_proved_is_refused)
{
	keygen_fails("foreign-proof", EH_ERR_PROOF, "for another key");
	keygen_fails("broken-proof", EH_ERR_PROOF, "does not verify");
	keygen_fails("no-proof", EH_ERR_PROOF, "not a PKCS#10 request");
	keygen_fails("no-point", EH_ERR_PROOF, "no P-256 key");
	keygen_fails("ed25519", EH_ERR_PROOF, "32 octets that are no P-256");
	keygen_fails("odd", EH_ERR_INTERNAL, "no result of the ABI");
}
END_TEST

START_TEST(chip_says_who_it_is_in_printable_words)
{
	struct eh_chip_identity identity;

	ck_assert_int_eq(insert("none"), EH_OK);
	ck_assert_int_eq(eh_chip_identify(chip, &identity, &error), EH_OK);
	ck_assert_str_eq(identity.firmware, "fake?1");
	ck_assert_int_eq(eh_chip_same(chip, identity.id, &error), EH_OK);
	identity.id[0] ^= 1;
	ck_assert_int_eq(
	    eh_chip_same(chip, identity.id, &error), EH_ERR_PROOF);
	ck_assert_ptr_nonnull(strstr(error.text, "another chip"));
	/* All chips would be the same one. */
	ck_assert_int_eq(insert("nobody"), EH_OK);
	ck_assert_int_eq(
	    eh_chip_identify(chip, &identity, &error), EH_ERR_PROOF);
	ck_assert_ptr_nonnull(strstr(error.text, "no chip id"));
}
END_TEST

START_TEST(chip_that_does_not_open_is_no_chip)
{
	ck_assert_int_eq(insert("absent"), EH_ERR_UNAVAILABLE);
	ck_assert_ptr_null(chip);
	ck_assert_str_eq(error.text, "no chip is in the socket");
	ck_assert_int_eq(eh_chip_open(driver, "{", "SN1", NULL, &chip, &error),
	    EH_ERR_ARGUMENT);
	ck_assert_str_eq(error.text, "fake: open: invalid argument");
	eh_chip_close(NULL);
}
END_TEST

START_TEST(what_is_written_is_read_back)
{
	uint8_t want[EH_DIGEST_LEN], found[EH_DIGEST_LEN];

	ck_assert_int_eq(insert("none"), EH_OK);
	ck_assert_int_eq(
	    eh_chip_read_back(chip, 3, found, &error), EH_ERR_NOT_FOUND);
	ck_assert_int_eq(eh_chip_write_certificate(
			     chip, 3, (const uint8_t *)"certificate", 11,
			     &error),
	    EH_OK);
	ck_assert_uint_eq(progress, 11);
	ck_assert_int_eq(eh_chip_read_back(chip, 3, found, &error), EH_OK);
	eh_sha256("certificate", 11, want);
	ck_assert_mem_eq(want, found, sizeof(want));
	cancel = 1;
	ck_assert_int_eq(eh_chip_write_certificate(chip, 3,
			     (const uint8_t *)"other", 5, &error),
	    EH_ERR_BUSY);
}
END_TEST

START_TEST(silence_is_no_answer)
{
	uint8_t want[EH_DIGEST_LEN], found[EH_DIGEST_LEN];

	memset(want, 0, sizeof(want));
	memset(found, 0x5a, sizeof(found));
	ck_assert_int_eq(insert("silent"), EH_OK);
	ck_assert_int_eq(eh_chip_read_back(chip, 3, found, &error), EH_OK);
	ck_assert_mem_eq(found, want, sizeof(want));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("chip");
	TCase *t = tcase_create("chip");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, key_that_is_proved_is_taken);
	tcase_add_test(t, key_that_is_not_proved_is_refused);
	tcase_add_test(t, chip_says_who_it_is_in_printable_words);
	tcase_add_test(t, chip_that_does_not_open_is_no_chip);
	tcase_add_test(t, what_is_written_is_read_back);
	tcase_add_test(t, silence_is_no_answer);
	suite_add_tcase(s, t);
	return unit_run(s);
}

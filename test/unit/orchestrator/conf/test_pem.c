/* SPDX-License-Identifier: Apache-2.0 */
/* test_pem.c - DER in files, with or without PEM around it. */
#include "config.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/conf/pem.h"
#include "test/unit/unit.h"

/* 30 03 02 01 05 */
#define CERTIFICATE                                                            \
	"-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----\n"
#define KEY                                                                    \
	"-----BEGIN PUBLIC KEY-----\nMAMCAQY=\n-----END PUBLIC KEY-----\n"

static struct eh_buf out;
static struct eh_error error;

static int
decode(const char *text, const char *label)
{
	eh_error_clear(&error);
	return eh_pem_decode("f", label, (const uint8_t *)text, strlen(text),
	    &out, &error);
}

START_TEST(block_with_the_label_is_found)
{
	ck_assert_int_eq(decode("text\n" KEY CERTIFICATE, "CERTIFICATE"),
	    EH_OK);
	ck_assert_uint_eq(out.len, 5);
	ck_assert_mem_eq(out.data, "\x30\x03\x02\x01\x05", 5);
	eh_buf_free(&out);
	ck_assert_int_eq(decode(CERTIFICATE KEY, "PUBLIC KEY"), EH_OK);
	ck_assert_uint_eq(out.data[4], 6);
	eh_buf_free(&out);
	ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

START_TEST(der_is_taken_as_it_is)
{
	ck_assert_int_eq(decode("0\003\002\001\007", "CERTIFICATE"), EH_OK);
	ck_assert_uint_eq(out.len, 5);
	eh_buf_free(&out);
}
END_TEST

START_TEST(anything_else_is_refused)
{
	ck_assert_int_eq(decode(KEY, "CERTIFICATE"), EH_ERR_FORMAT);
	ck_assert_str_eq(
	    error.text, "f: neither DER nor a PEM block 'CERTIFICATE'");
	ck_assert_uint_eq(out.len, 0);
	eh_buf_free(&out);
	ck_assert_int_eq(decode("", "CERTIFICATE"), EH_ERR_FORMAT);
	ck_assert_int_eq(
	    decode("-----BEGIN CERTIFICATE-----\nMAMC", "CERTIFICATE"),
	    EH_ERR_FORMAT);
	/* No error of libcrypto is left for somebody else to find. */
	ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

START_TEST(what_was_encoded_is_read_from_its_file)
{
	char path[] = "/tmp/eh-test-pem-XXXXXX";
	int fd = mkstemp(path);
	struct eh_buf pem;

	ck_assert_int_ge(fd, 0);
	eh_buf_init(&pem, 4096);
	ck_assert_int_eq(eh_pem_encode("CERTIFICATE",
			     (const uint8_t *)"\x30\x03\x02\x01\x05", 5, &pem),
	    EH_OK);
	ck_assert_uint_eq(pem.len, strlen(CERTIFICATE));
	ck_assert_mem_eq(pem.data, CERTIFICATE, pem.len);
	ck_assert_int_eq(write(fd, pem.data, pem.len), (ssize_t)pem.len);
	ck_assert_int_eq(close(fd), 0);
	eh_error_clear(&error);
	ck_assert_int_eq(
	    eh_pem_read(path, "CERTIFICATE", &out, &error), EH_OK);
	ck_assert_uint_eq(out.len, 5);
	eh_buf_free(&out);
	eh_buf_free(&pem);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(eh_pem_read(path, "CERTIFICATE", &out, &error),
	    EH_ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(error.text, path));
	eh_buf_free(&out);
}
END_TEST

START_TEST(buffer_that_is_too_small_is_told)
{
	struct eh_buf pem;

	eh_buf_init(&pem, 10);
	ck_assert_int_eq(eh_pem_encode("CERTIFICATE",
			     (const uint8_t *)"\x30\x03\x02\x01\x05", 5, &pem),
	    EH_ERR_FULL);
	ck_assert_uint_eq(pem.len, 0);
	eh_buf_free(&pem);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("pem");
	TCase *t = tcase_create("pem");

	tcase_add_test(t, block_with_the_label_is_found);
	tcase_add_test(t, der_is_taken_as_it_is);
	tcase_add_test(t, anything_else_is_refused);
	tcase_add_test(t, what_was_encoded_is_read_from_its_file);
	tcase_add_test(t, buffer_that_is_too_small_is_told);
	suite_add_tcase(s, t);
	return unit_run(s);
}

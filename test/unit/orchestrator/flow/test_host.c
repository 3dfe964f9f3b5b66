/* SPDX-License-Identifier: Apache-2.0 */
/* test_host.c - what a plugin may ask of us. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/flow/host.h"
#include "test/unit/unit.h"

static struct eh_host_ctx *ctx;
static struct eh_error error;
static uint64_t done_of, total_of;
static int level_of, cancel;
static char said[64];

static void
on_log(void *arg, int level, const char *text)
{
	ck_assert_ptr_eq(arg, said);
	level_of = level;
	strcpy(said, text);
}

static void
on_progress(void *arg, uint64_t done, uint64_t total)
{
	ck_assert_ptr_eq(arg, said);
	done_of = done;
	total_of = total;
}

static int
on_cancelled(void *arg)
{
	ck_assert_ptr_eq(arg, said);
	return cancel;
}

static void
setup(void)
{
	ctx = malloc(sizeof(*ctx));
	ck_assert_ptr_nonnull(ctx);
	eh_host_init(ctx, "soft");
	eh_error_clear(&error);
	cancel = 0;
}

static void
teardown(void)
{
	free(ctx);
}

static int
set(const char *name, const void *bytes, size_t len)
{
	struct eh_plugin_bytes value = { bytes, len };

	return eh_host_ops.var_set(ctx, name, value);
}

static void
holds(const char *name, const char *text)
{
	struct eh_plugin_bytes value = { NULL, 0 };

	ck_assert_int_eq(eh_host_ops.var_get(ctx, name, &value), EH_OK);
	ck_assert_uint_eq(value.len, strlen(text));
	ck_assert_mem_eq(value.data, text, value.len);
}

START_TEST(variables_are_kept_and_replaced)
{
	struct eh_plugin_bytes value;

	ck_assert_int_eq(set("device-id", "SN1", 3), EH_OK);
	ck_assert_int_eq(set("lot", "", 0), EH_OK);
	ck_assert_int_eq(set("device-id", "SN22", 4), EH_OK);
	holds("device-id", "SN22");
	holds("lot", "");
	ck_assert_int_eq(
	    eh_host_ops.var_get(ctx, "colour", &value), EH_ERR_NOT_FOUND);
	ck_assert_uint_eq(ctx->nvars, 2);
}
END_TEST

START_TEST(variables_have_limits)
{
	char name[EH_HOST_NAME + 1], value[EH_HOST_VALUE + 1];

	memset(name, 'n', sizeof(name));
	memset(value, 'v', sizeof(value));
	name[EH_HOST_NAME] = '\0';
	ck_assert_int_eq(set("", "x", 1), EH_ERR_ARGUMENT);
	ck_assert_int_eq(set(name, "x", 1), EH_ERR_ARGUMENT);
	name[EH_HOST_NAME - 1] = '\0';
	ck_assert_int_eq(set(name, value, sizeof(value)), EH_ERR_SPACE);
	ck_assert_int_eq(set(name, value, sizeof(value) - 1), EH_OK);
	for (unsigned i = 1; i < EH_HOST_VARS; i++) {
		snprintf(name, sizeof(name), "v%u", i);
		ck_assert_int_eq(set(name, "x", 1), EH_OK);
	}
	ck_assert_int_eq(set("one-more", "x", 1), EH_ERR_FULL);
	ck_assert_int_eq(set("v1", "y", 1), EH_OK);
	holds("v1", "y");
}
END_TEST

START_TEST(who_watches_hears_it)
{
	ck_assert_int_eq(eh_host_ops.cancelled(ctx), 0);
	eh_host_ops.log(ctx, 2, "nobody listens");
	eh_host_ops.progress(ctx, 1, 2);
	ctx->watch = (struct eh_host_watch){ said, on_log, on_progress,
		on_cancelled };
	eh_host_ops.log(ctx, 1, "hello");
	eh_host_ops.progress(ctx, 3, 4);
	ck_assert_str_eq(said, "hello");
	ck_assert_int_eq(level_of, 1);
	ck_assert_uint_eq(done_of, 3);
	ck_assert_uint_eq(total_of, 4);
	ck_assert_int_eq(eh_host_ops.cancelled(ctx), 0);
	cancel = 1;
	ck_assert_int_eq(eh_host_ops.cancelled(ctx), 1);
}
END_TEST

START_TEST(there_are_no_streams)
{
	uint8_t byte;
	struct eh_plugin_buf buf = { &byte, 1, 1 };
	struct eh_plugin_bytes bytes = { &byte, 1 };

	ck_assert_int_eq(eh_host_ops.read(ctx, &buf), EH_ERR_UNSUPPORTED);
	ck_assert_uint_eq(buf.len, 0);
	ck_assert_int_eq(eh_host_ops.write(ctx, bytes), EH_ERR_UNSUPPORTED);
}
END_TEST

START_TEST(result_has_the_plugins_sentence_once)
{
	eh_host_ops.error(ctx, "X", "no\nchip");
	ck_assert_int_eq(
	    eh_host_result(ctx, "open", EH_ERR_IO, &error), EH_ERR_IO);
	ck_assert_str_eq(error.text, "no?chip");
	ck_assert_int_eq(
	    eh_host_result(ctx, "open", EH_ERR_IO, &error), EH_ERR_IO);
	ck_assert_str_eq(error.text, "soft: open: input or output failed");
	/* A sentence before a success is not that of the next failure. */
	eh_host_ops.error(ctx, "X", "odd");
	ck_assert_int_eq(eh_host_result(ctx, "open", EH_OK, &error), EH_OK);
	ck_assert_int_eq(
	    eh_host_result(ctx, "sign", EH_DENIED_STATE, &error),
	    EH_DENIED_STATE);
	ck_assert_str_eq(error.text, "soft: sign: not allowed in this state");
}
END_TEST

START_TEST(result_that_the_abi_does_not_know_is_an_internal_error)
{
	ck_assert_int_eq(
	    eh_host_result(ctx, "keygen", 7, &error), EH_ERR_INTERNAL);
	ck_assert_str_eq(
	    error.text, "soft: keygen returned 7, which is no result of the ABI");
	ck_assert_int_eq(
	    eh_host_result(ctx, "keygen", -9999, &error), EH_ERR_INTERNAL);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("host");
	TCase *t = tcase_create("host");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, variables_are_kept_and_replaced);
	tcase_add_test(t, variables_have_limits);
	tcase_add_test(t, who_watches_hears_it);
	tcase_add_test(t, there_are_no_streams);
	tcase_add_test(t, result_has_the_plugins_sentence_once);
	tcase_add_test(t, result_that_the_abi_does_not_know_is_an_internal_error);
	suite_add_tcase(s, t);
	return unit_run(s);
}

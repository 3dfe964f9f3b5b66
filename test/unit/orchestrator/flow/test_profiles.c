/* SPDX-License-Identifier: Apache-2.0 */
/* test_profiles.c - compiled profiles, found by their digest. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "orchestrator/flow/profiles.h"
#include "test/unit/orchestrator/flow/bench.h"
#include "test/unit/unit.h"

static struct bench b;
static uint8_t digest[EH_DIGEST_LEN];
static struct eh_loaded_profile *found;

static void
setup(void)
{
	struct eh_loaded_profile *p;
	char path[128];

	bench_setup(&b);
	snprintf(path, sizeof(path), "%s/gateway-b.ehprofile", b.folder);
	ck_assert_int_eq(eh_profiles_load(path, &p, &b.error), EH_OK);
	memcpy(digest, p->digest, sizeof(digest));
	eh_profiles_free(p);
	found = NULL;
}

static void
teardown(void)
{
	eh_profiles_free(found);
	bench_teardown(&b);
}

static int
find(const char *folders)
{
	eh_profiles_free(found);
	return eh_profiles_find(folders, digest, &found, &b.error);
}

START_TEST(profile_is_found_among_what_is_none)
{
	char folders[256];

	bench_put(&b, "a.ehprofile", "rubbish");
	bench_put(&b, ".hidden.ehprofile", "rubbish");
	snprintf(folders, sizeof(folders), "/nonexistent::%s", b.folder);
	ck_assert_msg(find(folders) == EH_OK, "%s", b.error.text);
	ck_assert_str_eq(found->profile.name, "gateway-b");
	ck_assert_mem_eq(found->digest, digest, sizeof(digest));
	digest[0] ^= 1;
	ck_assert_int_eq(find(folders), EH_ERR_NOT_FOUND);
	ck_assert_ptr_null(found);
	ck_assert_ptr_nonnull(strstr(b.error.text, b.folder));
}
END_TEST

START_TEST(name_of_a_folder_is_no_pattern)
{
	char from[128], to[160], folders[128];

	snprintf(folders, sizeof(folders), "%s/fab[1]*", b.folder);
	ck_assert_int_eq(mkdir(folders, 0755), 0);
	snprintf(from, sizeof(from), "%s/gateway-b.ehprofile", b.folder);
	snprintf(to, sizeof(to), "%s/b.ehprofile", folders);
	ck_assert_int_eq(rename(from, to), 0);
	ck_assert_msg(find(folders) == EH_OK, "%s", b.error.text);
	/* Nor is a pattern the name of one. */
	snprintf(folders, sizeof(folders), "%s/fab*", b.folder);
	ck_assert_int_eq(find(folders), EH_ERR_NOT_FOUND);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("profiles");
	TCase *t = tcase_create("profiles");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, profile_is_found_among_what_is_none);
	tcase_add_test(t, name_of_a_folder_is_no_pattern);
	suite_add_tcase(s, t);
	return unit_run(s);
}

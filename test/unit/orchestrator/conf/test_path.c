/* SPDX-License-Identifier: Apache-2.0 */
/* test_path.c - files that a document names lie beside it; and the arena. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/conf/arena.h"
#include "orchestrator/conf/path.h"
#include "test/unit/unit.h"

static void
is(char *path, const char *expected)
{
	ck_assert_ptr_nonnull(path);
	ck_assert_str_eq(path, expected);
	free(path);
}

START_TEST(relative_files_lie_beside_the_document)
{
	is(eh_path_beside("a.yaml", "b.pem"), "b.pem");
	is(eh_path_beside("dir/a.yaml", "b.pem"), "dir/b.pem");
	is(eh_path_beside("/x/dir/a.yaml", "certs/b.pem"), "/x/dir/certs/b.pem");
	is(eh_path_beside("/a.yaml", "b.pem"), "/b.pem");
	is(eh_path_beside("dir/a.yaml", "/b.pem"), "/b.pem");
	is(eh_path_beside("standard input", "b.pem"), "b.pem");
}
END_TEST

START_TEST(arena_gives_zeros_and_no_more_than_there_is)
{
	struct eh_arena arena = { NULL };
	uint64_t *numbers = eh_arena_alloc(&arena, 3, sizeof(uint64_t));
	char *text = eh_arena_text(&arena, "abcd", 2);

	ck_assert_ptr_nonnull(numbers);
	ck_assert_uint_eq((uintptr_t)numbers % sizeof(uint64_t), 0);
	ck_assert_uint_eq(numbers[0] | numbers[1] | numbers[2], 0);
	ck_assert_str_eq(text, "ab");
	ck_assert_str_eq(eh_arena_text(&arena, "", 0), "");
	ck_assert_ptr_null(eh_arena_alloc(&arena, SIZE_MAX, 2));
	ck_assert_ptr_null(eh_arena_alloc(&arena, SIZE_MAX / 8, 8));
	ck_assert_ptr_null(eh_arena_text(&arena, "x", SIZE_MAX));
	eh_arena_wipe(&arena);
	ck_assert_ptr_null(arena.pieces);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("path");
	TCase *t = tcase_create("path");

	tcase_add_test(t, relative_files_lie_beside_the_document);
	tcase_add_test(t, arena_gives_zeros_and_no_more_than_there_is);
	suite_add_tcase(s, t);
	return unit_run(s);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* test_scopelist.c - the list of devices of a scope by tree, and its proofs. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/merkle/merkle.h"
#include "common/message/scopelist.h"
#include "test/unit/unit.h"

/* The sample of doc/format/scope.md, made by another program. */
static const char golden[] =
	"a700010150000102030405060708090a0b0c0d0e0f026673657269616c03"
	"02045820004f33182459d5560fec050a497771df42f0840ce1bc6bd90a01"
	"5b5a542e793e0546414141424143065860c7d89191e2b94a301a33a74562"
	"78e4b4ed94182c74a0781a6b96ef25ce963db1c292184f90b7e45c95dfe8"
	"138018e0ec1073bbb28e20bf194cded11890a94718004f33182459d5560f"
	"ec050a497771df42f0840ce1bc6bd90a015b5a542e793e";

static struct eh_error error;

static void
make(const uint8_t *ids, size_t n, uint8_t len, struct eh_scopelist *list,
    struct eh_buf *out)
{
	memset(list, 0, sizeof(*list));
	for (uint8_t i = 0; i < EH_ID_LEN; i++)
		list->authorization[i] = i;
	strcpy(list->id_kind, "serial");
	list->ids = ids;
	list->size = n;
	list->id_len = len;
	eh_buf_init(out, EH_SCOPELIST_MAX);
	eh_error_clear(&error);
	ck_assert_msg(eh_scopelist_encode(list, out, &error) == EH_OK, "%s",
	    eh_error_sentence(&error));
}

static struct eh_device_id
device(const void *bytes, size_t len)
{
	struct eh_device_id d = { .len = (uint8_t)len };

	memcpy(d.bytes, bytes, len);
	return d;
}

START_TEST(golden_sample_is_written_and_read)
{
	uint8_t want[512];
	size_t n = unit_hex(golden, want, sizeof(want));
	struct eh_scopelist list;
	struct eh_buf out;

	make((const uint8_t *)"AAABAC", 3, 2, &list, &out);
	ck_assert_uint_eq(out.len, n);
	ck_assert_mem_eq(out.data, want, n);
	ck_assert_int_eq(eh_scopelist_decode(&list, want, n, &error), EH_OK);
	ck_assert_uint_eq(list.size, 3);
	ck_assert_uint_eq(list.id_len, 2);
	ck_assert_str_eq(list.id_kind, "serial");
	ck_assert_uint_eq(list.authorization[15], 15);
	ck_assert_mem_eq(list.ids, "AAABAC", 6);
	eh_buf_free(&out);
}
END_TEST

/* Against the tree of RFC 9162 that is built another way. */
START_TEST(every_device_of_every_small_tree_is_proved)
{
	uint8_t ids[70 * 2], leaves[70 * EH_MERKLE_HASH];
	uint8_t want[EH_MERKLE_PROOF_MAX], root[EH_MERKLE_HASH];
	struct eh_scope_proof proof;
	struct eh_scopelist list;
	struct eh_merkle tree;
	struct eh_buf out;
	size_t np;

	eh_merkle_init(&tree);
	for (size_t n = 1; n <= 70; n++) {
		ids[2 * n - 2] = 'A';
		ids[2 * n - 1] = (uint8_t)(n + 20);
		eh_merkle_leaf(ids + 2 * n - 2, 2,
		    leaves + (n - 1) * EH_MERKLE_HASH);
		ck_assert_int_eq(eh_merkle_append(&tree,
		    leaves + (n - 1) * EH_MERKLE_HASH), EH_OK);
		eh_merkle_root(&tree, root);
		make(ids, n, 2, &list, &out);
		ck_assert_mem_eq(list.root, root, sizeof(root));
		ck_assert_int_eq(eh_scopelist_decode(
		    &list, out.data, out.len, &error), EH_OK);
		for (size_t i = 0; i < n; i++) {
			struct eh_device_id d = device(ids + 2 * i, 2);

			ck_assert_int_eq(eh_scopelist_prove(
			    &list, &d, &proof, &error), EH_OK);
			ck_assert_uint_eq(proof.index, i);
			ck_assert_int_eq(
			    eh_merkle_prove(leaves, n, i, want, &np), EH_OK);
			ck_assert_uint_eq(proof.n, np);
			ck_assert_mem_eq(
			    proof.hash, want, np * EH_MERKLE_HASH);
		}
		eh_buf_free(&out);
	}
}
END_TEST

START_TEST(what_is_not_in_it_is_not_found)
{
	static const char *const none[] = { "A@", "AD", "A", "AAA", "aa", "" };
	struct eh_scope_proof proof;
	struct eh_scopelist list;
	struct eh_buf out;

	make((const uint8_t *)"AAABAC", 3, 2, &list, &out);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		struct eh_device_id d = device(none[i], strlen(none[i]));

		ck_assert_int_eq(eh_scopelist_prove(&list, &d, &proof, &error),
		    EH_ERR_NOT_FOUND);
	}
	eh_buf_free(&out);
}
END_TEST

START_TEST(a_damaged_file_is_told_from_a_device_that_is_missing)
{
	struct eh_device_id d = device("AA", 2);
	struct eh_scope_proof proof;
	struct eh_scopelist list;
	struct eh_buf out;

	make((const uint8_t *)"AAABAC", 3, 2, &list, &out);
	/* The hash of AC, in the level above the leaves; and the root. */
	for (size_t at = 64; at <= 96; at += 32) {
		out.data[out.len - at] ^= 1;
		ck_assert_int_eq(eh_scopelist_decode(
		    &list, out.data, out.len, &error), EH_OK);
		ck_assert_int_eq(eh_scopelist_prove(&list, &d, &proof, &error),
		    at == 64 ? EH_ERR_PROOF : EH_OK);
		out.data[out.len - at] ^= 1;
	}
	list.root[0] ^= 1;
	ck_assert_int_eq(
	    eh_scopelist_prove(&list, &d, &proof, &error), EH_ERR_PROOF);
	eh_buf_free(&out);
}
END_TEST

START_TEST(a_file_of_other_lengths_is_malformed)
{
	struct eh_scopelist list;
	struct eh_buf out;

	make((const uint8_t *)"AAABAC", 3, 2, &list, &out);
	for (size_t n = 0; n < out.len; n++)
		ck_assert_int_eq(eh_scopelist_decode(
		    &list, out.data, n, &error), EH_ERR_FORMAT);
	ck_assert_int_eq(eh_buf_append(&out, "", 1), EH_OK);
	ck_assert_int_eq(eh_scopelist_decode(&list, out.data, out.len, &error),
	    EH_ERR_TRAILING);
	/* The octets of an id: 6 are no multiple of 4, and 2 ids of 3 have
	 * fewer hashes above them than 3 of 2. */
	ck_assert_uint_eq(out.data[30], 2);
	for (uint8_t len = 0; len < 8; len++) {
		out.data[30] = len;
		ck_assert_int_eq(eh_scopelist_decode(&list, out.data,
		    out.len - 1, &error), len == 2 ? EH_OK : EH_ERR_FORMAT);
	}
	eh_buf_free(&out);
}
END_TEST

START_TEST(ids_must_rise)
{
	static const char *const bad[] = { "AAAA", "ABAA" };
	struct eh_scopelist list;
	struct eh_buf out;

	memset(&list, 0, sizeof(list));
	eh_buf_init(&out, EH_SCOPELIST_MAX);
	for (size_t i = 0; i < 2; i++) {
		list.ids = (const uint8_t *)bad[i];
		list.size = 2;
		list.id_len = 2;
		ck_assert_int_eq(eh_scopelist_encode(&list, &out, &error),
		    EH_ERR_ARGUMENT);
		ck_assert_ptr_nonnull(strstr(error.text, "must rise"));
	}
	list.size = 0;
	ck_assert_int_eq(
	    eh_scopelist_encode(&list, &out, &error), EH_ERR_ARGUMENT);
	list.size = EH_SCOPELIST_DEVICES + 1;
	ck_assert_int_eq(
	    eh_scopelist_encode(&list, &out, &error), EH_ERR_ARGUMENT);
	ck_assert_uint_eq(out.len, 0);
	eh_buf_free(&out);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("scopelist");
	TCase *t = tcase_create("scopelist");

	tcase_add_test(t, golden_sample_is_written_and_read);
	tcase_add_test(t, every_device_of_every_small_tree_is_proved);
	tcase_add_test(t, what_is_not_in_it_is_not_found);
	tcase_add_test(
	    t, a_damaged_file_is_told_from_a_device_that_is_missing);
	tcase_add_test(t, a_file_of_other_lengths_is_malformed);
	tcase_add_test(t, ids_must_rise);
	suite_add_tcase(s, t);
	return unit_run(s);
}

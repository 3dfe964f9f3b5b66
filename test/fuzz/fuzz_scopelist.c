/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_scopelist.c - a list of devices gives proofs that hold, or none. */
#include "config.h"

#include <string.h>

#include "common/merkle/merkle.h"
#include "common/message/scopelist.h"
#include "test/fuzz/fuzz.h"

#define DEVICES 8	/* that are looked up */

/* A device of the list, or one that is not in it. */
static void
look_up(const struct eh_scopelist *list, const struct eh_device_id *device)
{
	struct eh_merkle_inclusion inclusion;
	struct eh_scope_proof proof;
	struct eh_error error;
	uint8_t leaf[EH_DIGEST_LEN];
	int err;

	eh_error_clear(&error);
	err = eh_scopelist_prove(list, device, &proof, &error);
	if (err != EH_OK) {
		fuzz_must(err == EH_ERR_NOT_FOUND || err == EH_ERR_PROOF,
		    "a device is not there, or its proof does not hold");
		fuzz_must(error.code == err && error.text[0] != '\0',
		    "a refusal says why");
		return;
	}
	eh_merkle_leaf(device->bytes, device->len, leaf);
	fuzz_must(proof.index < list->size && proof.n <= EH_PROOF_MAX,
	    "a proof is of a place in the list");
	fuzz_must(memcmp(list->ids + proof.index * list->id_len,
	    device->bytes, device->len) == 0, "and of that device");
	inclusion.index = proof.index;
	inclusion.size = list->size;
	inclusion.leaf = leaf;
	inclusion.proof = proof.hash[0];
	inclusion.n = proof.n;
	inclusion.root = list->root;
	fuzz_must(
	    eh_merkle_verify_inclusion(&inclusion) == EH_OK, "and holds");
}

/* What the ids alone make is the file, unless its hashes are wrong. */
static void
check_again(const struct eh_scopelist *list, const uint8_t *bytes, size_t len)
{
	struct eh_scopelist made = *list;
	struct eh_buf out;

	eh_buf_init(&out, EH_SCOPELIST_MAX);
	if (eh_scopelist_encode(&made, &out, NULL) == EH_OK) {
		fuzz_must(out.len == len, "a list has one length");
		if (memcmp(made.root, list->root, EH_DIGEST_LEN) != 0)
			fuzz_must(memcmp(out.data, bytes, len) != 0,
			    "and one root");
	}
	eh_buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct eh_device_id device;
	struct eh_scopelist list;
	struct eh_error error;
	int err;

	eh_error_clear(&error);
	if ((err = eh_scopelist_decode(&list, bytes, len, &error)) != EH_OK) {
		fuzz_must(error.code == err && error.text[0] != '\0',
		    "a refusal says why");
		return 0;
	}
	for (uint64_t i = 0; i < list.size && i < DEVICES; i++) {
		memset(&device, 0, sizeof(device));
		device.len = list.id_len;
		memcpy(device.bytes, list.ids + i * list.id_len, list.id_len);
		look_up(&list, &device);
		device.bytes[0] ^= 1;
		look_up(&list, &device);
		device.len--;
		if (device.len > 0)
			look_up(&list, &device);
	}
	check_again(&list, bytes, len);
	return 0;
}

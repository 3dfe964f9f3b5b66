/* SPDX-License-Identifier: Apache-2.0 */
/* test_chip_soft.c - the soft chip through the plugin ABI, as the host sees it. */
#include "config.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/crypto/digest.h"
#include "common/crypto/ecdsa.h"
#include "common/crypto/keyid.h"
#include "common/der/date.h"
#include "common/message/chipattest.h"
#include "common/x509/chain.h"
#include "common/x509/csr.h"
#include "plugins/chip-soft/device/fab.h"
#include "plugins/edgehsm-plugin.h"
#include "test/unit/unit.h"

static char folder[64], config[256], last[512];
static const struct eh_plugin_chip_ops *ops;
static const char *device = "SN00000001";

static void
on_error(struct eh_host_ctx *context, const char *code, const char *text)
{
	(void)context;
	snprintf(last, sizeof(last), "%s: %s", code, text);
}

static int
var_get(struct eh_host_ctx *context, const char *name,
    struct eh_plugin_bytes *out)
{
	(void)context;
	if (strcmp(name, "device-id") != 0)
		return EH_ERR_NOT_FOUND;
	out->data = (const uint8_t *)device;
	out->len = strlen(device);
	return 0;
}

static int cancel;

static int
cancelled(struct eh_host_ctx *context)
{
	(void)context;
	return cancel;
}

static const struct eh_host_ops host = {
	.struct_size = sizeof(host), .error = on_error, .var_get = var_get,
	.cancelled = cancelled,
};

static void
setup(void)
{
	char path[4096];
	union {
		void *object;
		eh_plugin_entry *function;
	} entry;	/* dlsym() gives functions as objects */
	const struct eh_plugin *plugin;
	void *library;

	snprintf(path, sizeof(path), "%s/edgehsm-chip-soft",
	    getenv("EH_BUILDDIR"));
	setenv("EDGEHSM_CHIP_SOFT", path, 1);
	snprintf(path, sizeof(path), "%s/.libs/chip-soft.so",
	    getenv("EH_BUILDDIR"));
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	ck_assert_msg(library != NULL, "%s", dlerror());
	entry.object = dlsym(library, EH_PLUGIN_ENTRY);
	ck_assert_ptr_nonnull(entry.object);
	plugin = entry.function(&host, 0);
	ck_assert_str_eq(plugin->name, "soft");
	ck_assert_uint_eq(plugin->abi_major, EH_PLUGIN_ABI_MAJOR);
	ck_assert_ptr_null(entry.function(&host, 1));
	ops = plugin->ops;
	strcpy(folder, "/tmp/eh-chip.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(config, sizeof(config),
	    "{\"state\":\"%s/chips\",\"timeout\":10000}", folder);
	cancel = 0;
	last[0] = '\0';
	device = "SN00000001";
}

static void
teardown(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	ck_assert_int_eq(system(command), 0);
}

static void *
insert(void)
{
	struct eh_plugin_bytes c = { (const uint8_t *)config, strlen(config) };
	void *inst = NULL;

	ck_assert_msg(ops->open(NULL, c, &inst) == 0, "%s", last);
	return inst;
}

static void
keygen(void *inst, uint8_t point[65], uint8_t *proof, size_t cap, size_t *len)
{
	struct eh_plugin_buf key = { point, 65, 0 }, csr = { proof, cap, 0 };

	ck_assert_msg(
	    ops->keygen(inst, 0, (uint32_t)-7, &key, &csr) == 0, "%s", last);
	ck_assert_uint_eq(key.len, 65);
	*len = csr.len;
}

START_TEST(the_key_is_born_in_the_chip_and_proves_it)
{
	uint8_t point[65], proof[1024], signature[64];
	struct eh_plugin_bytes message = { (const uint8_t *)"hello", 5 };
	struct eh_plugin_buf out = { signature, sizeof(signature), 0 };
	void *inst = insert();
	struct eh_csr csr;
	size_t len;

	keygen(inst, point, proof, sizeof(proof), &len);
	ck_assert_int_eq(eh_csr_decode(&csr, proof, len), EH_OK);
	ck_assert_int_eq(eh_csr_verify(&csr, NULL), EH_OK);
	ck_assert_mem_eq(csr.spki.der.at + csr.spki.der.len - 65, point, 65);
	ck_assert_int_eq(ops->sign(inst, 0, message, &out), 0);
	ck_assert_int_eq(
	    eh_p256_verify(point, "hello", 5, signature), EH_OK);
	ck_assert_int_eq(
	    eh_p256_verify(point, "hullo", 5, signature), EH_ERR_SIGNATURE);
	ops->close(inst);
}
END_TEST

START_TEST(a_chip_remembers_and_another_is_another)
{
	uint8_t a[65], b[65], proof[1024], id[2][16];
	char text[64];
	struct eh_plugin_ident ident = { .struct_size = sizeof(ident),
		.firmware = { (uint8_t *)text, sizeof(text), 0 } };
	void *inst = insert();
	size_t len;

	keygen(inst, a, proof, sizeof(proof), &len);
	ck_assert_int_eq(ops->identify(inst, &ident), 0);
	memcpy(id[0], ident.soc_id, 16);
	ops->close(inst);
	inst = insert();
	keygen(inst, b, proof, sizeof(proof), &len);
	ck_assert_mem_eq(a, b, 65);
	ck_assert_int_eq(ops->identify(inst, &ident), 0);
	ck_assert_mem_eq(id[0], ident.soc_id, 16);
	ops->close(inst);
	device = "SN00000002";
	inst = insert();
	keygen(inst, b, proof, sizeof(proof), &len);
	ck_assert_mem_ne(a, b, 65);
	ck_assert_int_eq(ops->identify(inst, &ident), 0);
	ck_assert_mem_ne(id[0], ident.soc_id, 16);
	ops->close(inst);
}
END_TEST

START_TEST(what_was_written_is_read_back_by_its_digest)
{
	struct eh_plugin_bytes der = { (const uint8_t *)"certificate", 11 };
	uint8_t got[32], want[32];
	void *inst = insert();

	ck_assert_int_eq(ops->read_back(inst, 1, got), EH_ERR_NOT_FOUND);
	ck_assert_int_eq(ops->write_certificate(inst, 1, der), 0);
	ck_assert_int_eq(ops->read_back(inst, 1, got), 0);
	eh_sha256("certificate", 11, want);
	ck_assert_mem_eq(got, want, 32);
	ops->close(inst);
}
END_TEST

START_TEST(what_it_cannot_do_it_says)
{
	uint8_t out[64];
	struct eh_plugin_bytes message = { (const uint8_t *)"x", 1 };
	struct eh_plugin_buf buf = { out, sizeof(out), 0 }, small = { out, 3, 0 };
	struct eh_plugin_bytes bad = { (const uint8_t *)"{}", 2 };
	void *inst = insert(), *other;

	ck_assert_int_eq(ops->sign(inst, 5, message, &buf), EH_ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(last, "place 5"));
	ck_assert_int_eq(
	    ops->keygen(inst, 0, (uint32_t)-8, &buf, &buf), EH_ERR_UNSUPPORTED);
	ck_assert_int_eq(ops->keygen(inst, 0, (uint32_t)-7, &small, &buf),
	    EH_ERR_SPACE);
	ck_assert_uint_eq(small.len, 65);
	ops->close(inst);
	ck_assert_int_eq(ops->open(NULL, bad, &other), EH_ERR_CONFIG);
	ck_assert_ptr_null(other);
	device = "../escape";
	bad.data = (const uint8_t *)config;
	bad.len = strlen(config);
	ck_assert_int_eq(ops->open(NULL, bad, &other), EH_ERR_ARGUMENT);
	setenv("EDGEHSM_CHIP_SOFT", "/nonexistent", 1);
	device = "SN1";
	ck_assert_int_eq(ops->open(NULL, bad, &other), EH_ERR_UNAVAILABLE);
}
END_TEST

START_TEST(a_damaged_state_file_is_refused)
{
	struct eh_plugin_bytes c = { (const uint8_t *)config, strlen(config) };
	struct eh_plugin_ident ident = { .struct_size = sizeof(ident) };
	char path[128];
	void *inst = insert();
	FILE *f;

	ops->close(inst);
	snprintf(path, sizeof(path), "%s/chips/SN00000001.chip", folder);
	ck_assert_ptr_nonnull(f = fopen(path, "w"));
	fputs("rubbish", f);
	fclose(f);
	ck_assert_int_eq(ops->open(NULL, c, &inst), 0);
	ck_assert_int_eq(ops->identify(inst, &ident), EH_ERR_UNAVAILABLE);
	ops->close(inst);
}
END_TEST

/* Put a shell script in the chip's place; it speaks on descriptor 3. */
static void *
insert_script(const char *script, unsigned timeout)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/script", folder);
	ck_assert_ptr_nonnull(f = fopen(path, "w"));
	fprintf(f, "#!/bin/sh\n%s\n", script);
	fclose(f);
	ck_assert_int_eq(chmod(path, 0700), 0);
	setenv("EDGEHSM_CHIP_SOFT", path, 1);
	snprintf(config, sizeof(config),
	    "{\"state\":\"%s/chips\",\"timeout\":%u}", folder, timeout);
	return insert();
}

/* What identify says of it, and that it can be closed. */
static void
fails(const char *script, unsigned timeout, int err, const char *words)
{
	struct eh_plugin_ident ident = { .struct_size = sizeof(ident) };
	uint8_t got[32];
	void *inst = insert_script(script, timeout);

	ck_assert_int_eq(ops->identify(inst, &ident), err);
	ck_assert_msg(strstr(last, words) != NULL, "%s", last);
	/* What would come now belongs to the first request. */
	ck_assert_int_eq(
	    ops->read_back(inst, 0, got), EH_ERR_UNAVAILABLE);
	ops->close(inst);
}

START_TEST(a_chip_that_hangs_dies_or_lies_holds_nobody_up)
{
	fails("exec sleep 600", 200, EH_ERR_IO, "no answer in time");
	/* A whole frame is waited for, not each octet. */
	fails("printf '\\0\\0\\10\\0' >&3\n"
	      "while printf x >&3; do sleep 0.05; done",
	    300, EH_ERR_IO, "no answer in time");
	fails("exit 0", 10000, EH_ERR_UNAVAILABLE, "process has ended");
	fails("printf '\\377\\377\\377\\377' >&3; exec sleep 600", 10000,
	    EH_ERR_FORMAT, "the answer is none");
	fails("printf '\\0\\0\\0\\1\\0' >&3; exec sleep 600", 10000,
	    EH_ERR_FORMAT, "the answer is none");
	cancel = 1;
	fails("exec sleep 600", 600000, EH_ERR_BUSY, "cancelled");
}
END_TEST

START_TEST(a_chip_that_does_not_leave_is_ended)
{
	/* Answers to nothing, and does not care that its line is cut. */
	ops->close(insert_script("exec sleep 600", 10000));
}
END_TEST

/* Have the chip sign ${nonce}, and believe it by the silicon CA ${root}. */
static void
attests(void *inst, const uint8_t root[EH_DIGEST_LEN],
    struct eh_chip_says *says)
{
	static uint8_t nonce[32] = { 1, 2, 3 }, out[EH_EVIDENCE_MAX];
	struct eh_plugin_buf buf = { out, sizeof(out), 0 };
	const struct eh_chain_time any = { 0, EH_DATE_MAX };
	struct eh_slice cert[EH_CHIP_CERTS];
	uint8_t roots[1][EH_DIGEST_LEN];
	struct eh_chipattest a;
	struct eh_rawkey iak;

	ck_assert_msg(ops->attest(inst, nonce, &buf) == 0, "%s", last);
	ck_assert_int_eq(eh_chipattest_decode(out, buf.len, &a, NULL), EH_OK);
	ck_assert_int_eq(eh_chip_says_decode(
	    a.said.at, a.said.len, says, NULL), EH_OK);
	ck_assert_mem_eq(says->nonce, nonce, sizeof(nonce));
	for (unsigned i = 0; i < a.ncerts; i++)
		cert[i] = (struct eh_slice){ a.cert[i].at, a.cert[i].len };
	memcpy(roots[0], root, EH_DIGEST_LEN);
	ck_assert_int_eq(eh_chain_verify(cert, a.ncerts,
	    (const uint8_t (*)[EH_DIGEST_LEN])roots, 1, &any, &iak, NULL),
	    EH_OK);
	ck_assert_int_eq(eh_p256_verify(
	    iak.bytes, a.said.at, a.said.len, a.signature), EH_OK);
}

START_TEST(a_chip_of_a_fab_attests_itself_and_its_keys)
{
	uint8_t point[65], proof[1024], root[EH_DIGEST_LEN], rotpk[32];
	static uint8_t nonce[32], out[64];
	struct eh_plugin_buf buf = { out, sizeof(out), 0 };
	static struct eh_chip_says says, again;
	void *inst = insert();
	struct eh_fab fab;
	char path[128];
	size_t len;

	ck_assert_int_eq(
	    ops->attest(inst, nonce, &buf), EH_ERR_NOT_FOUND);
	ck_assert_msg(strstr(last, "with.fab") != NULL, "%s", last);
	ops->close(inst);
	memset(rotpk, 0x70, sizeof(rotpk));
	snprintf(path, sizeof(path), "%s/fab", folder);
	ck_assert_int_eq(eh_fab_make(path, rotpk, NULL), EH_OK);
	ck_assert_int_eq(eh_fab_make(path, rotpk, NULL), EH_ERR_EXISTS);
	ck_assert_int_eq(eh_fab_open(path, &fab, NULL), EH_OK);
	eh_keyid_spki_digest(eh_soft_public(fab.key), root);
	eh_fab_close(&fab);
	snprintf(config, sizeof(config), "{\"state\":\"%s/chips\","
	    "\"timeout\":10000,\"fab\":\"%s\"}", folder, path);
	inst = insert();
	attests(inst, root, &says);
	ck_assert_uint_eq(says.nkeys, 0);
	ck_assert_uint_eq(says.lifecycle, EH_CHIP_LIFECYCLE_PROVISION);
	ck_assert_mem_eq(says.rotpk, rotpk, sizeof(rotpk));
	keygen(inst, point, proof, sizeof(proof), &len);
	attests(inst, root, &says);
	ck_assert_uint_eq(says.nkeys, 1);
	ck_assert_mem_eq(says.key[0].point, point, 65);
	ops->close(inst);
	/* It is the same chip when it comes back. */
	inst = insert();
	attests(inst, root, &again);
	ck_assert_mem_eq(&again, &says, sizeof(says));
	buf.cap = 8;
	ck_assert_int_eq(ops->attest(inst, nonce, &buf), EH_ERR_SPACE);
	ck_assert_uint_gt(buf.len, 300);
	ops->close(inst);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("chip-soft");
	TCase *t = tcase_create("chip-soft");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_key_is_born_in_the_chip_and_proves_it);
	tcase_add_test(t, a_chip_remembers_and_another_is_another);
	tcase_add_test(t, what_was_written_is_read_back_by_its_digest);
	tcase_add_test(t, a_chip_of_a_fab_attests_itself_and_its_keys);
	tcase_add_test(t, what_it_cannot_do_it_says);
	tcase_add_test(t, a_damaged_state_file_is_refused);
	tcase_add_test(t, a_chip_that_hangs_dies_or_lies_holds_nobody_up);
	tcase_add_test(t, a_chip_that_does_not_leave_is_ended);
	suite_add_tcase(s, t);
	return unit_run(s);
}

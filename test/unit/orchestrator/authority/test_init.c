/* SPDX-License-Identifier: Apache-2.0 */
/* test_init.c - making an authority, whole or not at all. */
#include "config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/x509/facts.h"
#include "orchestrator/authority/ca.h"
#include "test/unit/orchestrator/authority/rig.h"

static struct rig rig;		/* an authority, and room beside it */
static char folder[96], pem[96];
static struct eh_authority_plan plan;

static void
setup(void)
{
	rig_open(&rig);
	snprintf(folder, sizeof(folder), "%s/second", rig.folder);
	snprintf(pem, sizeof(pem), "%s/key.pem", rig.folder);
	memset(&plan, 0, sizeof(plan));
	plan.folder = folder;
	plan.name = "second.example";
	plan.now = RIG_NOW;
}

static void
teardown(void)
{
	rig_close(&rig);
}

static int
init(void)
{
	eh_error_clear(&rig.error);
	return eh_authority_init(&plan, &rig.error);
}

/* How many entries there are in ${name}. */
static unsigned
entries(const char *name)
{
	const struct dirent *entry;
	unsigned n = 0;
	DIR *dir = opendir(name);

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

static unsigned
mode(const char *name)
{
	char path[200];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_mode & 0777;
}

START_TEST(folder_and_keys_are_the_owners_alone)
{
	mode_t old = umask(0);

	ck_assert_int_eq(init(), EH_OK);
	umask(old);
	ck_assert_uint_eq(mode("."), 0700);
	ck_assert_uint_eq(mode("authority.db"), 0600);
	ck_assert_uint_eq(mode("grant-root.pem"), 0600);
	ck_assert_uint_eq(mode("message-key.pem"), 0600);
	ck_assert_uint_eq(mode("x509-root.pem"), 0600);
	ck_assert_uint_eq(mode("oem-root.spki"), 0644);
	ck_assert_uint_eq(mode("oem-root-ca.pem"), 0644);
	ck_assert_uint_eq(entries(folder), 6);
	ck_assert_uint_eq(entries(rig.folder), 2);
}
END_TEST

START_TEST(files_hold_what_the_store_says)
{
	uint8_t digest[EH_SPKI_DIGEST_LEN], ours[EH_SPKI_DIGEST_LEN];
	struct eh_authority *a;
	struct eh_privkey *key;
	struct eh_rawkey root;
	struct eh_buf spki;
	char path[200];

	ck_assert_int_eq(init(), EH_OK);
	ck_assert_int_eq(eh_authority_open(folder, &a, NULL), EH_OK);
	snprintf(path, sizeof(path), "%s/oem-root.spki", folder);
	ck_assert_int_eq(eh_file_read(path, 200, &spki, NULL), EH_OK);
	ck_assert_int_eq(
	    eh_rawkey_from_spki(&root, spki.data, spki.len), EH_OK);
	eh_keyid_spki_digest(&root, digest);
	eh_authority_root(a, ours);
	ck_assert_mem_eq(digest, ours, sizeof(ours));
	for (int i = 0; i < EH_STORE_KEYS; i++)
		ck_assert_int_eq(eh_authority_key(
		    a, (enum eh_store_key)i, &key, NULL), EH_OK);
	ck_assert_str_eq(eh_authority_self(a)->name, "second.example");
	eh_buf_free(&spki);
	eh_authority_close(a);
}
END_TEST

START_TEST(root_ca_is_a_paa)
{
	struct eh_authority *a;
	struct eh_facts f;
	struct eh_cert c;
	struct eh_buf der;

	plan.subject = "/O=ACME/CN=ACME PAA/VID=FFF1";
	ck_assert_int_eq(init(), EH_OK);
	ck_assert_int_eq(eh_authority_open(folder, &a, NULL), EH_OK);
	eh_buf_init(&der, EH_CERT_MAX);
	ck_assert_int_eq(eh_store_get_root_ca(
	    eh_authority_store(a), &der, NULL), EH_OK);
	ck_assert_int_eq(eh_cert_decode(&c, der.data, der.len), EH_OK);
	eh_facts_take(&f, &c, der.len);
	ck_assert(f.ca && !f.path_given && f.bc_critical && f.ku_critical);
	ck_assert_uint_eq(f.ku, EH_KU_KEY_CERT_SIGN | EH_KU_CRL_SIGN);
	ck_assert_str_eq(f.vid.text, "FFF1");
	ck_assert_int_eq(f.authority_key_id, EH_FACT_ABSENT);
	ck_assert_uint_eq(c.not_after, EH_CA_FOREVER);
	ck_assert_int_eq(eh_ca_verify(der.data, der.len, der.data, der.len,
	    RIG_NOW, NULL), EH_OK);
	/* Before it was made, and under another root. */
	ck_assert_int_eq(eh_ca_verify(der.data, der.len, der.data, der.len,
	    RIG_NOW - 7200, NULL), EH_ERR_SIGNATURE);
	eh_buf_free(&der);
	eh_authority_close(a);
	/* A PAA has no PID. */
	plan.subject = "/O=ACME/CN=ACME PAA/PID=8000";
	snprintf(folder, sizeof(folder), "%s/third", rig.folder);
	rig_refused(&rig, init(), EH_DENIED_EVIDENCE, "PID");
	ck_assert_uint_eq(entries(folder), 0);
}
END_TEST

START_TEST(folder_that_holds_anything_is_refused)
{
	plan.folder = rig.store;
	rig_refused(&rig, init(), EH_ERR_EXISTS, "is not empty");
	rig_reopen(&rig);
	ck_assert_int_eq(mkdir(folder, 0755), 0);
	plan.folder = folder;
	ck_assert_int_eq(init(), EH_OK);
	ck_assert_uint_eq(mode("."), 0700);
	rig_refused(&rig, init(), EH_ERR_EXISTS, "is not empty");
}
END_TEST

START_TEST(failure_leaves_nothing)
{
	plan.place[EH_STORE_X509_ROOT] = "/nowhere/key.pem";
	rig_refused(&rig, init(), EH_ERR_CONFIG, "/nowhere/key.pem");
	ck_assert_uint_eq(entries(folder), 0);
	/* The store of the rig and the empty folder: no temporary one. */
	ck_assert_uint_eq(entries(rig.folder), 2);
	plan.place[EH_STORE_X509_ROOT] = NULL;
	ck_assert_int_eq(init(), EH_OK);
}
END_TEST

/* Put a new key into ${pem}. */
static void
save_key(void)
{
	struct eh_soft *key;

	ck_assert_int_eq(eh_soft_generate(&key), EH_OK);
	ck_assert_int_eq(eh_soft_save(key, pem, NULL), EH_OK);
	eh_soft_free(key);
}

START_TEST(own_keys_are_taken_and_never_shared)
{
	save_key();
	plan.place[EH_STORE_GRANT_ROOT] = pem;
	plan.place[EH_STORE_X509_ROOT] = pem;
	rig_refused(&rig, init(), EH_ERR_CONFIG, "never shared");
	plan.place[EH_STORE_X509_ROOT] = NULL;
	ck_assert_int_eq(init(), EH_OK);
	ck_assert_uint_eq(entries(folder), 5);
}
END_TEST

START_TEST(ed25519_signs_messages_only)
{
	static const uint8_t seed[32] = { 1, 2, 3 };
	struct eh_invitation i;
	struct eh_enrolment e;
	struct eh_enrol request;
	struct eh_buf message, grant;
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_soft *key;

	ck_assert_int_eq(eh_soft_from_ed25519(seed, &key), EH_OK);
	ck_assert_int_eq(eh_soft_save(key, pem, NULL), EH_OK);
	eh_soft_free(key);
	plan.place[EH_STORE_GRANT_ROOT] = pem;
	rig_refused(&rig, init(), EH_ERR_CONFIG, "pins no other");
	plan.place[EH_STORE_GRANT_ROOT] = NULL;
	plan.place[EH_STORE_X509_ROOT] = pem;
	rig_refused(&rig, init(), EH_ERR_CONFIG, "must be a P-256 key");
	plan.place[EH_STORE_X509_ROOT] = NULL;
	plan.place[EH_STORE_MESSAGE_KEY] = pem;
	ck_assert_int_eq(init(), EH_OK);
	/* And a grant names it. */
	eh_authority_close(rig.authority);
	ck_assert_int_eq(
	    eh_authority_open(folder, &rig.authority, NULL), EH_OK);
	ck_assert_int_eq(eh_enrolment_invite(rig.authority, "fab1-hsm1",
	    "fab1", RIG_NOW, &i, NULL), EH_OK);
	rig_enrol(&rig, &i.nonce, &request);
	rig_sign_enrol(&rig, &request, &message);
	ck_assert_int_eq(eh_enrolment_check(rig.authority, message.data,
	    message.len, &e, NULL), EH_OK);
	eh_buf_init(&grant, EH_MESSAGE_MAX);
	ck_assert_int_eq(eh_enrolment_accept(rig.authority, &e, 1, RIG_NOW,
	    &grant, digest, NULL), EH_OK);
	eh_buf_free(&message);
	eh_buf_free(&grant);
}
END_TEST

START_TEST(key_that_others_can_read_is_refused)
{
	save_key();
	plan.place[EH_STORE_MESSAGE_KEY] = pem;
	ck_assert_int_eq(chmod(pem, 0644), 0);
	rig_refused(&rig, init(), EH_ERR_CONFIG, "chmod");
	ck_assert_int_eq(chmod(pem, 0400), 0);
	ck_assert_int_eq(init(), EH_OK);
}
END_TEST

START_TEST(pins_do_not_go_into_the_store)
{
	plan.place[EH_STORE_GRANT_ROOT] =
	    "pkcs11:token=oem;object=root?pin-value=1234";
	rig_refused(&rig, init(), EH_ERR_CONFIG, "no PIN may stand in it");
	ck_assert_ptr_null(strstr(rig.error.text, "1234"));
}
END_TEST

START_TEST(other_key_in_the_same_place_is_noticed)
{
	struct eh_authority *a;
	struct eh_privkey *key;

	save_key();
	plan.place[EH_STORE_MESSAGE_KEY] = pem;
	ck_assert_int_eq(init(), EH_OK);
	ck_assert_int_eq(unlink(pem), 0);
	save_key();
	ck_assert_int_eq(eh_authority_open(folder, &a, NULL), EH_OK);
	rig_refused(&rig, eh_authority_key(
	    a, EH_STORE_MESSAGE_KEY, &key, &rig.error), EH_ERR_CONFIG,
	    "another key");
	ck_assert_int_eq(unlink(pem), 0);
	rig_refused(&rig, eh_authority_key(
	    a, EH_STORE_MESSAGE_KEY, &key, &rig.error), EH_ERR_CONFIG,
	    "message key");
	/* The others do their work meanwhile. */
	ck_assert_int_eq(
	    eh_authority_key(a, EH_STORE_GRANT_ROOT, &key, NULL), EH_OK);
	eh_authority_close(a);
}
END_TEST

START_TEST(names_and_subjects_are_checked)
{
	static const char *const subjects[] = { "", "CN=x", "/", "/CN", "/CN=",
		"/CN=x/", "/nonsense=x", "/C=Germany", "/CN=x//O=y" };

	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		plan.subject = subjects[i];
		rig_refused(&rig, init(), EH_ERR_ARGUMENT, "subject");
	}
	plan.subject = NULL;
	plan.name = "oem example";
	rig_refused(&rig, init(), EH_ERR_ARGUMENT, "oem example");
	plan.name = "oem/example";
	rig_refused(&rig, init(), EH_ERR_ARGUMENT, "--subject");
	plan.subject = "/CN=a\\/b";
	ck_assert_int_eq(init(), EH_OK);
}
END_TEST

START_TEST(folder_that_others_can_enter_is_not_opened)
{
	struct eh_authority *a;

	ck_assert_int_eq(init(), EH_OK);
	ck_assert_int_eq(chmod(folder, 0755), 0);
	rig_refused(&rig, eh_authority_open(folder, &a, &rig.error),
	    EH_ERR_CONFIG, "chmod");
	ck_assert_ptr_null(a);
	snprintf(folder, sizeof(folder), "%s/none", rig.folder);
	rig_refused(&rig, eh_authority_open(folder, &a, &rig.error),
	    EH_ERR_CONFIG, "there is no authority");
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	rig_refused(&rig, eh_authority_open(folder, &a, &rig.error),
	    EH_ERR_CONFIG, "authority.db is missing");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("init");
	TCase *t = tcase_create("init");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, folder_and_keys_are_the_owners_alone);
	tcase_add_test(t, files_hold_what_the_store_says);
	tcase_add_test(t, root_ca_is_a_paa);
	tcase_add_test(t, folder_that_holds_anything_is_refused);
	tcase_add_test(t, failure_leaves_nothing);
	tcase_add_test(t, own_keys_are_taken_and_never_shared);
	tcase_add_test(t, ed25519_signs_messages_only);
	tcase_add_test(t, key_that_others_can_read_is_refused);
	tcase_add_test(t, pins_do_not_go_into_the_store);
	tcase_add_test(t, other_key_in_the_same_place_is_noticed);
	tcase_add_test(t, names_and_subjects_are_checked);
	tcase_add_test(t, folder_that_others_can_enter_is_not_opened);
	suite_add_tcase(s, t);
	return unit_run(s);
}

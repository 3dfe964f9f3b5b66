/* SPDX-License-Identifier: Apache-2.0 */
/* rig.c - an authority in a fresh folder, and a soft key that plays an EdgeHSM
 * for it. */
#include "config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/x509/csr.h"
#include "common/x509/profile.h"
#include "orchestrator/authority/ca.h"
#include "orchestrator/conf/subject.h"
#include "test/unit/common/x509_golden.h"
#include "test/unit/orchestrator/authority/rig.h"

void
rig_open(struct rig *r)
{
	struct eh_authority_plan plan = { .name = "oem.example",
		.now = RIG_NOW };

	memset(r, 0, sizeof(*r));
	strcpy(r->folder, "/tmp/eh-authority-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(r->folder));
	snprintf(r->store, sizeof(r->store), "%s/oem", r->folder);
	plan.folder = r->store;
	ck_assert_msg(eh_authority_init(&plan, &r->error) == EH_OK, "%s",
	    r->error.text);
	rig_reopen(r);
	ck_assert_int_eq(eh_soft_generate(&r->attestation), EH_OK);
	ck_assert_int_eq(eh_soft_generate(&r->issuing), EH_OK);
	eh_keyid_hsm(eh_soft_public(r->attestation), r->hsm_id);
}

void
rig_reopen(struct rig *r)
{
	eh_authority_close(r->authority);
	ck_assert_msg(
	    eh_authority_open(r->store, &r->authority, &r->error) == EH_OK,
	    "%s", r->error.text);
}

static void
remove_folder(const char *folder)
{
	const struct dirent *entry;
	DIR *dir = opendir(folder);

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		char path[512];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (unlink(path) != 0)
			remove_folder(path);
	}
	if (dir != NULL)
		closedir(dir);
	rmdir(folder);
}

void
rig_close(struct rig *r)
{
	eh_authority_close(r->authority);
	eh_soft_free(r->attestation);
	eh_soft_free(r->issuing);
	remove_folder(r->folder);
}

struct eh_nonce
rig_invite(struct rig *r)
{
	struct eh_invitation i;

	ck_assert_msg(eh_enrolment_invite(r->authority, "fab1-hsm1", "fab1",
	    RIG_NOW, &i, &r->error) == EH_OK, "%s", r->error.text);
	return i.nonce;
}

void
rig_enrol(
    struct rig *r, const struct eh_nonce *nonce, struct eh_enrol *e)
{
	memset(e, 0, sizeof(*e));
	memcpy(e->hsm_id, r->hsm_id, EH_HSM_ID_LEN);
	e->key = *eh_soft_public(r->attestation);
	e->nkeys = 1;
	eh_keyid_spki_digest(eh_soft_public(r->issuing), e->keys[0].digest);
	e->keys[0].purpose = EH_PURPOSE_ISSUING;
	e->keys[0].alg = EH_ALG_ESP256;
	e->keys[0].origin = EH_ORIGIN_BACKEND;
	e->nonce = *nonce;
	strcpy(e->software.version, "edgehsmd-0.1.0");
	eh_authority_root(r->authority, e->root);
}

void
rig_sign(struct rig *r, enum eh_message_type type,
    void (*encode)(const void *, struct eh_writer *), const void *value,
    struct eh_buf *out)
{
	uint8_t payload[8192], message[8192];
	struct eh_signer signer;
	struct eh_writer w;
	size_t len;

	eh_writer_init(&w, payload, sizeof(payload));
	encode(value, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	eh_soft_signer(r->attestation, &signer);
	eh_writer_init(&w, message, sizeof(message));
	ck_assert_int_eq(
	    eh_envelope_sign(type, payload, len, &signer, &w, NULL), EH_OK);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	eh_buf_init(out, sizeof(message));
	ck_assert_int_eq(eh_buf_append(out, message, len), EH_OK);
}

static void
encode_enrol(const void *value, struct eh_writer *w)
{
	eh_enrol_encode(value, w);
}

static void
encode_keyattest(const void *value, struct eh_writer *w)
{
	eh_keyattest_encode(value, w);
}

void
rig_sign_enrol(struct rig *r, const struct eh_enrol *e, struct eh_buf *out)
{
	rig_sign(r, EH_MESSAGE_ENROL, encode_enrol, e, out);
}

void
rig_enrolled(struct rig *r)
{
	struct eh_nonce nonce = rig_invite(r);
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_enrolment enrolment;
	struct eh_buf request, grant;
	struct eh_enrol e;

	rig_enrol(r, &nonce, &e);
	rig_sign_enrol(r, &e, &request);
	ck_assert_msg(eh_enrolment_check(r->authority, request.data,
	    request.len, &enrolment, &r->error) == EH_OK, "%s", r->error.text);
	eh_buf_init(&grant, EH_MESSAGE_MAX);
	ck_assert_msg(eh_enrolment_accept(r->authority, &enrolment, 400,
	    RIG_NOW, &grant, digest, &r->error) == EH_OK, "%s",
	    r->error.text);
	eh_buf_free(&request);
	eh_buf_free(&grant);
}

void
rig_keyattest(struct rig *r, struct eh_keyattest *k)
{
	memset(k, 0, sizeof(*k));
	memcpy(k->hsm_id, r->hsm_id, EH_HSM_ID_LEN);
	k->key = *eh_soft_public(r->issuing);
	k->purpose = EH_PURPOSE_ISSUING;
	k->origin = EH_ORIGIN_BACKEND;
	strcpy(k->label, "idevid-ca");
	eh_authority_root(r->authority, k->root);
}

void
rig_sign_keyattest(
    struct rig *r, const struct eh_keyattest *k, struct eh_buf *out)
{
	rig_sign(r, EH_MESSAGE_KEYATTEST, encode_keyattest, k, out);
}

void
rig_csr(struct eh_soft *key, const char *dn, struct eh_buf *out)
{
	uint8_t spki[EH_SPKI_MAX], info[2048], csr[2048], signature[64];
	struct eh_signer signer;
	struct eh_buf subject;
	size_t len, spkilen = eh_rawkey_to_spki(eh_soft_public(key), spki);

	eh_buf_init(&subject, 1024);
	ck_assert_int_eq(eh_subject_parse(dn, &subject, NULL), EH_OK);
	ck_assert_int_eq(eh_csr_body(subject.data, subject.len, spki, spkilen,
	    info, sizeof(info), &len), EH_OK);
	eh_soft_signer(key, &signer);
	ck_assert_int_eq(
	    signer.sign(signer.arg, info, len, signature), EH_OK);
	ck_assert_int_eq(eh_csr_assemble(
	    info, len, signature, csr, sizeof(csr), &len), EH_OK);
	eh_buf_init(out, sizeof(csr));
	ck_assert_int_eq(eh_buf_append(out, csr, len), EH_OK);
	eh_buf_free(&subject);
}

void
rig_profile(struct rig *r, struct eh_buf *out)
{
	uint8_t golden[1024], bytes[4096];
	struct eh_profile *p = calloc(1, sizeof(*p));
	size_t len = unit_hex(GOLDEN_PROFILE, golden, sizeof(golden));

	ck_assert_ptr_nonnull(p);
	ck_assert_int_eq(eh_profile_decode(p, golden, len, NULL), EH_OK);
	p->secrets = 0;
	p->evidence = EH_EVIDENCE_NONE;
	eh_keyid_spki_digest(eh_soft_public(r->issuing), p->template[0].issuer);
	ck_assert_msg(eh_profile_encode(
	    p, bytes, sizeof(bytes), &len, &r->error) == EH_OK, "%s",
	    r->error.text);
	eh_buf_init(out, sizeof(bytes));
	ck_assert_int_eq(eh_buf_append(out, bytes, len), EH_OK);
	free(p);
}

void
rig_refused(const struct rig *r, int got, int err, const char *words)
{
	ck_assert_msg(got == err, "%s instead of %s: %s", eh_err_name(got),
	    eh_err_name(err), r->error.text);
	ck_assert_msg(strstr(r->error.text, words) != NULL,
	    "\"%s\" does not say \"%s\"", r->error.text, words);
}

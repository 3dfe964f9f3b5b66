/* SPDX-License-Identifier: Apache-2.0 */
/* bench.c - a line on a bench: a private folder, a fake chip, an EdgeHSM that
 * is played, and a way to be cut off at any point. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/crypto/digest.h"
#include "common/der/der.h"
#include "common/file.h"
#include "common/x509/compile.h"
#include "common/x509/csr.h"
#include "common/x509/serial.h"
#include "common/x509/template.h"
#include "test/unit/orchestrator/flow/bench.h"
#include "test/unit/unit.h"

#define NOT_BEFORE UINT64_C(1767225600)	/* 2026-01-01 */

struct bench *bench_current;

static const uint8_t orders[2][EH_ID_LEN] = { "authorization-1",
	"authorization-2" };

void
bench_point(void)
{
	struct bench_hsm *f = bench_current->fake;

	if (f->cut_at > 0 && ++f->point == f->cut_at)
		_exit(9);
}

/* --- the EdgeHSM --- */

static void
add_row(struct eh_token_status *s, const struct bench *b, unsigned n)
{
	const struct bench_hsm *f = b->fake;
	struct eh_token_authorization *a =
	    &s->authorization[s->nauthorizations++];
	struct eh_counter c = { 0, 0, 0, 100 };

	memcpy(a->id, orders[n], EH_ID_LEN);
	snprintf(a->name, sizeof(a->name), "PO-%u", n + 1);
	a->closed = n == 0 && f->closed;
	memcpy(a->profile.digest, b->recipe.compiled->digest, EH_DIGEST_LEN);
	strcpy(a->profile.name, "gateway-b");
	a->profile.version = 1;
	a->not_before = NOT_BEFORE;
	a->expires = NOT_BEFORE + 86400 * (n + 1);
	a->burns = f->burns;
	if (n == 0) {
		c.quota = f->quota;
		c.used = f->used;
	}
	(void)!eh_counters_add(&a->counters, EH_OP_PASS, &c);
}

static int
fake_status(void *arg, struct eh_token_status *s, struct eh_error *error)
{
	const struct bench *b = arg;

	(void)error;
	b->fake->status_calls++;
	memset(s, 0, sizeof(*s));
	s->state = EH_STATE_READY;
	strcpy(s->label, b->fake->label);
	strcpy(s->factory, b->fake->factory);
	s->log_size = b->fake->log_size;
	add_row(s, b, 0);
	if (b->fake->second)
		add_row(s, b, 1);
	return EH_OK;
}

static int
fake_find_issuer(
    void *arg, const uint8_t issuer[EH_DIGEST_LEN], struct eh_error *error)
{
	struct bench *b = arg;
	uint8_t spki[EH_SPKI_MAX], digest[EH_DIGEST_LEN];
	size_t len = eh_rawkey_to_spki(eh_soft_public(b->issuer), spki);

	eh_sha256(spki, len, digest);
	if (memcmp(digest, issuer, EH_DIGEST_LEN) == 0)
		return EH_OK;
	return eh_error_set(error, EH_ERR_NOT_FOUND, "no such key");
}

static struct bench_device *
find_device(struct bench_hsm *f, const struct eh_device_id *id)
{
	for (unsigned i = 0; i < f->ndevices; i++)
		if (f->device[i].id_len == id->len &&
		    memcmp(f->device[i].id, id->bytes, id->len) == 0)
			return &f->device[i];
	return NULL;
}

static void
put_integer(struct eh_der_writer *w, const uint8_t number[32])
{
	size_t skip = 0;

	while (skip < 31 && number[skip] == 0)
		skip++;
	eh_der_put_begin(w, EH_DER_INTEGER);
	if ((number[skip] & 0x80) != 0)
		eh_der_put_zeros(w, 1);
	eh_der_put_raw(w, number + skip, 32 - skip);
	eh_der_put_end(w);
}

static void
certificate(struct bench *b, const uint8_t *tbs, size_t len, uint8_t *out,
    size_t cap, size_t *lenp)
{
	uint8_t raw[EH_SIGNATURE_LEN];
	struct eh_signer signer;
	struct eh_der_writer w;

	eh_soft_signer(b->issuer, &signer);
	ck_assert_int_eq(signer.sign(signer.arg, tbs, len, raw), EH_OK);
	eh_der_writer_init(&w, out, cap);
	eh_der_put_begin(&w, EH_DER_SEQUENCE);
	eh_der_put_raw(&w, tbs, len);
	eh_der_put_begin(&w, EH_DER_SEQUENCE);
	eh_der_put_oid(&w, "1.2.840.10045.4.3.2");
	eh_der_put_end(&w);
	eh_der_put_begin(&w, EH_DER_BIT_STRING);
	eh_der_put_raw(&w, "", 1);
	eh_der_put_begin(&w, EH_DER_SEQUENCE);
	put_integer(&w, raw);
	put_integer(&w, raw + 32);
	eh_der_put_end(&w);
	eh_der_put_end(&w);
	eh_der_put_end(&w);
	ck_assert_int_eq(eh_der_writer_end(&w, lenp), EH_OK);
}

/* The table of retry and re-issue, as far as a line meets it. */
static int
judge(struct bench *b, struct bench_device *d, unsigned row, unsigned t,
    const struct eh_tbs_values *v, const uint8_t digest[EH_DIGEST_LEN],
    struct eh_error *error)
{
	struct bench_hsm *f = b->fake;
	uint8_t serial[EH_SERIAL_LEN];

	if (d != NULL && d->certificate[t].issued)
		return memcmp(d->certificate[t].tbs, digest, 32) == 0 ?
		    EH_OK :
		    eh_error_set(error, EH_DENIED_DEVICE_LIMIT,
			"another certificate was issued already");
	if (d == NULL && f->refuse != EH_OK && row == 0)
		return eh_error_set(error, f->refuse, "refused with %d of %d",
		    1, 2);
	if (row == 0 && f->closed == BENCH_SUPERSEDED)
		return eh_error_set(error, EH_DENIED_NO_AUTHORIZATION,
		    "authorization PO-1 was superseded by another one");
	if (row == 0 && f->closed)
		return eh_error_set(
		    error, EH_DENIED_EXPIRED, "authorization PO-1 has expired");
	if (d == NULL && row == 0 && f->used >= f->quota)
		return eh_error_set(error, EH_DENIED_QUOTA,
		    "quota exhausted: authorization PO-1 allows %u devices, "
		    "%u used",
		    (unsigned)f->quota, (unsigned)f->used);
	ck_assert_int_eq(eh_serial(orders[row], &v->device, (uint8_t)t,
			     f->burns, serial),
	    EH_OK);
	if (memcmp(serial, v->serial, EH_SERIAL_LEN) != 0)
		return eh_error_set(error, EH_DENIED_TEMPLATE,
		    "expected issue number %u", f->burns);
	return EH_OK;
}

/* What comes with a TBS is for its key and its device. */
static void
take_evidence(struct bench_hsm *f, const struct eh_issue_param *param,
    const struct eh_tbs_values *v)
{
	struct eh_rawkey key;
	struct eh_csr csr;

	f->proofs += param->has_proof;
	if (param->evidence_kind == EH_PARAM_NO_EVIDENCE)
		return;
	ck_assert_int_eq(param->evidence_kind, EH_PARAM_CSR);
	ck_assert_int_eq(eh_csr_decode(&csr, param->evidence,
	    param->evidence_len), EH_OK);
	ck_assert_int_eq(eh_csr_verify(&csr, NULL), EH_OK);
	ck_assert_int_eq(eh_rawkey_from_spki(&key, csr.spki.der.at,
	    csr.spki.der.len), EH_OK);
	ck_assert(eh_rawkey_equal(&key, &v->key));
	f->requests++;
}

static int
fake_sign(void *arg, const uint8_t issuer[EH_DIGEST_LEN],
    const struct eh_issue_param *param, const uint8_t *tbs, size_t len,
    struct eh_buf *der, struct eh_error *error)
{
	struct bench *b = arg;
	struct bench_hsm *f = b->fake;
	unsigned t, row = memcmp(param->authorization, orders[0], EH_ID_LEN) != 0;
	struct eh_template_hit hit;
	struct eh_tbs_values *v = calloc(1, sizeof(*v));
	uint8_t digest[EH_DIGEST_LEN];
	struct bench_device *d;
	size_t n;
	int err;

	bench_point();
	f->signs++;
	err = f->signs == f->break_at ? f->break_down : EH_OK;
	if (err != EH_OK) {
		free(v);
		return eh_error_set(error, err, "it broke down");
	}
	ck_assert_ptr_nonnull(v);
	err = eh_template_find(&b->recipe.compiled->profile, issuer, tbs, len,
	    &hit, v, error);
	ck_assert_int_eq(err, EH_OK);
	t = hit.index;
	take_evidence(f, param, v);
	ck_assert_uint_eq(v->not_before, NOT_BEFORE);
	eh_sha256(tbs, len, digest);
	d = find_device(f, &v->device);
	if ((err = judge(b, d, row, t, v, digest, error)) != EH_OK)
		goto out;
	if (d == NULL) {
		ck_assert_uint_lt(f->ndevices, BENCH_DEVICES);
		d = &f->device[f->ndevices++];
		memset(d, 0, sizeof(*d));
		d->id_len = v->device.len;
		memcpy(d->id, v->device.bytes, d->id_len);
		f->used += row == 0;
	}
	if (!d->certificate[t].issued) {
		d->authorization = (uint8_t)(row + 1);
		certificate(b, tbs, len, d->certificate[t].der,
		    sizeof(d->certificate[t].der), &n);
		memcpy(d->certificate[t].tbs, digest, 32);
		d->certificate[t].len = (uint16_t)n;
		d->certificate[t].issued = 1;
		f->log_size++;
	}
	bench_point();
	err = eh_buf_append(
	    der, d->certificate[t].der, d->certificate[t].len);
out:
	free(v);
	return err;
}

static int
fake_report(void *arg, const uint8_t authorization[EH_ID_LEN],
    const char *id_kind, const struct eh_device_id *device,
    const struct eh_unit_report *report, struct eh_error *error)
{
	struct bench *b = arg;
	struct bench_device *d = find_device(b->fake, device);

	bench_point();
	ck_assert_str_eq(id_kind, "serial");
	ck_assert_ptr_nonnull(d);
	ck_assert_mem_eq(authorization, orders[d->authorization - 1], 16);
	if (b->fake->refuse_reports)
		return eh_error_set(
		    error, EH_DENIED_STATE, "reported twice already");
	b->fake->reports++;
	b->fake->log_size++;
	d->reports++;
	d->report = *report;
	bench_point();
	return EH_OK;
}

static int
fake_find_report(void *arg, const uint8_t authorization[EH_ID_LEN],
    const struct eh_device_id *device, enum eh_outcome outcome, uint64_t first,
    int *foundp, struct eh_error *error)
{
	struct bench *b = arg;
	const struct bench_device *d = find_device(b->fake, device);

	(void)authorization;
	(void)error;
	ck_assert_uint_le(first, b->fake->log_size);
	*foundp = d != NULL && d->reports > 0 && d->report.outcome == outcome;
	return EH_OK;
}

static const struct eh_hsm_ops ops = {
	.status = fake_status,
	.find_issuer = fake_find_issuer,
	.sign = fake_sign,
	.report = fake_report,
	.find_report = fake_find_report,
};

/* --- the folder --- */

static void
write_file(const char *path, const void *bytes, size_t len, mode_t mode)
{
	struct eh_error error;

	eh_error_clear(&error);
	ck_assert_msg(eh_file_write(path, bytes, len, mode, &error) == EH_OK,
	    "%s", error.text);
}

static void
copy(const char *from, const char *to, mode_t mode)
{
	struct eh_buf file;

	ck_assert_int_eq(
	    eh_file_read(from, 64 << 20, &file, NULL), EH_OK);
	write_file(to, file.data, file.len, mode);
	eh_buf_free(&file);
}

static void
make_profile(struct bench *b)
{
	/* C=DE, O=ACME, CN=CA, and CN=PAI with a Matter vendor id: names that
	 * the linters accept. */
	static const char *const names[BENCH_TEMPLATES] = {
		"3029310b3009060355040613024445310d300b060355040a0c0441434d45"
		"310b300906035504030c024341",
		"3024310c300a06035504030c03504149311430"
		"12060a2b0601040182a27c02010c0446464631",
	};
	struct eh_issuer *issuer = calloc(BENCH_TEMPLATES, sizeof(*issuer));
	uint8_t *out = malloc(EH_PROFILE_MAX), spki[EH_SPKI_MAX];
	size_t len = eh_rawkey_to_spki(eh_soft_public(b->issuer), spki);
	struct eh_conf_profile *profile;
	char yaml[128], compiled[128], example[4096];

	ck_assert(issuer != NULL && out != NULL);
	snprintf(yaml, sizeof(yaml), "%s/gateway-b.yaml", b->folder);
	snprintf(
	    compiled, sizeof(compiled), "%s/gateway-b.ehprofile", b->folder);
	snprintf(example, sizeof(example),
	    "%s/configs/examples/gateway-b.yaml", getenv("EH_SRCDIR"));
	copy(example, yaml, 0644);
	for (unsigned i = 0; i < BENCH_TEMPLATES; i++) {
		eh_sha256(spki, len, issuer[i].spki);
		issuer[i].subjectlen = unit_hex(names[i], issuer[i].subject,
		    sizeof(issuer[i].subject));
		issuer[i].key_idlen = 20;
		memset(issuer[i].key_id, (int)i + 1, 20);
	}
	ck_assert_int_eq(
	    eh_conf_profile_load(&profile, yaml, &b->report), EH_OK);
	ck_assert_msg(
	    eh_compile_profile(eh_conf_profile_get_source(profile), issuer,
		NULL, out, EH_PROFILE_MAX, &len, &b->error) == EH_OK,
	    "%s", b->error.text);
	write_file(compiled, out, len, 0644);
	eh_conf_profile_free(profile);
	free(issuer);
	free(out);
}

static void
install_driver(struct bench *b)
{
	char folder[96], from[4096], to[128];

	snprintf(folder, sizeof(folder), "%s/plugins", b->folder);
	snprintf(to, sizeof(to), "%s/chip-fake.so", folder);
	snprintf(from, sizeof(from),
	    "%s/test/unit/orchestrator/flow/.libs/fake_chip.so",
	    getenv("EH_BUILDDIR"));
	ck_assert_int_eq(mkdir(folder, 0755), 0);
	copy(from, to, 0755);
	setenv("EDGEHSM_PLUGIN_PATH", folder, 1);
}

void
bench_setup(struct bench *b)
{
	static const uint8_t scalar[32] = { 1, 2, 3 };

	memset(b, 0, sizeof(*b));
	bench_current = b;
	/* In memory where there is such a folder: these tests fsync a lot. */
	strcpy(b->folder,
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm/eh-flow.XXXXXX" :
					    "/tmp/eh-flow.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(b->folder));
	snprintf(b->state, sizeof(b->state), "%s/devices", b->folder);
	snprintf(b->line_path, sizeof(b->line_path), "%s/line.yaml", b->folder);
	b->fake = mmap(NULL, sizeof(*b->fake), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(b->fake, MAP_FAILED);
	memset(b->fake, 0, sizeof(*b->fake));
	strcpy(b->fake->label, "bench");
	strcpy(b->fake->factory, "fab1");
	b->fake->quota = 10;
	b->fake->log_size = 5;
	ck_assert_int_eq(eh_soft_from_p256(scalar, &b->issuer), EH_OK);
	eh_report_init(&b->report);
	eh_error_clear(&b->error);
	make_profile(b);
	install_driver(b);
	b->hsm.ops = &ops;
	b->hsm.arg = b;
	b->options.state = b->state;
	b->options.person = "pat";
	b->options.stop = &b->stop;
	unsetenv("FAKE_PLUGIN");
	unsetenv("FAKE_CHIP_ID");
}

void
bench_teardown(struct bench *b)
{
	char command[128];

	eh_recipe_wipe(&b->recipe);
	eh_report_wipe(&b->report);
	eh_soft_free(b->issuer);
	munmap(b->fake, sizeof(*b->fake));
	snprintf(command, sizeof(command), "rm -rf '%s'", b->folder);
	ck_assert_int_eq(system(command), 0);
}

void
bench_line(struct bench *b, const char *with, const char *steps,
    const char *more)
{
	static const char all[] =
	    "    - { id: connect, uses: chip.connect }\n"
	    "    - { id: keygen, uses: chip.keygen, "
	    "with: { key: attestation } }\n"
	    "    - { id: issue, uses: hsm.issue }\n"
	    "    - { id: inject, uses: chip.inject }\n"
	    "    - { id: verify, uses: chip.verify }\n"
	    "    - { id: record, uses: record.write, always: true }\n";
	char text[4096];
	int n = snprintf(text, sizeof(text),
	    "apiVersion: edgehsm/v1\n"
	    "kind: ProductionLine\n"
	    "metadata: { name: line9, factory: fab1 }\n"
	    "spec:\n"
	    "  profile: { name: gateway-b, version: 1 }\n"
	    "  token: \"pkcs11:token=bench\"\n"
	    "  chip: { driver: fake, with: { state: chips, %s } }\n"
	    "  stations: [ { id: st1 } ]\n"
	    "  steps:\n%s%s",
	    with, steps != NULL ? steps : all, more != NULL ? more : "");

	write_file(b->line_path, text, (size_t)n, 0644);
}

void
bench_load(struct bench *b, const char *range)
{
	struct eh_error why;

	eh_recipe_wipe(&b->recipe);
	eh_report_wipe(&b->report);
	eh_error_clear(&why);
	(void)!eh_recipe_load(&b->recipe, b->line_path, &b->report);
	ck_assert_msg(
	    eh_report_result(&b->report, &why) == EH_OK, "%s", why.text);
	ck_assert_int_eq(
	    eh_recipe_units(&b->recipe, range, NULL, &b->report), EH_OK);
	ck_assert_int_eq(eh_recipe_station(&b->recipe, NULL,
			     &b->options.station, &why),
	    EH_OK);
}

static void
ended(void *arg, const struct eh_run_unit *unit)
{
	struct bench *b = arg;

	ck_assert_str_ne(unit->folder, "");
	if (++b->ended == b->stop_after)
		b->stop = 1;
}

static void
step_begins(void *arg, const char *device, const char *step, unsigned attempt,
    const char *last_failure)
{
	struct bench *b = arg;

	ck_assert_int_eq(attempt > 1, last_failure != NULL);
	(void)device;
	b->steps++;
	if (b->stop_at != NULL && strcmp(step, b->stop_at) == 0)
		b->stop = 2;
}

int
bench_run(struct bench *b)
{
	struct eh_run_watch watch = { .arg = b, .unit_ends = ended,
		.step_begins = step_begins };

	b->ended = b->steps = 0;
	b->stop = 0;
	eh_error_clear(&b->error);
	return eh_run(&b->recipe, &b->hsm, &b->options, &watch, &b->summary,
	    &b->error);
}

int
bench_make(struct bench *b, const char *range)
{
	bench_load(b, range);
	return bench_run(b);
}

void
bench_unit(struct bench *b, const char *device, struct eh_unit *u)
{
	struct eh_state_folder folder = { .lock = -1 };

	strcpy(folder.path, b->state);
	ck_assert_msg(eh_unit_open(&folder, device, u, &b->error) == EH_OK,
	    "%s", b->error.text);
}

void
bench_put(struct bench *b, const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", b->folder, name);
	write_file(path, text, strlen(text), 0644);
}

void
bench_check_good(struct bench *b, const char *device)
{
	static const char *const ids[] = { "idevid", "dac" };
	const struct bench_device *d = bench_find(b, device);
	struct eh_unit *u = calloc(1, sizeof(*u));
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_buf der, tbs;

	ck_assert(u != NULL && d != NULL);
	bench_unit(b, device, u);
	ck_assert_int_eq(u->state, EH_UNIT_GOOD);
	for (unsigned i = 0; i < BENCH_TEMPLATES; i++) {
		ck_assert_msg(
		    eh_unit_get_der(u, ids[i], &der, &b->error) == EH_OK,
		    "%s", b->error.text);
		ck_assert_uint_eq(der.len, d->certificate[i].len);
		ck_assert_mem_eq(der.data, d->certificate[i].der, der.len);
		/* What the chip gave back, and what was reported. */
		eh_sha256(der.data, der.len, digest);
		ck_assert_mem_eq(u->place[i].digest, digest, 32);
		ck_assert_mem_eq(d->report.places[i].digest, digest, 32);
		ck_assert_int_eq(
		    eh_unit_get_tbs(u, ids[i], &tbs, &b->error), EH_OK);
		eh_sha256(tbs.data, tbs.len, digest);
		ck_assert_mem_eq(d->certificate[i].tbs, digest, 32);
		eh_buf_free(&tbs);
		eh_buf_free(&der);
	}
	ck_assert_uint_eq(d->reports, 1);
	ck_assert_int_eq(d->report.outcome, EH_OUTCOME_GOOD);
	ck_assert_uint_eq(d->report.nplaces, BENCH_TEMPLATES);
	ck_assert_str_eq(d->report.station, "st1");
	ck_assert_str_eq(d->report.person, "pat");
	ck_assert_str_eq(d->report.reason, "");
	free(u);
}

const struct bench_device *
bench_find(const struct bench *b, const char *device)
{
	struct eh_device_id id;

	id.len = (uint8_t)strlen(device);
	memcpy(id.bytes, device, id.len);
	return find_device(b->fake, &id);
}

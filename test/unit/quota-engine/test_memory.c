/* SPDX-License-Identifier: Apache-2.0 */
/* test_memory.c - what a message can make us allocate: never more than four
 * times what came of it, and 4 KiB. */
#include "config.h"

#include <dirent.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/cose/sign1.h"
#include "common/file.h"
#include "common/message/ack.h"
#include "common/message/chipattest.h"
#include "common/message/enrol.h"
#include "common/message/envelope.h"
#include "common/message/grant.h"
#include "common/message/keyattest.h"
#include "common/message/param.h"
#include "common/message/pauth.h"
#include "common/message/receipt.h"
#include "common/message/record.h"
#include "common/message/report.h"
#include "common/message/revoke.h"
#include "common/message/scopelist.h"
#include "common/message/time.h"
#include "common/x509/cert.h"
#include "common/x509/csr.h"
#include "common/x509/profile.h"
#include "quota-engine/monitor.h"
#include "test/unit/quota-engine/fixture.h"
#include "test/unit/unit.h"

/* --- counting: the heap of this program, every thread of it --- */

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void __libc_free(void *);

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTS 0
#else
#define COUNTS 1
#endif

static _Atomic size_t now, peak;

#if COUNTS
static void *
more(void *p)
{
	size_t size = p != NULL ? malloc_usable_size(p) : 0;
	size_t total = atomic_fetch_add(&now, size) + size;
	size_t seen = atomic_load(&peak);

	while (total > seen &&
	    !atomic_compare_exchange_weak(&peak, &seen, total))
		;
	return p;
}

static void
less(void *p)
{
	if (p != NULL)
		atomic_fetch_sub(&now, malloc_usable_size(p));
}

void *
malloc(size_t len)
{
	return more(__libc_malloc(len));
}

void *
calloc(size_t n, size_t len)
{
	return more(__libc_calloc(n, len));
}

/* As if it were moved: for a moment both are there. */
void *
realloc(void *p, size_t len)
{
	size_t old = p != NULL ? malloc_usable_size(p) : 0;
	void *bigger = more(__libc_realloc(p, len));

	if (bigger != NULL || len == 0)
		atomic_fetch_sub(&now, old);
	return bigger;
}

void
free(void *p)
{
	less(p);
	__libc_free(p);
}
#endif

static size_t began;

static void
count(void)
{
	began = atomic_load(&now);
	atomic_store(&peak, began);
}

static size_t
counted(void)
{
	return atomic_load(&peak) - began;
}

/* --- inputs --- */

#define MOST EH_WIRE_MAX

static uint8_t input[MOST];

typedef void each_input(size_t len, void *arg);

/* All files of the fuzzers' corpora. */
static void
corpora(each_input *each, void *arg)
{
	static const char *const folders[] = {
		"cbor", "der", "message", "profile", "template", "wire"
	};
	const char *root = getenv("EH_SRCDIR");
	unsigned files = 0;

	ck_assert_ptr_nonnull(root);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		char folder[512], path[1024];
		struct dirent *entry;
		struct eh_buf file;
		DIR *dir;

		snprintf(folder, sizeof(folder), "%s/test/fuzz/corpus/%s",
		    root, folders[i]);
		ck_assert_ptr_nonnull(dir = opendir(folder));
		while ((entry = readdir(dir)) != NULL) {
			if (entry->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s", folder,
			    entry->d_name);
			ck_assert_int_eq(
			    eh_file_read(path, MOST, &file, NULL), EH_OK);
			memcpy(input, file.data, file.len);
			each(file.len, arg);
			eh_buf_free(&file);
			files++;
		}
		closedir(dir);
	}
	ck_assert_uint_ge(files, 40);
}

/* Heads of few bytes that claim 10^9 items or octets: alone, one after the other
 * for a whole megabyte, nested, and in the place of each item of a good one. */
static void
claims(each_input *each, void *arg)
{
	static const uint8_t heads[] = { 0x9a, 0xba, 0x5a, 0x7a, 0xda };
	static const uint8_t many[] = { 0x3b, 0x9a, 0xca, 0x00 };
	static const size_t lengths[] = { 5, 11, 100, 4096, 65536, MOST };

	for (size_t h = 0; h < sizeof(heads); h++)
		for (size_t n = 0; n < sizeof(lengths) / sizeof(lengths[0]);
		     n++) {
			for (size_t i = 0; i + 5 <= lengths[n]; i += 5) {
				input[i] = heads[h];
				memcpy(input + i + 1, many, sizeof(many));
			}
			each(lengths[n], arg);
			/* A DER length of as much, in an envelope's tag. */
			input[0] = 0xd2;
			input[1] = 0x84;
			each(lengths[n], arg);
			memcpy(input, "\x30\x84\x3b\x9a\xca", 5);
			each(lengths[n], arg);
		}
	for (size_t len = 1; len <= MOST; len *= 32) {
		memset(input, 0x81, len); /* arrays in arrays */
		each(len, arg);
		memset(input, 0xa0, len); /* empty maps */
		each(len, arg);
		memset(input, 0x30, len); /* SEQUENCEs */
		each(len, arg);
	}
}

/* --- decoders --- */

static union {
	struct eh_ack ack;
	struct eh_cert cert;
	struct eh_chip_says says;
	struct eh_chipattest chipattest;
	struct eh_csr csr;
	struct eh_enrol enrol;
	struct eh_envelope envelope;
	struct eh_evidence_item item;
	struct eh_grant grant;
	struct eh_issue_param param;
	struct eh_keyattest keyattest;
	struct eh_pauth pauth;
	struct eh_profile profile;
	struct eh_receipt receipt;
	struct eh_record record;
	struct eh_revoke revoke;
	struct eh_scopelist scopelist;
	struct eh_sign1 sign1;
	struct eh_spki spki;
	struct eh_time_attestation time;
	struct eh_unit_report report;
	struct eh_wire wire;
} v;

/* Each with the same arguments: input, its length, an error. */
#define DECODER(name, call)						\
	static int							\
	name(const uint8_t *in, size_t len, struct eh_error *e)		\
	{								\
		(void)e;						\
		return call;						\
	}

DECODER(ack, eh_ack_decode(in, len, &v.ack, e))
DECODER(cert, eh_cert_decode(&v.cert, in, len))
DECODER(cert_tbs, eh_cert_decode_tbs(&v.cert, in, len))
DECODER(chip_says, eh_chip_says_decode(in, len, &v.says, e))
DECODER(chipattest, eh_chipattest_decode(in, len, &v.chipattest, e))
DECODER(csr, eh_csr_decode(&v.csr, in, len))
DECODER(csr_body, eh_csr_body_check(in, len, NULL, 0, e))
DECODER(enrol, eh_enrol_decode(in, len, &v.enrol, e))
DECODER(envelope, eh_envelope_decode(in, len, &v.envelope, e))
DECODER(evidence, eh_evidence_item_decode(in, len, &v.item, e))
DECODER(grant, eh_grant_decode(in, len, &v.grant, e))
DECODER(issue_param, eh_issue_param_decode(in, len, &v.param, e))
DECODER(keyattest, eh_keyattest_decode(in, len, &v.keyattest, e))
DECODER(pauth, eh_pauth_decode(in, len, &v.pauth, e))
DECODER(profile, eh_profile_decode(&v.profile, in, len, e))
DECODER(receipt, eh_receipt_decode(in, len, &v.receipt, e))
DECODER(record, eh_record_decode(in, len, &v.record, e))
DECODER(report, eh_unit_report_decode(in, len, &v.report, e))
DECODER(request, eh_wire_decode_request(&v.wire, in, len))
DECODER(revocation, eh_revoke_decode(in, len, &v.revoke, e))
DECODER(scopelist, eh_scopelist_decode(&v.scopelist, in, len, e))
DECODER(sign1, eh_sign1_decode(in, len, &v.sign1))
DECODER(spki, eh_spki_decode(&v.spki, in, len))
DECODER(time_attestation, eh_time_attestation_decode(in, len, &v.time, e))

typedef int decoder(const uint8_t *, size_t, struct eh_error *);

static decoder *const decoders[] = {
	ack, cert, cert_tbs, chip_says, chipattest, csr, csr_body, enrol,
	envelope, evidence, grant, issue_param, keyattest, pauth, profile,
	receipt, record, report, request, revocation, scopelist, sign1, spki,
	time_attestation,
};
#define NDECODERS (sizeof(decoders) / sizeof(decoders[0]))

struct most {
	size_t bytes;
	unsigned inputs, accepted;
};

static void
decode_each(size_t len, void *arg)
{
	struct most *most = arg;
	struct eh_error error;

	for (size_t i = 0; i < NDECODERS; i++) {
		eh_error_clear(&error);
		count();
		most->accepted += decoders[i](input, len, &error) == EH_OK;
		ck_assert_msg(counted() <= 4 * len + 4096,
		    "decoder %zu: %zu bytes for an input of %zu", i,
		    counted(), len);
		if (counted() > most->bytes)
			most->bytes = counted();
	}
	most->inputs++;
}

START_TEST(no_decoder_allocates_by_what_is_claimed)
{
	struct most most = { 0, 0, 0 };

	corpora(decode_each, &most);
	ck_assert_uint_ge(most.accepted, 20);
	claims(decode_each, &most);
	printf("# %u inputs, %zu decoders: at most %zu bytes\n", most.inputs,
	    NDECODERS, most.bytes);
}
END_TEST

/* --- frames --- */

START_TEST(a_frame_costs_what_has_come_of_it)
{
	static const uint8_t head[] = { 0, 16, 0, 0 };
	uint8_t *bytes = NULL;
	size_t cap = 0, len = 0, most = 0;
	int fd[2];

	for (size_t sent = 0; sent <= 65536; sent = sent * 4 + 1) {
		ck_assert_int_eq(
		    socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
		ck_assert_int_eq(write(fd[0], head, 4), 4);
		ck_assert_int_eq(
		    write(fd[0], input, sent), (ssize_t)sent);
		close(fd[0]);
		count();
		ck_assert_int_eq(
		    eh_wire_receive(fd[1], &bytes, &cap, &len, 100),
		    EH_ERR_UNAVAILABLE);
		ck_assert_msg(counted() <= 4 * (sent + 4) + 4096,
		    "%zu bytes for %zu", counted(), sent);
		if (counted() > most)
			most = counted();
		close(fd[1]);
		free(bytes);
		bytes = NULL;
		cap = 0;
	}
	printf("# at most %zu bytes for a frame that claims %u\n", most,
	    1u << 20);
}
END_TEST

static void *
send_whole(void *arg)
{
	const int *fd = arg;

	return (void *)(intptr_t)eh_wire_send(*fd, input, MOST);
}

START_TEST(a_whole_megabyte_is_read_as_it_was_sent)
{
	uint8_t *bytes = NULL;
	size_t cap = 0, len = 0;
	pthread_t thread;
	void *result;
	int fd[2];

	for (size_t i = 0; i < MOST; i++)
		input[i] = (uint8_t)(i * 7 >> 3);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	count();
	ck_assert_int_eq(
	    pthread_create(&thread, NULL, send_whole, &fd[0]), 0);
	ck_assert_int_eq(
	    eh_wire_receive(fd[1], &bytes, &cap, &len, 10000), EH_OK);
	ck_assert_uint_le(counted(), 4 * MOST + 4096);
	ck_assert_int_eq(pthread_join(thread, &result), 0);
	ck_assert_ptr_null(result);
	ck_assert_uint_eq(len, MOST);
	ck_assert_mem_eq(bytes, input, MOST);
	free(bytes);
	close(fd[0]);
	close(fd[1]);
}
END_TEST

/* --- requests --- */

/* What a handler needs to judge with, whatever came: a copy of the state, and
 * the structs of what it decodes into. */
#define WORK (sizeof(struct eh_state) + (size_t)96 * 1024)

static struct fixture f;
static struct eh_caller operator;

struct request {
	unsigned code;
	enum eh_wire_label label;
	size_t most;
	unsigned served;
};

static void
request_each(size_t len, void *arg)
{
	struct request *r = arg;
	struct eh_wire in;
	struct eh_call call;

	if (len > MOST - 512)
		len = MOST - 512;
	eh_wire_init(&in, r->code, EH_OK);
	if (r->code == EH_REQ_SIGN) {
		eh_wire_put_number(&in, EH_WIRE_OBJECT, 2);
		eh_wire_put_number(
		    &in, EH_WIRE_MECHANISM, EH_MECH_ECDSA_SHA256);
	}
	if (r->code == EH_REQ_PUT_OBJECT) {
		eh_wire_put_number(&in, EH_WIRE_CLASS, EH_CLASS_DATA);
		eh_wire_put_text(&in, EH_WIRE_LABEL, "data");
		eh_wire_put_bytes(&in, EH_WIRE_ID, "id", 2);
	}
	eh_wire_put_bytes(&in, r->label, input, len);
	eh_call_init(&call, &operator, &in);
	count();
	(void)eh_monitor_serve(f.b, &call);
	ck_assert_msg(counted() <= 4 * len + 4096 + WORK,
	    "request %u: %zu bytes for an input of %zu", r->code, counted(),
	    len);
	if (counted() > r->most + 4 * len)
		r->most = counted() - 4 * len;
	r->served++;
	eh_call_wipe(&call);
}

START_TEST(no_request_allocates_by_what_is_claimed)
{
	static const struct request requests[] = {
		{ EH_REQ_IMPORT, EH_WIRE_DATA, 0, 0 },
		{ EH_REQ_SIGN, EH_WIRE_DATA, 0, 0 },
		{ EH_REQ_PUT_OBJECT, EH_WIRE_DATA, 0, 0 },
		{ EH_REQ_REPORT, EH_WIRE_DATA, 0, 0 },
	};

	fixture_open(&f);
	fixture_genesis(&f);
	operator = fixture_caller(&f, 1, EH_MAY_OPERATE, EH_MAY_OPERATE);
	/* Fifty a second would be too few here. */
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct request r = requests[i];

		if (eh_monitor_row(r.code)->cost == EH_COST_THROTTLED) {
			memset(input, 0x9a, 65536);
			request_each(65536, &r);
			request_each(100, &r);
		} else {
			corpora(request_each, &r);
			claims(request_each, &r);
		}
		printf("# %s: %u inputs, at most 4 x input + %zu bytes\n",
		    eh_monitor_row(r.code)->name, r.served, r.most);
	}
	fixture_close(&f);
}
END_TEST

int
main(void)
{
	Suite *s;
	TCase *c;

	if (!COUNTS)
		return unit_skip("a sanitizer has the heap");
	s = suite_create("memory");
	c = tcase_create("memory");
	tcase_add_test(c, no_decoder_allocates_by_what_is_claimed);
	tcase_add_test(c, a_frame_costs_what_has_come_of_it);
	tcase_add_test(c, a_whole_megabyte_is_read_as_it_was_sent);
	tcase_add_test(c, no_request_allocates_by_what_is_claimed);
	suite_add_tcase(s, c);
	return unit_run(s);
}

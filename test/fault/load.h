/* SPDX-License-Identifier: Apache-2.0 */
/* load.h - certificates asked for as fast as they come: what ehload's processes
 * and threads share, and one device's way. */
#ifndef EH_TEST_FAULT_LOAD_H
#define EH_TEST_FAULT_LOAD_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/crypto/verifier.h"
#include "common/x509/template.h"
#include "test/fault/p11client.h"

/* In memory that all processes share. */
struct eh_load_shared {
	atomic_uint next;	/* the number of the next device, or key */
	atomic_uint issued, refused, away, rerendered;
	atomic_uint stop;	/* no new devices */
	atomic_uint wrong;	/* something happened that must not */
	pthread_barrier_t begin;
};

struct eh_load_options {
	const char *module, *pin_file, *label, *order;
	const char *results;	/* what was answered, one line each */
	const char *requests;	/* what was asked, before it was; or NULL */
	int one_device;		/* all for the first device, each its key */
	int one_key;		/* and all with the same key */
	int patient;		/* outlive the daemon */
	int again;		/* ask the requests of the file again */
	unsigned devices;	/* or keys */
	unsigned processes, threads;
	unsigned repeat;	/* the same bytes so many times */
	unsigned pause_us;	/* after each device, at most */
	CK_RV expect;		/* the refusal that may come, besides none */
	char prefix[EH_DEVICE_ID_MAX + 1]; /* "SN", before eight digits */
	unsigned first;
};

/* Of one process. */
struct eh_load {
	const struct eh_load_options *options;
	struct eh_load_shared *shared;
	const struct eh_profile *profile;
	int results, requests;	/* descriptors; -1 */
	struct eh_rawkey one_key;	/* of all, with that option */
	struct eh_p11client client;
	CK_OBJECT_HANDLE key;
	struct eh_verifier *verifier;	/* of that key */
	uint8_t authorization[EH_ID_LEN];
	uint64_t not_before;
	atomic_uint burns;
};

/* One request for a certificate. */
struct eh_load_unit {
	struct eh_device_id device;
	struct eh_rawkey key;
	uint8_t serial[EH_SERIAL_LEN];
	uint8_t tbs[EH_TBS_MAX];
	size_t len;
	unsigned turn;			/* decides which mechanism asks */
};

/* A new key of a device. */
struct eh_rawkey eh_load_key(void);

/* The ${number}-th device (with one_device: the first), with a new key (with
 * one_key: the same one). */
void eh_load_unit_make(
    const struct eh_load *, unsigned number, struct eh_load_unit *);

/*
 * Ask for its certificate, write down what came of it, check what came.
 * Patient: until the daemon is back; a TBS whose issue number has become too
 * old (an unclean stop since then) is rendered again.
 */
void eh_load_issue(
    struct eh_load *, CK_SESSION_HANDLE, struct eh_load_unit *);

/* Ask once and give the signature. */
CK_RV eh_load_sign(struct eh_load *, CK_SESSION_HANDLE,
    const struct eh_load_unit *, uint8_t signature[EH_SIGNATURE_LEN]);

/* Something happened that must not: said, and counted. */
void eh_load_wrong(struct eh_load *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Sleep at most so long: a random time. */
void eh_load_pause(unsigned most_us);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* cases.h - what is measured: one row per case. */
#ifndef EH_TEST_BENCH_CASES_H
#define EH_TEST_BENCH_CASES_H

#include <stddef.h>

#include "test/bench/bed.h"

/* What signs, in the words of the lines. */
#define BACKEND_NONE	  "none"
#define BACKEND_LIBCRYPTO "libcrypto"
#define BACKEND_SOFTHSM	  "softhsm2"

/* What a case consists of, beside this process. */
enum {
	CASE_DAEMON = 1,	/* edgehsmd works for it */
	CASE_CHILDREN = 2,	/* it is done by programs that we start */
	CASE_FSYNCS = 4,	/* it counts its own into bed.fsyncs */
	CASE_TPM = 8		/* with CASE_DAEMON: the one on a TPM */
};

/*
 * What a thread does with its context, which lasts for the whole run.  once()
 * is what is measured: it does as many operations as the case's ${batch} says
 * and returns 0, or says what went wrong and returns -1.  prepare() comes
 * before each; it is not in the latencies, but in the rate: it is work that any
 * client has.  check() looks at the last result after a window.
 */
struct bench_ops {
	int (*prepare)(void *); /* may be NULL */
	int (*once)(void *);
	int (*check)(void *); /* may be NULL */
	void (*end)(void *);
};

struct bench_case {
	const char *name;
	const char *limit; /* the case that it is divided by, or NULL */
	const char *backend;
	unsigned threads, batch, flags;
	void *(*begin)(struct bed *, unsigned batch);
	const struct bench_ops *ops;
};

extern const struct bench_case bench_cases[];
extern const size_t bench_ncases;

/* The row called ${name}, or NULL. */
const struct bench_case *bench_case_get(const char *name);

/* case_evp.c: by EVP_DigestSign. */
void *sign_raw_begin(struct bed *, unsigned);
void *sign_provider_begin(struct bed *, unsigned);
void *issue_provider_begin(struct bed *, unsigned);
extern const struct bench_ops evp_sign, evp_issue;

/* case_p11.c: through a PKCS#11 module. */
void *sign_softhsm_begin(struct bed *, unsigned);
void *sign_module_begin(struct bed *, unsigned);
void *issue_begin(struct bed *, unsigned);
void *issue_tpm_begin(struct bed *, unsigned);
extern const struct bench_ops p11_sign, p11_sign_digest, p11_issue;
extern const struct bench_ops p11_round_trip;

/* case_limit.c: what could be reached on this machine and this backend, and the
 * client's own share of an issue. */
void *limit_begin(struct bed *, unsigned batch);
void *render_begin(struct bed *, unsigned);
extern const struct bench_ops limit_make, limit_render;

/* case_peer.c: a process of the openssl command for each certificate. */
void *peer_software_begin(struct bed *, unsigned);
void *peer_provider_begin(struct bed *, unsigned);
extern const struct bench_ops peer_x509;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* cases.c - what is measured: one row per case. */
#include "config.h"

#include <string.h>

#include "test/bench/cases.h"

#define NONE	BACKEND_NONE
#define OWN	BACKEND_LIBCRYPTO
#define SOFTHSM BACKEND_SOFTHSM

/* README.md says what each of them measures. */
/* clang-format off */
const struct bench_case bench_cases[] = {
	/* name, limit, backend, threads, batch, flags, begin, ops */
	{ "sign-raw", NULL, OWN, 1, 1, 0,
	  sign_raw_begin, &evp_sign },
	{ "sign-softhsm", "sign-raw", SOFTHSM, 1, 1, 0,
	  sign_softhsm_begin, &p11_sign_digest },
	{ "round-trip", NULL, NONE, 1, 1, CASE_DAEMON,
	  sign_module_begin, &p11_round_trip },
	{ "sign-module", "sign-softhsm", SOFTHSM, 1, 1, CASE_DAEMON,
	  sign_module_begin, &p11_sign },
	{ "sign-module-k32", "sign-softhsm", SOFTHSM, 32, 1, CASE_DAEMON,
	  sign_module_begin, &p11_sign },
	{ "sign-provider", "sign-module", SOFTHSM, 1, 1, CASE_DAEMON,
	  sign_provider_begin, &evp_sign },
	{ "tbs-template", NULL, NONE, 1, 1, 0,
	  render_begin, &limit_render },
	{ "limit-serial", NULL, SOFTHSM, 1, 1, CASE_FSYNCS,
	  limit_begin, &limit_make },
	{ "limit-group", NULL, SOFTHSM, 2, 16, CASE_FSYNCS,
	  limit_begin, &limit_make },
	{ "issue-serial", "limit-serial", SOFTHSM, 1, 1, CASE_DAEMON,
	  issue_begin, &p11_issue },
	{ "issue-k32", "limit-group", SOFTHSM, 32, 1, CASE_DAEMON,
	  issue_begin, &p11_issue },
	{ "issue-tpm-serial", "issue-serial", SOFTHSM, 1, 1,
	  CASE_DAEMON | CASE_TPM, issue_tpm_begin, &p11_issue },
	{ "issue-tpm-k32", "issue-k32", SOFTHSM, 32, 1,
	  CASE_DAEMON | CASE_TPM, issue_tpm_begin, &p11_issue },
	{ "issue-provider", "issue-serial", SOFTHSM, 1, 1, CASE_DAEMON,
	  issue_provider_begin, &evp_issue },
	{ "peer-openssl-x509", "issue-serial", OWN, 1, 1, CASE_CHILDREN,
	  peer_software_begin, &peer_x509 },
	{ "peer-openssl-x509-provider", "peer-openssl-x509", SOFTHSM, 1, 1,
	  CASE_CHILDREN | CASE_DAEMON,
	  peer_provider_begin, &peer_x509 },
};
/* clang-format on */

const size_t bench_ncases = sizeof(bench_cases) / sizeof(bench_cases[0]);

const struct bench_case *
bench_case_get(const char *name)
{
	for (size_t i = 0; i < bench_ncases; i++)
		if (strcmp(bench_cases[i].name, name) == 0)
			return &bench_cases[i];
	return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* alg.c - signature algorithms by their COSE numbers. */
#include "config.h"

#include <stddef.h>

#include "common/crypto/alg.h"

/* clang-format off */
static const struct {
	int64_t alg;
	const char *name;
	int err;
} algs[] = {
	{ EH_ALG_ES256,   "ES256",     EH_OK },
	{ EH_ALG_ESP256,  "ESP256",    EH_OK },
	{ EH_ALG_EDDSA,   "EdDSA",     EH_OK },
	{ EH_ALG_ED25519, "Ed25519",   EH_OK },
	{ -35,            "ES384",     EH_ERR_UNSUPPORTED },
	{ -51,            "ESP384",    EH_ERR_UNSUPPORTED },
	{ -48,            "ML-DSA-44", EH_ERR_UNSUPPORTED },
	{ -49,            "ML-DSA-65", EH_ERR_UNSUPPORTED },
	{ -50,            "ML-DSA-87", EH_ERR_UNSUPPORTED },
};
/* clang-format on */
#define NALGS (sizeof(algs) / sizeof(algs[0]))

int
eh_alg_check(int64_t alg)
{
	for (size_t i = 0; i < NALGS; i++)
		if (algs[i].alg == alg)
			return algs[i].err;
	return EH_ERR_FORMAT;
}

const char *
eh_alg_name(int64_t alg)
{
	for (size_t i = 0; i < NALGS; i++)
		if (algs[i].alg == alg)
			return algs[i].name;
	return "unknown algorithm";
}

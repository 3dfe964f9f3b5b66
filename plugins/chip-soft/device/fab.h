/* SPDX-License-Identifier: Apache-2.0 */
/* fab.h - the silicon fab that soft chips come from: a CA for tests and demos,
 * whose key lies in a file. */
#ifndef EH_PLUGINS_CHIP_SOFT_DEVICE_FAB_H
#define EH_PLUGINS_CHIP_SOFT_DEVICE_FAB_H

#include <stddef.h>
#include <stdint.h>

#include "common/crypto/soft.h"
#include "common/err.h"
#include "common/message/types.h"

#define EH_FAB_CERT_MAX 1024

/* A certificate as the fab writes it: serial number 1, version 3, names of one
 * CN.  All zero but key, by and the names is one of a chip, valid from 2020 to
 * 9999. */
struct eh_fab_cert {
	const char *subject, *issuer;
	const struct eh_rawkey *key;
	struct eh_soft *by;
	uint8_t ca;			/* basicConstraints and keyCertSign */
	uint8_t path_given, path;
	uint8_t bare;			/* no extension at all */
	uint8_t odd;			/* a critical one that nobody knows */
	uint64_t not_before, not_after;	/* 0: as above */
};

/* EH_ERR_SPACE, EH_ERR_FORMAT, EH_ERR_CRYPTO. */
EH_MUST_CHECK int eh_fab_certify(const struct eh_fab_cert *, uint8_t *out,
    size_t cap, size_t *lenp);

/* The fab in a folder: silicon-ca.key (PEM), silicon-ca.der, and rotpk (32
 * octets), the digest of the root key that its chips are made to obey, when
 * there is one. */
struct eh_fab {
	struct eh_soft *key;
	uint8_t cert[EH_FAB_CERT_MAX];
	size_t certlen;
	uint8_t rotpk[EH_DIGEST_LEN];	/* zeros: none */
};

/* Make one in ${folder}, which may exist; ${rotpk} NULL: none.  EH_ERR_EXISTS
 * when it has one. */
EH_MUST_CHECK int eh_fab_make(const char *folder,
    const uint8_t rotpk[EH_DIGEST_LEN], struct eh_error *);

/* Open it; close it again, also after a failure. */
EH_MUST_CHECK int eh_fab_open(
    const char *folder, struct eh_fab *, struct eh_error *);
void eh_fab_close(struct eh_fab *);

#endif

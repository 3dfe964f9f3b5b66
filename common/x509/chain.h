/* SPDX-License-Identifier: Apache-2.0 */
/* chain.h - from the certificate of a chip to a silicon CA that is known by its
 * key. */
#ifndef EH_COMMON_X509_CHAIN_H
#define EH_COMMON_X509_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include "common/crypto/rawkey.h"
#include "common/err.h"
#include "common/message/types.h"
#include "common/x509/dn.h"

#define EH_CHAIN_MAX 3

/* When: what is certain to be past, and what is certain not to have come yet.
 * An unknown bound is 0, or EH_DATE_MAX. */
struct eh_chain_time {
	uint64_t earliest, latest;
};

/*
 * Verify a path by doc/format/evidence.md section 3: ${cert}[0] is the chip's,
 * each is signed by the next, and the key of the last is one of ${roots} (SHA-256
 * of the SPKI).  ${leaf} gets the chip's key.
 *
 * Of RFC 5280 it takes what such chains need and refuses all else: version 3,
 * P-256 with SHA-256 throughout, no extension twice, no critical one but
 * basicConstraints and keyUsage, CA true with keyCertSign and the path length
 * for those that sign, no CA for the chip's, names that chain, and dates that do
 * not exclude ${time}.  The last one only carries a key that is trusted already;
 * where it is self-issued, its own signature is verified too.
 *
 * EH_OK; EH_ERR_PROOF with a sentence; EH_ERR_CRYPTO, EH_ERR_MEMORY.
 */
EH_MUST_CHECK int eh_chain_verify(const struct eh_slice cert[], unsigned n,
    const uint8_t (*roots)[EH_DIGEST_LEN], unsigned nroots,
    const struct eh_chain_time *time, struct eh_rawkey *leaf,
    struct eh_error *);

#endif

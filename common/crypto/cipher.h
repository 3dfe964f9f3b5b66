/* SPDX-License-Identifier: Apache-2.0 */
/* cipher.h - AES-256 in counter mode, for the private part of the journal. */
#ifndef EH_COMMON_CRYPTO_CIPHER_H
#define EH_COMMON_CRYPTO_CIPHER_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

#define EH_AES256_KEY_LEN 32
#define EH_AES_BLOCK_LEN  16

/*
 * Encrypt or decrypt (the same thing) ${len} bytes with AES-256-CTR (NIST SP
 * 800-38A); ${counter} is the first counter block, counted up as one 128-bit
 * number.  ${in} and ${out} may be the same memory, and may not overlap
 * otherwise.  Return EH_OK or EH_ERR_CRYPTO; then ${out} is all zero.
 *
 * Nothing here authenticates: doc/format/record.md section 4 says what does.
 */
EH_MUST_CHECK int eh_aes256_ctr(const uint8_t key[EH_AES256_KEY_LEN],
    const uint8_t counter[EH_AES_BLOCK_LEN], const void *in, void *out,
    size_t len);

#endif

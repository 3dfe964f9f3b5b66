/* SPDX-License-Identifier: Apache-2.0 */
/* product.h - the product that is made: an IEEE 802.1AR IDevID. */
#ifndef EH_TEST_BENCH_PRODUCT_H
#define EH_TEST_BENCH_PRODUCT_H

#include "common/buf.h"
#include "common/x509/profile.h"
#include "common/x509/template.h"

/* Device ids are SN and eight digits. */
#define PRODUCT_DEVICES 100000000u

/* One product: its compiled profile, and for whom it is made. */
struct product {
	struct eh_profile profile;
	struct eh_buf bytes;		/* the profile borrows them */
	uint8_t authorization[EH_ID_LEN];
	uint64_t not_before;
};

/* Compile the profile for issuing key ${key}; exits on failure.  The caller
 * frees ${bytes}. */
void product_compile(struct product *, const struct eh_rawkey *key);

/* Render the TBSCertificate of device number ${device} with ${key} into ${tbs};
 * return its length, 0 on failure. */
size_t product_render(const struct product *, unsigned device,
    const struct eh_rawkey *key, uint8_t tbs[EH_TBS_MAX]);

#endif

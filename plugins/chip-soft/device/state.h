/* SPDX-License-Identifier: Apache-2.0 */
/* state.h - what the soft chip remembers: its id, its keys, its certificates. */
#ifndef EH_PLUGINS_CHIP_SOFT_DEVICE_STATE_H
#define EH_PLUGINS_CHIP_SOFT_DEVICE_STATE_H

#include <stdint.h>

#include "plugins/chip-soft/device/fab.h"
#include "plugins/chip-soft/protocol.h"

#define EH_CHIP_SOC_ID 16
#define EH_CHIP_SCALAR 32

struct eh_chip_state {
	uint8_t soc_id[EH_CHIP_SOC_ID];
	/* From the fab; a chip without one says nothing of itself. */
	uint8_t has_identity;
	uint8_t iak[EH_CHIP_SCALAR];	/* attestation key */
	uint8_t rotpk[32];
	size_t ncert[2];		/* of the chip, of the silicon CA */
	uint8_t cert[2][EH_FAB_CERT_MAX];
	struct eh_chip_place {
		uint8_t has_key;
		uint8_t scalar[EH_CHIP_SCALAR];	/* of P-256, big-endian */
		size_t len;			/* of what was written; 0: none */
		uint8_t data[EH_CHIP_DATA];
	} place[EH_CHIP_PLACES];
};

/* Read ${path} (deterministic CBOR, 0600); a new chip with an id of its own when
 * it does not exist.  EH_ERR_FORMAT, EH_ERR_IO, EH_ERR_CRYPTO. */
EH_MUST_CHECK int eh_chip_state_load(
    const char *path, struct eh_chip_state *, struct eh_error *);

/* Write it whole or not at all. */
EH_MUST_CHECK int eh_chip_state_save(
    const char *path, const struct eh_chip_state *, struct eh_error *);

#endif

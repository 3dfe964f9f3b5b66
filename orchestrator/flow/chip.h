/* SPDX-License-Identifier: Apache-2.0 */
/* chip.h - the chip in the socket, through its driver. */
#ifndef EH_ORCHESTRATOR_FLOW_CHIP_H
#define EH_ORCHESTRATOR_FLOW_CHIP_H

#include "common/buf.h"
#include "common/crypto/rawkey.h"
#include "common/err.h"
#include "common/message/types.h"
#include "orchestrator/flow/plugin.h"

/*
 * One open instance of a driver.  Every failure has the driver's own sentence.
 * What the driver lacks (eh_plugin_can()) is not called.
 */
struct eh_chip;

#define EH_CHIP_ID_LEN   16
#define EH_CHIP_FIRMWARE 64

struct eh_chip_identity {
	uint8_t id[EH_CHIP_ID_LEN];	/* soc_id */
	uint16_t lifecycle;
	char firmware[EH_CHIP_FIRMWARE];	/* printable, may be cut */
};

/*
 * Open ${driver} (borrowed) with ${config}, its checked JSON, for ${device}
 * (the variable device-id of the plugin).  ${watch} is copied.
 */
EH_MUST_CHECK int eh_chip_open(const struct eh_chip_driver *driver,
    const char *config, const char *device, const struct eh_host_watch *watch,
    struct eh_chip **chipp, struct eh_error *error);

/* Close; NULL is allowed. */
void eh_chip_close(struct eh_chip *chip);

/* Ask who it is.  EH_ERR_PROOF when it has no id but zeros. */
EH_MUST_CHECK int eh_chip_identify(struct eh_chip *chip,
    struct eh_chip_identity *identity, struct eh_error *error);

/* Ask again, and refuse another chip than ${id}: before what cannot be undone.
 * EH_ERR_PROOF. */
EH_MUST_CHECK int eh_chip_same(struct eh_chip *chip,
    const uint8_t id[EH_CHIP_ID_LEN], struct eh_error *error);

/*
 * Have a P-256 key made at ${place} and its proof of possession verified here:
 * a PKCS#10 request for that same key, signed by it, which is appended to
 * ${request} (empty).  EH_ERR_PROOF when the request speaks for another key or
 * is not signed by this one.
 */
EH_MUST_CHECK int eh_chip_keygen(struct eh_chip *chip, uint32_t place,
    struct eh_rawkey *key, struct eh_buf *request, struct eh_error *error);

/* Have it say who it is, over ${challenge}; what it says is opaque here and
 * appended to ${evidence} (empty). */
EH_MUST_CHECK int eh_chip_attest(struct eh_chip *chip,
    const uint8_t challenge[32], struct eh_buf *evidence,
    struct eh_error *error);

EH_MUST_CHECK int eh_chip_write_certificate(struct eh_chip *chip,
    uint32_t place, const uint8_t *der, size_t len, struct eh_error *error);

/* SHA-256 of what rests at ${place}.  EH_ERR_NOT_FOUND when nothing does. */
EH_MUST_CHECK int eh_chip_read_back(struct eh_chip *chip, uint32_t place,
    uint8_t sha256[EH_DIGEST_LEN], struct eh_error *error);

#endif

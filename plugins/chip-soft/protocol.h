/* SPDX-License-Identifier: Apache-2.0 */
/* protocol.h - what the driver and the process that plays the chip say to each
 * other. */
#ifndef EH_PLUGINS_CHIP_SOFT_PROTOCOL_H
#define EH_PLUGINS_CHIP_SOFT_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/*
 * Frames on a socketpair that the chip has as descriptor 3: u32 big-endian
 * length, then one deterministic CBOR map.  The driver asks
 *
 *	{ 0 => op, 1 => place, 2 => data }
 *
 * and the chip answers
 *
 *	{ 0 => result, 1 => data, 2 => more }
 *
 * with result 0 or a negative number of common/err.h.  No private key ever
 * crosses: that is why the chip is a process of its own.
 */
enum eh_chip_op {
	EH_CHIP_OP_IDENTIFY = 1,	/* answer: soc id (16), version text */
	EH_CHIP_OP_KEYGEN,		/* answer: public point, PKCS#10 */
	EH_CHIP_OP_SIGN,		/* data: message; answer: r || s */
	EH_CHIP_OP_WRITE,		/* data: certificate */
	EH_CHIP_OP_READ,		/* answer: SHA-256 of what is there */
	EH_CHIP_OP_ATTEST		/* data: nonce (32); answer: attestation
					 * (doc/format/evidence.md) */
};

/* What every soft chip says it is: out of the fab, to be provisioned. */
#define EH_CHIP_SOFT_CLASS     0x534f4654u
#define EH_CHIP_SOFT_LIFECYCLE 0x2000u

#define EH_CHIP_FD     3
#define EH_CHIP_PLACES 16
#define EH_CHIP_DATA   8192
#define EH_CHIP_FRAME  (2 * EH_CHIP_DATA + 64)

/* Bytes are borrowed from the frame that was decoded. */
struct eh_chip_request {
	enum eh_chip_op op;
	unsigned place;
	const uint8_t *data;
	size_t len;
};

struct eh_chip_reply {
	int result;
	const uint8_t *data, *more;
	size_t len, more_len;
};

/* How long the driver waits for a chip, whole frames and not each octet. */
struct eh_chip_patience {
	uint64_t until;			/* as eh_clock_monotonic_ns() */
	int (*cancelled)(void *arg);	/* asked at least once a second */
	void *arg;
};

/*
 * Send and receive one frame over ${fd}; ${frame} is of EH_CHIP_FRAME bytes.
 * EH_ERR_UNAVAILABLE when the other side is gone, EH_ERR_FORMAT.  The driver
 * besides: EH_ERR_IO when ${patience} has ended, EH_ERR_BUSY when it was
 * cancelled; what comes afterwards belongs to no request any more.  The chip
 * waits for requests as long as there is a driver.
 */
EH_MUST_CHECK int eh_chip_send_request(int fd, uint8_t *frame,
    const struct eh_chip_request *, const struct eh_chip_patience *);
EH_MUST_CHECK int eh_chip_send_reply(
    int fd, uint8_t *frame, const struct eh_chip_reply *);
EH_MUST_CHECK int eh_chip_receive_request(
    int fd, uint8_t *frame, struct eh_chip_request *);
EH_MUST_CHECK int eh_chip_receive_reply(int fd, uint8_t *frame,
    struct eh_chip_reply *, const struct eh_chip_patience *);

#endif

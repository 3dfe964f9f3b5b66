/* SPDX-License-Identifier: Apache-2.0 */
/* serial.h - the certificate serial that everybody can compute. */
#ifndef EH_COMMON_X509_SERIAL_H
#define EH_COMMON_X509_SERIAL_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/message/types.h"

#define EH_SERIAL_LEN 16

/*
 * SHA-256("EdgeHSM-serial-v1" || authorization id || device id || template
 * index || issue number, big-endian)[0..16] with the first octet (x & 0x7f) |
 * 0x40, so that the DER INTEGER always has 16 octets.  Host, boundary, auditor
 * and authority compute the same value (doc/format/template.md).
 *
 * Return EH_OK, or EH_ERR_ARGUMENT and zeros when the device id is absent.
 */
EH_MUST_CHECK int eh_serial(const uint8_t authorization[EH_ID_LEN],
    const struct eh_device_id *device, uint8_t template_index,
    uint16_t issue_number, uint8_t out[EH_SERIAL_LEN]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* crc.h - CRC-32C: torn or whole, never forged or ours. */
#ifndef EH_COMMON_CRC_H
#define EH_COMMON_CRC_H

#include <stddef.h>
#include <stdint.h>

/*
 * Return the CRC-32C (Castagnoli, reflected polynomial 82f63b78) of what ${crc}
 * is the CRC of, followed by these bytes.  Begin with 0:
 *
 *	crc = eh_crc32c(0, head, 44);
 *	crc = eh_crc32c(crc, rest, len);
 *
 * eh_crc32c(0, "123456789", 9) is e3069283.
 */
uint32_t eh_crc32c(uint32_t crc, const void *bytes, size_t len);

#endif

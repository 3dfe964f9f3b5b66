/* SPDX-License-Identifier: Apache-2.0 */
/* serial.c - the certificate serial that everybody can compute. */
#include "config.h"

#include <string.h>

#include "common/crypto/digest.h"
#include "common/x509/serial.h"

int
eh_serial(const uint8_t authorization[EH_ID_LEN],
    const struct eh_device_id *device, uint8_t template_index,
    uint16_t issue_number, uint8_t out[EH_SERIAL_LEN])
{
	static const char prefix[] = "EdgeHSM-serial-v1";
	const uint8_t tail[] = { template_index, (uint8_t)(issue_number >> 8),
		(uint8_t)issue_number };
	uint8_t digest[EH_SHA256_LEN];
	struct eh_sha256 sha;

	memset(out, 0, EH_SERIAL_LEN);
	if (device->len < 1 || device->len > EH_DEVICE_ID_MAX)
		return EH_ERR_ARGUMENT;
	eh_sha256_init(&sha);
	eh_sha256_update(&sha, prefix, sizeof(prefix) - 1);
	eh_sha256_update(&sha, authorization, EH_ID_LEN);
	eh_sha256_update(&sha, device->bytes, device->len);
	eh_sha256_update(&sha, tail, sizeof(tail));
	eh_sha256_final(&sha, digest);
	memcpy(out, digest, EH_SERIAL_LEN);
	/* 40 to 7f: positive, and no leading zero, so always 16 octets. */
	out[0] = (uint8_t)((out[0] & 0x7f) | 0x40);
	return EH_OK;
}

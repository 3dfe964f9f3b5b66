/* SPDX-License-Identifier: Apache-2.0 */
/* profile_openssl.h - a configuration for the openssl command that makes a
 * given TBSCertificate. */
#ifndef EH_ORCHESTRATOR_CLI_PROFILE_OPENSSL_H
#define EH_ORCHESTRATOR_CLI_PROFILE_OPENSSL_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/err.h"

struct eh_profile_openssl {
	const uint8_t *tbs;		/* rendered, for any public key */
	size_t len;
	int key_id_field;		/* its subject key id is of that key */
	uint32_t days;			/* of a not-after field; 0: none */
	const char *what;		/* "idevid of gateway-a ..." */
	const char *device;		/* names the files in the commands */
};

/*
 * Write to ${out} a configuration with which `openssl ca` (and `openssl x509
 * -req`, where validity is a number of days) makes exactly these octets, but
 * for the public key, which comes from the request.  The commands stand in it
 * as comments.
 *
 * EH_ERR_UNSUPPORTED, with a sentence, for what these commands cannot write: a
 * string type that libcrypto would choose otherwise, a date in the form that
 * RFC 5280 does not want for it.
 */
EH_MUST_CHECK int eh_profile_openssl_print(const struct eh_profile_openssl *,
    FILE *out, struct eh_error *error);

#endif

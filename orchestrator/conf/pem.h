/* SPDX-License-Identifier: Apache-2.0 */
/* pem.h - certificates, requests and public keys in files: PEM or DER. */
#ifndef EH_ORCHESTRATOR_CONF_PEM_H
#define EH_ORCHESTRATOR_CONF_PEM_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"

#define EH_PEM_MAX_FILE 65536

/*
 * Read the DER of the first PEM block with ${label} ("CERTIFICATE",
 * "CERTIFICATE REQUEST", "PUBLIC KEY") in the file ${path} into ${out}, which
 * is initialised here; a file that begins with octet 30 is taken as DER.  The
 * caller frees ${out} with eh_buf_free() whatever the result.  Returns EH_OK;
 * EH_ERR_FORMAT when there is no such block; else as eh_file_read(); each with
 * a sentence that names the file.
 */
EH_MUST_CHECK int eh_pem_read(const char *path, const char *label,
    struct eh_buf *out, struct eh_error *error);

/* The same for ${len} ${bytes} that the user knows as ${name}. */
EH_MUST_CHECK int eh_pem_decode(const char *name, const char *label,
    const uint8_t *bytes, size_t len, struct eh_buf *out,
    struct eh_error *error);

/* Append ${der} as a PEM block with ${label} to ${out}.  Returns EH_OK,
 * EH_ERR_FULL or EH_ERR_MEMORY. */
EH_MUST_CHECK int eh_pem_encode(
    const char *label, const uint8_t *der, size_t len, struct eh_buf *out);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* chip.c - the chip in the socket, through its driver. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "common/message/param.h"
#include "common/x509/csr.h"
#include "orchestrator/flow/chip.h"

#define ES256	     ((uint32_t)-7)	/* COSE: ECDSA with SHA-256 */
#define POINT_MAX    256
#define CHAIN_MAX    16384

struct eh_chip {
	const struct eh_chip_driver *driver;
	struct eh_host_ctx host;
	void *inst;
	uint8_t chain[CHAIN_MAX];	/* what identify gives is not kept */
	uint8_t transport[1024];
	uint8_t proof[EH_CSR_MAX];
	uint8_t evidence[EH_EVIDENCE_MAX];
};

int
eh_chip_open(const struct eh_chip_driver *driver, const char *config,
    const char *device, const struct eh_host_watch *watch,
    struct eh_chip **chipp, struct eh_error *error)
{
	struct eh_plugin_bytes json = { (const uint8_t *)config,
		strlen(config) };
	struct eh_chip *c;
	int err;

	*chipp = NULL;
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return EH_ERR_MEMORY;
	c->driver = driver;
	eh_host_init(&c->host, driver->plugin->name);
	if (watch != NULL)
		c->host.watch = *watch;
	if ((err = eh_host_set(&c->host, "device-id", device,
		 strlen(device))) == EH_OK)
		err = eh_host_result(&c->host, "open",
		    driver->ops.open(&c->host, json, &c->inst), error);
	if (err == EH_OK)
		*chipp = c;
	else
		free(c);
	return err;
}

void
eh_chip_close(struct eh_chip *c)
{
	if (c == NULL)
		return;
	c->driver->ops.close(c->inst);
	free(c);
}

/* Firmware versions are shown to people: cut and made printable. */
static void
copy_text(const uint8_t *bytes, size_t len, char *out, size_t cap)
{
	size_t n = len < cap - 1 ? len : cap - 1;

	for (size_t i = 0; i < n; i++)
		out[i] = bytes[i] < 0x20 || bytes[i] > 0x7e ? '?' :
							      (char)bytes[i];
	out[n] = '\0';
}

int
eh_chip_identify(struct eh_chip *c, struct eh_chip_identity *identity,
    struct eh_error *error)
{
	static const uint8_t nobody[EH_CHIP_ID_LEN];
	uint8_t firmware[256];
	struct eh_plugin_ident ident = {
		.struct_size = sizeof(ident),
		.firmware = { firmware, sizeof(firmware), 0 },
		.transport_key = { c->transport, sizeof(c->transport), 0 },
		.certificates = { c->chain, sizeof(c->chain), 0 },
	};
	int err;

	memset(identity, 0, sizeof(*identity));
	if ((err = eh_host_result(&c->host, "identify",
		 c->driver->ops.identify(c->inst, &ident), error)) != EH_OK)
		return err;
	if (memcmp(ident.soc_id, nobody, EH_CHIP_ID_LEN) == 0)
		return eh_error_set(error, EH_ERR_PROOF,
		    "%s: identify gave no chip id, so that no chip could be "
		    "told from another",
		    c->driver->plugin->name);
	memcpy(identity->id, ident.soc_id, EH_CHIP_ID_LEN);
	identity->lifecycle = ident.lifecycle;
	copy_text(firmware,
	    ident.firmware.len <= sizeof(firmware) ? ident.firmware.len : 0,
	    identity->firmware, sizeof(identity->firmware));
	return EH_OK;
}

int
eh_chip_same(struct eh_chip *c, const uint8_t id[EH_CHIP_ID_LEN],
    struct eh_error *error)
{
	char begun[EH_HEX_SIZE(EH_CHIP_ID_LEN)];
	char now[EH_HEX_SIZE(EH_CHIP_ID_LEN)];
	struct eh_chip_identity identity;
	int err = eh_chip_identify(c, &identity, error);

	if (err != EH_OK || memcmp(identity.id, id, EH_CHIP_ID_LEN) == 0)
		return err;
	eh_hex_encode(id, EH_CHIP_ID_LEN, begun);
	eh_hex_encode(identity.id, EH_CHIP_ID_LEN, now);
	return eh_error_set(error, EH_ERR_PROOF,
	    "another chip is in the socket: the device was begun with chip %s, "
	    "and this one is %s",
	    begun, now);
}

/* Does ${proof} show that whoever made it holds the key ${point}? */
static int
check_proof(const struct eh_chip *c, const struct eh_plugin_buf *point,
    const struct eh_plugin_buf *proof, struct eh_rawkey *key,
    struct eh_error *error)
{
	struct eh_rawkey proven;
	struct eh_error why;
	struct eh_csr csr;
	int err;

	eh_error_clear(&why);
	if (point->len != EH_P256_POINT_LEN ||
	    eh_rawkey_set(key, point->data, point->len) != EH_OK)
		return eh_error_set(error, EH_ERR_PROOF,
		    "%s: keygen gave %zu octets that are no P-256 key",
		    c->driver->plugin->name, point->len);
	if (eh_csr_decode(&csr, proof->data, proof->len) != EH_OK)
		return eh_error_set(error, EH_ERR_PROOF,
		    "%s: the proof of possession is not a PKCS#10 request "
		    "(%zu octets)",
		    c->driver->plugin->name, proof->len);
	if ((err = eh_csr_verify(&csr, &why)) != EH_OK)
		return eh_error_set(error, EH_ERR_PROOF,
		    "%s: the proof of possession does not verify: %s",
		    c->driver->plugin->name, eh_error_sentence(&why));
	if (eh_rawkey_from_spki(&proven, csr.spki.der.at, csr.spki.der.len) !=
		EH_OK ||
	    !eh_rawkey_equal(&proven, key))
		return eh_error_set(error, EH_ERR_PROOF,
		    "%s: the proof of possession is for another key than the "
		    "one that was made",
		    c->driver->plugin->name);
	return EH_OK;
}

int
eh_chip_keygen(struct eh_chip *c, uint32_t place, struct eh_rawkey *key,
    struct eh_buf *request, struct eh_error *error)
{
	uint8_t bytes[POINT_MAX];
	struct eh_plugin_buf point = { bytes, sizeof(bytes), 0 };
	struct eh_plugin_buf proof = { c->proof, sizeof(c->proof), 0 };
	int err = eh_host_result(&c->host, "keygen",
	    c->driver->ops.keygen(c->inst, place, ES256, &point, &proof),
	    error);

	if (err != EH_OK)
		return err;
	if (point.len > sizeof(bytes) || proof.len > sizeof(c->proof))
		return eh_error_set(error, EH_ERR_INTERNAL,
		    "%s: keygen gave more than there was room for",
		    c->driver->plugin->name);
	err = check_proof(c, &point, &proof, key, error);
	return err != EH_OK ? err :
			      eh_buf_append(request, proof.data, proof.len);
}

int
eh_chip_attest(struct eh_chip *c, const uint8_t challenge[32],
    struct eh_buf *evidence, struct eh_error *error)
{
	struct eh_plugin_buf out = { c->evidence, sizeof(c->evidence), 0 };
	int err = eh_host_result(&c->host, "attest",
	    c->driver->ops.attest(c->inst, challenge, &out), error);

	if (err != EH_OK)
		return err;
	if (out.len == 0 || out.len > sizeof(c->evidence))
		return eh_error_set(error, EH_ERR_INTERNAL,
		    "%s: attest gave %zu octets, and there was room for %zu",
		    c->driver->plugin->name, out.len, sizeof(c->evidence));
	return eh_buf_append(evidence, out.data, out.len);
}

int
eh_chip_write_certificate(struct eh_chip *c, uint32_t place,
    const uint8_t *der, size_t len, struct eh_error *error)
{
	struct eh_plugin_bytes bytes = { der, len };

	return eh_host_result(&c->host, "write_certificate",
	    c->driver->ops.write_certificate(c->inst, place, bytes), error);
}

int
eh_chip_read_back(struct eh_chip *c, uint32_t place,
    uint8_t sha256[EH_DIGEST_LEN], struct eh_error *error)
{
	/* A driver that writes nothing shall not be taken at what the caller
	 * had there. */
	memset(sha256, 0, EH_DIGEST_LEN);
	return eh_host_result(&c->host, "read_back",
	    c->driver->ops.read_back(c->inst, place, sha256), error);
}

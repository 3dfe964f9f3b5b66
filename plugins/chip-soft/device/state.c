/* SPDX-License-Identifier: Apache-2.0 */
/* state.c - what the soft chip remembers: its id, its keys, its certificates. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/cbor/cbor.h"
#include "common/crypto/random.h"
#include "common/file.h"
#include "common/wipe.h"
#include "plugins/chip-soft/device/state.h"

#define FILE_MAX (EH_CHIP_PLACES * (EH_CHIP_DATA + 64) + 4096)

static void
load_identity(struct eh_cbor *c, struct eh_chip_state *s)
{
	const uint8_t *der;

	eh_cbor_array(c, 4, 4);
	eh_cbor_fixed(c, s->iak, sizeof(s->iak));
	eh_cbor_fixed(c, s->rotpk, sizeof(s->rotpk));
	for (unsigned i = 0; i < 2; i++) {
		der = eh_cbor_bytes(c, 1, EH_FAB_CERT_MAX, &s->ncert[i]);
		memcpy(s->cert[i], der, s->ncert[i]);
	}
	eh_cbor_leave(c);
}

int
eh_chip_state_load(
    const char *path, struct eh_chip_state *s, struct eh_error *error)
{
	struct eh_buf file;
	struct eh_cbor c;
	const uint8_t *data;
	size_t len;
	int err;

	memset(s, 0, sizeof(*s));
	err = eh_file_read(path, FILE_MAX, &file, error);
	if (err == EH_ERR_NOT_FOUND) {
		eh_buf_free(&file);
		return eh_random(s->soc_id, sizeof(s->soc_id));
	}
	if (err != EH_OK)
		goto out;
	/* [ soc id, [ scalar or empty, data or empty ] ...,
	 *   ? [ attestation key, root key, certificate, that of the CA ] ] */
	eh_cbor_init(&c, file.data, file.len, 4 * EH_CHIP_PLACES + 8);
	s->has_identity = eh_cbor_array(&c, 1 + EH_CHIP_PLACES,
	    2 + EH_CHIP_PLACES) == 2 + EH_CHIP_PLACES;
	eh_cbor_fixed(&c, s->soc_id, sizeof(s->soc_id));
	for (unsigned i = 0; i < EH_CHIP_PLACES; i++) {
		struct eh_chip_place *p = &s->place[i];

		eh_cbor_array(&c, 2, 2);
		data = eh_cbor_bytes(&c, 0, EH_CHIP_SCALAR, &len);
		if (len != 0 && len != EH_CHIP_SCALAR)
			eh_cbor_fail(&c, EH_ERR_FORMAT);
		p->has_key = len == EH_CHIP_SCALAR;
		memcpy(p->scalar, data, p->has_key ? len : 0);
		data = eh_cbor_bytes(&c, 0, EH_CHIP_DATA, &p->len);
		memcpy(p->data, data, p->len);
		eh_cbor_leave(&c);
	}
	if (s->has_identity)
		load_identity(&c, s);
	eh_cbor_leave(&c);
	if ((err = eh_cbor_end(&c)) != EH_OK)
		eh_error_set(error, err, "%s is no state of a soft chip", path);
out:
	eh_buf_free(&file);
	return err;
}

int
eh_chip_state_save(
    const char *path, const struct eh_chip_state *s, struct eh_error *error)
{
	struct eh_writer w;
	uint8_t *out;
	size_t len;
	int err;

	if ((out = malloc(FILE_MAX)) == NULL)
		return EH_ERR_MEMORY;
	eh_writer_init(&w, out, FILE_MAX);
	eh_cbor_put_array(&w, 1u + EH_CHIP_PLACES + (s->has_identity != 0));
	eh_cbor_put_bytes(&w, s->soc_id, sizeof(s->soc_id));
	for (unsigned i = 0; i < EH_CHIP_PLACES; i++) {
		const struct eh_chip_place *p = &s->place[i];

		eh_cbor_put_array(&w, 2);
		eh_cbor_put_bytes(
		    &w, p->scalar, p->has_key ? EH_CHIP_SCALAR : 0);
		eh_cbor_put_bytes(&w, p->data, p->len);
	}
	if (s->has_identity) {
		eh_cbor_put_array(&w, 4);
		eh_cbor_put_bytes(&w, s->iak, sizeof(s->iak));
		eh_cbor_put_bytes(&w, s->rotpk, sizeof(s->rotpk));
		eh_cbor_put_bytes(&w, s->cert[0], s->ncert[0]);
		eh_cbor_put_bytes(&w, s->cert[1], s->ncert[1]);
	}
	if ((err = eh_writer_end(&w, &len)) == EH_OK)
		err = eh_file_write(path, out, len, 0600, error);
	eh_wipe(out, FILE_MAX);
	free(out);
	return err;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* tpm2_none.c - where edgehsmd was built without tpm2-tss. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "quota-engine/backend/counted.h"

/* Nobody gets one, so nothing else is ever called. */
int
eh_counted_open(const char *tcti, uint32_t first, unsigned patience_ms,
    struct eh_counted **counted, struct eh_error *error)
{
	(void)first;
	(void)patience_ms;
	*counted = NULL;
	return eh_error_set(error, EH_ERR_CONFIG,
	    "this edgehsmd was built without tpm2-tss (--without-tpm), so "
	    "issuing keys cannot be in the TPM at %s (backend.issuing): take "
	    "one built with it", tcti);
}

void
eh_counted_close(struct eh_counted *c)
{
	if (c != NULL)
		abort();
}

static int
none(struct eh_error *error)
{
	return eh_error_set(error, EH_ERR_CONFIG,
	    "this edgehsmd was built without tpm2-tss (--without-tpm)");
}

void
eh_counted_bind(struct eh_counted *c, const uint8_t secret[EH_SHA256_LEN])
{
	(void)c;
	(void)secret;
}

int
eh_counted_make(struct eh_counted *c, const struct eh_counted_key *key,
    struct eh_rawkey *public, struct eh_error *error)
{
	(void)c;
	(void)key;
	(void)public;
	return none(error);
}

int
eh_counted_look(struct eh_counted *c, const struct eh_rawkey *count_key,
    const struct eh_count_index *index, struct eh_counted_view *view,
    struct eh_error *error)
{
	(void)c;
	(void)count_key;
	(void)index;
	memset(view, 0, sizeof(*view));
	return none(error);
}

int
eh_counted_begin(struct eh_counted *c, int (*taken)(void *arg, uint32_t handle),
    void *arg, struct eh_count_index *index, struct eh_error *error)
{
	(void)c;
	(void)taken;
	(void)arg;
	memset(index, 0, sizeof(*index));
	return none(error);
}

int
eh_counted_awaits(struct eh_counted *c, const struct eh_count_index *index)
{
	(void)c;
	(void)index;
	return 0;
}

int
eh_counted_write(struct eh_counted *c, const struct eh_rawkey *count_key,
    const struct eh_count_index *index, uint32_t limit,
    const uint8_t signature[64], struct eh_error *error)
{
	(void)c;
	(void)count_key;
	(void)index;
	(void)limit;
	(void)signature;
	return none(error);
}

int
eh_counted_sign(struct eh_counted *c, const struct eh_counted_key *key,
    const struct eh_count_index *index, const uint8_t approval[64],
    const uint8_t digest[EH_SHA256_LEN], uint8_t signature[64], int *spentp,
    struct eh_error *error)
{
	(void)c;
	(void)key;
	(void)index;
	(void)approval;
	(void)digest;
	*spentp = 0;
	memset(signature, 0, 64);
	return none(error);
}

int
eh_counted_remove(struct eh_counted *c, const struct eh_rawkey *count_key,
    const struct eh_count_index *index, struct eh_error *error)
{
	(void)c;
	(void)count_key;
	(void)index;
	return none(error);
}

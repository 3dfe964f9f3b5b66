/* SPDX-License-Identifier: Apache-2.0 */
/* ticket.c - what a login gives: version, role, uid, generation, random, MAC. */
#include "config.h"

#include <string.h>

#include "common/crypto/mac.h"
#include "common/ct.h"
#include "common/reader.h"
#include "common/writer.h"
#include "quota-engine/rng.h"
#include "quota-engine/ticket.h"

#define LABEL   "EdgeHSM-ticket-v1"
#define FORM    1
#define RANDOM  16
#define BODY    (EH_TICKET_LEN - EH_SHA256_LEN)

void
eh_ticket_key(const uint8_t key[EH_DIGEST_LEN], uint8_t out[EH_SHA256_LEN])
{
	eh_hmac_sha256(key, EH_DIGEST_LEN, LABEL, strlen(LABEL), out);
}

int
eh_ticket_make(const uint8_t key[EH_SHA256_LEN],
    const struct eh_ticket_claim *claim, uint8_t ticket[EH_TICKET_LEN])
{
	uint8_t random[RANDOM];
	struct eh_writer w;
	size_t len = 0;
	int err;

	if ((err = eh_rng_fill(random, sizeof(random))) != EH_OK)
		return err;
	eh_writer_init(&w, ticket, BODY);
	eh_writer_u8(&w, FORM);
	eh_writer_u8(&w, (uint8_t)claim->role);
	eh_writer_u32(&w, claim->uid);
	eh_writer_u32(&w, claim->generation);
	eh_writer_bytes(&w, random, sizeof(random));
	if ((err = eh_writer_end(&w, &len)) == EH_OK)
		eh_hmac_sha256(key, EH_SHA256_LEN, ticket, len, ticket + len);
	return err;
}

int
eh_ticket_read(const uint8_t key[EH_SHA256_LEN], const uint8_t *ticket,
    size_t len, struct eh_ticket_claim *claim)
{
	uint8_t mac[EH_SHA256_LEN], random[RANDOM];
	struct eh_reader r;
	unsigned version, role;

	memset(claim, 0, sizeof(*claim));
	if (len != EH_TICKET_LEN)
		return EH_DENIED_LOGIN;
	eh_hmac_sha256(key, EH_SHA256_LEN, ticket, BODY, mac);
	if (!eh_ct_equal(mac, ticket + BODY, sizeof(mac)))
		return EH_DENIED_LOGIN;
	eh_reader_init(&r, ticket, BODY);
	version = eh_reader_u8(&r);
	role = eh_reader_u8(&r);
	claim->uid = eh_reader_u32(&r);
	claim->generation = eh_reader_u32(&r);
	eh_reader_bytes(&r, random, sizeof(random));
	if (eh_reader_end(&r) != EH_OK || version != FORM ||
	    (role != EH_ROLE_OFFICER && role != EH_ROLE_OPERATOR))
		return EH_DENIED_LOGIN;
	claim->role = (enum eh_wire_role)role;
	return EH_OK;
}

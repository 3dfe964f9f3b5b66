/* SPDX-License-Identifier: Apache-2.0 */
/* boundary.c - the parts of a running daemon, as its request handlers see them. */
#include "config.h"

#include <string.h>

#include "common/clock.h"
#include "common/crypto/digest.h"
#include "common/log.h"
#include "quota-engine/boundary.h"
#include "quota-engine/health.h"

void
eh_boundary_init(struct eh_boundary *b)
{
	memset(b, 0, sizeof(*b));
	pthread_mutex_init(&b->ceremony, NULL);
	pthread_mutex_init(&b->stop, NULL);
	eh_throttle_init(&b->throttle);
	eh_shelf_init(&b->evidence);
	eh_challenges_init(&b->challenges);
	/* Microseconds: above what any earlier process can have reached. */
	atomic_init(&b->generation, eh_clock_wall() * 1000000);
	atomic_init(&b->is_stopped, 0);
}

void
eh_boundary_wipe(struct eh_boundary *b)
{
	eh_challenges_wipe(&b->challenges);
	eh_shelf_wipe(&b->evidence);
	eh_throttle_wipe(&b->throttle);
	pthread_mutex_destroy(&b->stop);
	pthread_mutex_destroy(&b->ceremony);
}

void
eh_boundary_stop(struct eh_boundary *b, const char *why)
{
	pthread_mutex_lock(&b->stop);
	if (!atomic_load(&b->is_stopped)) {
		eh_error_set(
		    &b->stopped, EH_DENIED_FAIL_STOPPED, "%s", why);
		atomic_store(&b->is_stopped, 1);
		eh_log(EH_LOG_ERROR, "fail-stopped: %s", why);
	}
	pthread_mutex_unlock(&b->stop);
}

enum eh_wire_state
eh_boundary_state(struct eh_boundary *b, struct eh_error *why)
{
	const char *unwell = eh_health_why();

	if (unwell != NULL)
		eh_boundary_stop(b, unwell);
	if (atomic_load(&b->is_stopped)) {
		*why = b->stopped;
		return EH_STATE_FAIL_STOPPED;
	}
	switch (eh_engine_status(b->engine, why)) {
	case EH_ENGINE_FRESH:
		return EH_STATE_FRESH;
	case EH_ENGINE_READY:
		return EH_STATE_READY;
	case EH_ENGINE_STOPPED:
		break;
	}
	return EH_STATE_FAIL_STOPPED;
}

void
eh_boundary_changed(struct eh_boundary *b)
{
	atomic_fetch_add(&b->generation, 1);
}

uint64_t
eh_boundary_authorization_object(const uint8_t id[EH_ID_LEN])
{
	uint8_t digest[EH_SHA256_LEN];
	uint64_t number = 0;

	eh_sha256(id, EH_ID_LEN, digest);
	for (unsigned i = 0; i < 8; i++)
		number = number << 8 | digest[i];
	return (number & (EH_OBJECT_AUTHORIZATION - 1)) |
	    EH_OBJECT_AUTHORIZATION;
}

enum eh_custody
eh_boundary_custody(const struct eh_state *state)
{
	unsigned issuing = EH_CUSTODY_SEPARATE + 1;
	unsigned attestation = EH_CUSTODY_PIN_FILE;

	for (size_t i = 0; i < EH_STATE_KEYS; i++) {
		const struct eh_state_key *key = &state->key[i];

		if (key->object == 0)
			continue;
		if (key->purpose == EH_PURPOSE_ATTESTATION)
			attestation = key->custody;
		if (key->purpose == EH_PURPOSE_ISSUING &&
		    key->custody < issuing)
			issuing = key->custody;
	}
	return (enum eh_custody)(
	    issuing <= EH_CUSTODY_SEPARATE ? issuing : attestation);
}

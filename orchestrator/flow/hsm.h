/* SPDX-License-Identifier: Apache-2.0 */
/* hsm.h - what a line asks of the EdgeHSM. */
#ifndef EH_ORCHESTRATOR_FLOW_HSM_H
#define EH_ORCHESTRATOR_FLOW_HSM_H

#include "common/buf.h"
#include "common/err.h"
#include "common/message/param.h"
#include "common/message/report.h"
#include "orchestrator/token/token.h"

/*
 * A table, so that tests can play an EdgeHSM that is cut off in the middle.
 * Failures carry the boundary's own sentence.
 */
struct eh_hsm_ops {
	/* What it says of itself now; the struct is the caller's. */
	int (*status)(void *arg, struct eh_token_status *status,
	    struct eh_error *error);
	/* Is there an issuing key whose SPKI has this SHA-256?
	 * EH_ERR_NOT_FOUND. */
	int (*find_issuer)(void *arg, const uint8_t issuer[EH_DIGEST_LEN],
	    struct eh_error *error);
	/* Sign ${tbs} with that key as ${param} says; append the certificate
	 * to ${der}. */
	int (*sign)(void *arg, const uint8_t issuer[EH_DIGEST_LEN],
	    const struct eh_issue_param *param, const uint8_t *tbs, size_t len,
	    struct eh_buf *der, struct eh_error *error);
	/* The challenge that the device's chip must sign. */
	int (*challenge)(void *arg, const uint8_t authorization[EH_ID_LEN],
	    const char *id_kind, const struct eh_device_id *device,
	    uint8_t challenge[EH_TOKEN_CHALLENGE], struct eh_error *error);
	/* Record what became of a device. */
	int (*report)(void *arg, const uint8_t authorization[EH_ID_LEN],
	    const char *id_kind, const struct eh_device_id *device,
	    const struct eh_unit_report *report, struct eh_error *error);
	/* Look through the log from ${first} on for a report of the device
	 * with ${outcome}; 1 or 0 in ${foundp}. */
	int (*find_report)(void *arg, const uint8_t authorization[EH_ID_LEN],
	    const struct eh_device_id *device, enum eh_outcome outcome,
	    uint64_t first, int *foundp, struct eh_error *error);
};

struct eh_hsm {
	const struct eh_hsm_ops *ops;
	void *arg;
};

/*
 * The real one: ${token} (borrowed, logged in as operator) for status, reports
 * and the log; signatures by libcrypto through the provider, which gets its PIN
 * from ${pin_file} (may be NULL).  EH_ERR_UNAVAILABLE when the provider does
 * not load.
 */
EH_MUST_CHECK int eh_hsm_open(struct eh_token *token, const char *pin_file,
    struct eh_hsm *hsm, struct eh_error *error);
void eh_hsm_close(struct eh_hsm *hsm);

#endif

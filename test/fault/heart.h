/* SPDX-License-Identifier: Apache-2.0 */
/* heart.h - a quota engine on a simulated machine, for tests. */
#ifndef EH_TEST_FAULT_HEART_H
#define EH_TEST_FAULT_HEART_H

#include "quota-engine/core.h"
#include "quota-engine/logread.h"
#include "test/fault/sim.h"

/*
 * Devices, authorizations and requests are numbers here; a signature is made
 * from the digest and a nonce, so that a second signature over the same bytes
 * differs, as with ECDSA.
 */
struct heart {
	struct eh_os *os;		/* that of ${sim}, or a real one */
	struct sim *sim;
	struct eh_engine *eng;
	struct eh_engine_keys keys;
	struct eh_error error;
	uint32_t segment;
	uint32_t signatures;		/* made so far */
};

/* An authorization, as a test writes it and as its redo bytes carry it. */
struct heart_order {
	uint32_t number;		/* its id is made from this */
	uint32_t supersedes;		/* number of another, or 0 */
	uint32_t profile;		/* number of the profile's name */
	uint32_t lease;
	uint64_t quota;			/* devices */
	uint64_t issues, reissues;	/* quotas of these operations */
	uint32_t uses;			/* issues per device */
	uint32_t grace;
	uint32_t max_unacked, max_unaccounted;
	uint64_t expires;		/* 0: in 300 days */
	uint32_t max_offline;		/* s; 0: no limit */
	uint32_t quality;		/* least; 0 means 1 */
};

/* An order of ${quota} devices with one template, lease ${lease}. */
struct heart_order heart_order(
    uint32_t number, uint64_t quota, uint32_t lease);

/* What is asked for. */
struct heart_ask {
	uint32_t order;
	uint32_t device;
	uint32_t key;			/* another key: other bytes */
	uint8_t template_index;
	uint8_t templates;		/* of the profile; 0 means 1 */
	uint32_t token;			/* 0: none */
};

/* Machine, engine, genesis; nothing runs in threads. */
void heart_begin(struct heart *, uint64_t seed);

/* The same on a real machine: ${os} is set, ${sim} stays NULL. */
void heart_begin_on(struct heart *, struct eh_os *os);

/* Make an engine and open what is on the disk.  EH_OK or what open() says. */
int heart_open(struct heart *);

/* Forget the engine, as when the process dies. */
void heart_drop(struct heart *);

/* Drop, reboot the disk, open. */
int heart_restart(struct heart *);

/* Stop cleanly and drop. */
int heart_stop(struct heart *);

/* Drop all. */
void heart_end(struct heart *);

/* Install an authorization. */
int heart_install(struct heart *, const struct heart_order *);

/* An attestation of ${time}, 2 s unsure, with number ${tseq}, for a nonce that
 * went out just now; gives all boot grace anew. */
int heart_attest(struct heart *, uint64_t time, uint64_t tseq);

/* A change of the state without a record: the label of the token. */
int heart_label(struct heart *, const char *label);

/* The id, and the row (NULL when there is none), of an order. */
void heart_id(uint32_t number, uint8_t id[EH_ID_LEN]);
const struct eh_row *heart_row(struct heart *, uint32_t number);

void heart_request(
    struct heart *, const struct heart_ask *, struct eh_request *);
void heart_record(
    const struct eh_request *, uint16_t issue, struct eh_record *);
void heart_sign(struct heart *, const struct eh_request *,
    uint8_t signature[64]);

/* The whole way: claim, sign, submit.  ${answer} and ${signature} may be
 * NULL. */
int heart_issue(struct heart *, const struct heart_ask *, struct eh_answer *,
    uint8_t signature[64]);

/* A unit report: EH_OUTCOME_GOOD or EH_OUTCOME_SCRAPPED. */
int heart_report(
    struct heart *, uint32_t order, uint32_t device, enum eh_outcome);

/* Let the engine work until it has nothing to do. */
void heart_work(struct heart *);

/* One counter of an order. */
struct eh_counter heart_counter(struct heart *, uint32_t order, unsigned op);

/*
 * What must hold at any time: the state's own rules; the log read back from the
 * first to the last leaf hashes to the root, its chain is whole, its burned
 * places are where the state says, its records' counters rise one by one and
 * end where the state is; no serial (authorization, device, template, issue
 * number) twice; no device counted twice.  Returns NULL, or what is wrong.
 */
const char *heart_check(struct heart *);

/* Is a record of exactly this certificate in the log? */
int heart_recorded(struct heart *, const struct eh_request *, uint16_t issue);

#endif

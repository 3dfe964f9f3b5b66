/* SPDX-License-Identifier: Apache-2.0 */
/* unit.h - what one unit leaves behind, so that a run can be cut off anywhere
 * and go on. */
#ifndef EH_ORCHESTRATOR_FLOW_UNIT_H
#define EH_ORCHESTRATOR_FLOW_UNIT_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/crypto/rawkey.h"
#include "common/err.h"
#include "common/message/report.h"
#include "common/message/types.h"
#include "orchestrator/flow/chip.h"

/*
 * A state folder (--state DIR) holds one folder per unit, named by its device
 * id (characters that are not safe in a name as %XX), and in it
 *
 *	unit.json	how far it is; struct eh_unit
 *	KEY.csr		the chip's request for its key, where it is evidence
 *	ID.tbs		the TBSCertificate that was or will be asked for
 *	ID.pem		the certificate that came back
 *
 * with KEY and ID the ids of key and certificate in the profile.  Each file is written beside its
 * name, made durable, renamed and made durable again, so that a reader sees a
 * whole old or a whole new one.  The order is the rule of retries: the TBS is
 * durable before its first request, and a TBS without a PEM is asked for again
 * as the same octets, which the EdgeHSM answers for free.
 */
struct eh_state_folder {
	char path[1024];
	int lock;			/* -1: not held */
};

/*
 * Make ${path} if need be and lock it: one run at a time.  EH_ERR_BUSY when
 * another has it, EH_ERR_STORAGE.  eh_state_close() for ${folder} whatever the
 * result.
 */
EH_MUST_CHECK int eh_state_open(const char *path,
    struct eh_state_folder *folder, struct eh_error *error);
void eh_state_close(struct eh_state_folder *folder);

/* clang-format off */
enum eh_unit_state {
	EH_UNIT_OPEN = 1,	/* being made, or its run was cut off */
	EH_UNIT_GOOD,		/* all steps done; finished */
	EH_UNIT_REFUSED,	/* the EdgeHSM said no; may be asked again */
	EH_UNIT_FAILED,		/* a step failed; may be tried again */
	EH_UNIT_SCRAPPED	/* failed, and so reported; finished */
};
/* clang-format on */

#define EH_UNIT_STEPS 64
#define EH_UNIT_KEYS  16
#define EH_UNIT_ID    32		/* ids of steps and keys */

/* The whole of unit.json. */
struct eh_unit {
	char device[EH_DEVICE_ID_MAX + 1];
	char folder[1536];		/* not in the file */
	enum eh_unit_state state;
	unsigned attempt;		/* runs that worked on it */
	char line[EH_NAME_MAX + 1];
	struct eh_profile_ref profile;
	uint8_t has_authorization;
	uint8_t authorization[EH_ID_LEN];
	char order[EH_NAME_MAX + 1];	/* its name */
	uint8_t has_chip;
	uint8_t chip[EH_CHIP_ID_LEN];
	unsigned nkeys;
	struct {
		char id[EH_UNIT_ID + 1];
		struct eh_rawkey key;
	} key[EH_UNIT_KEYS];
	unsigned nplaces;		/* read back and compared; by name */
	struct eh_report_place place[EH_REPORT_PLACES_MAX];
	unsigned nsteps;
	char step[EH_UNIT_STEPS][EH_UNIT_ID + 1];	/* done */
	struct {			/* decided before it is sent */
		uint8_t decided, written;
		enum eh_outcome outcome;
		uint64_t log;		/* size of the log before it */
		char reason[EH_TEXT_MAX + 1];
	} report;
	struct {			/* code EH_OK: none */
		int code;
		char step[EH_UNIT_ID + 1];
		char text[EH_ERROR_TEXT];
	} failure;
};

/*
 * Make or load the unit of ${device} in ${folder}, and remove what half-written
 * files were left there.  A new one is EH_UNIT_OPEN with attempt 0; it has a
 * folder already, but no unit.json.  EH_ERR_FORMAT when unit.json is not ours
 * or speaks of another device, EH_ERR_STORAGE, EH_ERR_MEMORY.
 */
EH_MUST_CHECK int eh_unit_open(const struct eh_state_folder *folder,
    const char *device, struct eh_unit *unit, struct eh_error *error);

/* Write unit.json. */
EH_MUST_CHECK int eh_unit_save(
    const struct eh_unit *unit, struct eh_error *error);

/*
 * The TBS and the certificate of ${id}.  get: EH_ERR_NOT_FOUND (without a
 * sentence) when there is none; ${out} is initialised, the caller frees it
 * whatever the result.  eh_unit_get_der() gives the certificate as DER, and
 * EH_ERR_FORMAT when it is not one for the TBS beside it.  put makes them
 * durable.
 */
EH_MUST_CHECK int eh_unit_get_tbs(const struct eh_unit *unit, const char *id,
    struct eh_buf *out, struct eh_error *error);
EH_MUST_CHECK int eh_unit_put_tbs(const struct eh_unit *unit, const char *id,
    const uint8_t *tbs, size_t len, struct eh_error *error);
EH_MUST_CHECK int eh_unit_get_der(const struct eh_unit *unit, const char *id,
    struct eh_buf *out, struct eh_error *error);
EH_MUST_CHECK int eh_unit_put_der(const struct eh_unit *unit, const char *id,
    const uint8_t *der, size_t len, struct eh_error *error);

/* The same for the PKCS#10 request of the key ${id}, DER. */
EH_MUST_CHECK int eh_unit_get_csr(const struct eh_unit *unit, const char *id,
    struct eh_buf *out, struct eh_error *error);
EH_MUST_CHECK int eh_unit_put_csr(const struct eh_unit *unit, const char *id,
    const uint8_t *der, size_t len, struct eh_error *error);

/* Remove the TBS of ${id}, so that another is rendered.  Only for one that the
 * EdgeHSM has refused. */
EH_MUST_CHECK int eh_unit_drop_tbs(
    const struct eh_unit *unit, const char *id, struct eh_error *error);

/* 1 when step ${id} is done, else 0; and note that it is. */
int eh_unit_did(const struct eh_unit *unit, const char *id);
EH_MUST_CHECK int eh_unit_note_step(struct eh_unit *unit, const char *id);

/* The key ${id}, or NULL; and note it.  EH_ERR_FULL. */
const struct eh_rawkey *eh_unit_key(const struct eh_unit *unit, const char *id);
EH_MUST_CHECK int eh_unit_note_key(
    struct eh_unit *unit, const char *id, const struct eh_rawkey *key);

/* Note what was read back at place ${name}, in the order of names. */
EH_MUST_CHECK int eh_unit_note_place(struct eh_unit *unit, const char *name,
    const uint8_t digest[EH_DIGEST_LEN]);

/* "open", "good", "refused", "failed", "scrapped". */
const char *eh_unit_state_name(enum eh_unit_state state);

/*
 * Read every unit below ${path}, in the order of folder names, and give it to
 * ${each} until that returns something else than EH_OK, which is returned.  No
 * lock is taken: a run may be going on.  EH_ERR_NOT_FOUND when there is no such
 * folder; a unit.json that cannot be read ends it with EH_ERR_FORMAT.
 */
EH_MUST_CHECK int eh_unit_list(const char *path,
    int (*each)(void *arg, const struct eh_unit *unit), void *arg,
    struct eh_error *error);

/* unit.json as text and back (unit_json.c).  encode: malloc'd, NULL when out of
 * memory.  decode leaves ${unit->folder} alone; EH_ERR_FORMAT with a sentence
 * about ${name}. */
char *eh_unit_encode(const struct eh_unit *unit);
EH_MUST_CHECK int eh_unit_decode(struct eh_unit *unit, const char *name,
    const void *text, size_t len, struct eh_error *error);

#endif

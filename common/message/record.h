/* SPDX-License-Identifier: Apache-2.0 */
/* record.h - one entry of the log: what happened, and where in the order. */
#ifndef EH_COMMON_MESSAGE_RECORD_H
#define EH_COMMON_MESSAGE_RECORD_H

#include "common/message/report.h"
#include "common/message/types.h"

/*
 * doc/format/record.md.  A record is a bare deterministic map, not signed; its
 * place in the tree and a receipt make it authentic.  The kinds 8, 9, 12, 13
 * and 17 are known by name and not supported by this version.
 */
#define EH_RECORD_MAX           4096
#define EH_HOST_FIELDS_MAX      16
#define EH_HOST_FIELD_MAX       64
#define EH_RECORD_SPANS_MAX     16
#define EH_RECORD_ROWS_MAX      8

/* Kinds 0 and 1. */
/* clang-format off */
#define EH_BOOT_RTC_BEHIND   0x01	/* RTC behind the floor */
#define EH_BOOT_TORN_TAIL    0x02	/* torn journal tail discarded */
#define EH_BOOT_OTHER_BOOT   0x04	/* another boot of the machine */
#define EH_BOOT_POISONED     0x08	/* last process ended by an I/O error */
#define EH_BOOT_CLOCKS       0x10	/* clocks disagreed */
/* clang-format on */
struct eh_boot_info {
	uint8_t clean;
	uint8_t flags;
	struct eh_software software;
	enum eh_anchor_class anchor_class;
};

/* A field of source 6: bytes that the host gave. */
struct eh_host_field {
	uint8_t id;
	uint8_t len;		/* 1 to 64 */
	uint8_t bytes[EH_HOST_FIELD_MAX];
};

/* Kind 3. */
struct eh_certificate {
	uint8_t template_index;	/* 0 to 15 */
	uint16_t issue;		/* issue number */
	uint8_t serial[EH_ID_LEN];
	uint64_t not_before;
	struct eh_rawkey key;	/* of the device */
	uint8_t tbs[EH_DIGEST_LEN];
	uint8_t has_evidence;
	uint8_t evidence[EH_DIGEST_LEN];
	uint8_t nfields;	/* sorted by id */
	struct eh_host_field fields[EH_HOST_FIELDS_MAX];
};

/* Kind 5. */
struct eh_burned_row {
	uint8_t authorization[EH_ID_LEN];
	struct eh_counters counters;	/* after burning */
	uint16_t burns;
};

struct eh_burned {
	uint8_t nspans;
	struct {
		uint64_t first, count;
	} spans[EH_RECORD_SPANS_MAX];
	uint8_t nrows;		/* more rows = more records */
	struct eh_burned_row rows[EH_RECORD_ROWS_MAX];
};

/* Kind 6. */
struct eh_closed {
	enum eh_close_reason reason;
	uint64_t good, scrapped, in_doubt;
	uint16_t burns;
};

/* Kinds 2, 7, 10 and 15: SHA-256 of the Sig_structure, or of the file of a
 * profile. */
struct eh_msg_ref {
	enum eh_msg_code code;
	uint8_t digest[EH_DIGEST_LEN];
};

/* Kind 14. */
struct eh_key_event {
	enum eh_key_action action;
	uint8_t digest[EH_DIGEST_LEN];
	enum eh_purpose purpose;
	int32_t alg;
	enum eh_origin origin;
};

/*
 * Which members a kind has is in the table of doc/format/record.md; the others
 * are neither written nor set.  Optional ones are absent when empty: counters.n
 * 0, device.len 0, factory "", mes_len 0, profile.name "".
 */
struct eh_record {
	enum eh_record_kind kind;
	uint64_t seq;
	uint8_t hsm_id[EH_HSM_ID_LEN];
	uint8_t previous[EH_DIGEST_LEN];	/* leaf hash of seq - 1 */
	uint64_t boots, commit;			/* label 5 */
	uint32_t lease;
	uint64_t t_lo, t_hi;			/* label 6 */
	enum eh_quality quality;

	uint8_t has_authorization;		/* label 7: 1 where it is */
	uint8_t authorization[EH_ID_LEN];
	struct eh_counters counters;		/* label 8: what changed */
	char id_kind[EH_NAME_MAX + 1];		/* label 9 */
	struct eh_device_id device;
	char factory[EH_NAME_MAX + 1];		/* label 10: all or none */
	char line[EH_NAME_MAX + 1];
	char station[EH_NAME_MAX + 1];
	uint8_t mes_len;			/* label 20 */
	uint8_t mes[EH_MES_MAX];

	struct eh_profile_ref profile;		/* label 11, kind 2 */
	struct eh_msg_ref ref;			/* label 16 */
	union {
		struct {			/* kinds 0 and 1 */
			struct eh_boot_info boot;
			/* kind 0 only: SPKI digests */
			uint8_t attestation[EH_DIGEST_LEN];
			uint8_t root[EH_DIGEST_LEN];
		} start;
		struct eh_certificate certificate;	/* kind 3 */
		struct eh_burned burned;		/* kind 5 */
		struct eh_closed closed;		/* kind 6 */
		struct eh_unit_report report;		/* kind 11 */
		struct eh_key_event key;		/* kind 14 */
		struct {				/* kind 16 */
			uint8_t key[EH_DIGEST_LEN];	/* SPKI digest */
			uint8_t body[EH_DIGEST_LEN];	/* of the request */
		} csr;
	} of;
};

/*
 * Make ${record} an empty record of ${kind}: everything that says how many or
 * whether is 0; the big arrays behind those counts are not touched, so that
 * this costs little.
 */
void eh_record_init(struct eh_record *, enum eh_record_kind kind);

/* Does a record of this kind count toward max_unacked?  1 or 0. */
int eh_record_counts(enum eh_record_kind kind);

/*
 * Write a record.  No allocation, a fraction of a microsecond.  Latches
 * EH_ERR_ARGUMENT for a kind that is not supported or a mandatory member that
 * is empty, and EH_ERR_SPACE when it does not fit or would pass EH_RECORD_MAX
 * (kind 5 with many rows and operations: use more records).
 */
void eh_record_encode(const struct eh_record *, struct eh_writer *);

/*
 * Decode a record.  Strict: exactly the labels of its kind, every counter's
 * order, t_lo <= t_hi, at most EH_RECORD_MAX bytes.  EH_OK, EH_ERR_FORMAT,
 * EH_ERR_TRAILING, EH_ERR_UNSUPPORTED (a kind of a later version).
 */
EH_MUST_CHECK int eh_record_decode(
    const void *bytes, size_t len, struct eh_record *, struct eh_error *);

#endif

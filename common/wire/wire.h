/* SPDX-License-Identifier: Apache-2.0 */
/* wire.h - requests and replies between a client and edgehsmd. */
#ifndef EH_COMMON_WIRE_WIRE_H
#define EH_COMMON_WIRE_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/*
 * A stream of frames: u32 big-endian length (1 to EH_WIRE_MAX), then one
 * deterministic CBOR map.  A request is { 0 => code, label => value ... }; a
 * reply is { 0 => result, ... }, result 0 or a negative number of common/err.h,
 * then with EH_WIRE_TEXT the sentence.  One request, one reply, in order.
 *
 * The whole language is two tables in tables.c: what each label holds (one type
 * and one limit, wherever it stands) and which labels each request and reply
 * must and may have.  A label that its row does not list is malformed; so is
 * one that is missing.  doc/format/wire.md is these tables in words.
 *
 * The first request of a connection is hello.  It may be sent again at any
 * time: it replaces the claims and the ticket of the connection (without
 * EH_WIRE_TICKET nobody is logged in on it), and is the cheap way to ask for
 * state and generation.  A ticket that is no longer good is not refused: the
 * reply then has no EH_WIRE_ROLE.  A login logs in its own connection too.
 */
#define EH_WIRE_VERSION 1
#define EH_WIRE_MAX     (1024 * 1024)

/* Requests; also the row of the reply. */
enum eh_wire_code {
	EH_REQ_HELLO = 1,
	EH_REQ_LOGIN,
	EH_REQ_LOGOUT,
	EH_REQ_GENESIS,
	EH_REQ_INIT_TOKEN,
	EH_REQ_SET_PIN,
	EH_REQ_LIST,
	EH_REQ_GENERATE,
	EH_REQ_DESTROY,
	EH_REQ_IMPORT,
	EH_REQ_SIGN,
	EH_REQ_RANDOM,
	EH_REQ_SET_ATTRIBUTE,
	EH_REQ_PUT_OBJECT,
	EH_REQ_REPORT,
	EH_REQ_LOG_READ,
	EH_REQ_RECEIPT,
	EH_REQ_ENROL,
	EH_REQ_ATTEST_KEY,
	EH_REQ_TIME_NONCE,
	EH_REQ_STATUS,
	EH_REQ_CHALLENGE,
	EH_REQ_ASK_COUNT,
	EH_REQ_COUNT,

	/* Maps that stand inside a list. */
	EH_MAP_OBJECT = 64,	  /* in EH_WIRE_OBJECTS */
	EH_MAP_AUTHORIZATION = 65 /* in EH_WIRE_AUTHORIZATIONS */
};

/* Labels. */
enum eh_wire_label {
	EH_WIRE_RESULT = 0,	/* reply: result; request: code */
	EH_WIRE_TEXT,		/* the sentence */
	EH_WIRE_VERSION_NO,	/* EH_WIRE_VERSION */
	EH_WIRE_PROGRAM,	/* name of the client program, a claim */
	EH_WIRE_LINE,		/* claims of the host */
	EH_WIRE_STATION,
	EH_WIRE_TICKET,		/* login ticket, opaque */
	EH_WIRE_ROLE,		/* enum eh_wire_role */
	EH_WIRE_PIN,
	EH_WIRE_OLD_PIN,
	EH_WIRE_LABEL,		/* of the token or of an object */
	EH_WIRE_ID,		/* CKA_ID */
	EH_WIRE_OBJECT,		/* unique number of an object, never reused */
	EH_WIRE_CLASS,		/* enum eh_wire_class */
	EH_WIRE_PURPOSE,	/* enum eh_purpose of common/message/types.h */
	EH_WIRE_ALG,		/* COSE algorithm number of a key */
	EH_WIRE_ORIGIN,
	EH_WIRE_CUSTODY,
	EH_WIRE_SPKI,		/* DER SubjectPublicKeyInfo */
	EH_WIRE_DATA,		/* the bytes the request is about */
	EH_WIRE_MECHANISM,	/* enum eh_wire_mechanism */
	EH_WIRE_PARAM,		/* mechanism parameter, flat bytes */
	EH_WIRE_NONCE,
	EH_WIRE_FIRST,		/* first seq wanted, or given */
	EH_WIRE_COUNT,		/* random: bytes wanted; log-read: the most
				 * bytes that the list of entries may take */
	EH_WIRE_OBJECTS,	/* list of EH_MAP_OBJECT */
	EH_WIRE_ENTRIES,	/* list of leaf inputs */
	EH_WIRE_GENERATION,	/* rises whenever an object comes or goes */
	EH_WIRE_HSM_ID,
	EH_WIRE_ROOT,		/* SHA-256 of the pinned root's SPKI */
	EH_WIRE_STATE,		/* enum eh_wire_state; of an authorization: 1
				 * live, 2 closed */
	EH_WIRE_AUTHORIZATION,	/* authorization id */
	EH_WIRE_ID_KIND,	/* id kind of a device */
	EH_WIRE_DEVICE,		/* device id */
	EH_WIRE_APPLICATION,	/* CKA_APPLICATION of a data object */
	EH_WIRE_KIND,		/* what was imported: msg-code */
	EH_WIRE_SEQ,		/* seq of a message, or size of the log */
	EH_WIRE_FACTORY,
	EH_WIRE_PROFILE,	/* profile name */
	EH_WIRE_PROFILE_VERSION,
	EH_WIRE_DIGEST,		/* config digest; of an object: SHA-256(SPKI) */
	EH_WIRE_NBF,
	EH_WIRE_EXP,
	EH_WIRE_BURNS,
	EH_WIRE_COUNTERS,	/* CBOR ctrs: { op => [used, burned, reserved,
				 * quota] } */
	EH_WIRE_GOOD,		/* devices reported good, scrapped, not yet */
	EH_WIRE_SCRAPPED,
	EH_WIRE_IN_DOUBT,
	EH_WIRE_AUTHORIZATIONS,	/* list of EH_MAP_AUTHORIZATION */
	EH_WIRE_T_LO,
	EH_WIRE_T_HI,
	EH_WIRE_QUALITY,
	EH_WIRE_BOOTS,		/* boot count */
	EH_WIRE_COMMITS,	/* commit k */
	EH_WIRE_ANCHOR_CLASS,
	EH_WIRE_ANCHOR,		/* anchor value */
	EH_WIRE_ANCHOR_MODE,
	EH_WIRE_BURNED_SEQS,	/* seqs burned over the life of the log */
	EH_WIRE_UNACKED,	/* counted records not yet acknowledged */
	EH_WIRE_FLAGS,		/* enum eh_wire_flag */
	EH_WIRE_REFUSALS,	/* requests refused since start */
	EH_WIRE_SINCE_TIME,	/* s since the last time attestation; absent:
				 * never */
	EH_WIRE_LIMITS,		/* CBOR limits of the authorization */
	EH_WIRE_REFUSAL,	/* the last refusal: when, what and why */
	EH_WIRE_UNACCOUNTED,	/* burned passes, in no acknowledgement yet */
	EH_WIRE_CLOSED,		/* why an authorization was closed: close-reason
				 * of its last record */
	EH_WIRE_GRACE,		/* devices that boot grace is left for */
	EH_WIRE_RECORDS,	/* counted records that a device makes */
	EH_WIRE_TPM,		/* what the anchor's TPM says that it is */
	EH_WIRE_TPM_KEY,	/* Names: of its endorsement key, */
	EH_WIRE_TPM_INDEX,	/* of the anchor's index, */
	EH_WIRE_TPM_COUNTER,	/* and of the counter beside it */
	EH_WIRE_TPM_COUNT,	/* where that stands */
	EH_WIRE_LABELS
};

enum eh_wire_role { EH_ROLE_OFFICER = 0, EH_ROLE_OPERATOR = 1 };

enum eh_wire_class {
	EH_CLASS_KEY = 1,	/* a key pair: private and public object */
	EH_CLASS_CERTIFICATE,	/* DATA: DER */
	EH_CLASS_DATA,		/* DATA: value */
};

enum eh_wire_mechanism {
	EH_MECH_ECDSA = 1,	/* DATA is a digest; general keys only */
	EH_MECH_ECDSA_SHA256,	/* DATA is the message */
	EH_MECH_ISSUE,		/* DATA is the TBS, PARAM an issue-param */
};

enum eh_wire_state {
	EH_STATE_FRESH = 1,	/* no identity yet: genesis is awaited */
	EH_STATE_READY,
	EH_STATE_FAIL_STOPPED	/* TEXT says why and what to do */
};

enum eh_wire_flag {
	EH_FLAG_OPERATOR_PIN = 1,	/* the operator's PIN has been set */
	EH_FLAG_PIN_DELAY = 2,		/* logins of this uid wait */
	EH_FLAG_ENROLLED = 4,		/* an issuer grant has been imported */
	EH_FLAG_MERGED = 8,		/* too many burned ranges: no new
					 * devices until an acknowledgement */
	EH_FLAG_FOREIGN = 16,		/* another history was acknowledged */
	EH_FLAG_DAMAGED = 32		/* an old record is not readable */
};

/* A request or reply, decoded or to be encoded.  Bytes are borrowed. */
struct eh_wire {
	unsigned code;			/* enum eh_wire_code */
	int result;			/* replies: 0 or negative */
	struct eh_wire_field {
		int present;
		int64_t number;
		const uint8_t *data;	/* text, bytes, encoded list */
		size_t len;		/* of data */
		size_t entries;		/* of a list */
	} field[EH_WIRE_LABELS];
};

/* Begin a request of ${code}, or a reply of its row with ${result}. */
void eh_wire_init(struct eh_wire *, unsigned code, int result);

void eh_wire_put_number(struct eh_wire *, enum eh_wire_label, int64_t);
void eh_wire_put_bytes(
    struct eh_wire *, enum eh_wire_label, const void *bytes, size_t len);
void eh_wire_put_text(struct eh_wire *, enum eh_wire_label, const char *text);

/* A list: ${encoded} is the CBOR array of byte strings, ${entries} their
 * number; see eh_wire_list_next(). */
void eh_wire_put_list(struct eh_wire *, enum eh_wire_label,
    const void *encoded, size_t len, size_t entries);

int eh_wire_has(const struct eh_wire *, enum eh_wire_label);
uint64_t eh_wire_number(const struct eh_wire *, enum eh_wire_label);
int64_t eh_wire_signed(const struct eh_wire *, enum eh_wire_label);

/* Borrow the bytes of a label; an empty string that is not NULL when absent. */
const uint8_t *eh_wire_bytes(
    const struct eh_wire *, enum eh_wire_label, size_t *lenp);

/* Copy a text and a NUL to ${out} of ${cap} bytes; empty when absent.  Return
 * EH_OK, or EH_ERR_SPACE with ${out} empty. */
EH_MUST_CHECK int eh_wire_text(
    const struct eh_wire *, enum eh_wire_label, char *out, size_t cap);

/* Step through a list: ${cursor} starts at 0.  Return 1 with the next entry
 * borrowed, or 0 at the end. */
int eh_wire_list_next(const struct eh_wire *, enum eh_wire_label,
    size_t *cursor, const uint8_t **entry, size_t *lenp);

/* Write the head of an array of ${entries} to ${head} and return its length, 1
 * to 5.  Whoever builds a list writes its entries with eh_cbor_put_bytes() and
 * puts this in front once it knows how many they are. */
size_t eh_wire_list_head(uint8_t head[5], size_t entries);

/*
 * Encode the map (without the frame's length) into ${out}; check it against
 * its row first.  EH_ERR_SPACE: ${lenp} is what is needed.  EH_ERR_INTERNAL: a
 * label that the row does not list, or one missing; EH_ERR_ARGUMENT: a value
 * outside its limits.  Only EH_WIRE_TEXT is never refused: what is not
 * printable becomes '?', what is too long is cut.
 */
EH_MUST_CHECK int eh_wire_encode_request(
    const struct eh_wire *, void *out, size_t cap, size_t *lenp);
EH_MUST_CHECK int eh_wire_encode_reply(
    const struct eh_wire *, void *out, size_t cap, size_t *lenp);

/* Decode a request; ${in->code} is from the bytes.  EH_ERR_FORMAT, _TRAILING.
 * A code that has no row is EH_ERR_UNSUPPORTED. */
EH_MUST_CHECK int eh_wire_decode_request(
    struct eh_wire *in, const void *bytes, size_t len);

/* Decode the reply to a request of ${code}, or a map inside a list. */
EH_MUST_CHECK int eh_wire_decode_reply(
    struct eh_wire *in, unsigned code, const void *bytes, size_t len);

/*
 * Frames over a connected stream socket; short reads and EINTR are handled,
 * writes never raise SIGPIPE.  EH_ERR_UNAVAILABLE: the other side is gone (at
 * a frame's border or inside one); EH_ERR_FORMAT: a length of 0 or above
 * EH_WIRE_MAX; EH_ERR_BUSY: the other side has not read for 30 s.  After any of
 * these the stream is of no use any more.
 */
EH_MUST_CHECK int eh_wire_send(int fd, const void *map, size_t len);

/* Receive one map into ${*buf} (NULL at first), which is replaced by larger
 * memory as needed (${*cap} says how large it is, 0 at first), the old one
 * being wiped; the caller wipes and frees it.  What came of a frame that never came
 * whole is wiped.  ${timeout_ms} -1 waits for ever; EH_ERR_BUSY when the time
 * is over, EH_ERR_MEMORY. */
EH_MUST_CHECK int eh_wire_receive(
    int fd, uint8_t **buf, size_t *cap, size_t *lenp, int timeout_ms);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* test_req.c - the handlers, through the monitor, as a client sees them. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/crypto/digest.h"
#include "common/crypto/ecdsa.h"
#include "common/merkle/merkle.h"
#include "common/message/enrol.h"
#include "common/message/envelope.h"
#include "common/message/keyattest.h"
#include "common/message/receipt.h"
#include "quota-engine/health.h"
#include "quota-engine/monitor.h"
#include "test/unit/quota-engine/fixture.h"
#include "test/unit/unit.h"

static struct fixture f;
static struct eh_caller operator, officer, auditor;
static struct eh_wire in;
static struct eh_call call;
static int asked;
static const uint8_t nonce[16] = "fifteen letters";

static void
begin(void)
{
	fixture_open(&f);
	fixture_genesis(&f);
	operator = fixture_caller(&f, 1, EH_MAY_OPERATE, EH_MAY_OPERATE);
	officer = fixture_caller(&f, 2, EH_MAY_OFFICER, EH_MAY_OFFICER);
	auditor = fixture_caller(&f, 3, EH_MAY_AUDIT, 0);
	asked = 0;
}

static void
forget(void)
{
	if (asked)
		eh_call_wipe(&call);
	asked = 0;
}

static void
end(void)
{
	forget();
	fixture_close(&f);
}

static void
request(unsigned code)
{
	forget();
	eh_wire_init(&in, code, EH_OK);
}

/* Serve what was put into ${in}; what comes back is a legal reply of its row. */
static int
serve(struct eh_caller *caller)
{
	static uint8_t bytes[EH_WIRE_MAX];
	size_t len;
	int err;

	eh_call_init(&call, caller, &in);
	asked = 1;
	err = eh_monitor_serve(f.b, &call);
	ck_assert_int_eq(call.out.result, err);
	ck_assert_int_eq(
	    eh_wire_encode_reply(&call.out, bytes, sizeof(bytes), &len),
	    EH_OK);
	return err;
}

static void
says(const char *words)
{
	char text[513];

	ck_assert_int_eq(
	    eh_wire_text(&call.out, EH_WIRE_TEXT, text, sizeof(text)), EH_OK);
	ck_assert_msg(strstr(text, words) != NULL, "%s", text);
}

static uint64_t
generate(struct eh_caller *caller, enum eh_purpose purpose)
{
	request(EH_REQ_GENERATE);
	eh_wire_put_number(&in, EH_WIRE_ALG, EH_ALG_ES256);
	eh_wire_put_number(&in, EH_WIRE_PURPOSE, purpose);
	eh_wire_put_text(&in, EH_WIRE_LABEL, "key one");
	eh_wire_put_bytes(&in, EH_WIRE_ID, "", 0);
	ck_assert_int_eq(serve(caller), EH_OK);
	return eh_wire_number(&call.out, EH_WIRE_OBJECT);
}

static int
sign(uint64_t object, enum eh_wire_mechanism mechanism, const void *data,
    size_t len)
{
	request(EH_REQ_SIGN);
	eh_wire_put_number(&in, EH_WIRE_OBJECT, (int64_t)object);
	eh_wire_put_number(&in, EH_WIRE_MECHANISM, mechanism);
	eh_wire_put_bytes(&in, EH_WIRE_DATA, data, len);
	return serve(&operator);
}

static int
destroy(struct eh_caller *caller, uint64_t object)
{
	request(EH_REQ_DESTROY);
	eh_wire_put_number(&in, EH_WIRE_OBJECT, (int64_t)object);
	return serve(caller);
}

static uint64_t
put_object(enum eh_wire_class class, const char *data)
{
	request(EH_REQ_PUT_OBJECT);
	eh_wire_put_number(&in, EH_WIRE_CLASS, class);
	eh_wire_put_text(&in, EH_WIRE_LABEL, "object one");
	eh_wire_put_bytes(&in, EH_WIRE_ID, "id", 2);
	eh_wire_put_bytes(&in, EH_WIRE_DATA, data, strlen(data));
	ck_assert_int_eq(serve(&operator), EH_OK);
	return eh_wire_number(&call.out, EH_WIRE_OBJECT);
}

static size_t
listed(void)
{
	request(EH_REQ_LIST);
	ck_assert_int_eq(serve(&auditor), EH_OK);
	return call.out.field[EH_WIRE_OBJECTS].entries;
}

/* --- session --- */

static int
hello(struct eh_caller *caller, const uint8_t *ticket)
{
	request(EH_REQ_HELLO);
	eh_wire_put_number(&in, EH_WIRE_VERSION_NO, EH_WIRE_VERSION);
	eh_wire_put_text(&in, EH_WIRE_LINE, "line-1");
	eh_wire_put_text(&in, EH_WIRE_STATION, "station-7");
	if (ticket != NULL)
		eh_wire_put_bytes(&in, EH_WIRE_TICKET, ticket, EH_TICKET_LEN);
	return serve(caller);
}

static int
login(struct eh_caller *caller, enum eh_wire_role role, const char *pin,
    uint8_t ticket[EH_TICKET_LEN])
{
	const uint8_t *bytes;
	size_t len;
	int err;

	request(EH_REQ_LOGIN);
	eh_wire_put_number(&in, EH_WIRE_ROLE, role);
	eh_wire_put_bytes(&in, EH_WIRE_PIN, pin, strlen(pin));
	if ((err = serve(caller)) == EH_OK) {
		bytes = eh_wire_bytes(&call.out, EH_WIRE_TICKET, &len);
		ck_assert_uint_eq(len, EH_TICKET_LEN);
		memcpy(ticket, bytes, len);
	}
	return err;
}

START_TEST(hello_takes_claims_and_shows_the_token)
{
	struct eh_caller caller = { .roles = EH_MAY_OPERATE };

	ck_assert_int_eq(hello(&caller, NULL), EH_OK);
	ck_assert_str_eq(caller.line, "line-1");
	ck_assert_str_eq(caller.station, "station-7");
	ck_assert_int_eq(caller.greeted, 1);
	ck_assert_uint_eq(
	    eh_wire_number(&call.out, EH_WIRE_STATE), EH_STATE_READY);
	ck_assert_uint_eq(
	    eh_wire_number(&call.out, EH_WIRE_FLAGS), EH_FLAG_OPERATOR_PIN);
	ck_assert(eh_wire_has(&call.out, EH_WIRE_HSM_ID));
	ck_assert(!eh_wire_has(&call.out, EH_WIRE_ROLE));
}
END_TEST

START_TEST(hello_of_another_version_or_with_bad_claims_is_refused)
{
	struct eh_caller caller = { .roles = EH_MAY_OPERATE };

	request(EH_REQ_HELLO);
	eh_wire_put_number(&in, EH_WIRE_VERSION_NO, EH_WIRE_VERSION + 1);
	ck_assert_int_eq(serve(&caller), EH_ERR_UNSUPPORTED);
	says("one release");
	request(EH_REQ_HELLO);
	eh_wire_put_number(&in, EH_WIRE_VERSION_NO, EH_WIRE_VERSION);
	eh_wire_put_text(&in, EH_WIRE_LINE, "line 1");
	ck_assert_int_eq(serve(&caller), EH_ERR_FORMAT);
	ck_assert_int_eq(caller.greeted, 0);
}
END_TEST

START_TEST(a_login_counts_here_and_its_ticket_elsewhere)
{
	uint8_t ticket[EH_TICKET_LEN];
	struct eh_caller here =
	    fixture_caller(&f, 1, EH_MAY_OPERATE | EH_MAY_OFFICER, 0);
	struct eh_caller there = here, stranger = here;

	ck_assert_int_eq(
	    login(&here, EH_ROLE_OPERATOR, FIXTURE_OPERATOR, ticket), EH_OK);
	ck_assert_uint_eq(here.login, EH_MAY_OPERATE);
	ck_assert_int_eq(hello(&there, ticket), EH_OK);
	ck_assert_uint_eq(there.login, EH_MAY_OPERATE);
	ck_assert_uint_eq(
	    eh_wire_number(&call.out, EH_WIRE_ROLE), EH_ROLE_OPERATOR);
	stranger.peer.uid = 9;
	ck_assert_int_eq(hello(&stranger, ticket), EH_OK);
	ck_assert_uint_eq(stranger.login, 0);
	/* A hello without a ticket logs out. */
	ck_assert_int_eq(hello(&there, NULL), EH_OK);
	ck_assert_uint_eq(there.login, 0);
	request(EH_REQ_LOGOUT);
	ck_assert_int_eq(serve(&here), EH_OK);
	ck_assert_uint_eq(here.login, 0);
}
END_TEST

START_TEST(the_role_is_looked_at_before_the_pin)
{
	uint8_t ticket[EH_TICKET_LEN];

	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(login(&operator, EH_ROLE_OFFICER, "wrong",
				     ticket),
		    EH_DENIED_ROLE);
	/* Not one of these was counted as a wrong PIN. */
	ck_assert_uint_eq(eh_pins_wait(f.b->pins, 1), 0);
	ck_assert_int_eq(
	    login(&operator, EH_ROLE_OPERATOR, FIXTURE_OPERATOR, ticket),
	    EH_OK);
}
END_TEST

START_TEST(random_bytes_are_given_up_to_a_frame)
{
	const size_t most = EH_WIRE_MAX - 4096;
	size_t len;

	request(EH_REQ_RANDOM);
	eh_wire_put_number(&in, EH_WIRE_COUNT, (int64_t)most);
	ck_assert_int_eq(serve(&operator), EH_OK);
	eh_wire_bytes(&call.out, EH_WIRE_DATA, &len);
	ck_assert_uint_eq(len, most);
	request(EH_REQ_RANDOM);
	eh_wire_put_number(&in, EH_WIRE_COUNT, (int64_t)most + 1);
	ck_assert_int_eq(serve(&operator), EH_ERR_ARGUMENT);
	request(EH_REQ_RANDOM);
	eh_wire_put_number(&in, EH_WIRE_COUNT, 0);
	ck_assert_int_eq(serve(&operator), EH_OK);
}
END_TEST

/* --- PINs --- */

static int
set_pin(struct eh_caller *caller, enum eh_wire_role role, const char *old,
    const char *new)
{
	request(EH_REQ_SET_PIN);
	eh_wire_put_number(&in, EH_WIRE_ROLE, role);
	eh_wire_put_bytes(&in, EH_WIRE_PIN, new, strlen(new));
	if (old != NULL)
		eh_wire_put_bytes(&in, EH_WIRE_OLD_PIN, old, strlen(old));
	return serve(caller);
}

START_TEST(who_may_set_which_pin)
{
	struct eh_caller nobody = fixture_caller(&f, 2, EH_MAY_OFFICER, 0);

	/* The officer sets the operator's, when logged in. */
	ck_assert_int_eq(
	    set_pin(&officer, EH_ROLE_OPERATOR, NULL, "set by him"), EH_OK);
	ck_assert_int_eq(set_pin(&nobody, EH_ROLE_OPERATOR, NULL, "abcd"),
	    EH_DENIED_LOGIN);
	operator = fixture_caller(&f, 1, EH_MAY_OPERATE, EH_MAY_OPERATE);
	ck_assert_int_eq(set_pin(&operator, EH_ROLE_OPERATOR, NULL, "abcd"),
	    EH_DENIED_LOGIN);
	/* His own only with the old one, and nobody else's with it. */
	ck_assert_int_eq(
	    set_pin(&officer, EH_ROLE_OFFICER, NULL, "abcd"), EH_DENIED_ROLE);
	ck_assert_int_eq(set_pin(&operator, EH_ROLE_OFFICER, FIXTURE_OFFICER,
			     "abcd"),
	    EH_DENIED_ROLE);
	ck_assert_int_eq(set_pin(&operator, EH_ROLE_OPERATOR, "not it", "abcd"),
	    EH_DENIED_PIN);
	ck_assert_int_eq(
	    set_pin(&operator, EH_ROLE_OPERATOR, "set by him", "abcd"), EH_OK);
	/* He stays logged in on this connection. */
	ck_assert_uint_eq(eh_monitor_login(f.b, &operator), EH_MAY_OPERATE);
}
END_TEST

/* --- keys and objects --- */

START_TEST(list_shows_keys_objects_and_no_secret)
{
	uint64_t key = generate(&operator, EH_PURPOSE_GENERAL), number;
	const uint8_t *entry;
	size_t cursor = 0, len;
	struct eh_wire map;
	unsigned seen = 0;

	number = put_object(EH_CLASS_CERTIFICATE, "a certificate");
	ck_assert_uint_eq(listed(), 3);
	while (eh_wire_list_next(
	    &call.out, EH_WIRE_OBJECTS, &cursor, &entry, &len)) {
		uint64_t object;

		ck_assert_int_eq(
		    eh_wire_decode_reply(&map, EH_MAP_OBJECT, entry, len),
		    EH_OK);
		object = eh_wire_number(&map, EH_WIRE_OBJECT);
		if (object == key) {
			ck_assert(eh_wire_has(&map, EH_WIRE_SPKI));
			ck_assert(eh_wire_has(&map, EH_WIRE_DIGEST));
			ck_assert(!eh_wire_has(&map, EH_WIRE_DATA));
			seen |= 1;
		}
		if (object == number) {
			ck_assert(eh_wire_has(&map, EH_WIRE_DATA));
			ck_assert(!eh_wire_has(&map, EH_WIRE_SPKI));
			seen |= 2;
		}
	}
	ck_assert_uint_eq(seen, 3);
}
END_TEST

START_TEST(the_generation_rises_with_every_change_and_no_other_request)
{
	uint64_t before, after;
	uint64_t object = generate(&operator, EH_PURPOSE_GENERAL);

	before = eh_wire_number(&call.out, EH_WIRE_GENERATION);
	listed();
	after = eh_wire_number(&call.out, EH_WIRE_GENERATION);
	ck_assert_uint_eq(before, after);
	request(EH_REQ_SET_ATTRIBUTE);
	eh_wire_put_number(&in, EH_WIRE_OBJECT, (int64_t)object);
	eh_wire_put_text(&in, EH_WIRE_LABEL, "renamed");
	ck_assert_int_eq(serve(&operator), EH_OK);
	after = eh_wire_number(&call.out, EH_WIRE_GENERATION);
	ck_assert_uint_gt(after, before);
	ck_assert_int_eq(destroy(&operator, object), EH_OK);
	ck_assert_uint_gt(
	    eh_wire_number(&call.out, EH_WIRE_GENERATION), after);
}
END_TEST

START_TEST(the_generation_rises_when_a_key_is_gone_though_its_store_fails)
{
	uint64_t object = generate(&operator, EH_PURPOSE_GENERAL);
	uint64_t before = eh_wire_number(&call.out, EH_WIRE_GENERATION);

	f.backend->lie = LIE_DESTROY_FAILS;
	ck_assert_int_eq(destroy(&operator, object), EH_ERR_BACKEND);
	f.backend->lie = LIE_NOT;
	ck_assert_uint_eq(listed(), 1);
	ck_assert_uint_gt(
	    eh_wire_number(&call.out, EH_WIRE_GENERATION), before);
	/* And not when nothing has happened. */
	before = eh_wire_number(&call.out, EH_WIRE_GENERATION);
	ck_assert_int_eq(destroy(&operator, object), EH_ERR_NOT_FOUND);
	listed();
	ck_assert_uint_eq(
	    eh_wire_number(&call.out, EH_WIRE_GENERATION), before);
}
END_TEST

START_TEST(only_p256_keys_are_made)
{
	request(EH_REQ_GENERATE);
	eh_wire_put_number(&in, EH_WIRE_ALG, EH_ALG_EDDSA);
	eh_wire_put_number(&in, EH_WIRE_PURPOSE, EH_PURPOSE_GENERAL);
	eh_wire_put_text(&in, EH_WIRE_LABEL, "x");
	eh_wire_put_bytes(&in, EH_WIRE_ID, "", 0);
	ck_assert_int_eq(serve(&operator), EH_ERR_UNSUPPORTED);
	says("P-256");
}
END_TEST

START_TEST(issuing_keys_are_destroyed_by_the_officer_only)
{
	uint64_t ca = generate(&operator, EH_PURPOSE_ISSUING);
	uint64_t key = generate(&operator, EH_PURPOSE_GENERAL);

	ck_assert_int_eq(destroy(&operator, ca), EH_DENIED_LOGIN);
	ck_assert_int_eq(destroy(&operator, key), EH_OK);
	ck_assert_int_eq(destroy(&officer, ca), EH_OK);
	ck_assert_int_eq(destroy(&officer, ca), EH_ERR_NOT_FOUND);
	ck_assert_int_eq(destroy(&officer, 1), EH_DENIED_KEY);
}
END_TEST

START_TEST(an_authorization_is_neither_destroyed_nor_renamed)
{
	static const uint8_t id[EH_ID_LEN] = "authorization 1";
	uint64_t object = eh_boundary_authorization_object(id);

	ck_assert_int_eq(destroy(&officer, object), EH_DENIED_READ_ONLY);
	request(EH_REQ_SET_ATTRIBUTE);
	eh_wire_put_number(&in, EH_WIRE_OBJECT, (int64_t)object);
	eh_wire_put_text(&in, EH_WIRE_LABEL, "mine");
	ck_assert_int_eq(serve(&officer), EH_DENIED_READ_ONLY);
}
END_TEST

START_TEST(keys_are_never_brought_in)
{
	request(EH_REQ_PUT_OBJECT);
	eh_wire_put_number(&in, EH_WIRE_CLASS, EH_CLASS_KEY);
	eh_wire_put_text(&in, EH_WIRE_LABEL, "x");
	eh_wire_put_bytes(&in, EH_WIRE_ID, "", 0);
	eh_wire_put_bytes(&in, EH_WIRE_DATA, "x", 1);
	ck_assert_int_eq(serve(&operator), EH_ERR_UNSUPPORTED);
	ck_assert_uint_eq(listed(), 1);
}
END_TEST

START_TEST(init_token_takes_what_does_not_decide_and_leaves_the_rest)
{
	struct eh_rawkey root;

	generate(&operator, EH_PURPOSE_GENERAL);
	generate(&operator, EH_PURPOSE_ISSUING);
	put_object(EH_CLASS_DATA, "data");
	ck_assert_uint_eq(listed(), 4);
	root = eh_engine_lock(f.b->engine)->root;
	eh_engine_unlock(f.b->engine);
	request(EH_REQ_INIT_TOKEN);
	eh_wire_put_text(&in, EH_WIRE_LABEL, "again");
	eh_wire_put_bytes(&in, EH_WIRE_PIN, "wrong", 5);
	ck_assert_int_eq(serve(&officer), EH_DENIED_PIN);
	ck_assert_uint_eq(listed(), 4);
	request(EH_REQ_INIT_TOKEN);
	eh_wire_put_text(&in, EH_WIRE_LABEL, "again");
	eh_wire_put_bytes(
	    &in, EH_WIRE_PIN, FIXTURE_OFFICER, strlen(FIXTURE_OFFICER));
	ck_assert_int_eq(serve(&officer), EH_OK);
	/* The attestation key and the issuing key. */
	ck_assert_uint_eq(listed(), 2);
	ck_assert_uint_eq(
	    eh_pins_generation(f.b->pins, EH_ROLE_OPERATOR), 0);
	ck_assert_uint_gt(eh_pins_generation(f.b->pins, EH_ROLE_OFFICER), 0);
	ck_assert(eh_rawkey_equal(
	    &root, &eh_engine_lock(f.b->engine)->root));
	eh_engine_unlock(f.b->engine);
	ck_assert_int_eq(fixture_restart(&f), EH_OK);
	ck_assert_str_eq(eh_engine_lock(f.b->engine)->label, "again");
	eh_engine_unlock(f.b->engine);
}
END_TEST

/* --- signing --- */

START_TEST(a_general_key_signs_messages_and_digests_of_any_length)
{
	uint64_t key = generate(&operator, EH_PURPOSE_GENERAL);
	uint8_t digest[EH_DIGEST_LEN], longer[64], shorter[20];
	uint8_t padded[EH_DIGEST_LEN] = { 0 };
	struct eh_state_key row;
	const uint8_t *s;
	size_t len;

	ck_assert_int_eq(eh_keys_get(f.b->keys, key, &row, NULL), EH_OK);
	ck_assert_int_eq(sign(key, EH_MECH_ECDSA_SHA256, "message", 7), EH_OK);
	s = eh_wire_bytes(&call.out, EH_WIRE_DATA, &len);
	ck_assert_uint_eq(len, EH_SIGNATURE_LEN);
	ck_assert_int_eq(
	    eh_p256_verify(row.key.bytes, "message", 7, s), EH_OK);
	eh_sha256("message", 7, digest);
	ck_assert_int_eq(sign(key, EH_MECH_ECDSA, digest, 32), EH_OK);
	s = eh_wire_bytes(&call.out, EH_WIRE_DATA, &len);
	ck_assert_int_eq(
	    eh_p256_verify(row.key.bytes, "message", 7, s), EH_OK);
	/* SHA-512: the leftmost 256 bits. */
	memset(longer, 0x55, sizeof(longer));
	memcpy(longer, digest, sizeof(digest));
	ck_assert_int_eq(sign(key, EH_MECH_ECDSA, longer, 64), EH_OK);
	s = eh_wire_bytes(&call.out, EH_WIRE_DATA, &len);
	ck_assert_int_eq(
	    eh_p256_verify_digest(row.key.bytes, digest, s), EH_OK);
	/* SHA-1: a smaller number. */
	memset(shorter, 0x77, sizeof(shorter));
	memcpy(padded + 12, shorter, sizeof(shorter));
	ck_assert_int_eq(sign(key, EH_MECH_ECDSA, shorter, 20), EH_OK);
	s = eh_wire_bytes(&call.out, EH_WIRE_DATA, &len);
	ck_assert_int_eq(
	    eh_p256_verify_digest(row.key.bytes, padded, s), EH_OK);
	ck_assert_int_eq(sign(key, EH_MECH_ECDSA, "", 0), EH_ERR_ARGUMENT);
	ck_assert_int_eq(
	    sign(key, EH_MECH_ISSUE, "x", 1), EH_DENIED_MECHANISM);
}
END_TEST

START_TEST(a_new_key_that_fails_its_pairwise_test_stops_everything)
{
	uint64_t key = generate(&operator, EH_PURPOSE_GENERAL);

	f.backend->lie = LIE_OTHER_KEY;
	request(EH_REQ_GENERATE);
	eh_wire_put_number(&in, EH_WIRE_ALG, EH_ALG_ES256);
	eh_wire_put_number(&in, EH_WIRE_PURPOSE, EH_PURPOSE_ISSUING);
	eh_wire_put_text(&in, EH_WIRE_LABEL, "key two");
	eh_wire_put_bytes(&in, EH_WIRE_ID, "", 0);
	ck_assert_int_eq(serve(&operator), EH_ERR_SIGNATURE);
	/* No output until a restart, with whatever is good by itself, too. */
	f.backend->lie = LIE_NOT;
	ck_assert_int_eq(sign(key, EH_MECH_ECDSA_SHA256, "message", 7),
	    EH_DENIED_FAIL_STOPPED);
	says("pairwise test of a new key: the key store signs with another");
	request(EH_REQ_STATUS);
	ck_assert_int_eq(serve(&auditor), EH_OK);
	ck_assert_uint_eq(eh_wire_number(&call.out, EH_WIRE_STATE),
	    EH_STATE_FAIL_STOPPED);
}
END_TEST

/* A key store during whose signature a self-test fails elsewhere. */
static const struct eh_backend_ops *true_ops;

static int
sign_too_late(struct eh_backend *b, unsigned long handle,
    const uint8_t digest[EH_DIGEST_LEN], uint8_t signature[EH_SIGNATURE_LEN],
    struct eh_error *error)
{
	int err = true_ops->sign(b, handle, digest, signature, error);

	eh_health_fail("self-test of a test");
	return err;
}

START_TEST(what_was_under_way_when_a_self_test_failed_stays_here)
{
	uint64_t key = generate(&operator, EH_PURPOSE_GENERAL);
	struct eh_backend_ops ops = *f.backend->base.ops;
	size_t len;

	true_ops = f.backend->base.ops;
	ops.sign = sign_too_late;
	f.backend->base.ops = &ops;
	ck_assert_int_eq(sign(key, EH_MECH_ECDSA_SHA256, "message", 7),
	    EH_DENIED_FAIL_STOPPED);
	says("fail-stopped: self-test of a test");
	(void)eh_wire_bytes(&call.out, EH_WIRE_DATA, &len);
	ck_assert_uint_eq(len, 0);
	f.backend->base.ops = true_ops;
}
END_TEST

START_TEST(an_issuing_key_signs_no_digest_and_nothing_incomplete)
{
	uint64_t ca = generate(&operator, EH_PURPOSE_ISSUING);
	uint8_t digest[EH_DIGEST_LEN] = { 0 };
	unsigned before = f.backend->signatures;

	ck_assert_int_eq(
	    sign(ca, EH_MECH_ECDSA, digest, 32), EH_DENIED_MECHANISM);
	ck_assert_int_eq(
	    sign(ca, EH_MECH_ECDSA_SHA256, "message", 7), EH_DENIED_TEMPLATE);
	ck_assert_int_eq(
	    sign(ca, EH_MECH_ECDSA_SHA256, "", 0), EH_DENIED_TEMPLATE);
	/* Refused before the key store was asked. */
	ck_assert_uint_eq(f.backend->signatures, before);
}
END_TEST

START_TEST(the_attestation_key_signs_nothing_that_is_given_to_it)
{
	struct eh_state_key row;

	ck_assert_int_eq(
	    eh_keys_attestation(f.b->keys, &row, NULL), EH_OK);
	for (unsigned m = EH_MECH_ECDSA; m <= EH_MECH_ISSUE; m++)
		ck_assert_int_eq(sign(row.object, (enum eh_wire_mechanism)m,
				     "a digest of thirty-two octets..", 32),
		    EH_DENIED_KEY);
}
END_TEST

/* --- statements --- */

/* The message of the reply, its signature verified with the attestation key. */
static const uint8_t *
verified(size_t *payload_len)
{
	static struct eh_envelope envelope;
	struct eh_state_key attestation;
	const uint8_t *message;
	size_t len;

	ck_assert_int_eq(
	    eh_keys_attestation(f.b->keys, &attestation, NULL), EH_OK);
	message = eh_wire_bytes(&call.out, EH_WIRE_DATA, &len);
	ck_assert_int_eq(
	    eh_envelope_decode(message, len, &envelope, &f.error), EH_OK);
	ck_assert_int_eq(
	    eh_envelope_verify(&envelope, &attestation.key, &f.error), EH_OK);
	*payload_len = envelope.sign1.payload_len;
	return envelope.sign1.payload;
}

START_TEST(a_receipt_states_the_log_the_root_and_the_nonce)
{
	struct eh_receipt *r = calloc(1, sizeof(*r));
	const struct eh_state *state;
	const uint8_t *payload;
	uint8_t root[32];
	size_t len;

	generate(&operator, EH_PURPOSE_GENERAL);
	request(EH_REQ_RECEIPT);
	eh_wire_put_bytes(&in, EH_WIRE_NONCE, nonce, sizeof(nonce));
	ck_assert_int_eq(serve(&auditor), EH_OK);
	payload = verified(&len);
	ck_assert_int_eq(
	    eh_receipt_decode(payload, len, r, &f.error), EH_OK);
	state = eh_engine_lock(f.b->engine);
	ck_assert_uint_eq(r->tree_size, state->log.tree.size);
	eh_merkle_root(&state->log.tree, root);
	ck_assert_mem_eq(r->tree_root, root, 32);
	eh_keyid_spki_digest(&state->root, root);
	ck_assert_mem_eq(r->root, root, 32);
	ck_assert_mem_eq(r->hsm_id, state->hsm_id, EH_HSM_ID_LEN);
	eh_engine_unlock(f.b->engine);
	ck_assert_uint_eq(r->nonce.len, sizeof(nonce));
	ck_assert_mem_eq(r->nonce.bytes, nonce, sizeof(nonce));
	ck_assert_int_eq(r->anchor_class, EH_CLASS_FILE);
	ck_assert_int_eq(r->custody, EH_CUSTODY_PIN_FILE);
	free(r);
}
END_TEST

/* Also while the next commit is under way. */
START_TEST(a_receipt_shows_the_anchor_of_its_own_commit)
{
	struct eh_receipt *r = calloc(1, sizeof(*r));
	struct eh_os *os = f.b->os;
	uint8_t value[EH_DIGEST_LEN];
	const uint8_t *payload;
	size_t len;

	generate(&operator, EH_PURPOSE_GENERAL);
	ck_assert_int_eq(os->anchor_read(os->arg, value), EH_OK);
	ck_assert_int_eq(os->anchor_extend(os->arg, value, value), EH_OK);
	request(EH_REQ_RECEIPT);
	eh_wire_put_bytes(&in, EH_WIRE_NONCE, nonce, sizeof(nonce));
	ck_assert_int_eq(serve(&auditor), EH_OK);
	payload = verified(&len);
	ck_assert_int_eq(
	    eh_receipt_decode(payload, len, r, &f.error), EH_OK);
	ck_assert_mem_eq(r->anchor, value, EH_DIGEST_LEN);
	free(r);
}
END_TEST

START_TEST(an_enrolment_request_names_every_other_key)
{
	struct eh_enrol *e = calloc(1, sizeof(*e));
	const uint8_t *message;
	size_t len;

	generate(&operator, EH_PURPOSE_ISSUING);
	generate(&operator, EH_PURPOSE_GENERAL);
	request(EH_REQ_ENROL);
	eh_wire_put_bytes(&in, EH_WIRE_NONCE, nonce, sizeof(nonce));
	ck_assert_int_eq(serve(&officer), EH_OK);
	message = eh_wire_bytes(&call.out, EH_WIRE_DATA, &len);
	ck_assert_int_eq(eh_enrol_open(message, len, e, &f.error), EH_OK);
	ck_assert_uint_eq(e->nkeys, 2);
	ck_assert_int_eq(e->anchor_class, EH_CLASS_FILE);
	ck_assert_mem_eq(e->nonce.bytes, nonce, sizeof(nonce));
	free(e);
}
END_TEST

START_TEST(a_key_attestation_does_not_flatter)
{
	uint64_t ca = generate(&operator, EH_PURPOSE_ISSUING);
	struct eh_keyattest k;
	struct eh_state_key row;
	const uint8_t *payload;
	size_t len;

	request(EH_REQ_ATTEST_KEY);
	eh_wire_put_number(&in, EH_WIRE_OBJECT, (int64_t)ca);
	ck_assert_int_eq(serve(&operator), EH_OK);
	payload = verified(&len);
	ck_assert_int_eq(
	    eh_keyattest_decode(payload, len, &k, &f.error), EH_OK);
	ck_assert_int_eq(eh_keys_get(f.b->keys, ca, &row, NULL), EH_OK);
	ck_assert(eh_rawkey_equal(&k.key, &row.key));
	ck_assert_int_eq(k.purpose, EH_PURPOSE_ISSUING);
	ck_assert_int_eq(k.custody, EH_CUSTODY_PIN_FILE);
	ck_assert_uint_eq(k.non_extractable, 0);
	ck_assert_uint_eq(k.nonce.len, 0);
	/* "key one" is no name, so it is left out. */
	ck_assert_str_eq(k.label, "");
	request(EH_REQ_ATTEST_KEY);
	eh_wire_put_number(&in, EH_WIRE_OBJECT, 999);
	ck_assert_int_eq(serve(&operator), EH_ERR_NOT_FOUND);
}
END_TEST

START_TEST(a_statement_is_not_made_with_a_key_store_that_lies)
{
	f.backend->lie = LIE_BAD_SIGNATURE;
	request(EH_REQ_RECEIPT);
	eh_wire_put_bytes(&in, EH_WIRE_NONCE, nonce, sizeof(nonce));
	ck_assert_int_eq(serve(&auditor), EH_ERR_SIGNATURE);
}
END_TEST

/* --- log --- */

static void
read_log(uint64_t first, uint64_t most, int expect)
{
	request(EH_REQ_LOG_READ);
	eh_wire_put_number(&in, EH_WIRE_FIRST, (int64_t)first);
	eh_wire_put_number(&in, EH_WIRE_COUNT, (int64_t)most);
	ck_assert_int_eq(serve(&auditor), expect);
}

START_TEST(the_log_reads_back_to_the_root_in_pieces_of_any_size)
{
	uint8_t leaf[32], root[32], expect[32];
	uint64_t next = 0, size;
	struct eh_merkle tree;

	for (unsigned i = 0; i < 6; i++)
		generate(&operator, EH_PURPOSE_GENERAL);
	eh_merkle_init(&tree);
	do {
		const uint8_t *entry;
		size_t cursor = 0, len;

		read_log(next, 500, EH_OK);
		size = eh_wire_number(&call.out, EH_WIRE_SEQ);
		ck_assert_uint_eq(
		    eh_wire_number(&call.out, EH_WIRE_FIRST), next);
		while (eh_wire_list_next(
		    &call.out, EH_WIRE_ENTRIES, &cursor, &entry, &len)) {
			eh_merkle_leaf(entry, len, leaf);
			ck_assert_int_eq(
			    eh_merkle_append(&tree, leaf), EH_OK);
			next++;
		}
	} while (next < size);
	ck_assert_uint_ge(size, 7);
	eh_merkle_root(&tree, root);
	eh_merkle_root(&eh_engine_lock(f.b->engine)->log.tree, expect);
	eh_engine_unlock(f.b->engine);
	ck_assert_mem_eq(root, expect, 32);
	read_log(size, 500, EH_OK);
	ck_assert_uint_eq(call.out.field[EH_WIRE_ENTRIES].entries, 0);
	read_log(size + 1, 500, EH_ERR_ARGUMENT);
	read_log(0, 10, EH_ERR_SPACE);
}
END_TEST

START_TEST(status_shows_what_is_and_counts_refusals)
{
	char refusal[EH_REFUSAL_TEXT];

	request(EH_REQ_STATUS);
	ck_assert_int_eq(serve(&auditor), EH_OK);
	ck_assert_uint_eq(eh_wire_number(&call.out, EH_WIRE_REFUSALS), 0);
	ck_assert_uint_eq(
	    eh_wire_number(&call.out, EH_WIRE_ANCHOR_CLASS), EH_CLASS_FILE);
	ck_assert_uint_eq(
	    eh_wire_number(&call.out, EH_WIRE_QUALITY), EH_QUALITY_NONE);
	ck_assert(!eh_wire_has(&call.out, EH_WIRE_TEXT));
	ck_assert(!eh_wire_has(&call.out, EH_WIRE_REFUSAL));
	ck_assert_int_eq(destroy(&auditor, 1), EH_DENIED_ROLE);
	eh_boundary_stop(f.b, "caf\xc3\xa9 closed");
	request(EH_REQ_STATUS);
	ck_assert_int_eq(serve(&auditor), EH_OK);
	ck_assert_uint_eq(eh_wire_number(&call.out, EH_WIRE_REFUSALS), 1);
	ck_assert_int_eq(eh_wire_text(&call.out, EH_WIRE_REFUSAL, refusal,
			     sizeof(refusal)), EH_OK);
	ck_assert_ptr_nonnull(strstr(refusal, "Z destroy: "));
	ck_assert_uint_eq(
	    eh_wire_number(&call.out, EH_WIRE_STATE), EH_STATE_FAIL_STOPPED);
	says("caf?? closed");
	ck_assert_int_eq(hello(&auditor, NULL), EH_OK);
	says("caf?? closed");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("req");
	TCase *c = tcase_create("req");

	tcase_add_checked_fixture(c, begin, end);
	tcase_add_test(c, hello_takes_claims_and_shows_the_token);
	tcase_add_test(
	    c, hello_of_another_version_or_with_bad_claims_is_refused);
	tcase_add_test(c, a_login_counts_here_and_its_ticket_elsewhere);
	tcase_add_test(c, the_role_is_looked_at_before_the_pin);
	tcase_add_test(c, random_bytes_are_given_up_to_a_frame);
	tcase_add_test(c, who_may_set_which_pin);
	tcase_add_test(c, list_shows_keys_objects_and_no_secret);
	tcase_add_test(
	    c, the_generation_rises_with_every_change_and_no_other_request);
	tcase_add_test(c,
	    the_generation_rises_when_a_key_is_gone_though_its_store_fails);
	tcase_add_test(c, only_p256_keys_are_made);
	tcase_add_test(c, issuing_keys_are_destroyed_by_the_officer_only);
	tcase_add_test(
	    c, an_authorization_is_neither_destroyed_nor_renamed);
	tcase_add_test(c, keys_are_never_brought_in);
	tcase_add_test(
	    c, init_token_takes_what_does_not_decide_and_leaves_the_rest);
	tcase_add_test(
	    c, a_general_key_signs_messages_and_digests_of_any_length);
	tcase_add_test(
	    c, a_new_key_that_fails_its_pairwise_test_stops_everything);
	tcase_add_test(
	    c, what_was_under_way_when_a_self_test_failed_stays_here);
	tcase_add_test(
	    c, an_issuing_key_signs_no_digest_and_nothing_incomplete);
	tcase_add_test(
	    c, the_attestation_key_signs_nothing_that_is_given_to_it);
	tcase_add_test(
	    c, a_receipt_states_the_log_the_root_and_the_nonce);
	tcase_add_test(c, a_receipt_shows_the_anchor_of_its_own_commit);
	tcase_add_test(c, an_enrolment_request_names_every_other_key);
	tcase_add_test(c, a_key_attestation_does_not_flatter);
	tcase_add_test(
	    c, a_statement_is_not_made_with_a_key_store_that_lies);
	tcase_add_test(
	    c, the_log_reads_back_to_the_root_in_pieces_of_any_size);
	tcase_add_test(c, status_shows_what_is_and_counts_refusals);
	tcase_set_timeout(c, 60);
	suite_add_tcase(s, c);
	return unit_run(s);
}

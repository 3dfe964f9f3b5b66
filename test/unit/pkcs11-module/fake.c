/* SPDX-License-Identifier: Apache-2.0 */
/* fake.c - something that speaks the wire as edgehsmd does. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/cbor/cbor.h"
#include "pkcs11-module/entry.h"
#include "pkcs11-module/module.h"
#include "test/unit/pkcs11-module/fake.h"
#include "test/unit/unit.h"

struct fake fake = { .lock = PTHREAD_MUTEX_INITIALIZER };
CK_FUNCTION_LIST *p11;

/* SubjectPublicKeyInfo of a point on P-256 (any point: nothing verifies). */
static const uint8_t spki_head[] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a,
	0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
	0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04 };

/* What a connection knows of its client. */
struct caller {
	int fd;
	int role;		/* enum eh_wire_role, or -1 */
	unsigned pin_generation;
};

static struct fake_object *
add(enum eh_wire_class class, const char *label)
{
	struct fake_object *o;

	if (fake.nobjects == 16) /* not by Check: this may be a daemon */
		abort();
	o = &fake.object[fake.nobjects++];
	memset(o, 0, sizeof(*o));
	o->number = fake.next++;
	o->class = class;
	snprintf(o->label, sizeof(o->label), "%s", label);
	fake.generation++;
	return o;
}

static struct fake_object *
add_key(const char *label, unsigned purpose)
{
	struct fake_object *o = add(EH_CLASS_KEY, label);

	o->purpose = purpose;
	o->origin = 2;
	memcpy(o->data, spki_head, sizeof(spki_head));
	memset(o->data + sizeof(spki_head), (int)o->number, 64);
	o->len = sizeof(spki_head) + 64;
	o->id[0] = (uint8_t)o->number;
	o->idlen = 1;
	return o;
}

static struct fake_object *
find(uint64_t number)
{
	for (unsigned i = 0; i < fake.nobjects; i++)
		if (fake.object[i].number == number)
			return &fake.object[i];
	return NULL;
}

/* A hash that is good enough to see that the right octets came. */
static void
sign(const uint8_t *data, size_t len, uint8_t out[64])
{
	uint64_t h = UINT64_C(1469598103934665603);

	for (size_t i = 0; i < len; i++)
		h = (h ^ data[i]) * UINT64_C(1099511628211);
	for (unsigned i = 0; i < 64; i++)
		out[i] = (uint8_t)(h >> (i % 8 * 8));
}

void
fake_signature(uint8_t out[64])
{
	sign(fake.data, fake.len, out);
}

/* --- requests --- */

struct answer {
	struct eh_wire out;
	char text[200];
	uint8_t bytes[70000];
	uint8_t list[2][65536];
};

static int
refuse(struct answer *a, int err, const char *text)
{
	unsigned code = a->out.code;

	eh_wire_init(&a->out, code, err);
	snprintf(a->text, sizeof(a->text), "%s", text);
	eh_wire_put_text(&a->out, EH_WIRE_TEXT, a->text);
	return err;
}

static void
put_generation(struct answer *a)
{
	eh_wire_put_number(
	    &a->out, EH_WIRE_GENERATION, (int64_t)fake.generation);
}

static void
keep_data(const struct eh_wire *in)
{
	const uint8_t *bytes = eh_wire_bytes(in, EH_WIRE_DATA, &fake.len);

	memcpy(fake.data, bytes, fake.len);
}

static void
do_hello(struct caller *c, const struct eh_wire *in, struct answer *a)
{
	const uint8_t *ticket;
	size_t len;

	c->role = -1;
	ticket = eh_wire_bytes(in, EH_WIRE_TICKET, &len);
	if (len == 2 && ticket[1] == fake.pin_generation) {
		c->role = ticket[0];
		c->pin_generation = fake.pin_generation;
	}
	if (eh_wire_text(in, EH_WIRE_LINE, fake.line, sizeof(fake.line)) != 0)
		fake.line[0] = '\0';
	eh_wire_put_number(&a->out, EH_WIRE_VERSION_NO, fake.version);
	eh_wire_put_number(&a->out, EH_WIRE_STATE, fake.state);
	eh_wire_put_number(&a->out, EH_WIRE_FLAGS, fake.flags);
	if (fake.state != EH_STATE_FRESH) {
		eh_wire_put_text(&a->out, EH_WIRE_LABEL, fake.label);
		eh_wire_put_bytes(&a->out, EH_WIRE_HSM_ID, fake.hsm_id, 16);
	}
	if (fake.state == EH_STATE_FAIL_STOPPED)
		eh_wire_put_text(&a->out, EH_WIRE_TEXT, fake.text);
	if (c->role >= 0)
		eh_wire_put_number(&a->out, EH_WIRE_ROLE, c->role);
	if (fake.state == EH_STATE_READY) {
		eh_wire_put_number(&a->out, EH_WIRE_QUALITY, fake.quality);
		eh_wire_put_number(&a->out, EH_WIRE_T_LO, (int64_t)fake.t_lo);
	}
	put_generation(a);
}

static void
do_login(struct caller *c, const struct eh_wire *in, struct answer *a)
{
	int role = (int)eh_wire_number(in, EH_WIRE_ROLE);
	const char *right = role == EH_ROLE_OFFICER ? fake.so_pin : fake.pin;
	size_t len;
	const uint8_t *pin = eh_wire_bytes(in, EH_WIRE_PIN, &len);

	if (len != strlen(right) || memcmp(pin, right, len) != 0) {
		refuse(a, EH_DENIED_PIN, "wrong PIN: try 1");
		return;
	}
	c->role = role;
	c->pin_generation = fake.pin_generation;
	a->bytes[0] = (uint8_t)role;
	a->bytes[1] = (uint8_t)fake.pin_generation;
	eh_wire_put_bytes(&a->out, EH_WIRE_TICKET, a->bytes, 2);
	eh_wire_put_number(&a->out, EH_WIRE_ROLE, role);
}

static void
do_set_pin(struct caller *c, const struct eh_wire *in, struct answer *a)
{
	int role = (int)eh_wire_number(in, EH_WIRE_ROLE);
	char *target = role == EH_ROLE_OFFICER ? fake.so_pin : fake.pin;
	size_t len, oldlen;
	const uint8_t *pin = eh_wire_bytes(in, EH_WIRE_PIN, &len);
	const uint8_t *old = eh_wire_bytes(in, EH_WIRE_OLD_PIN, &oldlen);

	if (eh_wire_has(in, EH_WIRE_OLD_PIN)
	    ? oldlen != strlen(target) || memcmp(old, target, oldlen) != 0
	    : c->role != EH_ROLE_OFFICER) {
		refuse(a, EH_DENIED_PIN, "wrong PIN: try 1");
		return;
	}
	memcpy(target, pin, len);
	target[len] = '\0';
	fake.flags |= EH_FLAG_OPERATOR_PIN;
	fake.pin_generation++;
	c->role = -1;
}

static size_t
encode_object(const struct fake_object *o, uint8_t *out, size_t cap)
{
	struct eh_wire map;
	size_t len;

	eh_wire_init(&map, EH_MAP_OBJECT, 0);
	eh_wire_put_number(&map, EH_WIRE_OBJECT, (int64_t)o->number);
	eh_wire_put_number(&map, EH_WIRE_CLASS, o->class);
	eh_wire_put_text(&map, EH_WIRE_LABEL, o->label);
	eh_wire_put_bytes(&map, EH_WIRE_ID, o->id, o->idlen);
	if (o->class == EH_CLASS_KEY) {
		eh_wire_put_bytes(&map, EH_WIRE_SPKI, o->data, o->len);
		eh_wire_put_number(&map, EH_WIRE_ALG, -7);
		eh_wire_put_number(&map, EH_WIRE_PURPOSE, o->purpose);
		eh_wire_put_number(&map, EH_WIRE_ORIGIN, o->origin);
		eh_wire_put_number(&map, EH_WIRE_CUSTODY, o->custody);
		eh_wire_put_bytes(&map, EH_WIRE_DIGEST,
		    "0123456789abcdef0123456789abcdef", 32);
	} else {
		eh_wire_put_bytes(&map, EH_WIRE_DATA, o->data, o->len);
		if (o->class == EH_CLASS_DATA)
			eh_wire_put_text(
			    &map, EH_WIRE_APPLICATION, o->application);
	}
	return eh_wire_encode_reply(&map, out, cap, &len) == EH_OK ? len : 0;
}

static size_t
encode_auth(const struct fake_auth *auth, uint8_t *out, size_t cap)
{
	struct eh_writer w;
	struct eh_wire map;
	uint8_t counters[128];
	size_t n, len;

	eh_writer_init(&w, counters, sizeof(counters));
	eh_cbor_put_map(&w, 2);
	for (unsigned op = 0; op < 2; op++) {
		eh_cbor_put_uint(&w, op);
		eh_cbor_put_array(&w, 4);
		eh_cbor_put_uint(&w, auth->used + op);
		eh_cbor_put_uint(&w, 0);
		eh_cbor_put_uint(&w, auth->used + 2);
		eh_cbor_put_uint(&w, auth->quota);
	}
	if (eh_writer_end(&w, &n) != EH_OK)
		return 0;
	eh_wire_init(&map, EH_MAP_AUTHORIZATION, 0);
	eh_wire_put_number(&map, EH_WIRE_OBJECT, (int64_t)auth->number);
	eh_wire_put_bytes(
	    &map, EH_WIRE_AUTHORIZATION, "authorization-16", 16);
	eh_wire_put_text(&map, EH_WIRE_LABEL, auth->label);
	eh_wire_put_number(&map, EH_WIRE_STATE, auth->state);
	eh_wire_put_number(&map, EH_WIRE_SEQ, 7);
	eh_wire_put_text(&map, EH_WIRE_FACTORY, "fab-1");
	eh_wire_put_text(&map, EH_WIRE_PROFILE, "gateway-b");
	eh_wire_put_number(&map, EH_WIRE_PROFILE_VERSION, 3);
	eh_wire_put_bytes(
	    &map, EH_WIRE_DIGEST, "0123456789abcdef0123456789abcdef", 32);
	eh_wire_put_number(&map, EH_WIRE_NBF, 1000);
	eh_wire_put_number(&map, EH_WIRE_EXP, 2000);
	eh_wire_put_number(&map, EH_WIRE_BURNS, 2);
	eh_wire_put_bytes(&map, EH_WIRE_COUNTERS, counters, n);
	eh_wire_put_bytes(&map, EH_WIRE_LIMITS, "\xa0", 1);
	eh_wire_put_number(&map, EH_WIRE_GOOD, 1);
	eh_wire_put_number(&map, EH_WIRE_SCRAPPED, 0);
	eh_wire_put_number(&map, EH_WIRE_IN_DOUBT, 0);
	return eh_wire_encode_reply(&map, out, cap, &len) == EH_OK ? len : 0;
}

static void
put_objects(struct answer *a)
{
	struct eh_writer w;
	uint8_t map[8000];
	size_t len;

	eh_writer_init(&w, a->list[0], sizeof(a->list[0]));
	eh_cbor_put_array(&w, fake.nobjects);
	for (unsigned i = 0; i < fake.nobjects; i++)
		eh_cbor_put_bytes(&w, map,
		    encode_object(&fake.object[i], map, sizeof(map)));
	if (eh_writer_end(&w, &len) == EH_OK)
		eh_wire_put_list(&a->out, EH_WIRE_OBJECTS, a->list[0], len,
		    fake.nobjects);
}

static void
put_auths(struct answer *a)
{
	struct eh_writer w;
	uint8_t map[1000];
	size_t len;

	eh_writer_init(&w, a->list[1], sizeof(a->list[1]));
	eh_cbor_put_array(&w, fake.nauths);
	for (unsigned i = 0; i < fake.nauths; i++)
		eh_cbor_put_bytes(&w, map,
		    encode_auth(&fake.auth[i], map, sizeof(map)));
	if (eh_writer_end(&w, &len) == EH_OK)
		eh_wire_put_list(&a->out, EH_WIRE_AUTHORIZATIONS, a->list[1],
		    len, fake.nauths);
}

static void
do_status(struct answer *a)
{
	eh_wire_put_number(&a->out, EH_WIRE_STATE, fake.state);
	eh_wire_put_number(&a->out, EH_WIRE_FLAGS, fake.flags);
	eh_wire_put_number(&a->out, EH_WIRE_QUALITY, 3);
	eh_wire_put_number(&a->out, EH_WIRE_REFUSALS, 0);
	if (fake.state != EH_STATE_FRESH) {
		eh_wire_put_text(&a->out, EH_WIRE_LABEL, fake.label);
		eh_wire_put_bytes(&a->out, EH_WIRE_HSM_ID, fake.hsm_id, 16);
		eh_wire_put_bytes(&a->out, EH_WIRE_ROOT,
		    "root-root-root-root-root-root-32", 32);
		eh_wire_put_number(&a->out, EH_WIRE_ANCHOR_CLASS, 0);
		eh_wire_put_number(&a->out, EH_WIRE_SEQ, 42);
	}
	put_auths(a);
}

static void
do_sign(const struct caller *c, const struct eh_wire *in, struct answer *a)
{
	struct fake_object *o = find(eh_wire_number(in, EH_WIRE_OBJECT));
	struct fake_auth *auth = &fake.auth[0];
	const uint8_t *param;

	if (c->role != EH_ROLE_OPERATOR) {
		refuse(a, EH_DENIED_LOGIN, "not logged in");
		return;
	}
	if (o == NULL) {
		refuse(a, EH_ERR_NOT_FOUND, "no such key");
		return;
	}
	keep_data(in);
	param = eh_wire_bytes(in, EH_WIRE_PARAM, &fake.paramlen);
	memcpy(fake.param, param, fake.paramlen);
	fake.mechanism = (unsigned)eh_wire_number(in, EH_WIRE_MECHANISM);
	fake.number = o->number;
	if (o->purpose == CK_EDGEHSM_PURPOSE_ISSUING) {
		if (auth->used >= auth->quota) {
			refuse(a, EH_DENIED_QUOTA, "quota exhausted: "
			    "authorization PO-4712 allows 5 devices, 5 used");
			return;
		}
		auth->used++;
	}
	fake.signatures++;
	sign(fake.data, fake.len, a->bytes);
	eh_wire_put_bytes(&a->out, EH_WIRE_DATA, a->bytes, 64);
}

static void
do_generate(const struct caller *c, const struct eh_wire *in, struct answer *a)
{
	struct fake_object *o;
	char label[65];
	const uint8_t *id;

	if (c->role != EH_ROLE_OPERATOR) {
		refuse(a, EH_DENIED_LOGIN, "not logged in");
		return;
	}
	if (eh_wire_text(in, EH_WIRE_LABEL, label, sizeof(label)) != EH_OK)
		label[0] = '\0';
	o = add_key(label, (unsigned)eh_wire_number(in, EH_WIRE_PURPOSE));
	id = eh_wire_bytes(in, EH_WIRE_ID, &o->idlen);
	memcpy(o->id, id, o->idlen);
	eh_wire_put_number(&a->out, EH_WIRE_OBJECT, (int64_t)o->number);
	eh_wire_put_bytes(&a->out, EH_WIRE_SPKI, o->data, o->len);
	eh_wire_put_number(&a->out, EH_WIRE_ORIGIN, o->origin);
	eh_wire_put_number(&a->out, EH_WIRE_CUSTODY, o->custody);
	put_generation(a);
}

static void
do_destroy(const struct caller *c, const struct eh_wire *in, struct answer *a)
{
	struct fake_object *o = find(eh_wire_number(in, EH_WIRE_OBJECT));

	if (o == NULL) {
		refuse(a, EH_ERR_NOT_FOUND, "no such object");
		return;
	}
	if (o->class == EH_CLASS_KEY && o->purpose != 0 &&
	    c->role != EH_ROLE_OFFICER) {
		refuse(a, EH_DENIED_LOGIN, "that is the officer's");
		return;
	}
	*o = fake.object[--fake.nobjects];
	fake.generation++;
	put_generation(a);
}

static void
do_import(const struct eh_wire *in, struct answer *a)
{
	keep_data(in);
	if (fake.len == 0 || fake.data[0] != 0xd2) {
		refuse(a, EH_ERR_FORMAT, "this is no message");
		return;
	}
	eh_wire_put_number(&a->out, EH_WIRE_KIND, 2);
	eh_wire_put_text(&a->out, EH_WIRE_TEXT,
	    "production authorization PO-4713 for 5 devices");
}

static void
do_set_attribute(const struct eh_wire *in, struct answer *a)
{
	struct fake_object *o = find(eh_wire_number(in, EH_WIRE_OBJECT));
	const uint8_t *id;

	if (o == NULL) {
		refuse(a, EH_ERR_NOT_FOUND, "no such object");
		return;
	}
	if (eh_wire_has(in, EH_WIRE_LABEL) &&
	    eh_wire_text(in, EH_WIRE_LABEL, o->label, 65) != EH_OK)
		o->label[0] = '\0';
	if (eh_wire_has(in, EH_WIRE_ID)) {
		id = eh_wire_bytes(in, EH_WIRE_ID, &o->idlen);
		memcpy(o->id, id, o->idlen);
	}
	fake.generation++;
	put_generation(a);
}

static void
do_put_object(const struct eh_wire *in, struct answer *a)
{
	struct fake_object *o = add(
	    (enum eh_wire_class)eh_wire_number(in, EH_WIRE_CLASS), "");
	const uint8_t *bytes;

	if (eh_wire_text(in, EH_WIRE_LABEL, o->label, 65) != EH_OK ||
	    eh_wire_text(in, EH_WIRE_APPLICATION, o->application, 65) != EH_OK)
		o->label[0] = '\0';
	bytes = eh_wire_bytes(in, EH_WIRE_ID, &o->idlen);
	memcpy(o->id, bytes, o->idlen);
	bytes = eh_wire_bytes(in, EH_WIRE_DATA, &o->len);
	memcpy(o->data, bytes, o->len);
	eh_wire_put_number(&a->out, EH_WIRE_OBJECT, (int64_t)o->number);
	put_generation(a);
}

static void
do_log_read(const struct eh_wire *in, struct answer *a)
{
	eh_wire_put_number(&a->out, EH_WIRE_FIRST,
	    (int64_t)eh_wire_number(in, EH_WIRE_FIRST));
	eh_wire_put_number(&a->out, EH_WIRE_SEQ, 42);
	if (eh_wire_number(in, EH_WIRE_COUNT) < 6)
		refuse(a, EH_ERR_SPACE, "entry 3 does not fit 3 bytes");
	else
		eh_wire_put_list(
		    &a->out, EH_WIRE_ENTRIES, "\x82\x41r\x42rr", 6, 2);
}

/* A signed message of some length: the nonce and filling. */
static void
do_message(const struct eh_wire *in, struct answer *a, size_t len)
{
	const uint8_t *nonce = eh_wire_bytes(in, EH_WIRE_NONCE, &fake.len);

	memcpy(fake.data, nonce, fake.len);
	memset(a->bytes, 'm', len);
	memcpy(a->bytes, nonce, fake.len);
	eh_wire_put_bytes(&a->out, EH_WIRE_DATA, a->bytes, len);
}

static void
do_random(const struct eh_wire *in, struct answer *a)
{
	size_t n = eh_wire_number(in, EH_WIRE_COUNT);

	for (size_t i = 0; i < n; i++)
		a->bytes[i] = (uint8_t)(i * 31 + 1);
	eh_wire_put_bytes(&a->out, EH_WIRE_DATA, a->bytes, n);
}

static void
do_genesis(const struct eh_wire *in, struct answer *a)
{
	if (fake.state != EH_STATE_FRESH) {
		refuse(a, EH_ERR_EXISTS, "this EdgeHSM has its identity");
		return;
	}
	fake.state = EH_STATE_READY;
	if (eh_wire_text(in, EH_WIRE_LABEL, fake.label, 65) != EH_OK)
		fake.label[0] = '\0';
	eh_wire_put_bytes(&a->out, EH_WIRE_HSM_ID, fake.hsm_id, 16);
	memset(a->bytes, 1, 91);
	eh_wire_put_bytes(&a->out, EH_WIRE_SPKI, a->bytes, 91);
}

static void
serve(struct caller *c, const struct eh_wire *in, struct answer *a)
{
	/* A PIN that was changed ends every login made with it. */
	if (c->pin_generation != fake.pin_generation)
		c->role = -1;
	switch (in->code) {
	case EH_REQ_HELLO: do_hello(c, in, a); break;
	case EH_REQ_LOGIN: do_login(c, in, a); break;
	case EH_REQ_SET_PIN: do_set_pin(c, in, a); break;
	case EH_REQ_GENESIS: do_genesis(in, a); break;
	case EH_REQ_INIT_TOKEN:
		if (eh_wire_text(in, EH_WIRE_LABEL, fake.label, 65) != EH_OK)
			fake.label[0] = '\0';
		break;
	case EH_REQ_LIST:
		put_objects(a);
		put_auths(a);
		put_generation(a);
		break;
	case EH_REQ_STATUS: do_status(a); break;
	case EH_REQ_SIGN: do_sign(c, in, a); break;
	case EH_REQ_GENERATE: do_generate(c, in, a); break;
	case EH_REQ_DESTROY: do_destroy(c, in, a); break;
	case EH_REQ_IMPORT: do_import(in, a); break;
	case EH_REQ_SET_ATTRIBUTE: do_set_attribute(in, a); break;
	case EH_REQ_PUT_OBJECT: do_put_object(in, a); break;
	case EH_REQ_LOG_READ: do_log_read(in, a); break;
	case EH_REQ_RECEIPT: do_message(in, a, 379); break;
	case EH_REQ_ENROL: do_message(in, a, 700); break;
	case EH_REQ_ATTEST_KEY: do_message(in, a, 300); break;
	case EH_REQ_TIME_NONCE:
		eh_wire_put_bytes(
		    &a->out, EH_WIRE_NONCE, "nonce-0123456789", 16);
		break;
	case EH_REQ_CHALLENGE:
		eh_wire_put_bytes(&a->out, EH_WIRE_NONCE,
		    "challenge-0123456789-0123456789-", 32);
		break;
	case EH_REQ_REPORT:
		keep_data(in);
		eh_wire_put_number(&a->out, EH_WIRE_SEQ, 43);
		break;
	case EH_REQ_RANDOM: do_random(in, a); break;
	default: break;
	}
}

static struct fake_script
next_trick(unsigned code)
{
	struct fake_script *s = &fake.script[code], now = *s;

	if (s->times == 0)
		now.trick = FAKE_ANSWER;
	else
		s->times--;
	return now;
}

/* Serve one request; return 0 when the connection is to be closed. */
static int
serve_one(struct caller *c, const struct eh_wire *in, struct answer *a,
    uint8_t *out, size_t cap)
{
	static const struct timespec nap = { .tv_nsec = 300 * 1000000 };
	struct fake_script now;
	size_t len;

	pthread_mutex_lock(&fake.lock);
	fake.count[in->code]++;
	now = next_trick(in->code);
	eh_wire_init(&a->out, in->code, 0);
	if (now.trick == FAKE_REFUSE)
		refuse(a, now.err, now.text);
	else if (now.trick != FAKE_HANG_UP_BEFORE)
		serve(c, in, a);
	pthread_mutex_unlock(&fake.lock);
	if (now.trick == FAKE_HANG_UP_BEFORE ||
	    now.trick == FAKE_HANG_UP_AFTER)
		return 0;
	if (now.trick == FAKE_SLOW)
		nanosleep(&nap, NULL);
	if (now.trick == FAKE_GARBAGE)
		return eh_wire_send(c->fd, "garbage", 7) == EH_OK;
	if (eh_wire_encode_reply(&a->out, out, cap, &len) != EH_OK)
		return 0;
	return eh_wire_send(c->fd, out, len) == EH_OK;
}

static void *
serve_connection(void *arg)
{
	struct caller c = { .fd = (int)(intptr_t)arg, .role = -1 };
	struct answer *a = malloc(sizeof(*a));
	uint8_t *buf = NULL, *out = malloc(EH_WIRE_MAX);
	size_t cap = 0, len;
	struct eh_wire in;

	while (eh_wire_receive(c.fd, &buf, &cap, &len, -1) == EH_OK &&
	    eh_wire_decode_request(&in, buf, len) == EH_OK &&
	    serve_one(&c, &in, a, out, EH_WIRE_MAX))
		continue;
	pthread_mutex_lock(&fake.lock);
	for (unsigned i = 0; i < fake.nconnections; i++)
		if (fake.connections[i] == c.fd)
			fake.connections[i] = -1;
	fake.open--;
	close(c.fd);
	pthread_mutex_unlock(&fake.lock);
	free(buf);
	free(out);
	free(a);
	return NULL;
}

static void
adopt_connection(int fd)
{
	pthread_attr_t attr;
	pthread_t thread;
	unsigned i;

	pthread_mutex_lock(&fake.lock);
	for (i = 0; i < fake.nconnections && fake.connections[i] >= 0; i++)
		continue;
	if (i == 300)
		abort();
	fake.connections[i] = fd;
	if (i == fake.nconnections)
		fake.nconnections++;
	fake.open++;
	pthread_mutex_unlock(&fake.lock);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attr, serve_connection,
	    (void *)(intptr_t)fd) != 0)
		abort();
	pthread_attr_destroy(&attr);
}

static void *
accept_all(void *arg)
{
	int fd, listener = (int)(intptr_t)arg;

	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		adopt_connection(fd);
	return NULL;
}

static int
open_listener(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	unlink(path);
	strcpy(addr.sun_path, path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0 ||
	    listen(fd, 64) != 0)
		return -1;
	return fd;
}

static void
fill_token(void)
{
	static const uint8_t certificate[] = { 0x30, 0x11, 0x30, 0x0f, 0xa0,
		0x00, 0x02, 0x01, 0x05, 0x30, 0x00, 0x30, 0x00, 0x30, 0x00,
		0x30, 0x00, 0x30, 0x00 };
	struct fake_object *o;

	fake.state = EH_STATE_READY;
	fake.flags = EH_FLAG_OPERATOR_PIN;
	fake.version = EH_WIRE_VERSION;
	fake.next = 5;
	fake.generation = 100;
	fake.nobjects = 0;
	strcpy(fake.label, "line 3");
	memcpy(fake.hsm_id, "\xab\xcd" "0123456789abcd", 16);
	strcpy(fake.pin, FAKE_PIN);
	strcpy(fake.so_pin, FAKE_SO_PIN);
	fake.pin_generation = 1;
	add_key("general", CK_EDGEHSM_PURPOSE_GENERAL);
	add_key("issuing", CK_EDGEHSM_PURPOSE_ISSUING);
	add_key("attestation", CK_EDGEHSM_PURPOSE_ATTESTATION);
	o = add(EH_CLASS_CERTIFICATE, "ca");
	memcpy(o->data, certificate, sizeof(certificate));
	o->len = sizeof(certificate);
	o = add(EH_CLASS_DATA, "note");
	strcpy(o->application, "somebody");
	memcpy(o->data, "hello", 5);
	o->len = 5;
	fake.auth[0] = (struct fake_auth){ .number = fake.next++,
		.label = "PO-4712", .state = 1, .used = 1, .quota = 5 };
	fake.nauths = 1;
}

static void
write_conf(const char *more)
{
	FILE *f = fopen(fake.conf, "w");

	ck_assert_ptr_nonnull(f);
	fprintf(f, "socket = %s\nstate = %s/state\nanchor = file:%s/anchor\n%s",
	    fake.socket, fake.folder, fake.folder, more);
	fclose(f);
	chmod(fake.conf, 0600);
	setenv("EDGEHSM_CONF", fake.conf, 1);
}

void
fake_come_back(void)
{
	fake.listener = open_listener(fake.socket);
	ck_assert_int_ge(fake.listener, 0);
	ck_assert_int_eq(pthread_create(&fake.acceptor, NULL, accept_all,
	    (void *)(intptr_t)fake.listener), 0);
}

void
fake_start(void)
{
	strcpy(fake.folder, "/tmp/edgehsm-fake.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(fake.folder));
	snprintf(fake.socket, sizeof(fake.socket), "%s/s", fake.folder);
	snprintf(fake.conf, sizeof(fake.conf), "%s/edgehsm.conf", fake.folder);
	write_conf("autostart = no\n");
	fill_token();
	fake_come_back();
}

unsigned
fake_open_becomes(unsigned n)
{
	static const struct timespec nap = { .tv_nsec = 1000000 };

	for (unsigned i = 0; i < 2000 && fake.open != n; i++)
		nanosleep(&nap, NULL);
	return fake.open;
}

void
fake_go_down(void)
{
	shutdown(fake.listener, SHUT_RDWR);
	pthread_join(fake.acceptor, NULL);
	close(fake.listener);
	unlink(fake.socket);
	pthread_mutex_lock(&fake.lock);
	for (unsigned i = 0; i < fake.nconnections; i++)
		if (fake.connections[i] >= 0)
			shutdown(fake.connections[i], SHUT_RDWR);
	pthread_mutex_unlock(&fake.lock);
	(void)fake_open_becomes(0);
}

void
fake_stop(void)
{
	char path[400];
	struct dirent *e;
	DIR *dir;

	fake_go_down();
	if ((dir = opendir(fake.folder)) != NULL) {
		while ((e = readdir(dir)) != NULL) {
			snprintf(path, sizeof(path), "%s/%s", fake.folder,
			    e->d_name);
			unlink(path);
		}
		closedir(dir);
	}
	rmdir(fake.folder);
}

void
fake_play(enum eh_wire_code code, enum fake_trick trick, unsigned times)
{
	pthread_mutex_lock(&fake.lock);
	fake.script[code] = (struct fake_script){ .trick = trick,
		.times = times };
	pthread_mutex_unlock(&fake.lock);
}

void
fake_refuse(enum eh_wire_code code, int err, const char *text)
{
	pthread_mutex_lock(&fake.lock);
	fake.script[code] = (struct fake_script){ .trick = FAKE_REFUSE,
		.err = err, .text = text, .times = 1 };
	pthread_mutex_unlock(&fake.lock);
}

int
fake_main(const char *conf, int ready_fd)
{
	char line[300], path[108] = "";
	FILE *f = fopen(conf, "r");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		(void)sscanf(line, "socket = %107s", path);
	if (f != NULL)
		fclose(f);
	if (fork() != 0)
		_exit(0);
	fill_token();
	fake.listener = open_listener(path);
	if (fake.listener < 0) {
		dprintf(ready_fd, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	(void)!write(ready_fd, "ok\n", 3);
	close(ready_fd);
	alarm(20); /* whatever the test does */
	accept_all((void *)(intptr_t)fake.listener);
	return 0;
}

/* --- the module --- */

void
fake_module_up(void)
{
	struct eh_module *m;

	fake_start();
	ck_assert_uint_eq(C_GetFunctionList(&p11), CKR_OK);
	ck_assert_uint_eq(p11->C_Initialize(NULL), CKR_OK);
	ck_assert_uint_eq(eh_module_enter(&m), CKR_OK);
	m->client.patience_ms = 0; /* test_client.c waits for a daemon */
	eh_module_leave(m, CKR_OK);
}

void
fake_module_down(void)
{
	p11->C_Finalize(NULL);
	fake_stop();
}

CK_SESSION_HANDLE
fake_session(void)
{
	CK_SESSION_HANDLE s;

	ck_assert_uint_eq(p11->C_OpenSession(0,
	    CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s), CKR_OK);
	return s;
}

CK_SESSION_HANDLE
fake_user_session(void)
{
	CK_SESSION_HANDLE s = fake_session();
	CK_RV rv = p11->C_Login(
	    s, CKU_USER, (CK_UTF8CHAR *)fake.pin, strlen(fake.pin));

	ck_assert(rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN);
	return s;
}

CK_OBJECT_HANDLE
fake_find(CK_SESSION_HANDLE s, CK_OBJECT_CLASS class, const char *label)
{
	CK_ATTRIBUTE template[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_LABEL, (void *)(uintptr_t)label,
		    label != NULL ? strlen(label) : 0 },
	};
	CK_OBJECT_HANDLE found[2] = { 0, 0 };
	CK_ULONG n = 0;

	ck_assert_uint_eq(
	    p11->C_FindObjectsInit(s, template, label != NULL ? 2 : 1), CKR_OK);
	ck_assert_uint_eq(p11->C_FindObjects(s, found, 2, &n), CKR_OK);
	ck_assert_uint_eq(p11->C_FindObjectsFinal(s), CKR_OK);
	ck_assert_uint_le(n, 1);
	return found[0];
}

CK_EDGEHSM_FUNCTIONS *
fake_vendor(void)
{
	CK_INTERFACE *interface;

	ck_assert_uint_eq(C_GetInterface((CK_UTF8CHAR *)(uintptr_t)
	    CK_EDGEHSM_INTERFACE, NULL, &interface, 0), CKR_OK);
	return interface->pFunctionList;
}

const char *
fake_sentence(CK_SESSION_HANDLE s)
{
	static char text[600];
	CK_ULONG len = sizeof(text) - 1;

	memset(text, 0, sizeof(text));
	ck_assert_uint_eq(
	    fake_vendor()->Refusal(s, (CK_BYTE *)text, &len), CKR_OK);
	return text;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* fake.h - something that speaks the wire as edgehsmd does, for the tests of
 * its client: a small token in threads of the test, with a script. */
#ifndef EH_TEST_PKCS11_FAKE_H
#define EH_TEST_PKCS11_FAKE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "common/wire/wire.h"
#include "pkcs11-module/edgehsm-pkcs11.h"

#define FAKE_PIN    "PIN-42"
#define FAKE_SO_PIN "87654321"

struct fake_object {
	uint64_t number;
	enum eh_wire_class class;
	char label[65];
	uint8_t id[64];
	size_t idlen;
	unsigned purpose, origin, custody;
	char application[65];
	uint8_t data[6000];
	size_t len;
};

struct fake_auth {
	uint64_t number;
	char label[65];
	unsigned state;
	uint64_t used, quota;
};

/* What to do instead of answering, with the next request of a code. */
enum fake_trick {
	FAKE_ANSWER = 0,
	FAKE_REFUSE,		/* with code and text */
	FAKE_HANG_UP_BEFORE,	/* close without doing it */
	FAKE_HANG_UP_AFTER,	/* do it, then close without an answer */
	FAKE_GARBAGE,		/* answer bytes that are no map */
	FAKE_SLOW		/* answer after 300 ms */
};

struct fake_script {
	enum fake_trick trick;
	int err;
	const char *text;
	unsigned times;
};

struct fake {
	pthread_mutex_t lock;
	char folder[64], socket[108], conf[108];
	int listener;
	pthread_t acceptor;
	int connections[300];
	unsigned nconnections;
	atomic_uint open;

	/* the token */
	unsigned state, flags, version;
	unsigned quality;	/* of its time */
	uint64_t t_lo;
	char label[65], text[100];
	uint8_t hsm_id[16];
	uint64_t generation, next;
	struct fake_object object[16];
	unsigned nobjects;
	struct fake_auth auth[4];
	unsigned nauths;
	char pin[64], so_pin[64];
	unsigned pin_generation;

	/* what happened */
	atomic_uint count[EH_REQ_COUNT];
	unsigned signatures;	/* made, not only asked for */
	uint8_t data[EH_WIRE_MAX];
	size_t len;		/* DATA of the last sign or import */
	uint8_t param[12288];
	size_t paramlen;
	unsigned mechanism;
	uint64_t number;
	char line[65];

	struct fake_script script[EH_REQ_COUNT];
};

extern struct fake fake;

/* Make a folder, a token (one general key "general", one issuing key "issuing",
 * an attestation key, a certificate, a data object, authorization PO-4712 with
 * 1 of 5 used) and a socket, and let EDGEHSM_CONF point there. */
void fake_start(void);

/* It sees a moment later that a connection was closed: wait until ${n} are open,
 * at most 2 s.  Returns how many are. */
unsigned fake_open_becomes(unsigned n);

/* The daemon ends: all connections close.  And comes back. */
void fake_go_down(void);
void fake_come_back(void);

/* End, and remove the folder. */
void fake_stop(void);

/* Play a trick on the next ${times} requests of ${code}. */
void fake_play(enum eh_wire_code code, enum fake_trick trick, unsigned times);
void fake_refuse(enum eh_wire_code code, int err, const char *text);

/* The 64 octets that a signature of the last sign request has. */
void fake_signature(uint8_t out[64]);

/* Serve on the socket of the configuration ${conf} until all is over: what a
 * program does that was started as the daemon. */
int fake_main(const char *conf, int ready_fd);

/* --- for tests of the functions: a module that is initialised, and sessions */
extern CK_FUNCTION_LIST *p11;

void fake_module_up(void);	/* fake_start(), C_Initialize */
void fake_module_down(void);

CK_SESSION_HANDLE fake_session(void);	 /* read-write, nobody logged in */
CK_SESSION_HANDLE fake_user_session(void); /* operator logged in */

/* Find the one object of ${class} with ${label}; 0 when there is none. */
CK_OBJECT_HANDLE fake_find(
    CK_SESSION_HANDLE, CK_OBJECT_CLASS class, const char *label);

/* The sentence of the last refusal in the session. */
const char *fake_sentence(CK_SESSION_HANDLE);

CK_EDGEHSM_FUNCTIONS *fake_vendor(void);

#endif

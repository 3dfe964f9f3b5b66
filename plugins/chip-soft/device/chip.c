/* SPDX-License-Identifier: Apache-2.0 */
/* chip.c - edgehsm-chip-soft: a process that plays a chip.  It makes its own
 * keys, keeps them, and speaks on descriptor 3 until the line is cut. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "common/crypto/digest.h"
#include "common/crypto/random.h"
#include "common/crypto/soft.h"
#include "common/log.h"
#include "common/wipe.h"
#include "common/x509/csr.h"
#include "plugins/chip-soft/device/state.h"

static const char version[] = "chip-soft " PACKAGE_VERSION;

struct chip {
	const char *path;
	struct eh_chip_state state;
	uint8_t frame[EH_CHIP_FRAME];
	uint8_t out[EH_CHIP_DATA];	/* what a reply borrows */
	struct eh_error error;
};

static int
load_key(const struct eh_chip_place *p, struct eh_soft **key)
{
	*key = NULL;
	if (!p->has_key)
		return EH_ERR_NOT_FOUND;
	return eh_soft_from_p256(p->scalar, key);
}

/* The proof of possession: a request with an empty subject, for this key. */
static int
make_request(struct chip *c, struct eh_soft *key, struct eh_chip_reply *reply)
{
	static const uint8_t no_name[] = { 0x30, 0x00 };
	const struct eh_rawkey *public = eh_soft_public(key);
	uint8_t spki[EH_SPKI_MAX], info[512], signature[EH_SIGNATURE_LEN];
	size_t spkilen = eh_rawkey_to_spki(public, spki), infolen, len;
	struct eh_signer signer;
	int err;

	eh_soft_signer(key, &signer);
	if ((err = eh_csr_body(no_name, sizeof(no_name), spki, spkilen, info,
	         sizeof(info), &infolen)) != EH_OK ||
	    (err = signer.sign(signer.arg, info, infolen, signature)) !=
	        EH_OK ||
	    (err = eh_csr_assemble(info, infolen, signature,
	         c->out + public->len, sizeof(c->out) - public->len, &len)) !=
	        EH_OK)
		return err;
	memcpy(c->out, public->bytes, public->len);
	reply->data = c->out;
	reply->len = public->len;
	reply->more = c->out + public->len;
	reply->more_len = len;
	return EH_OK;
}

/* A key is made once; asked again, the chip shows the one it has. */
static int
keygen(struct chip *c, const struct eh_chip_request *r,
    struct eh_chip_reply *reply)
{
	struct eh_chip_place *p = &c->state.place[r->place];
	struct eh_soft *key = NULL;
	int err;

	while ((err = load_key(p, &key)) != EH_OK) {
		if (err == EH_ERR_CRYPTO)
			return err;
		if ((err = eh_random(p->scalar, sizeof(p->scalar))) != EH_OK)
			return err;
		p->has_key = 1;
	}
	if ((err = eh_chip_state_save(c->path, &c->state, &c->error)) == EH_OK)
		err = make_request(c, key, reply);
	eh_soft_free(key);
	return err;
}

static int
sign(struct chip *c, const struct eh_chip_request *r,
    struct eh_chip_reply *reply)
{
	struct eh_signer signer;
	struct eh_soft *key;
	int err;

	if ((err = load_key(&c->state.place[r->place], &key)) != EH_OK)
		return err;
	eh_soft_signer(key, &signer);
	err = signer.sign(signer.arg, r->data, r->len, c->out);
	eh_soft_free(key);
	reply->data = c->out;
	reply->len = err == EH_OK ? EH_SIGNATURE_LEN : 0;
	return err;
}

static int
store(struct chip *c, const struct eh_chip_request *r)
{
	struct eh_chip_place *p = &c->state.place[r->place];

	if (r->len == 0)
		return EH_ERR_ARGUMENT;
	memcpy(p->data, r->data, r->len);
	p->len = r->len;
	return eh_chip_state_save(c->path, &c->state, &c->error);
}

static int
read_back(struct chip *c, const struct eh_chip_request *r,
    struct eh_chip_reply *reply)
{
	const struct eh_chip_place *p = &c->state.place[r->place];

	if (p->len == 0)
		return EH_ERR_NOT_FOUND;
	eh_sha256(p->data, p->len, c->out);
	reply->data = c->out;
	reply->len = 32;
	return EH_OK;
}

static int
serve(struct chip *c, const struct eh_chip_request *r,
    struct eh_chip_reply *reply)
{
	switch (r->op) {
	case EH_CHIP_OP_IDENTIFY:
		reply->data = c->state.soc_id;
		reply->len = sizeof(c->state.soc_id);
		reply->more = (const uint8_t *)version;
		reply->more_len = strlen(version);
		return EH_OK;
	case EH_CHIP_OP_KEYGEN:
		return keygen(c, r, reply);
	case EH_CHIP_OP_SIGN:
		return sign(c, r, reply);
	case EH_CHIP_OP_WRITE:
		return store(c, r);
	case EH_CHIP_OP_READ:
		return read_back(c, r, reply);
	}
	return EH_ERR_UNSUPPORTED;
}

static int
run(struct chip *c)
{
	struct eh_chip_request request;
	struct eh_chip_reply reply;
	int err;

	/* A chip has its id before anybody asks for it. */
	if ((err = eh_chip_state_load(c->path, &c->state, &c->error)) !=
	        EH_OK ||
	    (err = eh_chip_state_save(c->path, &c->state, &c->error)) != EH_OK)
		return err;
	while ((err = eh_chip_receive_request(
	            EH_CHIP_FD, c->frame, &request)) == EH_OK) {
		memset(&reply, 0, sizeof(reply));
		reply.data = reply.more = c->out;
		reply.result = serve(c, &request, &reply);
		if (reply.result != EH_OK)
			reply.len = reply.more_len = 0;
		if ((err = eh_chip_send_reply(
		         EH_CHIP_FD, c->frame, &reply)) != EH_OK)
			break;
	}
	return err == EH_ERR_UNAVAILABLE ? EH_OK : err; /* the line was cut */
}

int
main(int argc, char **argv)
{
	struct chip *c;
	int err;

	if (argc != 2) {
		fprintf(stderr, "edgehsm-chip-soft is started by the driver "
		                "chip-soft.so: STATE-FILE, with a socket as "
		                "descriptor %d\n", EH_CHIP_FD);
		return 2;
	}
	prctl(PR_SET_DUMPABLE, 0);
	eh_log_set_program("edgehsm-chip-soft");
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return 1;
	c->path = argv[1];
	if ((err = run(c)) != EH_OK)
		eh_log(EH_LOG_ERROR, "%s: %s", c->path,
		    c->error.code != EH_OK ? eh_error_sentence(&c->error)
					   : eh_err_text(err));
	eh_wipe(c, sizeof(*c));
	free(c);
	return err == EH_OK ? 0 : 1;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* chip.c - edgehsm-chip-soft: a process that plays a chip.  It makes its own
 * keys, keeps them, and speaks on descriptor 3 until the line is cut. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "common/crypto/digest.h"
#include "common/crypto/keyid.h"
#include "common/crypto/random.h"
#include "common/crypto/soft.h"
#include "common/hex.h"
#include "common/log.h"
#include "common/message/chipattest.h"
#include "common/wipe.h"
#include "common/x509/csr.h"
#include "plugins/chip-soft/device/state.h"

static const char version[] = "chip-soft " PACKAGE_VERSION;

struct chip {
	const char *path, *fab;
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

/* All keys that it has, with their places. */
static int
say_keys(struct chip *c, struct eh_chip_says *says)
{
	struct eh_soft *key;
	int err;

	for (uint32_t i = 0; i < EH_CHIP_PLACES; i++) {
		struct eh_chip_key *k = &says->key[says->nkeys];

		if (!c->state.place[i].has_key)
			continue;
		if ((err = load_key(&c->state.place[i], &key)) != EH_OK)
			return err;
		k->place = i;
		memcpy(k->point, eh_soft_public(key)->bytes,
		    sizeof(k->point));
		says->nkeys++;
		eh_soft_free(key);
	}
	return EH_OK;
}

static void
say_state(const struct chip *c, const uint8_t *nonce, struct eh_chip_says *says)
{
	memcpy(says->nonce, nonce, sizeof(says->nonce));
	says->lifecycle = EH_CHIP_SOFT_LIFECYCLE;
	says->soc_class = EH_CHIP_SOFT_CLASS;
	memcpy(says->soc_id, c->state.soc_id, sizeof(says->soc_id));
	memcpy(says->rotpk, c->state.rotpk, sizeof(says->rotpk));
	eh_sha256(version, strlen(version), says->firmware);
}

/* Sign ATTEST and put the certificates to it. */
static int
sign_says(struct chip *c, const uint8_t *said, size_t len,
    struct eh_chip_reply *reply)
{
	const struct eh_chip_state *s = &c->state;
	struct eh_chipattest a = { .ncerts = 2,
		.cert = { { s->cert[0], s->ncert[0] },
		    { s->cert[1], s->ncert[1] } },
		.said = { said, len } };
	struct eh_soft *iak;
	struct eh_signer signer;
	struct eh_writer w;
	int err;

	if ((err = eh_soft_from_p256(s->iak, &iak)) != EH_OK)
		return err;
	eh_soft_signer(iak, &signer);
	if ((err = signer.sign(signer.arg, said, len, a.signature)) == EH_OK) {
		eh_writer_init(&w, c->out, sizeof(c->out));
		eh_chipattest_encode(&a, &w);
		err = eh_writer_end(&w, &reply->len);
	}
	eh_soft_free(iak);
	return err;
}

static int
attest(struct chip *c, const struct eh_chip_request *r,
    struct eh_chip_reply *reply)
{
	static uint8_t said[EH_CHIP_ATTEST_MAX];
	static struct eh_chip_says says;
	struct eh_writer w;
	size_t len;
	int err;

	if (!c->state.has_identity)
		return EH_ERR_NOT_FOUND;
	if (r->len != EH_CHIP_CHALLENGE)
		return EH_ERR_ARGUMENT;
	memset(&says, 0, sizeof(says));
	say_state(c, r->data, &says);
	if ((err = say_keys(c, &says)) != EH_OK)
		return err;
	eh_writer_init(&w, said, sizeof(said));
	eh_chip_says_encode(&says, &w);
	if ((err = eh_writer_end(&w, &len)) != EH_OK)
		return err;
	reply->data = c->out;
	return sign_says(c, said, len, reply);
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
	case EH_CHIP_OP_ATTEST:
		return attest(c, r, reply);
	}
	return EH_ERR_UNSUPPORTED;
}

/* The fab step, once: an attestation key of its own, certified. */
static int
certify(struct chip *c, const struct eh_fab *fab)
{
	struct eh_chip_state *s = &c->state;
	char name[sizeof("soft chip ") + EH_HEX_SIZE(EH_CHIP_SOC_ID)];
	struct eh_fab_cert cert = { .subject = name,
		.issuer = "EdgeHSM soft silicon CA", .by = fab->key };
	struct eh_soft *iak = NULL;
	int err;

	snprintf(name, sizeof(name), "soft chip ");
	eh_hex_encode(s->soc_id, sizeof(s->soc_id), name + strlen(name));
	do {
		if ((err = eh_random(s->iak, sizeof(s->iak))) != EH_OK)
			return err;
	} while ((err = eh_soft_from_p256(s->iak, &iak)) == EH_ERR_FORMAT);
	if (err != EH_OK)
		return err;
	cert.key = eh_soft_public(iak);
	err = eh_fab_certify(
	    &cert, s->cert[0], sizeof(s->cert[0]), &s->ncert[0]);
	eh_soft_free(iak);
	memcpy(s->cert[1], fab->cert, fab->certlen);
	s->ncert[1] = fab->certlen;
	memcpy(s->rotpk, fab->rotpk, sizeof(s->rotpk));
	s->has_identity = err == EH_OK;
	return err;
}

static int
leave_fab(struct chip *c)
{
	struct eh_fab fab;
	int err;

	if (c->fab == NULL || c->state.has_identity)
		return EH_OK;
	if ((err = eh_fab_open(c->fab, &fab, &c->error)) == EH_OK)
		err = certify(c, &fab);
	eh_fab_close(&fab);
	return err;
}

/* edgehsm-chip-soft --fab FOLDER [ROTPK]: make a fab, or tell of the one that is
 * there: the SPKI digest of its silicon CA. */
static int
make_fab(const char *folder, const char *rotpk)
{
	uint8_t root[EH_DIGEST_LEN], digest[EH_DIGEST_LEN];
	char hex[EH_HEX_SIZE(EH_DIGEST_LEN)];
	struct eh_error error;
	struct eh_fab fab;
	int err = EH_OK;

	eh_error_clear(&error);
	if (rotpk != NULL)
		err = eh_hex_decode_fixed(rotpk, root, sizeof(root));
	if (err == EH_OK)
		err = eh_fab_make(folder, rotpk != NULL ? root : NULL, &error);
	if (err == EH_ERR_EXISTS)
		eh_error_clear(&error);
	if (err == EH_OK || err == EH_ERR_EXISTS) {
		if ((err = eh_fab_open(folder, &fab, &error)) == EH_OK) {
			eh_keyid_spki_digest(eh_soft_public(fab.key), digest);
			eh_hex_encode(digest, sizeof(digest), hex);
			printf("%s\n", hex);
		}
		eh_fab_close(&fab);
	}
	if (err != EH_OK)
		eh_log(EH_LOG_ERROR, "%s: %s", folder,
		    error.code != EH_OK ? eh_error_sentence(&error) :
					  eh_err_text(err));
	return err == EH_OK ? 0 : 1;
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
	    (err = leave_fab(c)) != EH_OK ||
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

	eh_log_set_program("edgehsm-chip-soft");
	if ((argc == 3 || argc == 4) && strcmp(argv[1], "--fab") == 0)
		return make_fab(argv[2], argc == 4 ? argv[3] : NULL);
	if (argc != 2 && argc != 3) {
		fprintf(stderr, "edgehsm-chip-soft is started by the driver "
		                "chip-soft.so: STATE-FILE [FAB], with a "
		                "socket as descriptor %d\n"
		                "edgehsm-chip-soft --fab FOLDER [ROTPK] "
		                "makes a fab\n", EH_CHIP_FD);
		return 2;
	}
	prctl(PR_SET_DUMPABLE, 0);
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return 1;
	c->path = argv[1];
	c->fab = argv[2];
	if ((err = run(c)) != EH_OK)
		eh_log(EH_LOG_ERROR, "%s: %s", c->path,
		    c->error.code != EH_OK ? eh_error_sentence(&c->error)
					   : eh_err_text(err));
	eh_wipe(c, sizeof(*c));
	free(c);
	return err == EH_OK ? 0 : 1;
}

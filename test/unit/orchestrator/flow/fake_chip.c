/* SPDX-License-Identifier: Apache-2.0 */
/* fake_chip.c - a chip driver in the test's own process, which can be told to
 * do everything wrong that a driver can do wrong. */
#include "config.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/crypto/digest.h"
#include "common/crypto/soft.h"
#include "common/x509/csr.h"
#include "plugins/edgehsm-plugin.h"

static const struct eh_host_ops *host;

struct fake {
	struct eh_host_ctx *context;
	char device[64];
	char state[256];
	char fault[32];
	unsigned identified;
};

static int
has_fault(const struct fake *f, const char *fault)
{
	return strcmp(f->fault, fault) == 0;
}

static int
fail(struct fake *f, int err, const char *text)
{
	host->error(f->context, "FAKE", text);
	return err;
}

static int
chip_open(
    struct eh_host_ctx *context, struct eh_plugin_bytes config, void **instp)
{
	struct fake *f = calloc(1, sizeof(*f));
	struct eh_plugin_bytes device;
	const char *state, *fault;
	json_t *json;

	*instp = NULL;
	if (f == NULL)
		return -6;
	f->context = context;
	json = json_loadb((const char *)config.data, config.len, 0, NULL);
	if (json == NULL ||
	    json_unpack(json, "{s:s, s:s}", "state", &state, "fault",
		&fault) != 0 ||
	    host->var_get(context, "device-id", &device) != 0 ||
	    device.len >= sizeof(f->device)) {
		json_decref(json);
		free(f);
		return -1;
	}
	snprintf(f->state, sizeof(f->state), "%s", state);
	snprintf(f->fault, sizeof(f->fault), "%s", fault);
	memcpy(f->device, device.data, device.len);
	json_decref(json);
	mkdir(f->state, 0700);
	host->log(context, 3, "opened");
	if (has_fault(f, "absent")) {
		fail(f, -16, "no chip is in the socket");
		free(f);
		return -16;
	}
	*instp = f;
	return 0;
}

static int
chip_identify(void *inst, struct eh_plugin_ident *ident)
{
	struct fake *f = inst;
	uint8_t digest[32];

	eh_sha256(f->device, strlen(f->device), digest);
	memcpy(ident->soc_id, digest, sizeof(ident->soc_id));
	/* The second time somebody has put another chip in. */
	if (has_fault(f, "swapped"))
		ident->soc_id[0] ^= (uint8_t)f->identified++;
	if (has_fault(f, "nobody"))
		memset(ident->soc_id, 0, sizeof(ident->soc_id));
	if (getenv("FAKE_CHIP_ID") != NULL)
		ident->soc_id[0] = (uint8_t)atoi(getenv("FAKE_CHIP_ID"));
	memcpy(ident->firmware.data, "fake\n1", 6);
	ident->firmware.len = 6;
	return 0;
}

static struct eh_soft *
device_key(const struct fake *f, const char *salt)
{
	struct eh_soft *key = NULL;
	uint8_t scalar[32];
	char text[128];

	snprintf(text, sizeof(text), "%s %s", f->device, salt);
	eh_sha256(text, strlen(text), scalar);
	scalar[0] &= 0x7f;
	if (eh_soft_from_p256(scalar, &key) != 0)
		abort();
	return key;
}

static size_t
request(struct eh_soft *key, uint8_t *out, size_t cap)
{
	static const uint8_t no_name[] = { 0x30, 0x00 };
	uint8_t spki[EH_SPKI_MAX], info[512], signature[EH_SIGNATURE_LEN];
	size_t spkilen = eh_rawkey_to_spki(eh_soft_public(key), spki), len, n;
	struct eh_signer signer;

	eh_soft_signer(key, &signer);
	if (eh_csr_body(no_name, sizeof(no_name), spki, spkilen, info,
		sizeof(info), &n) != 0 ||
	    signer.sign(signer.arg, info, n, signature) != 0 ||
	    eh_csr_assemble(info, n, signature, out, cap, &len) != 0)
		abort();
	return len;
}

static int
chip_keygen(void *inst, uint32_t place, uint32_t algorithm,
    struct eh_plugin_buf *public_key, struct eh_plugin_buf *proof)
{
	struct fake *f = inst;
	struct eh_soft *key, *other;

	(void)place;
	if (algorithm != (uint32_t)-7)
		return fail(f, -18, "only -7");
	if (has_fault(f, "odd"))
		return 7;
	key = device_key(f, "key");
	other = device_key(f, "other");
	public_key->len = eh_soft_public(key)->len;
	memcpy(public_key->data, eh_soft_public(key)->bytes, public_key->len);
	proof->len = request(
	    has_fault(f, "foreign-proof") ? other : key, proof->data,
	    proof->cap);
	if (has_fault(f, "broken-proof"))
		proof->data[proof->len - 1] ^= 1;
	if (has_fault(f, "no-proof"))
		proof->len = 0;
	if (has_fault(f, "no-point"))
		public_key->data[64] ^= 1;
	if (has_fault(f, "ed25519"))
		public_key->len = 32;
	eh_soft_free(key);
	eh_soft_free(other);
	return 0;
}

static void
place_path(const struct fake *f, uint32_t place, char *path, size_t cap)
{
	snprintf(path, cap, "%s/%s.%u", f->state, f->device, (unsigned)place);
}

/* Fails as often as the file says; 1 when it does. */
static int
fails_once_more(const struct fake *f)
{
	char path[512];
	int left = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/failures", f->state);
	if ((file = fopen(path, "r")) != NULL) {
		if (fscanf(file, "%d", &left) != 1)
			left = 0;
		fclose(file);
	}
	if (left <= 0)
		return 0;
	if ((file = fopen(path, "w")) != NULL) {
		fprintf(file, "%d", left - 1);
		fclose(file);
	}
	return 1;
}

static int
chip_write_certificate(
    void *inst, uint32_t place, struct eh_plugin_bytes der)
{
	struct fake *f = inst;
	char path[512];
	FILE *file;

	if (has_fault(f, "babbles"))
		return fail(f, -14, "line noise: \xff\xc0\x80\n\x1b[2J");
	if (has_fault(f, "stubborn"))
		return fail(f, -57, "the fuse is blown");
	if (fails_once_more(f))
		return fail(f, -14, "the line is noisy");
	place_path(f, place, path, sizeof(path));
	if ((file = fopen(path, "w")) == NULL)
		return fail(f, -14, "cannot write");
	fwrite(der.data, 1, der.len, file);
	fclose(file);
	host->progress(f->context, der.len, der.len);
	return host->cancelled(f->context) ? -17 : 0;
}

static int
chip_read_back(void *inst, uint32_t place, uint8_t sha256[32])
{
	struct fake *f = inst;
	uint8_t bytes[8192];
	char path[512];
	FILE *file;
	size_t n;

	if (has_fault(f, "silent"))
		return 0;		/* and nothing was read */
	place_path(f, place, path, sizeof(path));
	if ((file = fopen(path, "r")) == NULL)
		return fail(f, -11, "nothing is there");
	n = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	if (has_fault(f, "forgets") && n > 0)
		bytes[0] ^= 1;
	eh_sha256(bytes, n, sha256);
	return 0;
}

static void
chip_close(void *inst)
{
	free(inst);
}

static const struct eh_plugin_chip_ops ops = {
	.struct_size = sizeof(ops),
	.open = chip_open,
	.identify = chip_identify,
	.keygen = chip_keygen,
	.write_certificate = chip_write_certificate,
	.read_back = chip_read_back,
	.close = chip_close,
};

static const struct eh_plugin_option options[] = {
	{ sizeof(options[0]), "state", EH_PLUGIN_PATH, EH_PLUGIN_REQUIRED, NULL,
	    NULL, "folder" },
	{ sizeof(options[0]), "fault", EH_PLUGIN_TEXT, 0, "none", NULL,
	    "what goes wrong" },
	{ sizeof(options[0]), "speed", EH_PLUGIN_INT, 0, "115200", NULL,
	    "of the line" },
};

static const struct eh_plugin good = {
	.struct_size = sizeof(good),
	.abi_major = EH_PLUGIN_ABI_MAJOR,
	.abi_minor = EH_PLUGIN_ABI_MINOR + 7,	/* informs only */
	.kind = EH_PLUGIN_CHIP,
	.name = "fake",
	.version = "1",
	.license = "Apache-2.0",
	.summary = "a chip for tests",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.ops = &ops,
};

/* What the environment says is wrong with the plugin as a whole. */
static const struct eh_plugin *
spoilt(const char *how)
{
	static struct eh_plugin_option odd_options[2];
	static struct eh_plugin_chip_ops odd_ops;
	static struct eh_plugin p;

	p = good;
	odd_ops = ops;
	memcpy(odd_options, options, sizeof(odd_options));
	p.ops = &odd_ops;
	if (strcmp(how, "abi") == 0)
		p.abi_major = EH_PLUGIN_ABI_MAJOR + 1;
	else if (strcmp(how, "tiny") == 0)
		p.struct_size = sizeof(size_t);
	else if (strcmp(how, "cut") == 0)
		p.struct_size = offsetof(struct eh_plugin, ops);
	else if (strcmp(how, "nameless") == 0)
		p.name = NULL;
	else if (strcmp(how, "step") == 0)
		p.kind = EH_PLUGIN_STEP;
	else if (strcmp(how, "other-name") == 0)
		p.name = "another";
	else if (strcmp(how, "no-identify") == 0)
		odd_ops.identify = NULL;
	else if (strcmp(how, "no-keygen") == 0)
		odd_ops.keygen = NULL;
	else if (strcmp(how, "no-write") == 0)
		odd_ops.write_certificate = NULL;
	else if (strcmp(how, "no-read-back") == 0)
		odd_ops.read_back = NULL;
	else if (strcmp(how, "short-ops") == 0)	/* before read_back */
		odd_ops.struct_size =
		    offsetof(struct eh_plugin_chip_ops, read_back);
	else if (strcmp(how, "shortest-ops") == 0)	/* nothing but open */
		odd_ops.struct_size =
		    offsetof(struct eh_plugin_chip_ops, identify);
	else if (strcmp(how, "option-size") == 0)
		odd_options[1].struct_size = 4;
	if (odd_options[1].struct_size == 4) {
		p.options = odd_options;
		p.noptions = 2;
	}
	return &p;
}

__attribute__((visibility("default"))) const struct eh_plugin *
eh_plugin_v1(const struct eh_host_ops *ops_of_host, size_t index)
{
	const char *how = getenv("FAKE_PLUGIN");

	host = ops_of_host;
	if (how != NULL && strcmp(how, "empty") == 0)
		return NULL;
	if (how != NULL && strcmp(how, "endless") == 0)
		return spoilt("other-name");
	if (index > 0)
		return NULL;
	return how != NULL ? spoilt(how) : &good;
}

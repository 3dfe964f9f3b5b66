/* SPDX-License-Identifier: Apache-2.0 */
/* chip_soft.c - chip-soft: the driver of the chip for demos and tests, which is a
 * process of its own. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "plugins/chip-soft/protocol.h"
#include "plugins/edgehsm-plugin.h"

#define MS	UINT64_C(1000000)	/* ns */
#define LEAVE_MS 1000		/* for a chip to end when its line is cut */

extern char **environ;

static const struct eh_host_ops *host;

struct chip {
	struct eh_host_ctx *context;
	int fd;
	pid_t pid;
	uint64_t timeout;		/* ms, for each request */
	int lost;			/* it has failed to answer: ask no more */
	uint8_t frame[EH_CHIP_FRAME];
};

static int
fail(struct eh_host_ctx *context, int err, const char *text)
{
	host->error(context, eh_err_name(err), text);
	return err;
}

/* The state file of the chip that is in the socket now: ${state}/DEVICE.chip. */
static int
state_path(struct chip *c, const char *state, char *path, size_t cap)
{
	struct eh_plugin_bytes device;
	struct eh_error error;
	int n;

	eh_error_clear(&error);
	if (host->var_get(c->context, "device-id", &device) != 0 ||
	    device.len == 0 || memchr(device.data, '/', device.len) != NULL)
		return fail(c->context, EH_ERR_ARGUMENT,
		    "chip-soft: the device id cannot name a state file");
	if (eh_file_mkdir(state, 0700, &error) != EH_OK)
		return fail(c->context, error.code, error.text);
	n = snprintf(path, cap, "%s/%.*s.chip", state, (int)device.len,
	    (const char *)device.data);
	return n > 0 && (size_t)n < cap ? EH_OK :
	    fail(c->context, EH_ERR_CONFIG,
		"chip-soft: the path of the state folder is too long");
}

/* The options of with:, which the host has checked. */
static int
configure(struct chip *c, struct eh_plugin_bytes config, char *path,
    size_t cap, char *fab, size_t fabcap)
{
	json_t *json =
	    json_loadb((const char *)config.data, config.len, 0, NULL);
	const char *state = NULL, *from = "";
	json_int_t timeout = 0;
	int err;

	if (json == NULL || json_unpack(json, "{s:s, s:I, s?s}", "state",
		&state, "timeout", &timeout, "fab", &from) != 0 ||
	    timeout < 1)
		err = fail(c->context, EH_ERR_CONFIG,
		    "chip-soft: with.state and with.timeout are needed");
	else if ((size_t)snprintf(fab, fabcap, "%s", from) >= fabcap)
		err = fail(c->context, EH_ERR_CONFIG,
		    "chip-soft: the path of the fab's folder is too long");
	else
		err = state_path(c, state, path, cap);
	c->timeout = (uint64_t)timeout;
	json_decref(json);
	return err;
}

/*
 * Start the process with its end of the pair as descriptor 3, in a process group
 * of its own: Ctrl-C at the terminal is for the line, which then finishes its
 * device.
 */
static int
start(struct chip *c, const char *path, const char *fab)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	const char *program = getenv("EDGEHSM_CHIP_SOFT");
	char *argv[] = { "edgehsm-chip-soft", (char *)path,
		fab[0] != '\0' ? (char *)fab : NULL, NULL };
	int pair[2], rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return EH_ERR_IO;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pair[1], EH_CHIP_FD);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
	rc = posix_spawn(&c->pid, program != NULL ? program : EH_CHIP_SOFT_PATH,
	    &actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	close(pair[1]);
	if (rc != 0) {
		close(pair[0]);
		c->pid = 0;
		return EH_ERR_UNAVAILABLE;
	}
	c->fd = pair[0];
	return EH_OK;
}

static int
is_cancelled(void *arg)
{
	const struct chip *c = arg;

	return host->cancelled(c->context);
}

static int
ask(struct chip *c, enum eh_chip_op op, unsigned place,
    struct eh_plugin_bytes data, struct eh_chip_reply *reply)
{
	struct eh_chip_request request = { op, place, data.data, data.len };
	const struct eh_chip_patience patience = {
		eh_clock_monotonic_ns() + c->timeout * MS, is_cancelled, c
	};
	const char *why = NULL;
	char text[160];
	int err = EH_ERR_UNAVAILABLE;

	if (!c->lost &&
	    (err = eh_chip_send_request(c->fd, c->frame, &request,
		 &patience)) == EH_OK)
		err = eh_chip_receive_reply(
		    c->fd, c->frame, reply, &patience);
	if (err != EH_OK)
		c->lost = 1;
	else if ((err = reply->result) == EH_OK)
		return EH_OK;
	else
		why = eh_err_text(err);
	if (why == NULL)
		why = err == EH_ERR_IO ?
		    "no answer in time; is it stuck, or timeout: too short?" :
		    err == EH_ERR_BUSY ? "cancelled" :
		    err == EH_ERR_FORMAT ? "the answer is none" :
					   "the chip's process has ended";
	snprintf(text, sizeof(text), "chip-soft: operation %d at place %u: %s",
	    op, place, why);
	return fail(c->context, err, text);
}

/* Give ${len} bytes to the caller's buffer. */
static int
give(struct eh_plugin_buf *out, const uint8_t *data, size_t len)
{
	out->len = len;
	if (len > out->cap)
		return EH_ERR_SPACE;
	memcpy(out->data, data, len);
	return EH_OK;
}

/* End of file ends the process; one that does not care, or that has not
 * answered, is ended by us. */
static void
chip_close(void *inst)
{
	const struct timespec pause = { 0, 5 * (long)MS };
	struct chip *c = inst;
	pid_t gone = 0;

	close(c->fd);
	for (unsigned ms = 0; !c->lost && ms < LEAVE_MS; ms += 5) {
		if ((gone = waitpid(c->pid, NULL, WNOHANG)) != 0)
			break;
		nanosleep(&pause, NULL);
	}
	if (gone == 0) {
		kill(-c->pid, SIGKILL);	/* its whole group */
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	free(c);
}

static int
chip_open(struct eh_host_ctx *context, struct eh_plugin_bytes config,
    void **instp)
{
	char path[4096], fab[4096];
	struct chip *c;
	int err;

	*instp = NULL;
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return EH_ERR_MEMORY;
	c->context = context;
	if ((err = configure(c, config, path, sizeof(path), fab,
	         sizeof(fab))) == EH_OK &&
	    (err = start(c, path, fab)) != EH_OK)
		fail(context, err,
		    "chip-soft: edgehsm-chip-soft does not start; set "
		    "EDGEHSM_CHIP_SOFT to where it is");
	if (err == EH_OK)
		*instp = c;
	else
		free(c);
	return err;
}

static int
chip_identify(void *inst, struct eh_plugin_ident *ident)
{
	struct eh_plugin_bytes none = { (const uint8_t *)"", 0 };
	struct eh_chip_reply reply;
	int err;

	if ((err = ask(inst, EH_CHIP_OP_IDENTIFY, 0, none, &reply)) != EH_OK)
		return err;
	if (reply.len != sizeof(ident->soc_id))
		return EH_ERR_FORMAT;
	memcpy(ident->soc_id, reply.data, reply.len);
	ident->soc_class = EH_CHIP_SOFT_CLASS;
	ident->lifecycle = EH_CHIP_SOFT_LIFECYCLE;
	ident->can = 0;
	ident->transport_key.len = ident->certificates.len = 0;
	return give(&ident->firmware, reply.more, reply.more_len);
}

static int
chip_attest(void *inst, const uint8_t nonce[32], struct eh_plugin_buf *evidence)
{
	struct eh_plugin_bytes data = { nonce, 32 };
	struct eh_chip_reply reply;
	struct chip *c = inst;
	int err;

	if ((err = ask(c, EH_CHIP_OP_ATTEST, 0, data, &reply)) != EH_OK)
		return err == EH_ERR_NOT_FOUND ? fail(c->context, err,
		    "chip-soft: this chip came from no fab that could say who "
		    "it is: name one in with.fab") : err;
	return give(evidence, reply.data, reply.len);
}

static int
chip_keygen(void *inst, uint32_t place, uint32_t algorithm,
    struct eh_plugin_buf *public_key, struct eh_plugin_buf *proof)
{
	struct eh_plugin_bytes none = { (const uint8_t *)"", 0 };
	struct eh_chip_reply reply;
	struct chip *c = inst;
	int err;

	if (algorithm != (uint32_t)-7)
		return fail(c->context, EH_ERR_UNSUPPORTED,
		    "chip-soft makes ECDSA P-256 keys only");
	if ((err = ask(c, EH_CHIP_OP_KEYGEN, place, none, &reply)) != EH_OK ||
	    (err = give(public_key, reply.data, reply.len)) != EH_OK)
		return err;
	return give(proof, reply.more, reply.more_len);
}

static int
chip_sign(void *inst, uint32_t place, struct eh_plugin_bytes message,
    struct eh_plugin_buf *signature)
{
	struct eh_chip_reply reply;
	int err;

	if ((err = ask(inst, EH_CHIP_OP_SIGN, place, message, &reply)) != EH_OK)
		return err;
	return give(signature, reply.data, reply.len);
}

static int
chip_write_certificate(
    void *inst, uint32_t place, struct eh_plugin_bytes der)
{
	struct eh_chip_reply reply;

	return ask(inst, EH_CHIP_OP_WRITE, place, der, &reply);
}

static int
chip_read_back(void *inst, uint32_t place, uint8_t sha256[32])
{
	struct eh_plugin_bytes none = { (const uint8_t *)"", 0 };
	struct eh_chip_reply reply;
	int err;

	if ((err = ask(inst, EH_CHIP_OP_READ, place, none, &reply)) != EH_OK)
		return err;
	if (reply.len != 32)
		return EH_ERR_FORMAT;
	memcpy(sha256, reply.data, 32);
	return EH_OK;
}

static const struct eh_plugin_chip_ops ops = {
	.struct_size = sizeof(ops),
	.open = chip_open,
	.identify = chip_identify,
	.attest = chip_attest,
	.keygen = chip_keygen,
	.sign = chip_sign,
	.write_certificate = chip_write_certificate,
	.read_back = chip_read_back,
	.close = chip_close,
};

static const struct eh_plugin_option options[] = {
	{ sizeof(options[0]), "state", EH_PLUGIN_PATH, EH_PLUGIN_REQUIRED, NULL,
	    NULL, "folder where the chips remember their keys and certificates" },
	{ sizeof(options[0]), "fab", EH_PLUGIN_PATH, 0, NULL, NULL,
	    "folder of the soft silicon fab that new chips come from "
	    "(edgehsm-chip-soft --fab FOLDER)" },
	{ sizeof(options[0]), "timeout", EH_PLUGIN_DURATION, 0, "10s", NULL,
	    "how long a chip may take to answer" },
};

static const struct eh_plugin plugin = {
	.struct_size = sizeof(plugin),
	.abi_major = EH_PLUGIN_ABI_MAJOR,
	.abi_minor = EH_PLUGIN_ABI_MINOR,
	.kind = EH_PLUGIN_CHIP,
	.name = "soft",
	.version = PACKAGE_VERSION,
	.license = "Apache-2.0",
	.summary = "a process that plays a chip, for demos and tests",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.ops = &ops,
};

__attribute__((visibility("default"))) const struct eh_plugin *
eh_plugin_v1(const struct eh_host_ops *ops_of_host, size_t index)
{
	host = ops_of_host;
	return index == 0 ? &plugin : NULL;
}

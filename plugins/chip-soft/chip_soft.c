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
#include <unistd.h>

#include "common/file.h"
#include "plugins/chip-soft/protocol.h"
#include "plugins/edgehsm-plugin.h"

extern char **environ;

static const struct eh_host_ops *host;

struct chip {
	struct eh_host_ctx *context;
	int fd;
	pid_t pid;
	uint8_t frame[EH_CHIP_FRAME];
};

static int
fail(struct eh_host_ctx *context, int err, const char *text)
{
	host->error(context, eh_err_name(err), text);
	return err;
}

/*
 * The state file of the chip that is in the socket now: ${state}/${device}.chip.
 * A device id may hold any octet, so it goes in as hex when it is not plain.
 */
static int
state_path(struct eh_host_ctx *context, struct eh_plugin_bytes config,
    char *path, size_t cap)
{
	struct eh_plugin_bytes device;
	struct eh_error error;
	const char *state = NULL;
	json_t *json = json_loadb((const char *)config.data, config.len, 0, NULL);
	int n = -1;

	eh_error_clear(&error);
	if (json == NULL || json_unpack(json, "{s:s}", "state", &state) != 0)
		fail(context, EH_ERR_CONFIG, "chip-soft: with.state is needed");
	else if (host->var_get(context, "device-id", &device) != 0 ||
	    device.len == 0 || memchr(device.data, '/', device.len) != NULL)
		fail(context, EH_ERR_ARGUMENT,
		    "chip-soft: the device id cannot name a state file");
	else if (eh_file_mkdir(state, 0700, &error) != EH_OK)
		fail(context, error.code, error.text);
	else
		n = snprintf(path, cap, "%s/%.*s.chip", state,
		    (int)device.len, (const char *)device.data);
	json_decref(json);
	return n > 0 && (size_t)n < cap ? EH_OK : EH_ERR_CONFIG;
}

/*
 * Start the process with its end of the pair as descriptor 3, in a process group
 * of its own: Ctrl-C at the terminal is for the line, which then finishes its
 * device.
 */
static int
start(struct chip *c, const char *path)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	const char *program = getenv("EDGEHSM_CHIP_SOFT");
	char *argv[] = { "edgehsm-chip-soft", (char *)path, NULL };
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
ask(struct chip *c, enum eh_chip_op op, unsigned place,
    struct eh_plugin_bytes data, struct eh_chip_reply *reply)
{
	struct eh_chip_request request = { op, place, data.data, data.len };
	char text[96];
	int err;

	if ((err = eh_chip_send_request(c->fd, c->frame, &request)) == EH_OK &&
	    (err = eh_chip_receive_reply(c->fd, c->frame, reply)) == EH_OK)
		err = reply->result;
	if (err == EH_OK)
		return EH_OK;
	snprintf(text, sizeof(text), "chip-soft: operation %d at place %u: %s",
	    op, place, eh_err_text(err));
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

static void
chip_close(void *inst)
{
	struct chip *c = inst;
	int status;

	close(c->fd);		/* end of file ends the process */
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	free(c);
}

static int
chip_open(struct eh_host_ctx *context, struct eh_plugin_bytes config,
    void **instp)
{
	char path[4096];
	struct chip *c;
	int err;

	*instp = NULL;
	if ((err = state_path(context, config, path, sizeof(path))) != EH_OK)
		return err;
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return EH_ERR_MEMORY;
	c->context = context;
	if ((err = start(c, path)) != EH_OK) {
		free(c);
		return fail(context, err,
		    "chip-soft: edgehsm-chip-soft does not start; set "
		    "EDGEHSM_CHIP_SOFT to where it is");
	}
	*instp = c;
	return EH_OK;
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
	ident->soc_class = 0;
	ident->lifecycle = 0x1000;
	ident->can = 0;
	ident->transport_key.len = ident->certificates.len = 0;
	return give(&ident->firmware, reply.more, reply.more_len);
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
	.keygen = chip_keygen,
	.sign = chip_sign,
	.write_certificate = chip_write_certificate,
	.read_back = chip_read_back,
	.close = chip_close,
};

static const struct eh_plugin_option options[] = {
	{ sizeof(options[0]), "state", EH_PLUGIN_PATH, EH_PLUGIN_REQUIRED, NULL,
	    NULL, "folder where the chips remember their keys and certificates" },
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

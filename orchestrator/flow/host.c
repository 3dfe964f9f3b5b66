/* SPDX-License-Identifier: Apache-2.0 */
/* host.c - what a plugin may ask of us. */
#include "config.h"

#include <string.h>

#include "orchestrator/flow/host.h"

void
eh_host_init(struct eh_host_ctx *ctx, const char *plugin)
{
	memset(ctx, 0, sizeof(*ctx));
	ctx->plugin = plugin;
}

static void
host_log(struct eh_host_ctx *ctx, int level, const char *text)
{
	if (ctx->watch.log != NULL && text != NULL)
		ctx->watch.log(ctx->watch.arg, level, text);
}

/* Only the text counts: the code is what the operation returns. */
static void
host_error(struct eh_host_ctx *ctx, const char *code, const char *text)
{
	(void)code;
	if (text != NULL)
		eh_error_set(&ctx->error, EH_ERR_INTERNAL, "%s", text);
}

static int
host_var_get(struct eh_host_ctx *ctx, const char *name,
    struct eh_plugin_bytes *out)
{
	for (unsigned i = 0; i < ctx->nvars; i++)
		if (strcmp(ctx->var[i].name, name) == 0) {
			out->data = ctx->var[i].value;
			out->len = ctx->var[i].len;
			return EH_OK;
		}
	return EH_ERR_NOT_FOUND;
}

int
eh_host_set(
    struct eh_host_ctx *ctx, const char *name, const void *bytes, size_t len)
{
	unsigned i = 0;

	if (name[0] == '\0' || strlen(name) >= EH_HOST_NAME)
		return EH_ERR_ARGUMENT;
	if (len > EH_HOST_VALUE)
		return EH_ERR_SPACE;
	while (i < ctx->nvars && strcmp(ctx->var[i].name, name) != 0)
		i++;
	if (i == EH_HOST_VARS)
		return EH_ERR_FULL;
	if (i == ctx->nvars)
		strcpy(ctx->var[ctx->nvars++].name, name);
	if (len > 0)
		memcpy(ctx->var[i].value, bytes, len);
	ctx->var[i].len = len;
	return EH_OK;
}

static int
host_var_set(struct eh_host_ctx *ctx, const char *name,
    struct eh_plugin_bytes value)
{
	return eh_host_set(ctx, name, value.data, value.len);
}

static int
host_cancelled(struct eh_host_ctx *ctx)
{
	return ctx->watch.cancelled != NULL &&
	    ctx->watch.cancelled(ctx->watch.arg);
}

static void
host_progress(struct eh_host_ctx *ctx, uint64_t done, uint64_t total)
{
	if (ctx->watch.progress != NULL)
		ctx->watch.progress(ctx->watch.arg, done, total);
}

static int
host_read(struct eh_host_ctx *ctx, struct eh_plugin_buf *out)
{
	(void)ctx;
	out->len = 0;
	return EH_ERR_UNSUPPORTED;
}

static int
host_write(struct eh_host_ctx *ctx, struct eh_plugin_bytes bytes)
{
	(void)ctx;
	(void)bytes;
	return EH_ERR_UNSUPPORTED;
}

const struct eh_host_ops eh_host_ops = {
	.struct_size = sizeof(eh_host_ops),
	.abi_minor = EH_PLUGIN_ABI_MINOR,
	.log = host_log,
	.error = host_error,
	.var_get = host_var_get,
	.var_set = host_var_set,
	.cancelled = host_cancelled,
	.progress = host_progress,
	.read = host_read,
	.write = host_write,
};

int
eh_host_result(struct eh_host_ctx *ctx, const char *what, int result,
    struct eh_error *error)
{
	struct eh_error said = ctx->error;

	eh_error_clear(&ctx->error);
	if (result == EH_OK)
		return EH_OK;
	if (strcmp(eh_err_name(result), "EH_ERR_UNKNOWN") == 0)
		return eh_error_set(error, EH_ERR_INTERNAL,
		    "%s: %s returned %d, which is no result of the ABI",
		    ctx->plugin, what, result);
	if (said.text[0] != '\0')
		return eh_error_set(error, result, "%s", said.text);
	return eh_error_set(error, result, "%s: %s: %s", ctx->plugin, what,
	    eh_err_text(result));
}

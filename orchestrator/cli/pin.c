/* SPDX-License-Identifier: Apache-2.0 */
/* pin.c - PINs of people: from a file, the environment or a terminal, never from
 * the command line. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/file.h"
#include "common/wipe.h"
#include "orchestrator/cli/pin.h"

static const struct source {
	const char *option, *file, *value, *prompt;
} sources[] = {
	[EH_ROLE_OFFICER] = { "so-pin-file", "EDGEHSM_SO_PIN_FILE",
	    "EDGEHSM_SO_PIN", "PIN of the security officer: " },
	[EH_ROLE_OPERATOR] = { "pin-file", "EDGEHSM_PIN_FILE", "EDGEHSM_PIN",
	    "PIN of the operator: " },
};

/* Take the first line of ${len} bytes. */
static int
take(struct eh_args *args, struct eh_pin *pin, const void *text, size_t len,
    const char *from)
{
	const uint8_t *end = len > 0 ? memchr(text, '\n', len) : NULL;

	if (end != NULL)
		len = (size_t)(end - (const uint8_t *)text);
	if (len == 0 || len >= sizeof(pin->bytes))
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "%s holds no PIN: one line of 4 to 255 bytes", from);
	memcpy(pin->bytes, text, len);
	pin->len = len;
	return EH_OK;
}

static int
from_file(struct eh_args *args, struct eh_pin *pin, const char *path)
{
	struct eh_buf file;
	int err;

	if ((err = eh_file_read(path, 4096, &file, &args->error)) == EH_OK)
		err = take(args, pin, file.data, file.len, path);
	eh_buf_free(&file);
	return err;
}

static int
from_terminal(struct eh_args *args, struct eh_pin *pin, const char *prompt)
{
	struct termios before, quiet;
	char line[300];
	char *got;
	FILE *tty;
	int err;

	if ((tty = fopen("/dev/tty", "r+")) == NULL ||
	    tcgetattr(fileno(tty), &before) != 0) {
		if (tty != NULL)
			fclose(tty);
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "no PIN: give --%s FILE, or set %s",
		    prompt == sources[EH_ROLE_OFFICER].prompt ? "so-pin-file"
							     : "pin-file",
		    prompt == sources[EH_ROLE_OFFICER].prompt
		        ? "EDGEHSM_SO_PIN_FILE"
		        : "EDGEHSM_PIN_FILE");
	}
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(fileno(tty), TCSAFLUSH, &quiet);
	fputs(prompt, tty);
	fflush(tty);
	got = fgets(line, sizeof(line), tty);
	tcsetattr(fileno(tty), TCSAFLUSH, &before);
	fputc('\n', tty);
	err = take(args, pin, got != NULL ? line : "",
	    got != NULL ? strlen(line) : 0, "the terminal");
	eh_wipe(line, sizeof(line));
	fclose(tty);
	return err;
}

int
eh_pin_read(struct eh_args *args, enum eh_wire_role role, struct eh_pin *pin)
{
	const struct source *s = &sources[role];
	const char *path = eh_args_get(args, s->option);
	const char *value;

	memset(pin, 0, sizeof(*pin));
	if (path == NULL)
		path = getenv(s->file);
	if (path != NULL)
		return from_file(args, pin, path);
	if ((value = getenv(s->value)) != NULL)
		return take(args, pin, value, strlen(value), s->value);
	return from_terminal(args, pin, s->prompt);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* err.c - the one list of error numbers, and the sentence that goes with one. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/err.h"
#include "common/printable.h"

#define EH_ERR_ROW(name, number, text) { name, #name, text },
static const struct {
	int code;
	const char *name;
	const char *text;
} errors[] = { EH_ERRORS(EH_ERR_ROW) };
#undef EH_ERR_ROW

#define NERRORS (sizeof(errors) / sizeof(errors[0]))

const char *
eh_err_text(int code)
{
	for (size_t i = 0; i < NERRORS; i++)
		if (errors[i].code == code)
			return errors[i].text;
	return "unknown error";
}

const char *
eh_err_name(int code)
{
	for (size_t i = 0; i < NERRORS; i++)
		if (errors[i].code == code)
			return errors[i].name;
	return "EH_ERR_UNKNOWN";
}

int
eh_err_is_denial(int code)
{
	return code <= EH_DENIED_QUOTA;
}

int
eh_error_set(struct eh_error *error, int code, const char *format, ...)
{
	va_list args;

	if (error == NULL)
		return code;
	error->code = code;
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	/* The sentence may quote what a stranger sent; it goes to terminals
	 * and into JSON. */
	eh_printable(error->text);
	return code;
}

void
eh_error_clear(struct eh_error *error)
{
	error->code = EH_OK;
	error->text[0] = '\0';
}

const char *
eh_error_sentence(const struct eh_error *error)
{
	return error->text[0] != '\0' ? error->text : eh_err_text(error->code);
}

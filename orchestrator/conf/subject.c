/* SPDX-License-Identifier: Apache-2.0 */
/* subject.c - a subject as people type it, "/C=DE/O=ACME/CN=...". */
#include "config.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "common/x509/words.h"
#include "orchestrator/conf/subject.h"

#define TYPE_MAX  64
#define VALUE_MAX 256

/* What Matter's own tools write for the two attributes. */
static const struct eh_word matter[] = {
	{ "VID", 0, "1.3.6.1.4.1.37244.2.1" },
	{ "PID", 0, "1.3.6.1.4.1.37244.2.2" },
	{ NULL, 0, NULL },
};

/* Copy up to one of ${stop}, a backslash protecting what follows it; return
 * where it ended, or NULL when it did not fit. */
static const char *
word(const char *text, const char *stop, char *out, size_t cap)
{
	size_t n = 0;

	for (; *text != '\0' && strchr(stop, *text) == NULL; text++) {
		if (*text == '\\' && text[1] != '\0')
			text++;
		if (n + 1 == cap)
			return NULL;
		out[n++] = *text;
	}
	out[n] = '\0';
	return text;
}

static int
add(X509_NAME *name, const char *type, const char *value)
{
	const struct eh_word *w = eh_words_find(matter, type);
	const char *oid = w != NULL ? w->oid
				    : eh_words_oid(eh_words_attribute, type);
	ASN1_OBJECT *object = OBJ_txt2obj(oid != NULL ? oid : type, 0);
	int done = object != NULL &&
	    X509_NAME_add_entry_by_OBJ(name, object, MBSTRING_UTF8,
		(const unsigned char *)value, -1, -1, 0) == 1;

	ASN1_OBJECT_free(object);
	return done;
}

static int
parse(const char *text, X509_NAME *name, struct eh_error *error)
{
	char type[TYPE_MAX], value[VALUE_MAX];
	const char *at = text;

	do {
		if (*at != '/' ||
		    (at = word(at + 1, "=/", type, sizeof(type))) == NULL ||
		    *at != '=' || type[0] == '\0' ||
		    (at = word(at + 1, "/", value, sizeof(value))) == NULL ||
		    value[0] == '\0')
			return eh_error_set(error, EH_ERR_ARGUMENT,
			    "subject %s: it must look like "
			    "/C=DE/O=ACME/CN=ACME Root", text);
		if (!add(name, type, value))
			return eh_error_set(error, EH_ERR_ARGUMENT,
			    "subject %s: '%s=%s' is no attribute, or no value "
			    "for it", text, type, value);
	} while (*at != '\0');
	return EH_OK;
}

int
eh_subject_parse(const char *text, struct eh_buf *out, struct eh_error *error)
{
	X509_NAME *name = X509_NAME_new();
	unsigned char *der = NULL;
	int len, err = EH_ERR_MEMORY;

	if (name == NULL)
		goto out;
	if ((err = parse(text, name, error)) != EH_OK)
		goto out;
	len = i2d_X509_NAME(name, &der);
	err = len > 0 ? eh_buf_append(out, der, (size_t)len) : EH_ERR_MEMORY;
out:
	if (err == EH_ERR_MEMORY)
		eh_error_set(error, err, "out of memory");
	OPENSSL_free(der);
	X509_NAME_free(name);
	ERR_clear_error();
	return err;
}

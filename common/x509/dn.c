/* SPDX-License-Identifier: Apache-2.0 */
/* dn.c - the Names of issuers and subjects (RFC 5280 4.1.2.4). */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/der/der.h"
#include "common/der/oid.h"
#include "common/printable.h"
#include "common/x509/dn.h"
#include "common/x509/words.h"

int
eh_slice_equal(struct eh_slice a, struct eh_slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

int
eh_dn_check(struct eh_slice name)
{
	struct eh_der d;
	size_t len;

	eh_der_init(&d, name.at, name.len);
	eh_der_enter(&d, EH_DER_SEQUENCE);
	while (eh_der_peek(&d) >= 0) {
		eh_der_enter(&d, EH_DER_SET);
		do {
			eh_der_enter(&d, EH_DER_SEQUENCE);
			eh_der_oid(&d, &len);
			eh_der_any(&d, &len);
			eh_der_leave(&d);
		} while (eh_der_peek(&d) >= 0);
		eh_der_leave(&d);
	}
	eh_der_leave(&d);
	return eh_der_end(&d) == EH_OK ? EH_OK : EH_ERR_FORMAT;
}

/* The contents of one whole element, or nothing. */
static struct eh_slice
inside(const uint8_t *at, size_t len, uint8_t tag)
{
	struct eh_slice s = { NULL, 0 };
	struct eh_der d;

	eh_der_init(&d, at, len);
	s.at = eh_der_get(&d, tag, &s.len);
	return s;
}

struct eh_slice
eh_dn_begin(struct eh_slice name)
{
	return inside(name.at, name.len, EH_DER_SEQUENCE);
}

/* The head of a SET is stepped over: the SETs of a Name stand one behind the
 * other, so that what is left is again a row of SEQUENCEs and SETs. */
int
eh_dn_next(struct eh_slice *rest, struct eh_attribute *a)
{
	struct eh_der d;
	struct eh_slice set;
	size_t len;

	memset(a, 0, sizeof(*a));
	if (rest->len > 0 && rest->at[0] == EH_DER_SET) {
		set = inside(rest->at, rest->len, EH_DER_SET);
		rest->len -= (size_t)(set.at - rest->at);
		rest->at = set.at;
	}
	if (rest->len == 0)
		return 0;
	eh_der_init(&d, rest->at, rest->len);
	eh_der_enter(&d, EH_DER_SEQUENCE);
	a->oid.at = eh_der_oid(&d, &a->oid.len);
	a->tag = (uint8_t)eh_der_peek(&d);
	a->value.at = eh_der_get(&d, a->tag, &len);
	a->value.len = len;
	eh_der_leave(&d);
	if (d.in.err != EH_OK) {
		memset(rest, 0, sizeof(*rest));
		return 0;
	}
	rest->at = d.in.next;
	rest->len = d.in.left;
	return 1;
}

int
eh_dn_attribute(struct eh_slice name, const char *oid, struct eh_attribute *a)
{
	struct eh_slice rest = eh_dn_begin(name);
	struct eh_attribute next;
	int found = 0;

	memset(a, 0, sizeof(*a));
	while (eh_dn_next(&rest, &next))
		if (eh_oid_is(next.oid.at, next.oid.len, oid)) {
			if (found) {
				memset(a, 0, sizeof(*a));
				return EH_ERR_EXISTS;
			}
			*a = next;
			found = 1;
		}
	return found;
}

/* The name that people know for an attribute. */
static void
label(struct eh_slice oid, char *out, size_t cap)
{
	static const struct {
		const char *oid, *text;
	} known[] = { { "2.5.4.3", "CN" }, { "2.5.4.6", "C" },
		{ "2.5.4.7", "L" }, { "2.5.4.8", "ST" }, { "2.5.4.10", "O" },
		{ "2.5.4.11", "OU" } };
	const struct eh_word *w = eh_words_attribute;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (eh_oid_is(oid.at, oid.len, known[i].oid)) {
			snprintf(out, cap, "%s", known[i].text);
			return;
		}
	while (w->word != NULL && !eh_oid_is(oid.at, oid.len, w->oid))
		w++;
	if (w->word != NULL)
		snprintf(out, cap, "%s", w->word);
	else if (eh_oid_decode(oid.at, oid.len, out, cap) != EH_OK)
		snprintf(out, cap, "?");
}

void
eh_dn_format(struct eh_slice name, char *out, size_t cap)
{
	struct eh_slice rest = eh_dn_begin(name);
	struct eh_attribute a;
	char text[EH_OID_TEXT];
	size_t at = 0;

	if (cap > 0)
		out[0] = '\0';
	while (at < cap && eh_dn_next(&rest, &a)) {
		label(a.oid, text, sizeof(text));
		at += (size_t)snprintf(out + at, cap - at, "%s%s=",
		    at > 0 ? ", " : "", text);
		/* Octet by octet: what stands behind a NUL is shown too. */
		for (size_t i = 0; i < a.value.len && at + 1 < cap; i++)
			out[at++] = a.value.at[i] != 0 ?
			    (char)a.value.at[i] : '?';
		if (at < cap)
			out[at] = '\0';
	}
	if (cap > 0)
		eh_printable(out);
}

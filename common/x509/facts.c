/* SPDX-License-Identifier: Apache-2.0 */
/* facts.c - a certificate opened as far as the linter's rules look into it. */
#include "config.h"

#include <string.h>

#include "common/der/der.h"
#include "common/der/oid.h"
#include "common/x509/facts.h"

#define HARDWARE_MODULE "1.3.6.1.5.5.7.8.4"
#define MATTER_VID      "1.3.6.1.4.1.37244.2.1"
#define MATTER_PID      "1.3.6.1.4.1.37244.2.2"
#define COMMON_NAME     "2.5.4.3"

/* Find an extension; set ${d} to read its value. */
static enum eh_fact
open_extension(const struct eh_cert *c, const char *oid, struct eh_der *d,
    int *criticalp)
{
	struct eh_extension x;
	const int found = eh_cert_extension(c, oid, &x);

	*criticalp = x.critical;
	eh_der_init(d, x.value.at, x.value.len);
	return found == 1 ? EH_FACT_GOOD :
	    found == 0	  ? EH_FACT_ABSENT :
			    EH_FACT_BAD;
}

/* After reading a value: good only when it was read to its end. */
static enum eh_fact
judge(enum eh_fact found, const struct eh_der *d)
{
	if (found != EH_FACT_GOOD)
		return found;
	return eh_der_end(d) == EH_OK ? EH_FACT_GOOD : EH_FACT_BAD;
}

static void
take_basic_constraints(struct eh_facts *f)
{
	struct eh_der d;

	f->basic_constraints =
	    open_extension(f->cert, "2.5.29.19", &d, &f->bc_critical);
	eh_der_enter(&d, EH_DER_SEQUENCE);
	if (eh_der_peek(&d) == EH_DER_BOOLEAN) {
		f->ca = eh_der_bool(&d);
		if (!f->ca)		/* DER leaves the default out */
			eh_der_fail(&d, EH_ERR_FORMAT);
	}
	if (eh_der_peek(&d) == EH_DER_INTEGER) {
		f->path_given = 1;
		f->path = (unsigned)eh_der_uint(&d, 0, UINT16_MAX);
	}
	eh_der_leave(&d);
	f->basic_constraints = judge(f->basic_constraints, &d);
}

static void
take_key_usage(struct eh_facts *f)
{
	const uint8_t *bits;
	unsigned unused;
	struct eh_der d;
	size_t len;

	f->key_usage =
	    open_extension(f->cert, "2.5.29.15", &d, &f->ku_critical);
	bits = eh_der_bits(&d, &unused, &len);
	for (unsigned bit = 0; bit < 16 && bit < 8 * len; bit++)
		if (bits[bit / 8] & 0x80 >> bit % 8)
			f->ku |= 1u << bit;
	/* A named bit list ends with a one. */
	if (len > 2 || (len > 0 && (bits[len - 1] >> unused & 1) == 0))
		eh_der_fail(&d, EH_ERR_FORMAT);
	f->key_usage = judge(f->key_usage, &d);
}

static void
take_ext_key_usage(struct eh_facts *f)
{
	struct eh_der d;
	int critical;
	size_t len;

	f->ext_key_usage =
	    open_extension(f->cert, "2.5.29.37", &d, &critical);
	eh_der_enter(&d, EH_DER_SEQUENCE);
	f->eku.at = d.in.next;
	f->eku.len = d.in.left;
	do {
		eh_der_oid(&d, &len);
	} while (eh_der_peek(&d) >= 0);
	eh_der_leave(&d);
	f->ext_key_usage = judge(f->ext_key_usage, &d);
}

static void
take_key_ids(struct eh_facts *f)
{
	struct eh_der d;
	size_t len;

	f->subject_key_id =
	    open_extension(f->cert, "2.5.29.14", &d, &f->ski_critical);
	eh_der_get(&d, EH_DER_OCTET_STRING, &len);
	f->subject_key_id = judge(f->subject_key_id, &d);
	f->ski = eh_cert_subject_key_id(f->cert);

	f->authority_key_id =
	    open_extension(f->cert, "2.5.29.35", &d, &f->aki_critical);
	eh_der_enter(&d, EH_DER_SEQUENCE);
	while (eh_der_peek(&d) >= 0) {
		f->aki_more |= eh_der_peek(&d) != EH_DER_CONTEXT_OCTETS(0);
		eh_der_any(&d, &len);
	}
	eh_der_leave(&d);
	f->authority_key_id = judge(f->authority_key_id, &d);
	f->aki = eh_cert_authority_key_id(f->cert);
}

/* RFC 4108 section 5, from inside the otherName. */
static void
take_module(struct eh_facts *f, struct eh_der *d)
{
	struct eh_slice oid;
	size_t len;

	eh_der_enter(d, EH_DER_CONTEXT(0));
	oid.at = eh_der_oid(d, &oid.len);
	if (!eh_oid_is(oid.at, oid.len, HARDWARE_MODULE)) {
		eh_der_any(d, &len);
		eh_der_leave(d);
		return;
	}
	f->module = f->module == EH_FACT_ABSENT ? EH_FACT_GOOD : EH_FACT_BAD;
	eh_der_enter(d, EH_DER_CONTEXT(0));
	eh_der_enter(d, EH_DER_SEQUENCE);
	f->hw_type.at = eh_der_oid(d, &f->hw_type.len);
	eh_der_get(d, EH_DER_OCTET_STRING, &len);
	if (len == 0)
		f->module = EH_FACT_BAD;
	eh_der_leave(d);
	eh_der_leave(d);
	eh_der_leave(d);
}

static void
take_alt_name(struct eh_facts *f)
{
	struct eh_der d;
	size_t len;

	f->alt_name =
	    open_extension(f->cert, "2.5.29.17", &d, &f->san_critical);
	eh_der_enter(&d, EH_DER_SEQUENCE);
	do {
		if (eh_der_peek(&d) == EH_DER_CONTEXT(0))
			take_module(f, &d);
		else
			eh_der_any(&d, &len);
	} while (eh_der_peek(&d) >= 0);
	eh_der_leave(&d);
	f->alt_name = judge(f->alt_name, &d);
	if (f->alt_name == EH_FACT_BAD)
		f->module = EH_FACT_BAD;
}

static void
take_policies(struct eh_facts *f)
{
	struct eh_der d;
	int critical;
	size_t len;

	f->policies = open_extension(f->cert, "2.5.29.32", &d, &critical);
	eh_der_enter(&d, EH_DER_SEQUENCE);
	f->policy.at = d.in.next;
	f->policy.len = d.in.left;
	do {
		eh_der_enter(&d, EH_DER_SEQUENCE);
		eh_der_oid(&d, &len);
		while (eh_der_peek(&d) >= 0)
			eh_der_any(&d, &len);
		eh_der_leave(&d);
	} while (eh_der_peek(&d) >= 0);
	eh_der_leave(&d);
	f->policies = judge(f->policies, &d);
}

/* --- Matter's vendor and product id ------------------------------------ */

/* Four upper-case hex digits. */
static enum eh_fact
matter_digits(struct eh_slice s, char out[5])
{
	memset(out, 0, 5);
	if (s.len < 4)
		return EH_FACT_BAD;
	for (size_t i = 0; i < 4; i++)
		if (!eh_charset_has(EH_CHARSET_UPPER_HEX, s.at[i]))
			return EH_FACT_BAD;
	memcpy(out, s.at, 4);
	return EH_FACT_GOOD;
}

static void
matter_attribute(
    struct eh_slice subject, const char *oid, struct eh_matter_id *id)
{
	struct eh_attribute a;
	const int found = eh_dn_attribute(subject, oid, &a);

	if (found == 0)
		return;
	id->is = EH_FACT_BAD;
	if (found == 1 && a.tag == EH_DER_UTF8_STRING && a.value.len == 4)
		id->is = matter_digits(a.value, id->text);
}

/* "Mvid:FFF1" anywhere in the common name. */
static void
matter_in_name(
    struct eh_slice cn, const char *prefix, struct eh_matter_id *id)
{
	const size_t len = strlen(prefix);

	for (size_t i = 0; i + len <= cn.len; i++)
		if (memcmp(cn.at + i, prefix, len) == 0) {
			const struct eh_slice rest = { cn.at + i + len,
				cn.len - i - len };

			id->is = matter_digits(rest, id->text);
			return;
		}
}

/* The common name counts only when the subject has neither attribute. */
static void
take_matter(struct eh_facts *f)
{
	const struct eh_slice subject = f->cert->subject;
	struct eh_attribute cn;

	matter_attribute(subject, MATTER_VID, &f->vid);
	matter_attribute(subject, MATTER_PID, &f->pid);
	if (f->vid.is != EH_FACT_ABSENT || f->pid.is != EH_FACT_ABSENT)
		return;
	if (eh_dn_attribute(subject, COMMON_NAME, &cn) != 1)
		return;
	matter_in_name(cn.value, "Mvid:", &f->vid);
	matter_in_name(cn.value, "Mpid:", &f->pid);
}

/* --- all of it --------------------------------------------------------- */

static void
take_twice(struct eh_facts *f)
{
	struct eh_slice rest = f->cert->extensions, behind;
	struct eh_extension x, y;

	while (eh_cert_next_extension(&rest, &x)) {
		behind = rest;
		while (eh_cert_next_extension(&behind, &y))
			f->twice |= eh_slice_equal(x.oid, y.oid);
	}
}

void
eh_facts_take(struct eh_facts *f, const struct eh_cert *cert, size_t size)
{
	memset(f, 0, sizeof(*f));
	f->cert = cert;
	f->size = size;
	take_twice(f);
	take_basic_constraints(f);
	take_key_usage(f);
	take_ext_key_usage(f);
	take_key_ids(f);
	take_alt_name(f);
	take_policies(f);
	take_matter(f);
}

int
eh_facts_eku(const struct eh_facts *f, const char *oid)
{
	struct eh_slice one;
	struct eh_der d;

	if (f->ext_key_usage != EH_FACT_GOOD)
		return 0;
	eh_der_init(&d, f->eku.at, f->eku.len);
	while (eh_der_peek(&d) >= 0) {
		one.at = eh_der_oid(&d, &one.len);
		if (eh_oid_is(one.at, one.len, oid))
			return 1;
	}
	return 0;
}

int
eh_facts_policy(const struct eh_facts *f, const char *oid)
{
	struct eh_slice one;
	struct eh_der d;
	size_t len;

	if (f->policies != EH_FACT_GOOD)
		return 0;
	eh_der_init(&d, f->policy.at, f->policy.len);
	while (eh_der_peek(&d) >= 0) {
		eh_der_enter(&d, EH_DER_SEQUENCE);
		one.at = eh_der_oid(&d, &one.len);
		if (eh_oid_is(one.at, one.len, oid))
			return 1;
		while (eh_der_peek(&d) >= 0)
			eh_der_any(&d, &len);
		eh_der_leave(&d);
	}
	return 0;
}

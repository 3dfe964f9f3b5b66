/* SPDX-License-Identifier: Apache-2.0 */
/* x509_fixture.c - profile sources and issuers that many tests begin from. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/der/date.h"
#include "common/der/der.h"
#include "test/unit/common/x509_fixture.h"
#include "test/unit/common/x509_golden.h"
#include "test/unit/unit.h"

#define UTF8      EH_DER_UTF8_STRING
#define PRINTABLE EH_DER_PRINTABLE_STRING

static struct fixture *
new_fixture(void)
{
	struct fixture *f = calloc(1, sizeof(*f));

	ck_assert_ptr_nonnull(f);
	f->source.version = 1;
	f->source.identity.kind = "serial";
	f->source.identity.pattern = "SN[0-9]{8}";
	f->source.keys = 1;
	f->source.key[0].id = "attestation";
	f->source.key[0].algorithm = EH_KEY_ECDSA_P256;
	f->source.key[0].generated_in = "device";
	return f;
}

static void
put_attribute(struct eh_der_writer *w, const char *oid, uint8_t tag,
    const char *text)
{
	if (text == NULL)
		return;
	eh_der_put_begin(w, EH_DER_SET);
	eh_der_put_begin(w, EH_DER_SEQUENCE);
	eh_der_put_oid(w, oid);
	eh_der_put(w, tag, text, strlen(text));
	eh_der_put_end(w);
	eh_der_put_end(w);
}

void
fixture_name(struct eh_issuer *i, const char *country,
    const char *organization, const char *cn, const char *vid)
{
	struct eh_der_writer w;

	eh_der_writer_init(&w, i->subject, sizeof(i->subject));
	eh_der_put_begin(&w, EH_DER_SEQUENCE);
	put_attribute(&w, "2.5.4.6", PRINTABLE, country);
	put_attribute(&w, "2.5.4.10", UTF8, organization);
	put_attribute(&w, "2.5.4.3", UTF8, cn);
	put_attribute(&w, "1.3.6.1.4.1.37244.2.1", UTF8, vid);
	eh_der_put_end(&w);
	ck_assert_int_eq(eh_der_writer_end(&w, &i->subjectlen), EH_OK);
}

struct eh_source_extension *
fixture_extension(
    struct eh_template_source *c, enum eh_extension_kind kind, int critical)
{
	struct eh_source_extension *x = &c->extension[c->extensions++];

	memset(x, 0, sizeof(*x));
	x->kind = kind;
	x->critical = critical != 0;
	return x;
}

struct eh_source_attribute *
fixture_attribute(struct eh_template_source *c, const char *attribute,
    uint8_t string, const char *text)
{
	struct eh_source_attribute *a = &c->attribute[c->attributes++];

	memset(a, 0, sizeof(*a));
	a->attribute = attribute;
	a->string = string;
	if (text != NULL)
		ck_assert_int_eq(
		    eh_source_add(&a->value, EH_PIECE_TEXT, text), EH_OK);
	return a;
}

/* What all certificates here share. */
static struct eh_template_source *
new_certificate(struct fixture *f, const char *id, enum eh_standard standard)
{
	struct eh_template_source *c =
	    &f->source.certificate[f->source.certificates++];

	c->id = id;
	c->standard = (uint8_t)standard;
	c->key = "attestation";
	c->issuer_key = "ca";
	c->not_before.field = 1;
	c->not_after.seconds = EH_DATE_MAX;
	c->sig_alg = EH_SIG_ECDSA_P256_SHA256;
	return c;
}

static void
device_id(struct eh_source_text *t)
{
	ck_assert_int_eq(eh_source_add(t, EH_PIECE_DEVICE_ID, NULL), EH_OK);
}

static void
basic_and_usage(struct eh_template_source *c)
{
	struct eh_source_extension *x;

	fixture_extension(c, EH_EXTENSION_BASIC_CONSTRAINTS, 1);
	x = fixture_extension(c, EH_EXTENSION_KEY_USAGE, 1);
	x->key_usage = 1;
}

struct fixture *
fixture_golden(void)
{
	struct fixture *f = new_fixture();
	struct eh_template_source *c;
	struct eh_source_attribute *a;

	f->source.name = "gateway-a";
	f->source.version = 3;
	f->source.identity.lo = "SN00000000";
	f->source.identity.hi = "SN99999999";
	c = new_certificate(f, "idevid", EH_STANDARD_IEEE_802_1AR);
	fixture_attribute(c, "organizationName", UTF8, "ACME");
	a = fixture_attribute(c, "serialNumber", PRINTABLE, NULL);
	device_id(&a->value);
	basic_and_usage(c);
	fixture_extension(c, EH_EXTENSION_SUBJECT_KEY_ID, 0);
	fixture_extension(c, EH_EXTENSION_AUTHORITY_KEY_ID, 0);
	fixture_name(&f->issuer[0], NULL, NULL, "Example IDevID CA", NULL);
	unit_hex("18a7128fd6b78f441e49f214aefcd9b46ce61925f3b02caef1274a2daf10f"
		 "053", f->issuer[0].spki, sizeof(f->issuer[0].spki));
	f->issuer[0].key_idlen = unit_hex(
	    "502ec0a10a60688ec68792b95679dd91562892af", f->issuer[0].key_id,
	    sizeof(f->issuer[0].key_id));
	f->source.evidence = EH_EVIDENCE_CSR;
	f->source.secrets = 1;
	f->source.secret[0].id = "debug-credential";
	f->source.secret[0].kdf = EH_KDF_HKDF_SHA256;
	f->source.secret[0].root = "root";
	f->source.secret[0].contexts = 1;
	f->source.secret[0].context[0].kind = EH_PIECE_DEVICE_ID;
	f->source.secret[0].size = 32;
	f->source.secret[0].wrap = EH_WRAP_HPKE;
	return f;
}

static void
idevid(struct fixture *f)
{
	struct eh_template_source *c =
	    new_certificate(f, "idevid", EH_STANDARD_IEEE_802_1AR);
	struct eh_source_extension *x;
	struct eh_source_attribute *a;

	fixture_attribute(c, "organizationName", UTF8, "ACME");
	a = fixture_attribute(c, "serialNumber", PRINTABLE, NULL);
	device_id(&a->value);
	basic_and_usage(c);
	fixture_extension(c, EH_EXTENSION_AUTHORITY_KEY_ID, 0);
	x = fixture_extension(c, EH_EXTENSION_SUBJECT_ALT_NAME, 0);
	x->names = 1;
	x->name[0].kind = EH_ALT_NAME_HARDWARE_MODULE;
	x->name[0].type = "1.3.6.1.4.1.55555.1.7";
	device_id(&x->name[0].value);
}

static void
dac(struct fixture *f)
{
	struct eh_template_source *c =
	    new_certificate(f, "dac", EH_STANDARD_MATTER_DAC);
	struct eh_source_attribute *a;

	a = fixture_attribute(c, "commonName", UTF8, "ACME Gateway ");
	device_id(&a->value);
	fixture_attribute(c, "matterVendorId", UTF8, "FFF1");
	fixture_attribute(c, "matterProductId", UTF8, "8000");
	basic_and_usage(c);
	fixture_extension(c, EH_EXTENSION_SUBJECT_KEY_ID, 0);
	fixture_extension(c, EH_EXTENSION_AUTHORITY_KEY_ID, 0);
}

struct fixture *
fixture_gateway(void)
{
	struct fixture *f = new_fixture();

	f->source.name = "gateway-b";
	f->source.manufacturer = "ACME";
	f->source.model = "Gateway-B";
	idevid(f);
	fixture_name(
	    &f->issuer[0], "DE", "ACME", "ACME IDevID Issuing CA 1", NULL);
	memset(f->issuer[0].spki, 0x11, EH_DIGEST_LEN);
	memset(f->issuer[0].key_id, 0x12, 20);
	f->issuer[0].key_idlen = 20;
	dac(f);
	fixture_name(&f->issuer[1], NULL, NULL, "ACME Matter PAI", "FFF1");
	memset(f->issuer[1].spki, 0x21, EH_DIGEST_LEN);
	memset(f->issuer[1].key_id, 0x22, 20);
	f->issuer[1].key_idlen = 20;
	return f;
}

/* The golden derivation root. */
static const uint8_t root[1][EH_DIGEST_LEN] = { { 0xdb, 0x08, 0xa8, 0x9f, 0x98,
	0xa9, 0x19, 0x6e, 0x6d, 0xe5, 0xab, 0xbe, 0x87, 0xcb, 0xd4, 0x97, 0x5c,
	0x92, 0xc6, 0x2c, 0x8e, 0x6e, 0x9d, 0xae, 0x80, 0xc0, 0x7e, 0xce, 0xf7,
	0xe9, 0xf1, 0xb5 } };

int
fixture_try(struct fixture *f)
{
	eh_error_clear(&f->error);
	return eh_compile_profile(&f->source, f->issuer, root, f->bytes,
	    sizeof(f->bytes), &f->len, &f->error);
}

void
fixture_compile(struct fixture *f)
{
	ck_assert_msg(fixture_try(f) == EH_OK, "%s", f->error.text);
	ck_assert_msg(eh_profile_decode(&f->profile, f->bytes, f->len,
			  &f->error) == EH_OK, "%s", f->error.text);
}

void
fixture_decode_golden(struct fixture *f)
{
	f->len = unit_hex(GOLDEN_PROFILE, f->bytes, sizeof(f->bytes));
	ck_assert_msg(eh_profile_decode(&f->profile, f->bytes, f->len,
			  &f->error) == EH_OK, "%s", f->error.text);
}

void
fixture_free(struct fixture *f)
{
	free(f);
}

void
fixture_values(
    struct eh_tbs_values *v, const char *device, uint64_t not_before)
{
	uint8_t point[EH_P256_POINT_LEN];

	memset(v, 0, sizeof(*v));
	v->serial[0] = 0x47;
	v->serial[15] = 0x11;
	v->not_before = not_before;
	unit_hex(GOLDEN_DEVICE_KEY, point, sizeof(point));
	ck_assert_int_eq(eh_rawkey_set(&v->key, point, sizeof(point)), EH_OK);
	v->device.len = (uint8_t)strlen(device);
	memcpy(v->device.bytes, device, v->device.len);
}

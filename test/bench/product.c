/* SPDX-License-Identifier: Apache-2.0 */
/* product.c - the product that is made: an IEEE 802.1AR IDevID. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/der/der.h"
#include "common/x509/compile.h"
#include "test/bench/bench.h"
#include "test/bench/product.h"

/* The certificate of configs/examples/gateway-a.yaml. */
static void
describe(struct eh_template_source *c)
{
	struct eh_source_attribute *a = c->attribute;
	struct eh_source_extension *x = c->extension;

	c->id = "idevid";
	c->standard = EH_STANDARD_IEEE_802_1AR;
	c->key = "device";
	c->issuer_key = "ca";
	c->not_before.field = 1;
	c->not_after.seconds = EH_TIME_MAX;
	c->sig_alg = EH_SIG_ECDSA_P256_SHA256;
	c->attributes = 2;
	a[0].attribute = "organizationName";
	a[0].string = EH_DER_UTF8_STRING;
	a[0].value.pieces = 1;
	a[0].value.piece[0].kind = EH_PIECE_TEXT;
	a[0].value.piece[0].text = "ACME";
	a[1].attribute = "serialNumber";
	a[1].string = EH_DER_PRINTABLE_STRING;
	a[1].value.pieces = 1;
	a[1].value.piece[0].kind = EH_PIECE_DEVICE_ID;
	c->extensions = 4;
	x[0].kind = EH_EXTENSION_BASIC_CONSTRAINTS;
	x[0].critical = 1;
	x[1].kind = EH_EXTENSION_KEY_USAGE;
	x[1].critical = 1;
	x[1].key_usage = 1;
	x[2].kind = EH_EXTENSION_AUTHORITY_KEY_ID;
	x[3].kind = EH_EXTENSION_SUBJECT_ALT_NAME;
	x[3].names = 1;
	x[3].name[0].kind = EH_ALT_NAME_HARDWARE_MODULE;
	x[3].name[0].type = "1.3.6.1.4.1.55555.1.6";
	x[3].name[0].value.pieces = 1;
	x[3].name[0].value.piece[0].kind = EH_PIECE_DEVICE_ID;
}

/* What its CA certificate would say: CN=Bench CA. */
static void
name_issuer(struct eh_issuer *i, const struct eh_rawkey *key)
{
	struct eh_der_writer w;

	eh_keyid_spki_digest(key, i->spki);
	eh_keyid_ski(key, i->key_id);
	i->key_idlen = 20;
	eh_der_writer_init(&w, i->subject, sizeof(i->subject));
	eh_der_put_begin(&w, EH_DER_SEQUENCE);
	eh_der_put_begin(&w, EH_DER_SET);
	eh_der_put_begin(&w, EH_DER_SEQUENCE);
	eh_der_put_oid(&w, "2.5.4.3");
	eh_der_put(&w, EH_DER_UTF8_STRING, "Bench CA", 8);
	eh_der_put_end(&w);
	eh_der_put_end(&w);
	eh_der_put_end(&w);
	if (eh_der_writer_end(&w, &i->subjectlen) != EH_OK)
		bench_die("the issuer's name cannot be written");
}

void
product_compile(struct product *p, const struct eh_rawkey *key)
{
	struct eh_profile_source *source = calloc(1, sizeof(*source));
	struct eh_issuer issuer = { .subjectlen = 0 };
	struct eh_error error;
	size_t len;

	eh_buf_init(&p->bytes, EH_PROFILE_MAX);
	if (source == NULL || eh_buf_reserve(&p->bytes, EH_PROFILE_MAX) != 0)
		bench_die("out of memory");
	source->name = "bench";
	source->version = 1;
	source->identity.kind = "serial";
	source->identity.pattern = "SN[0-9]{8}";
	source->keys = 1;
	source->key[0].id = "device";
	source->key[0].algorithm = EH_KEY_ECDSA_P256;
	source->key[0].generated_in = "device";
	source->certificates = 1;
	describe(&source->certificate[0]);
	name_issuer(&issuer, key);
	eh_error_clear(&error);
	if (eh_compile_profile(source, &issuer, NULL, p->bytes.data,
		EH_PROFILE_MAX, &len, &error) != EH_OK ||
	    eh_profile_decode(&p->profile, p->bytes.data, len, &error) !=
		EH_OK)
		bench_die("the profile: %s", eh_error_sentence(&error));
	eh_buf_extend(&p->bytes, len);
	free(source);
}

size_t
product_render(const struct product *p, unsigned device,
    const struct eh_rawkey *key, uint8_t tbs[EH_TBS_MAX])
{
	struct eh_tbs_values values;
	struct eh_error error;
	size_t len = 0;

	memset(&values, 0, sizeof(values));
	values.not_before = p->not_before;
	values.key = *key;
	values.device.len = (uint8_t)snprintf((char *)values.device.bytes,
	    sizeof(values.device.bytes), "SN%08u", device % PRODUCT_DEVICES);
	eh_error_clear(&error);
	if (eh_serial(p->authorization, &values.device, 0, 0, values.serial) !=
		EH_OK ||
	    eh_template_render(&p->profile, 0, &values, tbs, EH_TBS_MAX, &len,
		&error) != EH_OK) {
		bench_fail("rendering: %s", eh_error_sentence(&error));
		return 0;
	}
	return len;
}

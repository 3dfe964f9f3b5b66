/* SPDX-License-Identifier: Apache-2.0 */
/* fab.c - the silicon fab that soft chips come from. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/der/date.h"
#include "common/der/der.h"
#include "common/file.h"
#include "common/x509/cert.h"
#include "plugins/chip-soft/device/fab.h"

#define CA_NAME  "EdgeHSM soft silicon CA"
#define YEAR2020 UINT64_C(1577836800)

static void
put_name(struct eh_der_writer *w, const char *cn)
{
	eh_der_put_begin(w, EH_DER_SEQUENCE);
	eh_der_put_begin(w, EH_DER_SET);
	eh_der_put_begin(w, EH_DER_SEQUENCE);
	eh_der_put_oid(w, "2.5.4.3");
	eh_der_put(w, EH_DER_UTF8_STRING, cn, strlen(cn));
	eh_der_put_end(w);
	eh_der_put_end(w);
	eh_der_put_end(w);
}

static int
put_date(struct eh_der_writer *w, uint64_t seconds)
{
	uint8_t text[EH_DATE_GENERALIZED];
	size_t len = eh_date_length(seconds);
	int err = eh_date_encode(seconds, text, len);

	eh_der_put(w, len == EH_DATE_UTC ? EH_DER_UTC_TIME :
					   EH_DER_GENERALIZED_TIME, text, len);
	return err;
}

static void
put_extension(struct eh_der_writer *w, const char *oid,
    const struct eh_der_writer *value)
{
	eh_der_put_begin(w, EH_DER_SEQUENCE);
	eh_der_put_oid(w, oid);
	eh_der_put_bool(w, 1);
	eh_der_put(w, EH_DER_OCTET_STRING, value->out, value->len);
	eh_der_put_end(w);
}

static void
put_extensions(struct eh_der_writer *w, const struct eh_fab_cert *c)
{
	/* keyCertSign, or digitalSignature: named bits without trailing 0. */
	static const uint8_t sign_cert[] = { 2, 0x04 }, sign[] = { 7, 0x80 };
	struct eh_der_writer v;
	uint8_t value[32];

	eh_der_put_begin(w, EH_DER_CONTEXT(3));
	eh_der_put_begin(w, EH_DER_SEQUENCE);
	eh_der_writer_init(&v, value, sizeof(value));
	eh_der_put_begin(&v, EH_DER_SEQUENCE);
	if (c->ca)
		eh_der_put_bool(&v, 1);
	if (c->path_given)
		eh_der_put_uint(&v, c->path);
	eh_der_put_end(&v);
	put_extension(w, "2.5.29.19", &v);
	eh_der_writer_init(&v, value, sizeof(value));
	eh_der_put(&v, EH_DER_BIT_STRING, c->ca ? sign_cert : sign, 2);
	put_extension(w, "2.5.29.15", &v);
	if (c->odd) {
		eh_der_writer_init(&v, value, sizeof(value));
		eh_der_put(&v, EH_DER_NULL, NULL, 0);
		put_extension(w, "1.3.6.1.4.1.99999.1", &v);
	}
	eh_der_put_end(w);
	eh_der_put_end(w);
}

static int
put_tbs(struct eh_der_writer *w, const struct eh_fab_cert *c)
{
	uint8_t spki[EH_SPKI_MAX];
	size_t spkilen = eh_rawkey_to_spki(c->key, spki);
	int err;

	eh_der_put_begin(w, EH_DER_SEQUENCE);
	eh_der_put_begin(w, EH_DER_CONTEXT(0));
	eh_der_put_uint(w, 2);
	eh_der_put_end(w);
	eh_der_put_uint(w, 1);
	eh_der_put_begin(w, EH_DER_SEQUENCE);
	eh_der_put_oid(w, "1.2.840.10045.4.3.2");
	eh_der_put_end(w);
	put_name(w, c->issuer);
	eh_der_put_begin(w, EH_DER_SEQUENCE);
	err = put_date(w, c->not_before != 0 ? c->not_before : YEAR2020);
	if (err == EH_OK)
		err = put_date(
		    w, c->not_after != 0 ? c->not_after : EH_DATE_MAX);
	eh_der_put_end(w);
	put_name(w, c->subject);
	eh_der_put_raw(w, spki, spkilen);
	if (!c->bare)
		put_extensions(w, c);
	eh_der_put_end(w);
	return err;
}

int
eh_fab_certify(
    const struct eh_fab_cert *c, uint8_t *out, size_t cap, size_t *lenp)
{
	uint8_t tbs[EH_FAB_CERT_MAX], signature[EH_SIGNATURE_LEN];
	struct eh_der_writer w;
	struct eh_signer signer;
	size_t len;
	int err;

	eh_der_writer_init(&w, tbs, sizeof(tbs));
	eh_soft_signer(c->by, &signer);
	if ((err = put_tbs(&w, c)) != EH_OK ||
	    (err = eh_der_writer_end(&w, &len)) != EH_OK ||
	    (err = signer.sign(signer.arg, tbs, len, signature)) != EH_OK)
		return err;
	return eh_cert_assemble(tbs, len, signature, out, cap, lenp);
}

static int
path_of(char *path, size_t cap, const char *folder, const char *name,
    struct eh_error *error)
{
	int n = snprintf(path, cap, "%s/%s", folder, name);

	return n > 0 && (size_t)n < cap ? EH_OK : eh_error_set(error,
	    EH_ERR_ARGUMENT, "the path of the fab's folder is too long");
}

static int
write_part(const char *folder, const char *name, const uint8_t *bytes,
    size_t len, struct eh_error *error)
{
	char path[4096];
	int err = path_of(path, sizeof(path), folder, name, error);

	return err != EH_OK ? err :
			      eh_file_write(path, bytes, len, 0600, error);
}

int
eh_fab_make(const char *folder, const uint8_t rotpk[EH_DIGEST_LEN],
    struct eh_error *error)
{
	struct eh_fab_cert c = { .subject = CA_NAME, .issuer = CA_NAME,
		.ca = 1 };
	uint8_t der[EH_FAB_CERT_MAX];
	struct eh_soft *key = NULL;
	char path[4096];
	size_t len;
	int err;

	if ((err = eh_file_mkdir(folder, 0700, error)) != EH_OK ||
	    (err = path_of(path, sizeof(path), folder, "silicon-ca.key",
	         error)) != EH_OK ||
	    (err = eh_soft_generate(&key)) != EH_OK ||
	    (err = eh_soft_save(key, path, error)) != EH_OK)
		goto out;
	c.key = eh_soft_public(key);
	c.by = key;
	if ((err = eh_fab_certify(&c, der, sizeof(der), &len)) == EH_OK)
		err = write_part(folder, "silicon-ca.der", der, len, error);
	if (err == EH_OK && rotpk != NULL)
		err = write_part(
		    folder, "rotpk", rotpk, EH_DIGEST_LEN, error);
out:
	eh_soft_free(key);
	return err;
}

/* Read a part of at most ${cap} bytes; its length in ${lenp}. */
static int
read_part(const char *folder, const char *name, uint8_t *out, size_t cap,
    size_t *lenp, struct eh_error *error)
{
	struct eh_buf file;
	char path[4096];
	int err;

	eh_buf_init(&file, cap);
	if ((err = path_of(path, sizeof(path), folder, name, error)) == EH_OK &&
	    (err = eh_file_read(path, cap, &file, error)) == EH_OK) {
		memcpy(out, file.data, file.len);
		*lenp = file.len;
	}
	eh_buf_free(&file);
	return err;
}

int
eh_fab_open(const char *folder, struct eh_fab *f, struct eh_error *error)
{
	char path[4096];
	size_t len = 0;
	int err;

	memset(f, 0, sizeof(*f));
	if ((err = path_of(path, sizeof(path), folder, "silicon-ca.key",
	         error)) != EH_OK ||
	    (err = eh_soft_open(path, &f->key, error)) != EH_OK ||
	    (err = read_part(folder, "silicon-ca.der", f->cert,
	         sizeof(f->cert), &f->certlen, error)) != EH_OK)
		return err;
	err = read_part(folder, "rotpk", f->rotpk, sizeof(f->rotpk), &len,
	    error);
	if (err == EH_ERR_NOT_FOUND) {
		if (error != NULL)
			eh_error_clear(error);
		return EH_OK;
	}
	if (err == EH_OK && len != EH_DIGEST_LEN)
		err = eh_error_set(error, EH_ERR_FORMAT,
		    "%s/rotpk has %zu octets, not %d", folder, len,
		    EH_DIGEST_LEN);
	return err;
}

void
eh_fab_close(struct eh_fab *f)
{
	eh_soft_free(f->key);
	f->key = NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* pem.c - certificates, requests and public keys in files: PEM or DER. */
#include "config.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "common/file.h"
#include "orchestrator/conf/pem.h"

#define DER_SEQUENCE 0x30

/* Look for the block; libcrypto's error queue is left as it was. */
static int
find_block(BIO *in, const char *label, struct eh_buf *out)
{
	int err = EH_ERR_FORMAT;
	char *name, *header;
	unsigned char *data;
	long len;

	ERR_set_mark();
	while (err == EH_ERR_FORMAT &&
	    PEM_read_bio(in, &name, &header, &data, &len) == 1) {
		if (strcmp(name, label) == 0)
			err = eh_buf_append(out, data, (size_t)len);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(data);
	}
	ERR_pop_to_mark();
	return err;
}

int
eh_pem_decode(const char *name, const char *label, const uint8_t *bytes,
    size_t len, struct eh_buf *out, struct eh_error *error)
{
	BIO *in;
	int err;

	eh_buf_init(out, EH_PEM_MAX_FILE);
	if (len > 0 && bytes[0] == DER_SEQUENCE)
		err = eh_buf_append(out, bytes, len);
	else if (len == 0 || len > INT_MAX)
		err = EH_ERR_FORMAT;
	else if ((in = BIO_new_mem_buf(bytes, (int)len)) == NULL)
		err = EH_ERR_MEMORY;
	else {
		err = find_block(in, label, out);
		BIO_free(in);
	}
	if (err == EH_ERR_FORMAT)
		return eh_error_set(error, err,
		    "%s: neither DER nor a PEM block '%s'", name, label);
	if (err != EH_OK)
		return eh_error_set(
		    error, err, "%s: %s", name, eh_err_text(err));
	return EH_OK;
}

int
eh_pem_read(const char *path, const char *label, struct eh_buf *out,
    struct eh_error *error)
{
	struct eh_buf file;
	int err;

	eh_buf_init(out, EH_PEM_MAX_FILE);
	err = eh_file_read(path, EH_PEM_MAX_FILE, &file, error);
	if (err == EH_OK)
		err = eh_pem_decode(
		    path, label, file.data, file.len, out, error);
	eh_buf_free(&file);
	return err;
}

int
eh_pem_encode(
    const char *label, const uint8_t *der, size_t len, struct eh_buf *out)
{
	BIO *mem = BIO_new(BIO_s_mem());
	int err = EH_ERR_MEMORY;
	char *text;
	long got;

	if (mem != NULL && len <= LONG_MAX &&
	    PEM_write_bio(mem, label, "", der, (long)len) > 0 &&
	    (got = BIO_get_mem_data(mem, &text)) > 0)
		err = eh_buf_append(out, text, (size_t)got);
	BIO_free(mem);
	return err;
}

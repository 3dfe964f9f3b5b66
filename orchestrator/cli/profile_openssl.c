/* SPDX-License-Identifier: Apache-2.0 */
/* profile_openssl.c - a configuration for the openssl command that makes a
 * given TBSCertificate. */
#include "config.h"

#include <inttypes.h>
#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <string.h>

#include "common/der/date.h"
#include "common/der/oid.h"
#include "common/x509/cert.h"
#include "orchestrator/cli/profile_openssl.h"

#define ATTRIBUTES_MAX 32
#define NAME_LEN       64

#define OID_KEY_ID	     "2.5.29.14"
#define OID_AUTHORITY_KEY_ID "2.5.29.35"

/* An attribute of the subject, as the command is told it. */
struct name {
	char oid[EH_OID_TEXT];
	char word[NAME_LEN];		/* libcrypto's short name, or ours */
	int ours;			/* libcrypto does not know the OID */
	struct eh_slice value;
};

struct page {
	const struct eh_profile_openssl *o;
	struct eh_cert cert;
	struct name names[ATTRIBUTES_MAX];
	size_t nnames;
	FILE *out;
};

/* The string type that libcrypto takes for this attribute under "string_mask =
 * utf8only": what its own table says, or UTF8String. */
static int
tag_of(int nid)
{
	const ASN1_STRING_TABLE *row = ASN1_STRING_TABLE_get(nid);
	unsigned long mask = B_ASN1_UTF8STRING;

	if (row != NULL && (row->flags & STABLE_NO_MASK) != 0)
		mask = row->mask;
	if ((mask & B_ASN1_PRINTABLESTRING) != 0)
		return V_ASN1_PRINTABLESTRING;
	if ((mask & B_ASN1_IA5STRING) != 0)
		return V_ASN1_IA5STRING;
	return V_ASN1_UTF8STRING;
}

static int
take_name(struct page *page, const struct eh_attribute *attribute,
    struct eh_error *error)
{
	struct name *name = &page->names[page->nnames];
	int nid, err;

	if (page->nnames == ATTRIBUTES_MAX)
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "more than %d attributes", ATTRIBUTES_MAX);
	err = eh_oid_decode(attribute->oid.at, attribute->oid.len, name->oid,
	    sizeof(name->oid));
	if (err != EH_OK)
		return eh_error_set(error, err, "an attribute's OID: %s",
		    eh_err_text(err));
	nid = OBJ_txt2nid(name->oid);
	name->ours = nid == NID_undef;
	if (name->ours)
		snprintf(name->word, sizeof(name->word), "attribute%zu",
		    page->nnames + 1);
	else
		snprintf(name->word, sizeof(name->word), "%s",
		    OBJ_nid2sn(nid));
	if (attribute->tag != tag_of(nid))
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "openssl ca writes %s as %s, the template as %s",
		    name->ours ? name->oid : name->word,
		    ASN1_tag2str(tag_of(nid)), ASN1_tag2str(attribute->tag));
	name->value = attribute->value;
	page->nnames++;
	return EH_OK;
}

static int
take_subject(struct page *page, struct eh_error *error)
{
	struct eh_slice rest = eh_dn_begin(page->cert.subject);
	struct eh_attribute attribute;
	int err = EH_OK;

	while (err == EH_OK && eh_dn_next(&rest, &attribute) == 1)
		err = take_name(page, &attribute, error);
	return err;
}

static int
check_dates(const struct eh_cert *cert, struct eh_error *error)
{
	if (cert->not_before_text.len == eh_date_length(cert->not_before) &&
	    cert->not_after_text.len == eh_date_length(cert->not_after))
		return EH_OK;
	return eh_error_set(error, EH_ERR_UNSUPPORTED,
	    "openssl writes dates up to 2049 as UTCTime and later ones as "
	    "GeneralizedTime, the template does not");
}

/* A value inside -subj '...': / + = and \ are its own, ' is the shell's. */
static void
put_value(FILE *out, struct eh_slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		int c = value.at[i];

		if (c == '\'')
			fputs("'\\''", out);
		else if (strchr("/+=\\", c) != NULL)
			fprintf(out, "\\%c", c);
		else
			fputc(c, out);
	}
}

static void
put_subject(const struct page *page)
{
	fputs("'", page->out);
	for (size_t i = 0; i < page->nnames; i++) {
		fprintf(page->out, "/%s=", page->names[i].word);
		put_value(page->out, page->names[i].value);
	}
	fputs("'", page->out);
}

static void
put_hex(FILE *out, struct eh_slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		fprintf(out, "%02X", bytes.at[i]);
}

static void
put_commands(const struct page *page)
{
	const char *device = page->o->device;
	FILE *out = page->out;

	fprintf(out, "# %s\n#\n", page->o->what);
	fprintf(out, "# KEY is 'pkcs11:object=LABEL;type=private' of the issuing "
		     "key, ISSUER.pem its\n# certificate.  As ca.cnf, in a "
		     "folder of its own:\n#   echo ");
	put_hex(out, page->cert.serial);
	fprintf(out, " > serial; : > index.txt\n");
	fprintf(out, "#   openssl ca -config ca.cnf -batch -notext -utf8 "
		     "-preserveDN \\\n#     -cert ISSUER.pem -keyfile KEY "
		     "-subj ");
	put_subject(page);
	fprintf(out, " \\\n#     -in %s.csr -out %s.pem\n", device, device);
	if (page->o->days == 0)
		return;
	fprintf(out, "# or, with now as the beginning:\n"
		     "#   openssl x509 -req -extfile ca.cnf -extensions "
		     "extensions \\\n#     -CA ISSUER.pem -CAkey KEY "
		     "-set_serial 0x");
	put_hex(out, page->cert.serial);
	fprintf(out, " -days %" PRIu32 " \\\n#     -subj ", page->o->days);
	put_subject(page);
	fprintf(out, " -in %s.csr -out %s.pem\n", device, device);
}

static void
put_sections(const struct page *page)
{
	const struct eh_cert *cert = &page->cert;
	FILE *out = page->out;
	int ours = 0;

	for (size_t i = 0; i < page->nnames; i++)
		ours |= page->names[i].ours;
	fprintf(out, "%s\n", ours ? "oid_section = oids\n" : "");
	fprintf(out, "[ ca ]\ndefault_ca = edgehsm\n\n"
		     "[ edgehsm ]\n"
		     "serial = serial\ndatabase = index.txt\n"
		     "new_certs_dir = .\nunique_subject = no\n"
		     "default_md = sha256\nstring_mask = utf8only\n"
		     "default_startdate = %.*s\ndefault_enddate = %.*s\n"
		     "policy = subject\nx509_extensions = extensions\n\n"
		     "[ subject ]\n",
	    (int)cert->not_before_text.len,
	    (const char *)cert->not_before_text.at,
	    (int)cert->not_after_text.len,
	    (const char *)cert->not_after_text.at);
	for (size_t i = 0; i < page->nnames; i++)
		fprintf(out, "%s = supplied\n", page->names[i].word);
	if (ours)
		fprintf(out, "\n[ oids ]\n");
	for (size_t i = 0; i < page->nnames; i++)
		if (page->names[i].ours)
			fprintf(out, "%s = %s\n", page->names[i].word,
			    page->names[i].oid);
}

/*
 * Each extension as the octets that it has: nothing is left to the meaning that
 * some version of the command gives to a word.
 */
static int
put_extensions(const struct page *page, struct eh_error *error)
{
	struct eh_slice rest = page->cert.extensions;
	struct eh_extension x;
	int key_id = 0, authority = 0, err;
	char oid[EH_OID_TEXT];

	fprintf(page->out, "\n[ extensions ]\n");
	while (eh_cert_next_extension(&rest, &x) == 1) {
		err = eh_oid_decode(x.oid.at, x.oid.len, oid, sizeof(oid));
		if (err != EH_OK)
			return eh_error_set(error, err,
			    "an extension's OID: %s", eh_err_text(err));
		key_id |= strcmp(oid, OID_KEY_ID) == 0;
		authority |= strcmp(oid, OID_AUTHORITY_KEY_ID) == 0;
		if (strcmp(oid, OID_KEY_ID) == 0 && page->o->key_id_field) {
			fprintf(page->out, "subjectKeyIdentifier = %shash\n",
			    x.critical ? "critical," : "");
			continue;
		}
		fprintf(page->out, "%s = %sDER:", oid,
		    x.critical ? "critical," : "");
		put_hex(page->out, x.value);
		fprintf(page->out, "\n");
	}
	/* Both commands add what is missing, unless they are told not to. */
	if (!key_id)
		fprintf(page->out, "subjectKeyIdentifier = none\n");
	if (!authority)
		fprintf(page->out, "authorityKeyIdentifier = none\n");
	return EH_OK;
}

int
eh_profile_openssl_print(
    const struct eh_profile_openssl *o, FILE *out, struct eh_error *error)
{
	struct page page = { .o = o, .out = out };
	int err;

	if ((err = eh_cert_decode_tbs(&page.cert, o->tbs, o->len)) != EH_OK)
		return eh_error_set(error, err, "the template is not a "
		    "TBSCertificate: %s", eh_err_text(err));
	if ((err = check_dates(&page.cert, error)) != EH_OK ||
	    (err = take_subject(&page, error)) != EH_OK)
		return err;
	put_commands(&page);
	put_sections(&page);
	return put_extensions(&page, error);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* test_uri.c - pkcs11: URIs: taken apart, stripped of the PIN, or refused. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "provider/uri.h"
#include "test/unit/unit.h"

static struct eh_uri *
parse(const char *text)
{
	struct eh_error error = { 0 };
	struct eh_uri *uri = NULL;

	ck_assert_msg(eh_uri_parse(&uri, text, &error) == EH_OK, "%s: %s",
	    text, error.text);
	return uri;
}

START_TEST(parts_are_found)
{
	struct eh_uri *uri = parse("pkcs11:token=T;object=ca;type=private"
				   "?pin-value=12%2034&x-authorization=PO-4711"
				   "&module-path=/usr/lib/m.so");

	ck_assert_str_eq(uri->pin, "12 34");
	ck_assert_str_eq(uri->authorization, "PO-4711");
	ck_assert_str_eq(uri->module_path, "/usr/lib/m.so");
	ck_assert_ptr_null(uri->pin_source);
	ck_assert(uri->has_class);
	ck_assert_uint_eq(uri->class, CKO_PRIVATE_KEY);
	eh_uri_free(uri);
}
END_TEST

START_TEST(pin_is_nowhere_to_be_seen)
{
	struct eh_uri *uri = parse("pkcs11:token=T?pin-value=secret");
	char *text = NULL;

	ck_assert_str_eq(uri->shown, "pkcs11:token=T");
	ck_assert_ptr_null(p11_kit_uri_get_pin_value(uri->parsed));
	ck_assert_int_eq(p11_kit_uri_format(uri->parsed, P11_KIT_URI_FOR_ANY,
	    &text), P11_KIT_URI_OK);
	ck_assert_ptr_null(strstr(text, "secret"));
	free(text);
	eh_uri_free(uri);
}
END_TEST

START_TEST(what_is_not_given_is_absent)
{
	struct eh_uri *uri = parse("pkcs11:");

	ck_assert_ptr_null(uri->pin);
	ck_assert_ptr_null(uri->pin_source);
	ck_assert_ptr_null(uri->authorization);
	ck_assert_ptr_null(uri->module_path);
	ck_assert(!uri->has_class);
	ck_assert(!eh_uri_wants_library(uri));
	ck_assert(!eh_uri_wants_slot(uri));
	eh_uri_free(uri);
}
END_TEST

START_TEST(unknown_query_attributes_are_ignored)
{
	eh_uri_free(parse("pkcs11:token=T?x-other=1&x-other=2&whatever=3"));
}
END_TEST

static const struct {
	const char *uri;
	const char *sentence;
} refused[] = {
	{ "pkcs12:token=T", "does not begin with pkcs11:" },
	{ "", "does not begin with pkcs11:" },
	{ "pkcs11:token=T;x-foo=1?pin-value=secret",
	    "attribute 'x-foo', which is not known" },
	{ "pkcs11:tokn=T", "attribute 'tokn', which is not known" },
	{ "pkcs11:token=T;type=whatever", "type or library-version is not" },
	{ "pkcs11:token=A;token=B", "attribute token twice" },
	{ "pkcs11:token=A?pin-value=secret&pin-value=secret",
	    "attribute pin-value twice" },
	{ "pkcs11:?x-authorization=A&x-authorization=B",
	    "attribute x-authorization twice" },
	{ "pkcs11:?x-authorization=", "is empty" },
	{ "pkcs11:token=A;pin-value=secret", "behind the question mark" },
	{ "pkcs11:pinfile=file:/x", "behind the question mark" },
	{ "pkcs11:token=%zz", "cannot be read" },
	{ "pkcs11:?module-path=m.so&pin-value=secret", "absolute" },
	{ "pkcs11:?pin-source=|cat", "is a command" },
};

START_TEST(bad_uri_is_refused_in_words_without_its_pin)
{
	struct eh_error error = { 0 };
	struct eh_uri *uri = NULL;

	ck_assert_int_eq(eh_uri_parse(&uri, refused[_i].uri, &error),
	    EH_ERR_FORMAT);
	ck_assert_ptr_null(uri);
	ck_assert_msg(strstr(error.text, refused[_i].sentence) != NULL,
	    "%s: %s", refused[_i].uri, error.text);
	ck_assert_ptr_null(strstr(error.text, "secret"));
}
END_TEST

START_TEST(uri_beyond_the_limit_is_refused)
{
	static char text[EH_URI_MAX + 2];
	struct eh_uri *uri = NULL;

	memset(text, 'a', sizeof(text) - 1);
	memcpy(text, "pkcs11:object=", 14);
	ck_assert_int_eq(eh_uri_parse(&uri, text, NULL), EH_ERR_FORMAT);
	text[EH_URI_MAX] = '\0';
	eh_uri_free(parse(text));
}
END_TEST

START_TEST(token_slot_and_library_must_fit)
{
	struct eh_uri *uri = parse("pkcs11:token=T;slot-id=5;"
				   "slot-manufacturer=S;"
				   "library-manufacturer=L");
	CK_TOKEN_INFO token = { 0 };
	CK_SLOT_INFO slot = { 0 };
	CK_INFO library = { 0 };

	memset(token.label, ' ', sizeof(token.label));
	memset(slot.manufacturerID, ' ', sizeof(slot.manufacturerID));
	memset(library.manufacturerID, ' ', sizeof(library.manufacturerID));
	token.label[0] = 'T';
	slot.manufacturerID[0] = 'S';
	library.manufacturerID[0] = 'L';
	ck_assert(eh_uri_wants_library(uri));
	ck_assert(eh_uri_wants_slot(uri));
	ck_assert(eh_uri_covers_token(uri, &token));
	ck_assert(eh_uri_covers_slot(uri, 5, &slot));
	ck_assert(eh_uri_covers_library(uri, &library));
	ck_assert(!eh_uri_covers_slot(uri, 6, &slot));
	token.label[1] = 'T';
	slot.manufacturerID[0] = 'X';
	library.manufacturerID[0] = 'X';
	ck_assert(!eh_uri_covers_token(uri, &token));
	ck_assert(!eh_uri_covers_slot(uri, 5, &slot));
	ck_assert(!eh_uri_covers_library(uri, &library));
	eh_uri_free(uri);
}
END_TEST

START_TEST(shown_uri_names_token_object_and_type)
{
	unsigned char label[] = "my ca", id[] = { 0x01, 0xff };
	CK_ATTRIBUTE by_label = { CKA_LABEL, label, 5 };
	CK_ATTRIBUTE by_id = { CKA_ID, id, 2 }, none = { CKA_LABEL, NULL, 0 };
	CK_TOKEN_INFO token = { 0 };
	char *text;

	memset(token.label, ' ', sizeof(token.label));
	token.label[0] = 'T';
	text = eh_uri_show(&token, CKO_PRIVATE_KEY, &by_label, &by_id);
	ck_assert_str_eq(text, "pkcs11:token=T;object=my%20ca;type=private");
	OPENSSL_free(text);
	text = eh_uri_show(&token, CKO_PUBLIC_KEY, &none, &by_id);
	ck_assert_str_eq(text, "pkcs11:token=T;id=%01%FF;type=public");
	OPENSSL_free(text);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("uri");
	TCase *t = tcase_create("uri");

	tcase_add_test(t, parts_are_found);
	tcase_add_test(t, pin_is_nowhere_to_be_seen);
	tcase_add_test(t, what_is_not_given_is_absent);
	tcase_add_test(t, unknown_query_attributes_are_ignored);
	tcase_add_loop_test(t, bad_uri_is_refused_in_words_without_its_pin, 0,
	    sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(t, uri_beyond_the_limit_is_refused);
	tcase_add_test(t, token_slot_and_library_must_fit);
	tcase_add_test(t, shown_uri_names_token_object_and_type);
	suite_add_tcase(s, t);
	return unit_run(s);
}

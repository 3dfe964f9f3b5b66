/* SPDX-License-Identifier: Apache-2.0 */
/* ehrefuse.c - what a PKCS#11 client learns of a refusal: for tests only. */
#include "config.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/file.h"
#include "test/fault/p11client.h"

/*
 *	ehrefuse sign|raw KEY FILE
 *	ehrefuse import FILE
 *
 * Through $EDGEHSM_MODULE, with $EDGEHSM_PIN_FILE: FILE is signed with
 * CKM_ECDSA_SHA256, with CKM_ECDSA, or written as a CKO_EDGEHSM_MESSAGE.  Prints
 * two lines: what failed, its CKR and the session's ulDeviceError; and the
 * sentence.  That is CKA_EDGEHSM_REFUSAL of the token's object, or where a
 * session or a search is refused, what the vendor interface says.  Exit status
 * 0 when all was done, 1 when it was refused.
 */
static struct eh_p11client client;
static CK_SESSION_HANDLE session;
static const char *what;

/* The attribute that every client can read. */
static CK_RV
read_sentence(char *text, CK_ULONG cap)
{
	CK_OBJECT_CLASS class = CKO_EDGEHSM_TOKEN;
	CK_ATTRIBUTE of_token = { CKA_CLASS, &class, sizeof(class) };
	CK_ATTRIBUTE refusal = { CKA_EDGEHSM_REFUSAL, text, cap - 1 };
	CK_OBJECT_HANDLE token = 0;
	CK_ULONG n = 0;
	CK_RV rv;

	if ((rv = client.p11->C_FindObjectsInit(session, &of_token, 1)) !=
	        CKR_OK ||
	    (rv = client.p11->C_FindObjects(session, &token, 1, &n)) != CKR_OK)
		return rv;
	client.p11->C_FindObjectsFinal(session);
	if (n != 1)
		return CKR_OBJECT_HANDLE_INVALID;
	rv = client.p11->C_GetAttributeValue(session, token, &refusal, 1);
	text[rv == CKR_OK ? refusal.ulValueLen : 0] = '\0';
	return rv;
}

static int
tell(CK_RV rv)
{
	CK_SESSION_INFO info = { .ulDeviceError = 0 };
	char text[512], attribute[512] = "";

	if (rv == CKR_OK) {
		puts("done");
		return 0;
	}
	if (session != CK_INVALID_HANDLE)
		client.p11->C_GetSessionInfo(session, &info);
	eh_p11client_why(&client, session, text);
	printf("%s 0x%lx ulDeviceError 0x%lx\n", what, rv, info.ulDeviceError);
	if (session != CK_INVALID_HANDLE &&
	    read_sentence(attribute, sizeof(attribute)) == CKR_OK &&
	    strcmp(attribute, text) != 0)
		errx(EX_SOFTWARE, "the attribute says '%s', Refusal '%s'",
		    attribute, text);
	puts(text);
	return 1;
}

static CK_RV
sign(CK_MECHANISM_TYPE type, const char *label, struct eh_buf *file)
{
	CK_MECHANISM mechanism = { type, NULL, 0 };
	CK_OBJECT_HANDLE key;
	CK_BYTE signature[64];
	CK_ULONG len = sizeof(signature);
	CK_RV rv;

	what = "C_FindObjects";
	if ((rv = eh_p11client_find(&client, session, CKO_PRIVATE_KEY, label,
	         &key)) != CKR_OK)
		return rv;
	what = "C_SignInit";
	if ((rv = client.p11->C_SignInit(session, &mechanism, key)) != CKR_OK)
		return rv;
	what = "C_Sign";
	return client.p11->C_Sign(
	    session, file->data, file->len, signature, &len);
}

static CK_RV
import(struct eh_buf *file)
{
	CK_OBJECT_CLASS class = CKO_EDGEHSM_MESSAGE;
	CK_ATTRIBUTE message[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_VALUE, file->data, file->len },
	};
	CK_OBJECT_HANDLE object;

	what = "C_CreateObject";
	return client.p11->C_CreateObject(session, message, 2, &object);
}

int
main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[1] : "";
	struct eh_buf file = { .data = NULL };
	int imports = strcmp(verb, "import") == 0, status;
	CK_RV rv;

	if (argc != (imports ? 3 : 4))
		errx(EX_USAGE, "usage: ehrefuse sign|raw KEY FILE, "
		    "ehrefuse import FILE");
	if (eh_file_read(argv[argc - 1], 1 << 20, &file, NULL) != EH_OK)
		err(EX_NOINPUT, "%s", argv[argc - 1]);
	eh_p11client_load(&client, NULL);
	what = "C_OpenSession";
	rv = eh_p11client_session(&client, NULL, &session);
	if (rv == CKR_OK) {
		what = "C_Login";
		rv = eh_p11client_login(
		    &client, session, getenv("EDGEHSM_PIN_FILE"));
	}
	if (rv == CKR_OK)
		rv = imports ? import(&file) :
		    sign(strcmp(verb, "raw") == 0 ? CKM_ECDSA
						  : CKM_ECDSA_SHA256,
			argv[2], &file);
	status = tell(rv);
	eh_buf_free(&file);
	eh_p11client_unload(&client);
	return status;
}

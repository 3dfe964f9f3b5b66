/* SPDX-License-Identifier: Apache-2.0 */
/* ehsign.c - a client that signs and signs, for the flow scripts: one process,
 * some threads, one login, while somebody does things to the daemon.
 *
 *	ehsign MODULE PIN LABEL THREADS SIGNATURES [fork | size FILE]
 *
 * Every signature is one C_SignInit and one C_Sign.  Two lines to standard
 * output: that it begins, being logged in; and how many were asked for, how many
 * came, and the first code that was not CKR_OK.  With "fork" a child signs as well.  With "size" the message
 * is the FILE, and before its C_Sign come what costs nothing: an operation that
 * is cancelled, a NULL buffer, a buffer that is too small. */
#include "config.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkcs11-module/edgehsm-pkcs11.h"

#define THREADS_MAX 64

static CK_FUNCTION_LIST *p11;
static CK_OBJECT_HANDLE key;
static unsigned long each;
static atomic_ulong came;
static atomic_ulong first_error;

static void
die(const char *what, CK_RV rv)
{
	fprintf(stderr, "ehsign: %s: 0x%lx\n", what, rv);
	exit(1);
}

static void
must(const char *what, CK_RV rv)
{
	if (rv != CKR_OK)
		die(what, rv);
}

static CK_SESSION_HANDLE
open_session(void)
{
	CK_SESSION_HANDLE s;

	must("C_OpenSession",
	    p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s));
	return s;
}

static void
load(const char *path)
{
	CK_RV (*get)(CK_FUNCTION_LIST **);
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (module == NULL) {
		fprintf(stderr, "ehsign: %s\n", dlerror());
		exit(1);
	}
	*(void **)&get = dlsym(module, "C_GetFunctionList");
	if (get == NULL)
		die("C_GetFunctionList", CKR_FUNCTION_NOT_SUPPORTED);
	must("C_GetFunctionList", get(&p11));
}

static CK_SESSION_HANDLE
begin(char *pin, char *label)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_LABEL, label, strlen(label) },
	};
	CK_SESSION_HANDLE s;
	CK_ULONG n = 0;

	must("C_Initialize", p11->C_Initialize(NULL));
	s = open_session();
	must("C_Login", p11->C_Login(
	    s, CKU_USER, (CK_UTF8CHAR *)pin, strlen(pin)));
	must("C_FindObjectsInit", p11->C_FindObjectsInit(s, template, 2));
	must("C_FindObjects", p11->C_FindObjects(s, &key, 1, &n));
	must("C_FindObjectsFinal", p11->C_FindObjectsFinal(s));
	if (n != 1)
		die(label, CKR_OBJECT_HANDLE_INVALID);
	return s;
}

static CK_BYTE file[65536];
static CK_ULONG filelen;

static void
read_message(const char *path)
{
	FILE *f = fopen(path, "rb");

	if (f == NULL)
		die(path, CKR_DATA_INVALID);
	filelen = fread(file, 1, sizeof(file), f);
	fclose(f);
}

/* What GnuTLS does, and what nobody should: all of it is free. */
static CK_RV
sign_with_detours(CK_SESSION_HANDLE s)
{
	CK_MECHANISM mechanism = { CKM_ECDSA_SHA256, NULL, 0 };
	CK_BYTE signature[64];
	CK_ULONG len = 0;

	must("C_SignInit", p11->C_SignInit(s, &mechanism, key));
	must("C_SignUpdate", p11->C_SignUpdate(s, file, filelen));
	must("the cancel", p11->C_SignInit(s, NULL, key));
	must("C_SignInit", p11->C_SignInit(s, &mechanism, key));
	must("the query", p11->C_Sign(s, file, filelen, NULL, &len));
	if (len != sizeof(signature))
		die("the length", len);
	len--;
	if (p11->C_Sign(s, file, filelen, signature, &len) !=
	    CKR_BUFFER_TOO_SMALL)
		die("a short buffer", CKR_OK);
	return p11->C_Sign(s, file, filelen, signature, &len);
}

static CK_RV
sign_once(CK_SESSION_HANDLE s, unsigned long i)
{
	CK_MECHANISM mechanism = { CKM_ECDSA_SHA256, NULL, 0 };
	CK_BYTE message[64], signature[64];
	CK_ULONG len = sizeof(signature);
	CK_RV rv;

	if (filelen > 0)
		return sign_with_detours(s);
	memset(message, 0, sizeof(message));
	memcpy(message, &i, sizeof(i));
	if ((rv = p11->C_SignInit(s, &mechanism, key)) == CKR_OK)
		rv = p11->C_Sign(
		    s, message, sizeof(message), signature, &len);
	return rv;
}

static void *
sign_many(void *arg)
{
	CK_SESSION_HANDLE s = open_session();
	unsigned long none = 0;
	CK_RV rv;

	(void)arg;
	for (unsigned long i = 0; i < each; i++) {
		if ((rv = sign_once(s, i)) == CKR_OK)
			atomic_fetch_add(&came, 1);
		else
			atomic_compare_exchange_strong(
			    &first_error, &none, rv);
	}
	return NULL;
}

static int
sign_all(unsigned threads, unsigned long signatures)
{
	pthread_t thread[THREADS_MAX];

	each = signatures / threads;
	puts("signing");
	fflush(stdout);
	for (unsigned i = 0; i < threads; i++)
		if (pthread_create(&thread[i], NULL, sign_many, NULL) != 0)
			die("pthread_create", CKR_HOST_MEMORY);
	for (unsigned i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	printf("asked %lu came %lu error 0x%lx\n", each * threads,
	    (unsigned long)atomic_load(&came),
	    (unsigned long)atomic_load(&first_error));
	return atomic_load(&came) == each * threads ? 0 : 1;
}

/* A child must begin anew; the parent's login is not its own. */
static int
sign_in_child(CK_SESSION_HANDLE s, char *pin, char *label)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		if (sign_once(s, 0) != CKR_CRYPTOKI_NOT_INITIALIZED)
			_exit(2);
		s = begin(pin, label);
		_exit(sign_once(s, 0) == CKR_OK ? 0 : 3);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		die("the child", (CK_RV)status);
	return 0;
}

int
main(int argc, char **argv)
{
	CK_SESSION_HANDLE s;
	unsigned threads;
	int status;

	if (argc < 6 || (threads = (unsigned)atoi(argv[4])) < 1 ||
	    threads > THREADS_MAX) {
		fprintf(stderr, "usage: ehsign MODULE PIN LABEL THREADS "
		    "SIGNATURES [fork | size FILE]\n");
		return 2;
	}
	load(argv[1]);
	s = begin(argv[2], argv[3]);
	if (argc > 7)
		read_message(argv[7]);
	else if (argc > 6)
		sign_in_child(s, argv[2], argv[3]);
	status = sign_all(threads, strtoul(argv[5], NULL, 10));
	must("C_Finalize", p11->C_Finalize(NULL));
	return status;
}

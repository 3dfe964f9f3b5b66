/* SPDX-License-Identifier: Apache-2.0 */
/* softhsm.c - two tokens of SoftHSM: edgehsmd's, and one without us. */
#include "config.h"

#include <errno.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "test/bench/softhsm.h"

#define PLAIN "plain"

const char *
softhsm_find(void)
{
	static const char *const places[] = {
		"/usr/lib/softhsm/libsofthsm2.so",
		"/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
		"/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
		"/usr/lib64/pkcs11/libsofthsm2.so",
		"/usr/local/lib/softhsm/libsofthsm2.so",
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (access(places[i], R_OK) == 0)
			return places[i];
	return NULL;
}

static void
make_token(const struct bed *b, const char *label)
{
	char conf[BED_PATH], tokens[BED_PATH], name[64], text[2 * BED_PATH];
	const char *const argv[] = { "softhsm2-util", "--module",
		b->options->softhsm, "--init-token", "--free", "--label", label,
		"--so-pin", "12345678", "--pin", SOFTHSM_PIN, NULL };
	struct eh_error error;

	bed_path(b, label, tokens);
	snprintf(name, sizeof(name), "%s.conf", label);
	bed_path(b, name, conf);
	snprintf(text, sizeof(text),
	    "directories.tokendir = %s\nobjectstore.backend = file\n"
	    "log.level = ERROR\n", tokens);
	eh_error_clear(&error);
	if (mkdir(tokens, 0700) != 0 ||
	    eh_file_write(conf, text, strlen(text), 0600, &error) != EH_OK)
		bench_die("%s: %s", tokens, strerror(errno));
	setenv("SOFTHSM2_CONF", conf, 1);
	bed_must_run(b, argv, NULL);
}

void
softhsm_make_tokens(const struct bed *b)
{
	make_token(b, SOFTHSM_BACKEND);
	make_token(b, PLAIN); /* last: its SOFTHSM2_CONF is the one we load */
}

CK_FUNCTION_LIST *
softhsm_load(const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	CK_C_GetFunctionList get = NULL;
	CK_FUNCTION_LIST *p11 = NULL;

	if (library == NULL)
		bench_die("%s", dlerror());
	*(void **)&get = dlsym(library, "C_GetFunctionList");
	if (get == NULL || get(&p11) != CKR_OK)
		bench_die("%s is not a PKCS#11 module", path);
	return p11;
}

static void
find_slot(struct bed_key *k)
{
	CK_SLOT_ID slots[8];
	CK_TOKEN_INFO info;
	CK_ULONG n = 8;

	if (k->p11->C_GetSlotList(CK_TRUE, slots, &n) != CKR_OK)
		bench_die("SoftHSM shows no slots");
	for (CK_ULONG i = 0; i < n; i++)
		if (k->p11->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
		    memcmp(info.label, PLAIN " ", strlen(PLAIN " ")) == 0) {
			k->slot = slots[i];
			return;
		}
	bench_die("SoftHSM does not show its token");
}

static void
make_key(struct bed_key *k, CK_SESSION_HANDLE session)
{
	static CK_BYTE p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
		0x03, 0x01, 0x07 };
	CK_MECHANISM make = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE public[] = {
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_VERIFY, &yes, sizeof(yes) },
		{ CKA_EC_PARAMS, p256, sizeof(p256) },
	};
	CK_ATTRIBUTE private[] = {
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_PRIVATE, &yes, sizeof(yes) },
		{ CKA_SENSITIVE, &yes, sizeof(yes) },
		{ CKA_SIGN, &yes, sizeof(yes) },
	};
	CK_BYTE point[2 + EH_P256_POINT_LEN];
	CK_ATTRIBUTE wanted = { CKA_EC_POINT, point, sizeof(point) };
	CK_OBJECT_HANDLE other;

	if (k->p11->C_GenerateKeyPair(session, &make, public, 3, private, 4,
		&other, &k->handle) != CKR_OK ||
	    k->p11->C_GetAttributeValue(session, other, &wanted, 1) !=
		CKR_OK ||
	    eh_rawkey_set(&k->public, point + 2, EH_P256_POINT_LEN) != EH_OK)
		bench_die("SoftHSM makes no key");
}

void
softhsm_open(struct bed *b)
{
	CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };
	CK_UTF8CHAR pin[] = SOFTHSM_PIN;
	CK_SESSION_HANDLE session;
	struct bed_key *k = &b->plain;

	k->p11 = softhsm_load(b->options->softhsm);
	if (k->p11->C_Initialize(&args) != CKR_OK)
		bench_die("SoftHSM does not start");
	find_slot(k);
	if (k->p11->C_OpenSession(k->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION,
		NULL, NULL, &session) != CKR_OK ||
	    k->p11->C_Login(session, CKU_USER, pin, strlen(SOFTHSM_PIN)) !=
		CKR_OK)
		bench_die("SoftHSM refuses the login");
	make_key(k, session);
	/* The session stays open, and with it the login. */
}

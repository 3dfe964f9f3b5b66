/* SPDX-License-Identifier: Apache-2.0 */
/* rig.c - what the provider's tests stand on: a token, a core, a context. */
#include "config.h"

#include <dlfcn.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/x509.h>

#include "pkcs11-module/edgehsm-pkcs11.h"
#include "provider/slot.h"
#include "test/unit/provider/rig.h"
#include "test/unit/unit.h"

static char folder[256], shim[1024], log_path[300];

const char *
rig_folder(void)
{
	return folder;
}

const char *
rig_shim(void)
{
	return shim;
}

const char *
rig_softhsm(void)
{
	static const char *const places[] = {
		"/usr/lib/softhsm/libsofthsm2.so",
		"/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
		"/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
		"/usr/lib64/pkcs11/libsofthsm2.so",
	};
	const char *named = getenv("EDGEHSM_TEST_SOFTHSM");

	if (named != NULL)
		return access(named, R_OK) == 0 ? named : NULL;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (access(places[i], R_OK) == 0)
			return places[i];
	return NULL;
}

const char *
rig_file(const char *name, const char *text)
{
	static char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	return path;
}

/* The token is made in a child, outside any test: say what failed, and go. */
static void
must(int ok, const char *what)
{
	if (ok)
		return;
	printf("Bail out! %s failed\n", what);
	fflush(stdout);
	_exit(1);
}

#define OK(call) must((call) == CKR_OK, #call)

static CK_FUNCTION_LIST *
softhsm(void)
{
	CK_C_GetFunctionList get = NULL;
	CK_FUNCTION_LIST *f = NULL;
	void *library = dlopen(rig_softhsm(), RTLD_NOW), *address;

	must(library != NULL, "dlopen");
	address = dlsym(library, "C_GetFunctionList");
	memcpy(&get, &address, sizeof(get));
	OK(get(&f));
	return f;
}

static CK_SESSION_HANDLE
make_token(CK_FUNCTION_LIST *f)
{
	CK_UTF8CHAR so[] = "12345678", pin[] = RIG_PIN, label[33];
	CK_SLOT_ID slots[4];
	CK_ULONG count = 4;
	CK_SESSION_HANDLE s;

	snprintf((char *)label, sizeof(label), "%-32s", "rig");
	OK(f->C_Initialize(NULL));
	OK(f->C_GetSlotList(CK_TRUE, slots, &count));
	OK(f->C_InitToken(slots[0], so, 8, label));
	count = 4;
	OK(f->C_GetSlotList(CK_TRUE, slots, &count));
	OK(f->C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION,
	    NULL, NULL, &s));
	OK(f->C_Login(s, CKU_SO, so, 8));
	OK(f->C_InitPIN(s, pin, strlen(RIG_PIN)));
	OK(f->C_Logout(s));
	OK(f->C_Login(s, CKU_USER, pin, strlen(RIG_PIN)));
	return s;
}

static void
make_key(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE s, const char *name,
    CK_BYTE id, CK_ATTRIBUTE kind, CK_OBJECT_HANDLE *public)
{
	CK_MECHANISM ec = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_MECHANISM rsa = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_UTF8CHAR label[32];
	CK_ATTRIBUTE common[] = {
		kind,
		{ CKA_TOKEN, &yes, 1 },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_VERIFY, &yes, 1 },
		{ CKA_LABEL, label, strlen(name) },
		{ CKA_ID, &id, 1 },
	};
	CK_ATTRIBUTE private[] = {
		{ CKA_TOKEN, &yes, 1 },
		{ CKA_PRIVATE, &yes, 1 },
		{ CKA_SIGN, &yes, 1 },
		{ CKA_LABEL, label, strlen(name) },
		{ CKA_ID, &id, 1 },
	};
	CK_OBJECT_HANDLE key;

	memcpy(label, name, strlen(name));
	OK(f->C_GenerateKeyPair(s, kind.type == CKA_EC_PARAMS ? &ec : &rsa,
	    common, 6, private, 5, public, &key));
}

/* A certificate whose only use is to carry a public key. */
static size_t
certificate_of(const unsigned char *point, size_t len, unsigned char **der)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *public = NULL, *issuer = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	char group[] = "prime256v1";
	OSSL_PARAM params[3];
	int n;

	params[0] = OSSL_PARAM_construct_utf8_string("group", group, 0);
	params[1] = OSSL_PARAM_construct_octet_string(
	    "pub", (void *)(uintptr_t)point, len);
	params[2] = OSSL_PARAM_construct_end();
	must(EVP_PKEY_fromdata_init(ctx) == 1 &&
		EVP_PKEY_fromdata(
		    ctx, &public, EVP_PKEY_PUBLIC_KEY, params) == 1,
	    "EVP_PKEY_fromdata");
	X509_set_pubkey(x, public);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	must(X509_sign(x, issuer, EVP_sha256()) > 0, "X509_sign");
	n = i2d_X509(x, der);
	must(n > 0, "i2d_X509");
	X509_free(x);
	EVP_PKEY_free(public);
	EVP_PKEY_free(issuer);
	EVP_PKEY_CTX_free(ctx);
	return (size_t)n;
}

/* The key "lone": its public key object goes, a certificate comes. */
static void
hide_in_certificate(
    CK_FUNCTION_LIST *f, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE public)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	CK_UTF8CHAR label[] = "lone", subject[] = { 0x30, 0x00 };
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	unsigned char point[128], *der = NULL;
	CK_ATTRIBUTE wanted = { CKA_EC_POINT, point, sizeof(point) };
	CK_BYTE id = 4;
	CK_OBJECT_HANDLE object;
	size_t len;

	OK(f->C_GetAttributeValue(s, public, &wanted, 1));
	len = certificate_of(point + 2, wanted.ulValueLen - 2, &der);
	OK(f->C_DestroyObject(s, public));
	CK_ATTRIBUTE template[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_CERTIFICATE_TYPE, &type, sizeof(type) },
		{ CKA_TOKEN, &yes, 1 },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_LABEL, label, 4 },
		{ CKA_ID, &id, 1 },
		{ CKA_SUBJECT, subject, sizeof(subject) },
		{ CKA_VALUE, der, len },
	};
	OK(f->C_CreateObject(s, template, 8, &object));
	OPENSSL_free(der);
}

static void
fill_token(void)
{
	static CK_BYTE p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
		0x03, 0x01, 0x07 };
	static CK_BYTE p384[] = { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22 };
	CK_ULONG bits = 1024;
	CK_ATTRIBUTE on256 = { CKA_EC_PARAMS, p256, sizeof(p256) };
	CK_ATTRIBUTE on384 = { CKA_EC_PARAMS, p384, sizeof(p384) };
	CK_ATTRIBUTE rsa = { CKA_MODULUS_BITS, &bits, sizeof(bits) };
	CK_FUNCTION_LIST *f = softhsm();
	CK_SESSION_HANDLE s = make_token(f);
	CK_OBJECT_HANDLE public;

	make_key(f, s, "k", 1, on256, &public);
	make_key(f, s, "p384", 2, on384, &public);
	make_key(f, s, "r", 3, rsa, &public);
	make_key(f, s, "lone", 4, on256, &public);
	hide_in_certificate(f, s, public);
	OK(f->C_Finalize(NULL));
}

/* In a child, so that no test starts with a module that is initialised. */
static int
make_in_child(void)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		fill_token();
		_exit(0);
	}
	return child > 0 && waitpid(child, &status, 0) == child &&
	    WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int
set_up(void)
{
	const char *build = getenv("EH_BUILDDIR");
	char path[600];
	FILE *f;

	snprintf(folder, sizeof(folder), "%s/edgehsm-provider.XXXXXX",
	    getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	if (mkdtemp(folder) == NULL)
		return 0;
	snprintf(shim, sizeof(shim), "%s/test/unit/provider/.libs/shim.so",
	    build != NULL ? build : ".");
	snprintf(log_path, sizeof(log_path), "%s/log", folder);
	snprintf(path, sizeof(path), "%s/tokens", folder);
	if (mkdir(path, 0700) != 0)
		return 0;
	snprintf(path, sizeof(path), "%s/softhsm.conf", folder);
	if ((f = fopen(path, "w")) == NULL)
		return 0;
	fprintf(f, "directories.tokendir = %s/tokens\nlog.level = ERROR\n",
	    folder);
	if (fclose(f) != 0)
		return 0;
	setenv("SOFTHSM2_CONF", path, 1);
	setenv("SHIM_MODULE", rig_softhsm(), 1);
	setenv("SHIM_LOG", log_path, 1);
	return make_in_child();
}

int
rig_run(Suite *suite)
{
	int result;

	if (rig_softhsm() == NULL)
		return unit_skip("SoftHSM is not installed");
	result = 1;
	if (set_up())
		result = unit_run(suite);
	else
		printf("Bail out! the test token cannot be made\n");
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return result;
}

static void
fresh(void)
{
	static const char *const names[] = {
		"SHIM_HASH", "SHIM_NO_RAW", "SHIM_ISSUE", "SHIM_ALLOWED",
		"SHIM_PURPOSE", "SHIM_ORDERS", "SHIM_REFUSE_INIT",
		"SHIM_REFUSE", "SHIM_SENTENCE", "SHIM_DEAD", "SHIM_SESSIONS",
		"SHIM_ANSWER", "SHIM_SERIAL", "SHIM_UNREADABLE",
		"SHIM_NO_SLOTS", "EDGEHSM_AUTHORIZATION",
		"EDGEHSM_PIN_FILE",
		"PKCS11_PROVIDER_MODULE",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
	setenv("EDGEHSM_MODULE", shim, 1);
	setenv("EDGEHSM_PIN", RIG_PIN, 1);
	rig_log_forget();
	ERR_clear_error();
}

TCase *
rig_case(const char *name)
{
	TCase *t = tcase_create(name);

	tcase_add_checked_fixture(t, fresh, NULL);
	return t;
}

static size_t
count_lines(const char *text, int whole)
{
	FILE *f = fopen(log_path, "r");
	char line[512];
	size_t n = 0;

	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (whole ? strcmp(line, text) == 0
			  : strncmp(line, text, strlen(text)) == 0)
			n++;
	}
	fclose(f);
	return n;
}

size_t
rig_log_count(const char *call)
{
	return count_lines(call, 0);
}

int
rig_log_has(const char *line)
{
	return count_lines(line, 1) > 0;
}

void
rig_log_forget(void)
{
	remove(log_path);
}

/* What was loaded must be unloaded, or libcrypto leaks it. */
static struct {
	OSSL_LIB_CTX *context;
	OSSL_PROVIDER *plain, *ours;
} loaded[16];

OSSL_LIB_CTX *
rig_context(void)
{
	OSSL_LIB_CTX *context = OSSL_LIB_CTX_new();
	size_t i = 0;

	while (loaded[i].context != NULL)
		ck_assert_uint_lt(++i, 16);
	ck_assert_ptr_nonnull(context);
	ck_assert_int_eq(OSSL_PROVIDER_add_builtin(
	    context, EH_PROVIDER_NAME, OSSL_provider_init), 1);
	loaded[i].context = context;
	loaded[i].plain = OSSL_PROVIDER_load(context, "default");
	loaded[i].ours = OSSL_PROVIDER_load(context, EH_PROVIDER_NAME);
	ck_assert_ptr_nonnull(loaded[i].plain);
	ck_assert_ptr_nonnull(loaded[i].ours);
	return context;
}

void
rig_free(OSSL_LIB_CTX *context)
{
	size_t i = 0;

	while (loaded[i].context != context)
		ck_assert_uint_lt(++i, 16);
	OSSL_PROVIDER_unload(loaded[i].ours);
	OSSL_PROVIDER_unload(loaded[i].plain);
	OSSL_LIB_CTX_free(context);
	loaded[i].context = NULL;
}

EVP_PKEY *
rig_key(OSSL_LIB_CTX *context, const char *uri)
{
	OSSL_STORE_CTX *store;
	OSSL_STORE_INFO *info;
	EVP_PKEY *key = NULL;

	store = OSSL_STORE_open_ex(
	    uri, context, NULL, NULL, NULL, NULL, NULL, NULL);
	if (store == NULL)
		return NULL;
	while (key == NULL && !OSSL_STORE_eof(store)) {
		if ((info = OSSL_STORE_load(store)) == NULL)
			break;
		if (OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
			key = OSSL_STORE_INFO_get1_PKEY(info);
		else if (OSSL_STORE_INFO_get_type(info) ==
		    OSSL_STORE_INFO_PUBKEY)
			key = OSSL_STORE_INFO_get1_PUBKEY(info);
		OSSL_STORE_INFO_free(info);
	}
	OSSL_STORE_close(store);
	return key;
}

size_t
rig_sign(OSSL_LIB_CTX *context, EVP_PKEY *key, const char *md,
    const OSSL_PARAM *params, const void *data, size_t len,
    unsigned char sig[256])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t siglen = 256;

	ck_assert_ptr_nonnull(ctx);
	if (EVP_DigestSignInit_ex(
		ctx, NULL, md, context, NULL, key, params) != 1 ||
	    EVP_DigestSign(ctx, sig, &siglen, data, len) != 1)
		siglen = 0;
	EVP_MD_CTX_free(ctx);
	return siglen;
}

int
rig_verify(EVP_PKEY *key, const char *md, const void *data, size_t len,
    const unsigned char *sig, size_t siglen)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char *der = NULL;
	const unsigned char *at;
	EVP_PKEY *public;
	int n = i2d_PUBKEY(key, &der), ok;

	ck_assert_int_gt(n, 0);
	at = der;
	public = d2i_PUBKEY(NULL, &at, n);
	ck_assert_ptr_nonnull(public);
	ok = EVP_DigestVerifyInit_ex(
		 ctx, NULL, md, NULL, NULL, public, NULL) == 1 &&
	    EVP_DigestVerify(ctx, sig, siglen, data, len) == 1;
	EVP_PKEY_free(public);
	OPENSSL_free(der);
	EVP_MD_CTX_free(ctx);
	return ok;
}

static int
core_get_params(const OSSL_CORE_HANDLE *handle, OSSL_PARAM params[])
{
	const struct rig_core *core = (const void *)handle;

	for (OSSL_PARAM *p = params; p->key != NULL; p++)
		for (size_t i = 0; i < 8; i++)
			if (core->names[i] != NULL &&
			    strcmp(core->names[i], p->key) == 0)
				OSSL_PARAM_set_utf8_ptr(p, core->values[i]);
	return 1;
}

static struct rig_core *
core_of(const OSSL_CORE_HANDLE *handle)
{
	return (struct rig_core *)(uintptr_t)handle;
}

static void
core_new_error(const OSSL_CORE_HANDLE *handle)
{
	core_of(handle)->errors++;
}

static void
core_set_error_debug(const OSSL_CORE_HANDLE *handle, const char *file,
    int line, const char *function)
{
	(void)handle;
	ck_assert_ptr_null(strchr(file, '/'));
	ck_assert_int_gt(line, 0);
	ck_assert_ptr_nonnull(function);
}

static void
core_vset_error(const OSSL_CORE_HANDLE *handle, uint32_t reason,
    const char *format, va_list args)
{
	struct rig_core *core = core_of(handle);

	core->reason = reason;
	vsnprintf(core->text, sizeof(core->text), format, args);
}

const OSSL_DISPATCH *
rig_core_dispatch(void)
{
	static const OSSL_DISPATCH table[] = {
		{ OSSL_FUNC_CORE_GET_PARAMS,
		    (void (*)(void))core_get_params },
		{ OSSL_FUNC_CORE_NEW_ERROR, (void (*)(void))core_new_error },
		{ OSSL_FUNC_CORE_SET_ERROR_DEBUG,
		    (void (*)(void))core_set_error_debug },
		{ OSSL_FUNC_CORE_VSET_ERROR,
		    (void (*)(void))core_vset_error },
		{ 0, NULL }
	};

	return table;
}

static struct eh_provider *last;

struct eh_provider *
rig_core_provider(struct rig_core *core, const OSSL_DISPATCH **out)
{
	void *provider = NULL;

	if (OSSL_provider_init((const OSSL_CORE_HANDLE *)core,
		rig_core_dispatch(), out, &provider) != 1)
		return NULL;
	return last = provider;
}

size_t
rig_find(struct eh_p11_module *module, const char *text,
    struct eh_slot **slot)
{
	struct eh_uri *uri = NULL;
	size_t n = 99;

	ck_assert_int_eq(eh_uri_parse(&uri, text, NULL), EH_OK);
	ck_assert_int_eq(eh_slot_find(last, module, uri, slot, 1, &n), n > 0);
	eh_uri_free(uri);
	return n;
}

void (*rig_function(const OSSL_DISPATCH *table, int id))(void)
{
	for (; table->function_id != 0; table++)
		if (table->function_id == id)
			return table->function;
	return NULL;
}

const char *
rig_error(void)
{
	static char text[2048];
	const char *data = "", *reason;
	int flags = 0;
	unsigned long code;

	code = ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags);
	reason = code != 0 ? ERR_reason_error_string(code) : NULL;
	snprintf(text, sizeof(text), "%s: %s", reason != NULL ? reason : "",
	    (flags & ERR_TXT_STRING) != 0 ? data : "");
	ERR_clear_error();
	return code != 0 ? text : "";
}

/* SPDX-License-Identifier: Apache-2.0 */
/* shim.c - a PKCS#11 module over SoftHSM that plays an EdgeHSM in tests. */
#include "config.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "pkcs11-module/edgehsm-pkcs11.h"

/*
 * The environment says what it does; it is read at each call, so that a test
 * can change its mind in the same process.
 *
 *   SHIM_MODULE      the module below
 *   SHIM_LOG         a file that gets one line per call
 *   SHIM_HASH        lists and does CKM_ECDSA_SHA256 and _SHA384
 *   SHIM_NO_RAW      hides and refuses CKM_ECDSA, as an issuing key does
 *   SHIM_ISSUE       lists and does CKM_EDGEHSM_ISSUE
 *   SHIM_ALLOWED     CKA_ALLOWED_MECHANISMS of every key: hex, with commas
 *   SHIM_PURPOSE     CKA_EDGEHSM_PURPOSE of every key
 *   SHIM_ORDERS      "label:id in hex:state:quota:used:burned:not after", ...
 *   SHIM_REFUSE_INIT the CKR that C_SignInit returns
 *   SHIM_REFUSE      the CKR that C_Sign and C_SignFinal return
 *   SHIM_REFUSE_MESSAGE  the CKR that writing a CKO_EDGEHSM_MESSAGE returns;
 *                    without it nothing happens to it
 *   SHIM_SENTENCE    what CKA_EDGEHSM_REFUSAL says; without it there is no
 *                    CKO_EDGEHSM_TOKEN
 *   SHIM_DEAD        "n:CKR": the n-th C_SignInit of the process returns CKR
 *   SHIM_SESSIONS    at most so many sessions: then CKR_SESSION_COUNT
 *   SHIM_ANSWER      in hex, what C_Sign gives in place of a signature
 *   SHIM_SERIAL      the first characters of the token's serial number
 *   SHIM_UNREADABLE  the CKR that reading a key returns
 *   SHIM_NO_SLOTS    C_GetSlotList shows none; C_GetInterface's Refusal then
 *                    says SHIM_SENTENCE
 */

#define TOKEN_HANDLE 0x7e000000UL
#define ORDER_HANDLE 0x7e000100UL
#define SESSIONS     4096

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST list;

/* What a session is doing, beside what SoftHSM knows of it. */
struct work {
	CK_MECHANISM_TYPE mechanism; /* 0: nothing of ours */
	EVP_MD_CTX *hash;
	CK_RV last;
	CK_ULONG found[16];
	CK_ULONG nfound, at;
	int finding;
};

static struct work works[SESSIONS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long sessions, inits;

static void
say(const char *format, ...)
{
	const char *path = getenv("SHIM_LOG");
	char line[512];
	va_list args;
	int fd, n;

	if (path == NULL)
		return;
	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		abort();
	if (write(fd, line, (size_t)n) != n)
		abort();
	close(fd);
}

static CK_ULONG
number(const char *name)
{
	const char *text = getenv(name);

	return text != NULL ? strtoul(text, NULL, 0) : 0;
}

static int
on(const char *name)
{
	return getenv(name) != NULL;
}

static struct work *
work(CK_SESSION_HANDLE session)
{
	return &works[session % SESSIONS];
}

static void
rest(struct work *w)
{
	EVP_MD_CTX_free(w->hash);
	w->hash = NULL;
	w->mechanism = 0;
}

static CK_RV
initialize(CK_VOID_PTR args)
{
	say("C_Initialize\n");
	return real->C_Initialize(args);
}

static CK_RV
finalize(CK_VOID_PTR reserved)
{
	say("C_Finalize\n");
	for (size_t i = 0; i < SESSIONS; i++)
		rest(&works[i]);
	return real->C_Finalize(reserved);
}

static CK_RV
get_slot_list(CK_BBOOL present, CK_SLOT_ID *ids, CK_ULONG *count)
{
	say("C_GetSlotList\n");
	if (on("SHIM_NO_SLOTS")) {
		*count = 0;
		return CKR_OK;
	}
	return real->C_GetSlotList(present, ids, count);
}

static CK_RV
get_token_info(CK_SLOT_ID id, CK_TOKEN_INFO *info)
{
	const char *serial = getenv("SHIM_SERIAL");
	CK_RV rv = real->C_GetTokenInfo(id, info);

	say("C_GetTokenInfo\n");
	if (rv == CKR_OK && serial != NULL)
		memcpy(info->serialNumber, serial, strlen(serial));
	return rv;
}

static CK_RV
get_mechanism_list(CK_SLOT_ID id, CK_MECHANISM_TYPE *types, CK_ULONG *count)
{
	CK_MECHANISM_TYPE own[512];
	CK_ULONG n = 500, kept = 0;
	CK_RV rv;

	say("C_GetMechanismList\n");
	rv = real->C_GetMechanismList(id, own, &n);
	if (rv != CKR_OK)
		return rv;
	for (CK_ULONG i = 0; i < n; i++)
		if (own[i] != CKM_ECDSA || !on("SHIM_NO_RAW"))
			own[kept++] = own[i];
	if (on("SHIM_HASH")) {
		own[kept++] = CKM_ECDSA_SHA256;
		own[kept++] = CKM_ECDSA_SHA384;
	}
	if (on("SHIM_ISSUE"))
		own[kept++] = CKM_EDGEHSM_ISSUE;
	if (types != NULL && *count < kept)
		rv = CKR_BUFFER_TOO_SMALL;
	else if (types != NULL)
		memcpy(types, own, kept * sizeof(*own));
	*count = kept;
	return rv;
}

static CK_RV
open_session(CK_SLOT_ID id, CK_FLAGS flags, CK_VOID_PTR app, CK_NOTIFY notify,
    CK_SESSION_HANDLE *session)
{
	CK_ULONG most = number("SHIM_SESSIONS");
	CK_RV rv = CKR_SESSION_COUNT;

	say("C_OpenSession\n");
	pthread_mutex_lock(&lock);
	if (most == 0 || sessions < most)
		rv = real->C_OpenSession(id, flags, app, notify, session);
	if (rv == CKR_OK) {
		sessions++;
		memset(work(*session), 0, sizeof(struct work));
	}
	pthread_mutex_unlock(&lock);
	return rv;
}

static CK_RV
close_session(CK_SESSION_HANDLE session)
{
	say("C_CloseSession\n");
	pthread_mutex_lock(&lock);
	sessions--;
	pthread_mutex_unlock(&lock);
	rest(work(session));
	return real->C_CloseSession(session);
}

static CK_RV
get_session_info(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
	CK_RV rv = real->C_GetSessionInfo(session, info);

	say("C_GetSessionInfo\n");
	if (rv == CKR_OK)
		info->ulDeviceError = work(session)->last;
	return rv;
}

static CK_RV
login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin,
    CK_ULONG len)
{
	CK_RV rv = real->C_Login(session, user, pin, len);

	say("C_Login %lu\n", user);
	if (on("SHIM_SENTENCE") && rv != CKR_OK)
		work(session)->last = rv;
	return rv;
}

/* Virtual objects: the token, and what SHIM_ORDERS lists. */
static CK_RV
find_objects_init(
    CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count)
{
	const char *orders = getenv("SHIM_ORDERS");
	struct work *w = work(session);
	CK_OBJECT_CLASS class = 0;

	say("C_FindObjectsInit\n");
	for (CK_ULONG i = 0; i < count; i++)
		if (template[i].type == CKA_CLASS)
			memcpy(&class, template[i].pValue, sizeof(class));
	w->nfound = w->at = 0;
	w->finding = class == CKO_EDGEHSM_TOKEN ||
	    class == CKO_EDGEHSM_AUTHORIZATION;
	if (class == CKO_EDGEHSM_TOKEN && on("SHIM_SENTENCE"))
		w->found[w->nfound++] = TOKEN_HANDLE;
	if (class == CKO_EDGEHSM_AUTHORIZATION && orders != NULL)
		for (const char *c = orders; c != NULL && w->nfound < 16;
		    c = strchr(c, ','), c = c != NULL ? c + 1 : NULL) {
			w->found[w->nfound] = ORDER_HANDLE + w->nfound;
			w->nfound++;
		}
	return w->finding
	    ? CKR_OK
	    : real->C_FindObjectsInit(session, template, count);
}

static CK_RV
find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects,
    CK_ULONG most, CK_ULONG *count)
{
	struct work *w = work(session);

	say("C_FindObjects\n");
	if (!w->finding)
		return real->C_FindObjects(session, objects, most, count);
	for (*count = 0; *count < most && w->at < w->nfound;)
		objects[(*count)++] = w->found[w->at++];
	return CKR_OK;
}

static CK_RV
find_objects_final(CK_SESSION_HANDLE session)
{
	struct work *w = work(session);

	say("C_FindObjectsFinal\n");
	if (!w->finding)
		return real->C_FindObjectsFinal(session);
	w->finding = 0;
	return CKR_OK;
}

static CK_RV
give(CK_ATTRIBUTE *attribute, const void *value, size_t len)
{
	if (attribute->pValue != NULL && attribute->ulValueLen < len) {
		attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
		return CKR_BUFFER_TOO_SMALL;
	}
	if (attribute->pValue != NULL)
		memcpy(attribute->pValue, value, len);
	attribute->ulValueLen = len;
	return CKR_OK;
}

struct order {
	char label[65], id_hex[40];
	unsigned char id[16];
	CK_ULONG state, quota, used, burned, not_after;
};

static void
order_at(CK_ULONG index, struct order *order)
{
	const char *text = getenv("SHIM_ORDERS");
	unsigned int octet;

	while (index-- > 0)
		text = strchr(text, ',') + 1;
	memset(order, 0, sizeof(*order));
	if (sscanf(text, "%64[^:]:%39[^:]:%lu:%lu:%lu:%lu:%lu", order->label,
		order->id_hex, &order->state, &order->quota, &order->used,
		&order->burned, &order->not_after) != 7)
		abort();
	for (size_t i = 0; i < 16; i++) {
		if (sscanf(order->id_hex + 2 * i, "%2x", &octet) != 1)
			abort();
		order->id[i] = (unsigned char)octet;
	}
}

static CK_RV
give_order(CK_ULONG index, CK_ATTRIBUTE *a)
{
	struct order o;

	order_at(index, &o);
	switch (a->type) {
	case CKA_LABEL:
		return give(a, o.label, strlen(o.label));
	case CKA_ID:
		return give(a, o.id, sizeof(o.id));
	case CKA_EDGEHSM_STATE:
		return give(a, &o.state, sizeof(o.state));
	case CKA_EDGEHSM_QUOTA:
		return give(a, &o.quota, sizeof(o.quota));
	case CKA_EDGEHSM_USED:
		return give(a, &o.used, sizeof(o.used));
	case CKA_EDGEHSM_BURNED:
		return give(a, &o.burned, sizeof(o.burned));
	case CKA_EDGEHSM_NOT_AFTER:
		return give(a, &o.not_after, sizeof(o.not_after));
	default:
		a->ulValueLen = CK_UNAVAILABLE_INFORMATION;
		return CKR_ATTRIBUTE_TYPE_INVALID;
	}
}

/* What SoftHSM has not got, or has not got like that. */
static CK_RV
give_key_extra(CK_ATTRIBUTE *a, CK_ULONG room)
{
	const char *allowed = getenv("SHIM_ALLOWED");
	CK_MECHANISM_TYPE types[16];
	CK_ULONG n = 0, purpose = number("SHIM_PURPOSE");

	if (a->type == CKA_EDGEHSM_PURPOSE && on("SHIM_PURPOSE")) {
		a->ulValueLen = room;
		return give(a, &purpose, sizeof(purpose));
	}
	if (a->type != CKA_ALLOWED_MECHANISMS || allowed == NULL)
		return CKR_OK;
	for (const char *c = allowed; c != NULL && n < 16;
	    c = strchr(c, ','), c = c != NULL ? c + 1 : NULL)
		types[n++] = strtoul(c, NULL, 16);
	a->ulValueLen = room;
	return give(a, types, n * sizeof(*types));
}

static CK_RV
get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
    CK_ATTRIBUTE *template, CK_ULONG count)
{
	const char *sentence = getenv("SHIM_SENTENCE");
	CK_ULONG room[64];
	CK_RV rv = CKR_OK, one;

	say("C_GetAttributeValue\n");
	for (CK_ULONG i = 0; i < count && i < 64; i++)
		room[i] = template[i].ulValueLen;
	if (count > 0 && template[0].type == CKA_KEY_TYPE &&
	    on("SHIM_UNREADABLE"))
		return number("SHIM_UNREADABLE");
	if (object != TOKEN_HANDLE && object < ORDER_HANDLE)
		rv = real->C_GetAttributeValue(
		    session, object, template, count);
	for (CK_ULONG i = 0; i < count && i < 64; i++) {
		one = CKR_OK;
		if (object == TOKEN_HANDLE)
			one = give(&template[i], sentence, strlen(sentence));
		else if (object >= ORDER_HANDLE)
			one = give_order(object - ORDER_HANDLE, &template[i]);
		else if (template[i].type == CKA_EDGEHSM_PURPOSE ||
		    template[i].type == CKA_ALLOWED_MECHANISMS) {
			one = give_key_extra(&template[i], room[i]);
		}
		if (one != CKR_OK)
			rv = one;
	}
	return rv;
}

static CK_RV
refuse(CK_SESSION_HANDLE session, CK_RV rv)
{
	work(session)->last = rv;
	return rv;
}

/* The n-th of this process finds its handles dead. */
static CK_RV
dead(void)
{
	const char *text = getenv("SHIM_DEAD");
	unsigned long which, rv;

	pthread_mutex_lock(&lock);
	inits++;
	if (text == NULL || sscanf(text, "%lu:%li", &which, (long *)&rv) != 2 ||
	    which != inits)
		rv = CKR_OK;
	pthread_mutex_unlock(&lock);
	return rv;
}

static void
say_mechanism(const CK_MECHANISM *mechanism)
{
	const unsigned char *p = mechanism->pParameter;
	char hex[129] = "-";

	for (CK_ULONG i = 0; i < mechanism->ulParameterLen && i < 64; i++)
		snprintf(hex + 2 * i, 3, "%02x", p[i]);
	say("C_SignInit 0x%lx %s\n", mechanism->mechanism, hex);
}

static CK_RV
sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
    CK_OBJECT_HANDLE key)
{
	CK_MECHANISM raw = { CKM_ECDSA, NULL, 0 };
	struct work *w = work(session);
	CK_RV rv;

	say_mechanism(mechanism);
	rest(w);
	if ((rv = dead()) != CKR_OK)
		return rv;
	if (on("SHIM_REFUSE_INIT"))
		return refuse(session, number("SHIM_REFUSE_INIT"));
	switch (mechanism->mechanism) {
	case CKM_ECDSA:
		if (on("SHIM_NO_RAW"))
			return refuse(session, CKR_MECHANISM_INVALID);
		return real->C_SignInit(session, mechanism, key);
	case CKM_ECDSA_SHA256:
	case CKM_ECDSA_SHA384:
		if (!on("SHIM_HASH"))
			return CKR_MECHANISM_INVALID;
		break;
	case CKM_EDGEHSM_ISSUE:
		if (!on("SHIM_ISSUE"))
			return CKR_MECHANISM_INVALID;
		break;
	default:
		return real->C_SignInit(session, mechanism, key);
	}
	rv = real->C_SignInit(session, &raw, key);
	if (rv != CKR_OK)
		return rv;
	w->mechanism = mechanism->mechanism;
	w->hash = EVP_MD_CTX_new();
	EVP_DigestInit_ex(w->hash,
	    w->mechanism == CKM_ECDSA_SHA384 ? EVP_sha384() : EVP_sha256(),
	    NULL);
	return CKR_OK;
}

static CK_RV
answer(unsigned char *sig, CK_ULONG *siglen)
{
	const char *hex = getenv("SHIM_ANSWER");
	unsigned int octet;

	*siglen = strlen(hex) / 2;
	for (CK_ULONG i = 0; i < *siglen; i++) {
		if (sscanf(hex + 2 * i, "%2x", &octet) != 1)
			abort();
		sig[i] = (unsigned char)octet;
	}
	return CKR_OK;
}

static CK_RV
finish(CK_SESSION_HANDLE session, unsigned char *sig, CK_ULONG *siglen)
{
	struct work *w = work(session);
	unsigned char digest[64];
	unsigned int len = 0;
	CK_RV rv;

	EVP_DigestFinal_ex(w->hash, digest, &len);
	rest(w);
	rv = real->C_Sign(session, digest, len, sig, siglen);
	if (rv == CKR_OK && on("SHIM_REFUSE")) {
		/* As a token does that found out late: nothing is given. */
		memset(sig, 0xEE, *siglen);
		*siglen = 0;
		return refuse(session, number("SHIM_REFUSE"));
	}
	return rv == CKR_OK && on("SHIM_ANSWER") ? answer(sig, siglen) : rv;
}

static CK_RV
sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG len, CK_BYTE *sig,
    CK_ULONG *siglen)
{
	struct work *w = work(session);

	say("C_Sign %lu %02x\n", len, len > 0 ? data[0] : 0);
	if (w->mechanism == 0) {
		CK_RV rv = real->C_Sign(session, data, len, sig, siglen);

		return rv == CKR_OK && on("SHIM_REFUSE")
		    ? refuse(session, number("SHIM_REFUSE"))
		    : rv;
	}
	EVP_DigestUpdate(w->hash, data, len);
	return finish(session, sig, siglen);
}

static CK_RV
sign_update(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG len)
{
	struct work *w = work(session);

	say("C_SignUpdate %lu\n", len);
	if (w->mechanism == 0)
		return real->C_SignUpdate(session, data, len);
	EVP_DigestUpdate(w->hash, data, len);
	return CKR_OK;
}

static CK_RV
sign_final(CK_SESSION_HANDLE session, CK_BYTE *sig, CK_ULONG *siglen)
{
	say("C_SignFinal\n");
	if (work(session)->mechanism == 0)
		return real->C_SignFinal(session, sig, siglen);
	return finish(session, sig, siglen);
}

static CK_RV
create_object(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG n,
    CK_OBJECT_HANDLE *object)
{
	CK_ULONG class = n == 2 ? *(CK_ULONG *)template[0].pValue : 0;

	if (class != CKO_EDGEHSM_MESSAGE)
		return real->C_CreateObject(session, template, n, object);
	say("C_CreateObject message %lu\n", template[1].ulValueLen);
	*object = 1;
	return on("SHIM_REFUSE_MESSAGE")
	    ? refuse(session, number("SHIM_REFUSE_MESSAGE"))
	    : CKR_OK;
}

static int
load(void)
{
	const char *path = getenv("SHIM_MODULE");
	CK_C_GetFunctionList get = NULL;
	void *library, *address;

	if (path == NULL || (library = dlopen(path, RTLD_NOW)) == NULL)
		return 0;
	address = dlsym(library, "C_GetFunctionList");
	memcpy(&get, &address, sizeof(get));
	return get != NULL && get(&real) == CKR_OK;
}

__attribute__((visibility("default"))) CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **listp)
{
	say("C_GetFunctionList\n");
	if (real == NULL && !load())
		return CKR_GENERAL_ERROR;
	list = *real;
	list.C_Initialize = initialize;
	list.C_Finalize = finalize;
	list.C_GetSlotList = get_slot_list;
	list.C_GetTokenInfo = get_token_info;
	list.C_GetMechanismList = get_mechanism_list;
	list.C_OpenSession = open_session;
	list.C_CloseSession = close_session;
	list.C_GetSessionInfo = get_session_info;
	list.C_Login = login;
	list.C_FindObjectsInit = find_objects_init;
	list.C_FindObjects = find_objects;
	list.C_FindObjectsFinal = find_objects_final;
	list.C_CreateObject = create_object;
	list.C_GetAttributeValue = get_attribute_value;
	list.C_SignInit = sign_init;
	list.C_Sign = sign;
	list.C_SignUpdate = sign_update;
	list.C_SignFinal = sign_final;
	*listp = &list;
	return CKR_OK;
}

static CK_RV
refusal(CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG *len)
{
	const char *sentence = getenv("SHIM_SENTENCE");
	CK_ULONG n = sentence != NULL ? strlen(sentence) : 0;

	if (session != CK_INVALID_HANDLE || n > *len)
		return CKR_BUFFER_TOO_SMALL;
	memcpy(out, n > 0 ? sentence : "", n);
	*len = n;
	return CKR_OK;
}

__attribute__((visibility("default"))) CK_RV C_GetInterface(
    CK_UTF8CHAR *name, CK_VERSION *version, CK_INTERFACE **interface,
    CK_FLAGS flags);

CK_RV
C_GetInterface(CK_UTF8CHAR *name, CK_VERSION *version,
    CK_INTERFACE **interface, CK_FLAGS flags)
{
	static CK_EDGEHSM_FUNCTIONS functions = { .Refusal = refusal };
	static CK_UTF8CHAR own[] = CK_EDGEHSM_INTERFACE;
	static CK_INTERFACE vendor = { own, &functions, 0 };

	(void)version;
	(void)flags;
	if (name == NULL || strcmp((const char *)name, (char *)own) != 0)
		return CKR_FUNCTION_FAILED;
	*interface = &vendor;
	return CKR_OK;
}

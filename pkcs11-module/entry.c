/* SPDX-License-Identifier: Apache-2.0 */
/* entry.c - the Cryptoki functions: enter, do, leave; and their tables. */
#include "config.h"

#include <string.h>

#include "pkcs11-module/attrs.h"
#include "pkcs11-module/create.h"
#include "pkcs11-module/entry.h"
#include "pkcs11-module/find.h"
#include "pkcs11-module/login.h"
#include "pkcs11-module/module.h"
#include "pkcs11-module/session.h"
#include "pkcs11-module/sign.h"
#include "pkcs11-module/slot.h"
#include "pkcs11-module/unsupported.h"
#include "pkcs11-module/vendor.h"

/* Random bytes in requests that leave others their turn; and more than this at
 * once is a mistake. */
#define RANDOM_CHUNK 65536
#define RANDOM_MAX   (16u * 1024 * 1024)

CK_RV
C_Initialize(void *args)
{
	return eh_module_start(args);
}

CK_RV
C_Finalize(void *reserved)
{
	return reserved != NULL ? CKR_ARGUMENTS_BAD : eh_module_stop();
}

static CK_RV
get_info(CK_INFO *info, unsigned char major, unsigned char minor)
{
	struct eh_module *m;
	CK_RV rv = eh_module_enter(&m);

	if (rv != CKR_OK)
		return rv;
	if (info == NULL)
		return eh_module_leave(m, CKR_ARGUMENTS_BAD);
	memset(info, 0, sizeof(*info));
	info->cryptokiVersion.major = major;
	info->cryptokiVersion.minor = minor;
	info->libraryVersion = eh_slot_version();
	eh_slot_pad(
	    info->manufacturerID, sizeof(info->manufacturerID), "EdgeHSM");
	eh_slot_pad(info->libraryDescription, sizeof(info->libraryDescription),
	    "EdgeHSM PKCS#11 module");
	return eh_module_leave(m, CKR_OK);
}

CK_RV
C_GetInfo(CK_INFO *info)
{
	return get_info(info, 2, 40);
}

static CK_RV
get_info_3_0(CK_INFO *info)
{
	return get_info(info, 3, 0);
}

CK_RV
C_GetSlotList(CK_BBOOL present, CK_SLOT_ID *list, CK_ULONG *count)
{
	struct eh_module *m;
	CK_RV rv = eh_module_enter(&m);

	if (rv == CKR_OK)
		rv = eh_slot_list(m, present, list, count);
	return eh_module_leave(m, rv);
}

CK_RV
C_GetSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
	struct eh_module *m;
	CK_RV rv = eh_module_enter_slot(slot, &m);

	if (rv == CKR_OK)
		rv = eh_slot_info(m, info);
	return eh_module_leave(m, rv);
}

CK_RV
C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	struct eh_module *m;
	CK_RV rv = eh_module_enter_slot(slot, &m);

	if (rv == CKR_OK)
		rv = eh_slot_token_info(m, info);
	return eh_module_leave(m, rv);
}

CK_RV
C_WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved)
{
	struct eh_module *m;
	CK_RV rv = eh_module_enter(&m);

	if (rv == CKR_OK && (slot == NULL || reserved != NULL))
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = (flags & CKF_DONT_BLOCK) != 0 ? CKR_NO_EVENT
						   : CKR_FUNCTION_NOT_SUPPORTED;
	return eh_module_leave(m, rv);
}

CK_RV
C_GetMechanismList(CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *count)
{
	struct eh_module *m;
	CK_RV rv = eh_module_enter_slot(slot, &m);

	if (rv == CKR_OK)
		rv = eh_slot_mechanisms(list, count);
	return eh_module_leave(m, rv);
}

CK_RV
C_GetMechanismInfo(
    CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
	struct eh_module *m;
	CK_RV rv = eh_module_enter_slot(slot, &m);

	if (rv == CKR_OK)
		rv = eh_slot_mechanism_info(type, info);
	return eh_module_leave(m, rv);
}

CK_RV
C_InitToken(CK_SLOT_ID slot, CK_UTF8CHAR *pin, CK_ULONG len, CK_UTF8CHAR *label)
{
	struct eh_module *m;
	CK_RV rv = eh_module_enter_slot(slot, &m);

	if (rv == CKR_OK)
		rv = eh_slot_init_token(m, pin, len, label);
	return eh_module_leave(m, rv);
}

CK_RV
C_InitPIN(CK_SESSION_HANDLE session, CK_UTF8CHAR *pin, CK_ULONG len)
{
	struct eh_session *s;
	CK_RV rv = eh_session_enter(session, &s);

	if (rv == CKR_OK)
		rv = eh_login_init_pin(s, pin, len);
	return eh_session_leave(s, rv);
}

CK_RV
C_SetPIN(CK_SESSION_HANDLE session, CK_UTF8CHAR *old, CK_ULONG old_len,
    CK_UTF8CHAR *pin, CK_ULONG len)
{
	struct eh_session *s;
	CK_RV rv = eh_session_enter(session, &s);

	if (rv == CKR_OK)
		rv = eh_login_set_pin(s, old, old_len, pin, len);
	return eh_session_leave(s, rv);
}

CK_RV
C_OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, void *application,
    CK_NOTIFY notify, CK_SESSION_HANDLE *session)
{
	struct eh_module *m;
	CK_RV rv = eh_module_enter_slot(slot, &m);

	(void)application, (void)notify; /* no callbacks */
	if (rv == CKR_OK && session == NULL)
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = eh_session_open(m, flags, session);
	return eh_module_leave(m, rv);
}

CK_RV
C_CloseSession(CK_SESSION_HANDLE session)
{
	struct eh_module *m;
	CK_RV rv = eh_module_enter(&m);

	if (rv == CKR_OK)
		rv = eh_session_close(m, session);
	return eh_module_leave(m, rv);
}

CK_RV
C_CloseAllSessions(CK_SLOT_ID slot)
{
	struct eh_module *m;
	CK_RV rv = eh_module_enter_slot(slot, &m);

	if (rv == CKR_OK)
		eh_session_close_all(m);
	return eh_module_leave(m, rv);
}

CK_RV
C_GetSessionInfo(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
	struct eh_session *s;
	CK_RV rv = eh_session_enter(session, &s);

	if (rv == CKR_OK)
		rv = eh_session_info(s, info);
	return eh_session_leave(s, rv);
}

/* Refused for ever: one pass would give two signatures. */
CK_RV
C_GetOperationState(CK_SESSION_HANDLE session, CK_BYTE *state, CK_ULONG *len)
{
	struct eh_session *s;
	CK_RV rv = eh_session_enter(session, &s);

	(void)state;
	if (rv == CKR_OK && len == NULL)
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = s->sign.mech != NULL ? CKR_STATE_UNSAVEABLE
					  : CKR_OPERATION_NOT_INITIALIZED;
	return eh_session_leave(s, rv);
}

CK_RV
C_Login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin,
    CK_ULONG len)
{
	struct eh_session *s;
	CK_RV rv = eh_session_enter(session, &s);

	if (rv == CKR_OK)
		rv = eh_login(s, user, pin, len);
	return eh_session_leave(s, rv);
}

CK_RV
C_Logout(CK_SESSION_HANDLE session)
{
	struct eh_session *s;
	CK_RV rv = eh_session_enter(session, &s);

	if (rv == CKR_OK)
		rv = eh_login_end(s);
	return eh_session_leave(s, rv);
}

CK_RV
C_CreateObject(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template,
    CK_ULONG count, CK_OBJECT_HANDLE *object)
{
	struct eh_session *s;
	CK_RV rv = eh_session_enter(session, &s);

	if (rv == CKR_OK)
		rv = eh_create_object(s, template, count, object);
	return eh_session_leave(s, rv);
}

/* Neither a pass nor an authorization can be got round by a copy. */
CK_RV
C_CopyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
    CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *copy)
{
	struct eh_session *s;
	CK_ULONG size;
	CK_RV rv = eh_session_enter(session, &s);

	(void)template, (void)count, (void)copy;
	if (rv == CKR_OK)
		rv = eh_find_size(s, object, &size);
	if (rv == CKR_OK || rv == CKR_INFORMATION_SENSITIVE)
		rv = CKR_ACTION_PROHIBITED;
	return eh_session_leave(s, rv);
}

CK_RV
C_DestroyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
	struct eh_session *s;
	CK_RV rv = eh_session_enter(session, &s);

	if (rv == CKR_OK)
		rv = eh_create_destroy(s, object);
	return eh_session_leave(s, rv);
}

CK_RV
C_GetObjectSize(
    CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG *size)
{
	struct eh_session *s;
	CK_RV rv = eh_session_enter(session, &s);

	if (rv == CKR_OK)
		rv = eh_find_size(s, object, size);
	return eh_session_leave(s, rv);
}

CK_RV
C_GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
    CK_ATTRIBUTE *template, CK_ULONG count)
{
	struct eh_session *s;
	CK_RV rv = eh_session_enter(session, &s);

	if (rv == CKR_OK)
		rv = eh_find_read(s, object, template, count);
	return eh_session_leave(s, rv);
}

CK_RV
C_SetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
    CK_ATTRIBUTE *template, CK_ULONG count)
{
	struct eh_session *s;
	CK_RV rv = eh_session_enter(session, &s);

	if (rv == CKR_OK)
		rv = eh_create_set(s, object, template, count);
	return eh_session_leave(s, rv);
}

CK_RV
C_FindObjectsInit(
    CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count)
{
	struct eh_session *s;
	CK_RV rv = eh_session_enter(session, &s);

	if (rv == CKR_OK)
		rv = eh_find_begin(s, template, count);
	return eh_session_leave(s, rv);
}

CK_RV
C_FindObjects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects,
    CK_ULONG most, CK_ULONG *count)
{
	struct eh_session *s;
	CK_RV rv = eh_session_enter(session, &s);

	if (rv == CKR_OK)
		rv = eh_find_next(s, objects, most, count);
	return eh_session_leave(s, rv);
}

CK_RV
C_FindObjectsFinal(CK_SESSION_HANDLE session)
{
	struct eh_session *s;
	CK_RV rv = eh_session_enter(session, &s);

	if (rv == CKR_OK)
		rv = eh_find_finish(s);
	return eh_session_leave(s, rv);
}

CK_RV
C_SignInit(
    CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	struct eh_session *s;
	CK_RV rv = eh_session_enter(session, &s);

	if (rv == CKR_OK)
		rv = eh_sign_init(s, mechanism, key);
	return eh_session_leave(s, rv);
}

CK_RV
C_Sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG len, CK_BYTE *out,
    CK_ULONG *outlen)
{
	struct eh_session *s;
	CK_RV rv = eh_session_enter(session, &s);

	if (rv == CKR_OK)
		rv = eh_sign(s, data, len, out, outlen);
	return eh_session_leave(s, rv);
}

CK_RV
C_SignUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG len)
{
	struct eh_session *s;
	CK_RV rv = eh_session_enter(session, &s);

	if (rv == CKR_OK)
		rv = eh_sign_update(s, part, len);
	return eh_session_leave(s, rv);
}

CK_RV
C_SignFinal(CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG *outlen)
{
	struct eh_session *s;
	CK_RV rv = eh_session_enter(session, &s);

	if (rv == CKR_OK)
		rv = eh_sign_final(s, out, outlen);
	return eh_session_leave(s, rv);
}

CK_RV
C_GenerateKeyPair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
    CK_ATTRIBUTE *public_template, CK_ULONG npublic,
    CK_ATTRIBUTE *private_template, CK_ULONG nprivate,
    CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
	struct eh_create_pair pair = { public_template, private_template,
		npublic, nprivate };
	struct eh_session *s;
	CK_RV rv = eh_session_enter(session, &s);

	if (rv == CKR_OK)
		rv = eh_create_key_pair(
		    s, mechanism, &pair, public_key, private_key);
	return eh_session_leave(s, rv);
}

CK_RV
C_SeedRandom(CK_SESSION_HANDLE session, CK_BYTE *seed, CK_ULONG len)
{
	struct eh_session *s;
	CK_RV rv = eh_session_enter(session, &s);

	(void)seed, (void)len;
	return eh_session_leave(
	    s, rv == CKR_OK ? CKR_RANDOM_SEED_NOT_SUPPORTED : rv);
}

static CK_RV
random_chunk(struct eh_session *s, CK_BYTE *out, size_t len)
{
	struct eh_wire request;
	struct eh_reply reply;
	const uint8_t *bytes;
	size_t n;
	CK_RV rv = CKR_OK;
	int err;

	eh_wire_init(&request, EH_REQ_RANDOM, 0);
	eh_wire_put_number(&request, EH_WIRE_COUNT, (int64_t)len);
	err = eh_client_call(&s->module->client, &request, &reply, &s->refusal);
	if (err != EH_OK) {
		rv = eh_session_denied(s, err);
	} else {
		bytes = eh_wire_bytes(&reply.map, EH_WIRE_DATA, &n);
		if (n == len)
			memcpy(out, bytes, n);
		else
			rv = CKR_DEVICE_ERROR;
	}
	eh_reply_wipe(&reply);
	return rv;
}

static CK_RV
random_bytes(struct eh_session *s, CK_BYTE *out, CK_ULONG len)
{
	CK_RV rv = CKR_OK;
	size_t n;

	if ((out == NULL && len > 0) || len > RANDOM_MAX)
		return CKR_ARGUMENTS_BAD;
	for (; len > 0 && rv == CKR_OK; len -= n, out += n) {
		n = len < RANDOM_CHUNK ? len : RANDOM_CHUNK;
		rv = random_chunk(s, out, n);
	}
	return rv;
}

CK_RV
C_GenerateRandom(CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG len)
{
	struct eh_session *s;
	CK_RV rv = eh_session_enter(session, &s);

	if (rv == CKR_OK)
		rv = random_bytes(s, out, len);
	return eh_session_leave(s, rv);
}

static CK_RV
not_parallel(CK_SESSION_HANDLE session)
{
	struct eh_session *s;
	CK_RV rv = eh_session_enter(session, &s);

	return eh_session_leave(
	    s, rv == CKR_OK ? CKR_FUNCTION_NOT_PARALLEL : rv);
}

CK_RV
C_GetFunctionStatus(CK_SESSION_HANDLE session)
{
	return not_parallel(session);
}

CK_RV
C_CancelFunction(CK_SESSION_HANDLE session)
{
	return not_parallel(session);
}

/* PKCS#11 3.0 section 5.6.12: end what is active, of the kinds in ${flags}. */
#define CKF_FIND_OBJECTS_3_0 0x40UL

static CK_RV
C_SessionCancel(CK_SESSION_HANDLE session, CK_FLAGS flags)
{
	struct eh_session *s;
	CK_RV rv = eh_session_enter(session, &s);

	if (rv != CKR_OK)
		return rv;
	if (flags & CKF_SIGN)
		eh_sign_end(s);
	if (flags & CKF_FIND_OBJECTS_3_0)
		eh_find_end(s);
	return eh_session_leave(s, CKR_OK);
}

/* clang-format off */
#define LIST_2_40(major, minor, info)					\
	{ major, minor }, C_Initialize, C_Finalize, info,		\
	C_GetFunctionList, C_GetSlotList, C_GetSlotInfo, C_GetTokenInfo, \
	C_GetMechanismList, C_GetMechanismInfo, C_InitToken, C_InitPIN,	\
	C_SetPIN, C_OpenSession, C_CloseSession, C_CloseAllSessions,	\
	C_GetSessionInfo, C_GetOperationState, C_SetOperationState,	\
	C_Login, C_Logout, C_CreateObject, C_CopyObject,		\
	C_DestroyObject, C_GetObjectSize, C_GetAttributeValue,		\
	C_SetAttributeValue, C_FindObjectsInit, C_FindObjects,		\
	C_FindObjectsFinal, C_EncryptInit, C_Encrypt, C_EncryptUpdate,	\
	C_EncryptFinal, C_DecryptInit, C_Decrypt, C_DecryptUpdate,	\
	C_DecryptFinal, C_DigestInit, C_Digest, C_DigestUpdate,		\
	C_DigestKey, C_DigestFinal, C_SignInit, C_Sign, C_SignUpdate,	\
	C_SignFinal, C_SignRecoverInit, C_SignRecover, C_VerifyInit,	\
	C_Verify, C_VerifyUpdate, C_VerifyFinal, C_VerifyRecoverInit,	\
	C_VerifyRecover, C_DigestEncryptUpdate, C_DecryptDigestUpdate,	\
	C_SignEncryptUpdate, C_DecryptVerifyUpdate, C_GenerateKey,	\
	C_GenerateKeyPair, C_WrapKey, C_UnwrapKey, C_DeriveKey,		\
	C_SeedRandom, C_GenerateRandom, C_GetFunctionStatus,		\
	C_CancelFunction, C_WaitForSlotEvent
/* clang-format on */

static CK_FUNCTION_LIST list_2_40 = { LIST_2_40(2, 40, C_GetInfo) };

/*
 * CK_FUNCTION_LIST_3_0: the pointers of 2.40 under another version, and 24 more
 * (PKCS#11 3.0 section 5.4), in this order.
 */
/* clang-format off */
#define MEMBER(name, shape) CK_RV (*name) shape;
#define VALUE(name, shape)  name,

static struct {
	CK_FUNCTION_LIST v2;
	CK_C_GetInterfaceList C_GetInterfaceList;
	CK_C_GetInterface C_GetInterface;
	CK_RV (*C_LoginUser) EH_USER;
	CK_RV (*C_SessionCancel)(CK_SESSION_HANDLE, CK_FLAGS);
	EH_UNSUPPORTED_3_0(MEMBER)
} list_3_0 = {
	{ LIST_2_40(3, 0, get_info_3_0) },
	C_GetInterfaceList,
	C_GetInterface,
	C_LoginUser,
	C_SessionCancel,
	EH_UNSUPPORTED_3_0(VALUE)
};
/* clang-format on */

/* The default interface first. */
static CK_UTF8CHAR standard[] = "PKCS 11", vendor[] = CK_EDGEHSM_INTERFACE;

static CK_INTERFACE interfaces[] = {
	{ standard, &list_3_0, 0 },
	{ standard, &list_2_40, 0 },
	{ vendor, &eh_vendor_functions, 0 },
};

#define INTERFACES (sizeof(interfaces) / sizeof(interfaces[0]))

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	if (list == NULL)
		return CKR_ARGUMENTS_BAD;
	*list = &list_2_40;
	return CKR_OK;
}

CK_RV
C_GetInterfaceList(CK_INTERFACE *list, CK_ULONG *count)
{
	CK_ULONG room;

	if (count == NULL)
		return CKR_ARGUMENTS_BAD;
	room = *count;
	*count = INTERFACES;
	if (list == NULL)
		return CKR_OK;
	if (room < INTERFACES)
		return CKR_BUFFER_TOO_SMALL;
	memcpy(list, interfaces, sizeof(interfaces));
	return CKR_OK;
}

/* Every function list begins with its version. */
static int
has_version(const CK_INTERFACE *interface, const CK_VERSION *wanted)
{
	CK_VERSION version;

	if (wanted == NULL)
		return 1;
	memcpy(&version, interface->pFunctionList, sizeof(version));
	return version.major == wanted->major && version.minor == wanted->minor;
}

CK_RV
C_GetInterface(CK_UTF8CHAR *name, CK_VERSION *wanted, CK_INTERFACE **interface,
    CK_FLAGS flags)
{
	if (interface == NULL)
		return CKR_ARGUMENTS_BAD;
	*interface = NULL;
	for (size_t i = 0; i < INTERFACES; i++) {
		if (name != NULL &&
		    strcmp((const char *)name,
			(const char *)interfaces[i].pInterfaceName) != 0)
			continue;
		if (!has_version(&interfaces[i], wanted) ||
		    (interfaces[i].flags & flags) != flags)
			continue;
		*interface = &interfaces[i];
		return CKR_OK;
	}
	return CKR_ARGUMENTS_BAD; /* PKCS#11 3.0 section 5.4.6: nothing fits */
}

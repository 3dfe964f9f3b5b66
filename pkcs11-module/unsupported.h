/* SPDX-License-Identifier: Apache-2.0 */
/* unsupported.h - what is not offered cannot be abused: the list of names. */
#ifndef EH_PKCS11_UNSUPPORTED_H
#define EH_PKCS11_UNSUPPORTED_H

#include "pkcs11-module/edgehsm-pkcs11.h"

/* The shapes that Cryptoki functions have. */
#define EH_U __attribute__((unused))
#define EH_BYTES(name) EH_U CK_BYTE_PTR name, EH_U CK_ULONG name##_len
#define EH_OUT(name) EH_U CK_BYTE_PTR name, EH_U CK_ULONG_PTR name##_len
#define EH_PARAM EH_U CK_VOID_PTR param, EH_U CK_ULONG param_len
#define EH_MECHANISM EH_U CK_MECHANISM_PTR mechanism
#define EH_KEY(name) EH_U CK_OBJECT_HANDLE name
#define EH_TEMPLATE EH_U CK_ATTRIBUTE_PTR attributes, EH_U CK_ULONG count

#define EH_ALONE     (CK_SESSION_HANDLE session)
#define EH_START     (CK_SESSION_HANDLE session, EH_MECHANISM)
#define EH_INIT      (CK_SESSION_HANDLE session, EH_MECHANISM, EH_KEY(key))
#define EH_TAKE      (CK_SESSION_HANDLE session, EH_BYTES(in))
#define EH_GIVE      (CK_SESSION_HANDLE session, EH_OUT(out))
#define EH_TURN      (CK_SESSION_HANDLE session, EH_BYTES(in), EH_OUT(out))
#define EH_COMPARE   (CK_SESSION_HANDLE session, EH_BYTES(in), EH_BYTES(sig))
#define EH_WITH_KEY  (CK_SESSION_HANDLE session, EH_KEY(key))
#define EH_RESTORE   (CK_SESSION_HANDLE session, EH_BYTES(in), EH_KEY(key), \
	EH_KEY(other))
#define EH_GENERATE  (CK_SESSION_HANDLE session, EH_MECHANISM, EH_TEMPLATE, \
	EH_U CK_OBJECT_HANDLE_PTR key)
#define EH_WRAP      (CK_SESSION_HANDLE session, EH_MECHANISM, EH_KEY(with), \
	EH_KEY(key), EH_OUT(out))
#define EH_UNWRAP    (CK_SESSION_HANDLE session, EH_MECHANISM, EH_KEY(with), \
	EH_BYTES(in), EH_TEMPLATE, EH_U CK_OBJECT_HANDLE_PTR key)
#define EH_DERIVE    (CK_SESSION_HANDLE session, EH_MECHANISM, EH_KEY(base), \
	EH_TEMPLATE, EH_U CK_OBJECT_HANDLE_PTR key)
#define EH_USER      (CK_SESSION_HANDLE session, EH_U CK_USER_TYPE user, \
	EH_BYTES(pin), EH_BYTES(name))
#define EH_M_BEGIN   (CK_SESSION_HANDLE session, EH_PARAM)
#define EH_M_AAD     (CK_SESSION_HANDLE session, EH_PARAM, EH_BYTES(aad))
#define EH_M_TURN    (CK_SESSION_HANDLE session, EH_PARAM, EH_BYTES(in), \
	EH_OUT(out))
#define EH_M_SEAL    (CK_SESSION_HANDLE session, EH_PARAM, EH_BYTES(aad), \
	EH_BYTES(in), EH_OUT(out))
#define EH_M_NEXT    (CK_SESSION_HANDLE session, EH_PARAM, EH_BYTES(in), \
	EH_OUT(out), EH_U CK_FLAGS flags)
#define EH_M_COMPARE (CK_SESSION_HANDLE session, EH_PARAM, EH_BYTES(in), \
	EH_BYTES(sig))

/* clang-format off */
#define EH_UNSUPPORTED(X)			\
	X(C_SetOperationState, EH_RESTORE)	\
	X(C_EncryptInit, EH_INIT)		\
	X(C_Encrypt, EH_TURN)			\
	X(C_EncryptUpdate, EH_TURN)		\
	X(C_EncryptFinal, EH_GIVE)		\
	X(C_DecryptInit, EH_INIT)		\
	X(C_Decrypt, EH_TURN)			\
	X(C_DecryptUpdate, EH_TURN)		\
	X(C_DecryptFinal, EH_GIVE)		\
	X(C_DigestInit, EH_START)		\
	X(C_Digest, EH_TURN)			\
	X(C_DigestUpdate, EH_TAKE)		\
	X(C_DigestKey, EH_WITH_KEY)		\
	X(C_DigestFinal, EH_GIVE)		\
	X(C_SignRecoverInit, EH_INIT)		\
	X(C_SignRecover, EH_TURN)		\
	X(C_VerifyInit, EH_INIT)		\
	X(C_Verify, EH_COMPARE)			\
	X(C_VerifyUpdate, EH_TAKE)		\
	X(C_VerifyFinal, EH_TAKE)		\
	X(C_VerifyRecoverInit, EH_INIT)		\
	X(C_VerifyRecover, EH_TURN)		\
	X(C_DigestEncryptUpdate, EH_TURN)	\
	X(C_DecryptDigestUpdate, EH_TURN)	\
	X(C_SignEncryptUpdate, EH_TURN)		\
	X(C_DecryptVerifyUpdate, EH_TURN)	\
	X(C_GenerateKey, EH_GENERATE)		\
	X(C_WrapKey, EH_WRAP)			\
	X(C_UnwrapKey, EH_UNWRAP)		\
	X(C_DeriveKey, EH_DERIVE)

/* The same of PKCS#11 3.0, in the order of its function list after
 * C_SessionCancel; before it stands C_LoginUser. */
#define EH_UNSUPPORTED_3_0(X)			\
	X(C_MessageEncryptInit, EH_INIT)	\
	X(C_EncryptMessage, EH_M_SEAL)		\
	X(C_EncryptMessageBegin, EH_M_AAD)	\
	X(C_EncryptMessageNext, EH_M_NEXT)	\
	X(C_MessageEncryptFinal, EH_ALONE)	\
	X(C_MessageDecryptInit, EH_INIT)	\
	X(C_DecryptMessage, EH_M_SEAL)		\
	X(C_DecryptMessageBegin, EH_M_AAD)	\
	X(C_DecryptMessageNext, EH_M_NEXT)	\
	X(C_MessageDecryptFinal, EH_ALONE)	\
	X(C_MessageSignInit, EH_INIT)		\
	X(C_SignMessage, EH_M_TURN)		\
	X(C_SignMessageBegin, EH_M_BEGIN)	\
	X(C_SignMessageNext, EH_M_TURN)		\
	X(C_MessageSignFinal, EH_ALONE)		\
	X(C_MessageVerifyInit, EH_INIT)		\
	X(C_VerifyMessage, EH_M_COMPARE)	\
	X(C_VerifyMessageBegin, EH_M_BEGIN)	\
	X(C_VerifyMessageNext, EH_M_COMPARE)	\
	X(C_MessageVerifyFinal, EH_ALONE)
/* clang-format on */

#define EH_UNSUPPORTED_DECLARE(name, shape) CK_RV name shape;
EH_UNSUPPORTED_3_0(EH_UNSUPPORTED_DECLARE)
CK_RV C_LoginUser EH_USER;

#endif

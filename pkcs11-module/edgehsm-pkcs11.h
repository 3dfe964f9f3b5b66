/* SPDX-License-Identifier: Apache-2.0 */
/* edgehsm-pkcs11.h - EdgeHSM's vendor numbers and parameter formats, and the
 * PKCS#11 3.0 names that p11-kit's 2.40 header lacks. */
#ifndef EDGEHSM_PKCS11_H
#define EDGEHSM_PKCS11_H

#include <p11-kit/pkcs11.h>

/*
 * Every vendor number is 0x80420000 | n: it fits 32 bits, has bit 30 clear
 * (CKF_ARRAY_ATTRIBUTE), differs from the others in the low 23 bits (all that
 * an OpenSSL reason code keeps), and has OpenSSL's flag bits 18 and 19 clear.
 */
#define CK_EDGEHSM(n) (0x80420000UL | (n))

/*
 * Mechanisms.  Parameters are flat bytes without pointers, one deterministic
 * CBOR map; doc/format/issue-param.md has the CDDL.
 */
/* C_Sign with an issuing key.  Parameter: issue-param; may be empty.  Data: the
 * whole TBSCertificate.  Output: r || s, 64 octets for P-256. */
#define CKM_EDGEHSM_ISSUE           CK_EDGEHSM(1)
#define CKM_EDGEHSM_DEVICE_SECRET   CK_EDGEHSM(2) /* later: C_DeriveKey */
#define CKM_EDGEHSM_HPKE_WRAP       CK_EDGEHSM(3) /* later: C_WrapKey */
#define CKM_EDGEHSM_TPM2_DUPLICATE  CK_EDGEHSM(4) /* later: C_WrapKey */
#define CKM_EDGEHSM_ADAC_UNLOCK     CK_EDGEHSM(5) /* later: C_Sign */
/* C_Sign with the attestation key.  Data: a nonce of 16 to 32 octets.  Output:
 * the signed hsm-receipt, at most 65,536 octets (doc/format/message.md). */
#define CKM_EDGEHSM_RECEIPT         CK_EDGEHSM(6)

/* Object classes. */
/* A live or closed authorization with its counters; read-only. */
#define CKO_EDGEHSM_AUTHORIZATION   CK_EDGEHSM(1)
/* Write only: C_CreateObject with CKA_VALUE = any message of the authority, or
 * a compiled profile, imports it.  A CKO_DATA with CKA_APPLICATION "edgehsm"
 * does the same. */
#define CKO_EDGEHSM_MESSAGE         CK_EDGEHSM(2)
/* The token itself, exactly one, visible without login; read-only. */
#define CKO_EDGEHSM_TOKEN           CK_EDGEHSM(3)

/* Attributes of CKO_EDGEHSM_AUTHORIZATION (CKA_LABEL is the order name, or the
 * id in hex when there is none; CKA_ID the 16 octets of the id).  Numbers are
 * CK_ULONG; the counters are those of devices (op 0). */
#define CKA_EDGEHSM_FACTORY         CK_EDGEHSM(1)  /* text */
#define CKA_EDGEHSM_PROFILE_NAME    CK_EDGEHSM(2)  /* text */
#define CKA_EDGEHSM_PROFILE_VERSION CK_EDGEHSM(3)
#define CKA_EDGEHSM_CONFIG_DIGEST   CK_EDGEHSM(4)  /* 32 octets */
#define CKA_EDGEHSM_QUOTA           CK_EDGEHSM(5)
#define CKA_EDGEHSM_USED            CK_EDGEHSM(6)
#define CKA_EDGEHSM_BURNED          CK_EDGEHSM(7)
#define CKA_EDGEHSM_RESERVED        CK_EDGEHSM(8)
#define CKA_EDGEHSM_BURNS           CK_EDGEHSM(9)
#define CKA_EDGEHSM_NOT_BEFORE      CK_EDGEHSM(10) /* POSIX seconds */
#define CKA_EDGEHSM_NOT_AFTER       CK_EDGEHSM(11) /* POSIX seconds */
#define CKA_EDGEHSM_STATE           CK_EDGEHSM(12) /* 1 live, 2 closed */
#define CKA_EDGEHSM_COUNTERS        CK_EDGEHSM(13) /* CBOR: ctrs, every op */

/* Attributes of keys.  PURPOSE may stand in the private template of
 * C_GenerateKeyPair; without it a key is general. */
#define CKA_EDGEHSM_PURPOSE         CK_EDGEHSM(32)
#define CKA_EDGEHSM_ORIGIN          CK_EDGEHSM(33)
#define CKA_EDGEHSM_CUSTODY         CK_EDGEHSM(34)
#define CKA_EDGEHSM_SPKI_DIGEST     CK_EDGEHSM(35) /* 32 octets */

#define CK_EDGEHSM_PURPOSE_GENERAL     0UL
#define CK_EDGEHSM_PURPOSE_ATTESTATION 1UL
#define CK_EDGEHSM_PURPOSE_ISSUING     2UL

/* Attributes of CKO_EDGEHSM_TOKEN. */
/* UTF-8: why this session's last refused call was refused, with the numbers;
 * empty when none was.  CK_SESSION_INFO.ulDeviceError has the CKR. */
#define CKA_EDGEHSM_REFUSAL         CK_EDGEHSM(48)
#define CKA_EDGEHSM_HSM_ID          CK_EDGEHSM(49) /* 16 octets */
#define CKA_EDGEHSM_ROOT_DIGEST     CK_EDGEHSM(50) /* 32 octets */
#define CKA_EDGEHSM_ANCHOR_CLASS    CK_EDGEHSM(51)
#define CKA_EDGEHSM_LOG_SIZE        CK_EDGEHSM(52)

/* Return values. */
#define CKR_EDGEHSM_QUOTA_EXHAUSTED   CK_EDGEHSM(1)
#define CKR_EDGEHSM_EXPIRED           CK_EDGEHSM(2)
#define CKR_EDGEHSM_NOT_YET_VALID     CK_EDGEHSM(3)
#define CKR_EDGEHSM_REVOKED           CK_EDGEHSM(4)
#define CKR_EDGEHSM_OUT_OF_SCOPE      CK_EDGEHSM(5)
#define CKR_EDGEHSM_TEMPLATE_MISMATCH CK_EDGEHSM(6)
#define CKR_EDGEHSM_TIME_UNTRUSTED    CK_EDGEHSM(7)
#define CKR_EDGEHSM_OFFLINE_LIMIT     CK_EDGEHSM(8)
#define CKR_EDGEHSM_DEVICE_LIMIT      CK_EDGEHSM(9)
#define CKR_EDGEHSM_EVIDENCE_INVALID  CK_EDGEHSM(10)
#define CKR_EDGEHSM_FAIL_STOPPED      CK_EDGEHSM(11)
#define CKR_EDGEHSM_REPLAYED          CK_EDGEHSM(12)
#define CKR_EDGEHSM_SIGNATURE         CK_EDGEHSM(13)
#define CKR_EDGEHSM_MALFORMED         CK_EDGEHSM(14)
#define CKR_EDGEHSM_NO_AUTHORIZATION  CK_EDGEHSM(15)

/*
 * PKCS#11 3.0, as far as it is used here (OASIS PKCS #11 Specification Version
 * 3.0, sections 3 and 5.4).  A p11-kit header of 3.0 or later brings its own.
 */
#if CRYPTOKI_VERSION_MAJOR < 3

#define CKF_INTERFACE_FORK_SAFE 1UL

typedef struct CK_INTERFACE {
	CK_UTF8CHAR *pInterfaceName; /* NUL-terminated */
	CK_VOID_PTR pFunctionList;
	CK_FLAGS flags;
} CK_INTERFACE;
typedef CK_INTERFACE *CK_INTERFACE_PTR;
typedef CK_INTERFACE_PTR *CK_INTERFACE_PTR_PTR;

typedef CK_RV (*CK_C_GetInterfaceList)(CK_INTERFACE_PTR, CK_ULONG_PTR);
typedef CK_RV (*CK_C_GetInterface)(
    CK_UTF8CHAR *, CK_VERSION *, CK_INTERFACE_PTR_PTR, CK_FLAGS);

#endif

#ifndef CKA_UNIQUE_ID
#define CKA_UNIQUE_ID 0x4UL
#endif
#ifndef CKA_PROFILE_ID
#define CKA_PROFILE_ID 0x601UL
#endif
#ifndef CKO_PROFILE
#define CKO_PROFILE 9UL
#endif
#ifndef CKP_BASELINE_PROVIDER
#define CKP_BASELINE_PROVIDER 1UL
#endif

/*
 * The vendor interface: C_GetInterface((CK_UTF8CHAR *)"Vendor EdgeHSM", NULL,
 * &interface, 0), pFunctionList of this type.  For what PKCS#11 has no call
 * for.  Outputs follow PKCS#11 section 5.2: NULL asks for the length, a short
 * buffer gives CKR_BUFFER_TOO_SMALL and the length.  Messages are those of
 * doc/format/message.md.
 */
#define CK_EDGEHSM_INTERFACE "Vendor EdgeHSM"

typedef struct CK_EDGEHSM_FUNCTIONS {
	CK_VERSION version; /* 1.0 */

	/*
	 * Make an uninitialised token an EdgeHSM: pin ${root} (DER
	 * SubjectPublicKeyInfo of the OEM's grant root, P-256) for ever, make
	 * the attestation key, set label and SO PIN.  Only on fresh state.
	 */
	CK_RV (*Genesis)(CK_SLOT_ID, CK_UTF8CHAR_PTR so_pin,
	    CK_ULONG so_pin_len, CK_UTF8CHAR_PTR label32, CK_BYTE_PTR root,
	    CK_ULONG root_len);

	/* The status map of doc/format/wire.md: for `edgehsm status`. */
	CK_RV (*Status)(CK_SLOT_ID, CK_BYTE_PTR out, CK_ULONG_PTR out_len);

	/* The signed enrolment request over the invitation's ${nonce}. */
	CK_RV (*Enrol)(CK_SESSION_HANDLE, CK_BYTE_PTR nonce, CK_ULONG nonce_len,
	    CK_BYTE_PTR out, CK_ULONG_PTR out_len);

	/* The signed key attestation of a key of this token. */
	CK_RV (*AttestKey)(CK_SESSION_HANDLE, CK_OBJECT_HANDLE,
	    CK_BYTE_PTR nonce, CK_ULONG nonce_len, CK_BYTE_PTR out,
	    CK_ULONG_PTR out_len);

	/* The nonce that the next time attestation must carry: 16 octets. */
	CK_RV (*TimeNonce)(
	    CK_SESSION_HANDLE, CK_BYTE_PTR out, CK_ULONG_PTR out_len);

	/* A signed receipt over ${nonce} of 16 to 32 octets. */
	CK_RV (*Receipt)(CK_SESSION_HANDLE, CK_BYTE_PTR nonce,
	    CK_ULONG nonce_len, CK_BYTE_PTR out, CK_ULONG_PTR out_len);

	/* Import any message, as CKO_EDGEHSM_MESSAGE does; ${out}: one line of
	 * text that says what it was. */
	CK_RV (*Import)(CK_SESSION_HANDLE, CK_BYTE_PTR message,
	    CK_ULONG message_len, CK_BYTE_PTR out, CK_ULONG_PTR out_len);

	/* Record the outcome of a device.  ${authorization}: 16 octets;
	 * ${id_kind}: text; ${report}: CBOR unit-report (doc/format/record.md).
	 */
	CK_RV (*Report)(CK_SESSION_HANDLE, CK_BYTE_PTR authorization,
	    CK_UTF8CHAR_PTR id_kind, CK_ULONG id_kind_len, CK_BYTE_PTR id,
	    CK_ULONG id_len, CK_BYTE_PTR report, CK_ULONG report_len);

	/* Log entries from ${first} on, as many as fit: a CBOR array of byte
	 * strings, each a leaf input (record or burned leaf). */
	CK_RV (*LogRead)(CK_SESSION_HANDLE, CK_ULONG first, CK_BYTE_PTR out,
	    CK_ULONG_PTR out_len);

	/* The sentence that CKA_EDGEHSM_REFUSAL gives, without a search; with
	 * CK_INVALID_HANDLE that of the last call of this thread that had no
	 * session. */
	CK_RV (*Refusal)(
	    CK_SESSION_HANDLE, CK_BYTE_PTR out, CK_ULONG_PTR out_len);
} CK_EDGEHSM_FUNCTIONS;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* slot.c - the one slot, its token, its mechanisms. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "pkcs11-module/login.h"
#include "pkcs11-module/mech.h"
#include "pkcs11-module/rv.h"
#include "pkcs11-module/slot.h"

#define MANUFACTURER "EdgeHSM"

void
eh_slot_pad(CK_UTF8CHAR *field, size_t len, const char *text)
{
	size_t n = strlen(text);

	memset(field, ' ', len);
	memcpy(field, text, n < len ? n : len);
}

int
eh_slot_unpad(const CK_UTF8CHAR label32[32], char out[33])
{
	size_t n = 32;

	while (n > 0 && label32[n - 1] == ' ')
		n--;
	for (size_t i = 0; i < n; i++) {
		if (label32[i] < 0x20 || label32[i] > 0x7e)
			return 0;
		out[i] = (char)label32[i];
	}
	out[n] = '\0';
	return 1;
}

CK_RV
eh_slot_list(struct eh_module *m, int present, CK_SLOT_ID *out, CK_ULONG *np)
{
	struct eh_error why;
	CK_ULONG n = 1, room;

	if (np == NULL)
		return CKR_ARGUMENTS_BAD;
	eh_error_clear(&why);
	if (m->conf_error.code != EH_OK) {
		(void)eh_module_denied(m, &m->conf_error);
		n = 0;
	} else if (present && eh_client_reach(&m->client, &why) != EH_OK) {
		(void)eh_module_denied(m, &why);
		n = 0;
	}
	room = *np;
	*np = n;
	if (out == NULL)
		return CKR_OK;
	if (room < n)
		return CKR_BUFFER_TOO_SMALL;
	if (n > 0)
		out[0] = EH_SLOT;
	return CKR_OK;
}

CK_VERSION
eh_slot_version(void)
{
	unsigned major = 0, minor = 0;
	CK_VERSION v;

	(void)sscanf(PACKAGE_VERSION, "%u.%u", &major, &minor);
	v.major = (unsigned char)major;
	v.minor = (unsigned char)minor;
	return v;
}

CK_RV
eh_slot_info(struct eh_module *m, CK_SLOT_INFO *info)
{
	struct eh_error why;

	if (info == NULL)
		return CKR_ARGUMENTS_BAD;
	memset(info, 0, sizeof(*info));
	eh_slot_pad(info->slotDescription, sizeof(info->slotDescription),
	    m->conf.socket);
	eh_slot_pad(
	    info->manufacturerID, sizeof(info->manufacturerID), MANUFACTURER);
	info->hardwareVersion = info->firmwareVersion = eh_slot_version();
	/* A daemon comes and goes; without this flag the standard says that
	 * the token is always there. */
	info->flags = CKF_REMOVABLE_DEVICE;
	eh_error_clear(&why);
	if (eh_client_reach(&m->client, &why) == EH_OK)
		info->flags |= CKF_TOKEN_PRESENT;
	else
		(void)eh_module_denied(m, &why);
	return CKR_OK;
}

/* Is there a time that a client may go by?  Then the text of PKCS#11 for it:
 * sixteen digits, the earliest that it can be. */
int
eh_slot_clock(const struct eh_hello *hello, char text[EH_SLOT_CLOCK])
{
	char generalized[EH_CLOCK_GENERALIZED_SIZE];

	if (hello->state != EH_STATE_READY || hello->quality < 2 ||
	    eh_clock_format_generalized(hello->t_lo, generalized) != EH_OK)
		return 0;
	memcpy(text, generalized, 14);
	memcpy(text + 14, "00", 3);
	return 1;
}

static CK_FLAGS
token_flags(const struct eh_hello *hello)
{
	CK_FLAGS flags = CKF_RNG | CKF_LOGIN_REQUIRED;

	if (hello->state != EH_STATE_FRESH)
		flags |= CKF_TOKEN_INITIALIZED;
	if (hello->state == EH_STATE_FAIL_STOPPED)
		flags |= CKF_ERROR_STATE;
	if (hello->flags & EH_FLAG_OPERATOR_PIN)
		flags |= CKF_USER_PIN_INITIALIZED;
	if (hello->flags & EH_FLAG_PIN_DELAY)
		flags |= CKF_USER_PIN_COUNT_LOW | CKF_SO_PIN_COUNT_LOW;
	return flags;
}

CK_RV
eh_slot_token_info(struct eh_module *m, CK_TOKEN_INFO *info)
{
	struct eh_hello hello;
	struct eh_error why;
	char serial[17] = "", clock[EH_SLOT_CLOCK];

	if (info == NULL)
		return CKR_ARGUMENTS_BAD;
	eh_error_clear(&why);
	if (eh_client_hello(&m->client, &hello, &why) != EH_OK) {
		(void)eh_module_denied(m, &why);
		return CKR_TOKEN_NOT_PRESENT;
	}
	memset(info, 0, sizeof(*info));
	if (hello.has_hsm_id)
		for (unsigned i = 0; i < 8; i++)
			snprintf(serial + 2 * i, 3, "%02x", hello.hsm_id[i]);
	eh_slot_pad(info->label, sizeof(info->label), hello.label);
	eh_slot_pad(
	    info->manufacturerID, sizeof(info->manufacturerID), MANUFACTURER);
	eh_slot_pad(info->model, sizeof(info->model), "edgehsmd");
	eh_slot_pad(info->serialNumber, sizeof(info->serialNumber), serial);
	info->flags = token_flags(&hello);
	memset(info->utcTime, ' ', sizeof(info->utcTime));
	if (eh_slot_clock(&hello, clock)) {
		memcpy(info->utcTime, clock, sizeof(info->utcTime));
		info->flags |= CKF_CLOCK_ON_TOKEN;
	}
	info->ulMaxSessionCount = EH_SESSIONS_MAX;
	info->ulMaxRwSessionCount = EH_SESSIONS_MAX;
	pthread_mutex_lock(&m->lock);
	info->ulSessionCount = m->sessions;
	info->ulRwSessionCount = m->rw_sessions;
	pthread_mutex_unlock(&m->lock);
	info->ulMinPinLen = EH_PIN_MIN;
	info->ulMaxPinLen = EH_PIN_MAX;
	info->ulTotalPublicMemory = CK_UNAVAILABLE_INFORMATION;
	info->ulFreePublicMemory = CK_UNAVAILABLE_INFORMATION;
	info->ulTotalPrivateMemory = CK_UNAVAILABLE_INFORMATION;
	info->ulFreePrivateMemory = CK_UNAVAILABLE_INFORMATION;
	info->hardwareVersion = info->firmwareVersion = eh_slot_version();
	return CKR_OK;
}

CK_RV
eh_slot_mechanisms(CK_MECHANISM_TYPE *out, CK_ULONG *np)
{
	size_t n;
	const CK_MECHANISM_TYPE *types = eh_mech_list(&n);
	CK_ULONG room;

	if (np == NULL)
		return CKR_ARGUMENTS_BAD;
	room = *np;
	*np = n;
	if (out == NULL)
		return CKR_OK;
	if (room < n)
		return CKR_BUFFER_TOO_SMALL;
	memcpy(out, types, n * sizeof(*out));
	return CKR_OK;
}

CK_RV
eh_slot_mechanism_info(CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
	const struct eh_mech *mech = eh_mech_find(type);

	if (info == NULL)
		return CKR_ARGUMENTS_BAD;
	if (mech == NULL)
		return CKR_MECHANISM_INVALID;
	*info = mech->info;
	return CKR_OK;
}

CK_RV
eh_slot_init_token(struct eh_module *m, const CK_BYTE *pin, CK_ULONG len,
    const CK_BYTE *label32)
{
	struct eh_wire request;
	struct eh_hello hello;
	struct eh_reply reply;
	struct eh_error why;
	char label[33];
	unsigned sessions;
	int err;

	if (pin == NULL || label32 == NULL)
		return CKR_ARGUMENTS_BAD;
	if (len < EH_PIN_MIN || len > EH_PIN_MAX)
		return eh_module_say(m, CKR_PIN_LEN_RANGE,
		    "a PIN has %d to %d octets, not %lu", EH_PIN_MIN,
		    EH_PIN_MAX, len);
	if (!eh_slot_unpad(label32, label))
		return eh_module_say(
		    m, CKR_ARGUMENTS_BAD, "a token label is printable ASCII");
	pthread_mutex_lock(&m->lock);
	sessions = m->sessions;
	pthread_mutex_unlock(&m->lock);
	if (sessions > 0)
		return CKR_SESSION_EXISTS;
	eh_error_clear(&why);
	if (eh_client_hello(&m->client, &hello, &why) != EH_OK) {
		(void)eh_module_denied(m, &why);
		return CKR_TOKEN_NOT_PRESENT;
	}
	if (hello.state == EH_STATE_FRESH)
		return eh_module_say(m, CKR_FUNCTION_FAILED,
		    "this EdgeHSM has no identity yet, and none without the "
		    "OEM's root: use edgehsm token init --root FILE");
	eh_wire_init(&request, EH_REQ_INIT_TOKEN, 0);
	eh_wire_put_text(&request, EH_WIRE_LABEL, label);
	eh_wire_put_bytes(&request, EH_WIRE_PIN, pin, len);
	err = eh_client_call(&m->client, &request, &reply, &why);
	eh_reply_wipe(&reply);
	if (err != EH_OK)
		return eh_module_denied(m, &why);
	eh_client_logout(&m->client); /* the PINs are others now */
	return CKR_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* attrs.c - attribute templates in, attribute values and bytes out. */
#include "config.h"

#include <string.h>

#include "pkcs11-module/attrs.h"

int
eh_out_query(size_t len, CK_BYTE_PTR out, CK_ULONG_PTR lenp, CK_RV *rv)
{
	*rv = CKR_ARGUMENTS_BAD;
	if (lenp == NULL)
		return 1;
	if (out != NULL && *lenp >= len)
		return 0;
	*rv = out == NULL ? CKR_OK : CKR_BUFFER_TOO_SMALL;
	*lenp = len;
	return 1;
}

CK_RV
eh_out_bytes(const void *bytes, size_t len, CK_BYTE_PTR out, CK_ULONG_PTR lenp)
{
	CK_RV rv;

	if (eh_out_query(len, out, lenp, &rv))
		return rv;
	if (len > 0)
		memmove(out, bytes, len);
	*lenp = len;
	return CKR_OK;
}

void
eh_value_bytes(struct eh_value *v, const void *data, size_t len)
{
	v->data = data;
	v->len = len;
}

void
eh_value_text(struct eh_value *v, const char *text)
{
	eh_value_bytes(v, text, strlen(text));
}

void
eh_value_number(struct eh_value *v, CK_ULONG number)
{
	v->number = number;
	eh_value_bytes(v, &v->number, sizeof(v->number));
}

void
eh_value_truth(struct eh_value *v, int truth)
{
	v->truth = truth ? CK_TRUE : CK_FALSE;
	eh_value_bytes(v, &v->truth, sizeof(v->truth));
}

CK_RV
eh_value_give(const struct eh_value *v, CK_ATTRIBUTE *attribute)
{
	if (attribute->pValue == NULL) {
		attribute->ulValueLen = v->len;
		return CKR_OK;
	}
	if (attribute->ulValueLen < v->len) {
		attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
		return CKR_BUFFER_TOO_SMALL;
	}
	if (v->len > 0)
		memcpy(attribute->pValue, v->data, v->len);
	attribute->ulValueLen = v->len;
	return CKR_OK;
}

int
eh_value_matches(const struct eh_value *v, const CK_ATTRIBUTE *attribute)
{
	if (attribute->ulValueLen != v->len)
		return 0;
	return v->len == 0 || memcmp(attribute->pValue, v->data, v->len) == 0;
}

CK_RV
eh_attrs_check(
    const CK_ATTRIBUTE *attributes, CK_ULONG count, enum eh_attrs_values values)
{
	if ((attributes == NULL && count > 0) || count > EH_ATTRS_MAX)
		return CKR_ARGUMENTS_BAD;
	if (values == EH_ATTRS_ASKED)
		return CKR_OK;
	for (CK_ULONG i = 0; i < count; i++) {
		if (attributes[i].ulValueLen > EH_ATTRS_VALUE_MAX)
			return CKR_ATTRIBUTE_VALUE_INVALID;
		if (attributes[i].pValue == NULL &&
		    attributes[i].ulValueLen > 0)
			return CKR_ATTRIBUTE_VALUE_INVALID;
	}
	return CKR_OK;
}

const CK_ATTRIBUTE *
eh_attrs_find(
    const CK_ATTRIBUTE *attributes, CK_ULONG count, CK_ATTRIBUTE_TYPE type)
{
	for (CK_ULONG i = 0; i < count; i++)
		if (attributes[i].type == type)
			return &attributes[i];
	return NULL;
}

int
eh_attrs_number(const CK_ATTRIBUTE *attribute, CK_ULONG *out)
{
	if (attribute->ulValueLen != sizeof(*out))
		return 0;
	memcpy(out, attribute->pValue, sizeof(*out));
	return 1;
}

int
eh_attrs_truth(const CK_ATTRIBUTE *attribute, int *out)
{
	CK_BBOOL truth;

	if (attribute->ulValueLen != sizeof(truth))
		return 0;
	memcpy(&truth, attribute->pValue, sizeof(truth));
	if (truth != CK_TRUE && truth != CK_FALSE)
		return 0;
	*out = truth;
	return 1;
}

int
eh_attrs_text(const CK_ATTRIBUTE *attribute, char *out, size_t cap)
{
	const unsigned char *text = attribute->pValue;

	if (attribute->ulValueLen >= cap)
		return 0;
	for (CK_ULONG i = 0; i < attribute->ulValueLen; i++) {
		if (text[i] < 0x20 || text[i] > 0x7e)
			return 0;
		out[i] = (char)text[i];
	}
	out[attribute->ulValueLen] = '\0';
	return 1;
}

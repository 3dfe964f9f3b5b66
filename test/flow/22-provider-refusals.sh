#!/bin/sh
# 22-provider-refusals.sh - what a token refuses ends in words, a status and no
# output; a named authorization reaches it on every way; TAP.
set -eu
# shellcheck source=test/flow/2x-provider-rig.sh
. "$(dirname "$0")/2x-provider-rig.sh"
use_shim
export SHIM_HASH=1 SHIM_NO_RAW=1
export SHIM_REFUSE=0x80420001
numbers='authorization PO-4711 allows 10 devices, 10 used'
export SHIM_SENTENCE="quota exhausted: $numbers"

# refused NAME FILE COMMAND...: it fails, says the sentence, and FILE is not
# there or empty.
refused() {
	what=$1
	file=$2
	shift 2
	rm -f "$file"
	no "$what ends with a status" "$@"
	said "$what says why" \
	    "quota exhausted:sign.c:"
	said "$what says how many" \
	    "$numbers (key $key, C_Sign returned CKR 0x80420001)"
	ok "$what leaves nothing" test ! -s "$file"
}

refused "x509" dev.pem openssl x509 -req -in dev.csr -CA ca.pem \
    -CAkey "$key" -set_serial 5 -days 10 -out dev.pem
refused "ca" ca-dev.pem openssl ca -batch -cert ca.pem -keyfile "$key" \
    -in dev.csr -out ca-dev.pem -notext
ok "ca keeps its serial number" grep -qx 1001 serial
ok "ca keeps its index" test ! -s index.txt
refused "ca -gencrl" crl.pem \
    openssl ca -gencrl -cert ca.pem -keyfile "$key" -out crl.pem
refused "req" ca.csr openssl req -new -key "$key" -out ca.csr
refused "req -x509" self.pem \
    openssl req -x509 -new -key "$key" -days 30 -out self.pem
refused "dgst" sig openssl dgst -sha256 -sign "$key" -out sig message
refused "pkeyutl" sig openssl pkeyutl -sign -inkey "$key" -rawin \
    -digest sha256 -in message -out sig
refused "cms" cms.pem openssl cms -sign -nodetach -in message \
    -signer ca.pem -inkey "$key" -outform PEM -out cms.pem

unset SHIM_REFUSE
export SHIM_ISSUE=1
id=000102030405060708090a0b0c0d0e0f
export SHIM_ORDERS="PO-4711:$id:1:10:3:0:1900000000"

# issued NAME COMMAND...: it succeeds with CKM_EDGEHSM_ISSUE for that id.
issued() {
	what=$1
	shift
	: >log
	ok "$what" "$@"
	ok "$what: the mechanism names it" \
	    grep -qx "C_SignInit 0x80420001 a10150$id" log
}

# shellcheck disable=SC2317
issue() {
	openssl x509 -req -in dev.csr -CA ca.pem -set_serial 5 -days 10 \
	    -out dev.pem "$@"
}
issued "x509 -sigopt" issue -CAkey "$key" -sigopt authorization:PO-4711
issued "x509 -sigopt with the id" \
    issue -CAkey "$key" -sigopt "authorization:$id"
issued "x509 with the URI" issue -CAkey "$key?x-authorization=PO-4711"
issued "ca -sigopt" openssl ca -batch -cert ca.pem -keyfile "$key" \
    -in dev.csr -out ca-dev.pem -notext -sigopt authorization:PO-4711
issued "req -sigopt" \
    openssl req -new -key "$key" -out ca.csr -sigopt authorization:PO-4711
issued "dgst -sigopt" openssl dgst -sha256 -sign "$key" \
    -sigopt authorization:PO-4711 -out sig message
issued "pkeyutl -pkeyopt" openssl pkeyutl -sign -inkey "$key" -rawin \
    -digest sha256 -pkeyopt authorization:PO-4711 -in message -out sig
issued "cms -keyopt" openssl cms -sign -nodetach -in message \
    -signer ca.pem -keyopt authorization:PO-4711 -inkey "$key" \
    -outform PEM -out cms.pem
issued "the environment" env EDGEHSM_AUTHORIZATION=PO-4711 \
    openssl dgst -sha256 -sign "$key" -out sig message
sed 's/^edgehsm-pin/edgehsm-authorization = PO-4711\n&/' openssl.cnf >with.cnf
issued "the configuration" env OPENSSL_CONF="$folder/with.cnf" \
    openssl dgst -sha256 -sign "$key" -out sig message

no "an authorization that is not there is an error" \
    issue -CAkey "$key" -sigopt authorization:PO-1
said "in words" "authorization PO-1 is not on the token; there: PO-4711 ($id)"
ok "and leaves nothing" test ! -s dev.pem
unset SHIM_ISSUE
no "a token that cannot use it is an error" \
    issue -CAkey "$key" -sigopt authorization:PO-4711
said "in words" "its token has no CKM_EDGEHSM_ISSUE"
finish

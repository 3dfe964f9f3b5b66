#!/bin/sh
# 21-provider-whole-message.sh - every command hands the token the whole
# message, once, in one call; TAP.
set -eu
# shellcheck source=test/flow/2x-provider-rig.sh
. "$(dirname "$0")/2x-provider-rig.sh"
use_shim
export SHIM_HASH=1 SHIM_NO_RAW=1

# The length of the first element in the outer SEQUENCE of a PEM file: what is
# signed in a certificate, a request and a revocation list.
inner() {
	openssl asn1parse -in "$1" | awk -F'[=: ]+' 'NR == 2 {
		for (i = 1; i < NF; i++) {
			if ($i == "hl") head = $(i + 1)
			if ($i == "l") body = $(i + 1)
		}
		print head + body
	}'
}

# reached NAME FIRST LENGTH: one signature was made, of LENGTH octets that
# begin with FIRST.
reached() {
	count=$((count + 1))
	if [ "$(grep -c '^C_Sign ' log)" = 1 ] &&
	    grep -qx "C_Sign $3 $2" log &&
	    grep -qx 'C_SignInit 0x1044 -' log &&
	    ! grep -q 'C_SignUpdate\|C_SignFinal' log; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1 (expected C_Sign $3 $2)"
		grep 'C_Sign' log | sed 's/^/# /'
		failed=1
	fi
	: >log
}

: >log
ok "req makes a request" openssl req -new -key "$key" -out ca.csr
reached "of one signature" 30 "$(inner ca.csr)"
ok "req makes a certificate" \
    openssl req -x509 -new -key "$key" -days 30 -out self.pem
reached "of one signature" 30 "$(inner self.pem)"
ok "x509 issues" openssl x509 -req -in dev.csr -CA ca.pem -CAkey "$key" \
    -set_serial 5 -days 10 -out dev.pem
reached "with one signature" 30 "$(inner dev.pem)"
ok "ca issues" openssl ca -batch -cert ca.pem -keyfile "$key" -in dev.csr \
    -out ca-dev.pem -notext
reached "with one signature" 30 "$(inner ca-dev.pem)"
ok "ca makes a revocation list" \
    openssl ca -gencrl -cert ca.pem -keyfile "$key" -out crl.pem
reached "with one signature" 30 "$(inner crl.pem)"
ok "dgst signs" openssl dgst -sha256 -sign "$key" -out sig message
reached "the file" 61 "$(wc -c <message | tr -d ' ')"
head -c 100000 /dev/zero >long
ok "dgst signs 100 kB" openssl dgst -sha256 -sign "$key" -out sig long
reached "in one piece" 00 100000
ok "pkeyutl -rawin signs" openssl pkeyutl -sign -inkey "$key" -rawin \
    -digest sha256 -in message -out sig
reached "the file" 61 "$(wc -c <message | tr -d ' ')"
ok "cms signs" openssl cms -sign -nodetach -in message -signer ca.pem \
    -inkey "$key" -outform PEM -out cms.pem
ok "the signed attributes" grep -q '^C_Sign [0-9]* 31$' log
openssl pkey -in "$key" -pubout -out pub.pem
: >log

no "pkeyutl refuses to sign a digest" \
    openssl pkeyutl -sign -inkey "$key" -in digest -out sig
said "in words" \
    "this key signs complete messages only (use -rawin or X509_sign)"
no "and the token was not asked" grep -q C_SignInit log
finish

#!/bin/sh
# 20-provider-commands.sh - the openssl command with a key on a token; TAP.
set -eu
# shellcheck source=test/flow/2x-provider-rig.sh
. "$(dirname "$0")/2x-provider-rig.sh"

if command -v nm >/dev/null; then
	nm -D --defined-only "$provider" | awk '{ print $3 }' >symbols
	ok "one symbol is exported" grep -qx OSSL_provider_init symbols
	no "and no other" grep -vqx OSSL_provider_init symbols
fi
ok "the provider is active" openssl list -providers -provider edgehsm
ok "a token is listed" openssl storeutl -noout pkcs11:token=flow
cat out err >list
ok "with all that is on it" grep -qx "Total found: 2" list
ok "the private key first" grep -qx "0: Pkey" list
ok "a private key is loaded" openssl pkey -in "$key" -pubout -out pub.pem
ok "a public key is loaded" sh -c 'openssl pkey -pubin -pubout \
    -in "pkcs11:token=flow;object=k;type=public" | cmp - pub.pem'
openssl x509 -in ca.pem -outform DER -out ca.der
pkcs11-tool --module "$softhsm" --token-label flow --login --pin 1234 \
    --write-object ca.der --type cert --label k --id 01 >/dev/null 2>&1
ok "a certificate is loaded" sh -c 'openssl x509 \
    -in "pkcs11:token=flow;object=k;type=cert" | cmp - ca.pem'

ok "dgst signs" openssl dgst -sha256 -sign "$key" -out sig message
ok "and the signature verifies" \
    openssl dgst -sha256 -verify pub.pem -signature sig message
# shellcheck disable=SC2016
ok "dgst writes all of it to a pipe" sh -c 'openssl dgst -sha256 \
    -sign "$1" message | cat >piped && openssl dgst -sha256 -verify pub.pem \
    -signature piped message' sh "$key"
head -c 100000 /dev/zero >long
ok "dgst signs 100 kB" openssl dgst -sha384 -sign "$key" -out sig long
ok "and that verifies" \
    openssl dgst -sha384 -verify pub.pem -signature sig long
ok "the token key verifies by itself" \
    openssl dgst -sha384 -prverify "$key" -signature sig long

ok "req makes a request" openssl req -new -key "$key" -out ca.csr
ok "and nothing is left in the error queue" test ! -s err
ok "the request verifies" openssl req -in ca.csr -verify -noout
ok "req makes a self-signed certificate" \
    openssl req -x509 -new -key "$key" -days 30 -out self.pem
ok "and it verifies" openssl verify -x509_strict -CAfile self.pem self.pem
openssl x509 -in self.pem -noout -text >text
ok "its curve is named" grep -q "ASN1 OID: prime256v1" text
no "and not explicit" grep -q "Field Type" text

ok "x509 issues a certificate" openssl x509 -req -in dev.csr -CA ca.pem \
    -CAkey "$key" -set_serial 5 -days 10 -out dev.pem
ok "and it verifies" openssl verify -CAfile ca.pem dev.pem
ok "ca issues a certificate" openssl ca -batch -cert ca.pem -keyfile "$key" \
    -in dev.csr -out ca-dev.pem -notext
ok "and it verifies" openssl verify -CAfile ca.pem ca-dev.pem
ok "ca makes a revocation list" \
    openssl ca -gencrl -cert ca.pem -keyfile "$key" -out crl.pem
ok "and it verifies" openssl crl -in crl.pem -noout -CAfile ca.pem

ok "pkeyutl signs a message" openssl pkeyutl -sign -inkey "$key" -rawin \
    -digest sha256 -in message -out sig
ok "and it verifies" \
    openssl dgst -sha256 -verify pub.pem -signature sig message
ok "pkeyutl signs a digest with a general key" \
    openssl pkeyutl -sign -inkey "$key" -in digest -out sig
ok "and it verifies" openssl pkeyutl -verify -pubin -inkey pub.pem \
    -in digest -sigfile sig
ok "also by the token key" \
    openssl pkeyutl -verify -inkey "$key" -in digest -sigfile sig
ok "cms signs" openssl cms -sign -nodetach -in message -signer ca.pem \
    -inkey "$key" -outform PEM -out cms.pem
ok "and it verifies" openssl cms -verify -in cms.pem -inform PEM \
    -CAfile ca.pem -purpose any -out /dev/null

no "a key that is not there is an error" \
    openssl dgst -sign 'pkcs11:token=flow;object=other' message
said "in words" "object not found:"
no "a wrong PIN is an error" openssl dgst -sign "$key?pin-value=9" message
said "in words" "PIN refused:"
no "and the PIN is not shown" grep -q 'edgehsm.*pin-value=9' err
finish

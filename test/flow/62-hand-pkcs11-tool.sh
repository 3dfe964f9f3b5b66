#!/bin/sh
# 62-hand-pkcs11-tool.sh - signing, looking and importing with pkcs11-tool and
# p11tool; what an issuing key refuses, and a general key does.
set -eu
# shellcheck source=test/flow/6x-rig.sh
. "$(dirname "$0")/6x-rig.sh"
by_hand
printf 'a message\n' > message
plain_openssl dgst -sha256 -binary -out digest message

ID=$(key_id idevid-ca-2026)
GENERALID=$(key_id signer)
# sign ID MECHANISM IN OUT
sign() {
	operator_tool --sign -m "$2" --id "$1" -i "$3" -o "$4" \
	    --signature-format openssl
}

# --- a finished TBSCertificate ---
device SN00000100
quietly profile_tbs PO-4712 SN00000100
uses "--sign with a hash, on a TBSCertificate" \
    "PO-4712 1 of 5, PO-4713 0 of 5" \
    sign "$ID" ECDSA-SHA256 SN00000100.tbs 100.sig
plain_openssl x509 -in ca.pem -noout -pubkey > ca.pub
check "the CA's key verifies it" plain_openssl dgst -sha256 -verify ca.pub \
    -signature 100.sig SN00000100.tbs
uses "again" "$COUNTS" sign "$ID" ECDSA-SHA256 SN00000100.tbs again.sig
check "is the same signature" cmp 100.sig again.sig
uses "unit issue gives it, too" "$COUNTS" edgehsm unit issue SN00000100 \
    --csr SN00000100.csr --authorization PO-4712 --out 100.pem
tbs_of 100.pem 100.tbs
check "in a certificate with the same octets" cmp 100.tbs SN00000100.tbs

# pkcs11-tool takes the first private key when it is given a label only.
device SN00000101
quietly profile_tbs PO-4712 SN00000101
uses "--sign with the label only" "PO-4712 2 of 5, PO-4713 0 of 5" \
    operator_tool --sign -m ECDSA-SHA256 --label idevid-ca-2026 \
    -i SN00000101.tbs -o 101.sig
operator_tool -O --type privkey 2> /dev/null |
    sed -n 's/^ *label: *//p' > labels
same "because the attestation key comes last" "$(paste -sd, labels)" \
    "idevid-ca-2026,signer,attestation"

device SN00000200
quietly profile_tbs PO-4712 SN00000200
refuses "--sign for a device out of scope" 1 \
    "C_SignFinal failed: rv = unknown PKCS11 error (0x80420005)" out.sig \
    sign "$ID" ECDSA-SHA256 SN00000200.tbs out.sig
export EDGEHSM_DEBUG=1
ends "with EDGEHSM_DEBUG it says why" 1 \
    "edgehsm-pkcs11: .*device SN00000200 is not in the scope" \
    sign "$ID" ECDSA-SHA256 SN00000200.tbs out.sig
unset EDGEHSM_DEBUG
check "and so does edgehsm status, whoever asked" status_says \
    "^Refused .*Z sign: device SN00000200 is not in the scope of authorization \
PO-4712"

# --- raw signatures ---
plain_openssl dgst -sha256 -binary -out tbs.digest SN00000100.tbs
refuses "-m ECDSA on the issuing key" 1 \
    "C_SignInit failed: rv = CKR_MECHANISM_INVALID" out.sig \
    sign "$ID" ECDSA tbs.digest out.sig
refuses "-m ECDSA-SHA256 on something else" 1 0x80420006 out.sig \
    sign "$ID" ECDSA-SHA256 message out.sig
uses "-m ECDSA on the general key" "$COUNTS" \
    sign "$GENERALID" ECDSA digest raw.sig
check "its public key comes out" openssl pkey -pubin \
    -in 'pkcs11:token=EdgeHSM-fab1;object=signer;type=public' -out key.pem
check "and verifies it" plain_openssl dgst -sha256 -verify key.pem \
    -signature raw.sig message
uses "-m ECDSA-SHA256 on the general key" "$COUNTS" \
    sign "$GENERALID" ECDSA-SHA256 message hash.sig
check "verifies" plain_openssl dgst -sha256 -verify key.pem \
    -signature hash.sig message

# --- p11tool; with libasan in it, it hangs at the end of any refusal, whatever
# --- module it has ---
if [ -n "$SANITIZER" ]; then
	result 0 "p11tool # SKIP it hangs with libasan loaded"
elif command -v p11tool > /dev/null; then
	p11() {
		foreign p11tool --provider "$EDGEHSM_MODULE" --login \
		    --set-pin "$OPERATOR" "$@"
	}
	check "p11tool --list-all" p11 --list-all
	cp "$D/answer" listed
	for what in idevid-ca-2026 signer attestation PO-4712 \
	    'PO-4713 used 0 of 5'; do
		check "lists $what" grep -q "Label: $what\$" listed
	done
	check "p11tool --test-sign on the general key" \
	    p11 --test-sign "pkcs11:token=EdgeHSM-fab1;object=signer"
	refuses "p11tool --test-sign on the issuing key" 1 "Cannot sign data" \
	    out.sig p11 --test-sign \
	    "pkcs11:token=EdgeHSM-fab1;object=idevid-ca-2026"
fi

# --- openssl with both keys ---
only="issuing key idevid-ca-2026 signs TBSCertificates (version 3) that fit an \
authorization and requests for itself, nothing else"
refuses "dgst with the issuing key" 1 "$only" out.sig \
    openssl dgst -sha256 -sign "$KEY" -out out.sig message
refuses "cms with the issuing key" 3 "$only" out.cms \
    openssl cms -sign -nodetach -in message -signer ca.pem -inkey "$KEY" \
    -outform PEM -out out.cms
refuses "req -x509 with the issuing key" 1 \
    "$only\|no extensions, must be of version 3" out.pem \
    openssl req -x509 -new -key "$KEY" -subj /CN=me -days 30 -out out.pem
refuses "req -x509 as a CA" 1 "the serial number has 20 octets, must have 16" \
    out.pem openssl req -x509 -new -key "$KEY" -subj /CN=me -days 30 \
    -addext basicConstraints=critical,CA:TRUE -out out.pem
refuses "req -x509 as a CA with a serial number that fits" 1 \
    "issuer has commonName where countryName must be" \
    out.pem openssl req -x509 -new -key "$KEY" -subj /CN=me -days 30 \
    -set_serial 0x40112233445566778899aabbccddeeff \
    -addext basicConstraints=critical,CA:TRUE -out out.pem
refuses "pkeyutl with the issuing key" 1 \
    "this key signs complete messages only (use -rawin or X509_sign)" out.sig \
    openssl pkeyutl -sign -inkey "$KEY" -in tbs.digest -out out.sig
uses "dgst with the general key" "$COUNTS" \
    openssl dgst -sha256 -sign "$GENERAL" -out dgst.sig message
check "verifies" plain_openssl dgst -sha256 -verify key.pem \
    -signature dgst.sig message
uses "req -x509 with the general key" "$COUNTS" openssl req -x509 -new \
    -key "$GENERAL" -subj /CN=me -days 30 -out me.pem
check "verifies" plain_openssl verify -CAfile me.pem me.pem
uses "cms with the general key" "$COUNTS" openssl cms -sign -nodetach \
    -in message -signer me.pem -inkey "$GENERAL" -outform PEM -out me.cms
check "verifies" plain_openssl cms -verify -in me.cms -inform PEM \
    -CAfile me.pem -purpose any -out /dev/null
refuses "a general key under an authorization" 1 \
    "authorization PO-4712 was named, but cannot be used with .*: it is a \
general key" out.sig openssl dgst -sha256 -sign "$GENERAL" \
    -sigopt authorization:PO-4712 -out out.sig message

# --- importing ---
authorize() {
	quietly "$AUTHORITY" authorize --hsm fab1-hsm1 \
	    --profile config/gateway-a.ehprofile --devices 3 --days 7 "$@"
}
write() {
	operator_tool --write-object "$1" --type data --label "$2" \
	    --application-label edgehsm
}
authorize --order PO-4714 --out PO-4714.cose
uses "--write-object imports an authorization" \
    "PO-4712 2 of 5, PO-4713 0 of 5, PO-4714 0 of 3" \
    write PO-4714.cose PO-4714
uses "again, it changes nothing" "$COUNTS" write PO-4714.cose PO-4714
# A profile of more than 5000 octets, where pkcs11-tool cuts files: the one that
# is there ten times, for ten departments.
awk '/^  certificates:/ { inside = 1; print; next }
    /^  injection:/ {
	for (n = 0; n < 10; n++) {
		one = text
		sub(/id: idevid/, "id: idevid" n, one)
		sub(/subject:\n/, "subject:\n          - { attribute: " \
		    "organizationalUnitName, string: utf8, value: D" n " }\n",
		    one)
		printf "%s", one
	}
	exit
    }
    inside { text = text $0 "\n"; next }
    { print }' config/gateway-a.yaml | sed 's/standard: ieee.*/standard: none/;
    s/name: gateway-a/name: gateway-x/' > big.yaml
check "a profile of ten certificates" edgehsm profile compile big.yaml \
    --issuer "$CAKEY=ca.pem" --out big.ehprofile
at_most "has more than 5000 octets" 5001 "$(wc -c < big.ehprofile)"
refuses "--write-object of it, cut" 1 "C_CreateObject failed.*0x8042000e" \
    none write big.ehprofile gateway-x
export EDGEHSM_DEBUG=1
ends "with EDGEHSM_DEBUG it says why" 1 "exactly 5000 bytes came: pkcs11-tool cuts \
files there; use .edgehsm token import" write big.ehprofile gateway-x
unset EDGEHSM_DEBUG
head -c 5000 big.ehprofile > shortened
refuses "edgehsm token import of it, cut" 65 \
    "shortened: exactly 5000 bytes came" none edgehsm token import shortened
: > empty.cose
refuses "edgehsm token import of an empty file" 65 "empty.cose.*empty" none \
    edgehsm token import empty.cose
uses "edgehsm token import of it, whole" "$COUNTS" \
    edgehsm token import big.ehprofile
stop
same "the daemon ends well" "$STATUS" 0
finish

#!/bin/sh
# 11-module-tools.sh - OpenSC's pkcs11-tool, unchanged, with general and issuing
# keys.
set -eu
# shellcheck source=test/flow/1x-module-rig.sh
. "$(dirname "$0")/1x-module-rig.sh"
need pkcs11-tool openssl

token keys
conf "daemon = $EDGEHSMD"
lacks "without a daemon no token is present" "token label" bare -L
shows "and with EDGEHSM_DEBUG the module says why" "no edgehsmd at $S" \
    loud -L
daemon || result 1 "the daemon starts"
shows "a fresh token says that it is uninitialized" uninitialized bare -L
fails "and is not initialised without the OEM's root" "C_InitToken failed" \
    bare --init-token --label factory --so-pin "$OFFICER"
shows "the sentence says how" "edgehsm token init --root" \
    loud --init-token --label factory --so-pin "$OFFICER"
genesis
shows "after genesis it has its label" "token label *: factory" bare -L
lacks "but the operator has no PIN yet" "PIN initialized" bare -L
fails "and cannot log in" USER_PIN_NOT_INITIALIZED tool -O
check "the officer sets one" bare --login --login-type so --so-pin "$OFFICER" \
    --init-pin --pin "$OPERATOR"
shows "now it is there" "PIN initialized" bare -L

# --- keys and signatures ---
check "a general key is made" tool --keypairgen --key-type EC:prime256v1 \
    --label general --id 01
ticket=$(req -r operator -p "$OPERATOR" login | field ticket)
req -t "$ticket" generate alg=-7 purpose=2 label=issuing id=hex:02 > /dev/null
shows "both are listed" issuing tool -O --type privkey
lacks "without login no private key is" "Private Key" bare -O
shows "an issuing key offers no raw mechanism" \
    "Allowed mechanisms: ECDSA-SHA256,mechtype-0x80420001" \
    tool -O --type privkey --id 02
printf 'a message\n' > "$D/message"
openssl dgst -sha256 -binary -out "$D/digest" "$D/message"
head -c 100000 /dev/urandom > "$D/large"
public_key 01 "$D/pub.pem"
sign() {
	tool --sign -m "$1" --id "$2" -i "$3" -o "$D/sig" \
	    --signature-format openssl
}
verify() {
	openssl dgst -sha256 -verify "$D/pub.pem" -signature "$D/sig" "$1"
}
check "CKM_ECDSA signs with the general key" sign ECDSA 01 "$D/digest"
check "OpenSSL verifies it" openssl pkeyutl -verify -pubin -inkey "$D/pub.pem" \
    -in "$D/digest" -sigfile "$D/sig"
check "so does CKM_ECDSA_SHA256" sign ECDSA-SHA256 01 "$D/message"
check "OpenSSL verifies that" verify "$D/message"
check "100,000 octets go in parts" sign ECDSA-SHA256 01 "$D/large"
check "and verify" verify "$D/large"
fails "CKM_ECDSA is refused with the issuing key" \
    "C_SignInit failed: rv = CKR_MECHANISM_INVALID" sign ECDSA 02 "$D/digest"
fails "a message that is no certificate too, with the code of the vendor" \
    "C_SignFinal failed: rv = unknown PKCS11 error (0x80420006)" \
    sign ECDSA-SHA256 02 "$D/message"

# --- objects ---
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout "$D/x.key" -subj /CN=some -out "$D/x.pem" 2> /dev/null
openssl x509 -in "$D/x.pem" -outform DER -out "$D/x.der"
check "a certificate is stored" tool --write-object "$D/x.der" --type cert \
    --label some --id 07
shows "it shows its subject" "CN=some" bare -O --type cert
check "it is read" bare --read-object --type cert --id 07 -o "$D/y.der"
check "byte for byte" cmp "$D/x.der" "$D/y.der"
check "a note is stored" tool --write-object "$D/message" --type data \
    --label note --application-label mine
shows "and read" "a message" bare --read-object --type data --label note \
    --application-label mine
check "it is destroyed" tool --delete-object --type data --label note \
    --application-label mine
lacks "and gone" note bare -O --type data
fails "no key is brought in" TEMPLATE_INCONSISTENT tool --write-object \
    "$D/x.key" --type privkey --label foreign
check "a key is renamed" tool --set-id 09 --id 01 --type privkey
shows "under its new id" general tool -O --type privkey --id 09
check "and destroyed" tool --delete-object --type privkey --id 09
lacks "with its public half" general tool -O
fails "the issuing key is not the operator's to destroy" USER_NOT_LOGGED_IN \
    tool --delete-object --type privkey --id 02

# --- messages ---
head -c 300 /dev/urandom > "$D/junk"
fails "junk is no message" "0x8042000e" tool --write-object "$D/junk" \
    --type data --label PO-1 --application-label edgehsm
head -c 6000 /dev/urandom > "$D/junk"
shows "a file that the tool cut is said to be cut" "cuts files" \
    loud --login --pin "$OPERATOR" --write-object "$D/junk" --type data \
    --label PO-1 --application-label edgehsm

# --- PINs ---
fails "a wrong PIN is refused" PIN_INCORRECT bare --login --pin wrong-pin -O
sleep 1
check "the PIN is changed" bare --login --pin "$OPERATOR" --change-pin \
    --new-pin op-pin-2
OPERATOR=op-pin-2
check "and the new one counts" tool -O
check "pkcs11-tool --test finds no errors" tool --test
check "random numbers" bare --generate-random 64 -o "$D/random"
check "are 64 octets" [ "$(wc -c < "$D/random")" = 64 ]
stop
check "the daemon ends well" [ "$STATUS" = 0 ]
finish

#!/bin/sh
# 15-module-issue.sh - an authorization and its counters, with a tool that knows
# nothing of them: loaded, spent and looked at with pkcs11-tool.
set -eu
# shellcheck source=test/flow/1x-module-rig.sh
. "$(dirname "$0")/1x-module-rig.sh"
need pkcs11-tool openssl
PATH=$EH_BUILDDIR:$PATH
for program in edgehsm edgehsm-authority; do
	[ -x "$EH_BUILDDIR/$program" ] || skip_all "$program is not built"
done

export EDGEHSM_MODULE="$MODULE" EDGEHSM_PIN_FILE="$D/op" \
    EDGEHSM_SO_PIN_FILE="$D/so" EDGEHSM_AUTHORITY="$D/oem" \
    EDGEHSM_PROFILES="$D"
(umask 077 && echo "$OPERATOR" > "$D/op" && echo "$OFFICER" > "$D/so")
token keys
conf "daemon = $EDGEHSMD"
daemon || result 1 "the daemon starts"
{
	edgehsm-authority init --name oem.example \
	    --subject '/O=ACME/CN=ACME Device Root CA'
	edgehsm token init --label factory --root "$D/oem/oem-root.spki"
	edgehsm-authority enrol --invite hsm1 --factory fab1 \
	    --out "$D/invitation"
	edgehsm token enrol --invitation "$D/invitation" --out "$D/enrol"
	edgehsm-authority enrol "$D/enrol" --yes --out "$D/grant"
	edgehsm token import "$D/grant"
	edgehsm token keygen --purpose issuing --label idevid-ca-2026
	edgehsm token csr --label idevid-ca-2026 --out "$D/ca.csr" \
	    --subject '/C=DE/O=ACME/CN=ACME IDevID Issuing CA 1'
	edgehsm-authority certify --as issuing-ca "$D/ca.csr" \
	    --out "$D/ca.pem"
	edgehsm token import "$D/ca.pem"
	edgehsm-authority time --hsm hsm1 --nonce "$(edgehsm token nonce)" \
	    --out "$D/time"
	edgehsm token import "$D/time"
	cp "$EH_SRCDIR/configs/examples/gateway-a.yaml" "$D"
	edgehsm profile compile "$D/gateway-a.yaml" \
	    --issuer "idevid-ca-2026=$D/ca.pem"
	edgehsm token import "$D/gateway-a.ehprofile"
	edgehsm-authority authorize --hsm hsm1 --order PO-4712 --days 7 \
	    --profile "$D/gateway-a.ehprofile" --devices 2 \
	    --scope range:serial:SN00000100:SN00000199 --out "$D/order"
} > "$D/setup" 2>&1 || {
	sed 's/^/# /' "$D/setup"
	echo "Bail out! the set-up failed"
	exit 1
}

# --- loading it ---
lacks "no authorization yet" PO-4712 bare -O --type data
shows "pkcs11-tool loads the authorization, and reads it back" \
    "label: *'PO-4712'" tool --write-object "$D/order" --type data \
    --label PO-4712 --application-label edgehsm
used() {
	shows "$1" "'PO-4712 used $2 of 2'" bare -O --type data
}
used "it shows, and that nothing is used" 0
check "the same message again changes nothing" tool --write-object \
    "$D/order" --type data --label PO-4712 --application-label edgehsm
used "indeed" 0

# --- spending it ---
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
    -out "$D/dev.key" 2> /dev/null
# tbs DEVICE: its TBSCertificate in DEVICE.tbs.
tbs() {
	openssl req -new -key "$D/dev.key" -subj / -out "$D/dev.csr"
	edgehsm profile render --authorization PO-4712 --device "$1" \
	    --csr "$D/dev.csr" --out "$D/$1.tbs" > /dev/null
}
tbs SN00000100
tbs SN00000101
tbs SN00000102
tbs SN00000200 2> /dev/null || :
id=$(bare -O --type pubkey 2> /dev/null |
    grep -A1 idevid-ca-2026 | sed -n 's/^ *ID: *//p')
sign() {
	tool --sign -m "${3:-ECDSA-SHA256}" --id "$id" -i "$1" -o "$2"
}
check "a certificate is signed" sign "$D/SN00000100.tbs" "$D/sig1"
used "which costs one device" 1
check "the same again" sign "$D/SN00000100.tbs" "$D/sig2"
check "is the same signature" cmp "$D/sig1" "$D/sig2"
used "and costs nothing" 1
cp "$D/SN00000101.tbs" "$D/bent"
printf 'X' | dd of="$D/bent" bs=1 seek=80 conv=notrunc 2> /dev/null
fails "one with a changed octet fits no template" 0x80420006 \
    sign "$D/bent" "$D/sig"
openssl dgst -sha256 -binary -out "$D/digest" "$D/SN00000101.tbs"
fails "its digest is not signed" CKR_MECHANISM_INVALID \
    sign "$D/digest" "$D/sig" ECDSA
used "neither costs anything" 1
shows "p11tool and others ask for the size first" "asked 1 came 1" \
    stranger "$EHSIGN" "$MODULE" "$OPERATOR" idevid-ca-2026 1 1 \
    size "$D/SN00000101.tbs"
used "which costs one device, not two" 2
fails "the third device is refused with the code of the quota" \
    "C_SignFinal failed: rv = unknown PKCS11 error (0x80420001)" \
    sign "$D/SN00000102.tbs" "$D/sig"
shows "and the sentence has the numbers" \
    "PO-4712 allows 2 devices, 2 used" loud --login --pin "$OPERATOR" \
    --sign -m ECDSA-SHA256 --id "$id" -i "$D/SN00000102.tbs" -o "$D/sig"
check "a repeat is free all the same" sign "$D/SN00000100.tbs" "$D/sig2"
stop
daemon || result 1 "the daemon starts again"
check "after a restart of the daemon too" sign "$D/SN00000100.tbs" "$D/sig2"
check "the same signature" cmp "$D/sig1" "$D/sig2"
used "and has forgotten nothing" 2
stop
finish

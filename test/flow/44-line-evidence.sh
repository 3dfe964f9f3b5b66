#!/bin/sh
# 44-line-evidence.sh - a profile that asks for the request of each device's
# key: the line sends the chip's own, tools send theirs or import it just
# before, and without it nothing is signed.
set -eu
# shellcheck source=test/flow/4x-line-rig.sh disable=SC1091
. "$(dirname "$0")/4x-line-rig.sh"
command -v pkcs11-tool > /dev/null || skip_all "pkcs11-tool is missing"
factory
sed -e 's/^  evidence: none.*/  evidence: csr/' \
    "$EH_SRCDIR/configs/examples/gateway-b.yaml" > "$LINE/gateway-b.yaml"
setup edgehsm profile compile "$LINE/gateway-b.yaml"
order E-1 6

# --- the line ---
run --units SN00000001..SN00000002 --progress plain
is "the line sends the request of the chip" 0 "$STATUS"
is "both devices are good" 2 \
    "$(edgehsm unit list --state "$D/devices" | grep -c ' good ')"
check "the request is kept beside the certificates" openssl req -noout -verify \
    -inform DER -in "$D/devices/SN00000002/attestation.csr"
edgehsm line plan "$LINE/line3.yaml" > "$D/plan" || :
check "edgehsm line plan says what is enforced inside" \
    grep -q "PKCS#10 request (evidence: csr)" "$D/plan"

# --- by hand, with the request ---
cd "$D"
device() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -subj / -keyout "$1.key" -out "$1.csr" 2> /dev/null
	openssl req -in "$1.csr" -outform DER -out "$1.der"
}
device a
device b
device c
device d
issue() {
	edgehsm unit issue "$1" --csr "$2.csr" --out "$1.pem" \
	    --authorization E-1 --template idevid
}
check "unit issue sends it" issue SN00000003 a
check "and gets the same again" issue SN00000003 a

# --- a plain C_Sign ---
id=$(foreign pkcs11-tool --module "$EDGEHSM_MODULE" -O --type pubkey \
    2> /dev/null | grep -A1 idevid-ca-2026 | sed -n 's/^ *ID: *//p')
tbs() {
	setup edgehsm profile render --authorization E-1 --device "$1" \
	    --template idevid --csr "$2.csr" --out "$1.tbs"
}
tool() {
	foreign pkcs11-tool --module "$EDGEHSM_MODULE" --login \
	    --pin "$OPERATOR" "$@"
}
sign() {
	tool --sign -m ECDSA-SHA256 --id "$id" -i "$1" -o "$2"
}
load() {
	tool --write-object "$1" --type data --label dev \
	    --application-label edgehsm
}
tbs SN00000004 b
fails "without a request it is refused" 0x8042000a sign SN00000004.tbs sig
fails "through libcrypto too, with both ways out" \
    "evidence invalid.*CKM_EDGEHSM_ISSUE.*or import it just before" \
    foreign openssl dgst -sha256 -provider-path "$OPENSSL_MODULES" \
    -provider edgehsm -provider default -out sig \
    -sign "pkcs11:object=idevid-ca-2026;type=private" SN00000004.tbs
check "a request of another key is imported" load a.der
fails "and does not help" 0x8042000a sign SN00000004.tbs sig
cp b.der bent.der
printf 'X' | dd of=bent.der bs=1 seek=60 conv=notrunc 2> /dev/null
fails "one that does not verify is not imported" 0x8042000a load bent.der
STATUS=0
edgehsm token import bent.der > /dev/null 2>&1 || STATUS=$?
is "which ends with 77" 77 "$STATUS"
used=$(number devices_used E-1)
check "the device's own is" load b.der
check "and then it is signed" sign SN00000004.tbs sig
is "for one device" $((used + 1)) "$(number devices_used E-1)"
check "the same again is free" sign SN00000004.tbs sig2
check "and the same" cmp sig sig2
tbs SN00000005 b
check "the same request is imported again" load b.der
fails "a key is of one device" 0x8042000a sign SN00000005.tbs sig
fails "and the sentence says of which" \
    "public key is that of device SN00000004 already" \
    edgehsm unit issue SN00000005 --csr b.csr --out b.pem \
    --authorization E-1 --template idevid
tbs SN00000005 c
fails "another key needs its own request" 0x8042000a sign SN00000005.tbs sig
check "edgehsm token import takes it as PEM, too" edgehsm token import c.csr
check "and then it is signed" sign SN00000005.tbs sig
check "what was imported is forgotten at a restart" load d.der
stop
daemon || echo "# edgehsmd did not start again"
tbs SN00000006 d
fails "so the request is imported again" 0x8042000a sign SN00000006.tbs sig
stop
finish

#!/bin/sh
# 45-line-attested.sh - a profile that asks for genuine chips: a line whose chips
# come from a (soft) silicon fab runs as ever, and every chip that is not the
# one, now, is refused, whichever way it comes.
set -eu
# shellcheck source=test/flow/4x-line-rig.sh disable=SC1091
. "$(dirname "$0")/4x-line-rig.sh"
command -v pkcs11-tool > /dev/null || skip_all "pkcs11-tool is missing"
EHCHIP=$EH_BUILDDIR/test/flow/ehchip
[ -x "$EHCHIP" ] || skip_all "ehchip is not built"
factory

# --- a fab, and a profile that trusts it ---
"$EH_BUILDDIR/edgehsm-chip-soft" --fab "$D/fab" > "$D/root"
"$EH_BUILDDIR/edgehsm-chip-soft" --fab "$D/fab2" > "$D/root2"
is "openssl names the same silicon CA" "$(cat "$D/root")" \
    "$(openssl x509 -inform DER -in "$D/fab/silicon-ca.der" -noout -pubkey |
    openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1)"
sed -e 's/^  evidence: none.*/  evidence: attested/' \
    "$EH_SRCDIR/configs/examples/gateway-b.yaml" > "$LINE/gateway-b.yaml"
STATUS=0
edgehsm profile compile "$LINE/gateway-b.yaml" > "$D/out" 2>&1 || STATUS=$?
is "without a silicon CA the profile does not compile" 65 "$STATUS"
check "in words" grep -q "needs attestationRoots" "$D/out"
cp "$D/fab/silicon-ca.der" "$LINE/silicon-ca.der"
sed -i 's/^  evidence: attested/&\n  attestationRoots: [ silicon-ca.der ]/' \
    "$LINE/gateway-b.yaml"
setup edgehsm profile compile "$LINE/gateway-b.yaml"
sed -i "s|with: { state: chips }|with: { state: chips, fab: $D/fab }|" \
    "$LINE/line3.yaml"
order A-1 20

# --- the line ---
run --units SN00000001..SN00000002 --progress plain
is "the line has its chips attest" 0 "$STATUS"
is "both devices are good" 2 \
    "$(edgehsm unit list --state "$D/devices" | grep -c ' good ')"
edgehsm line plan "$LINE/line3.yaml" > "$D/plan" || :
check "edgehsm line plan says what is enforced inside" \
    grep -q "a genuine chip has each device's key" "$D/plan"
run --units SN00000001..SN00000002 --progress plain
is "again: nothing to do" 0 "$STATUS"
is "two devices were used" 2 "$(number devices_used A-1)"
sed "s|, fab: [^ ]* }| }|" "$LINE/line3.yaml" > "$LINE/nofab.yaml"
sed "s|fab: [^ ]* }|fab: $D/fab2 }|" "$LINE/line3.yaml" > "$LINE/fab2.yaml"
edgehsm line run "$LINE/nofab.yaml" --state "$D/nofab" \
    --units SN00000003..SN00000003 > "$D/out" 2> "$D/err" || :
check "a chip without a fab cannot say who it is" \
    grep -q "came from no fab" "$D/out" "$D/err"
rm -f "$LINE"/chips/SN00000003.chip
STATUS=0
edgehsm line run "$LINE/fab2.yaml" --state "$D/fab2state" \
    --units SN00000003..SN00000003 > "$D/out" 2> "$D/err" || STATUS=$?
is "chips of another fab end the line with 77" 77 "$STATUS"
check "and are told so" grep -q "ends at another CA" "$D/out" "$D/err"
is "nothing of this cost a device" 2 "$(number devices_used A-1)"

# --- by hand ---
cd "$D"
device() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -subj / -keyout "$1.key" -out "$1.csr" 2> /dev/null
	openssl pkey -in "$1.key" -pubout -outform DER -out "$1.spki"
}
for n in a b c d; do
	device "$n"
done
# chip DEVICE KEY [OPTION...]: evidence in ./ev over a new challenge.
chip() {
	nonce=$(edgehsm token nonce --authorization A-1 --device "$1")
	again "$@"
}
# again: the same over the last challenge.
again() {
	key=$2
	shift 2
	"$EHCHIP" "${FAB:-$D/fab}" "$nonce" "$key.spki" ev "$@"
}
issue() {
	edgehsm unit issue "$1" --csr "$2.csr" --attestation ev \
	    --out "$1.pem" --authorization A-1 --template idevid
}
chip SN00000005 a
is "a challenge has 32 octets" 64 "${#nonce}"
check "a good chip is issued" issue SN00000005 a
check "the same again is free, whatever comes with it" issue SN00000005 a
is "three devices" 3 "$(number devices_used A-1)"
chip SN00000006 b soc=61 middle=ca
check "so is one under an intermediate CA" issue SN00000006 b

# refused NAME WORDS [OPTION...]: a chip that is not the one, three ways in; the
# challenge stays, so a good chip can answer it at the end.
id=$(foreign pkcs11-tool --module "$EDGEHSM_MODULE" -O --type pubkey \
    2> /dev/null | grep -A1 idevid-ca-2026 | sed -n 's/^ *ID: *//p')
load() {
	foreign pkcs11-tool --module "$EDGEHSM_MODULE" --login \
	    --pin "$OPERATOR" --write-object ev --type data --label dev \
	    --application-label edgehsm
}
refused() {
	who=$1
	why=$2
	shift 2
	again SN00000007 c soc=71 "$@"
	fails "$who: unit issue" "evidence invalid.*$why" issue SN00000007 c
	fails "$who: a plain import" 0x8042000a load
	STATUS=0
	edgehsm token import ev > imported 2>&1 || STATUS=$?
	is "$who: token import ends with 77" 77 "$STATUS"
	check "$who: in the same words" grep -q "$why" imported
}
nonce=$(edgehsm token nonce --authorization A-1 --device SN00000007)
FAB=$D/fab2 refused "another silicon CA" "ends at another CA"
refused "another signature on the certificate" "signature does not verify" \
    ca=other
refused "an intermediate that is no CA" "not that of a CA" middle=leaf
refused "another signature on ATTEST" "not signed by the key in" signer=other
refused "another lifecycle" "lifecycle is 4000 hex" lifecycle=4000
refused "an open session" "session is open" session=2
refused "a root key of the station's" "obeys the root key eeee" rotpk=ee
refused "an octet behind it" "data after the end" tail=00
refused "a RECEIPT" "ATTEST is wanted" form=RECEIPT
nonce=$(printf '%064d' 0)
refused "a challenge of nobody" "no challenge of this EdgeHSM"

# other keys: only the issue can tell
chip SN00000007 d soc=71
fails "another key in the TBS" "other keys than the one in the TBS" \
    issue SN00000007 c
again SN00000007 c soc=71 place=ffffffff
fails "the transport key" "other keys" issue SN00000007 c
chip SN00000008 c soc=71
fails "another device's challenge" \
    "answers the challenge for device SN00000008" issue SN00000007 c
chip SN00000007 c soc=71
check "after all that a good chip is issued" issue SN00000007 c
fails "its evidence is used up" "no challenge of this EdgeHSM" \
    edgehsm token import ev
is "five devices" 5 "$(number devices_used A-1)"
chip SN00000007 c soc=72
STATUS=0
edgehsm unit issue SN00000007 --csr c.csr --attestation ev --out x.pem \
    --authorization A-1 --template dac > out 2>&1 || STATUS=$?
is "another chip for an open device ends with 77" 77 "$STATUS"
check "for it would be a re-issue" grep -q \
    "SN00000007 was begun with another chip.*allows no re-issue" out
chip SN00000009 d soc=71
fails "one chip is not two devices" \
    "the chip is that of device SN00000007 already" issue SN00000009 d

# --- a plain C_Sign ---
sign() {
	foreign pkcs11-tool --module "$EDGEHSM_MODULE" --login \
	    --pin "$OPERATOR" --sign -m ECDSA-SHA256 --id "$id" -i "$1" -o "$2"
}
setup edgehsm profile render --authorization A-1 --device SN00000010 \
    --template idevid --csr d.csr --out ten.tbs
fails "without an attestation it is refused" 0x8042000a sign ten.tbs sig
fails "through libcrypto too, with both ways out" \
    "evidence invalid.*CKM_EDGEHSM_ISSUE.*or import it just before" \
    foreign openssl dgst -sha256 -provider-path "$OPENSSL_MODULES" \
    -provider edgehsm -provider default -out sig \
    -sign "pkcs11:object=idevid-ca-2026;type=private" ten.tbs
chip SN00000010 d soc=a1
check "one is imported" load
check "and then it is signed" sign ten.tbs sig
check "the same again is free" sign ten.tbs sig2
check "and the same" cmp sig sig2
is "six devices" 6 "$(number devices_used A-1)"

# --- firmware ---
fails "an authorization that names firmware names a digest" \
    "is not ID:VERSION:SHA256" edgehsm-authority authorize --hsm hsm1 \
    --profile "$LINE/gateway-b.ehprofile" --devices 5 --order F-0 --days 7 \
    --firmware boot:1 --out f0
order F-1 5 --firmware "boot:1.0:$(cat "$D/root")"
nonce=$(edgehsm token nonce --authorization F-1 --device SN00000020)
again SN00000020 d soc=f1
fails "chips that run another one are refused" \
    "its firmware .* is none of the 1 that the authorization names" \
    edgehsm unit issue SN00000020 --csr d.csr --attestation ev --out f.pem \
    --authorization F-1 --template idevid

# --- a restart ---
device e
chip SN00000011 e soc=b1
stop
daemon || echo "# edgehsmd did not start again"
fails "a restart forgets challenges" "no challenge of this EdgeHSM" \
    issue SN00000011 e
chip SN00000012 e soc=71
fails "and keeps whose chip is whose" \
    "the chip is that of device SN00000007 already" issue SN00000012 e
chip SN00000012 e soc=c1
check "a new one is good" issue SN00000012 e
is "seven devices" 7 "$(number devices_used A-1)"
stop
finish

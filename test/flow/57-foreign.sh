#!/bin/sh
# 57-foreign.sh - what does not belong here: another root, another authority, and
# keys that the host has put into the key store or exchanged there.
set -eu
# shellcheck source=test/flow/5x-rig.sh
. "$(dirname "$0")/5x-rig.sh"
command -v pkcs11-tool > /dev/null || skip_all "opensc is not installed"
ceremony "autostart = no"
order PO-1 10 2
status
root=$(counter root)

# Another OEM, with a token of the same factory in its books by mistake.
other() {
	EDGEHSM_AUTHORITY="$D/other" "$AUTHORITY" "$@"
}
quietly other init --name other.example --subject '/O=Other/CN=Other Root'

# --- another root for this token ---
ends "a token that has its root takes no other" 77 "has its root already" \
    "$EDGEHSM" token init --label stolen --root "$D/other/oem-root.spki"
ends "nor the same again" 77 "has its root already" \
    "$EDGEHSM" token init --label stolen \
    --root "$EDGEHSM_AUTHORITY/oem-root.spki"
check "without a root it sets label and PINs again" \
    "$EDGEHSM" token init --label EdgeHSM-fab1
quietly "$EDGEHSM" token keygen --purpose general --label general --id 0707
status
same "the root is the first one" "$(counter root)" "$root"

# --- messages under another root ---
"$FAULT/ehforge" "$D/other/grant-root.pem" "$D/oem/grant.cose" \
    "$D/foreign.cose" seq=99
ends "a grant under another root is refused" 65 "" \
    "$EDGEHSM" token import "$D/foreign.cose"
"$FAULT/ehforge" "$D/other/message-key.pem" "$D/oem/PO-1.cose" \
    "$D/foreign.cose" seq=99 devices=1000
ends "so is an authorization of its authority" 65 "" \
    "$EDGEHSM" token import "$D/foreign.cose"
"$EDGEHSM" token nonce --out "$D/oem/nonce"
"$FAULT/ehforge" "$D/other/message-key.pem" "$D/oem/time.cose" \
    "$D/foreign.cose" tseq=99 nonce="$(cat "$D/oem/nonce")"
ends "and its time" 65 "" "$EDGEHSM" token import "$D/foreign.cose"

# --- and an authority refuses who is not its own ---
quietly other enrol --invite fab1-hsm1 --factory fab1 --out "$D/invitation"
quietly "$EDGEHSM" token enrol --invitation "$D/oem/invitation.json" \
    --out "$D/enrol"
ends "an EdgeHSM that was asked by somebody else" 77 "obeys another root" \
    other enrol "$D/enrol" --yes --out "$D/grant"
quietly "$EDGEHSM" token enrol --invitation "$D/invitation" --out "$D/enrol"
ends "one under another root, asked by this one" 77 "obeys another root" \
    other enrol "$D/enrol" --yes --out "$D/grant"
check "and no grant was written" [ ! -e "$D/grant" ]
ends "no certificate for a key under another root" 77 "no EdgeHSM that is" \
    other certify --as issuing-ca "$D/oem/ca.csr" --out "$D/ca"
check "and none was written" [ ! -e "$D/ca" ]
status
same "nothing of it is in force" \
    "$(counter devices_allowed PO-1) $(counter devices_used PO-1)" "10 0"
check "and the token still works" load -a PO-1 -n 1

# --- a key that the host has put into the key store ---
store() {
	pkcs11-tool --module "$SOFTHSM" --token-label keys --login --pin 5678 \
	    "$@" 2> /dev/null
}
module() {
	foreign pkcs11-tool --module "$EDGEHSM_MODULE" --login \
	    --pin "$OPERATOR" "$@"
}
stop
store --keypairgen --key-type EC:prime256v1 --label planted --id 77 \
    > /dev/null
quietly up
check "a planted key does not exist" sh -c "! '$EDGEHSM' token info --json |
    grep -q planted"
check "the true ones do" sh -c "'$EDGEHSM' token info --json |
    grep -q $CAKEY"
module -O > "$D/objects" 2> /dev/null
check "not for strangers either" sh -c \
    "! grep -q planted '$D/objects' && grep -q $CAKEY '$D/objects'"
stop

# --- the keys exchanged: would the general one's rules be those of the other? ---
ids=$(store -O --type privkey | sed -n 's/^ *ID: *//p')
rename() {
	store --type privkey --id "$1" --set-id "$2" > /dev/null
	store --type pubkey --id "$1" --set-id "$2" > /dev/null
}
# Of three keys that are ours, all pairs.
# shellcheck disable=SC2046 # three words
set -- $(printf '%s\n' "$ids" | grep -v '^77$')
same "three keys: attestation, issuing, general" $# 3
head -c 32 /dev/zero > "$D/digest"
exchanged() {
	rename "$1" eeee
	rename "$2" "$1"
	rename eeee "$2"
}
raw() {
	module --sign -m ECDSA --id 0707 -i "$D/digest" -o "$D/sig"
}
for pair in "$1 $2" "$1 $3" "$2 $3"; do
	first=${pair% *}
	second=${pair#* }
	exchanged "$first" "$second"
	: > "$D/err"
	quietly up
	same "exchanged: two keys are refused by name" \
	    "$(grep -c "is refused: .*another key in its place" "$D/err")" 2
	# One of the three is not touched; that the general one still signs
	# is right when it is that.
	if ! grep -q "'general'.* is refused" "$D/err"; then
		check "exchanged: who was not touched still signs" raw
	else
		fails "exchanged: the general name signs nothing" \
		    "CKR_KEY_FUNCTION_NOT_PERMITTED" raw
	fi
	stop
	exchanged "$first" "$second"
done
quietly up
check "put right, the general key signs raw" raw
check "and the issuing key issues" load -a PO-1 -n 1 -d SN00000009
stop
finish

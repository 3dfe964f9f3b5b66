#!/bin/sh
# 02-daemon-keys.sh - what a host can do to the key store behind the daemon's
# back, and what comes of it: nothing.
set -eu
# shellcheck source=test/flow/0x-daemon-rig.sh
. "$(dirname "$0")/0x-daemon-rig.sh"
command -v pkcs11-tool > /dev/null || skip_all "opensc is not installed"

tool() {
	pkcs11-tool --module "$SOFTHSM" --token-label keys --login --pin 5678 \
	    "$@" 2>/dev/null
}

# backend_id OBJECT: the CKA_ID that the key with this public key has there.
backend_ids() {
	tool -O --type privkey | sed -n 's/^ *ID: *//p' | sort
}

token keys
mkdir "$D/copy"
cp -a "$D/tokens/." "$D/copy/"
conf
daemon || result 1 "it starts"
genesis
operator
ticket=$(req -r operator -p "$OPERATOR" login | field ticket)
before=$(backend_ids)
make_key() {
	req -t "$ticket" generate alg=-7 "purpose=$1" "label=$2" id= |
	    field object
}
general=$(make_key 0 general)
general_id=$(backend_ids | grep -vF "$before")
before=$(backend_ids)
issuing=$(make_key 2 issuing)
issuing_id=$(backend_ids | grep -vF "$before")

try() {
	req -t "$ticket" sign "object=$1" mechanism=2 data=message
}
refused_key() {
	refused "$1" EH_DENIED_KEY "$2" try "$3"
}
check "the general key signs" try "$general"
refused "the issuing key signs no digest" EH_DENIED_MECHANISM "never a digest" \
    req -t "$ticket" sign "object=$issuing" mechanism=1 data=12345678901234567890123456789012
refused "and no message that is neither certificate nor request" \
    EH_DENIED_TEMPLATE "" try "$issuing"

# --- SoftHSM loses its token: killed in the middle of its login ---
stop
for file in "$D"/tokens/*/token.object; do
	: > "$file"
done
start_fails "a token that SoftHSM lost is told, with what to do" 78 \
    "put back a copy of the key store (SoftHSM loses .*edgehsmd(8))"
check "neither state nor anchor has suffered" [ -s "$D/anchor" ]
for file in "$D"/copy/*/token.object; do
	cp -p "$file" "$D/tokens/$(basename "$(dirname "$file")")/"
done
daemon || result 1 "it starts with the first copy of token.object"
check "and has every key" try "$general"

# --- swapped ---
set_id() {
	tool --type privkey --id "$1" --set-id "$2" > /dev/null
	tool --type pubkey --id "$1" --set-id "$2" > /dev/null
}
stop
set_id "$general_id" ffffffffffffffffffffffffffffffff
set_id "$issuing_id" "$general_id"
set_id ffffffffffffffffffffffffffffffff "$issuing_id"
daemon || result 1 "it starts with swapped keys"
refused_key "swapped: the general name does not sign with the issuing key" \
    "another key in its place" "$general"
refused_key "and not the other way round" "another key in its place" "$issuing"
stop
set_id "$general_id" ffffffffffffffffffffffffffffffff
set_id "$issuing_id" "$general_id"
set_id ffffffffffffffffffffffffffffffff "$issuing_id"
daemon || result 1 "it starts with the keys put right"
check "put right, the general key signs again" try "$general"

# --- only the public half swapped: what it shows is not what signs ---
stop
tool --type pubkey --id "$general_id" --set-id ffffffffffffffffffffffffffffffff > /dev/null
tool --type pubkey --id "$issuing_id" --set-id "$general_id" > /dev/null
daemon || result 1 "it starts with swapped public keys"
refused_key "a public key in the wrong place" "another key in its place" \
    "$general"
stop
tool --type pubkey --id "$general_id" --set-id "$issuing_id" > /dev/null
tool --type pubkey --id ffffffffffffffffffffffffffffffff --set-id "$general_id" > /dev/null
tool --type privkey --id "$general_id" --set-id ffffffffffffffffffffffffffffffff > /dev/null
tool --type privkey --id "$issuing_id" --set-id "$general_id" > /dev/null
daemon || result 1 "it starts with swapped private keys"
refused_key "a private key in the wrong place" "another key than it shows" \
    "$general"
stop
tool --type privkey --id "$general_id" --set-id "$issuing_id" > /dev/null
tool --type privkey --id ffffffffffffffffffffffffffffffff --set-id "$general_id" > /dev/null

# --- added ---
daemon || result 1 "it starts"
count=$(req list | grep -c class=1)
stop
tool --keypairgen --key-type EC:prime256v1 --id 0102 --label edgehsm > /dev/null
daemon || result 1 "it starts with a foreign key"
check "a key added behind the daemon's back does not exist" \
    [ "$(req list | grep -c class=1)" = "$count" ]
check "and the log says that it is there" \
    grep -q "holds 2 objects that the state does not name" "$D/err"
stop
tool --keypairgen --key-type EC:prime256v1 --id "$general_id" --label edgehsm > /dev/null
daemon || result 1 "it starts with a second key under one id"
refused_key "two keys under one id: neither is used" "same CKA_ID" "$general"
stop

# --- removed ---
tool --delete-object --type privkey --id "$issuing_id" > /dev/null
daemon || result 1 "it starts without the issuing key"
refused_key "a key that was removed is refused with that reason" \
    "does not hold the key" "$issuing"
check "the rest of the token goes on" req receipt nonce=hex:00112233445566778899aabbccddeeff
stop

# --- an old key store beside an empty state ---
mv "$STATE" "$D/old-state"
mv "$D/anchor" "$D/old-anchor"
daemon || result 1 "it starts on an empty folder"
refused "genesis is refused on a key store that was used" EH_DENIED_STATE \
    "holds [0-9]* objects" genesis
stop
rm -rf "$STATE" "$D/anchor"

# --- an old state beside an empty key store ---
mv "$D/old-state" "$STATE"
mv "$D/old-anchor" "$D/anchor"
token empty
conf "backend.token = empty"
daemon || result 1 "it starts with an empty key store"
check "status says what is missing and what to do" sh -c \
    "'$EHREQ' -s $S status | grep -q '^text=.*boundary secret.*backend.token'"
refused "everything else is fail-stopped" EH_DENIED_FAIL_STOPPED \
    "boundary secret" req -t "$ticket" sign "object=$general" mechanism=2 data=x
refused "genesis too" EH_DENIED_FAIL_STOPPED "boundary secret" genesis
stop

# --- no state, but the anchor was used ---
conf
mv "$STATE" "$D/old-state"
token fresh
conf "backend.token = fresh"
daemon || result 1 "it starts with the anchor alone"
check "an anchor without its state is fail-stopped or refused" sh -c "
    '$EHREQ' -s $S genesis label=x pin=so-pin-1 spki=@$D/oem.spki 2>&1 |
    grep -q 'EH_DENIED_'"
stop
finish

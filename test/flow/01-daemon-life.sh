#!/bin/sh
# 01-daemon-life.sh - edgehsmd from the first start to the last: options, what
# stops it from starting, genesis, keys, PINs, restarts.
set -eu
# shellcheck source=test/flow/0x-daemon-rig.sh
. "$(dirname "$0")/0x-daemon-rig.sh"

# --- options ---
check "--version answers" sh -c "'$EDGEHSMD' --version | grep -q '^edgehsmd 0'"
check "--help has examples" sh -c "'$EDGEHSMD' --help | grep -q examples:"
fails "an unknown option is refused" "unrecognized option" "$EDGEHSMD" --nonsense
fails "a descriptor that is not open is refused" "no open descriptor" \
    "$EDGEHSMD" --ready-fd 77
fails "a configuration that is not there is named" "/nowhere.conf" \
    "$EDGEHSMD" --conf /nowhere.conf

# --- what stops it ---
conf
start_fails "no token of that label" 78 "backend.token.*'keys'"
token keys
conf "backend.module = /nowhere/module.so"
start_fails "no such module" 78 "backend.module.*/nowhere/module.so"
conf
echo 99999999 > "$D/backend.pin"
start_fails "wrong PIN of the backend" 78 "backend.pin-file.*$D/backend.pin"
echo 5678 > "$D/backend.pin"
chmod 644 "$D/backend.pin"
start_fails "PIN file that others can read" 78 "chmod.*$D/backend.pin"
chmod 600 "$D/backend.pin"
chmod 755 "$STATE"
start_fails "state folder that others can read" 78 "chmod.*$STATE"
if [ "$(id -u)" != 0 ] || ! grep -q "no sandbox" "$D/err"; then
	chmod 500 "$STATE"
	start_fails "state folder that cannot be written" 74 \
	    "must be able to write"
fi
chmod 700 "$STATE"
mkdir -p "$D/run"
rm -f "$S"
: > "$S"
start_fails "a file in the place of the socket" 78 "not a socket"
rm "$S"

# --- before genesis ---
daemon || result 1 "it starts"
check "it serves hello before genesis" sh -c "'$EHREQ' -s $S hello | grep -q '^state=1$'"
refused "no login before genesis" EH_DENIED_STATE "no identity yet" \
    req -r officer -p "$OFFICER" login
refused "no list before genesis" EH_DENIED_STATE "no identity yet" req list
first=$PID
cp "$D/ready" "$D/ready.first"
start_fails "a second daemon names the first" 75 "process $first holds"
PID=$first
openssl genrsa 2048 2>/dev/null | openssl rsa -pubout -outform DER \
    -out "$D/rsa.spki" 2>/dev/null
refused "genesis wants a P-256 root" EH_ERR_FORMAT "P-256" \
    req genesis label=x "pin=$OFFICER" "spki=@$D/rsa.spki"
check "nothing of it stays in the key store" sh -c \
    "! pkcs11-tool --module $SOFTHSM --token-label keys --login --pin 5678 -O 2>/dev/null | grep -q edgehsm"

# --- genesis ---
check "genesis" genesis
check "the state is ready" sh -c "'$EHREQ' -s $S status | grep -q '^state=2$'"
check "status shows the root" sh -c "'$EHREQ' -s $S status | grep -q \
    ^root=\$(openssl dgst -sha256 -r $D/oem.spki | cut -c1-64)"
root foreign
refused "a foreign root cannot take its place" EH_DENIED_STATE \
    "neither can be changed" \
    req genesis label=x "pin=$OFFICER" "spki=@$D/foreign.spki"

# --- PINs ---
refused "the operator has no PIN yet" EH_DENIED_STATE "set-pin" \
    req -r operator -p "$OPERATOR" login
refused "keys need a login" EH_DENIED_LOGIN "login as operator" \
    req generate alg=-7 purpose=0 label=k id=
refused "a wrong PIN" EH_DENIED_PIN "wrong PIN" req -r officer -p wrong1 login
check "the right PIN" req -r officer -p "$OFFICER" login
check "the officer sets the operator's PIN" operator
check "the operator logs in" req -r operator -p "$OPERATOR" login
ticket=$(field ticket < "$D/answer")

# --- keys ---
check "the operator makes a key" req -t "$ticket" -o "spki:$D/key.spki" \
    generate alg=-7 purpose=0 label=first id=hex:01
object=$(field object < "$D/answer")
openssl ec -pubin -inform DER -in "$D/key.spki" -out "$D/key.pub" 2>/dev/null
printf 'a message' > "$D/message"

hex() {
	od -An -v -tx1 | tr -d ' \n'
}

# signs MECHANISM DATA: sign, turn r || s into DER, verify with openssl.
signs() {
	req -t "$ticket" -o "data:$D/sig" sign "object=$object" \
	    "mechanism=$1" "data=@$2" > /dev/null
	{
		echo asn1=SEQUENCE:s
		echo "[s]"
		echo "r=INTEGER:0x$(head -c32 "$D/sig" | hex)"
		echo "s=INTEGER:0x$(tail -c32 "$D/sig" | hex)"
	} > "$D/sig.conf"
	openssl asn1parse -genconf "$D/sig.conf" -noout -out "$D/sig.der"
	openssl dgst -sha256 -verify "$D/key.pub" -signature "$D/sig.der" \
	    "$D/message"
}
check "it signs a message" signs 2 "$D/message"
openssl dgst -sha256 -binary "$D/message" > "$D/digest"
check "it signs a digest" signs 1 "$D/digest"
refused "it issues nothing" EH_DENIED_MECHANISM "general key" \
    req -t "$ticket" sign "object=$object" mechanism=3 data=x param=hex:a0
refused "another number is no key" EH_ERR_NOT_FOUND "no such key" \
    req -t "$ticket" sign object=999 mechanism=2 data=x
attestation=$(req list | sed -n 's/.*object=\([0-9]*\) .*purpose=1 .*/\1/p')
refused "the attestation key signs nothing for anybody" EH_DENIED_KEY \
    "attestation key" \
    req -t "$ticket" sign "object=$attestation" mechanism=2 data=x
refused "signing needs a login" EH_DENIED_LOGIN "login as operator" \
    req sign "object=$object" mechanism=2 data=x

# --- restarts ---
stop
check "SIGTERM ends it with status 0" [ "$STATUS" = 0 ]
check "its socket is gone" [ ! -e "$S" ]
daemon || result 1 "it starts again"
check "the ticket is good after a restart" signs 2 "$D/message"
stop KILL
check "a killed one leaves its socket" [ -S "$S" ]
daemon || result 1 "it starts after a kill"
check "the key is there after a kill" signs 2 "$D/message"
check "the officer's new PIN" req set-pin role=0 "old-pin=$OFFICER" pin=so-pin-2
refused "the old one is wrong now" EH_DENIED_PIN "wrong PIN" \
    req -r officer -p "$OFFICER" login
check "the operator's ticket is not touched by it" signs 2 "$D/message"
check "the operator changes his own" req set-pin role=1 "old-pin=$OPERATOR" \
    pin=op-pin-2
refused "his old ticket is dead" EH_DENIED_LOGIN "login" \
    req -t "$ticket" generate alg=-7 purpose=0 label=k id=

# --- the delay ---
for _ in 1 2 3; do
	req -r operator -p wrong1 login > /dev/null 2>&1 || :
done
refused "many wrong PINs make one wait" EH_DENIED_PIN_DELAY "wait [0-9]* s" \
    req -r operator -p op-pin-2 login
stop KILL
daemon || result 1 "it starts once more"
refused "a restart does not shorten it" EH_DENIED_PIN_DELAY "wait [0-9]* s" \
    req -r operator -p op-pin-2 login
check "hello shows that logins wait" sh -c "'$EHREQ' -s $S hello |
    grep -q '^flags=3$'"
sleep 2.2
check "after the wait the right PIN is right" req -r operator -p op-pin-2 login
check "refusals are logged with who and why" \
    grep -q "uid $(id -u) pid .* login EH_DENIED_PIN_DELAY: " \
    "$STATE/refusals.log"
stop
finish

#!/bin/sh
# 09-selftest.sh - cryptography that answers wrongly is found before it is used,
# or when it begins to: edgehsmd then gives nothing but the reason.
set -eu
# shellcheck source=test/flow/0x-daemon-rig.sh
. "$(dirname "$0")/0x-daemon-rig.sh"
BAD=$EH_BUILDDIR/test/fault/.libs/badcrypto.so
[ -r "$BAD" ] || skip_all "badcrypto.so is not built"
[ -z "$SANITIZER" ] || skip_all "a sanitizer's library wants to be first"

token keys
conf "autostart = no"
daemon || result 1 "it starts"
genesis
operator
ticket=$(req -r operator -p "$OPERATOR" login | field ticket)
quietly_make() {
	req -t "$ticket" generate alg=-7 purpose=0 "label=$1" id=
}
check "a key is made" quietly_make k
object=$(field object < "$D/answer")
stop

# bad WHAT [WHEN]: the daemon on a host on which this is bad.
bad() {
	UNDER="env LD_PRELOAD=$BAD EH_BAD=$1 ${2:+EH_BAD_WHEN=$2}"
	: > "$D/err"
	daemon
	UNDER=
}
fingerprint() {
	(cd "$STATE" && find . -type f ! -name lock ! -name refusals.log \
	    -exec sha256sum {} + | sort)
	sha256sum "$D/anchor"
}
signs() {
	req -t "$ticket" sign "object=$object" mechanism=2 data=message
}
# stopped NAME WORDS: it gives this reason and nothing else, and ends as 69.
stopped() {
	check "$1: status says why" sh -c \
	    "'$EHREQ' -s $S status | grep -q 'text=.*$2'"
	refused "$1: no signature" EH_DENIED_FAIL_STOPPED "$2" signs
	refused "$1: no random numbers" EH_DENIED_FAIL_STOPPED "$2" \
	    req random count=16
	refused "$1: no PIN is looked at" EH_DENIED_FAIL_STOPPED "$2" \
	    req -r operator -p "$OPERATOR" login
	check "$1: its log says it" grep -q "error state: .*$2" "$D/err"
	stop
	check "$1: it ends as fail-stopped" [ "$STATUS" = 69 ]
}

# --- known answers, before first use ---
fingerprint > "$D/before"
for what in sha256:SHA-256 ecdsa:"ECDSA P-256"; do
	bad "${what%%:*}" || :
	stopped "wrong ${what##*:}" \
	    "self-test: ${what##*:} does not give the known answer"
done
UNDER="env LD_PRELOAD=$BAD EH_BAD=getrandom"
start_fails "a generator that stands still from the start" 69 \
    "health test: the kernel's random generator repeats itself; restart"
UNDER=
fingerprint > "$D/after"
check "nothing on the disk has changed" cmp "$D/before" "$D/after"

bad scrypt || result 1 "scrypt is not tested at the start"
check "signatures need no scrypt" signs
refused "a wrong scrypt judges no PIN" EH_DENIED_FAIL_STOPPED "self-test: scrypt" \
    req -r operator -p "$OPERATOR" login
stopped "wrong scrypt" "self-test: scrypt does not give the known answer"

# --- while it runs ---
bad getrandom "$D/now" || result 1 "it starts on a good host"
check "random numbers come" req random count=16
: > "$D/now"
refused "then they do not" EH_DENIED_FAIL_STOPPED "no random numbers" \
    req random count=16
rm "$D/now"
stopped "a generator that stopped" "health test: .* repeats itself"

bad pair "$D/now" || result 1 "it starts with a good key store"
: > "$D/now"
refused "a new key that signs wrongly" EH_ERR_SIGNATURE "another key" \
    quietly_make bad
rm "$D/now"
stopped "a key store that signs wrongly" "pairwise test of a new key"

# --- and a good one again ---
daemon || result 1 "a restart leads out"
check "and signs" signs
check "the bad key is not there" sh -c \
    "! '$EHREQ' -s $S list | grep -q 'label=bad'"
stop
check "a clean stop" [ "$STATUS" = 0 ]
finish

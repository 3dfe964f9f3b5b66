#!/bin/sh
# 03-daemon-roles.sh - who may do what, by the kernel's word; and what clients
# that misbehave can do to others: nothing.
set -eu
# shellcheck source=test/flow/0x-daemon-rig.sh
. "$(dirname "$0")/0x-daemon-rig.sh"
[ "$(id -u)" = 0 ] || skip_all "only root can be somebody else"
command -v setpriv > /dev/null || skip_all "setpriv is not installed"

# as UID COMMAND...: run it as this user, without groups.
as() {
	uid=$1
	shift
	setpriv --reuid "$uid" --regid "$uid" --clear-groups "$@"
}
req_as() {
	uid=$1
	shift
	as "$uid" "$D/ehreq" -s "$S" "$@"
}

token keys
conf "operators = 40001" "officers = 40002" "auditors = 40003"
chmod 755 "$D"
# The test program as others can run it, without libtool's script around it.
libtool=$EH_BUILDDIR/libtool
"$libtool" --mode=install install -m 755 "$EHREQ" "$D/ehreq" > /dev/null
daemon || result 1 "it starts"
root oem
chmod 644 "$D/oem.spki"

check "the socket is open to others" [ "$(stat -c %a "$S")" = 666 ]
refused "a stranger is told that he has no role" EH_DENIED_ROLE "user 40009" \
    req_as 40009 hello
refused "root has no role that others were given" EH_DENIED_ROLE "user 0" \
    req hello
refused "the operator makes no genesis" EH_DENIED_ROLE "security officer" \
    req_as 40001 genesis label=x "pin=$OFFICER" "spki=@$D/oem.spki"
refused "nor the auditor" EH_DENIED_ROLE "security officer" \
    req_as 40003 genesis label=x "pin=$OFFICER" "spki=@$D/oem.spki"
check "the officer does" req_as 40002 genesis label=x "pin=$OFFICER" \
    "spki=@$D/oem.spki"
check "and sets the operator's PIN" req_as 40002 -r officer -p "$OFFICER" \
    set-pin role=1 "pin=$OPERATOR"
refused "who knows the officer's PIN is no officer" EH_DENIED_ROLE \
    "security officer" req_as 40001 -r officer -p "$OFFICER" login
refused "nor is the officer an operator" EH_DENIED_ROLE "operator" \
    req_as 40002 -r operator -p "$OPERATOR" login
check "the operator logs in" req_as 40001 -r operator -p "$OPERATOR" login
ticket=$(field ticket < "$D/answer")
check "his ticket is good on another connection" \
    req_as 40001 -t "$ticket" generate alg=-7 purpose=2 label=ca id=
issuing=$(field object < "$D/answer")
refused "it is not good for another user" EH_DENIED_LOGIN "login" \
    req_as 40002 -t "$ticket" generate alg=-7 purpose=2 label=ca id=
forged=$(printf '%s' "$ticket" | sed 's/.$/0/; t')
[ "$forged" = "$ticket" ] && forged=$(printf '%s' "$ticket" | sed 's/.$/1/')
refused "a forged one is good for nobody" EH_DENIED_LOGIN "login" \
    req_as 40001 -t "$forged" generate alg=-7 purpose=0 label=k id=
refused "the operator does not destroy an issuing key" EH_DENIED_LOGIN \
    "security officer" req_as 40001 -t "$ticket" destroy "object=$issuing"
check "the officer does" req_as 40002 -r officer -p "$OFFICER" destroy \
    "object=$issuing"
check "the auditor lists" req_as 40003 list
check "and reads the log" req_as 40003 log-read first=0 count=100000
check "and has a receipt" req_as 40003 receipt \
    nonce=hex:00112233445566778899aabbccddeeff
refused "and signs nothing" EH_DENIED_ROLE "operator" \
    req_as 40003 sign object=2 mechanism=2 data=x
refused "and imports nothing" EH_DENIED_ROLE "operator or security officer" \
    req_as 40003 import data=x

# --- misbehaving clients ---
check "a user's wrong PINs" sh -c "for i in 1 2 3 4; do
    setpriv --reuid 40001 --regid 40001 --clear-groups $D/ehreq -s $S \
    -r operator -p wrong1 login 2>/dev/null || :; done"
refused "make that user wait" EH_DENIED_PIN_DELAY "user 40001" \
    req_as 40001 -r operator -p "$OPERATOR" login
check "and no other" req_as 40002 -r officer -p "$OFFICER" login

: > "$D/held"
mkfifo "$D/fifo"
setpriv --reuid 40001 --regid 40001 --clear-groups "$D/ehreq" -s "$S" hold \
    < "$D/fifo" > "$D/held" &
held=$!
PIDS="$PIDS $held"
exec 9> "$D/fifo"
await holding "$D/held" || result 1 "a client holds its connection"
kill -STOP "$held"
check "a stopped client holds up nobody" timeout 10 sh -c "
    setpriv --reuid 40002 --regid 40002 --clear-groups $D/ehreq -s $S status"

check "a frame that is too long closes the connection" timeout 10 sh -c "
    printf '\\377\\377\\377\\377' | setpriv --reuid 40001 --regid 40001 \
    --clear-groups $D/ehreq -s $S raw"
check "garbage is answered, then the connection is closed" timeout 10 sh -c "
    printf '\\000\\000\\000\\003abc' | setpriv --reuid 40001 --regid 40001 \
    --clear-groups $D/ehreq -s $S raw | grep -aq 'malformed request'"
check "a request that no row knows is answered" timeout 10 sh -c "
    printf '\\000\\000\\000\\004\\241\\000\\030\\143' |
    setpriv --reuid 40001 --regid 40001 --clear-groups $D/ehreq -s $S raw |
    grep -aq 'does not know this request'"
printf '\000\000\000\003\241\000\007' > "$D/list"
: > "$D/got"
setpriv --reuid 40001 --regid 40001 --clear-groups "$D/ehreq" -s "$S" raw \
    < "$D/list" > "$D/got" &
PIDS="$PIDS $!"
check "a request before hello is answered" await "before hello" "$D/got"
check "the daemon is well" sh -c "
    setpriv --reuid 40002 --regid 40002 --clear-groups $D/ehreq -s $S status |
    grep -q '^state=2'"
stop
check "and ends with status 0 in spite of the stopped client" [ "$STATUS" = 0 ]
finish

#!/bin/sh
# 05-daemon-memcheck.sh - edgehsmd under valgrind: nothing leaked, nothing read
# that was not written.
set -eu
# shellcheck source=test/flow/0x-daemon-rig.sh
. "$(dirname "$0")/0x-daemon-rig.sh"
command -v valgrind > /dev/null || skip_all "valgrind is not installed"
if grep -q __asan_init "$EDGEHSMD"; then
	skip_all "built with a sanitizer"
fi

UNDER="valgrind -q --leak-check=full --show-leak-kinds=definite,indirect
    --errors-for-leak-kinds=definite --error-exitcode=99 --log-file=$D/valgrind"
PATIENCE=1200
token keys
conf "autostart = no"
daemon || result 1 "it starts"
check "it says that it has no sandbox there" \
    grep -q "no sandbox: running under valgrind" "$D/err"
check "genesis" genesis
check "the operator's PIN" operator
ticket=$(req -r operator -p "$OPERATOR" login | field ticket)
check "a key" req -t "$ticket" generate alg=-7 purpose=0 label=k id=
object=$(field object < "$D/answer")
check "a hundred signatures" req -t "$ticket" -n 100 sign "object=$object" \
    mechanism=2 data=message
check "an object" req -t "$ticket" put-object class=3 label=o id=01 data=x
stored=$(field object < "$D/answer")
check "its new name" req -t "$ticket" set-attribute "object=$stored" label=p
check "the list" req list
check "the log" req log-read first=0 count=800000
check "a receipt" req receipt nonce=hex:00112233445566778899aabbccddeeff
check "an enrolment request" req enrol \
    nonce=hex:00112233445566778899aabbccddeeff
check "a key attestation" req attest-key "object=$object"
refused "a message that is none" EH_ERR_FORMAT "" req import data=x
check "the object goes" req -t "$ticket" destroy "object=$stored"
check "the key goes" req -t "$ticket" destroy "object=$object"
check "status" req status
stop
check "nothing was leaked or read too far (status $STATUS)" [ "$STATUS" = 0 ]
if [ -s "$D/valgrind" ]; then
	sed 's/^/# /' "$D/valgrind"
fi

# And on the way that fails.
conf "backend.token = absent"
daemon && result 1 "it does not start without its token"
STATUS=0
wait "$PID" || STATUS=$?
check "nothing is leaked by a start that fails (status $STATUS)" \
    [ "$STATUS" = 78 ]
finish

#!/bin/sh
# 54-valgrind.sh - edgehsmd under valgrind while it issues certificates, repeats,
# refuses and imports: nothing leaked, nothing read that was not written.
#
# 1,000 devices; EH_ISSUES=N: so many.
set -eu
# shellcheck source=test/flow/5x-rig.sh
. "$(dirname "$0")/5x-rig.sh"
command -v valgrind > /dev/null || skip_all "valgrind is not installed"
[ -z "$SANITIZER" ] || skip_all "built with a sanitizer"

issues=${EH_ISSUES:-1000}
ceremony "autostart = no"
order PO-1 "$issues" 64
stop
UNDER="valgrind -q --leak-check=full --show-leak-kinds=definite,indirect,possible
    --errors-for-leak-kinds=definite,indirect,possible --error-exitcode=99
    --log-file=$D/valgrind"
PATIENCE=120
quietly up
check "$issues devices" load -a PO-1 -n "$issues" -t 4 \
    -s "$D/requests"
check "10 more are refused" load -a PO-1 -n 10 -e quota -d SN50000001
check "so are other keys for a device that has its certificate" \
    load -a PO-1 -1 -n 8 -t 4 -d SN00000001 -e device
head -n 100 "$D/requests" > "$D/again"
check "the same bytes get the same answer" load -A -a PO-1 -s "$D/again"
check "an authorization that was seen is no news" \
    "$EDGEHSM" token import "$D/oem/PO-1.cose"
head -c 100 "$D/oem/PO-1.cose" > "$D/cut"
ends "a message that was cut" 65 "" "$EDGEHSM" token import "$D/cut"
quietly logscan
status
same "all counted" "$(counter devices_used PO-1)" "$issues"
same "and recorded" "$(grep -c ' issued ' "$D/log")" "$issues"
stop
same "nothing was leaked or read too far" "$STATUS" 0
[ ! -s "$D/valgrind" ] || sed 's/^/# /' "$D/valgrind"
finish

#!/bin/sh
# 42-line-daemon.sh - the EdgeHSM is killed under a running line, again and
# again: no device is made twice, and what was burned is never used.
set -eu
# shellcheck source=test/flow/4x-line-rig.sh disable=SC1091
. "$(dirname "$0")/4x-line-rig.sh"

DEVICES=40
factory
order PO-1 400 --lease 4
units="--units SN00000001..SN00000040"

killed=0
unavailable=0
other=
for _ in 1 2 3 4 5; do
	touch "$D/mark"
	# shellcheck disable=SC2086
	edgehsm line run "$LINE/line3.yaml" --state "$D/devices" $units \
	    --progress none > "$D/out" 2> "$D/err" &
	run=$!
	PIDS="$PIDS $run"
	some_devices "$run"
	stop KILL
	killed=$((killed + 1))
	STATUS=0
	wait "$run" || STATUS=$?
	case $STATUS in
	0) ;;
	69) unavailable=$((unavailable + 1)) ;;
	*) other="$other $STATUS" && sed 's/^/# /' "$D/err" ;;
	esac
	daemon || echo "# edgehsmd did not start again"
done
is "a line without its EdgeHSM ends with 69, and nothing else" "" "$other"
check "that was seen" test "$unavailable" -ge 2

# shellcheck disable=SC2086
run $units --progress plain
is "the last run comes to its end" 0 "$STATUS"
is "every device is good" $DEVICES \
    "$(edgehsm unit list --state "$D/devices" | grep -c ' good ')"
is "the token counts each device once" $DEVICES "$(number devices_used PO-1)"
is "each was reported" "$DEVICES 0 0" \
    "$(number good PO-1) $(number scrapped PO-1) $(number in_doubt PO-1)"
check "what was burned is bounded" test "$(number devices_burned PO-1)" -le 30
is "no two certificates share a serial" $((2 * DEVICES)) \
    "$(find "$D/devices" -name '*.pem' -exec openssl x509 -noout -serial \
    -in {} \; | sort -u | wc -l)"
finish

#!/bin/sh
# 59-ack.sh - the log goes to the authority and comes back as an
# acknowledgement: what that lifts, what is refused on the way, and two
# histories of one EdgeHSM.
set -eu
# shellcheck source=test/flow/5x-rig.sh
. "$(dirname "$0")/5x-rig.sh"
ceremony "autostart = no"
quietly "$AUTHORITY" authorize --hsm fab1-hsm1 --profile "$PROFILE" \
    --devices 60 --lease 8 --order PO-1 --days 7 --max-unacked 6 \
    --max-unaccounted 12 --out "$D/oem/PO-1.cose"
quietly "$EDGEHSM" token import "$D/oem/PO-1.cose"
OUT=$D/out
mkdir -p "$OUT"

# hand_over NAME [FROM]: receipt and log as files.
hand_over() {
	"$EDGEHSM" token receipt --out "$OUT/$1.receipt" &&
	    "$EDGEHSM" token log --from "${2:-0}" --out "$OUT/$1.ehlog"
}
ack() {
	files=$1
	shift
	"$AUTHORITY" ack "$OUT/$files.receipt" "$@" --out "$OUT/$files.ack"
}
import() {
	"$EDGEHSM" token import "$@"
}
# make N FIRST: N new devices, from this one on.
make() {
	load -a PO-1 -n "$1" -d "$2"
}
# refused NAME WORDS FIRST: no new device, for this reason.
refused() {
	make 1 "$3" > "$D/made" 2>&1 || :
	ends "$1" 0 "$2" cat "$D/results"
}
size_of() {
	"$AUTHORITY" show --json "$1" |
	    sed -n 's/.*"tree_size": *\([0-9]*\).*/\1/p'
}
unacked() {
	status
	same "$1" "$(counter records_unacknowledged)" "$2"
}
keep() {
	rm -rf "${D:?}/kept"
	mkdir "$D/kept"
	cp -a "$STATE" "$D/anchor" "$D/tokens" "$D/kept/"
}
put_back() {
	rm -rf "$STATE" "$D/anchor" "$D/tokens"
	cp -a "$D/kept/$(basename "$STATE")" "$STATE"
	cp -a "$D/kept/anchor" "$D/kept/tokens" "$D/"
}

# --- the limit, and what lifts it ---
quietly make 4 SN00000001
unacked "records wait for the authority" 4
check "receipt and log are files" hand_over first
check "the receipt can be read" "$AUTHORITY" show "$OUT/first.receipt"
ends 'the log alone is no receipt' 65 "" "$AUTHORITY" ack "$OUT/first.ehlog" \
    "$OUT/first.ehlog" --out "$OUT/no.ack"
ends "the receipt alone is not enough" 2 "name the file of edgehsm token log" \
    ack first
ends "the authority acknowledges them" 0 "new entries" \
    ack first "$OUT/first.ehlog"
ends "the acknowledgement goes in" 0 "acknowledgement 1: the authority holds" \
    import "$OUT/first.ack"
unacked "nothing waits any more" 0
ends "again it is nothing new" 0 "imported before" import "$OUT/first.ack"
quietly make 7 SN00000011
unacked "records wait again" 7
refused "the limit of records stops new devices" \
    "7 records are not acknowledged by the authority, authorization PO-1 allows 6" \
    SN00000021
seen=$(size_of "$OUT/first.ack")
check "only the new entries are handed over" hand_over second "$seen"
ends "and acknowledged" 0 "new entries" ack second "$OUT/second.ehlog"
ends "the second one goes in" 0 "acknowledgement 2" import "$OUT/second.ack"
quietly make 1 SN00000021
unacked "new devices are made" 1
ends "an older one stays out" 65 "replayed" import "$OUT/first.ack"
rm "$OUT/first.ack"
ends "an old receipt gets one of all that is held" 0 "tree size" \
    ack first
check "sizes are read" test "$(size_of "$OUT/second.ack")" -gt "$seen"
same "which is no smaller" "$(size_of "$OUT/first.ack")" \
    "$(size_of "$OUT/second.ack")"

# --- what goes wrong on the way ---
check "a third" hand_over third
head -c -10 "$OUT/third.ehlog" > "$OUT/cut"
ends "a log that was cut is refused" 65 "cut short" ack third "$OUT/cut"
sed 's/SN00000021/SN00000029/' "$OUT/third.ehlog" > "$OUT/bent"
ends "a record that was changed is refused" 65 "entr" ack third "$OUT/bent"
ends "a log from before the receipt is refused" 65 \
    "export the log after the receipt" ack third "$OUT/first.ehlog"
check "a part of the log" hand_over later "$(($(size_of "$OUT/second.ack") + 1))"
ends "a gap is refused" 65 "export with --from" ack later "$OUT/later.ehlog"
ends "the true files are well" 0 "new entries" ack third "$OUT/third.ehlog"
quietly import "$OUT/third.ack"

# --- what an unclean stop has burned ---
crash() {
	kill -9 "$PID"
	wait "$PID" 2> /dev/null || :
	quietly up
}
# How much of the next lease was there already is a matter of moments, so two or
# three stops are needed.
quietly make 1 SN00000031
crash
make 1 SN00000032 > "$D/made" 2>&1 || :
crash
make 1 SN00000033 > "$D/made" 2>&1 || :
crash
refused "the limit of burned devices stops new ones" \
    "devices were burned by unclean stops and are not accounted for" SN00000034
ends "edgehsm status says what stops it, and who can lift that" 0 \
    "stopped: devices burned .*; the OEM can lift that: edgehsm-authority ack" \
    "$EDGEHSM" status
quietly hand_over burned
ends "burned places may wait" 0 "new entries" \
    ack burned "$OUT/burned.ehlog" --keep-burned
quietly import "$OUT/burned.ack"
refused "then they are not accounted for" "not accounted for" SN00000034
rm "$OUT/burned.ack"
ends "the authority accepts them, and says what it means" 0 \
    "places accepted as burned; .* devices in all may have a certificate" \
    ack burned
quietly import "$OUT/burned.ack"
quietly make 1 SN00000034

# --- two histories ---
stop
keep
quietly up
quietly make 1 SN00000041
quietly hand_over one
quietly ack one "$OUT/one.ehlog"
stop
put_back
quietly up
quietly make 2 SN00000051
quietly hand_over two
ends "another token's past does not go in" 77 "another history" \
    import "$OUT/one.ack"
refused "and stops it" "not the one of this EdgeHSM" SN00000053
ends "edgehsm status says so" 0 "acknowledged another history" \
    "$EDGEHSM" status
ends "the authority never acknowledges two histories" 77 \
    "frozen: two histories" ack two "$OUT/two.ehlog"
rm "$OUT/one.ack"
ends "and keeps to it" 77 "frozen: two histories" ack one
ends "nothing is authorized for it" 77 "frozen: two histories" \
    "$AUTHORITY" authorize --hsm fab1-hsm1 --profile "$PROFILE" --devices 1 \
    --order PO-9 --days 1 --out "$OUT/PO-9.cose"
ends "the store shows why" 0 "^  frozen .*two histories" "$AUTHORITY" show
stop
same "the daemon ends well" "$STATUS" 0
finish

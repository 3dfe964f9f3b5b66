#!/bin/sh
# 72-close-write-off.sh - what is left of an order moves to another EdgeHSM: after
# a close whose final counters are proven, or after the first one was lost.
set -eu
# shellcheck source=test/flow/5x-rig.sh
. "$(dirname "$0")/5x-rig.sh"
ceremony "autostart = no"
OUT=$D/out
mkdir -p "$OUT"

import() {
	"$EDGEHSM" token import "$@"
}
receipt_and_log() {
	"$EDGEHSM" token receipt --out "$OUT/$1.receipt" &&
	    "$EDGEHSM" token log --out "$OUT/$1.ehlog"
}
ack() {
	"$AUTHORITY" ack "$OUT/$1.receipt" "$OUT/$1.ehlog" --out "$OUT/$1.ack"
}
authorize() {
	"$AUTHORITY" authorize --hsm "$HSM" --profile "$PROFILE" "$@" --days 7
}
make() {
	load -a "$1" -n "$2" -d "$3"
}
made() {
	make "$2" 1 "$3" > "$D/made" 2>&1 || :
	ends "$1" 0 "^issued $3 " tail -n 1 "$D/results"
}
not_made() {
	make "$2" 1 "$4" > "$D/made" 2>&1 || :
	ends "$1" 0 "^refused.*$3" tail -n 1 "$D/results"
}
# What the authority shows of an order as a whole.
books() {
	"$AUTHORITY" show | awk -v order="$1" '
		/^order$/ { mine = 1; text = ""; next }
		/^[^ ]/ { mine = 0 }
		mine && $1 == "name" && $2 != order { mine = 0 }
		mine { printf "%s ", $0 }' | tr -s ' '
}
# another NAME: the machine of this one is gone, here is another.
another() {
	kill -9 "$PID" 2> /dev/null || :
	wait "$PID" 2> /dev/null || :
	rm -rf "$STATE" "$D/anchor" "$D/tokens" "$D/config"
	rm -f "$D"/oem/*.*
	mkdir "$D/tokens" "$D/config"
	HSM=$1
	CAKEY=idevid-ca-2026
	token keys
	quietly up
	enrolment
	quietly "$EDGEHSM" token keygen --purpose issuing --label "$CAKEY"
	quietly "$EDGEHSM" token csr --label "$CAKEY" \
	    --subject "/C=DE/O=ACME/CN=ACME IDevID Issuing CA $HSM" \
	    --out "$OUT/$HSM.csr"
	quietly "$AUTHORITY" certify --as issuing-ca "$OUT/$HSM.csr" --force \
	    --out "$D/oem/ca.pem"
	quietly import "$D/oem/ca.pem"
	attest_time
	profile
}

# --- top-up, and close ---
order PO-1 10 2
quietly make PO-1 3 SN00000001
ends "more of an order than it is of" 77 "--order-total 12" \
    authorize --order PO-1 --devices 2 --out "$OUT/no"
ends "a top-up raises it, and says so" 77 "--order-total 12" \
    authorize --order PO-1 --devices 12 --supersedes PO-1 --out "$OUT/no"
ends "then it is signed" 0 "supersedes  *[0-9a-f]" \
    authorize --order PO-1 --devices 12 --supersedes PO-1 --order-total 12 \
    --out "$OUT/top-up"
check "and goes in" import "$OUT/top-up"
quietly make PO-1 2 SN00000004
status
same "the books go on" "$(counter devices_used PO-1 | tail -n 1)" 5
ends "closing tells what comes next" 0 "carry .* to fab1-hsm1: edgehsm token" \
    "$AUTHORITY" close --hsm "$HSM" --authorization PO-1 --out "$OUT/close"
ends "it is signed once" 77 "signed before: edgehsm-authority show --digest" \
    "$AUTHORITY" close --hsm "$HSM" --authorization PO-1 --out "$OUT/no"
made "until it is imported the line goes on" PO-1 SN00000006
check "it goes in" import "$OUT/close"
not_made "then it stops" PO-1 "" SN00000007
check "the closing receipt" receipt_and_log closing

# --- the rest moves when the receipt is there ---
first=$D/first
mkdir "$first"
stop
cp -a "$STATE" "$D/anchor" "$D/tokens" "$D/config" "$first/"
another fab1-hsm2
ends "before it is, nothing moves" 77 "neither closed nor been written off" \
    authorize --order PO-1 --devices 6 --out "$OUT/no"
ends "the authority takes the closing receipt" 0 "new entries" ack closing
ends "six devices were made, six are left" 0 \
    "total 12 devices used 6 devices .*left 6 devices" books PO-1
ends "seven are too many" 77 "6 can be authorized" \
    authorize --order PO-1 --devices 7 --out "$OUT/no"
check "six are authorized on the second one" \
    authorize --order PO-1 --devices 6 --scope \
    range:serial:SN00000010:SN00000019 --out "$OUT/rest"
check "they go in there" import "$OUT/rest"
made "and are made there" PO-1 SN00000010
check "its log is handed over" receipt_and_log second
check "and taken" ack second
check "and acknowledged" import "$OUT/second.ack"
quietly make PO-1 2 SN00000011
check "no file stands where none should" [ ! -e "$OUT/no" ]

# --- lost, with two records that nobody has ---
ends "without --yes nothing is done" 2 "this cannot be taken back" \
    "$AUTHORITY" write-off --hsm fab1-hsm2 --reason "burned down"
rm -f "$D/oem/time.cose"
check "so it is served" attest_time
ends "five devices are possibly issued" 0 "possibly issued  *5 devices" \
    "$AUTHORITY" write-off --hsm fab1-hsm2 --reason "burned down" --yes \
    --serials "$OUT/serials"
# Ten devices, numbers 0 to 2; of SN00000010 the record is there.
same "their serials are listed" "$(wc -l < "$OUT/serials")" 29
listed() {
	serial=$(awk -v device="$1" \
	    '$1 == "issued" && $2 == device { print $3 }' "$D/results")
	grep -c " $serial " "$OUT/serials" || :
}
same "not the one that has a record" "$(listed SN00000010)" 0
same "but both that have none" \
    "$(listed SN00000011) $(listed SN00000012)" "1 1"
ends "it is written off once" 77 "written off already" \
    "$AUTHORITY" write-off --hsm fab1-hsm2 --reason again --yes
check "the list can be had once more" "$AUTHORITY" write-off \
    --hsm fab1-hsm2 --serials "$OUT/again"
check "with the same in it" cmp "$OUT/serials" "$OUT/again"

# --- it gets nothing more ---
ends "no authorization" 77 "fab1-hsm2 is written off (burned down)" \
    authorize --order PO-2 --devices 1 --out "$OUT/no"
"$EDGEHSM" token nonce --out "$D/oem/nonce"
ends "no time" 77 "is written off" "$AUTHORITY" time --hsm "$HSM" \
    --nonce "$(cat "$D/oem/nonce")" --out "$OUT/no"
quietly receipt_and_log late
ends "no acknowledgement" 77 "is written off" ack late
ends "no certificate" 77 "is written off" "$AUTHORITY" certify \
    --as issuing-ca "$OUT/$HSM.csr" --out "$OUT/no"
ends "no revocation, no close" 77 "is written off" "$AUTHORITY" revoke \
    --hsm "$HSM" --raise-epoch --reason late --out "$OUT/no"
ends "no new enrolment" 77 "a new EdgeHSM gets a new name" "$AUTHORITY" \
    enrol --invite "$HSM" --factory fab1 --out "$OUT/no"
check "no file stands where none should" [ ! -e "$OUT/no" ]

# --- what takes its place ---
another fab1-hsm3
ends "the books: six, one, and five that are possibly issued" 0 \
    "used 7 devices .*written off 5 devices left 5 devices" books PO-1
ends "six are too many" 77 "5 can be authorized" \
    authorize --order PO-1 --devices 6 --out "$OUT/no"
check "five are authorized on the third one" \
    authorize --order PO-1 --devices 5 --out "$OUT/third"
check "they go in" import "$OUT/third"
made "a device of the lost one is made again" PO-1 SN00000011
same "under another serial" "$(awk '$2 == "SN00000011" { print $3 }' \
    "$D/results" | sort -u | wc -l)" 2
same "which is not pre-revoked" "$(tail -n 1 "$D/results" |
    awk '{ print $3 }' | grep -c -f - "$OUT/serials" || :)" 0
stop
same "the daemon ends well" "$STATUS" 0
finish

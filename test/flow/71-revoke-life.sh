#!/bin/sh
# 71-revoke-life.sh - the authority takes an authorization back: what stops when,
# what is withheld until the EdgeHSM knows, what goes on afterwards.
set -eu
# shellcheck source=test/flow/5x-rig.sh
. "$(dirname "$0")/5x-rig.sh"
ceremony "autostart = no"
OUT=$D/out
mkdir -p "$OUT"

import() {
	"$EDGEHSM" token import "$@"
}
revoke() {
	file=$1
	shift
	"$AUTHORITY" revoke --hsm "$HSM" "$@" --reason "order cancelled" \
	    --out "$OUT/$file"
}
# hand_over NAME [FROM]: receipt and log to the authority, its answer as a file.
hand_over() {
	"$EDGEHSM" token receipt --out "$OUT/$1.receipt" &&
	    "$EDGEHSM" token log --from "${2:-0}" --out "$OUT/$1.ehlog" &&
	    "$AUTHORITY" ack "$OUT/$1.receipt" "$OUT/$1.ehlog" \
	        --out "$OUT/$1.ack"
}
fresh_time() {
	"$EDGEHSM" token nonce --out "$D/oem/nonce" &&
	    "$AUTHORITY" time --hsm "$HSM" --nonce "$(cat "$D/oem/nonce")" \
	        --force --out "$OUT/time" &&
	    import "$OUT/time"
}
make() {
	load -a "$1" -n "$2" -d "$3"
}
# made NAME ORDER FIRST: a new device is made.
made() {
	make "$2" 1 "$3" > "$D/made" 2>&1 || :
	ends "$1" 0 "^issued $3 " tail -n 1 "$D/results"
}
not_made() {
	make "$2" 1 "$4" > "$D/made" 2>&1 || :
	ends "$1" 0 "$3" tail -n 1 "$D/results"
}
# The state of an order, as the authority shows it.
life() {
	"$AUTHORITY" show | awk -v order="$1" '
		/^[a-z]/ { mine = 0 }
		$1 == "order" && $2 == order { mine = 1 }
		mine'
}

order PO-1 20 4
order PO-2 20 4
quietly make PO-1 3 SN00000001
quietly make PO-2 2 SN00000101
quietly hand_over first
quietly import "$OUT/first.ack"

# --- what can be taken back, and what not ---
ends "an order that is not there" 1 "no authorization PO-7 that is open" \
    revoke no --authorization PO-7
ends "nothing" 2 "what is revoked" revoke no
check "nothing of that was signed" [ ! -e "$OUT/no" ]
ends "the authority revokes, and says what comes next" 0 \
    "carry .* to fab1-hsm1: edgehsm token import" \
    revoke one --authorization PO-1
cp "$D/answer" "$D/said"
ends "and how much is possible until then" 0 "may make 17 devices more" \
    cat "$D/said"
ends "again is nothing new" 77 "revoked already, by update 1" \
    revoke no --authorization PO-1
ends "the message can be read" 0 "^  id  *[0-9a-f]" \
    "$AUTHORITY" show "$OUT/one"
ends "it is signed, not proven" 0 "revoked by  *1" life PO-1
ends "its rest stays with it" 77 "may still make 17 of them" \
    "$AUTHORITY" authorize --hsm "$HSM" --profile "$PROFILE" --order PO-1 \
    --devices 17 --out "$OUT/no"

# --- who does not import it gets nothing else ---
ends "no fresh time" 77 "import revocation update 1 first" fresh_time
quietly make PO-1 1 SN00000004
quietly hand_over second
ends "no acknowledgement" 77 "import revocation update 1 first" \
    import "$OUT/second.ack"
ends "it goes in" 0 "revocation update 1" import "$OUT/one"
ends "again it is nothing new" 0 "imported before" import "$OUT/one"
check "now the time goes in" fresh_time
check "and the acknowledgement" import "$OUT/second.ack"

# --- what it stops ---
not_made "no new device" PO-1 "revoked" SN00000005
not_made "nor a retry: nothing leaves for it" PO-1 "^refused" SN00000001
made "the other order goes on" PO-2 SN00000103
ends "the revoked one does not come back" 77 "list of revocation update 1" \
    import "$D/oem/PO-1.cose"
ends "the final counters are handed over" 0 "new entries" hand_over third
ends "and stand in the books" 0 "closed because  *revoked" life PO-1
ends "four devices were made" 0 "used  *4 devices" life PO-1

# --- what goes on ---
check "the EdgeHSM forgets what is acknowledged" import "$OUT/third.ack"
ends "more than the rest is refused" 77 "16 can be authorized" \
    "$AUTHORITY" authorize --hsm "$HSM" --profile "$PROFILE" --order PO-1 \
    --devices 17 --out "$OUT/no"
ends "the rest is authorized anew" 0 "epoch  *0" \
    "$AUTHORITY" authorize --hsm "$HSM" --profile "$PROFILE" --order PO-1 \
    --devices 16 --out "$OUT/PO-1b"
check "and goes in" import "$OUT/PO-1b"
made "a new device is made" PO-1 SN00000011

# --- the epoch ---
quietly "$AUTHORITY" authorize --hsm "$HSM" --profile "$PROFILE" \
    --order PO-3 --devices 5 --out "$OUT/PO-3"
ends "the epoch is raised" 0 "minimum epoch  *1" revoke two --raise-epoch
ends "it goes in" 0 "revocation update 2" import "$OUT/two"
ends "an older update is refused" 65 "replayed" import "$OUT/one"
not_made "all of before has ended" PO-2 "revoked" SN00000104
ends "also what was only signed before" 77 "everything below 1 is revoked" \
    import "$OUT/PO-3"
order PO-4 5 1
made "what is of the new epoch goes on" PO-4 SN00000201
check "time goes in" fresh_time
ends "receipt and log prove all of it" 0 "new entries" hand_over fourth
check "the last acknowledgement goes in" import "$OUT/fourth.ack"
ends "none of PO-2 is open" 0 "closed because  *revoked" life PO-2
ends "what was never installed is free again" 0 "never installed" life PO-3

# --- the message key is lost ---
kid() {
	sed -n 's/^retired  *//p'
}
ends "another message key" 0 "every EdgeHSM needs a grant that names it" \
    "$AUTHORITY" rollover --message-key new
old=$(kid < "$D/answer")
ends "what it signs is nobody's yet" 65 "" fresh_time
ends "a grant names it" 0 "state  *retired" \
    "$AUTHORITY" rollover --hsm "$HSM" --out "$OUT/grant"
check "it goes in" import "$OUT/grant"
check "now its time goes in" fresh_time
made "what the retired key installed lives on" PO-4 SN00000202
ends "the retired key is revoked" 0 "kid  *$old" revoke three --key "$old"
ends "for ever" 77 "revoked at fab1-hsm1 already" revoke no --key "$old"
ends "it goes in, by the new key" 0 "revocation update 3" import "$OUT/three"
not_made "what it installed has ended" PO-4 "revoked" SN00000203
order PO-5 5 1
made "what the new key authorizes goes on" PO-5 SN00000301
ends "no grant brings the old one back" 0 "state  *active" \
    "$AUTHORITY" rollover --hsm "$HSM" --out "$OUT/grant-2"
same "there is one key in it" "$(grep -c '^issuer key' "$D/answer")" 1
check "it goes in" import "$OUT/grant-2"
stop
same "the daemon ends well" "$STATUS" 0
finish

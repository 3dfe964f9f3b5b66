#!/bin/sh
# 64-limits.sh - what edgehsm says can still be made without a link is what can be
# made, for each limit; after a boot of the machine, too; and what it says lifts it.
set -eu
# shellcheck source=test/flow/5x-rig.sh
. "$(dirname "$0")/5x-rig.sh"
command -v unshare > /dev/null || skip_all "unshare is not installed"

# The next daemon believes that the machine has booted again.
other_boot() {
	cat /proc/sys/kernel/random/uuid > "$D/boot_id"
	cat > "$D/boot" <<- BOOT
		mount --bind "$D/boot_id" /proc/sys/kernel/random/boot_id
		exec "\$@"
	BOOT
	UNDER="unshare -m sh $D/boot"
}
other_boot
# shellcheck disable=SC2086
$UNDER cmp "$D/boot_id" /proc/sys/kernel/random/boot_id 2> /dev/null ||
    skip_all "this machine cannot be made to look booted"
UNDER=

ceremony "autostart = no"
again() {
	rm -f "$D/oem/time.cose" "$D/oem/nonce"
	attest_time
}

# limited PO OPTION...: an order of 40 devices with one limit changed.
limited() {
	order=$1
	shift
	quietly "$AUTHORITY" authorize --hsm fab1-hsm1 --profile "$PROFILE" \
	    --devices 40 --lease 1 --order "$order" --days 7 "$@" \
	    --out "$D/oem/$order.cose"
	quietly "$EDGEHSM" token import "$D/oem/$order.cose"
}
# left_is NAME PO N: so many, it says.
left_is() {
	status
	same "$1" "$(counter devices_left "$2")" "$3"
}
# exact NAME PO FIRST: it makes as many as it said, and then none.
exact() {
	status
	left=$(counter devices_left "$2")
	used=$(counter devices_used "$2")
	load -a "$2" -n $((left + 3)) -d "$3" > /dev/null 2>&1 || :
	status
	same "$1: as many as it said" $(($(counter devices_used "$2") - used)) \
	    "$left"
	same "$1: and then none" "$(counter devices_left "$2")" 0
}
# stopped NAME PO WHAT COMMAND: the screen and --json say so.
stopped() {
	"$EDGEHSM" > "$D/screen"
	ends "$1: the screen says what, who and how" 0 \
	    "stopped: $3; .* can lift that: .*$4" \
	    sed -n "/^$2 /,/can lift/p" "$D/screen"
	same "$1: and so does --json" "$(counter stopped_by "$2")" "$3"
}

# --- the quota ---
limited PO-Q --max-unacked 100000
left_is "all can be made" PO-Q 40
ends "and it says until when" 0 "or in [67] d .*: its expiry; the OEM can" \
    "$EDGEHSM"
exact "number of devices" PO-Q SN00000100
stopped "number of devices" PO-Q "its number of devices" \
    "edgehsm-authority authorize"

# --- records that are not acknowledged: 40 are out ---
limited PO-U --max-unacked 44
left_is "five more may begin" PO-U 5
exact "max-unacked" PO-U SN00000200
stopped "max-unacked" PO-U "records not yet acknowledged" \
    "edgehsm-authority ack"

# --- time since the last attestation ---
limited PO-O --max-offline 3
again
left_is "no device is too late yet" PO-O 40
quietly load -a PO-O -n 1 -d SN00000300
sleep 4
exact "max-offline" PO-O SN00000310
stopped "max-offline" PO-O "too long without attested time" \
    "edgehsm token nonce, then edgehsm-authority time, then edgehsm token import"
again
quietly load -a PO-O -n 1 -d SN00000320
left_is "what it says lifts it" PO-O 38

# --- a boot of the machine ---
limited PO-G --boot-grace 3
limited PO-T --min-quality 2
status
same "it says what a boot would leave" "$(counter devices_after_boot PO-G)" 3
same "which is nothing at quality 2" "$(counter devices_after_boot PO-T)" 0
quietly load -a PO-G -n 2 -d SN00000400
"$EDGEHSM" token nonce --out "$D/nonce.kept"
stop
quietly up
left_is "a restart of the daemon leaves all" PO-G 38
quietly "$AUTHORITY" time --hsm fab1-hsm1 --nonce "$(cat "$D/nonce.kept")" \
    --out "$D/oem/kept.cose"
ends "and the nonce that it gave out" 0 "the time is trusted" \
    "$EDGEHSM" token import "$D/oem/kept.cose"
# 0x40 is CKF_CLOCK_ON_TOKEN, which this tool has no word for.
slots() {
	foreign pkcs11-tool --module "$EDGEHSM_MODULE" -L
}
ends "pkcs11-tool sees a clock on the token" 0 "token flags.*0x40" slots
"$EDGEHSM" token nonce --out "$D/nonce.lost"
stop
other_boot
quietly up
left_is "after a boot the grace is left" PO-G 3
ends "and no clock is on the token" 0 "token flags.*PIN initialized$" \
    slots
exact "boot-grace" PO-G SN00000410
stopped "boot-grace" PO-G "devices after a boot without attested time" \
    "edgehsm token nonce, then edgehsm-authority time, then edgehsm token import"
left_is "nothing at all at quality 2" PO-T 0
stopped "min-quality" PO-T "time is not trusted" "edgehsm-authority time"
load -a PO-G -n 1 -d SN00000420 > /dev/null 2>&1 || :
ends "the refusal has the three commands" 0 \
    "edgehsm token nonce.*edgehsm-authority time.*edgehsm token import" \
    cat "$D/results"
quietly "$AUTHORITY" time --hsm fab1-hsm1 --nonce "$(cat "$D/nonce.lost")" \
    --out "$D/oem/lost.cose"
ends "a nonce dies with its boot" 77 "answers no nonce" \
    "$EDGEHSM" token import "$D/oem/lost.cose"
quietly "$AUTHORITY" time --hsm fab1-hsm1 --beacon --out "$D/oem/beacon.cose"
ends "a beacon goes in" 0 "time beacon [0-9]*: .* later than was known" \
    "$EDGEHSM" token import "$D/oem/beacon.cose"
left_is "and lifts nothing" PO-G 0
ends "time takes a nonce or --beacon" 2 "one of --nonce and --beacon" \
    "$AUTHORITY" time --hsm fab1-hsm1 --out "$D/oem/none.cose"
stop
other_boot
quietly up
left_is "another boot gives no grace back" PO-G 0
again
left_is "an attestation lifts it" PO-G 35
left_is "and the least quality" PO-T 40
quietly load -a PO-T -n 1 -d SN00000500
stop
same "the daemon ends well" "$STATUS" 0
finish

#!/bin/sh
# 07-upgrade.sh - the state that an older edgehsmd left is taken up as it was:
# nothing burned, nothing counted twice, the same log; that of a newer one is
# refused in words, and left alone.
set -eu
# shellcheck source=test/flow/5x-rig.sh
. "$(dirname "$0")/5x-rig.sh"
OLD=$EH_SRCDIR/test/fault/previous/state-2.tar.xz
command -v xz > /dev/null || skip_all "xz is not installed"
# shellcheck disable=SC2034 # the rig's, which makes one of its own otherwise
PROFILE=$D/config/gateway-a.ehprofile
mkdir "$D/old"
tar -C "$D/old" -xJf "$OLD" --no-same-owner
conf

# take CASE: the disk as the older version left it.
take() {
	rm -rf "$STATE" "$D/anchor" "$D/tokens" "$D/oem" "$D/config"
	cp -a "$D/old/$1/state" "$STATE"
	cp -a "$D/old/$1/anchor" "$D/old/$1/tokens" "$D/old/oem" \
	    "$D/old/config" "$D/old/backend.pin" "$D/old/user.pin" \
	    "$D/old/so.pin" "$D/"
	chmod 700 "$STATE"
	chmod 600 "$D"/*.pin "$D/anchor"
}
# version COPY: of the format, as it stands in the file.
version() {
	od -An -j11 -N1 -tu1 "$STATE/state.$1" | tr -d ' '
}
# was NAME ORDER: what the older version said of it.
was() {
	cp "$D/status" "$D/status.now"
	cp "$D/old/$CASE.json" "$D/status"
	counter "$1" "$2"
	mv "$D/status.now" "$D/status"
}
# unchanged WHAT ORDER NAME...: these numbers are as the older version had them.
unchanged() {
	what=$1
	order=$2
	shift 2
	for number in "$@"; do
		same "$what: $number of $order" \
		    "$(counter "$number" "$order")" "$(was "$number" "$order")"
	done
}
# again FILE: what was issued is there, byte by byte, free.
again() {
	cp "$D/old/$1.results" "$D/results"
	load -A -a PO-1 -s "$D/old/$1.requests"
}
fingerprint() {
	(cd "$STATE" && find . -type f ! -name lock ! -name refusals.log \
	    -exec sha256sum {} + | sort)
	sha256sum < "$D/anchor"
}

# --- after a clean stop ---
CASE=clean
take clean
same "the older one wrote version 2" "$(version 0) $(version 1)" "2 2"
check "today's edgehsmd takes it up" up
status
same "it is ready" "$(counter state)" ready
same "it is the same EdgeHSM" "$(counter hsm_id)" "$(was hsm_id '')"
same "with the same log" "$(counter log_size)" "$(was log_size '')"
same "all of it acknowledged" "$(counter records_unacknowledged)" 0
for order in PO-1 PO-2; do
	unchanged "before a write" "$order" devices_allowed devices_used \
	    devices_burned devices_left in_doubt burns
done

now=$(date +%s)
if [ "$now" -ge "$(counter not_after PO-1)" ]; then
	AGED="the archive is older than 400 days: make another"
elif [ "$now" -lt "$(counter time_least)" ]; then
	AGED="this machine's clock is behind the archive's"
else
	AGED=
fi
unless_aged() {
	if [ -z "$AGED" ]; then
		check "$@"
	else
		tests=$((tests + 1))
		echo "ok $tests - $1 # SKIP $AGED"
	fi
}
devices() {
	load -a "$1" -n "$2" -d "$3"
}
fresh_time() {
	rm -f "$D/oem/nonce" "$D/oem/time.cose"
	(attest_time)
}
# The records so far, to the authority of today with the store of then.
handed_over() {
	"$EDGEHSM" token receipt --out "$D/oem/$1.receipt" &&
	    "$EDGEHSM" token log --out "$D/oem/$1.ehlog" &&
	    "$AUTHORITY" ack "$D/oem/$1.receipt" "$D/oem/$1.ehlog" \
		--out "$D/oem/$1.ack" &&
	    "$EDGEHSM" token import "$D/oem/$1.ack"
}

unless_aged "the time is attested anew" fresh_time
unless_aged "what was issued comes again" again first
status
unchanged "after a write" PO-1 devices_used devices_burned devices_left burns
unless_aged "the next device is made" devices PO-1 1 SN00000006
unless_aged "so is one of an untouched order" devices PO-2 1 SN00000101
if [ -z "$AGED" ]; then
	status
	same "six are used now" "$(counter devices_used PO-1)" 6
	same "nothing of PO-1 is burned" "$(counter devices_burned PO-1)" 0
	same "no stop of PO-1 was unclean" "$(counter burns PO-1)" 0
	same "nothing of PO-2 is burned" "$(counter devices_burned PO-2)" 0
	same "PO-1 has six left" "$(counter devices_left PO-1)" 6
fi
check "the log is whole, from its first entry" logscan
unless_aged "the authority of then takes it" handed_over upgraded
stop
same "a clean stop" "$STATUS" 0
today=$(sed -n 's/.*u32 version (\([0-9]*\)).*/\1/p' \
    "$EH_SRCDIR/doc/format/state.md")
same "the state is of today's version" "$(version 0) $(version 1)" \
    "$today $today"
check "it starts again" up
status
same "still nothing is burned" "$(counter devices_burned PO-1)" 0
stop

# --- after a kill: what it cost then, and no more ---
CASE=killed
take killed
check "the state of a killed one is taken up" up
unless_aged "the time is attested anew after a kill" fresh_time
[ -z "$AGED" ] || quietly req generate alg=-7 purpose=0 label=k id=
status
unchanged "after a kill" PO-1 devices_used devices_burned devices_left burns
unchanged "after a kill" PO-2 devices_used devices_burned devices_left burns
unless_aged "what was issued before it comes again" again second
unless_aged "and the next device is made" devices PO-1 1 SN00000008
check "the log of the killed one is whole" logscan
stop

# --- back: a state of a newer version ---
take clean
quietly up
quietly "$EDGEHSM" token nonce
stop
EHAGE=$FAULT/ehage
# One copy decides nothing as long as the anchor stands for the other.
for copy in 0 1; do
	cp -a "$STATE" "$D/state.kept"
	cp "$D/anchor" "$D/anchor.kept"
	"$EHAGE" 99 "$copy" > "$D/aged"
	quietly up
	if grep -q anchored "$D/aged"; then
		ends "a newer copy $copy that is anchored" 69 "version 99" \
		    "$EDGEHSM" status
	else
		ends "a newer copy $copy that is not" 0 "" "$EDGEHSM" status
	fi
	stop
	rm -rf "$STATE"
	mv "$D/state.kept" "$STATE"
	mv "$D/anchor.kept" "$D/anchor"
done
quietly "$EHAGE" 99 0 1
fingerprint > "$D/before"
check "it can be asked what is the matter" up
ends "a newer state is refused with its number" 69 \
    "of version 99; this edgehsmd knows [0-9]*: a newer edgehsmd wrote $STATE; start that one again" \
    "$EDGEHSM" status
ends "no certificate on it" 1 "0x8042000b" \
    load -a PO-1 -n 1 -d SN00000006
stop
same "it ends as fail-stopped" "$STATUS" 69
fingerprint > "$D/after"
check "and has left everything as it was" cmp "$D/before" "$D/after"
finish

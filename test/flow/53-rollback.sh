#!/bin/sh
# 53-rollback.sh - whoever has the disk puts things back, cuts, bends, deletes
# and exchanges them: edgehsmd sees it, says what to do, and with the true files
# in their places goes on where it was.
set -eu
# shellcheck source=test/flow/5x-rig.sh
. "$(dirname "$0")/5x-rig.sh"
ceremony "autostart = no"
order PO-1 40 4
quietly load -a PO-1 -n 3 -d SN00000001
stop
cp -a "$STATE" "$D/old"
cp "$D/anchor" "$D/anchor.old"
quietly up
quietly load -a PO-1 -n 3 -d SN00000011 -s "$D/requests"
stop
cp -a "$STATE" "$D/new"
cp "$D/anchor" "$D/anchor.new"

# put NAME: this copy of the state, and the newest anchor.
put() {
	rm -rf "$STATE"
	cp -a "$D/$1" "$STATE"
	cp "$D/anchor.new" "$D/anchor"
}

# What decides; not the lock's process id, nor the log of refusals.
fingerprint() {
	(cd "$STATE" && find . -type f ! -name lock ! -name refusals.log \
	    ! -name poisoned -exec sha256sum {} + | sort)
	# No anchor and an empty one are the same.
	if [ -e "$D/anchor" ]; then
		sha256sum < "$D/anchor"
	else
		sha256sum < /dev/null
	fi
}

# stopped NAME WORDS: it serves status and nothing else, with a sentence that
# says what was found and what to do, and it touches nothing.
stopped() {
	fingerprint > "$D/before"
	: > "$D/err"
	up || {
		result 1 "$1: it can be asked what is the matter"
		return 0
	}
	ends "$1: refused, and said why" 69 "$2" "$EDGEHSM" status
	check "$1: nothing else is claimed of the token" \
	    sh -c "! grep -e '^Time' -e '^Token' -e '^Log' '$D/answer'"
	check "$1: it says what to do, in its log too" grep -q \
	    "$2.*put back .*, or have the authority write this EdgeHSM off" \
	    "$D/err"
	ends "$1: no certificate" 1 "login, key .*0x8042000b" \
	    load -a PO-1 -n 1 -d SN00000021
	ends "$1: no key, no import" 69 "fail-stopped" \
	    "$EDGEHSM" token import "$D/oem/PO-1.cose"
	stop
	same "$1: it ends as what it is" "$STATUS" 69
	fingerprint > "$D/after"
	check "$1: it has changed nothing" cmp "$D/before" "$D/after"
}

# --- what is old ---
put old
stopped "an old copy of the state" "does not fit the anchor $D/anchor: one of"
put new
rm -rf "$STATE/journal"
cp -a "$D/old/journal" "$STATE/"
stopped "an old journal" "the last record that the state knows.*not in the"
put new
cp -a "$D/old/state.0" "$D/old/state.1" "$STATE/"
stopped "old state copies" "does not fit the anchor"
put new
cp "$D/anchor.old" "$D/anchor"
stopped "an old anchor" "does not fit the anchor"

# --- what is gone ---
put new
rm -rf "$STATE/journal"
stopped "no journal" "segment 0 of the journal is missing or damaged"
put new
rm "$STATE"/state.*
stopped "no state copies" "no copy of the state is good"
put new
rm "$D/anchor"
stopped "no anchor" "the anchor .* is empty, and .* holds a state"
put new
: > "$D/anchor"
stopped "an empty anchor" "the anchor .* is empty, and .* holds a state"
put new
rm -rf "$STATE/journal" "$STATE"/state.*
stopped "neither state nor journal" "no copy of the state is good"
put new
rm -rf "${STATE:?}" "$D/anchor"
: > "$D/err"
quietly up
check "all gone: the keys in the store are seen" \
    grep -q "the state is fresh, but the token 'keys' holds" "$D/err"
ends "all gone: no new identity over the old keys" 1 \
    "no genesis: the token 'keys' .* holds [0-9]* objects of an EdgeHSM" \
    "$EDGEHSM" token init --label new \
    --root "$EDGEHSM_AUTHORITY/oem-root.spki"
stop

# --- what is bent ---
# flip FILE OFFSET: one bit.
flip() {
	octet=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
	# shellcheck disable=SC2059 # an octal escape is the format
	printf "\\$(printf '%03o' $((octet ^ 4)))" |
	    dd of="$1" bs=1 seek="$2" conv=notrunc 2> /dev/null
}
put new
for copy in 0 1; do
	flip "$STATE/state.$copy" 700
done
stopped "a bit of the state" "no copy of the state is good"
put new
flip "$D/anchor" 5
stopped "a bit of the anchor" "the anchor .* is damaged"
put new
truncate -s 40 "$D/anchor"
stopped "half of the anchor" "the anchor .* is damaged"
put new
truncate -s 100 "$STATE/state.0" "$STATE/state.1"
stopped "a piece of the state" "no copy of the state is good"
put new
flip "$STATE/journal/0000000000000000.ehj" 100
stopped "a bit of the journal's head" "segment 0 .*missing or damaged"

# --- the newest, in its place again ---
put new
quietly up
quietly status
same "the true files: everything is there" "$(counter devices_used PO-1)" 6
same "nothing was burned by any of it" "$(counter devices_burned PO-1)" 0
check "old answers are given again" load -A -a PO-1 -s "$D/requests"
check "and new devices are made" load -a PO-1 -n 1 -d SN00000031
quietly logscan
stop
rm -rf "$D/new"
cp -a "$STATE" "$D/new"
cp "$D/anchor" "$D/anchor.new"

# --- a record that cannot be read is repaired, not mourned ---
segment=$STATE/journal/0000000000000000.ehj
at=$(grep -abo SN00000002 "$segment" | head -1 | cut -d: -f1)
flip "$segment" "$at"
quietly up
ends "a bit of an old record: no new device" 1 \
    "record [0-9]* of the journal is damaged; put back a copy .* that holds" \
    load -a PO-1 -n 1 -d SN00000041
check "what was made before is answered" load -A -a PO-1 -s "$D/requests"
ends "the log says where" 1 "record [0-9]*" logscan
stop
flip "$segment" "$at"
quietly up
check "with a good copy of that record it goes on" \
    load -a PO-1 -n 1 -d SN00000041
check "and its log is whole" logscan
stop

# --- cut back within a lease: what was hidden is burned, and its serial is
# --- never used again
quietly up
order PO-2 12 4
: > "$D/results"
for turn in 1 2 3 4 5 6 7 8; do
	rm -rf "$D/live"
	cp -a "$STATE" "$D/live"
	# One that will be hidden, and is asked for again afterwards.
	load -a PO-2 -n 1 -d SN0000700$turn -e quota > "$D/load" 2>&1 ||
	    result 1 "turn $turn: $(tail -1 "$D/load")"
	stop KILL 2> /dev/null
	cmp -s "$D/live/state.0" "$STATE/state.0" &&
	    cmp -s "$D/live/state.1" "$STATE/state.1" && cp -a \
	    "$D/live/journal" "$STATE/" && echo "# turn $turn: journal cut"
	quietly up
	load -a PO-2 -n 1 -d SN0000700$turn -e quota > "$D/load" 2>&1 || :
done
status
at_most "cutting back: no device more than the quota" \
    "$(grep '^issued ' "$D/results" | cut -d' ' -f2 | sort -u | wc -l)" 12
at_most "no certificate more than the quota" \
    "$(grep '^issued ' "$D/results" | cut -d' ' -f4 | sort -u | wc -l)" 12
same "no serial for two" "$(grep '^issued ' "$D/results" | cut -d' ' -f3,4 |
    sort -u | cut -d' ' -f1 | uniq -d | wc -l)" 0
check "what was hidden is counted as burned" \
    [ "$(counter devices_burned PO-2)" -gt 0 ]
check "the log is whole" logscan
stop

# --- all of it, anchor too: class 0 protects nothing, and says so ---
rm -rf "$STATE"
cp -a "$D/old" "$STATE"
cp "$D/anchor.old" "$D/anchor"
quietly up
quietly status
same "state and file anchor put back together go back, as class 0 says" \
    "$(counter devices_used PO-1) $(counter anchor_class)" "3 0"
stop
finish

#!/bin/sh
# 52-copies.sh - two edgehsmd on copies of one state, with one anchor: at most
# one lives, and together they make no device too many.
set -eu
# shellcheck source=test/flow/5x-rig.sh
. "$(dirname "$0")/5x-rig.sh"
ceremony "autostart = no"
order PO-1 12 2
order PO-2 12 2
order PO-3 12 2
quietly load -a PO-1 -n 2
stop

# twin LETTER: a copy of the state, and a configuration with the same anchor.
twin() {
	rm -rf "${D:?}/$1"
	cp -a "$STATE" "$D/$1"
	sed "s|^socket .*|socket = $D/run/$1|; s|^state .*|state = $D/$1|" \
	    "$D/conf" > "$D/conf.$1"
	chmod 600 "$D/conf.$1"
}

# begin LETTER: start it; its answer will be in ready.LETTER, its process id in
# pid.LETTER, what it says in err.LETTER.
begin() {
	: > "$D/ready.$1"
	: > "$D/err.$1"
	# shellcheck disable=SC2086
	${UNDER:-} "$EDGEHSMD" --conf "$D/conf.$1" --foreground --ready-fd 3 \
	    3> "$D/ready.$1" > /dev/null 2> "$D/err.$1" &
	echo $! > "$D/pid.$1"
	PIDS="$PIDS $!"
}
pid_of() {
	cat "$D/pid.$1"
}
ready() {
	grep -q '^ok$' "$D/ready.$1"
}
answer() {
	await . "$D/ready.a" || :
	await . "$D/ready.b" || :
}
end() {
	kill "$(pid_of "$1")" 2>/dev/null || :
	code=0
	wait "$(pid_of "$1")" || code=$?
}

# --- at the same moment ---
for round in 1 2 3 4; do
	twin a
	twin b
	begin a
	begin b
	answer
	winner=a
	loser=b
	ready a || {
		winner=b
		loser=a
	}
	check "round $round: one of two lives" ready "$winner"
	end "$loser"
	same "round $round: the other has ended, and may be tried again" \
	    "$code" 75
	check "round $round: it names the anchor that is taken" \
	    grep -q "another edgehsmd uses the anchor $D/anchor" \
	    "$D/err.$loser"
	end "$winner"
done

# --- one after the other: the copy that was left behind is old now ---
twin a
twin b
begin a
await . "$D/ready.a" || :
check "one makes two devices" env EDGEHSM_CONF="$D/conf.a" \
    timeout 60 "$FAULT/ehload" -k "$CAKEY" -f "$PROFILE" -a PO-1 -n 2 \
    -d SN00000011 -o "$D/results"
end a
begin b
await . "$D/ready.b" || :
ends "the other is refused, with what to do" 69 \
    "does not fit the anchor .* put back the newest state and anchor" \
    env EDGEHSM_CONF="$D/conf.b" "$EDGEHSM" status
ends "it makes nothing" 1 "0x8042000b" env EDGEHSM_CONF="$D/conf.b" \
    timeout 60 "$FAULT/ehload" -k "$CAKEY" -f "$PROFILE" -a PO-1 -n 1 \
    -d SN00000021 -o "$D/results"
end b
rm -rf "$STATE"
cp -a "$D/a" "$STATE"

# --- where locks hold nobody back, the anchor does ---
NOLOCK=$FAULT/.libs/nolock.so
[ -r "$NOLOCK" ] || {
	echo "Bail out! $NOLOCK is not built"
	exit 1
}
# One of them fail-stops while its threads make signatures: what LeakSanitizer
# finds then, some object of libcrypto now and then, is what a thread was at.
UNDER="env LD_PRELOAD=${SANITIZER:+$SANITIZER:}$NOLOCK \
ASAN_OPTIONS=detect_leaks=0"
both_at_once() {
	for l in a b; do
		EDGEHSM_CONF="$D/conf.$l" timeout 60 "$FAULT/ehload" \
		    -k "$CAKEY" -f "$PROFILE" -a "$1" -n 30 -t 4 -e quota \
		    -d "$2" -o "$D/both" > "$D/load.$l" 2>&1 &
		echo $! > "$D/load.$l.pid"
	done
	for l in a b; do
		wait "$(cat "$D/load.$l.pid")" || :
	done
}
alive() {
	for l in a b; do
		! kill -0 "$(pid_of $l)" 2>/dev/null || echo $l
	done
}
for po in 2 3; do
	twin a
	twin b
	# One after the other: SoftHSM's login writes its token anew, in place,
	# and the other one would find none.
	begin a
	await . "$D/ready.a" || :
	begin b
	answer
	check "PO-$po: without locks both start" \
	    sh -c "grep -q '^ok$' '$D/ready.a' && grep -q '^ok$' '$D/ready.b'"
	: > "$D/both"
	both_at_once PO-$po "SN0000${po}000"
	for _ in $(seq 1 100); do
		[ "$(alive | wc -l)" -gt 1 ] || break
		sleep 0.05
	done
	same "PO-$po: one lives in the end" "$(alive | wc -l)" 1
	winner=$(alive)
	loser=a
	[ "$winner" = a ] && loser=b
	end "$loser"
	same "PO-$po: the other has stopped for good" "$code" 69
	check "PO-$po: and says what it found" grep -q \
	    "fail-stopped: .*anchor" "$D/err.$loser"
	at_most "PO-$po: both together made no device too many" \
	    "$(grep '^issued ' "$D/both" | cut -d' ' -f3 | sort -u | wc -l)" 12
	EDGEHSM_CONF="$D/conf.$winner" quietly status
	at_most "PO-$po: nor does the one that lives count too many" \
	    "$(counter devices_used PO-$po)" 12
	end "$winner"
	same "PO-$po: which ends well" "$code" 0
	rm -rf "$STATE"
	cp -a "$D/$winner" "$STATE"
done
finish

#!/bin/sh
# 51-kill.sh - kill -9 for edgehsmd at random moments, while eight clients want
# certificates: never more than the quota, no signature without its record,
# little burned, and the clients see no more of it than a pause.
#
# 20 kills; EH_SLOW=yes: 200, over four fresh states (without acknowledgements
# the 65th burned range stops new devices); EH_KILLS=N: so many.
set -eu
# shellcheck source=test/flow/5x-rig.sh
. "$(dirname "$0")/5x-rig.sh"

LEASE=8
case ${EH_SLOW:-no} in
yes) total=${EH_KILLS:-200} ;;
*) total=${EH_KILLS:-20} ;;
esac

lines() {
	wc -l < "$D/results"
}

# The daemon, whoever has started it.
running() {
	pid=$(cat "$STATE/lock" 2>/dev/null) || return 1
	[ "$(cat "/proc/${pid:-none}/comm" 2>/dev/null)" = edgehsmd ]
}

# Wait at most 30 s until it runs and certificates come, a random number of
# them; then a random moment more.  (Should the clients have used up the quota
# already, then it is killed with nothing to do.)
moment() {
	goal=$(($(lines) + $(below 20)))
	for _ in $(seq 1 1500); do
		if running && [ "$(lines)" -ge "$goal" ]; then
			nap "$(below 12)"
			return 0
		fi
		kill -0 "$clients" 2>/dev/null || return 0
		sleep 0.02
	done
	return 1
}

# Every fourth time it dies again before it serves.
die_young() {
	[ "$(below 4)" = 0 ] && [ "$killed" -lt "$kills" ] || return 1
	launch
	nap "$(below 60)"
	stop KILL
	killed=$((killed + 1))
}

# SoftHSM writes its token.object anew at each login: it cuts the file to
# nothing, then writes it.  A kill between the two, some microseconds, loses the
# token to SoftHSM, and edgehsmd says that it is not there.  What helps then is
# what helps a factory: a copy of the key store, which holds no counters.
torn() {
	[ -n "$(find "$D/tokens" -name token.object -size 0)" ]
}
mend() {
	torn && sleep 0.2 && torn && ! running || return 1
	echo "# SoftHSM's token was torn, as token.object is empty: put back"
	cp -a "$D/tokens.copy/." "$D/tokens/"
}

# One kill, and the daemon comes back: by this loop, or by its clients, who
# start it when they find nobody there.
kill_by_loop() {
	moment || return 1
	stop KILL
	killed=$((killed + 1))
	while die_young; do
		:
	done
	up || {
		grep -q "no token with the label 'keys'" "$D/ready" && mend &&
		    up
	}
}
kill_by_clients() {
	moment || return 1
	victim=$pid
	kill -9 "$victim"
	killed=$((killed + 1))
	# When even a start fails, clients wait for a second.
	for _ in $(seq 1 1000); do
		running && [ "$pid" != "$victim" ] && break
		mend || sleep 0.02
	done
	running && [ "$pid" != "$victim" ] && PIDS=$pid
}

# storm HOW KILLS: a fresh token, an order, the clients, the kills.
storm() {
	how=$1
	kills=$2
	title="$how, $kills kills"
	quota=$((kills * 80))
	fresh
	case $how in
	loop) ceremony "autostart = no" ;;
	clients) ceremony "autostart = yes" "daemon = $EDGEHSMD" ;;
	esac
	order PO-1 "$quota" "$LEASE"
	rm -rf "$D/tokens.copy"
	cp -a "$D/tokens" "$D/tokens.copy"
	: > "$D/results"
	: > "$D/requests"
	(become_load -a PO-1 -p 2 -t 4 -n 100000000 -w -u 8000 -e quota \
	    -s "$D/requests") > "$D/load" 2>&1 &
	clients=$!
	killed=0
	back=yes
	while [ "$killed" -lt "$kills" ] && [ "$back" = yes ]; do
		"kill_by_$how" || back=no
	done
	same "$title: each time it comes back by itself" "$back" yes
	kill "$clients" 2>/dev/null || :
	code=0
	wait "$clients" || code=$?
	sed 's/^/# /' "$D/load"
	same "$title: the clients were answered, or refused by the quota" \
	    "$code" 0
	judge
	running && kill "$pid"
	wait "$PID" 2>/dev/null || :
}

# What must be true after it, and after the rest of the quota was used.
judge() {
	status
	used=$(counter devices_used PO-1)
	burned=$(counter devices_burned PO-1)
	echo "# $used of $quota used, $burned burned, $killed kills"
	at_most "$title: burned at most 1.25 leases a kill" \
	    "$burned" $((killed * LEASE * 5 / 4))
	check "$title: the rest of the quota is there" \
	    load -a PO-1 -p 2 -t 4 -n "$quota" -d SN50000001 -e quota
	status
	used=$(counter devices_used PO-1)
	burned=$(counter devices_burned PO-1)
	same "$title: used and burned make up the quota" \
	    $((used + burned)) "$quota"
	quietly logscan
	grep '^issued ' "$D/results" > "$D/issued"
	grep ' issued ' "$D/log" > "$D/logged"
	cut -d' ' -f3,4 "$D/issued" | sort -u > "$D/left"
	cut -d' ' -f6,7 "$D/logged" | sort > "$D/recorded"
	same "$title: every signature that left has its record" \
	    "$(comm -23 "$D/left" "$D/recorded" | wc -l)" 0
	same "$title: what has a record was not lost on its way" \
	    "$(comm -13 "$D/left" "$D/recorded" | wc -l)" 0
	same "$title: no device more than was counted" \
	    "$(cut -d' ' -f2 "$D/issued" | sort -u | wc -l)" "$used"
	same "$title: no device twice" \
	    "$(cut -d' ' -f4 "$D/logged" | sort | uniq -d | wc -l)" 0
	same "$title: no serial twice" \
	    "$(cut -d' ' -f6 "$D/logged" | sort | uniq -d | wc -l)" 0
	check "$title: the same bytes still give the same signatures" \
	    load -A -a PO-1 -s "$D/requests"
	status
	same "$title: and take nothing" "$(counter devices_used PO-1)" "$used"
}

turn=loop
while [ "$total" -gt 0 ]; do
	if [ "$total" -gt 50 ]; then
		kills=50
	elif [ "$total" -gt 10 ] && [ "${EH_SLOW:-no}" = no ]; then
		kills=$((total / 2))
	else
		kills=$total
	fi
	total=$((total - kills))
	storm $turn "$kills"
	if [ $turn = loop ]; then
		turn=clients
	else
		turn=loop
	fi
done
finish

#!/bin/sh
# 51-kill.sh - kill -9 for edgehsmd at random moments, while eight clients want
# certificates: never more than the quota, no signature without its record,
# little burned, and the clients see no more of it than a pause.
#
# First with the anchor in a file, over fresh states that no authority hears of;
# then with the anchor in a TPM (swtpm), where acknowledgements come all the
# while, and where after every round old states are put back: refused.
#
# 20 kills and 12 on the TPM; EH_SLOW=yes: 200, and 1000 on the TPM.
# EH_KILLS=N, EH_TPM_KILLS=N: so many.
set -eu
# shellcheck source=test/flow/5x-rig.sh
. "$(dirname "$0")/5x-rig.sh"

LEASE=8
FIRST=SN50000001 # device of the rest of a quota
case ${EH_SLOW:-no} in
yes) total=${EH_KILLS:-200} tpm_total=${EH_TPM_KILLS:-1000} ;;
*) total=${EH_KILLS:-20} tpm_total=${EH_TPM_KILLS:-12} ;;
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
	[ -z "${kept:-}" ] || [ $((killed % 8)) != 0 ] || keep
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
	    load -a PO-1 -p 2 -t 4 -n "$quota" -d $FIRST -e quota
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
[ "$tpm_total" -gt 0 ] || {
	finish
	exit 0
}

# --- the anchor in a TPM, and an authority that hears of it ---

need_tpm

# patiently COMMAND...: with a login.  A login that a kill cuts short counts as
# a wrong PIN until the next one that is right, and after three there is a wait.
patiently() {
	for _ in $(seq 1 40); do
		"$@" > "$D/quiet" 2>&1 && return 0
		grep -q 'too many wrong PINs' "$D/quiet" || break
		sleep 0.5
	done
	quietly false "$(tail -1 "$D/quiet")"
}

# acknowledge: what is new in the log goes to the authority, its answer back.
acknowledge() {
	rm -f "$D"/oem/ack.*
	patiently "$EDGEHSM" token receipt --out "$D/oem/ack.receipt"
	patiently "$EDGEHSM" token log --from "$held" --out "$D/oem/ack.ehlog"
	quietly "$AUTHORITY" ack "$D/oem/ack.receipt" "$D/oem/ack.ehlog" \
	    --out "$D/oem/ack.cose"
	patiently "$EDGEHSM" token import "$D/oem/ack.cose"
	held=$("$AUTHORITY" show --json "$D/oem/ack.cose" |
	    sed -n 's/.*"tree_size": *\([0-9]*\).*/\1/p')
}

# keep: the state as it is between two kills, to be put back some day.
keep() {
	rm -rf "${D:?}/old.$kept"
	cp -a "$STATE" "$D/old.$kept"
	kept=$((kept + 1))
}

# is_refused NAME WORDS: edgehsmd serves no more than the reason, and how the
# authority helps.
is_refused() {
	: > "$D/err"
	code=0
	up || code=1
	"$EDGEHSM" status > "$D/answer" 2>&1 && code=1
	grep -q -e "$2" "$D/answer" || code=1
	grep -q 'or have the authority write this EdgeHSM off' "$D/answer" ||
	    code=1
	"$EDGEHSM" token import "$D/oem/ack.cose" > /dev/null 2>&1 && code=1
	stop 2> /dev/null
	[ "$STATUS" = 69 ] || code=1
	[ "$code" = 0 ] || result 1 "$1"
	tries=$((tries + 1))
	refusals=$((refusals + 1 - code))
}

# Older states under the newest anchor, nobody being there; then the true one.
replay() {
	mv "$STATE" "$D/true"
	old=0
	while [ "$old" -lt "$kept" ]; do
		mv "$D/old.$old" "$STATE"
		is_refused "an old state" "does not fit the anchor"
		rm -rf "${STATE:?}"
		old=$((old + 1))
	done
	kept=0
	mv "$D/true" "$STATE"
}

# Once: wiped, swapped between two EdgeHSMs, a bit in both copies.
harm() {
	cp -a "$STATE" "$D/true"
	rm -f "$STATE"/state.*
	is_refused "wiped" "no copy of the state is good"
	cp -a "$D/true/state.0" "$STATE/state.1"
	cp -a "$D/true/state.1" "$STATE/state.0"
	up || :
	check "swapped among each other they are the same two" \
	    "$EDGEHSM" status
	stop KILL 2> /dev/null
	cp -a "$D/other/state.0" "$D/other/state.1" "$STATE/"
	is_refused "swapped for another's" "no copy of the state is good"
	for copy in 0 1; do
		cp -a "$D/true/state.$copy" "$STATE/"
		octet=$(od -An -tu1 -j 700 -N 1 "$STATE/state.$copy")
		# shellcheck disable=SC2059 # an octal escape is the format
		printf "\\$(printf '%03o' $((octet ^ 4)))" |
		    dd of="$STATE/state.$copy" bs=1 seek=700 conv=notrunc \
		    2> /dev/null
	done
	is_refused "a bit flipped" "no copy of the state is good"
	rm -rf "${STATE:?}"
	mv "$D/true" "$STATE"
}

# clients FIRST: eight of them, for new devices from this one on.
load_from() {
	(become_load -a PO-1 -p 2 -t 4 -n 100000000 -w -u 8000 -e quota \
	    -d "$1" -s "$D/requests") > "$D/load" 2>&1 &
	clients=$!
}

# round KILLS: as many, an acknowledgement, and what was kept is put back.
round() {
	load_from "$(printf 'SN%08d' $((killed * 10000 + 1)))"
	goal_kills=$((killed + $1))
	before=$killed
	while [ "$killed" -lt "$goal_kills" ] && [ "$back" = yes ]; do
		kill_by_loop || back=no
	done
	[ "$back" = yes ] || return 0
	acknowledge
	acks=$((acks + 1))
	widest=$((killed - before > widest ? killed - before : widest))
	kill "$clients" 2>/dev/null || :
	code=0
	wait "$clients" || code=$?
	[ "$code" = 0 ] || {
		sed 's/^/# /' "$D/load"
		result 1 "$title: the clients are answered"
	}
	stop KILL
	killed=$((killed + 1))
	mend || :
	replay
	up || back=no
}

# tpm_storm KILLS: a fresh TPM, a fresh token, an order, the rounds.
tpm_storm() {
	kills=$1
	title="TPM, $kills kills"
	quota=$((kills * 30))
	cp -a "$STATE" "$D/other"
	fresh
	tpm_on "$storms"
	ceremony "autostart = no" "anchor = tpm:owner:$INDEX:$TCTI"
	order PO-1 "$quota" "$LEASE"
	rm -rf "$D/tokens.copy"
	cp -a "$D/tokens" "$D/tokens.copy"
	: > "$D/results"
	: > "$D/requests"
	killed=0 held=0 kept=0 tries=0 refusals=0 back=yes acks=0 widest=0
	while [ "$killed" -lt "$kills" ] && [ "$back" = yes ]; do
		rest=$((kills - killed))
		round $((rest > 25 ? 24 : rest > 1 ? rest - 1 : 1))
	done
	same "$title: each time it comes back by itself" "$back" yes
	echo "# $killed kills, $acks acknowledgements"
	at_most "$title: acknowledged at least every 50 kills" "$widest" 50
	stop KILL
	mend || :
	harm
	same "$title: every state that is not the newest is refused" \
	    "$refusals" "$tries"
	echo "# $refusals refused"
	all_tries=$((all_tries + tries))
	all_killed=$((all_killed + killed))
	up || :
	patiently "$EDGEHSM" token nonce
	clients=
	judge
	stop
	tpm_off
	rm -rf "$D/other"
}

# The state of another EdgeHSM, when there was none before.
[ -d "$STATE" ] || {
	ceremony "autostart = no"
	stop
}

# A state is killed 250 times at most: a start reads its whole journal.
FIRST=SN90000001
storms=0 all_tries=0 all_killed=0
while [ "$tpm_total" -gt 0 ]; do
	kills=$((tpm_total > 250 ? 250 : tpm_total))
	tpm_total=$((tpm_total - kills))
	storms=$((storms + 1))
	tpm_storm "$kills"
done
echo "# TPM: $all_killed kills, $all_tries states put back"
finish

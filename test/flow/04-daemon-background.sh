#!/bin/sh
# 04-daemon-background.sh - edgehsmd in the background: who started it is told
# how that went.
set -eu
# shellcheck source=test/flow/0x-daemon-rig.sh
. "$(dirname "$0")/0x-daemon-rig.sh"

token keys
conf "autostart = no"
check "it goes into the background and says that it is ready" \
    timeout 20 "$EDGEHSMD" --conf "$D/conf"
pid=$(cat "$STATE/lock")
PIDS="$PIDS $pid"
check "it serves" sh -c "'$EHREQ' -s $S hello | grep -q '^state=1$'"
check "it is a session of its own, with nothing of ours but the log" sh -c "
    [ \"\$(cut -d' ' -f6 /proc/$pid/stat)\" = $pid ] &&
    [ \"\$(readlink /proc/$pid/cwd 2>/dev/null || echo /)\" = / ]"
cp "$STATE/lock" "$D/first"
fails "a second one ends with the reason" "process $pid holds" \
    timeout 20 "$EDGEHSMD" --conf "$D/conf"
status=0
timeout 20 "$EDGEHSMD" --conf "$D/conf" 2> /dev/null || status=$?
check "and with a status that says so" [ "$status" = 75 ]
kill "$pid"
for _ in $(seq 1 100); do
	[ -e "$S" ] || break
	sleep 0.05
done
check "SIGTERM ends it" [ ! -e "$S" ]

# As the PKCS#11 module starts it: nothing inherited, one pipe.
timeout 20 "$EDGEHSMD" --conf "$D/conf" --ready-fd 7 7> "$D/ready" \
    < /dev/null > /dev/null 2>&1
check "the pipe says ok" await '^ok$' "$D/ready"
pid=$(cat "$STATE/lock")
PIDS="$PIDS $pid"
timeout 20 "$EDGEHSMD" --conf "$D/conf" --ready-fd 7 7> "$D/ready" \
    < /dev/null > /dev/null 2>&1 || :
check "or why not" await "process $pid holds" "$D/ready"
check "a reader of its output need not wait for it to end" sh -c "
    kill $pid; while [ -e $S ]; do sleep 0.05; done
    [ \"\$(timeout 10 '$EDGEHSMD' --conf $D/conf 2> /dev/null)\" = '' ]"
pid=$(cat "$STATE/lock")
PIDS="$PIDS $pid"
check "a process that is killed leaves the lock to the next" sh -c "
    kill -9 $pid; sleep 0.1; timeout 20 '$EDGEHSMD' --conf $D/conf"
pid=$(cat "$STATE/lock")
PIDS="$PIDS $pid"
kill "$pid"
await_end() {
	for _ in $(seq 1 100); do
		kill -0 "$1" 2> /dev/null || return 0
		sleep 0.05
	done
	return 1
}
check "and ends" await_end "$pid"

# --- with a socket that is passed to it ---
EHLISTEN=$EH_BUILDDIR/test/flow/ehlisten
rm -rf "$D/run"
mkdir -m 755 "$D/run"
# passed [OPTION...] PATH: start it with a socket made by somebody else, which
# has descriptor 3; READY_FD=3 of the rig will not do.
passed() {
	: > "$D/ready"
	"$EHLISTEN" "$@" "$EDGEHSMD" --conf "$D/conf" --foreground \
	    --ready-fd 9 9> "$D/ready" >> "$D/out" 2>> "$D/err" &
	PID=$!
	PIDS="$PIDS $PID"
	await . "$D/ready" && grep -q '^ok$' "$D/ready"
}
not_passed() {
	name=$1
	words=$2
	shift 2
	: > "$D/err"
	passed "$@" || :
	STATUS=0
	wait "$PID" || STATUS=$?
	check "$name" grep -q "$words" "$D/ready" "$D/err"
	check "$name: a wrong configuration" [ "$STATUS" = 78 ]
}
check "a socket that was passed is served" passed "$S"
made=$(stat -c %i "$S")
check "it answers there" sh -c "'$EHREQ' -s $S hello | grep -q '^state=1$'"
if ! grep -q "no sandbox" "$D/err"; then
	check "it is behind a filter of system calls" \
	    grep -q '^Seccomp:[[:space:]]*2$' "/proc/$PID/status"
	check "it gains no privileges" \
	    grep -q '^NoNewPrivs:[[:space:]]*1$' "/proc/$PID/status"
	sets="CapInh CapPrm CapEff CapAmb"
	[ "$(id -u)" != 0 ] || sets="$sets CapBnd"
	for set in $sets; do
		check "$set is empty" \
		    grep -q "^$set:[[:space:]]*0*$" "/proc/$PID/status"
	done
	check "it leaves no core file" sh -c \
	    "grep 'Max core file size' /proc/$PID/limits | grep -q ' 0  *0 '"
	grep -q RLIMIT_MEMLOCK "$D/err" ||
	    check "memory of it is locked" sh -c \
		"! grep -q '^VmLck:[[:space:]]*0 kB' /proc/$PID/status"
fi
stop
check "SIGTERM ends it with status 0" [ "$STATUS" = 0 ]
check "the socket stays to whoever made it" [ "$(stat -c %i "$S")" = "$made" ]
not_passed "one at another place is refused, with both" \
    "passed the socket $D/run/t, edgehsm.conf names $S" "$D/run/t"
not_passed "so are two" "passed 2 sockets" -n 2 "$S"
not_passed "so is one of datagrams" "not a listening unix stream socket" -d "$S"
rm -f "$S" "$D/run/t"
check "one that is for another process is not ours" passed -p 1 "$D/run/t"
check "then it makes its own" [ -S "$S" ]
stop
check "and removes it" [ ! -e "$S" ]
finish

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
finish

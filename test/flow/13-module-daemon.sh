#!/bin/sh
# 13-module-daemon.sh - a daemon that starts by itself, is killed, comes back, or
# says plainly why not; and clients that hardly notice.
set -eu
# shellcheck source=test/flow/1x-module-rig.sh
. "$(dirname "$0")/1x-module-rig.sh"
need pkcs11-tool

born
tool --keypairgen --key-type EC:prime256v1 --label general --id 01 \
    > /dev/null 2>&1
ehsign() {
	stranger "$EHSIGN" "$MODULE" "$OPERATOR" general "$@"
}
# In the background: 4 threads, $1 signatures.  Returns when they have begun: a
# login whose answer is lost is not repeated, since it counts.
sign_along() {
	: > "$D/signed"
	{
		EDGEHSM_DEBUG=1 ehsign 4 "$1" > "$D/signed" 2>&1 || :
	} &
	busy=$!
	await signing "$D/signed"
}
all_signed() {
	cat "$D/signed"
	grep -q 'error 0x0$' "$D/signed"
}
check "8 threads sign over one login" ehsign 8 400
check "a child of a fork begins anew" ehsign 2 20 fork

# --- restarted while a client signs ---
sign_along 4000
sleep 0.3
stop
daemon || result 1 "the daemon starts again"
wait "$busy"
check "a restart in the middle costs no signature" all_signed

# --- autostart ---
stop
conf "autostart = yes" "daemon = $EDGEHSMD"
check "nobody serves" [ ! -S "$S" ]
shows "a client starts the daemon" general tool -O --type privkey
check "one of them" [ "$(auto_pid | wc -w)" = 1 ]
first=$(auto_pid)
check "in a session of its own" \
    [ "$(cut -d' ' -f6 "/proc/$first/stat")" = "$first" ]
kill -9 "$first"
clients=
for i in 1 2 3 4; do
	ehsign 2 50 > "$D/client.$i" 2>&1 &
	clients="$clients $!"
done
all=0
for client in $clients; do
	wait "$client" || all=1
done
check "killed, it is started again by whoever comes first" [ "$all" = 0 ]
check "and only once" [ "$(auto_pid | wc -w)" = 1 ]

# --- killed again and again while clients sign ---
sign_along 3000
for _ in 1 2 3 4 5; do
	# Not while it starts: SoftHSM rewrites its token at each login, and
	# killed in the middle of that leaves an empty file.
	for _ in $(seq 1 200); do
		req status > /dev/null 2>&1 && break
		sleep 0.05
	done
	sleep 0.1
	for pid in $(auto_pid); do
		kill -9 "$pid" 2> /dev/null || :
	done
done
wait "$busy"
check "kill -9, five times: each signature came" all_signed

# --- and when it cannot start ---
for pid in $(auto_pid); do
	kill "$pid" 2> /dev/null || :
done
for _ in $(seq 1 100); do
	[ -n "$(auto_pid)" ] || break
	sleep 0.05
done
conf "autostart = yes" "daemon = $D/missing"
shows "a daemon that is not there is named" "$D/missing: No such file" loud -L
conf "autostart = yes" "daemon = $EDGEHSMD" "backend.token = nowhere"
shows "one that cannot start is quoted" "did not start: .*nowhere" loud -L
lacks "and there is no token" "token label" bare -L
conf "autostart = yes" "daemon = $EDGEHSMD" "sokcet = /tmp/x"
shows "a key that does not exist is named with its line" "conf:[0-9]*: .*sokcet" \
    loud -L
fails "and there is no slot" "No slots" bare -L
conf "autostart = no" "daemon = $EDGEHSMD"
shows "autostart = no starts nothing" "autostart is off" loud -L
check "indeed" [ -z "$(auto_pid)" ]
finish

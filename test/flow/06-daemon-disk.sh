#!/bin/sh
# 06-daemon-disk.sh - when the disk fails, is full, or was copied: it stops in
# words, and nothing is lost or half done.
set -eu
# shellcheck source=test/flow/0x-daemon-rig.sh
. "$(dirname "$0")/0x-daemon-rig.sh"

token keys
conf "autostart = no"
daemon || result 1 "it starts"
genesis
operator
ticket=$(req -r operator -p "$OPERATOR" login | field ticket)
stop

# --- an error of the disk ---
if command -v strace > /dev/null && ! grep -q __asan_init "$EDGEHSMD" &&
    strace -o /dev/null true 2> /dev/null; then
	UNDER="strace -f -o $D/strace -e trace=fdatasync
	    -e inject=fdatasync:error=EIO:when=1+"
	start_fails "an anchor that cannot be made durable is not built on" 74 \
	    "cannot make the anchor .* durable"
	UNDER="strace -f -o $D/strace -e trace=fdatasync
	    -e inject=fdatasync:error=EIO:when=2+"
	daemon || result 1 "it starts"
	refused "the first write that fails stops it" EH_DENIED_FAIL_STOPPED \
	    "" req -t "$ticket" generate alg=-7 purpose=0 label=k id=
	STATUS=0
	wait "$PID" || STATUS=$?
	check "it ends with the status of a fail-stop" [ "$STATUS" = 69 ]
	check "and says why in its log" grep -q "fail-stopped: " "$D/err"
	UNDER="strace -f -y -o $D/strace
	    -e trace=fadvise64,pread64,fdatasync"
	daemon || result 1 "it starts again"
	UNDER=
	# shellcheck disable=SC2016 # awk's, not the shell's
	for file in state.0 state.1 journal/0000000000000000.ehj; do
		check "it reads $file from the disk, not from what was left" \
		    awk -v file="$STATE/$file" '
			index($0, file) == 0 { next }
			/fadvise64.*DONTNEED/ { told = 1 }
			/pread64/ { exit !told }
			END { exit !told }' "$D/strace"
	done
	check "the next start decides, and serves" \
	    req -t "$ticket" generate alg=-7 purpose=0 label=k id=
	# To strace, a signal means to leave the other alone.
	kill "$(cat "$STATE/lock")"
	wait "$PID" || :
else
	check "strace is not to be had here # SKIP" true
fi

# --- a copy of the state beside the same anchor ---
daemon || result 1 "it starts"
first=$PID
cp -a "$STATE" "$D/copy"
conf "state = $D/copy" "socket = $D/run/other"
start_fails "a daemon on a copy of the state finds the anchor taken" 75 \
    "anchor"
PID=$first
check "the first one goes on" \
    req -t "$ticket" generate alg=-7 purpose=0 label=k id=
stop
start_fails_or_stops() {
	daemon && "$EHREQ" -s "$D/run/other" status | grep '^text='
}
check "the copy is old now, and is refused with what to do" \
    start_fails_or_stops
stop
conf "autostart = no"
daemon || result 1 "the true state starts"
check "and serves" req -t "$ticket" generate alg=-7 purpose=0 label=k id=
stop

# --- a full disk ---
mkdir -m 700 "$D/small"
if mount -t tmpfs -o size=5m,mode=700 tmpfs "$D/small" 2> /dev/null; then
	trap 'umount -l "$D/small" 2> /dev/null || :; cleanup' EXIT
	token second
	STATE=$D/small/state
	conf "state = $STATE" "anchor = file:$D/anchor2" "backend.token = second"
	daemon || result 1 "it starts on a small disk"
	genesis
	operator
	ticket=$(req -r operator -p "$OPERATOR" login | field ticket)
	head -c 60000 /dev/zero > "$D/object"
	dd if=/dev/zero of="$D/small/filler" bs=4096 2> /dev/null || :
	refused "an object that does not fit is refused" EH_ERR_STORAGE \
	    "No space" req -t "$ticket" put-object class=3 label=big id=01 \
	    "data=@$D/object"
	check "it serves what needs no space" req list
	check "and holds no half of the object" sh -c \
	    "! '$EHREQ' -s $S list | grep -q class=3"
	rm "$D/small/filler"
	check "with space again it is taken" req -t "$ticket" put-object \
	    class=3 label=big id=01 "data=@$D/object"
	stop
	check "and the end is clean" [ "$STATUS" = 0 ]
	umount -l "$D/small"
else
	check "no file system can be mounted here # SKIP" true
fi
finish

#!/bin/sh
# 08-crowd.sh - a thousand connections, most of them idle, slow or rude: whoever
# works is not held up, who comes too many is told so, no user takes all.
set -eu
# shellcheck source=test/flow/0x-daemon-rig.sh
. "$(dirname "$0")/0x-daemon-rig.sh"
CROWD=$EH_BUILDDIR/test/fault/ehcrowd
[ -x "$CROWD" ] || skip_all "ehcrowd is not built"
limit=$(awk '/^Max open files/ { print $5 }' /proc/self/limits)
[ "$limit" = unlimited ] || [ "$limit" -ge 4200 ] ||
    skip_all "no more than $limit open files here"

token keys
if [ "$(id -u)" = 0 ]; then
	chmod 755 "$D"
	conf "operators = user:0, user:12345, user:12346" "officers = user:0"
else
	conf
fi
daemon || result 1 "it starts"
genesis
operator
ticket=$(req -r operator -p "$OPERATOR" login | field ticket)
req -t "$ticket" generate alg=-7 purpose=0 label=k id= > "$D/made"
object=$(field object < "$D/made")

crowd() {
	timeout 120 "$CROWD" -s "$S" "$@"
}
# so many requests, alone and in the crowd.
REQUESTS=400
signs() {
	crowd -q "$REQUESTS" -t "$ticket" -o "$object" "$@"
}
p() {
	sed -n "s/^signed .* $1 \([0-9]*\).*/\1/p" "$2"
}
kib() {
	sed -n "s/^$1:[[:space:]]*\([0-9]*\) kB/\1/p" "/proc/$PID/status"
}

check "one signs alone" signs
cp "$D/answer" "$D/alone"
before=$(kib VmRSS)
# hold OPTION...: a crowd that stays, until released.
hold() {
	: > "$D/held"
	mkfifo "$D/hold"
	crowd "$@" -k < "$D/hold" > "$D/held" 2>&1 &
	HOLDER=$!
	exec 8> "$D/hold"
	rm "$D/hold"
}
release() {
	exec 8>&-
	wait "$HOLDER" 2> /dev/null || :
}
hold -n 1000 -q "$REQUESTS" -t "$ticket" -o "$object"
PATIENCE=1200
check "one signs among a thousand that are idle, slow and rude" \
    await "^signed $REQUESTS" "$D/held"
crowded=$(kib VmRSS)
echo "# alone      $(cat "$D/alone")"
echo "# among 1008 $(cat "$D/held")"
echo "# memory     $before KiB alone, $crowded KiB among them"
# The machine of a test has other things to do: bounds far from what is seen.
check "half of the signatures take at most 5 times as long, or 20 ms" \
    test "$(p p50 "$D/held")" -le $((5 * $(p p50 "$D/alone") + 20000))
check "99 of 100 come within half a second" \
    test "$(p p99 "$D/held")" -le 500000
check "none takes longer than the slow are waited for" \
    test "$(p max "$D/held")" -le 5000000
# 1008 stacks and buffers, and eight replies of a megabyte; half a frame that
# claims a megabyte costs what has come of it.
[ -n "$SANITIZER" ] ||
    check "memory for a thousand stays below 96 KiB each" \
	test "$((crowded - before))" -le 98304
check "another one gets in and is answered" req status
release
threads() {
	sed -n "s/^Threads:[[:space:]]*//p" "/proc/$PID/status"
}
for _ in $(seq 1 100); do
	[ "$(threads)" -gt 100 ] || break
	sleep 0.05
done
check "their threads go with them" test "$(threads)" -le 100

# --- one user, to the brim ---
hold -f
check "who comes too many is told how many there are" await "^EH_ERR_FULL: user $(id -u) has 1088 connections, which is the most while 1088 are open; close some" \
    "$D/held"
check "1088 of his are served" [ "$(grep -c '^open 1088$' "$D/held")" = 1 ]
refused "so is any other program of his" EH_ERR_FULL "1088 connections" req status
if [ "$(id -u)" = 0 ]; then
	check "another user gets in" crowd -U 12345 -n 4
	mkfifo "$D/second"
	crowd -U 12345 -f -k < "$D/second" > "$D/held2" 2>&1 &
	exec 7> "$D/second"
	check "he does not get the last places, either" await \
	    "^EH_ERR_FULL: user 12345 has [0-9]* connections" "$D/held2"
	echo "# he has $(sed -n 's/^open //p' "$D/held2")"
	check "so that a third one gets in" crowd -U 12346 -n 4
	exec 7>&-
fi
release
stop
check "a clean stop" [ "$STATUS" = 0 ]

# --- few descriptors ---
: > "$D/err"
few() {
	: > "$D/ready"
	(
		# shellcheck disable=SC3045 # dash and bash have it
		ulimit -n 600
		exec "$EDGEHSMD" --conf "$D/conf" --foreground --ready-fd 3 \
		    3> "$D/ready" >> "$D/out" 2>> "$D/err"
	) &
	PID=$!
	PIDS="$PIDS $PID"
	await '^ok$' "$D/ready"
}
check "it starts with 600 descriptors" few
check "and says what that means" grep -q \
    "RLIMIT_NOFILE is 600: at most 344 connections and not 1280" "$D/err"
check "who comes too many is told so all the same" sh -c "
    timeout 60 '$CROWD' -s '$S' -f < /dev/null |
    grep 'EH_ERR_FULL: user .* has 292 connections'"
sleep 0.5
check "and then it serves" req -t "$ticket" sign "object=$object" mechanism=2 \
    data=message
stop
finish

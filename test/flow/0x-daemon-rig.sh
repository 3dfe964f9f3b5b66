# shellcheck shell=sh
# 0x-daemon-rig.sh - what the flow scripts of edgehsmd share: a private folder
# with a SoftHSM token, a configuration, the daemon, and TAP; sourced.
#
#	. "$(dirname "$0")/0x-daemon-rig.sh"
#	token keys; conf; daemon; genesis
#	check "name of the test" command...
#	refused "name" EH_DENIED_X "words of the sentence" command...
#	finish

: "${EH_BUILDDIR:?run by make check, or set it to the build folder}"
EDGEHSMD=${EDGEHSMD:-$EH_BUILDDIR/edgehsmd}
EHREQ=$EH_BUILDDIR/test/flow/ehreq
OFFICER=so-pin-1 # PINs of the tests
OPERATOR=op-pin-1

tests=0
skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

SOFTHSM=
for path in /usr/lib/softhsm /usr/lib/*/softhsm /usr/local/lib/softhsm; do
	[ -r "$path/libsofthsm2.so" ] && SOFTHSM=$path/libsofthsm2.so
done
[ -n "$SOFTHSM" ] || skip_all "softhsm2 is not installed"
command -v softhsm2-util >/dev/null || skip_all "softhsm2 is not installed"
[ -x "$EDGEHSMD" ] || skip_all "edgehsmd is not built"

# A socket's path has 108 bytes, so the folder is short.
D=$(mktemp -d "${TMPDIR:-/tmp}/eh.XXXXXX")
PIDS=
cleanup() {
	for pid in $PIDS; do
		kill -9 "$pid" 2>/dev/null || :
	done
	rm -rf "$D"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

S=$D/run/s
STATE=$D/state
export SOFTHSM2_CONF="$D/softhsm2.conf"
mkdir "$D/tokens"
cat > "$SOFTHSM2_CONF" <<EOF
directories.tokendir = $D/tokens
objectstore.backend = file
log.level = ERROR
EOF
(umask 077 && echo 5678 > "$D/backend.pin")

# foreign COMMAND...: a program that is not ours and loads what is.  When ours
# was built with AddressSanitizer, its library must come first, and what leaks
# in strangers is theirs.
SANITIZER=
if ldd "$EDGEHSMD" 2>/dev/null | grep -q libasan; then
	SANITIZER=$(${CC:-gcc} -print-file-name=libasan.so)
fi
foreign() {
	if [ -n "$SANITIZER" ]; then
		env LD_PRELOAD="$SANITIZER" \
		    ASAN_OPTIONS="detect_leaks=0:${ASAN_OPTIONS:-}" "$@"
	else
		"$@"
	fi
}

# token LABEL: make a token in the key store.
token() {
	softhsm2-util --init-token --free --label "$1" --so-pin 1234 \
	    --pin 5678 > /dev/null
}

# conf [LINE...]: write the configuration, with lines added or replaced.
conf() {
	cat > "$D/conf" <<EOF
socket = $S
state = $STATE
anchor = file:$D/anchor
autostart = no
segment = 1M
backend.module = $SOFTHSM
backend.token = keys
backend.pin-file = $D/backend.pin
backend.env.SOFTHSM2_CONF = $SOFTHSM2_CONF
EOF
	for line in "$@"; do
		key=${line%% *}
		grep -v "^$key " "$D/conf" > "$D/conf.new" || :
		echo "$line" >> "$D/conf.new"
		mv "$D/conf.new" "$D/conf"
	done
	chmod 600 "$D/conf"
}

# Wait at most 10 s (PATIENCE: turns of 50 ms) for a line in a file.
await() {
	for _ in $(seq 1 "${PATIENCE:-200}"); do
		grep -aq "$1" "$2" 2>/dev/null && return 0
		sleep 0.05
	done
	return 1
}

# daemon: start it; returns when it is ready, or 1 when it failed.
daemon() {
	: > "$D/ready"
	# shellcheck disable=SC2086
	${UNDER:-} "$EDGEHSMD" --conf "$D/conf" --foreground --ready-fd 3 \
	    3> "$D/ready" >> "$D/out" 2>> "$D/err" &
	PID=$!
	PIDS="$PIDS $PID"
	await . "$D/ready" || return 1
	grep -q '^ok$' "$D/ready"
}

# stop [SIGNAL]: end it; STATUS is its exit status.
stop() {
	kill "-${1:-TERM}" "$PID"
	STATUS=0
	wait "$PID" || STATUS=$?
}

# req ARGUMENT...: one request; ehreq.c says how.
req() {
	"$EHREQ" -s "$S" "$@"
}

# The field LABEL of what is read.
field() {
	sed -n "s/^$1=//p"
}

# A P-256 root of an OEM in $D/NAME.pem, its SPKI in $D/NAME.spki.
root() {
	openssl ecparam -name prime256v1 -genkey -noout -out "$D/$1.pem"
	openssl ec -in "$D/$1.pem" -pubout -outform DER -out "$D/$1.spki" \
	    2>/dev/null
}

genesis() {
	[ -e "$D/oem.spki" ] || root oem
	req genesis "label=factory" "pin=$OFFICER" "spki=@$D/oem.spki" \
	    > "$D/genesis"
}

# The operator's PIN, set by the officer.
operator() {
	req -r officer -p "$OFFICER" set-pin role=1 "pin=$OPERATOR"
}

result() {
	tests=$((tests + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tests - $2"
		return 0
	fi
	echo "not ok $tests - $2"
	for file in "$D/answer" "$D/err"; do
		[ -s "$file" ] && tail -20 "$file" | sed "s/^/# /"
	done
	return 0
}

# check NAME COMMAND...: the command succeeds.
check() {
	name=$1
	shift
	if "$@" > "$D/answer" 2>&1; then
		result 0 "$name"
	else
		result 1 "$name"
	fi
}

# refused NAME CODE WORDS COMMAND...: it fails with this code and a sentence
# that holds these words.
refused() {
	name=$1
	code=$2
	words=$3
	shift 3
	if "$@" > "$D/answer" 2>&1; then
		result 1 "$name"
	elif grep -q "^$code: .*$words" "$D/answer"; then
		result 0 "$name"
	else
		result 1 "$name"
	fi
}

# fails NAME WORDS COMMAND...: it fails and says these words.
fails() {
	name=$1
	words=$2
	shift 2
	if "$@" > "$D/answer" 2>&1; then
		result 1 "$name"
	elif grep -q -e "$words" "$D/answer"; then
		result 0 "$name"
	else
		result 1 "$name"
	fi
}

# start_fails NAME STATUS WORDS: the daemon does not start; it ends with this
# status and says these words, to its log and to whoever waits for it.
start_fails() {
	: > "$D/err"
	daemon && {
		stop KILL
		result 1 "$1"
		return
	}
	STATUS=0
	wait "$PID" || STATUS=$?
	cp "$D/err" "$D/answer"
	if [ "$STATUS" = "$2" ] && grep -q -e "$3" "$D/err" &&
	    grep -q -e "$3" "$D/ready"; then
		result 0 "$1"
	else
		echo "# status $STATUS"
		result 1 "$1"
	fi
}

finish() {
	echo "1..$tests"
}

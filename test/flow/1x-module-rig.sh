# shellcheck shell=sh
# 1x-module-rig.sh - what the flows of the PKCS#11 module share: the daemon's rig,
# a token with an identity, PINs, and strangers' programs that load the module;
# sourced.
#
#	. "$(dirname "$0")/1x-module-rig.sh"
#	born                       # daemon, genesis, PINs; it runs
#	check "name" tool ...      # pkcs11-tool, logged in
# shellcheck source=test/flow/0x-daemon-rig.sh
. "$(dirname "$0")/0x-daemon-rig.sh"

MODULE=$EH_BUILDDIR/.libs/edgehsm-pkcs11.so
# shellcheck disable=SC2034 # for the scripts
EHSIGN=$EH_BUILDDIR/test/flow/ehsign
[ -r "$MODULE" ] || {
	echo "Bail out! $MODULE is not built"
	exit 1
}

# The sanitizer's runtime has to be there first in a program without it.
PRELOAD=
if nm -D "$MODULE" 2>/dev/null | grep -q __asan_init; then
	PRELOAD=$(${CC:-gcc} -print-file-name=libasan.so)
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
	export ASAN_OPTIONS
fi
stranger() {
	if [ -n "$PRELOAD" ]; then
		LD_PRELOAD=$PRELOAD "$@"
	else
		"$@"
	fi
}

need() {
	for program in "$@"; do
		command -v "$program" > /dev/null ||
		    skip_all "$program is not installed"
	done
}

# The daemon that was started by itself: its command line names our folder, and
# grep's own does not.
auto_pid() {
	grep -alsE "$D/con[f]" /proc/[0-9]*/cmdline | cut -d/ -f3
}
cleanup_module() {
	for pid in $(auto_pid); do
		kill -9 "$pid" 2>/dev/null || :
	done
	cleanup
}
trap cleanup_module EXIT

export EDGEHSM_CONF="$D/conf"

born() {
	token keys
	conf "daemon = $EDGEHSMD"
	daemon || {
		echo "Bail out! the daemon does not start"
		exit 1
	}
	genesis
	operator
}

bare() {
	stranger pkcs11-tool --module "$MODULE" "$@"
}

tool() {
	bare --token-label factory --login --pin "$OPERATOR" "$@"
}

# loud ARGUMENT...: pkcs11-tool with the module's sentences, whatever comes of it.
loud() (
	EDGEHSM_DEBUG=1
	export EDGEHSM_DEBUG
	bare "$@" || :
)

# shows NAME WORDS COMMAND...: it succeeds and prints these words.
shows() {
	name=$1
	words=$2
	shift 2
	if "$@" > "$D/answer" 2>&1 && grep -q -e "$words" "$D/answer"; then
		result 0 "$name"
	else
		result 1 "$name"
	fi
}

# lacks NAME WORDS COMMAND...: it succeeds and does not print these words.
lacks() {
	name=$1
	words=$2
	shift 2
	if "$@" > "$D/answer" 2>&1 && ! grep -q -e "$words" "$D/answer"; then
		result 0 "$name"
	else
		result 1 "$name"
	fi
}

# Hexadecimal digits of standard input as octets.
unhex() {
	printf '%b' "$(awk -v d=0123456789abcdef '
	function nibble(i) { return index(d, substr($0, i, 1)) - 1 }
	{
		for (i = 1; i < length($0); i += 2)
			printf "\\0%03o", 16 * nibble(i) + nibble(i + 1)
	}')"
}

# The public key with the id $1 as PEM in $2, from its CKA_EC_POINT.  (Asked for
# the key itself, pkcs11-tool 0.23 uses memory that it has freed, which the
# sanitizers do not let pass.)
public_key() {
	{
		printf 3059301306072a8648ce3d020106082a8648ce3d030107034200
		bare -O --type pubkey --id "$1" 2> /dev/null |
		    sed -n 's/^ *EC_POINT: *0441//p'
	} | tr -d '\n' | unhex |
	    openssl pkey -pubin -inform DER -out "$2"
}

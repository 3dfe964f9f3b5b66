# shellcheck shell=sh
# 3x-authority-rig.sh - what the authority's flows share; sourced.
#
# Afterwards the working directory is a private folder, ${authority} is the
# command, and there are
#
#	ok NAME COMMAND...			it succeeds
#	ends STATUS NAME WORDS COMMAND...	it ends so, and says these words
#
# What a command prints is kept in the files out and err.

: "${EH_BUILDDIR:?run by make check, or set it to the build folder}"
authority=$EH_BUILDDIR/edgehsm-authority
count=0
failed=0

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

[ -x "$authority" ] || skip_all "edgehsm-authority is not built"
command -v openssl > /dev/null || skip_all "the openssl command is missing"
unset EDGEHSM_AUTHORITY OPENSSL_CONF

folder=$(mktemp -d "${TMPDIR:-/tmp}/eh.XXXXXX")
daemon_pid=
clean_up() {
	[ -z "$daemon_pid" ] || kill -9 "$daemon_pid" 2> /dev/null || :
	cd /
	rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP
cd "$folder" || exit 1

result() {
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
		return 0
	fi
	echo "not ok $count - $2"
	cat out err | tail -n 30 | sed 's/^/# /'
	failed=1
}

ok() {
	name=$1
	shift
	status=0
	"$@" > out 2> err || status=$?
	result "$status" "$name"
}

ends() {
	expected=$1
	name=$2
	words=$3
	shift 3
	status=0
	"$@" > out 2> err || status=$?
	[ "$status" = "$expected" ] || {
		echo "ended with $status instead of $expected" >> err
		result 1 "$name"
		return 0
	}
	grep -q -e "$words" out err || {
		echo "does not say: $words" >> err
		result 1 "$name"
		return 0
	}
	result 0 "$name"
}

# The value of a fact that was printed last.
fact() {
	sed -n "s/^$1  *//p" out | head -1
}

finish() {
	echo "1..$count"
	exit "$failed"
}

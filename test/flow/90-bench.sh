#!/bin/sh
# 90-bench.sh - the benchmark runs, and prints what it says it prints.
set -eu
: "${EH_BUILDDIR:?run by make check, or set it to the build folder}"
bench=$EH_BUILDDIR/test/bench/edgebench

command -v openssl > /dev/null || {
	echo "1..0 # SKIP the openssl command is missing"
	exit 0
}
D=$(mktemp -d "${TMPDIR:-/tmp}/eh.XXXXXX")
trap 'rm -rf "$D"' EXIT
trap 'exit 1' INT TERM

cases=$("$bench" --list)
# The openssl command does not load what is built with a sanitizer.
if grep -q __asan_init "$bench"; then
	cases=$(echo "$cases" | grep -v peer-openssl-x509-provider)
fi
arguments=
for case in $cases; do
	arguments="$arguments --case $case"
done

status=0
# shellcheck disable=SC2086
"$bench" --quick --folder "$D" $arguments > "$D/lines" 2> "$D/err" ||
    status=$?
if [ "$status" = 77 ]; then
	echo "1..0 # SKIP SoftHSM is not installed"
	exit 0
elif [ "$status" != 0 ]; then
	sed 's/^/# /' "$D/err"
	echo "Bail out! edgebench ended with $status"
	exit 1
fi
# shellcheck disable=SC2086
"$EH_BUILDDIR/test/bench/lines" 1 $cases < "$D/lines"
left=$(find "$D" -name 'edgebench.*')
[ -z "$left" ] || {
	echo "Bail out! edgebench leaves $left behind"
	exit 1
}

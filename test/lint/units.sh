#!/bin/sh
# units.sh - what is made for systemd: the folders stand in it, each key is one
# that it knows, and the service is as closed as we say; TAP.
set -eu
: "${EH_BUILDDIR:?run by make check, or set it to the build folder}"
: "${EH_SRCDIR:?run by make check, or set it to the source folder}"
command -v systemd-analyze > /dev/null || {
	echo "1..0 # SKIP systemd-analyze is not installed"
	exit 0
}
# Older ones cannot look at a file.
systemd-analyze --help | grep -q -e --offline || {
	echo "1..0 # SKIP this systemd-analyze has no --offline"
	exit 0
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What is not installed yet is not what is looked at here.
sed 's|^ExecStart=.*|ExecStart=/bin/true|' \
    "$EH_BUILDDIR/configs/systemd/edgehsmd.service" > "$work/edgehsmd.service"
cp "$EH_SRCDIR/configs/systemd/edgehsmd.socket" "$work/"
n=0
result() {
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		sed 's/^/# /' "$work/out"
	fi
}
echo 1..4
# Of the folders that configure fills in, in the manual pages too.
code=0
! grep -n '@[a-z0-9]*dir@' "$EH_BUILDDIR/configs/systemd/edgehsmd.service" \
    "$EH_BUILDDIR"/doc/man/*.[1-8] > "$work/out" 2> /dev/null || code=1
result "$code" "no name of a folder is left to be filled in"
for unit in edgehsmd.service edgehsmd.socket; do
	systemd-analyze verify --man=no "$work/$unit" > "$work/out" 2>&1 || :
	# Of other units of the host we are not the judge.
	if grep -q "^$work/" "$work/out"; then
		result 1 "$unit has nothing that systemd does not know"
	else
		result 0 "$unit has nothing that systemd does not know"
	fi
done
code=0
systemd-analyze security --offline=true --threshold=15 \
    "$work/edgehsmd.service" > "$work/out" 2>&1 || code=$?
result "$code" "its exposure is at most 1.5 of 10: $(tail -1 "$work/out" |
    sed 's/[^0-9.]*edgehsmd.service: *\([0-9.]*\).*/\1/')"

#!/bin/sh
# fresh.sh - prove the two commands on a machine that has nothing but git: a new
# Debian root in a folder, the project cloned into it, ./demo.sh and ./check.sh
# run there.  Usage: fresh.sh [bookworm|trixie]; needs root.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
suite=${1:-bookworm}
vectors=${EDGEHSM_VECTORS:-$here/../shared/vectors}

[ "$(id -u)" = 0 ] || {
	echo "fresh.sh: making a Debian root needs root; try: sudo $0" >&2
	exit 2
}
case $suite in
bookworm | trixie) ;;
*)
	echo "fresh.sh: unknown suite '$suite'; known: bookworm, trixie" >&2
	exit 2
	;;
esac

# shellcheck source=test/setup/packages.sh
. "$here/test/setup/packages.sh"
need_packages yes debootstrap

# shellcheck disable=SC2016
# The host's own package source, so that nothing here names one.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
    'Component: main' | sort -u | grep -v security | grep '/debian/*$' | head -1)
[ -n "$mirror" ] || {
	echo "fresh.sh: this host has no Debian package source" >&2
	exit 1
}

root=$(mktemp -d "${TMPDIR:-/tmp}/edgehsm-fresh.XXXXXX")
chmod 755 "$root"	# apt reads as a user of its own
# shellcheck disable=SC2317
cleanup() {
	# Nothing is mounted in our name space: the mounts went with unshare.
	rm -rf --one-file-system "$root"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

echo "Making a Debian $suite in $root"
debootstrap --variant=minbase --include=git,ca-certificates "$suite" "$root" \
    "$mirror" > "$root.log" 2>&1 || {
	tail -5 "$root.log" >&2
	exit 1
}
rm -f "$root.log"
for conf in /etc/apt/apt.conf.d/*; do
	if grep -qi proxy "$conf" 2>/dev/null; then
		cp "$conf" "$root/etc/apt/apt.conf.d/"
	fi
done
cp /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || :
mkdir -p "$root/source" "$root/vectors"

echo "Cloning the project into it, then ./demo.sh and ./check.sh"
status=0
# shellcheck disable=SC2016
EH_ROOT=$root EH_SOURCE=$here EH_VECTORS=$vectors \
    unshare --mount --pid --fork --kill-child sh -euc '
	mount --make-rprivate /
	mount -t proc proc "$EH_ROOT/proc"
	mount --rbind /dev "$EH_ROOT/dev"
	mount -t tmpfs tmpfs "$EH_ROOT/tmp"
	mount --bind -o ro "$EH_SOURCE" "$EH_ROOT/source"
	[ ! -d "$EH_VECTORS" ] || mount --bind -o ro "$EH_VECTORS" "$EH_ROOT/vectors"
	exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
	    EDGEHSM_VECTORS=/vectors TERM="${TERM:-dumb}" \
	    chroot "$EH_ROOT" sh -euc "
		git config --global --add safe.directory \"*\"
		git clone -q /source /srv/edgehsm
		cd /srv/edgehsm
		./demo.sh
		./demo.sh --stop
		./check.sh
	"' || status=$?
exit "$status"

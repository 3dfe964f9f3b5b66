#!/bin/sh
# make.sh - pack a factory as one version leaves it, for 07-upgrade.sh of the
# next.  README.md says when, and what is inside.
#
#	EH_BUILDDIR=BUILD EH_SRCDIR=SOURCE sh make.sh OUT.tar.xz
#
# BUILD and SOURCE are of the version that is to be left behind: all that runs
# here is from there, the rig too.
set -eu
: "${EH_SRCDIR:?the source folder of the version to be packed}"
out=${1:?where the archive goes}
# The rig looks for its parts beside the script that sources it: play one there.
case $0 in
*/test/flow/previous) ;;
*) exec sh -c ". '$0'" "$EH_SRCDIR/test/flow/previous" "$out" ;;
esac
# shellcheck source=test/flow/5x-rig.sh
. "$EH_SRCDIR/test/flow/5x-rig.sh"

# keep NAME: what is on the disk now, without what a start makes anew.
keep() {
	mkdir -p "$D/pack/$1"
	cp -a "$STATE" "$D/anchor" "$D/tokens" "$D/pack/$1/"
	rm -f "$D/pack/$1/state/lock" "$D/pack/$1/state/refusals.log"*
}
# said NAME: what the version itself says of it.
said() {
	status
	cp "$D/status" "$D/pack/$1.json"
}
# make FILE ORDER N FIRST [OPTION...]: devices, with what was asked and answered.
make() {
	file=$1
	order=$2
	n=$3
	device=$4
	shift 4
	quietly load -a "$order" -n "$n" -d "$device" -s "$D/$file.requests" "$@"
	cp "$D/$file.requests" "$D/pack/"
	cp "$D/results" "$D/pack/$file.results"
}

# long_order PO DEVICES LEASE: as long as an authorization may live.
long_order() {
	quietly "$AUTHORITY" authorize --hsm fab1-hsm1 --profile "$PROFILE" \
	    --devices "$2" --lease "$3" --order "$1" --days 400 \
	    --out "$D/oem/$1.cose"
	quietly "$EDGEHSM" token import "$D/oem/$1.cose"
}

mkdir -p "$D/pack"
ceremony "autostart = no"
# PO-1: one lease used up, one begun.  PO-2: untouched.
long_order PO-1 12 4
long_order PO-2 6 2
make first PO-1 5 SN00000001
quietly "$EDGEHSM" token receipt --out "$D/oem/first.receipt"
quietly "$EDGEHSM" token log --out "$D/oem/first.ehlog"
quietly "$AUTHORITY" ack "$D/oem/first.receipt" "$D/oem/first.ehlog" \
    --out "$D/oem/first.ack"
quietly "$EDGEHSM" token import "$D/oem/first.ack"
said clean
stop
[ "$STATUS" = 0 ]
keep clean

# The same, two devices on, and killed within a lease.
quietly up
make second PO-1 2 SN00000006
stop KILL
keep killed
# What that kill costs is settled by the first write of the next start.
quietly up
rm -f "$D/oem/nonce" "$D/oem/time.cose"
attest_time
said killed
stop

cp -a "$D/oem" "$D/config" "$D/user.pin" "$D/so.pin" "$D/backend.pin" \
    "$D/pack/"
"$EDGEHSMD" --version > "$D/pack/version"
git -C "$EH_SRCDIR" rev-parse HEAD >> "$D/pack/version"
tar -C "$D/pack" --sparse --sort=name --owner=0 --group=0 --numeric-owner \
    -cf - . | xz -9e > "$out"
ls -l "$out"

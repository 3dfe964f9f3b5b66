#!/bin/sh
# 43-line-scope.sh - an order for listed devices, by a tree: the line finds the
# proofs, and without one, or with another's, no device is made.
set -eu
# shellcheck source=test/flow/4x-line-rig.sh disable=SC1091
. "$(dirname "$0")/4x-line-rig.sh"
factory

# --- the authority plants the tree ---
ids=$D/ids
{
	echo "# the devices of this order"
	for n in 7 3 1 5 2 9 8 6 4; do
		echo "SN0000000$n"
	done
	printf '  SN00000011 \r\nSN00000012'
} > "$ids"
authorize() {
	edgehsm-authority authorize --hsm hsm1 --devices 11 --days 7 \
	    --profile "$LINE/gateway-b.ehprofile" "$@"
}
cp "$ids" "$D/twice"
printf '\nSN00000005\n' >> "$D/twice"
fails "a device that stands twice is refused, with its lines" \
    "SN00000005 stands twice, in lines 5 and 13" \
    authorize --order T-0 --scope "tree:serial:$D/twice" --out "$D/t0" \
    --proofs "$D/t0.ehscope"
fails "a tree without --proofs is refused" "needs --proofs" \
    authorize --order T-0 --scope "tree:serial:$ids" --out "$D/t0"
fails "and --proofs without a tree" "goes with --scope tree" \
    authorize --order T-0 --out "$D/t0" --proofs "$D/t0.ehscope"
check "nothing was written" test ! -e "$D/t0" -a ! -e "$D/t0.ehscope"
order T-1 11 --scope "tree:serial:$ids" --proofs "$D/T-1.ehscope"
digest=$(edgehsm-authority show --json "$D/T-1" |
    sed -n 's/.*"digest": *"\([0-9a-f]*\)".*/\1/p')
check "the store gives the file once more" edgehsm-authority show \
    --digest "$digest" --proofs "$D/again.ehscope"
check "the same" cmp "$D/T-1.ehscope" "$D/again.ehscope"
cp "$ids" "$D/ids2"
printf '\nSN00000013\n' >> "$D/ids2"
setup authorize --order T-2 --scope "tree:serial:$D/ids2" --out "$D/T-2" \
    --proofs "$D/T-2.ehscope"

# --- one device by hand ---
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj / \
    -keyout "$D/dev.key" -out "$D/dev.csr" 2> /dev/null
issue() {
	device=$1
	shift
	edgehsm unit issue "$device" --csr "$D/dev.csr" --out "$D/dev.pem" \
	    --authorization T-1 --template idevid "$@"
}
fails "without the list there is no proof" \
    "the scope of authorization T-1 is a tree of 11 devices, and no proof came" \
    issue SN00000005
fails "the list of another order is told" "is of authorization" \
    issue SN00000005 --scope "$D/T-2.ehscope"
fails "a device that is not listed is refused" \
    "device SN00000013 is not among the 11 of" \
    issue SN00000013 --scope "$D/T-1.ehscope"
# The other order's list with the name of this order: good hashes of another
# tree.
id=$(dd if="$D/T-1.ehscope" bs=1 skip=5 count=16 2> /dev/null |
    od -An -v -tx1 | tr -d ' \n')
cp "$D/T-2.ehscope" "$D/forged.ehscope"
dd if="$D/T-1.ehscope" of="$D/forged.ehscope" bs=1 skip=5 seek=5 count=16 \
    conv=notrunc 2> /dev/null
fails "a proof of another tree is refused by the EdgeHSM" \
    "not in the scope of authorization T-1, a tree of 11 devices, by the proof" \
    issue SN00000013 --scope "$D/forged.ehscope"
head -c 300 "$D/T-1.ehscope" > "$D/cut.ehscope"
fails "a list that was cut is malformed" "list of devices" \
    issue SN00000005 --scope "$D/cut.ehscope"
STATUS=0
issue SN00000013 --scope "$D/forged.ehscope" > /dev/null 2>&1 || STATUS=$?
is "out of scope ends with 77" 77 "$STATUS"
is "none of this cost a device" 0 "$(number devices_used T-1)"
check "the id of the order stands in the list" test ${#id} -eq 32
check "with its proof it is issued" issue SN00000005 --scope "$D/T-1.ehscope"
mv "$D/dev.pem" "$D/first.pem"
check "again, without a proof" issue SN00000005
check "the same certificate" cmp "$D/first.pem" "$D/dev.pem"
is "it cost one device" 1 "$(number devices_used T-1)"

# --- and the line ---
cp "$D/T-1.ehscope" "$LINE"
run --units SN00000001..SN00000004 --progress plain
is "the line finds the proofs beside its profile" 0 "$STATUS"
is "four devices are good" 4 \
    "$(edgehsm unit list --state "$D/devices" | grep -c ' good ')"
run --units SN00000013 --progress plain
is "a device that is not listed is refused" 77 "$STATUS"
check "in words" grep -q "SN00000013 is not among the 11" "$D/out" "$D/err"
is "the counters agree" "5" "$(number devices_used T-1)"
stop
finish

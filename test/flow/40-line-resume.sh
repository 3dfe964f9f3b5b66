#!/bin/sh
# 40-line-resume.sh - a line is killed again and again and comes to its end:
# every device once, the same certificates, the quota exact.
set -eu
# shellcheck source=test/flow/4x-line-rig.sh disable=SC1091
. "$(dirname "$0")/4x-line-rig.sh"

DEVICES=60
factory
order PO-1 $DEVICES
units="--units SN00000001..SN00000060"

# A snapshot of every certificate that there is.
certificates() {
	(cd "$D/devices" && find . -name '*.pem' -exec cksum {} + | sort)
}

# Each certificate that was there must be there again, octet for octet.
unchanged() {
	certificates > "$D/after"
	# shellcheck disable=SC2015
	[ -z "$(comm -23 "$D/before" "$D/after")" ]
}

# Kill -9 ten times, each time some devices after it has begun or gone on, at a
# random moment.
mkdir -p "$D/devices"
certificates > "$D/before"
killed=0
kept=yes
for _ in 1 2 3 4 5 6 7 8 9 10; do
	touch "$D/mark"
	# shellcheck disable=SC2086
	edgehsm line run "$LINE/line3.yaml" --state "$D/devices" $units \
	    --progress none > "$D/out" 2> "$D/err" &
	pid=$!
	PIDS="$PIDS $pid"
	some_devices "$pid"
	kill -9 "$pid" 2> /dev/null && killed=$((killed + 1))
	wait "$pid" 2> /dev/null || :
	unchanged || kept=no
	mv "$D/after" "$D/before"
done
check "the line was killed in the middle" test "$killed" -ge 5
is "a certificate that was there stays as it is" yes "$kept"

# shellcheck disable=SC2086
run $units --progress plain
is "the last run comes to its end" 0 "$STATUS"
check "and keeps what the others had" unchanged
is "every device is good" $DEVICES \
    "$(edgehsm unit list --state "$D/devices" | grep -c ' good ')"
is "the token counts each device once" $DEVICES "$(number devices_used PO-1)"
is "nothing is left over" 0 "$(number devices_left PO-1)"
is "each was reported, once" "$DEVICES 0 0" \
    "$(number good PO-1) $(number scrapped PO-1) $(number in_doubt PO-1)"
is "two certificates per device" $((2 * DEVICES)) \
    "$(find "$D/devices" -name '*.pem' | wc -l)"
is "no two share a serial" $((2 * DEVICES)) \
    "$(find "$D/devices" -name '*.pem' -exec openssl x509 -noout -serial \
    -in {} \; | sort -u | wc -l)"
is "no half-written file stays" "" "$(find "$D/devices" -name '*.new-*')"

# verified CERTIFICATE CA
verified() {
	for pem in "$D"/devices/*/"$1.pem"; do
		env -u OPENSSL_MODULES openssl verify -x509_strict \
		    -CAfile "$D/oem/oem-root-ca.pem" \
		    -untrusted "$LINE/certs/$2.pem" "$pem" || return 1
	done
}
check "every IDevID verifies" verified idevid idevid-ca-2026
check "every DAC verifies" verified dac pai-fff1

# What was made is not made again.
certificates > "$D/before"
# shellcheck disable=SC2086
run $units --progress plain
is "one more run has nothing to do" 0 "$STATUS"
check "and says so" grep -q "^$DEVICES devices: $DEVICES good before$" "$D/out"
check "no certificate changes" unchanged
is "no device is counted again" $DEVICES "$(number devices_used PO-1)"

# The certificates are gone, the TBSs are not: the same ones come back, free.
rm "$D/devices/SN00000003"/*.pem
sed -i -e 's/"state": "good"/"state": "open"/' -e '/"issue",/d' \
    "$D/devices/SN00000003/unit.json"
# shellcheck disable=SC2086
run $units --progress plain
is "a lost certificate is asked for again" 0 "$STATUS"
check "it is the same, octet for octet" unchanged
is "and costs nothing" $DEVICES "$(number devices_used PO-1)"

# The quota is used up now.
run --units SN00000061..SN00000062 --progress plain
is "one device more is refused" 77 "$STATUS"
check "with the numbers" grep -q \
    "SN00000061  refused .*quota exhausted: authorization PO-1 allows $DEVICES\
 devices, $DEVICES used" \
    "$D/out"
is "no certificate is left for it" "" \
    "$(find "$D/devices/SN00000061" -name '*.pem')"
order PO-2 1
run --units SN00000061..SN00000062 --json --progress none
is "another order makes one, and refuses the next" 77 "$STATUS"
check "JSON lines say which" grep -q \
    '"device":"SN00000061","result":"good",.*"authorization":"PO-2"' "$D/out"
check "and why not" grep -q \
    '"device":"SN00000062","result":"refused",.*"code":"EH_DENIED_QUOTA"' \
    "$D/out"
check "and sum it up" grep -q \
    '"summary":.*"devices":2,"good":1,"before":0,"refused":1' "$D/out"
finish

#!/bin/sh
# 46-line-reissue.sh - another certificate for a device that has one: only with
# an allowance of the OEM, a few per device, exactly as many as were allowed, and
# nothing that cuts power or journal hides one.
set -eu
# shellcheck source=test/flow/4x-line-rig.sh disable=SC1091
. "$(dirname "$0")/4x-line-rig.sh"
command -v pkcs11-tool > /dev/null || skip_all "pkcs11-tool is missing"
ROUNDS=6
[ "${EH_SLOW:-}" != yes ] || ROUNDS=60
factory
order R-0 5
order R-1 20 --reissue 4
order R-2 3000 --reissue 1000
cd "$D"
device() {
	[ -e "$1.csr" ] || openssl req -new -newkey ec -pkeyopt \
	    ec_paramgen_curve:P-256 -nodes -subj / -keyout "$1.key" \
	    -out "$1.csr" 2> /dev/null
}
id=$(foreign pkcs11-tool --module "$EDGEHSM_MODULE" -O --type pubkey \
    2> /dev/null | grep -A1 idevid-ca-2026 | sed -n 's/^ *ID: *//p')
# tbs ORDER DEVICE KEY NUMBER: ./tbs, with that issue number.
tbs() {
	device "$3"
	setup edgehsm profile render --authorization "$1" --device "$2" \
	    --template idevid --csr "$3.csr" --issue-number "$4" --out tbs
}
sign() {
	foreign pkcs11-tool --module "$EDGEHSM_MODULE" --login \
	    --pin "$OPERATOR" --sign -m ECDSA-SHA256 --id "$id" -i "${2:-tbs}" \
	    -o "$1"
}
issue() {
	device "$3"
	edgehsm unit issue "$2" --csr "$3.csr" --out "$2.pem" \
	    --authorization "$1" --template idevid
}

# --- without an allowance ---
check "a device is made" issue R-0 SN00000001 a
tbs R-0 SN00000001 b 1
fails "another key without an allowance: DEVICE_LIMIT" 0x80420009 sign sig
fails "through libcrypto, in words" \
    "SN00000001 has a certificate by this template already .*allows no re-issue" \
    foreign openssl dgst -sha256 -provider-path "$OPENSSL_MODULES" \
    -provider edgehsm -provider default -out sig \
    -sign "pkcs11:object=idevid-ca-2026;type=private" tbs
STATUS=0
issue R-0 SN00000001 b > out 2>&1 || STATUS=$?
is "edgehsm ends with 77" 77 "$STATUS"
is "it cost one device" 1 "$(number devices_used R-0)"

# --- with one ---
check "a device is made with another order" issue R-1 SN00000002 a
tbs R-1 SN00000002 b 1
check "another key is a re-issue" sign first
is "which the EdgeHSM counts" 1 "$(number reissues_used R-1)"
is "of those that the OEM allowed" 4 "$(number reissues_allowed R-1)"
is "and no device" 1 "$(number devices_used R-1)"
check "the same again is free" sign again
check "and the same" cmp first again
is "still one" 1 "$(number reissues_used R-1)"
tbs R-1 SN00000002 c 1
fails "an issue number is never used twice" 0x80420006 sign sig
tbs R-1 SN00000002 c 2
check "the next one is good" sign sig
tbs R-1 SN00000002 d 3
fails "a third time is more than a device may" 0x80420009 sign sig
check "another device is made" issue R-1 SN00000003 e
tbs R-1 SN00000003 f 1
check "and re-issued" sign sig
tbs R-1 SN00000003 g 2
check "twice" sign sig
is "four of four" 4 "$(number reissues_used R-1)"
check "one more device" issue R-1 SN00000004 h
tbs R-1 SN00000004 i 1
fails "the allowance is used up: QUOTA_EXHAUSTED" 0x80420001 sign sig
fails "with the numbers" \
    "allows 4 uses of operation 9 (re-issue), 4 used" \
    foreign openssl dgst -sha256 -provider-path "$OPENSSL_MODULES" \
    -provider edgehsm -provider default -out sig \
    -sign "pkcs11:object=idevid-ca-2026;type=private" tbs
check "first certificates go on" issue R-1 SN00000005 j

# --- what was released cannot be cut away ---
check "a device of the third order" issue R-2 SN00000006 a
cp -a "$STATE/journal" journal.old
tbs R-2 SN00000006 b 1
check "and its re-issue" sign left
stop KILL
cp -a "$STATE/journal" journal.new
rm -rf "$STATE/journal"
cp -a journal.old "$STATE/journal"
daemon || :
STATUS=0
edgehsm status > out 2>&1 || STATUS=$?
is "a journal from before it is a fail-stop, not a burn" 69 "$STATUS"
stop
rm -rf "$STATE/journal"
cp -a journal.new "$STATE/journal"
daemon || echo "# edgehsmd did not start again"
check "with the true one it goes on" edgehsm status
check "and gives the same signature" sign again
check "which left before" cmp left again
is "it is one re-issue" 1 "$(number reissues_used R-2)"

# --- power cuts in the middle of it ---
# The number that comes next for a device with the last number ${1}.
next() {
	burns=$(number burns R-2)
	if [ "$burns" -gt "$1" ]; then
		echo "$burns"
	else
		echo $(($1 + 1))
	fi
}
lost=0
left=0
used=$(number reissues_used R-2)
for n in $(seq 1 "$ROUNDS"); do
	unit=$(printf 'SN%08d' $((100 + n)))
	device "k$n"
	device "l$n"
	tbs R-2 "$unit" "k$n" "$(number burns R-2)"
	sign sig > /dev/null 2>&1 || echo "# $unit was not made"
	tbs R-2 "$unit" "l$n" "$(next "$(number burns R-2)")"
	rm -f out1
	sign out1 > /dev/null 2>&1 &
	job=$!
	sleep "$(awk "BEGIN { srand($n * 7919); print 0.04 + rand() * 0.25 }")"
	stop KILL
	wait "$job" || :
	daemon || echo "# edgehsmd did not start again in round $n"
	before=$(number reissues_used R-2)
	[ ! -s out1 ] || left=$((left + 1))
	if [ -s out1 ] && ! { sign out2 > /dev/null 2>&1 && cmp out1 out2; }; then
		lost=$((lost + 1))
		echo "# round $n: what left is not known any more"
	fi
	if [ -s out1 ] && [ "$before" -ne $((used + 1)) ]; then
		lost=$((lost + 1))
		echo "# round $n: what left was not counted"
	fi
	if [ "$before" -gt $((used + 1)) ]; then
		lost=$((lost + 1))
		echo "# round $n: counted more than once"
	fi
	used=$before
done
echo "# $ROUNDS kills, $left signatures had left"
is "a re-issue that left is known and counted once" 0 "$lost"
stop
finish

#!/bin/sh
# 70-revoke-race.sh - a revocation while 8 clients issue: after its receipt not
# one certificate more, and the receipt, the log and the clients have the same
# number.  Which updates are refused; and kill -9 while one goes in.
#
# 4 kills; EH_SLOW=yes: 40; EH_KILLS=N: so many.
set -eu
# shellcheck source=test/flow/5x-rig.sh
. "$(dirname "$0")/5x-rig.sh"
case ${EH_SLOW:-no} in
yes) kills=${EH_KILLS:-40} ;;
*) kills=${EH_KILLS:-4} ;;
esac
ceremony "autostart = no"
order PO-1 5000 64
order PO-2 50 4
OUT=$D/out
mkdir -p "$OUT"

import() {
	"$EDGEHSM" token import "$@"
}
revoke() {
	file=$1
	shift
	"$AUTHORITY" revoke --hsm fab1-hsm1 "$@" --reason "order cancelled" \
	    --force --out "$OUT/$file"
}
# What the receipt $1 says of authorization $2: used of operation 0.
receipt_used() {
	"$AUTHORITY" show "$OUT/$1" | tr -d ' ' | awk -v id="$2" '
		/authorization/ && index($0, id) { mine = 1 }
		mine && sub(/^used:*/, "") { print; exit }'
}
lines() {
	wc -l < "$D/results"
}
# Wait at most 30 s until there are so many answers.
answers() {
	for _ in $(seq 1 1500); do
		[ "$(lines)" -ge "$1" ] && return 0
		sleep 0.02
	done
	return 1
}

# --- 8 clients, and the revocation in the middle ---
: > "$D/results"
become_load -a PO-1 -p 8 -n 3000 -s "$D/asked" -e revoked -u 4000 -d SN00010000 > "$D/loaded" &
clients=$!
quietly answers 200
quietly revoke one.cose --authorization PO-1
ends "the reply says what it has closed, with which counters" 0 \
    "revocation update 1: .*closed PO-1 (revoked) with [0-9]* of 5000 devices used" \
    import "$OUT/one.cose"
said=$(sed -n 's/.*(revoked) with \([0-9]*\) of .*/\1/p' "$D/answer")
check "a receipt" "$EDGEHSM" token receipt --out "$OUT/one.receipt"
quietly answers $(($(lines) + 100))
code=0
wait "$clients" || code=$?
same "the clients saw certificates, then that refusal, and nothing else" \
    "$code" 0
quietly logscan
status
PO1=$(counter id PO-1)
grep '^issued ' "$D/results" > "$D/issued"
grep '^refused ' "$D/results" > "$D/refused"
issued=$(wc -l < "$D/issued")
check "there were many ($issued) before" test "$issued" -ge 100
check "and many refusals ($(wc -l < "$D/refused")) after" \
    test "$(wc -l < "$D/refused")" -ge 100
same "each refusal has the numbers" "$(grep -c \
    "PO-1 was revoked: it ended with $issued of 5000 devices used" \
    "$D/refused")" "$(wc -l < "$D/refused")"
same "the reply has the number of the clients" "$said" "$issued"
same "so has the receipt" "$(receipt_used one.receipt "$PO1")" "$issued"
same "so has the status" "$(counter devices_used PO-1)" "$issued"
same "so has the log" "$(grep -c " issued $PO1 " "$D/log")" "$issued"
grep " issued $PO1 " "$D/log" | cut -d' ' -f6,7 | sort > "$D/logged"
cut -d' ' -f3,4 "$D/issued" | sort > "$D/left"
check "of exactly the same certificates" cmp "$D/logged" "$D/left"
# In one group: first the update, right behind it the row with its counters.
revoked=$(awk '$2 == "revocation" { print $1 }' "$D/log")
closed=$(awk '$3 == "closed" { print $1 }' "$D/log")
same "the log has the update, then the end of the order" "$closed" \
    $((revoked + 1))
last=$(grep " issued $PO1 " "$D/log" | tail -n 1 | cut -d' ' -f1)
check "and no certificate of it after" test "$last" -lt "$revoked"
ends "edgehsm status says why it ended" 0 "stopped: closed: revoked" \
    "$EDGEHSM" status

# --- nothing leaves again, and the neighbour lives ---
ends "no certificate that was made leaves once more" 1 \
    "asked again, refused: .* PO-1 was revoked" \
    load -A -a PO-1 -s "$D/asked"
: > "$D/results"
quietly load -a PO-2 -n 5 -d SN00020000
same "the other order goes on" "$(grep -c '^issued ' "$D/results")" 5

# --- which updates are refused ---
KEY=$EDGEHSM_AUTHORITY/message-key.pem
# Counters, orders and the number of entries: what a refusal leaves alone.
situation() {
	status && sed 's/"time_[a-z]*":[0-9]*,//g; s/"refusals":[0-9]*,//
	    s/"seconds_left":[0-9]*,//g; s/"until":[0-9]*,//g
	    s/"last_refusal":"\([^"\\]\|\\.\)*",//' "$D/status"
}
# forged NAME STATUS WORDS FIELD=VALUE...
forged() {
	name=$1
	status=$2
	words=$3
	shift 3
	quietly "$FAULT/ehforge" "$KEY" "$OUT/one.cose" "$D/forged.cose" "$@"
	situation > "$D/before"
	ends "$name" "$status" "$words" import "$D/forged.cose"
	situation > "$D/after"
	check "$name: nothing has changed" cmp "$D/before" "$D/after"
}
ends "the same again is nothing new" 0 "imported before" import "$OUT/one.cose"
forged "the same number, another content" 65 \
    "another revocation update 1 is in force" epoch=1
forged "an older number" 65 "this is revocation update 0, number 1" rseq=0
forged "for another EdgeHSM" 77 "another EdgeHSM" rseq=9 \
    sub=000102030405060708090a0b0c0d0e0f
forged "in the name of another issuer" 65 "other.example" rseq=9 \
    iss=other.example
forged "from the future" 77 "" rseq=9 iat=$(($(date +%s) + 86400))
quietly openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
    -out "$D/stranger.pem"
KEY=$D/stranger.pem
forged "signed by a stranger" 65 "no issuer grant names" rseq=9
# The stranger becomes the key for the time; then it may not revoke either.
quietly "$FAULT/ehforge" "$EDGEHSM_AUTHORITY/grant-root.pem" \
    "$D/oem/grant.cose" "$D/oem/two.cose" seq=1000 \
    add="$D/stranger.pem:4:time.example"
quietly import "$D/oem/two.cose"
forged "signed by the key for the time" 65 "role" rseq=9 iss=time.example
KEY=$EDGEHSM_AUTHORITY/message-key.pem

# --- time and acknowledgements wait for it ---
quietly "$EDGEHSM" token nonce --out "$D/nonce"
quietly revoke two.cose --authorization PO-2
quietly "$AUTHORITY" time --hsm fab1-hsm1 --nonce "$(cat "$D/nonce")" \
    --out "$OUT/time.cose"
quietly "$EDGEHSM" token receipt --out "$OUT/two.receipt"
quietly "$EDGEHSM" token log --out "$OUT/two.ehlog"
quietly "$AUTHORITY" ack "$OUT/two.receipt" "$OUT/two.ehlog" \
    --out "$OUT/two.ack"
ends "time that was attested after it is refused without it" 77 \
    "import revocation update 2 first" import "$OUT/time.cose"
ends "so is an acknowledgement" 77 "import revocation update 2 first" \
    import "$OUT/two.ack"
ends "all three in one delivery, in any order, go in" 0 \
    "closed PO-2 (revoked) with 5 of 50 devices used" \
    import "$OUT/two.ack" "$OUT/time.cose" "$OUT/two.cose"

# --- kill -9 while an update goes in ---
alive=0
for n in $(seq 1 "$kills"); do
	order "PO-K$n" 50 4
	quietly load -a "PO-K$n" -n 3 -d "SN000$((30 + n))000"
	quietly revoke "k$n.cose" --authorization "PO-K$n"
	import "$OUT/k$n.cose" > /dev/null 2>&1 &
	importer=$!
	nap "$(below 300)"
	stop KILL
	wait "$importer" 2> /dev/null || :
	quietly up
	status
	[ "$(counter closed "PO-K$n")" = false ] && alive=$((alive + 1))
	quietly import "$OUT/k$n.cose"
	status
	if [ "$(counter closed "PO-K$n")" != true ] ||
	    [ "$(counter devices_used "PO-K$n")" != 3 ]; then
		sed 's/^/# /' "$D/status"
		result 1 "kill $n: it is revoked, with its three devices"
	fi
done
echo "# $kills kills, $alive before the update was durable"
quietly logscan
for n in $(seq 1 "$kills"); do
	[ "$(grep -c " issued $(counter id "PO-K$n") " "$D/log")" = 3 ] ||
	    result 1 "kill $n: three records"
done
same "each is closed once in the log" "$(grep -c ' closed$' "$D/log")" \
    $((2 + kills))
same "by one update each" \
    "$(grep -c ' revocation' "$D/log")" $((2 + kills))
# --- a key that was revoked does not come back ---
KID=$(openssl pkey -in "$D/stranger.pem" -pubout -outform DER |
    sha256sum | cut -c1-16)
quietly "$FAULT/ehforge" "$KEY" "$OUT/two.cose" "$D/key.cose" rseq=1000 kid="$KID"
ends "a key is revoked" 0 "1 issuer key revoked" import "$D/key.cose"
quietly "$FAULT/ehforge" "$EDGEHSM_AUTHORITY/grant-root.pem" \
    "$D/oem/grant.cose" "$D/oem/three.cose" seq=1001 \
    add="$D/stranger.pem:1:time.example"
ends "no grant brings it back" 77 "key $KID of time.example, which was revoked" \
    import "$D/oem/three.cose"

stop
same "the daemon ends well" "$STATUS" 0
finish

#!/bin/sh
# 50-race.sh - many at once: 8 processes of 4 threads each never get more than
# the quota, nor two certificates for one device.
set -eu
# shellcheck source=test/flow/5x-rig.sh
. "$(dirname "$0")/5x-rig.sh"
ceremony "autostart = no"

# The id of an order, and the issues of the log under it.
issues() {
	grep " issued $(counter id "$1") " "$D/log"
}
devices() {
	cut -d' ' -f2 "$D/results" | sort -u | wc -l
}

for round in 1 2 3; do
	order PO-$round 100 16
	: > "$D/results"
	check "round $round: 160 devices want in, nothing else goes wrong" \
	    load -a PO-$round -p 8 -t 4 -n 160 -e quota -r 2 \
	    -d "SN0000${round}000"
	quietly logscan
	status
	grep '^issued ' "$D/results" > "$D/issued"
	grep '^refused ' "$D/results" > "$D/refused"
	same "round $round: 100 were served" "$(wc -l < "$D/issued")" 100
	same "round $round: 100 different ones" \
	    "$(cut -d' ' -f2 "$D/issued" | sort -u | wc -l)" 100
	same "round $round: the others were told the numbers" \
	    "$(grep -c "quota exhausted: .* PO-$round allows 100 devices, 100 used" \
	    "$D/refused")" 60
	same "round $round: the counter says 100" \
	    "$(counter devices_used PO-$round)" 100
	same "round $round: the log has 100 issues" \
	    "$(issues PO-$round | wc -l)" 100
	issues PO-$round | cut -d' ' -f6,7 | sort > "$D/logged"
	cut -d' ' -f3,4 "$D/issued" | sort > "$D/left"
	check "round $round: of exactly what was served" \
	    cmp "$D/logged" "$D/left"
done
same "no serial twice" "$(grep ' issued ' "$D/log" | cut -d' ' -f6 |
    sort | uniq -d | wc -l)" 0
same "nothing burned" "$(grep -c ' burned$' "$D/log")" 0

# --- one device, 32 keys ---
order PO-4 10 4
: > "$D/results"
check "32 keys for one device, at once" \
    load -a PO-4 -p 8 -t 4 -n 32 -1 -e device -d SN00004000
status
quietly logscan
same "one certificate" "$(grep -c '^issued ' "$D/results")" 1
# Of several authorizations, one that it is not counted under may say no first.
said=$(grep -c -e "^refused SN00004000 .* PO-4 allows no re-issue" \
    -e "^refused SN00004000 .* counted under authorization PO-4 already" \
    "$D/results")
[ "$said" = 31 ] || sed 's/^/# /' "$D/results"
same "31 times no, with the reason" "$said" 31
same "one device counted" "$(counter devices_used PO-4)" 1
same "one issue in the log" "$(issues PO-4 | wc -l)" 1

# --- one device, one key: everybody has lost the answer and asks again ---
: > "$D/results"
check "the same bytes 32 times, at once" \
    load -a PO-4 -p 8 -t 4 -n 32 -2 -d SN00004001
status
quietly logscan
same "all are answered" "$(grep -c '^issued ' "$D/results")" 32
same "all the same" "$(sort -u "$D/results" | wc -l)" 1
same "one device more" "$(counter devices_used PO-4)" 2
same "one issue more" "$(issues PO-4 | wc -l)" 2
stop
same "it ends with status 0" "$STATUS" 0
finish

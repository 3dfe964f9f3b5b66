#!/bin/sh
# 82-burned-log.sh - an unclean stop with the largest lease burns more places of
# the log than a reply may have entries: it is read in pieces, and acknowledged.
set -eu
# shellcheck source=test/flow/5x-rig.sh
. "$(dirname "$0")/5x-rig.sh"
ceremony "autostart = no"
order PO-1 10000 4096
quietly load -a PO-1 -n 2 -d SN00000001
stop KILL 2> /dev/null
quietly up
quietly load -a PO-1 -n 1 -d SN00000011
check "the log is whole" logscan
at_most "more places were burned than a reply has entries" 8193 \
    "$(grep -c ' burned$' "$D/log")"
check "the receipt" "$EDGEHSM" token receipt --out "$D/oem/receipt"
check "the log as a file" "$EDGEHSM" token log --out "$D/oem/log"
ends "the authority recomputes and acknowledges it" 0 "new entries" \
    "$AUTHORITY" ack "$D/oem/receipt" "$D/oem/log" --out "$D/oem/ack"
ends "and the acknowledgement goes in" 0 "acknowledgement 1" \
    "$EDGEHSM" token import "$D/oem/ack"
stop
finish

#!/bin/sh
# 85-count.sh - a quota that root cannot beat: an issuing key in a TPM (swtpm)
# that counts what it signs.  Five are authorized: five are signed, by the
# EdgeHSM, or with edgehsmd stopped and every file of it in the attacker's hands;
# a top-up adds exactly its number.
set -eu
# shellcheck source=test/flow/5x-rig.sh
. "$(dirname "$0")/5x-rig.sh"
# shellcheck source=test/flow/8x-count-rig.sh
. "$(dirname "$0")/8x-count-rig.sh"

# shellcheck disable=SC2119
counting_ceremony
order PO-1 5 1 --unclean-stops 0
status
same "custody class 2" "$(counter custody_class)" 2

# --- what it takes ---
load -a PO-1 -n 1 -d SN00000001 > "$D/load" 2>&1 || :
check "without a count nothing is signed" grep -q 'has no count' "$D/results"
quietly "$EDGEHSM" token count --authorization PO-1 --out "$D/oem/1.req"
quietly "$AUTHORITY" count "$D/oem/1.req" --out "$D/oem/1.cose"
stop
quietly up
check "a restart ends the session that writes, and says so" sh -c \
    "! '$EDGEHSM' token import '$D/oem/1.cose' 2> '$D/said' &&
    grep -q 'ask again' '$D/said'"
count --authorization PO-1
look 1
same "the TPM holds the index, with its limit" "$SAYS" "0 5"
check "the authority approves nothing twice" sh -c \
    "'$EDGEHSM' token count --authorization PO-1 --out '$D/oem/2.req' &&
    ! '$AUTHORITY' count '$D/oem/2.req' --out '$D/oem/2.cose' 2> '$D/said' &&
    grep -q 'allows 5 signatures, and 5 were approved' '$D/said'"

# --- two by the EdgeHSM, two by the attacker, and one more ---
check "two certificates" load -a PO-1 -n 2 -d SN00000001 -s "$D/requests"
check "the same again is answered" load -A -a PO-1 -s "$D/requests"
stop
same "which cost two uses" "$(says 1)" "2 5"
attacker "$FIRST"
check "without a policy the key signs nothing" refused raw_sign none
check "nor with another policy" refused raw_sign owner
check "nor with an index of his own with limit 1000" refused own_index
check "root signs one, which the TPM counts" raw_sign "$FIRST"
check "and another" raw_sign "$FIRST"
same "four of five" "$(says 1)" "4 5"
check "the index is not written again" refused rewrite
check "nor with the signature that was good once" refused rewrite_signed
flush
quietly up
check "at the next start two uses are known to be without a record" \
    grep -q 'counted 2 uses .* that no record stands for' "$D/err"
check "one more certificate" load -a PO-1 -n 1 -d SN00000003
load -a PO-1 -n 1 -d SN00000004 > "$D/load" 2>&1 || :
check "and not a sixth signature, with devices left" \
    grep -q 'quota exhausted: the TPM counted 5 of 5' "$D/results"
stop
same "five of five" "$(says 1)" "5 5"
check "nor one by root" refused raw_sign "$FIRST"

# --- a top-up adds exactly its number ---
flush
quietly up
order PO-1 8 1 --unclean-stops 0 --supersedes PO-1 --order-total 8 \
    --force
count --authorization PO-1
look 2
same "from five to eight is an index of three" "$SAYS" "0 3"
check "one more" load -a PO-1 -n 1 -d SN00000004
stop
cp -a "$D/tpm-keys" "$D/tpm-keys.old"
attacker "$((FIRST + 1))"
check "root signs one with a use that he asks a ticket for" \
    ticket_first "$((FIRST + 1))"
check "the TPM gives none for such an index" [ ! -s "$A/secret.timeout" ]
check "though it does for others" ticket_of_owner
same "which the TPM counts" "$(says 2)" "2 3"
flush
quietly up
check "one more" load -a PO-1 -n 1 -d SN00000005
load -a PO-1 -n 1 -d SN00000006 > "$D/load" 2>&1 || :
check "and not a ninth signature" \
    grep -q 'quota exhausted: the TPM counted 8 of 8' "$D/results"

# --- made anew, as it was ---
stop
attacker "$FIRST"
check "root removes the first index and makes it anew" redefine
check "it is not written" refused rewrite_signed
check "and nothing is signed with it" refused raw_sign "$FIRST"

# --- a soft TPM can be turned back, which the log finds out ---
flush
tpm_off
rm -rf "$D/tpm-keys"
mv "$D/tpm-keys.old" "$D/tpm-keys"
tpm_on keys
up || :
check "an old TPM is fail-stop" sh -c \
    "'$EDGEHSM' status 2>&1 | grep -q 'turned back'"
finish

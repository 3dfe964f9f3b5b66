#!/bin/sh
# 56-spend-nothing.sh - whatever does not end in a signature costs nothing.
set -eu
# shellcheck source=test/flow/5x-rig.sh
. "$(dirname "$0")/5x-rig.sh"
ceremony "autostart = no"
order PO-1 3 2
order PO-2 3 2

# --- by PKCS#11, call by call ---
check "a client that tries everything comes to its end" sh -c \
    "'$FAULT/ehspend' $CAKEY PO-1 '$PROFILE' SN00000001 > '$D/tried'"
while read -r verdict what; do
	[ "$verdict" = pass ] && verdict=0
	result "$verdict" "$what"
done < "$D/tried"
same "it tried" "$(wc -l < "$D/tried")" 35

# --- a raw signature ---
module() {
	foreign pkcs11-tool --module "$EDGEHSM_MODULE" --login \
	    --pin "$OPERATOR" "$@"
}
if command -v pkcs11-tool > /dev/null; then
	quietly "$EDGEHSM" token keygen --purpose general --label general \
	    --id 0707
	id=$("$EDGEHSM" token info --json | tr '{' '\n' |
	    sed -n "/$CAKEY/s/.*\"id\": *\"\([0-9a-f]*\)\".*/\1/p")
	head -c 32 /dev/urandom > "$D/digest"
	fails "the issuing key does not sign a digest" CKR_MECHANISM_INVALID \
	    module --sign -m ECDSA --id "$id" -i "$D/digest" -o "$D/sig"
	check "a general key does" \
	    module --sign -m ECDSA --id 0707 -i "$D/digest" -o "$D/sig"
fi

# --- requests that are refused one by one cost nothing together ---
check "two devices" load -a PO-1 -n 2 -d SN00000011
check "40 more are refused" load -a PO-1 -n 40 -t 4 -d SN00000021 -e quota
status
same "three are counted" "$(counter devices_used PO-1)" 3
same "none of the other order" "$(counter devices_used PO-2)" 0
quietly logscan
same "three in the log" "$(grep -c ' issued ' "$D/log")" 3
stop
quietly up
status
same "after a restart the same" \
    "$(counter devices_used PO-1) $(counter devices_burned PO-1)" "3 0"
stop
finish

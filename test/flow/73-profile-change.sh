#!/bin/sh
# 73-profile-change.sh - an order goes on under a changed profile: the devices
# count on, the old certificates are good, the new ones follow the new profile.
set -eu
# shellcheck source=test/flow/5x-rig.sh
. "$(dirname "$0")/5x-rig.sh"
export OPENSSL_MODULES="$EH_BUILDDIR/.libs"
ceremony "autostart = no"
OUT=$D/out
mkdir -p "$OUT"

# compile NAME SED...: a profile that differs, beside the first one.
compile() {
	name=$1
	shift
	sed "$@" "$EH_SRCDIR/configs/examples/gateway-a.yaml" \
	    > "$D/config/$name.yaml" &&
	    "$EDGEHSM" profile compile "$D/config/$name.yaml" \
	        --issuer "$CAKEY=$D/oem/ca.pem" --out "$D/config/$name.ehprofile"
}
# on FILE PROFILE DEVICES: go on with PO-1.
on() {
	"$AUTHORITY" authorize --hsm "$HSM" --profile "$D/config/$2.ehprofile" \
	    --order PO-1 --supersedes PO-1 --devices "$3" \
	    --order-total 8 --days 7 --out "$OUT/$1"
}
issue() {
	[ -e "$OUT/$1.csr" ] || openssl req -new -newkey ec -nodes -subj / \
	    -pkeyopt ec_paramgen_curve:P-256 -keyout "$OUT/$1.key" \
	    -out "$OUT/$1.csr" 2> "$D/err"
	"$EDGEHSM" unit issue "$1" --authorization PO-1 \
	    --csr "$OUT/$1.csr" --out "$OUT/$1.$2"
}
# The old one is still shown, above it.
live() {
	counter "$1" PO-1 | tail -n 1
}
says() {
	openssl x509 -in "$OUT/$1" -noout -subject
}

quietly compile two -e 's/^  version: 1 /  version: 2 /' \
    -e 's/value: ACME }/value: ACME Two }/'
quietly compile other -e 's/name: gateway-a/name: gateway-z/'
order PO-1 5 1
check "a device is made under version 1" issue SN00000001 one

# --- at the authority ---
ends "another profile is another order" 2 "takes only the same one" \
    on no other 8
check "nothing of that was signed" [ ! -e "$OUT/no" ]
ends "another version of it goes on, with a word about what comes first" 0 \
    "from gateway-a version 1 to version 2: the EdgeHSM must have that first" \
    on next two 8

# --- at the EdgeHSM ---
ends "it does not come without its profile" 1 \
    "changes the profile to gateway-a version 2: import that first" \
    "$EDGEHSM" token import "$OUT/next"
check "the old one is live" issue SN00000002 one
check "both are imported together" \
    "$EDGEHSM" token import "$OUT/next" "$D/config/two.ehprofile"
quietly status
same "what was used counts on" "$(live devices_used)" 2
same "of the new number" "$(live devices_allowed)" 8
check "a device is made under version 2" issue SN00000003 two
ends "by what that says" 0 "O = ACME Two" says SN00000003.two
ends "the ones before had the old name" 0 "O = ACME, " says SN00000002.one
quietly status
same "it counts" "$(live devices_used)" 3
for n in 4 5 6 7 8; do
	quietly issue "SN0000000$n" two
done
ends "no device is too many" 77 "allows 8 devices, 8 used" \
    issue SN00000009 two
stop
same "the daemon ends well" "$STATUS" 0
finish

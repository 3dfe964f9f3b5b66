#!/bin/sh
# 68-without.sh - what class 0 means, done: whoever reads the key store's PIN file
# signs without the EdgeHSM.  No count moves, the log is whole, and the authority
# acknowledges it: what is wrong is a certificate that nobody has a record of.
set -eu
# shellcheck source=test/flow/6x-rig.sh
. "$(dirname "$0")/6x-rig.sh"
by_hand
device SN00000100
uses "one device is made as it should be" "PO-4712 1 of 5, PO-4713 0 of 5" \
    edgehsm unit issue SN00000100 --authorization PO-4712 \
    --csr SN00000100.csr --out 100.pem
edgehsm status --json > before.json

# --- the key store itself, with what lies in its operator's file ---
store() {
	pkcs11-tool --module "$SOFTHSM" --token-label keys --login \
	    --pin "$(cat backend.pin)" "$@"
}
openssl_cnf "$OPENSSL_MODULES/edgehsm.so" "$SOFTHSM" "$D/backend.pin" > out.cnf
plain_openssl x509 -in ca.pem -noout -pubkey > ca.pub
store -O --type pubkey 2> /dev/null | sed -n 's/^ *ID: *//p' > ids
STOLEN=
while read -r id; do
	store --read-object --type pubkey --id "$id" -o pub.der 2> /dev/null
	plain_openssl pkey -pubin -inform DER -in pub.der -out pub.pem
	if cmp -s pub.pem ca.pub; then
		STOLEN=$(echo "$id" | sed 's/../%&/g')
	fi
done < ids
check "its PIN file is enough to find the issuing key" [ -n "$STOLEN" ]

# outside SERIAL NAME: a certificate that no profile would give.
outside() {
	foreign env -u EDGEHSM_MODULE -u EDGEHSM_PIN_FILE \
	    OPENSSL_CONF="$D/out.cnf" openssl x509 -req -CA ca.pem \
	    -CAkey "pkcs11:token=keys;id=$STOLEN;type=private" \
	    -set_serial "$1" -days 9999 -in SN00000100.csr \
	    -subj "/O=ACME/serialNumber=$2" -out "$2.pem"
}
# More than the five that are authorized, and as many more as one likes.
n=0
while [ "$n" -lt 6 ]; do
	n=$((n + 1))
	outside "0x4${n}0badbadbadbadbadbadbadbadbadba" "SN9999999$n" > made 2>&1 || cat made
done
same "six certificates beside an order of five" \
    "$(find . -name 'SN9999999*.pem' -size +0 | wc -l)" 6
check "they verify like any other" plain_openssl verify -partial_chain \
    -trusted ca.pem SN99999991.pem SN99999996.pem

# --- who notices ---
edgehsm status --json > after.json
same "the EdgeHSM has counted none of them" \
    "$(grep -o '"devices_used":[^,]*' after.json)" \
    "$(grep -o '"devices_used":[^,]*' before.json)"
same "nor recorded them" "$(grep -o '"log_size":[^,]*' after.json)" \
    "$(grep -o '"log_size":[^,]*' before.json)"
check "what it publishes of itself says so: class 0" \
    status_says "^Custody *class 0: anyone with the PIN file"
quietly edgehsm token receipt --out receipt.cose
quietly edgehsm token log --out log.ehlog
check "the authority finds the log in order, and acknowledges it" \
    "$AUTHORITY" ack receipt.cose log.ehlog --out ack.cose
quietly logscan
recorded() {
	serial=$(plain_openssl x509 -in "$1" -noout -serial | cut -d= -f2)
	grep -qi "$serial" log && return 0
	echo "no record of $serial"
	return 1
}
check "a certificate of the EdgeHSM has a record" recorded 100.pem
fails "one that has none gives it away, if it turns up" "no record of 410BADBAD" \
    recorded SN99999991.pem
stop
finish

#!/bin/sh
# 63-hand-time.sh - an authorization that has not begun, and one that is over:
# openssl, pkcs11-tool and edgehsm each say so, with their exit status.
set -eu
# shellcheck source=test/flow/6x-rig.sh
. "$(dirname "$0")/6x-rig.sh"
by_hand
ID=$(key_id idevid-ca-2026)

# timed ORDER OPTION...: one more authorization for gateway-a.
timed() {
	order=$1
	shift
	quietly "$AUTHORITY" authorize --hsm fab1-hsm1 --devices 3 \
	    --profile config/gateway-a.ehprofile --order "$order" "$@" \
	    --out "oem/$order.cose"
	quietly edgehsm token import "oem/$order.cose"
}
prepare() {
	DEVICE=$2
	device "$DEVICE"
	serial_of "$1" "$DEVICE" | tr a-f A-F > serial
	: > index.txt
	quietly edgehsm profile render --authorization "$1" \
	    --device "$DEVICE" --openssl
	cp quiet ca.cnf
	quietly profile_tbs "$1" "$DEVICE"
}
# refused_by_all WHAT WORDS ORDER: by openssl, pkcs11-tool and edgehsm.
refused_by_all() {
	refuses "openssl ca: $1" 1 "$2" ca.out openssl ca -config ca.cnf \
	    -batch -notext -utf8 -preserveDN -cert ca.pem -keyfile "$KEY" \
	    -subj "/O=ACME/serialNumber=$DEVICE" -in "$DEVICE.csr" -out ca.out
	refuses "pkcs11-tool: $1" 1 "C_SignFinal failed.*$4" out.sig \
	    operator_tool --sign -m ECDSA-SHA256 --id "$ID" -i "$DEVICE.tbs" \
	    -o out.sig
	refuses "edgehsm: $1" 77 "$2" out.pem edgehsm unit issue "$DEVICE" \
	    --csr "$DEVICE.csr" --authorization "$3" --out out.pem
	check "edgehsm status knows the last refusal: $1" \
	    status_says "^Refused .*$2"
}

timed PO-4730 --not-before +1d --days 2
COUNTS="$COUNTS, PO-4730 0 of 3"
prepare PO-4730 SN00000100
from=$(edgehsm profile render --authorization PO-4730 --device SN00000100 |
    sed -n 's/^notBefore *//p')
refused_by_all "not yet valid" "authorization PO-4730 is valid from $from; all \
that is sure here is that 20[0-9T:-]*Z has passed" PO-4730 0x80420003
check "edgehsm status says when it begins" status_says "^    begins $from\$"

# Four seconds are enough to import it, and to spend one device.
timed PO-4731 --not-after +4s
COUNTS="$COUNTS, PO-4731 0 of 3"
prepare PO-4731 SN00000101
until=$(edgehsm status | sed -n 's/^PO-4731 .* \(20.*Z\)$/\1/p')
now=0
end=$(date -d "$until" +%s)
while [ "$now" -le "$end" ]; do
	sleep 0.2
	now=$(date +%s)
done
refused_by_all expired \
    "authorization PO-4731 expired $until; the OEM can issue a new one" \
    PO-4731 0x80420002
check "edgehsm status says that it is over" \
    status_says "^    stopped: expired; the OEM can lift that"

# What is over stays over, and does not hide what is in force.
quietly "$AUTHORITY" time --hsm fab1-hsm1 \
    --nonce "$(edgehsm token nonce)" --out oem/time2.cose
quietly edgehsm token import oem/time2.cose
refused_by_all "expired, and closed" \
    "authorization PO-4731 expired $until; the OEM can issue a new one" \
    PO-4731 0x80420002
prepare PO-4712 SN00000102
uses "the order beside it works" "PO-4712 1 of 5, PO-4713 0 of 5, \
PO-4730 0 of 3, PO-4731 0 of 3" openssl ca -config ca.cnf -batch -notext \
    -utf8 -preserveDN -cert ca.pem -keyfile "$KEY" \
    -subj "/O=ACME/serialNumber=SN00000102" -in SN00000102.csr -out 102.pem
prepare PO-4712 SN00000103
echo 40112233445566778899AABBCCDDEEFF > serial
refuses "a wrong serial number is told by the order in force" 1 \
    "device SN00000103 under authorization PO-4712 must be" ca.out \
    openssl ca -config ca.cnf -batch -notext -utf8 -preserveDN -cert ca.pem \
    -keyfile "$KEY" -subj "/O=ACME/serialNumber=SN00000103" \
    -in SN00000103.csr -out ca.out
stop
same "the daemon ends well" "$STATUS" 0
finish

#!/bin/sh
# 61-hand-openssl-x509.sh - openssl x509 -req -days N under an authorization
# whose validity is a number of days: the profile's certificate, and no other.
set -eu
# shellcheck source=test/flow/6x-rig.sh
. "$(dirname "$0")/6x-rig.sh"
by_hand

# x509 OUT: as profile render says, or with what is set.
x509() {
	openssl x509 -req -extfile "${CONFIG:-ca.cnf}" -extensions extensions \
	    -CA ca.pem -CAkey "$KEY" -set_serial "0x${SERIAL:-$MUST}" \
	    -days "${DAYS:-3650}" \
	    -subj "${SUBJECT:-/O=ACME/serialNumber=$DEVICE}" \
	    -in "$DEVICE.csr" -out "$1"
}
begin() {
	DEVICE=$1
	device "$DEVICE"
	MUST=$(serial_of PO-4713 "$DEVICE")
	quietly edgehsm profile render --authorization PO-4713 \
	    --device "$DEVICE" --openssl
	cp quiet ca.cnf
}
# profile_tbs_at CERTIFICATE: what the profile gives with its notBefore.
profile_tbs_at() {
	from=$(plain_openssl x509 -in "$1" -noout -startdate \
	    -dateopt iso_8601 | sed 's/.*=//; s/ /T/')
	edgehsm profile render --authorization PO-4713 --device "$DEVICE" \
	    --csr "$DEVICE.csr" --not-before "$from" --out profile.tbs
}

begin SD00000001
check "render prints the command, with its days" \
    grep -q "set_serial 0x$(echo "$MUST" | tr a-f A-F) -days 3650" ca.cnf
no="authorization PO-4713, template client"
sed 's/^2\.5\.29\.19 .*/basicConstraints = critical,CA:TRUE/' ca.cnf > other.cnf
CONFIG=other.cnf
refuses "x509, CA:TRUE" 1 \
    "$no.*extension basicConstraints is 30030101ff, must be 3000" x.out \
    x509 x.out
sed 's/^2\.5\.29\.37 .*/extendedKeyUsage = serverAuth/' ca.cnf > other.cnf
refuses "x509, another use" 1 "$no.*extension extendedKeyUsage is " x.out \
    x509 x.out
CONFIG=
SUBJECT="/O=EVIL/serialNumber=$DEVICE"
refuses "x509, another organization" 1 \
    "$no.*subject organizationName is \"EVIL\", must be \"ACME\"" x.out \
    x509 x.out
SUBJECT=
DAYS=3651
refuses "x509, a day longer" 1 "$no.*must be [0-9]*Z, notBefore plus 3650 days" \
    x.out x509 x.out
DAYS=
SERIAL=$(echo "$MUST" | tr 0-9a-f 1-9a-f0)
SERIAL=4${SERIAL#?}
refuses "x509, another serial number" 1 \
    "device SD00000001 under authorization PO-4713 must be $MUST" x.out \
    x509 x.out
SERIAL=
begin SD00000100
refuses "x509, a device out of scope" 1 \
    "device SD00000100 is not in the scope of authorization PO-4713" x.out \
    x509 x.out
begin SD00000001
uses "x509" "PO-4712 0 of 5, PO-4713 1 of 5" x509 first.pem
check "the profile has this validity" profile_tbs_at first.pem
tbs_of first.pem first.tbs
check "its TBSCertificate is the profile's" cmp first.tbs profile.tbs
check "its chain verifies" plain_openssl verify -x509_strict \
    -CAfile "$EDGEHSM_AUTHORITY/oem-root-ca.pem" -untrusted ca.pem first.pem

# The command takes the time of day: a second later it asks for another
# certificate, which is refused; the same octets again are free.
sleep 1.1
refuses "a second later" 1 \
    "device SD00000001 has a certificate by this template already (issue \
number 0), and authorization PO-4713 allows no re-issue: only the same \
TBSCertificate is signed again" x.out x509 x.out
uses "the same TBSCertificate again" "$COUNTS" operator_tool --sign \
    -m ECDSA-SHA256 --id "$(key_id idevid-ca-2026)" -i first.tbs -o again.sig \
    --signature-format openssl
plain_openssl asn1parse -in first.pem > parsed
at=$(sed -n 's/^ *\([0-9]*\):.*BIT STRING.*/\1/p' parsed | tail -1)
quietly plain_openssl asn1parse -in first.pem -strparse "$at" -noout \
    -out first.sig
check "gives the signature of the certificate" cmp first.sig again.sig

# Twice within a second: as the clock turns, so that there is time for both.
begin SD00000002
now=$(date +%s)
while [ "$(date +%s)" = "$now" ]; do
	sleep 0.01
done
x509 one.pem > one.log 2>&1 || :
x509 two.pem > two.log 2>&1 || :
COUNTS="PO-4712 0 of 5, PO-4713 2 of 5"
same "twice at once costs one device" "$(counts)" "$COUNTS"
if [ -s two.pem ]; then
	check "and is the same certificate" cmp one.pem two.pem
else
	result 0 "and is the same certificate # SKIP a second passed between"
fi
stop
same "the daemon ends well" "$STATUS" 0
finish

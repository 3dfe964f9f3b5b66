#!/bin/sh
# 60-hand-openssl-ca.sh - a request for the factory's key, edgehsm unit issue,
# and openssl ca: the profile's certificate and no other, one device each.
set -eu
# shellcheck source=test/flow/6x-rig.sh
. "$(dirname "$0")/6x-rig.sh"
by_hand

# --- the factory's key makes its own request, under no quota ---
uses "openssl req -new for the factory's key" "$COUNTS" \
    openssl req -new -key "$KEY" -subj /CN=again -out again.csr
check "its signature verifies" plain_openssl req -verify -noout -in again.csr
check "and the key is that of the CA" sh -c '
	openssl req -in again.csr -noout -pubkey > again.pub &&
	openssl x509 -in ca.pem -noout -pubkey | cmp - again.pub'

# --- edgehsm unit issue ---
issue() {
	edgehsm unit issue "$1" --csr "$1.csr" --authorization PO-4712 \
	    --out "$2"
}
chain() {
	plain_openssl verify -x509_strict \
	    -CAfile "$EDGEHSM_AUTHORITY/oem-root-ca.pem" -untrusted ca.pem "$1"
}
device SN00000100
uses "unit issue" "PO-4712 1 of 5, PO-4713 0 of 5" issue SN00000100 100.pem
check "its chain verifies" chain 100.pem
check "profile render writes its TBSCertificate" profile_tbs PO-4712 SN00000100
tbs_of 100.pem 100.tbs
check "which is that of the certificate" cmp SN00000100.tbs 100.tbs
uses "unit issue again" "$COUNTS" issue SN00000100 100-again.pem
check "gives the same certificate" cmp 100.pem 100-again.pem
ends "and says so" 0 "^100-again.pem: idevid of SN00000100 under PO-4712$" \
    issue SN00000100 100-again.pem
device SN00000110
refuses "unit issue into a folder that is not there" 1 \
    "cannot write nowhere/110.pem: .*; nothing was asked for" nowhere/110.pem \
    issue SN00000110 nowhere/110.pem
device SN00000200
refuses "unit issue, out of scope" 77 \
    "device SN00000200 is not in the scope of authorization PO-4712, which is \
SN00000100 to SN00000199" out.pem \
    issue SN00000200 out.pem
device XN00000100
refuses "unit issue, an id that is none" 77 \
    'octet 0 does not fit SN\[0-9\]{8} of profile gateway-a' out.pem \
    issue XN00000100 out.pem
cp SN00000200.csr SN00000100.csr
refuses "unit issue, another key for a device that has a certificate" 77 \
    "device SN00000100 has a certificate by this template already (issue \
number 0), and authorization PO-4712 allows no re-issue" out.pem \
    issue SN00000100 out.pem
refuses "unit issue under a name that is not there" 77 \
    "no authorization PO-1 on this token; there are: PO-4712, PO-4713" out.pem \
    edgehsm unit issue SN00000101 --csr SN00000200.csr --authorization PO-1 \
    --out out.pem

# --- openssl ca, as profile render says ---
# ca OUT OPTION...: with a fresh index, as a person would start anew.
ca() {
	out=$1
	shift
	: > index.txt
	echo "${SERIAL:-$MUST}" | tr a-f A-F > serial
	openssl ca -config "${CONFIG:-ca.cnf}" -batch -notext -utf8 \
	    -preserveDN -cert ca.pem -keyfile "${CAKEYURI:-$KEY}" \
	    -subj "${SUBJECT:-/O=ACME/serialNumber=$DEVICE}" \
	    -in "$DEVICE.csr" -out "$out" "$@"
}
begin() {
	DEVICE=$1
	device "$DEVICE"
	MUST=$(serial_of PO-4712 "$DEVICE")
	quietly edgehsm profile render --authorization PO-4712 \
	    --device "$DEVICE" --openssl
	cp quiet ca.cnf
	quietly profile_tbs PO-4712 "$DEVICE"
}
begin SN00000101
no="authorization PO-4712, template idevid"
CONFIG=other.cnf
sed 's/^2\.5\.29\.19 .*/basicConstraints = critical,CA:TRUE/' ca.cnf > other.cnf
refuses "ca, CA:TRUE" 1 \
    "$no.*extension basicConstraints is 30030101ff, must be 3000" ca.out \
    ca ca.out
sed '/^subjectKeyIdentifier/d' ca.cnf > other.cnf
refuses "ca, a key identifier that nobody asked for" 1 \
    "$no.*extension subjectKeyIdentifier is there, and must not be" ca.out \
    ca ca.out
CONFIG=
SUBJECT="/O=EVIL/serialNumber=$DEVICE"
refuses "ca, another organization" 1 \
    "$no.*subject organizationName is \"EVIL\", must be \"ACME\"" ca.out \
    ca ca.out
SUBJECT=/O=ACME/serialNumber=XN00000101
refuses "ca, an id that is none" 1 \
    "$no.*octet 0 does not fit SN\[0-9\]{8}" ca.out ca ca.out
SUBJECT=
refuses "ca, another end" 1 \
    "$no.*notAfter is 20510101000000Z, must be 99991231235959Z" ca.out \
    ca ca.out -enddate 20510101000000Z
refuses "ca, a beginning in the past" 1 \
    "notBefore 2020-01-01T00:00:00Z is neither" ca.out \
    ca ca.out -startdate 200101000000Z
SERIAL=$(echo "$MUST" | tr 0-9a-f 1-9a-f0)
SERIAL=4${SERIAL#?}
refuses "ca, another serial number" 1 \
    "serial number of device SN00000101 under authorization PO-4712 must be \
$MUST (issue number 0" ca.out ca ca.out
SERIAL=1001
refuses "ca, a serial number of another length" 1 \
    "$no.*the serial number has 2 octets, must have 16" ca.out ca ca.out
SERIAL=
SUBJECT=/O=ACME/serialNumber=SN00000109
refuses "ca, two devices in one certificate" 1 \
    "$no.*is \"SN00000101\", the one before is \"SN00000109\"" ca.out ca ca.out
SUBJECT=
begin SN00000200
refuses "ca, a device out of scope" 1 \
    "device SN00000200 is not in the scope of authorization PO-4712" ca.out \
    ca ca.out
begin SN00000101
uses "ca" "PO-4712 2 of 5, PO-4713 0 of 5" ca ca.out
tbs_of ca.out ca.tbs
check "its TBSCertificate is the profile's" cmp ca.tbs SN00000101.tbs
check "its chain verifies" chain ca.out
echo "$MUST" | tr a-f A-F > serial
ends "openssl ca itself refuses a serial number in its index" 1 \
    "has already been issued" openssl ca -config ca.cnf -batch -notext -utf8 \
    -preserveDN -cert ca.pem -keyfile "$KEY" \
    -subj "/O=ACME/serialNumber=$DEVICE" -in "$DEVICE.csr" -out again.out
uses "ca again, with a fresh index" "$COUNTS" ca again.out
check "gives the same signature" cmp ca.out again.out

# --- openssl ca with a configuration of one's own, in words ---
begin SN00000102
start=$(sed -n 's/^default_startdate = //p' ca.cnf)
cat > own.cnf <<EOF2
[ca]
default_ca = factory
[factory]
serial = serial
database = index.txt
new_certs_dir = .
default_md = sha256
string_mask = utf8only
policy = any
x509_extensions = device
[any]
organizationName = supplied
serialNumber = supplied
[device]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
authorityKeyIdentifier = keyid
subjectKeyIdentifier = none
subjectAltName = otherName:1.3.6.1.5.5.7.8.4;SEQUENCE:module
[module]
type = OID:1.3.6.1.4.1.55555.1.6
serial = FORMAT:ASCII,OCTETSTRING:SN00000102
EOF2
CONFIG=own.cnf
uses "ca in words" "PO-4712 3 of 5, PO-4713 0 of 5" \
    ca own.out -startdate "$start" -enddate 99991231235959Z
tbs_of own.out own.tbs
check "its TBSCertificate is the profile's" cmp own.tbs SN00000102.tbs
CONFIG=

# --- naming the authorization ---
begin SN00000103
refuses "-sigopt with a name that is not there" 1 \
    "authorization PO-9 is not on the token; there: PO-4712 ([0-9a-f]*), \
PO-4713 ([0-9a-f]*)" ca.out ca ca.out -sigopt authorization:PO-9
refuses "-sigopt with another order" 1 \
    "authorization PO-4713, template client.*subject\|authorization PO-4713, \
template client.*notAfter" ca.out ca ca.out -sigopt authorization:PO-4713
CAKEYURI="$KEY?x-authorization=PO-8"
refuses "a URI with a name that is not there" 1 \
    "authorization PO-8 is not on the token; there: PO-4712" ca.out ca ca.out
CAKEYURI=
write_openssl_cnf wrong.cnf "edgehsm-authorization = PO-7"
write_openssl_cnf right.cnf "edgehsm-authorization = PO-4712"
CNF=wrong.cnf # of openssl() in the rig
refuses "openssl.cnf with a name that is not there" 1 \
    "authorization PO-7 is not on the token; there: PO-4712" ca.out ca ca.out
CNF=
uses "-sigopt" "PO-4712 4 of 5, PO-4713 0 of 5" \
    ca ca.out -sigopt authorization:PO-4712
CAKEYURI="$KEY?x-authorization=PO-4712"
uses "the URI" "$COUNTS" ca uri.out
check "is the same certificate" cmp ca.out uri.out
CAKEYURI=
CNF=right.cnf
uses "openssl.cnf" "$COUNTS" ca cnf.out
check "is the same certificate" cmp ca.out cnf.out
CNF=

# --- the last device, and one more ---
begin SN00000104
uses "the fifth device" "PO-4712 5 of 5, PO-4713 0 of 5" ca fifth.out
begin SN00000105
refuses "the sixth" 1 \
    "quota exhausted.*authorization PO-4712 allows 5 devices, 5 used" ca.out \
    ca ca.out
refuses "the sixth by unit issue" 77 \
    "authorization PO-4712 allows 5 devices, 5 used" out.pem \
    issue SN00000105 out.pem
DEVICE=SN00000104
MUST=$(serial_of PO-4712 "$DEVICE")
quietly edgehsm profile render --authorization PO-4712 --device "$DEVICE" \
    --openssl
cp quiet ca.cnf
uses "the fifth again is free all the same" "$COUNTS" ca again.out
check "and the same" cmp fifth.out again.out
stop
same "the daemon ends well" "$STATUS" 0
finish

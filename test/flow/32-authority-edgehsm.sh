#!/bin/sh
# 32-authority-edgehsm.sh - the authority and a real EdgeHSM: enrolment, CA
# certificates that openssl verifies, time, an authorization, all of them
# imported; and what each side refuses.
set -eu
# shellcheck source=test/flow/3x-authority-rig.sh
. "$(dirname "$0")/3x-authority-rig.sh"

edgehsm=$EH_BUILDDIR/edgehsm
daemon=$EH_BUILDDIR/edgehsmd
module=$EH_BUILDDIR/.libs/edgehsm-pkcs11.so
for file in "$edgehsm" "$daemon" "$module"; do
	[ -r "$file" ] || skip_all "${file##*/} is not built"
done
softhsm=
for path in /usr/lib/softhsm /usr/lib/*/softhsm /usr/local/lib/softhsm; do
	[ -r "$path/libsofthsm2.so" ] && softhsm=$path/libsofthsm2.so
done
[ -n "$softhsm" ] || skip_all "softhsm2 is not installed"
command -v softhsm2-util > err || skip_all "softhsm2-util is missing"

# --- a factory: SoftHSM, edgehsmd ---
mkdir tokens profiles
cat > softhsm.conf <<EOF
directories.tokendir = $folder/tokens
log.level = ERROR
EOF
(umask 077 && printf '12345678\n' > so.pin && printf '87654321\n' > user.pin &&
    printf '1234\n' > backend.pin)
cat > edgehsm.conf <<EOF
socket = $folder/run/s
state = $folder/state
anchor = file:$folder/anchor
autostart = no
segment = 1M
backend.module = $softhsm
backend.token = keys
backend.pin-file = $folder/backend.pin
backend.env.SOFTHSM2_CONF = $folder/softhsm.conf
EOF
chmod 600 edgehsm.conf
SOFTHSM2_CONF=$folder/softhsm.conf softhsm2-util --module "$softhsm" \
    --init-token --free --label keys --pin 1234 --so-pin 12345678 > out
export OPENSSL_MODULES="$EH_BUILDDIR/.libs"
export EDGEHSM_CONF="$folder/edgehsm.conf" EDGEHSM_MODULE="$module"
export EDGEHSM_PIN_FILE="$folder/user.pin" EDGEHSM_SO_PIN_FILE="$folder/so.pin"
: > ready
"$daemon" --conf edgehsm.conf --foreground --ready-fd 3 3> ready \
    > daemon.out 2> daemon.err &
daemon_pid=$!
for _ in $(seq 1 200); do
	[ -s ready ] && break
	sleep 0.05
done
ok "edgehsmd is ready" grep -q '^ok$' ready

# --- enrolment ---
ok "init" "$authority" init --name oem.example
ok "a second, foreign authority" "$authority" init --store foreign --name evil
ok "the token pins our root" "$edgehsm" token init --label fab1 \
    --root authority/oem-root.spki
for store in authority foreign; do
	ok "invitation of $store" "$authority" enrol --store $store \
	    --invite fab1-hsm1 --factory fab1 --out $store.json
	ok "request for it" "$edgehsm" token enrol --invitation $store.json \
	    --out $store.enrol
done
ends 77 "a foreign authority refuses the request" "obeys another root" \
    "$authority" enrol --store foreign foreign.enrol --yes --out no.cose
ends 77 "a nonce of somebody else is none of ours" "no invitation" \
    "$authority" enrol foreign.enrol --yes --out no.cose
ends 0 "show reads the request" '^signature  *good: the key in it' \
    "$authority" show authority.enrol
print=$("$authority" show authority.enrol --json |
    sed 's/.*"attestation_key":\[{[^}]*"fingerprint":"\([0-9a-f]*\)".*/\1/')
ends 2 "nobody can be asked here" "fingerprint" \
    "$authority" enrol authority.enrol --out no.cose
ends 77 "another fingerprint is refused" "do not enrol this" \
    "$authority" enrol authority.enrol --out no.cose --fingerprint \
    "$(echo "$print" | tr '0-9a-f' '1-9a-f0')"
ends 2 "half a fingerprint is none" "64 hex digits" "$authority" enrol \
    authority.enrol --out no.cose --fingerprint "$(echo "$print" | cut -c1-32)"
ok "none of that gave a grant" test ! -e no.cose
ok "the right one enrols" "$authority" enrol authority.enrol \
    --out grant.cose --fingerprint "$(echo "$print" | sed 's/..../& /g')"
ends 65 "the invitation is used" "used already" \
    "$authority" enrol authority.enrol --yes --out no.cose
ends 0 "show knows who signed the grant" \
    '^signature  *good: grant root of this authority' \
    "$authority" show grant.cose
ends 0 "another authority cannot say" 'not checked: the key is unknown' \
    "$authority" show --store foreign grant.cose
ok "the token takes the grant" "$edgehsm" token import grant.cose

# --- CA certificates ---
# ca LABEL SUBJECT: a key in the token, request and attestation.
ca() {
	ok "$1 is born in the token" "$edgehsm" token keygen \
	    --purpose issuing --label "$1"
	ok "$1 asks to be certified" "$edgehsm" token csr --label "$1" \
	    --subject "$2" --out "$1.csr"
}
ca idevid-ca '/C=DE/O=ACME/CN=ACME IDevID CA 1'
ca pai '/O=ACME/CN=ACME Matter PAI/1.3.6.1.4.1.37244.2.1=FFF1'
ends 0 "show reads the attestation" \
    '^signature  *good: attestation key of fab1' "$authority" show idevid-ca.csr
ends 2 "a form must be named" "issuing-ca or matter-pai" "$authority" certify \
    --as device idevid-ca.csr --out no.pem
ends 77 "a PAI has a VID" "VID" "$authority" certify --as matter-pai \
    idevid-ca.csr --out no.pem
ends 77 "a foreign authority certifies nothing" "no EdgeHSM" "$authority" \
    certify --store foreign --as issuing-ca idevid-ca.csr --out no.pem
sed -n '/BEGIN CERTIFICATE REQ/,/END CERTIFICATE REQ/p' pai.csr > mixed.csr
sed -n '/BEGIN EDGEHSM/,/END EDGEHSM/p' idevid-ca.csr >> mixed.csr
ends 77 "request and attestation belong together" "another key" "$authority" \
    certify --as issuing-ca mixed.csr --out no.pem
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out own.pem
openssl req -new -key own.pem -subj /CN=own -out own.csr
ends 65 "a request alone is not enough" "EDGEHSM KEY ATTESTATION" \
    "$authority" certify --as issuing-ca own.csr --out no.pem
sed -n '/BEGIN EDGEHSM/,/END EDGEHSM/p' idevid-ca.csr >> own.csr
ends 77 "nor is somebody else's attestation" "another key" \
    "$authority" certify --as issuing-ca own.csr --out no.pem
ok "none of that gave a certificate" test ! -e no.pem
ok "issuing CA" "$authority" certify --as issuing-ca idevid-ca.csr \
    --out idevid-ca.pem
ok "Matter PAI, for ten years" "$authority" certify --as matter-pai pai.csr \
    --days 3650 --out pai.pem
for file in idevid-ca pai; do
	ok "openssl verifies $file strictly" openssl verify -x509_strict \
	    -CAfile authority/oem-root-ca.pem $file.pem
	ends 0 "$file may issue devices only" "CA:TRUE, pathlen:0" \
	    openssl x509 -in $file.pem -noout -text
	ends 0 "$file signs certificates and CRLs" \
	    "Certificate Sign, CRL Sign" openssl x509 -in $file.pem -noout -text
	ok "the token takes $file" "$edgehsm" token import $file.pem
done
ok "the key in it is the token's" sh -c \
    'openssl x509 -in idevid-ca.pem -noout -pubkey > a &&
	openssl req -in idevid-ca.csr -noout -pubkey | cmp - a'
ends 1 "a certificate is not written over" "force" "$authority" certify \
    --as issuing-ca idevid-ca.csr --out idevid-ca.pem

# --- time, authorization ---
nonce=$("$edgehsm" token nonce)
ends 0 "time, bound to the nonce" "^nonce  *$nonce" "$authority" time \
    --hsm fab1-hsm1 --nonce "$nonce" --out time.cose
ok "the token takes it" "$edgehsm" token import time.cose
cp "$EH_SRCDIR/configs/examples/sensor-days.yaml" profiles/
sed -i 's/idevid-ca-2026/idevid-ca/' profiles/sensor-days.yaml
ok "profile" "$edgehsm" profile compile profiles/sensor-days.yaml \
    --issuer idevid-ca=idevid-ca.pem
profile=profiles/sensor-days.ehprofile
ends 0 "show reads the profile" '^name  *sensor-days' \
    "$authority" show $profile
# authorize STATUS NAME WORDS OPTION...
authorize() {
	expected=$1
	name=$2
	words=$3
	shift 3
	ends "$expected" "$name" "$words" "$authority" authorize \
	    --hsm fab1-hsm1 --profile $profile --order PO-1 "$@"
}
authorize 2 "how many devices?" "devices N is needed" --out no.cose
authorize 2 "none is no order" "a number from 1" --devices 0 --out no.cose
authorize 2 "401 days are too many" "from 1 to 400" --devices 5 --days 401 \
    --out no.cose
authorize 77 "an end in the past" "over before" --devices 5 --out no.cose \
    --not-before 2020-01-01T00:00:00Z --not-after 2020-02-01T00:00:00Z
authorize 77 "devices by another name" "names devices by mac" --devices 5 \
    --scope list:mac:SD00000001 --out no.cose
ok "none of that gave an authorization" test ! -e no.cose
sed 's/string: utf8, value: ACME/string: utf8, value: EVIL/' \
    profiles/sensor-days.yaml > evil.yaml
authorize 77 "a profile that is not what the YAML says" \
    "is not what evil.yaml" --devices 5 --source evil.yaml --out no.cose
ends 65 "a YAML in place of the compiled profile" \
    "no compiled profile, which edgehsm profile compile makes" \
    "$authority" authorize --hsm fab1-hsm1 --order PO-1 --devices 5 \
    --profile profiles/sensor-days.yaml --out no.cose
echo "kind: nonsense" > broken.yaml
authorize 65 "a YAML that is none" "broken.yaml:1:" \
    --devices 5 --source broken.yaml --out no.cose
ok "none of that gave an authorization" test ! -e no.cose
authorize 77 "an end in the past, alone" "it ends 2020-02-01T00:00:00Z" \
    --devices 5 --out no.cose --not-after 2020-02-01T00:00:00Z
authorize 2 "an end before the beginning" "ends .*Z, before it begins .*Z" \
    --devices 5 --out no.cose --not-before +2d --not-after +1d
authorize 2 "401 days between two dates" "at most 400 days; this one is from" \
    --devices 5 --out no.cose --not-after +401d
ok "none of that gave one either" test ! -e no.cose
authorize 0 "what an offline limit means is said" "stops after 24 hours" \
    --devices 5 --days 7 --max-offline 86400 --scope range:serial:SD00000001:SD00000099 \
    --source profiles/sensor-days.yaml --out PO-1.cose
cp err said
ok "limits beyond 5 devices are not" sh -c \
    '! grep -e "may be lost" -e "after a boot" said'
ok "no warning about a certified key" sh -c '! grep warning said'
ends 0 "show says the same" '^signature  *good: message key' \
    "$authority" show PO-1.cose
ok "the token takes it" "$edgehsm" token import $profile PO-1.cose
ends 0 "and counts from there" "PO-1" "$edgehsm" status
head -c 100 PO-1.cose > cut.cose
ends 65 "a truncated one is malformed" "that was cut or changed" \
    "$authority" show cut.cose
digest=$("$authority" show --json PO-1.cose |
    sed 's/.*"digest":"\([0-9a-f]*\)","size".*/\1/')
ok "the store gives it once more" "$authority" show --digest "$digest" \
    --out again.cose
ok "octet for octet" cmp PO-1.cose again.cose
ends 0 "the next number is 2" '"next":2' "$authority" show --json

# --- nothing lost, nothing twice ---
next_number() {
	"$authority" show --json | sed 's/.*edgehsm-pauth+cwt"//
	    s/[^}]*"next":\([0-9]*\).*/\1/'
}
before=$(next_number)
authorize 77 "more than the order is of" \
    "fab1-hsm1 may still make 5 of them and has neither closed" --devices 1 \
    --out no.cose
authorize 1 "a folder that is not there stops it before it signs" \
    "cannot be written" --devices 1 --out nowhere/PO.cose
ok "no number was used" test "$(next_number)" = "$before"
long=$(printf '%0300d' 0)
authorize 1 "a file that cannot be written comes too late" \
    "show --digest [0-9a-f]* --out FILE" --devices 1 --order-total 6 \
    --out "$long"
again=$(sed -n 's/.*show --digest \([0-9a-f]*\) .*/\1/p' out err)
ok "its number is used" test "$(next_number)" = "$((before + 1))"
ok "the store still has it" "$authority" show --digest "$again" \
    --out late.cose
ends 0 "with that number" "^sequence  *$before" "$authority" show late.cose
pids=
for n in 1 2 3 4 5 6 7 8; do
	"$authority" authorize --hsm fab1-hsm1 --profile $profile \
	    --devices 1 --order "RACE-$n" --out "race-$n.cose" \
	    > "race-$n.out" 2>&1 &
	pids="$pids $!"
done
for p in $pids; do
	wait "$p" || echo "a racer failed" >> racers
done
ok "eight at once all succeed" test ! -e racers
ok "and have eight numbers" test "$(sed -n 's/^sequence  *//p' race-*.out |
    sort -n | uniq | tr '\n' ' ')" = \
    "$(seq $((before + 1)) $((before + 8)) | tr '\n' ' ')"

# --- a device under it ---
openssl req -new -key own.pem -subj / -out dev.csr
ok "a device is issued" "$edgehsm" unit issue SD00000001 \
    --csr dev.csr --out dev.pem --profile $profile --authorization PO-1
ok "openssl verifies the whole chain strictly" openssl verify -x509_strict \
    -CAfile authority/oem-root-ca.pem -untrusted idevid-ca.pem dev.pem
ends 77 "a device out of scope is refused" "SD00000100" "$edgehsm" unit issue \
    SD00000100 --csr dev.csr --out no.pem --profile $profile \
    --authorization PO-1
finish

#!/bin/sh
# 67-refusals.sh - every refusal, met through PKCS#11, through libcrypto and
# through edgehsm: one reason, one sentence, the exit status that goes with it,
# and nothing spent.  Ends with the matrix of what was seen.
set -eu
# shellcheck source=test/flow/6x-rig.sh
. "$(dirname "$0")/6x-rig.sh"

# --- asking, in three ways ---
# issue ORDER DEVICE: a certificate, DEVICE.tbs.  import FILE: a message.
# raw: a digest, by the issuing key.
p11_issue() { "$FAULT/ehrefuse" sign "$CAKEY" "$2.tbs"; }
p11_import() { "$FAULT/ehrefuse" import "$1"; }
p11_raw() { "$FAULT/ehrefuse" raw "$CAKEY" digest; }
openssl_issue() { openssl dgst -sha256 -sign "$KEY" -out out.sig "$2.tbs"; }
openssl_import() {
	openssl dgst -sha256 -sign "$KEY" -out out.sig -sigopt \
	    "hexmessage:$(od -An -v -tx1 "$1" | tr -d ' \n')" digest
}
openssl_raw() { openssl pkeyutl -sign -inkey "$KEY" -in digest -out out.sig; }
edgehsm_issue() {
	edgehsm unit issue "$2" --authorization "$1" --csr "$2.csr" \
	    --out out.pem
}
edgehsm_import() { edgehsm token import "$1"; }

# What a refusal may not change.
books() {
	edgehsm status --json > books.json 2> /dev/null || :
	grep -o -e '"log_size":[^,]*' -e '"devices_[ub][a-z]*":[^,]*' \
	    books.json || :
}

# A sentence without what passes between two calls.
timeless() { sed 's/that 20[0-9T:-]*Z has passed/that T has passed/'; }

# the sentence of OpenSSL's error queue: its reason, then its text
queue() {
	sed -n "s/^[0-9A-F]*:error:[0-9A-F]*:edgehsm:[a-z_]*:\([^:]*\):[a-z0-9]*\.c\
:[0-9]*:\(.*\) ([^(]*returned CKR 0x[0-9A-F]*)\$/\1: \2/p" openssl.err
}

# refusal NAME CKR REASON STATUS WORDS KIND ARGUMENT...: one row.  CKR is what
# PKCS#11 returns, REASON what OpenSSL calls it, STATUS how edgehsm ends; WORDS
# are in the sentence.
: > matrix
refusal() {
	row=$1 ckr=$2 reason=$3 status=$4 words=$5 kind=$6
	shift 6
	books > books.before
	rm -f out.sig out.pem

	# PKCS#11: the code of the call, ulDeviceError, the readable attribute
	"p11_$kind" "$@" > p11 2> answer || :
	sed -n 2p p11 | timeless > sentence
	call=$(sed -n '1s/ .*//p' p11)
	same "$row: PKCS#11 says so twice" "$(sed -n 1p p11)" \
	    "$call $ckr ulDeviceError $ckr"
	check "$row: in words, with the numbers" grep -e "$words" sentence

	# libcrypto: the reason, which has the number, and the same sentence;
	# that an issuing key signs no digest the provider knows by itself
	code=0
	"openssl_$kind" "$@" > /dev/null 2> openssl.err || code=$?
	cp openssl.err answer
	same "$row: openssl ends with 1" "$code" 1
	check "$row: openssl leaves nothing" [ ! -s out.sig ]
	told=$(queue | tail -1 | timeless)
	if [ "$kind" = raw ]; then
		told="$reason"
		check "$row: its error queue has the reason, and says why" \
		    grep -q "edgehsm:[a-z_]*:$reason:.*$words" openssl.err
	else
		same "$row: its error queue has the reason, the same sentence" \
		    "$told" "$reason: $(sed "s/^$reason: //" sentence)"
		check "$row: and the number" \
		    grep -qi "returned CKR 0x0*${ckr#0x})\$" openssl.err
	fi
	number=$(sed -n 's/^[0-9A-F]*:error:\([0-9A-F]*\):edgehsm:.*/\1/p' \
	    openssl.err | tail -1)

	# edgehsm: the exit status, and the same sentence; none of its
	# commands asks for the signature of a digest
	code=-
	if [ "$kind" != raw ]; then
		code=0
		"edgehsm_$kind" "$@" > /dev/null 2> edgehsm.err || code=$?
		cp edgehsm.err answer
		same "$row: edgehsm ends with $status" "$code" "$status"
		same "$row: edgehsm has the same sentence" \
		    "$(sed "s/^edgehsm: //; s|^$1: ||; s/^$reason: //" edgehsm.err |
		        timeless)" "$(sed "s/^$reason: //" sentence)"
		check "$row: edgehsm leaves nothing" [ ! -e out.pem ]
	fi
	books > books.after
	check "$row: nothing was spent or logged" cmp books.before books.after
	printf '%-24s %-10s %-14s %s %-24s %3s\n' "$row" "$ckr" "$call" \
	    "${number:-none}" "${told%%:*}" "$code" >> matrix
}

# order PO OPTION...: authorize 3 devices of gateway-a, and import.
give() {
	order=$1
	shift
	quietly "$AUTHORITY" authorize --hsm fab1-hsm1 --devices 3 --lease 1 \
	    --profile "$PROFILE" --order "$order" "$@" --out "oem/$order.cose"
}
order() {
	give "$@"
	quietly edgehsm token import "oem/$1.cose"
}
prepare() {
	device "$2"
	quietly profile_tbs "$1" "$2"
}

write_openssl_cnf openssl.cnf
token keys
conf
quietly up
oem
enrolment
issuing_key
cp oem/ca.pem ca.pem
cp "$EH_SRCDIR/configs/examples/gateway-a.yaml" config/
PROFILE=$D/config/gateway-a.ehprofile
quietly edgehsm profile compile config/gateway-a.yaml --issuer "$CAKEY=ca.pem"
head -c 32 /dev/urandom > digest

# --- before there is what is needed ---
refusal "raw mechanism" 0x70 "raw signing refused" - \
    "signs complete messages only" raw
order PO-1 --scope range:serial:SN00000100:SN00000199
prepare PO-1 SN00000100
refusal "NO_AUTHORIZATION" 0x8042000f "no live authorization" 77 \
    "authorization PO-1 needs profile gateway-a, which has not been imported" \
    issue PO-1 SN00000100
quietly edgehsm token import "$PROFILE"
refusal "TIME_UNTRUSTED" 0x80420007 "time not trusted" 77 \
    "quality 0.*authorization PO-1 needs 1" issue PO-1 SN00000100
attest_time

# --- what is asked for ---
prepare PO-1 SN00000200
refusal "OUT_OF_SCOPE, a device" 0x80420005 "out of scope" 77 \
    "device SN00000200 .*PO-1" issue PO-1 SN00000200
order PO-2 --line line1 --line line2
prepare PO-2 SN00000210
EDGEHSM_LINE=line9 EDGEHSM_STATION=s1
export EDGEHSM_LINE EDGEHSM_STATION
refusal "OUT_OF_SCOPE, a line" 0x80420005 "out of scope" 77 \
    "line line9 is not among those of authorization PO-2" issue PO-2 SN00000210
unset EDGEHSM_STATION
refusal "OUT_OF_SCOPE, no line" 0x80420005 "out of scope" 77 \
    "PO-2 is for named lines, and no line with a station was named" \
    issue PO-2 SN00000210
unset EDGEHSM_LINE
quietly edgehsm token keygen --purpose general --label signer
quietly edgehsm token csr --label signer --subject /CN=x --out SN00000101.csr
quietly profile_tbs PO-1 SN00000101
refusal "TEMPLATE_MISMATCH" 0x80420006 "template mismatch" 77 \
    "the public key in the TBS is a key of this token, signer" \
    issue PO-1 SN00000101
quietly edgehsm_issue PO-1 SN00000100
device SN00000100 other.key
quietly profile_tbs PO-1 SN00000100
refusal "DEVICE_LIMIT" 0x80420009 "device limit reached" 77 \
    "device SN00000100 .*PO-1" issue PO-1 SN00000100
for n in 102 103; do
	device "SN00000$n"
	quietly edgehsm_issue PO-1 "SN00000$n"
done
prepare PO-1 SN00000104
refusal "QUOTA_EXHAUSTED" 0x80420001 "quota exhausted" 77 \
    "quota exhausted: authorization PO-1 allows 3 devices, 3 used" \
    issue PO-1 SN00000104
order PO-3 --max-unacked 2
prepare PO-3 SN00000300
refusal "OFFLINE_LIMIT" 0x80420008 "offline limit reached" 77 \
    "3 records are not acknowledged .* PO-3 allows 2" issue PO-3 SN00000300

# --- time ---
order PO-4 --not-before +1d --days 2
prepare PO-4 SN00000400
refusal "NOT_YET_VALID" 0x80420003 "not yet valid" 77 \
    "authorization PO-4 is valid from 20[0-9T:-]*Z" issue PO-4 SN00000400

# Its end comes while messages are looked at.
order PO-5 --not-after +5s
prepare PO-5 SN00000500
until=$(edgehsm status | sed -n 's/^PO-5 .* \(20.*Z\)$/\1/p')

# --- messages ---
# bend FILE: another last octet.
bend() {
	size=$(wc -c < "$1")
	last=$(tail -c 1 "$1" | od -An -tu1 | tr -d ' ')
	head -c $((size - 1)) "$1"
	# shellcheck disable=SC2059 # an octal escape is the format
	printf "\\$(printf '%03o' $((last ^ 1)))"
}
give PO-6
order PO-7
"$FAULT/ehforge" "$EDGEHSM_AUTHORITY/message-key.pem" oem/PO-7.cose \
    elsewhere.cose factory=fab2 seq=100
refusal "OUT_OF_SCOPE, a factory" 0x80420005 "out of scope" 77 \
    "for factory fab2, this EdgeHSM stands in fab1" import elsewhere.cose
refusal "REPLAYED" 0x8042000c "message replayed" 65 \
    "sequence number 6, the last one accepted from this issuer has 7" import oem/PO-6.cose
give PO-8
bend oem/PO-8.cose > bent.cose
refusal "SIGNATURE" 0x8042000d "message signature wrong" 65 \
    "signature" import bent.cose
head -c 200 oem/PO-8.cose > cut.cose
refusal "MALFORMED" 0x8042000e "message malformed" 65 . import cut.cose
device SN00000600
plain_openssl req -in SN00000600.csr -outform DER -out SN00000600.der
bend SN00000600.der > bent.der
refusal "EVIDENCE_INVALID" 0x8042000a "evidence invalid" 77 \
    "the signature does not verify with the key inside" import bent.der

while [ "$(date +%s)" -le "$(date -d "$until" +%s)" ]; do
	sleep 0.2
done
order PO-9
prepare PO-9 SN00000900
quietly "$AUTHORITY" revoke --hsm fab1-hsm1 --authorization PO-9 \
    --reason "order cancelled" --out revoked.cose
quietly edgehsm token import revoked.cose
refusal "REVOKED" 0x80420004 "revoked" 77 "authorization PO-9 was revoked" \
    issue PO-9 SN00000900

refusal "EXPIRED" 0x80420002 "authorization expired" 77 \
    "authorization PO-5 expired $until" issue PO-5 SN00000500

# --- the end ---
prepare PO-7 SN00000700
stop
bend anchor > anchor.bent
cat anchor.bent > anchor
quietly up
refusal "FAIL_STOPPED" 0x8042000b "token fail-stopped" 69 \
    "the anchor .* is damaged" issue PO-7 SN00000700
stop

echo "#"
echo "# refusal                  CKR        by             libcrypto" \
    "                        edgehsm"
sed 's/^/# /' matrix
finish

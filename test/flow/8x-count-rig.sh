# shellcheck shell=sh disable=SC2034
# 8x-count-rig.sh - what the scripts of counted keys share: a swtpm for issuing
# keys, counts, and an attacker who has everything of the host.  Sourced behind
# 5x-rig.sh.
#
#	counting_ceremony [LINE...]	as ceremony, with the issuing key in a TPM,
#				whose state is in ${D}/tpm-keys
#	count OPTION...		both journeys of a count
#	look N			"count limit" of the N-th index, in SAYS
#	attacker INDEX		with edgehsmd stopped: what its files give away
#	refused ACT...		it fails, and the TPM says so
#	raw_sign HOW		sign with tpm2-tools; and what HOW is, below

for tool in swtpm tpm2_nvread tpm2_sign pkcs11-tool xxd openssl; do
	command -v $tool > /dev/null || skip_all "$tool is not installed"
done

FIRST=0x01800200
export TPM2TOOLS_TCTI="$TCTI"
need_tpm

# journey NAME OPTION...: the request and its answer stay in ${D}/oem/NAME.*
journey() {
	name=$1
	shift
	quietly "$EDGEHSM" token count "$@" --out "$D/oem/$name.req"
	quietly "$AUTHORITY" count "$D/oem/$name.req" --force \
	    --out "$D/oem/$name.cose"
	quietly "$EDGEHSM" token import "$D/oem/$name.cose"
}
count() {
	journey write "$@"
	journey approval "$@"
}

counting_ceremony() {
	tpm_on keys
	token keys
	conf "backend.issuing = tpm2:$FIRST:$TCTI" "autostart = no" "$@"
	quietly up
	oem
	enrolment
	quietly "$EDGEHSM" token keygen --purpose issuing --label "$CAKEY"
	count --key "$CAKEY"
	quietly "$EDGEHSM" token csr --label "$CAKEY" \
	    --subject '/C=DE/O=ACME/CN=ACME IDevID Issuing CA 1' \
	    --out "$D/oem/ca.csr"
	quietly "$AUTHORITY" certify --as issuing-ca "$D/oem/ca.csr" \
	    --out "$D/oem/ca.pem"
	quietly "$EDGEHSM" token import "$D/oem/ca.pem"
	attest_time
	profile
}

# Edgehsmd is stopped for a moment: a swtpm serves one connection.
look() {
	stop > /dev/null
	SAYS=$(says "$1")
	quietly up
}
says() {
	tpm2_nvread -C o $((FIRST + $1 - 1)) 2> "$D/said" | od -An -tu1 |
	    awk '{ print (($1 * 256 + $2) * 256 + $3) * 256 + $4,
	        (($5 * 256 + $6) * 256 + $7) * 256 + $8 }'
}

# --- the attacker ---
#
# He has the last count's messages, the authority's public key, the key store
# with its PIN, and so the boundary secret, and the owner of the TPM.  Places in
# the messages are those of doc/format/count.md for one key.
hash_of() {
	openssl dgst -sha256 -binary
}
hex() {
	xxd -r -p
}
attacker() {
	A=$D/attacker
	mkdir -p "$A"
	tail -c 133 "$D/oem/approval.req" | head -c 16 > "$A/ref"
	tail -c 104 "$D/oem/write.req" | head -c 32 > "$A/nonce"
	tail -c 130 "$D/oem/approval.cose" | head -c 64 > "$A/approval.rs"
	tail -c 130 "$D/oem/write.cose" | head -c 64 > "$A/write.rs"
	for s in approval write; do
		(printf '0018000b0020' | hex
		head -c 32 "$A/$s.rs"
		printf '0020' | hex
		tail -c 32 "$A/$s.rs") > "$A/$s.sig"
	done
	# The count key, as the TPM shall know it.
	openssl pkey -in "$EDGEHSM_AUTHORITY/message-key.pem" -pubout \
	    -outform DER | tail -c 64 > "$A/point"
	(printf '0023000b00040040000000100018000b000300100020' | hex
	head -c 32 "$A/point"
	printf '0020' | hex
	tail -c 32 "$A/point") > "$A/count.public"
	(printf '%04x' "$(stat -c %s "$A/count.public")" | hex
	cat "$A/count.public") > "$A/count.pub"
	(printf '000b' | hex
	hash_of < "$A/count.public") > "$A/count.name"
	# The issuing key is made again from what was seen.
	( (head -c 32 /dev/zero
	printf '0000016a' | hex
	cat "$A/count.name") | hash_of
	cat "$A/ref") | hash_of > "$A/policy"
	(printf '2000' | hex
	cat "$A/ref"
	head -c 16 /dev/zero
	printf '2000' | hex
	head -c 32 /dev/zero) > "$A/unique"
	quietly tpm2_createprimary -C o -G ecc256:ecdsa-sha256 -L "$A/policy" \
	    -a 'fixedtpm|fixedparent|sensitivedataorigin|noda|sign' \
	    -u "$A/unique" -c "$A/key.ctx"
	quietly tpm2_readpublic -c "$A/key.ctx" -f pem -o "$A/key.pem"
	# The authorization value of the index.
	printf 'EdgeHSM-count-v1' > "$A/label"
	quietly pkcs11-tool --module "$SOFTHSM" --token-label keys \
	    --login --pin 5678 --sign --mechanism SHA256-HMAC \
	    --id "$(printf edgehsm-boundary | xxd -p)" --input-file "$A/label" \
	    --output-file "$A/auth"
	last=$(tail -c 1 "$A/auth" | xxd -p)
	(head -c 31 "$A/auth"
	printf '%02x' $((0x$last | 1)) | hex) > "$A/auth.hex"
	AUTH=hex:$(xxd -p -c 64 "$A/auth.hex")
	echo "what is signed" > "$A/message"
	tpm2_nvreadpublic "$1" 2> /dev/null |
	    sed -n 's/^ *name: *//p' | hex > "$A/index.name"
	( (head -c 32 /dev/zero
	printf '00000151' | hex
	cat "$A/index.name") | hash_of) | hash_of > "$A/approved.true"
}
flush() {
	tpm2_flushcontext -s > /dev/null 2>&1 || :
	tpm2_flushcontext -l > /dev/null 2>&1 || :
	tpm2_flushcontext -t > /dev/null 2>&1 || :
}

# secret INDEX: PolicySecret with the value that we know.
secret() {
	tpm2_policysecret -S "$A/s" -c "$1" -L "$A/approved" "$AUTH" \
	    > "$A/out" 2>&1
}
# authorized: PolicyAuthorize what was approved once.
authorized() {
	tpm2_loadexternal -C o -u "$A/count.pub" -c "$A/count.ctx" \
	    > "$A/out" 2>&1 || return 1
	cat "$A/approved.true" "$A/ref" > "$A/tbs"
	tpm2_verifysignature -c "$A/count.ctx" -g sha256 -m "$A/tbs" \
	    -s "$A/approval.sig" -t "$A/ticket" > "$A/out" 2>&1 || return 1
	tpm2_policyauthorize -S "$A/s" -i "$A/approved" -q "$A/ref" \
	    -n "$A/count.name" -t "$A/ticket" > "$A/out" 2>&1
}
begin() {
	flush
	tpm2_startauthsession --policy-session -S "$A/s" > "$A/out" 2>&1
}
use() {
	rm -f "$A/signature"
	tpm2_sign -c "$A/key.ctx" -p "session:$A/s" -g sha256 -f plain \
	    -o "$A/signature" "$A/message" > "$A/out" 2>&1 || return 1
	openssl dgst -sha256 -verify "$A/key.pem" -signature "$A/signature" \
	    "$A/message" > "$A/out" 2>&1
}
# raw_sign none|owner|INDEX
raw_sign() {
	begin || return 1
	case $1 in
	none) ;;
	owner) tpm2_policysecret -S "$A/s" -c o -L "$A/approved" \
	    > "$A/out" 2>&1 && authorized || return 1 ;;
	*) secret "$1" && authorized || return 1 ;;
	esac
	use
}

# An index with limit 1000 that he makes and writes himself.
own_index() {
	own=0x01800300
	tpm2_nvundefine -C o $own > /dev/null 2>&1 || :
	quietly tpm2_nvdefine -C o -s 8 -p "$AUTH" \
	    -a 'ownerread|ownerwrite|authread|no_da|nt=pinpass' $own
	printf '00000000000003e8' | hex > "$A/counts"
	quietly tpm2_nvwrite -C o -i "$A/counts" $own
	raw_sign $own
}

# Write the index again, as its owner, and with its own value.
rewrite() {
	printf '00000000000003e8' | hex > "$A/counts"
	tpm2_nvwrite -C o -i "$A/counts" "$FIRST" > "$A/out" 2>&1 ||
	tpm2_nvwrite -C "$FIRST" -P "$AUTH" -i "$A/counts" "$FIRST" \
	    > "$A/out" 2>&1
}

# The same with the policy of the authority that was good once.
rewrite_signed() {
	begin || return 1
	tpm2_loadexternal -C o -u "$A/count.pub" -c "$A/count.ctx" \
	    > "$A/out" 2>&1 || return 1
	printf '0000000000000005' | hex > "$A/counts"
	tpm2_policysigned -S "$A/s" -c "$A/count.ctx" -s "$A/write.sig" \
	    -q "$A/nonce" > "$A/out" 2>&1 &&
	tpm2_policynvwritten -S "$A/s" c > "$A/out" 2>&1 &&
	tpm2_nvwrite -C "$FIRST" -P "session:$A/s" -i "$A/counts" "$FIRST" \
	    > "$A/out" 2>&1
}

# Make it anew, as it was.
redefine() {
	tpm2_nvreadpublic "$FIRST" 2> /dev/null |
	    sed -n 's/^ *authorization policy: *//p' | hex > "$A/policy.index"
	[ "$(stat -c %s "$A/policy.index")" = 32 ] || return 1
	tpm2_nvundefine -C o "$FIRST" > "$A/out" 2>&1 &&
	tpm2_nvdefine -C o -s 8 -p "$AUTH" -L "$A/policy.index" \
	    -a 'policywrite|ownerread|authread|no_da|nt=pinpass' "$FIRST" \
	    > "$A/out" 2>&1
}

# PolicySecret with a ticket, to be used again without the index.
ticket_first() {
	rm -f "$A/secret.ticket" "$A/secret.timeout"
	begin || return 1
	tpm2_policysecret -S "$A/s" -c "$1" -L "$A/approved" -t -3600 \
	    --ticket "$A/secret.ticket" --timeout "$A/secret.timeout" \
	    "$AUTH" > "$A/out" 2>&1 && authorized && use
}
ticket_of_owner() {
	begin || return 1
	tpm2_policysecret -S "$A/s" -c o -L "$A/approved" -t -3600 \
	    --ticket "$A/owner.ticket" --timeout "$A/owner.timeout" \
	    > "$A/out" 2>&1 && [ -s "$A/owner.timeout" ]
}

# refused ACT...: it fails, and not for want of a tool: the TPM says no, or there
# is nothing to begin with.
refused() {
	rm -f "$A/out"
	if "$@"; then
		return 1
	fi
	sed -n 's/^ERROR:/# TPM:/p' "$A/out"
	grep -q 'Error(0x\|ErrorCode\|tpm:' "$A/out"
}

# shellcheck shell=sh disable=SC2034
# 5x-rig.sh - what the scripts of attackers and accidents share: a whole factory
# in a private folder.  Sourced, after which ${D} is that folder.
#
#	ceremony		a token with its root, PINs and issuing key, and
#				an authority that knows it as ${HSM}; the daemon
#				runs
#	order PO DEVICES LEASE [OPTION...]	authorize and import
#	load / logscan		ehload and ehlog, as their comments say
#	counter NAME [ORDER]	a number of "edgehsm status --json"
#	need_tpm / tpm_on NAME / tpm_off	a TPM (swtpm) at ${TCTI}

# shellcheck source=test/flow/0x-daemon-rig.sh
. "$(dirname "$0")/0x-daemon-rig.sh"

: "${EH_SRCDIR:?run by make check, or set it to the source folder}"
EDGEHSM=$EH_BUILDDIR/edgehsm
AUTHORITY=$EH_BUILDDIR/edgehsm-authority
FAULT=$EH_BUILDDIR/test/fault
CAKEY=idevid-ca-2026
HSM=fab1-hsm1

export EDGEHSM_CONF="$D/conf"
export EDGEHSM_MODULE="$EH_BUILDDIR/.libs/edgehsm-pkcs11.so"
export EDGEHSM_PIN_FILE="$D/user.pin"
export EDGEHSM_SO_PIN_FILE="$D/so.pin"
export EDGEHSM_AUTHORITY="$D/oem/authority"
export EDGEHSM_PROFILES="$D/config"
unset EDGEHSM_PIN EDGEHSM_SO_PIN EDGEHSM_LINE EDGEHSM_STATION

[ -r "$EDGEHSM_MODULE" ] || skip_all "edgehsm-pkcs11.so is not built"
mkdir -p "$D/oem" "$D/config"
(umask 077 && echo "$OPERATOR" > "$D/user.pin" && echo "$OFFICER" > "$D/so.pin")

# fresh: as if this were a new machine; what ran is stopped by its caller.
fresh() {
	rm -rf "$STATE" "$D/anchor" "$D/run" "$D/tokens" "$D/oem" "$D/config"
	mkdir -p "$D/tokens" "$D/oem" "$D/config"
}

# A random number below $1.
below() {
	random=$(od -An -N2 -tu2 /dev/urandom)
	echo $((random % $1))
}

# So many milliseconds.
nap() {
	sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
}

# The daemon as 0x-daemon-rig.sh starts it, but known to be there as soon as it
# is: a pipe instead of a file that is looked at.  Its answer is in ${D}/ready.
[ -p "$D/pipe" ] || mkfifo "$D/pipe"
launch() {
	# shellcheck disable=SC2086
	${UNDER:-} "$EDGEHSMD" --conf "$D/conf" --foreground --ready-fd 3 \
	    3<> "$D/pipe" > /dev/null 2>> "$D/err" &
	PID=$!
	PIDS=$PID
}
answered() {
	timeout "${PATIENCE:-20}" head -n 1 < "$D/pipe" > "$D/ready" &&
	    grep -q '^ok$' "$D/ready"
}
up() {
	launch
	answered
}

# quietly COMMAND...: or the whole script ends with what it said.
quietly() {
	"$@" > "$D/quiet" 2>&1 && return 0
	sed 's/^/# /' "$D/quiet" "$D/err"
	echo "Bail out! $* failed"
	exit 1
}

# The root of all: nothing of it needs the daemon.
oem() {
	quietly "$AUTHORITY" init --name oem.example \
	    --subject '/O=ACME/CN=ACME Device Root CA'
}

# A token of its own for this folder's daemon, up to the import of the grant.
enrolment() {
	quietly "$EDGEHSM" token init --label EdgeHSM-fab1 \
	    --root "$EDGEHSM_AUTHORITY/oem-root.spki"
	quietly "$AUTHORITY" enrol --invite "$HSM" --factory fab1 \
	    --out "$D/oem/invitation.json"
	quietly "$EDGEHSM" token enrol \
	    --invitation "$D/oem/invitation.json" --out "$D/oem/enrol.cose"
	quietly "$AUTHORITY" enrol "$D/oem/enrol.cose" --yes \
	    --out "$D/oem/grant.cose"
	quietly "$EDGEHSM" token import "$D/oem/grant.cose"
}

issuing_key() {
	quietly "$EDGEHSM" token keygen --purpose issuing --label "$CAKEY"
	quietly "$EDGEHSM" token csr --label "$CAKEY" \
	    --subject '/C=DE/O=ACME/CN=ACME IDevID Issuing CA 1' \
	    --out "$D/oem/ca.csr"
	quietly "$AUTHORITY" certify --as issuing-ca "$D/oem/ca.csr" \
	    --out "$D/oem/ca.pem"
	quietly "$EDGEHSM" token import "$D/oem/ca.pem"
}

attest_time() {
	quietly "$EDGEHSM" token nonce --out "$D/oem/nonce"
	quietly "$AUTHORITY" time --hsm "$HSM" \
	    --nonce "$(cat "$D/oem/nonce")" --out "$D/oem/time.cose"
	quietly "$EDGEHSM" token import "$D/oem/time.cose"
}

profile() {
	cp "$EH_SRCDIR/configs/examples/gateway-a.yaml" "$D/config/"
	PROFILE=$D/config/gateway-a.ehprofile
	quietly "$EDGEHSM" profile compile "$D/config/gateway-a.yaml" \
	    --issuer "$CAKEY=$D/oem/ca.pem"
	quietly "$EDGEHSM" token import "$PROFILE"
}

ceremony() {
	token keys
	conf "$@"
	quietly up
	oem
	enrolment
	issuing_key
	attest_time
	profile
}

# order PO DEVICES LEASE [OPTION...]: authorize, and import.  Records are many
# and stops unclean here, so that the bounds on both stay out of the way.
order() {
	order=$1
	devices=$2
	lease=$3
	shift 3
	quietly "$AUTHORITY" authorize --hsm "$HSM" --profile "$PROFILE" \
	    --devices "$devices" --lease "$lease" --order "$order" --days 7 \
	    --max-unacked 100000 --max-unaccounted 100000 "$@" \
	    --out "$D/oem/$order.cose"
	quietly "$EDGEHSM" token import "$D/oem/$order.cose"
}

# load OPTION...: results in ${D}/results.  become_load is the same for a
# subshell in the background: its process is the one to signal.
load() {
	(become_load "$@")
}
become_load() {
	exec timeout 300 "$FAULT/ehload" -k "$CAKEY" -f "$PROFILE" \
	    -o "$D/results" "$@"
}

# The log as text in ${D}/log; fails when it is not whole.
logscan() {
	timeout 60 "$FAULT/ehlog" > "$D/log"
}

status() {
	"$EDGEHSM" status --json > "$D/status"
}

# counter NAME [ORDER]: of the last "status"; without ORDER one of the token.
counter() {
	if [ -n "${2:-}" ]; then
		tr '{' '\n' < "$D/status" | grep "\"name\": *\"$2\""
	else
		tr -d '\n' < "$D/status"
	fi | sed -n "s/.*\"$1\": *\"\{0,1\}\([^,\"]*\).*/\1/p"
}

# same NAME A B: two values are the same.
same() {
	if [ "$2" = "$3" ]; then
		result 0 "$1"
	else
		echo "# '$2' is not '$3'"
		result 1 "$1"
	fi
}

# at_most NAME A B: a number is not above another one.
at_most() {
	if [ "$2" -le "$3" ]; then
		result 0 "$1"
	else
		echo "# $2 is above $3"
		result 1 "$1"
	fi
}

# ends NAME STATUS WORDS COMMAND...: with this exit status, saying these words.
ends() {
	name=$1
	status=$2
	words=$3
	shift 3
	code=0
	"$@" > "$D/answer" 2>&1 || code=$?
	if [ "$code" = "$status" ] && grep -q -e "$words" "$D/answer"; then
		result 0 "$name"
	else
		echo "# exit status $code, not $status; '$words'"
		result 1 "$name"
	fi
}

# --- a TPM ---

INDEX=0x01800100
COUNTER=0x01800101
TCTI=swtpm:path=$D/t
TPM=

# need_tpm: there is one, or the whole script is skipped.
need_tpm() {
	command -v swtpm > /dev/null || skip_all "swtpm is not installed"
	trap 'tpm_off; cleanup' EXIT
}

# tpm_on NAME: this TPM, with its state in a folder of its own, at ${TCTI}.
tpm_on() {
	mkdir -p "$D/tpm-$1"
	rm -f "$D/t" "$D/t.ctrl"
	swtpm socket --tpm2 --tpmstate "dir=$D/tpm-$1" \
	    --server "type=unixio,path=$D/t" \
	    --ctrl "type=unixio,path=$D/t.ctrl" --log "file=$D/tpm-$1/log" \
	    --flags not-need-init,startup-clear > /dev/null 2>&1 &
	TPM=$!
	for _ in $(seq 1 200); do
		[ -S "$D/t" ] && [ -S "$D/t.ctrl" ] && return 0
		sleep 0.05
	done
	skip_all "swtpm does not start here"
}
tpm_off() {
	[ -n "$TPM" ] || return 0
	kill -9 "$TPM" 2> /dev/null
	wait "$TPM" 2> /dev/null || :
	TPM=
}

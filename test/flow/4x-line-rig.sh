# shellcheck shell=sh
# 4x-line-rig.sh - what the flow scripts of lines share: an OEM's authority, an
# EdgeHSM with two CA keys certified under its root, the profile gateway-b
# compiled for them, and a line; sourced.
#
#	. "$(dirname "$0")/4x-line-rig.sh"
#	factory				all of it, running
#	order PO-1 10 [OPTION...]	authorize devices and install that
#	run [OPTION...]			edgehsm line run; STATUS, $D/out, $D/err
#	number devices_used PO-1	what the token counts

# shellcheck source=test/flow/0x-daemon-rig.sh disable=SC1091
. "$(dirname "$0")/0x-daemon-rig.sh"

for tool in edgehsm edgehsm-authority edgehsm-chip-soft .libs/edgehsm.so \
    .libs/edgehsm-pkcs11.so .libs/chip-soft.so; do
	[ -r "$EH_BUILDDIR/$tool" ] || skip_all "$tool is not built"
done

PATH=$EH_BUILDDIR:$PATH
LINE=$D/line
export EDGEHSM_CONF="$D/conf" EDGEHSM_AUTHORITY="$D/oem" \
    EDGEHSM_MODULE="$EH_BUILDDIR/.libs/edgehsm-pkcs11.so" \
    EDGEHSM_PIN_FILE="$D/pin" EDGEHSM_SO_PIN_FILE="$D/so-pin" \
    EDGEHSM_PROFILES="$LINE" OPENSSL_MODULES="$EH_BUILDDIR/.libs" \
    EDGEHSM_PLUGIN_PATH="$EH_BUILDDIR/.libs" \
    EDGEHSM_CHIP_SOFT="$EH_BUILDDIR/edgehsm-chip-soft"
unset EDGEHSM_PIN EDGEHSM_SO_PIN EDGEHSM_AUTHORIZATION OPENSSL_CONF

# setup COMMAND...: a step of the preparation; nothing goes on without it.
setup() {
	"$@" > "$D/setup" 2>&1 || {
		sed 's/^/# /' "$D/setup"
		echo "Bail out! failed: $*"
		exit 1
	}
}

# factory_ca LABEL SUBJECT FORM: a CA key in the token, certified by the OEM.
factory_ca() {
	setup edgehsm token keygen --purpose issuing --label "$1"
	setup edgehsm token csr --label "$1" --subject "$2" --out "$D/$1.csr"
	setup edgehsm-authority certify --as "$3" "$D/$1.csr" \
	    --out "$LINE/certs/$1.pem"
	setup edgehsm token import "$LINE/certs/$1.pem"
}

factory() {
	mkdir -p "$LINE/certs"
	(umask 077 && echo "$OPERATOR" > "$D/pin" && echo "$OFFICER" > "$D/so-pin")
	token keys
	# shellcheck disable=SC2119
	conf
	daemon || {
		sed 's/^/# /' "$D/err"
		echo "Bail out! edgehsmd does not start"
		exit 1
	}
	setup edgehsm-authority init --name oem.example \
	    --subject '/O=ACME/CN=ACME Device Root CA'
	setup edgehsm token init --label EdgeHSM-fab1 \
	    --root "$D/oem/oem-root.spki"
	setup edgehsm-authority enrol --invite hsm1 --factory fab1 \
	    --out "$D/invitation"
	setup edgehsm token enrol --invitation "$D/invitation" --out "$D/enrol"
	setup edgehsm-authority enrol "$D/enrol" --yes --out "$D/grant"
	setup edgehsm token import "$D/grant"
	factory_ca idevid-ca-2026 '/C=DE/O=ACME/CN=ACME IDevID Issuing CA 1' \
	    issuing-ca
	factory_ca pai-fff1 '/CN=ACME Matter PAI/1.3.6.1.4.1.37244.2.1=FFF1' \
	    matter-pai
	setup edgehsm-authority time --hsm hsm1 \
	    --nonce "$(edgehsm token nonce)" --out "$D/time"
	setup edgehsm token import "$D/time"
	cp "$EH_SRCDIR/configs/examples/gateway-b.yaml" \
	    "$EH_SRCDIR/configs/examples/line3.yaml" "$LINE"
	setup edgehsm profile compile "$LINE/gateway-b.yaml"
}

# order NAME DEVICES [OPTION...]: an authorization, installed.
order() {
	order=$1
	count=$2
	shift 2
	setup edgehsm-authority authorize --hsm hsm1 \
	    --profile "$LINE/gateway-b.ehprofile" --devices "$count" \
	    --order "$order" --days 7 "$@" --out "$D/$order"
	setup edgehsm token import "$LINE/gateway-b.ehprofile" "$D/$order"
}

# some_devices PID: wait until the line with that process id has worked on one to
# three devices more than when the file ${D}/mark was made, then a moment.
some_devices() {
	goal=$(awk "BEGIN { srand($1 * 7919); print 1 + int(rand() * 3) }")
	for _ in $(seq 1 3000); do
		[ "$(find "$D/devices" -name unit.json -newer "$D/mark" \
		    2> /dev/null | wc -l)" -lt "$goal" ] || break
		kill -0 "$1" 2> /dev/null || break
		sleep 0.004
	done
	sleep "0.0$(awk "BEGIN { srand($1 * 104729); printf \"%02d\",
	    rand() * 30 }")"
}

# run [OPTION...]: one run of the line into $D/devices.
# shellcheck disable=SC2034
run() {
	STATUS=0
	edgehsm line run "$LINE/line3.yaml" --state "$D/devices" "$@" \
	    > "$D/out" 2> "$D/err" || STATUS=$?
}

# number FIELD NAME: a field of an authorization, as status tells it.
number() {
	edgehsm status --json | sed 's/"name"/\n&/g' |
	    sed -n "/^\"name\":\"$2\"/s/.*\"$1\":\\([0-9]*\\).*/\\1/p"
}

# is NAME WANTED FOUND
is() {
	if [ "$2" = "$3" ]; then
		result 0 "$1"
	else
		echo "# wanted '$2', found '$3'"
		result 1 "$1"
	fi
}

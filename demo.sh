#!/bin/sh
# demo.sh - the main job on this machine: an OEM, a factory, a line of 12 devices
# under an authorization for 10.
#
#   ./demo.sh               build, and show it; leaves demo-state/ to play with
#   ./demo.sh --no-install  name missing packages instead of installing them
#   ./demo.sh --stop        stop the edgehsmd that an earlier ./demo.sh started
#   ./demo.sh --start       start it again, on the demo-state/ that is there
#
# Everything it makes lies in build-demo/ and demo-state/.
set -eu
cd "$(dirname "$0")"
top=$(pwd)
state=$top/demo-state
build=$top/build-demo
prefix=$build/prefix
install=yes

say() {
	printf '\n== %s\n' "$*"
}

installed() {
	found=$(find "$prefix" -name "$1" -type f 2> /dev/null | head -1)
	[ -n "$found" ] || {
		echo "demo.sh: $1 is not in $prefix: run ./demo.sh first" >&2
		exit 1
	}
	echo "$found"
}

# The daemon, and what it says when it is ready or cannot be.
start() {
	daemon=$(installed edgehsmd)
	run=$(dirname "$(sed -n 's/^socket = //p' "$state/edgehsm.conf")")
	[ -d "$run" ] || mkdir -m 700 "$run"
	rm -f "$run/ready"
	mkfifo "$run/ready"
	"$daemon" --conf "$state/edgehsm.conf" --foreground --ready-fd 9 \
	    9> "$run/ready" 2>> "$state/edgehsmd.log" < /dev/null > /dev/null &
	echo $! > "$state/edgehsmd.pid"
	answer=$(timeout 30 cat "$run/ready" || :)
	rm -f "$run/ready"
	if [ "$answer" != ok ]; then
		rm -f "$state/edgehsmd.pid"
		echo "demo.sh: edgehsmd does not start: ${answer:-no answer}" >&2
		echo "demo.sh: its log is $state/edgehsmd.log" >&2
		exit 1
	fi
}

# Is the daemon of an earlier run alive?  Its process id is in ${pid}.
running() {
	[ -r "$state/edgehsmd.pid" ] || return 1
	pid=$(cat "$state/edgehsmd.pid")
	[ "$(cat "/proc/$pid/comm" 2> /dev/null)" = edgehsmd ]
}

# Stop the daemon of an earlier run by the process id that started it.
stop() {
	if running; then
		kill "$pid"
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			[ -d "/proc/$pid" ] || break
			sleep 0.2
		done
		echo "Stopped edgehsmd ($pid)."
	else
		echo "No edgehsmd of this demo is running."
	fi
	rm -f "$state/edgehsmd.pid"
}

case ${1:-} in
"") ;;
--stop)
	stop
	exit 0
	;;
--start)
	[ -r "$state/edgehsm.conf" ] || {
		echo "demo.sh: there is no demo-state/ yet: run ./demo.sh" >&2
		exit 1
	}
	if running; then
		echo "edgehsmd ($pid) is running already."
	else
		start
		echo "Started edgehsmd ($(cat "$state/edgehsmd.pid"))."
	fi
	exit 0
	;;
--no-install) install=no ;;
-h | --help)
	sed -n '2,11s/^# \{0,1\}//p' "$0"
	exit 0
	;;
*)
	echo "demo.sh: unknown option '$1'; see ./demo.sh --help" >&2
	exit 2
	;;
esac

# shellcheck source=test/setup/packages.sh
. test/setup/packages.sh
# shellcheck disable=SC2086
need_packages "$install" $BUILD_PACKAGES $DEMO_PACKAGES

say "Building"
mkdir -p "$build"
{
	[ -x configure ] || ./autogen.sh
	cd "$build"
	[ -r Makefile ] || "$top/configure" --prefix="$prefix"
	make -j"$(nproc)"
	make install
} > "$build/log" 2>&1 || {
	tail -40 "$build/log" >&2
	echo "demo.sh: the build failed; all of it is in $build/log" >&2
	exit 1
}
cd "$top"
echo "Installed into build-demo/prefix."

module=$(installed edgehsm-pkcs11.so)
provider=$(installed edgehsm.so)
daemon=$(installed edgehsmd)
for softhsm in /usr/lib/softhsm/libsofthsm2.so \
    /usr/lib/*/softhsm/libsofthsm2.so; do
	[ ! -r "$softhsm" ] || break
done

stop > /dev/null
[ ! -r "$state/run-folder" ] || rm -rf "$(cat "$state/run-folder")"
rm -rf "$state"
mkdir -p "$state/ca" "$state/oem" "$state/config" "$state/tokens"
chmod 700 "$state" "$state/tokens"

# A socket's path has 108 bytes; a checkout may lie deeper.
run=$state/run
if [ "${#run}" -gt 90 ]; then
	run=$(mktemp -d /tmp/edgehsm-demo.XXXXXX)
fi
mkdir -p "$run"
chmod 700 "$run"
[ "$run" = "$state/run" ] || echo "$run" > "$state/run-folder"

# PINs that nobody else has.
pin() {
	(umask 077 && od -An -N8 -tx1 /dev/urandom | tr -d ' \n' > "$1")
}
pin "$state/user.pin"
pin "$state/so.pin"
pin "$state/backend.pin"

cat > "$state/softhsm2.conf" <<EOF
directories.tokendir = $state/tokens
objectstore.backend = file
log.level = ERROR
EOF
SOFTHSM2_CONF=$state/softhsm2.conf softhsm2-util --init-token --free \
    --label edgehsm-keys --so-pin "$(cat "$state/so.pin")" \
    --pin "$(cat "$state/backend.pin")" > /dev/null

cat > "$state/edgehsm.conf" <<EOF
# edgehsm.conf of the demo.  The file anchor and SoftHSM make it class 0: good
# for a demo, and no protection against this machine's administrator.
socket = $run/edgehsm.sock
state = $state/hsm
anchor = file:$state/anchor
daemon = $daemon
autostart = no
backend.module = $softhsm
backend.token = edgehsm-keys
backend.pin-file = $state/backend.pin
backend.env.SOFTHSM2_CONF = $state/softhsm2.conf
EOF
chmod 600 "$state/edgehsm.conf"

cat > "$state/openssl.cnf" <<EOF
# openssl.cnf of the demo: the provider edgehsm beside the default one.
openssl_conf = init
[init]
providers = providers
[providers]
default = default_provider
edgehsm = edgehsm_provider
[default_provider]
activate = 1
[edgehsm_provider]
module = $provider
edgehsm-module-path = $module
edgehsm-pin = file:$state/user.pin
activate = 1
[req]
distinguished_name = name
[name]
EOF

cat > "$state/env.sh" <<EOF
# env.sh - source it to go on by hand: . demo-state/env.sh
export PATH="$prefix/bin:\$PATH"
export OPENSSL_CONF="$state/openssl.cnf"
export EDGEHSM_CONF="$state/edgehsm.conf"
export EDGEHSM_MODULE="$module"
export EDGEHSM_PIN_FILE="$state/user.pin"
export EDGEHSM_SO_PIN_FILE="$state/so.pin"
export EDGEHSM_AUTHORITY="$state/oem/authority"
export EDGEHSM_PROFILES="$state/config"
EOF
# shellcheck disable=SC1091
. "$state/env.sh"

say "Starting edgehsmd"
: > "$state/edgehsmd.log"
start

say "The OEM makes its three keys; the factory's token pins the root"
edgehsm-authority init --name oem.example \
    --subject '/O=ACME/CN=ACME Device Root CA'
cp "$EDGEHSM_AUTHORITY/oem-root-ca.pem" "demo-state/ca/root.pem"
cp "$EDGEHSM_AUTHORITY/oem-root.spki" "demo-state/oem/oem-root.spki"
edgehsm token init --label EdgeHSM-fab1 --root "demo-state/oem/oem-root.spki"

say "Enrolment: invitation, request, issuer grant"
edgehsm-authority enrol --invite fab1-hsm1 --factory fab1 \
    --out "demo-state/oem/invitation.json"
edgehsm token enrol --invitation "demo-state/oem/invitation.json" \
    --out "demo-state/oem/enrol.cose"
edgehsm-authority enrol "demo-state/oem/enrol.cose" --yes \
    --out "demo-state/oem/grant.cose" > "demo-state/oem/grant.txt"
edgehsm token import "demo-state/oem/grant.cose"

say "Two CA keys are born in the token and certified under the OEM root"
# factory_ca LABEL SUBJECT FORM FILE
factory_ca() {
	edgehsm token keygen --purpose issuing --label "$1"
	edgehsm token csr --label "$1" --subject "$2" --out "demo-state/oem/$1.csr"
	edgehsm-authority certify --as "$3" "demo-state/oem/$1.csr" \
	    --out "demo-state/ca/$4"
	edgehsm token import "demo-state/ca/$4"
}
factory_ca idevid-ca-2026 '/C=DE/O=ACME/CN=ACME IDevID Issuing CA 1' \
    issuing-ca idevid-ca.pem
factory_ca pai-fff1 '/CN=ACME Matter PAI/1.3.6.1.4.1.37244.2.1=FFF1' \
    matter-pai pai.pem

say "Time: a nonce of the token, answered by the OEM"
edgehsm-authority time --hsm fab1-hsm1 --nonce "$(edgehsm token nonce)" \
    --out "demo-state/oem/time.cose"
edgehsm token import "demo-state/oem/time.cose"

say "Profiles, compiled for this factory's keys"
cp configs/examples/gateway-a.yaml configs/examples/gateway-b.yaml \
    configs/examples/sensor-days.yaml configs/examples/line3.yaml \
    "demo-state/config/"
for profile in gateway-a gateway-b sensor-days; do
	set -- --issuer "idevid-ca-2026=demo-state/ca/idevid-ca.pem"
	[ "$profile" != gateway-b ] ||
	    set -- "$@" --issuer "pai-fff1=demo-state/ca/pai.pem"
	edgehsm profile compile "demo-state/config/$profile.yaml" "$@"
done

# order PO PROFILE DEVICES [OPTION...]: authorize and install.
order() {
	order=$1
	profile=$2
	compiled=demo-state/config/$profile.ehprofile
	devices=$3
	shift 3
	# The OEM compiles its own YAML again, and signs for nothing else.
	edgehsm-authority authorize --hsm fab1-hsm1 --profile "$compiled" \
	    --source "demo-state/config/$profile.yaml" \
	    --devices "$devices" --order "$order" --days 7 "$@" \
	    --out "demo-state/oem/$order.cose" > "demo-state/oem/$order.txt"
	edgehsm token import "$compiled" "demo-state/oem/$order.cose"
}

say "Authorization PO-4711: 10 devices. A line of 12"
order PO-4711 gateway-b 10
result=0
edgehsm line run "demo-state/config/line3.yaml" --state "demo-state/devices" \
    --progress plain || result=$?
[ "$result" = 77 ] || {
	echo "demo.sh: the line ended with $result instead of 77 (refused)" >&2
	exit 1
}

say "Every chain is verified by openssl, every certificate by its linter"
verified=0
for device in demo-state/devices/*/; do
	[ -r "$device/idevid.pem" ] || continue
	# By the default provider alone, as everybody else would.
	env -u OPENSSL_CONF openssl verify -x509_strict \
	    -CAfile "demo-state/ca/root.pem" -untrusted "demo-state/ca/idevid-ca.pem" \
	    "$device/idevid.pem" > "demo-state/verify.log" 2>&1 ||
	    { cat "demo-state/verify.log" >&2; exit 1; }
	env -u OPENSSL_CONF openssl verify -x509_strict \
	    -CAfile "demo-state/ca/root.pem" -untrusted "demo-state/ca/pai.pem" \
	    "$device/dac.pem" > "demo-state/verify.log" 2>&1 ||
	    { cat "demo-state/verify.log" >&2; exit 1; }
	edgehsm profile lint --standard ieee-802.1ar "$device/idevid.pem" \
	    > "demo-state/verify.log" 2>&1 ||
	    { cat "demo-state/verify.log" >&2; exit 1; }
	edgehsm profile lint --standard matter-dac "$device/dac.pem" \
	    > "demo-state/verify.log" 2>&1 ||
	    { cat "demo-state/verify.log" >&2; exit 1; }
	verified=$((verified + 2))
done
echo "$verified certificates verify."
[ "$verified" = 20 ] || exit 1

say "Two more authorizations of 5 devices each, for use by hand"
order PO-4712 gateway-a 5 --scope range:serial:SN00000100:SN00000199
order PO-4713 sensor-days 5 --scope range:serial:SD00000001:SD00000099

say "The token, as pkcs11-tool sees it"
pkcs11-tool --module "$module" --login --pin "$(cat demo-state/user.pin)" \
    --list-objects 2> /dev/null |
    grep -E '^(Private|Public|Certificate|Data)|label:|application:' || :

say "edgehsm status"
edgehsm status

cat <<EOF

== Go on by hand (in a new shell, or after . demo-state/env.sh)

  . demo-state/env.sh
  openssl req -new -key 'pkcs11:object=idevid-ca-2026;type=private' \\
      -subj /CN=again -out ca.csr
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out dev.key
  openssl req -new -key dev.key -subj / -out dev.csr &&
      edgehsm unit issue SN00000100 --authorization PO-4712 \\
          --csr dev.csr --out dev.pem

./demo.sh --stop stops edgehsmd, ./demo.sh --start starts it again.
The manual pages: man -l build-demo/prefix/share/man/man1/edgehsm.1
EOF

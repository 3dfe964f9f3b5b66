# shellcheck shell=sh
# 2x-provider-rig.sh - what the provider's flows share: a token of SoftHSM in a
# folder of its own, an openssl.cnf that loads the built provider, TAP.
#
# Sourced, not run.  Afterwards the working directory is the private folder,
# ${key} is the URI of a P-256 key (label k, id 01) on token "flow", ca.pem is
# its self-signed certificate, and every "openssl" goes through the provider to
# ${softhsm}, or after "use_shim" to the module that plays an EdgeHSM.

# shellcheck source=test/flow/openssl-cnf.sh
. "$(dirname "$0")/openssl-cnf.sh"

build=${EH_BUILDDIR:-$PWD}
provider=$build/.libs/edgehsm.so
shim=$build/test/unit/provider/.libs/shim.so
count=0
failed=0

[ -r "$provider" ] || {
	echo "Bail out! $provider is not built"
	exit 1
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

softhsm=
for path in "${EDGEHSM_TEST_SOFTHSM:-}" /usr/lib/softhsm/libsofthsm2.so \
    /usr/lib/*/softhsm/libsofthsm2.so; do
	if [ -r "$path" ]; then
		softhsm=$path
		break
	fi
done
[ -n "$softhsm" ] || skip_all "SoftHSM is not installed"
command -v openssl >/dev/null || skip_all "the openssl command is missing"
command -v softhsm2-util >/dev/null || skip_all "softhsm2-util is missing"
command -v pkcs11-tool >/dev/null || skip_all "pkcs11-tool is missing"
case $(openssl version) in
"OpenSSL 3."*) ;;
*) skip_all "the openssl command is not of version 3" ;;
esac

# The openssl command is not ours.  When what it loads was built with
# AddressSanitizer, that library must come first, and what leaks in strangers is
# theirs.
sanitizer=
if ldd "$provider" | grep -q libasan; then
	sanitizer=$(${CC:-gcc} -print-file-name=libasan.so)
	export LD_PRELOAD="$sanitizer"
	export ASAN_OPTIONS="detect_leaks=0:${ASAN_OPTIONS:-}"
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/edgehsm-flow.XXXXXX")
server=
clean_up() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || :
	cd /
	rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP
cd "$folder" || exit 1

unset EDGEHSM_MODULE PKCS11_PROVIDER_MODULE EDGEHSM_PIN EDGEHSM_PIN_FILE \
    EDGEHSM_AUTHORIZATION OPENSSL_MODULES
mkdir tokens new
echo "directories.tokendir = $folder/tokens" >softhsm.conf
echo "log.level = ERROR" >>softhsm.conf
export SOFTHSM2_CONF="$folder/softhsm.conf"
printf '1234\n' >pin
openssl_cnf "$provider" "$softhsm" "$folder/pin" >openssl.cnf
cat >>openssl.cnf <<EOF
[req]
distinguished_name = name
prompt = no
x509_extensions = exts
[name]
CN = flow
[exts]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign,digitalSignature
subjectKeyIdentifier = hash
[ca]
default_ca = factory
[factory]
dir = $folder
database = $folder/index.txt
new_certs_dir = $folder/new
serial = $folder/serial
crlnumber = $folder/crlnumber
default_md = sha256
default_days = 30
default_crl_days = 30
policy = any
[any]
commonName = supplied
EOF
: >index.txt
echo 01 >crlnumber
echo 1001 >serial
softhsm2-util --module "$softhsm" --init-token --free --label flow \
    --pin 1234 --so-pin 12345678 >/dev/null
pkcs11-tool --module "$softhsm" --token-label flow --login --pin 1234 \
    --keypairgen --key-type EC:prime256v1 --label k --id 01 >/dev/null 2>&1
export OPENSSL_CONF="$folder/openssl.cnf"
key='pkcs11:token=flow;object=k;type=private'
openssl req -x509 -new -key "$key" -days 30 -out ca.pem
openssl ecparam -name prime256v1 -genkey -noout -out dev.key
openssl req -new -key dev.key -subj /CN=device -out dev.csr
printf 'a message\n' >message
openssl dgst -sha256 -binary -out digest message

use_shim() {
	[ -r "$shim" ] || {
		echo "Bail out! $shim is not built"
		exit 1
	}
	export SHIM_MODULE="$softhsm" SHIM_LOG="$folder/log"
	export EDGEHSM_MODULE="$shim"
	: >log
}

# ok NAME COMMAND...: the command succeeds; what it prints is kept in out, err.
ok() {
	name=$1
	shift
	count=$((count + 1))
	if "$@" >out 2>err; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name (exit $?)"
		sed 's/^/# /' out err
		failed=1
	fi
}

# no NAME COMMAND...: the command fails, with an exit status, not a signal.
no() {
	name=$1
	shift
	count=$((count + 1))
	status=0
	"$@" >out 2>err || status=$?
	if [ "$status" -gt 0 ] && [ "$status" -lt 128 ]; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name (exit $status)"
		sed 's/^/# /' out err
		failed=1
	fi
}

# said NAME TEXT: the last command's standard error has TEXT.
said() {
	name=$1
	text=$2
	count=$((count + 1))
	if grep -qF -- "$text" err; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		sed 's/^/# /' err
		failed=1
	fi
}

skip() {
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

finish() {
	echo "1..$count"
	exit $failed
}

#!/bin/sh
# 31-authority-uri.sh - the authority's keys in a token, named by pkcs11: URIs
# and reached through our provider.
set -eu
# shellcheck source=test/flow/openssl-cnf.sh
. "$(dirname "$0")/openssl-cnf.sh"
# shellcheck source=test/flow/3x-authority-rig.sh
. "$(dirname "$0")/3x-authority-rig.sh"

provider=$EH_BUILDDIR/.libs/edgehsm.so
[ -r "$provider" ] || skip_all "edgehsm.so is not built"
softhsm=
for path in /usr/lib/softhsm /usr/lib/*/softhsm /usr/local/lib/softhsm; do
	[ -r "$path/libsofthsm2.so" ] && softhsm=$path/libsofthsm2.so
done
[ -n "$softhsm" ] || skip_all "softhsm2 is not installed"
command -v softhsm2-util > err || skip_all "softhsm2-util is missing"
command -v pkcs11-tool > err || skip_all "pkcs11-tool is missing"

mkdir tokens
cat > softhsm.conf <<EOF
directories.tokendir = $folder/tokens
log.level = ERROR
EOF
export SOFTHSM2_CONF="$folder/softhsm.conf"
(umask 077 && printf '1234\n' > pin)
openssl_cnf "$provider" "$softhsm" "$folder/pin" > openssl.cnf
softhsm2-util --module "$softhsm" --init-token --free --label oem \
    --pin 1234 --so-pin 12345678 > out
for label in root message ca; do
	pkcs11-tool --module "$softhsm" --token-label oem --login --pin 1234 \
	    --keypairgen --key-type EC:prime256v1 --label $label > out 2>&1
done

ends 65 "without a provider a URI opens nothing" "no private key can be read" \
    "$authority" init --name x --grant-root 'pkcs11:token=oem;object=root'
export OPENSSL_CONF="$folder/openssl.cnf"
ends 65 "a PIN in a URI is refused" "no PIN may stand in it" \
    "$authority" init --name x \
    --grant-root 'pkcs11:token=oem;object=root?pin-value=1234'
ends 65 "a key that is not there" "no private key can be read" \
    "$authority" init --name x --grant-root 'pkcs11:token=oem;object=none'
ok "init with three URIs" "$authority" init --name oem.example \
    --grant-root 'pkcs11:token=oem;object=root;type=private' \
    --message-key 'pkcs11:token=oem;object=message;type=private' \
    --x509-root 'pkcs11:token=oem;object=ca;type=private'
ok "no private key in the folder" test \
    "$(find authority -type f | sed 's,.*/,,' | sort | tr '\n' ' ')" = \
    "authority.db oem-root-ca.pem oem-root.spki "
ok "the token's key signed the root" env -u OPENSSL_CONF openssl verify \
    -x509_strict -CAfile authority/oem-root-ca.pem authority/oem-root-ca.pem
ends 0 "show names the URIs" 'pkcs11:token=oem;object=message' \
    "$authority" show
ok "what needs no key works without the token" env -u OPENSSL_CONF \
    "$authority" enrol --invite fab1-hsm1 --factory fab1
finish

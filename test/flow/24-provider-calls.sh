#!/bin/sh
# 24-provider-calls.sh - how often a command calls the token, seen by OpenSC's
# spy; TAP.
set -eu
# shellcheck source=test/flow/2x-provider-rig.sh
. "$(dirname "$0")/2x-provider-rig.sh"

spy=
for path in /usr/lib/pkcs11-spy.so /usr/lib/*/pkcs11-spy.so \
    /usr/lib/*/pkcs11/pkcs11-spy.so; do
	if [ -r "$path" ]; then
		spy=$path
		break
	fi
done
[ -n "$spy" ] || skip_all "OpenSC's pkcs11-spy is not installed"
export PKCS11SPY="$softhsm" PKCS11SPY_OUTPUT="$folder/spy"
export EDGEHSM_MODULE="$spy"

# calls NAME MOST: no more calls than that in the spy's log.
calls() {
	count=$((count + 1))
	n=$(grep -cE '^[0-9]+: C_' spy)
	if [ "$n" -gt 0 ] && [ "$n" -le "$2" ]; then
		echo "ok $count - $1: $n calls, at most $2"
	else
		echo "not ok $count - $1: $n calls, at most $2"
		grep -E '^[0-9]+: C_' spy | sed 's/^/# /'
		failed=1
	fi
	rm -f spy
}

ok "dgst signs" openssl dgst -sha256 -sign "$key" -out sig message
calls "dgst" 20
ok "x509 issues" openssl x509 -req -in dev.csr -CA ca.pem -CAkey "$key" \
    -set_serial 5 -days 10 -out dev.pem
calls "x509" 20
finish

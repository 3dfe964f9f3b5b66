#!/bin/sh
# layers-refuses.sh - the layer check itself: what it has to refuse, it does.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0

# refuses FILE INCLUDE: one wrong include, planted alone.
refuses() {
	n=$((n + 1))
	rm -rf "$work/tree"
	mkdir -p "$work/tree/$(dirname "$1")"
	printf '#include %s\n' "$2" > "$work/tree/$1"
	if sh "$here/layers.sh" "$work/tree" > "$work/out"; then
		echo "not ok $n - $1 must not include $2"
	else
		echo "ok $n - $1 must not include $2"
	fi
}

allows() {
	n=$((n + 1))
	rm -rf "$work/tree"
	mkdir -p "$work/tree/$(dirname "$1")"
	printf '#include %s\n' "$2" > "$work/tree/$1"
	if sh "$here/layers.sh" "$work/tree" > "$work/out"; then
		echo "ok $n - $1 may include $2"
	else
		echo "not ok $n - $1 may include $2"
		sed 's/^/# /' "$work/out"
	fi
}

echo 1..15
refuses pkcs11-module/a.c '"quota-engine/state.h"'
refuses pkcs11-module/a.c '"common/crypto/digest.h"'
refuses pkcs11-module/a.c '<openssl/evp.h>'
refuses provider/a.c '"common/cbor/cbor.h"'
refuses orchestrator/cli/a.c '"quota-engine/state.h"'
refuses orchestrator/cli/a.c '<yaml.h>'
refuses quota-engine/a.c '<openssl/evp.h>'
refuses common/wire/a.c '"quota-engine/state.h"'
refuses plugins/chip-soft/a.c '"plugins/chip-other/b.h"'
refuses common/a.c '"err.h"'
refuses attic/a.c '"common/err.h"'
allows provider/a.c '"pkcs11-module/edgehsm-pkcs11.h"'
allows quota-engine/a.c '"common/cbor/cbor.h"'
allows orchestrator/conf/a.c '<yaml.h>'
allows plugins/chip-soft/a.c '"plugins/edgehsm-plugin.h"'

#!/bin/sh
# installed.sh - does what was installed work from where it lies?  make
# installcheck runs it with the folders of this configuration.
set -eu
bindir=$1
p11moduledir=$2
ossldir=$3
daemondir=$4
plugindir=$5

# exports FILE NAME...: exactly these symbols.
exports() {
	file=$1
	shift
	[ -r "$file" ] || {
		echo "$file is not installed" >&2
		exit 1
	}
	got=$(nm -D --defined-only "$file" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort | xargs)
	[ "$got" = "$*" ] || {
		echo "$file exports '$got' instead of '$*'" >&2
		exit 1
	}
}

exports "$p11moduledir/edgehsm-pkcs11.so" \
    C_GetFunctionList C_GetInterface C_GetInterfaceList
exports "$ossldir/edgehsm.so" OSSL_provider_init
exports "$plugindir/chip-soft.so" eh_plugin_v1
for la in "$p11moduledir" "$ossldir" "$plugindir"; do
	for stray in "$la"/*.la; do
		[ ! -e "$stray" ] || {
			echo "$stray should not have been installed" >&2
			exit 1
		}
	done
done
"$bindir/edgehsm" --version
"$bindir/edgehsm-authority" --version
"$daemondir/edgehsmd" --version
EDGEHSM_MODULE=$p11moduledir/edgehsm-pkcs11.so OPENSSL_MODULES=$ossldir \
    openssl list -providers -provider edgehsm | grep -q edgehsm

#!/bin/sh
# 10-module-links.sh - what a host process gets when it loads the module: three
# names, and no library but libc.
set -eu
# shellcheck source=test/flow/1x-module-rig.sh
. "$(dirname "$0")/1x-module-rig.sh"
need nm readelf

nm -D --defined-only "$MODULE" | sed -n 's/.* T \([^@]*\).*/\1/p' | sort \
    > "$D/names"
printf '%s\n' C_GetFunctionList C_GetInterface C_GetInterfaceList \
    > "$D/wanted"
check "it shows exactly three functions" cmp "$D/names" "$D/wanted"
check "and no data" sh -c "! nm -D --defined-only '$MODULE' |
    grep -q ' [BDRVW] '"

readelf -d "$MODULE" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' > "$D/needed"
if [ -n "$PRELOAD" ]; then
	grep -v -e libasan -e libubsan -e libm.so "$D/needed" > "$D/n" || :
	mv "$D/n" "$D/needed"
fi
echo libc.so.6 > "$D/wanted"
check "it needs libc and nothing else" cmp "$D/needed" "$D/wanted"
check "its stack cannot be executed" sh -c \
    "readelf -lW '$MODULE' | grep GNU_STACK | grep -q 'RW '"
check "it has no text relocations" sh -c \
    "! readelf -d '$MODULE' | grep -q TEXTREL"
finish

#!/bin/sh
# 14-module-memcheck.sh - valgrind under a client that signs, forks and goes.
set -eu
# shellcheck source=test/flow/1x-module-rig.sh
. "$(dirname "$0")/1x-module-rig.sh"
need valgrind pkcs11-tool
[ -z "$PRELOAD" ] || skip_all "the module is built with sanitizers"

born
tool --keypairgen --key-type EC:prime256v1 --label general --id 01 \
    > /dev/null 2>&1
check "no error and no leak in the module" valgrind -q --error-exitcode=99 \
    --leak-check=full --show-leak-kinds=definite,indirect,possible \
    --errors-for-leak-kinds=definite,indirect \
    "$EHSIGN" "$MODULE" "$OPERATOR" general 4 100
stop
finish

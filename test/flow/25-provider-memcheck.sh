#!/bin/sh
# 25-provider-memcheck.sh - one signature under valgrind: no error, no leak.
set -eu
# shellcheck source=test/flow/2x-provider-rig.sh
. "$(dirname "$0")/2x-provider-rig.sh"
command -v valgrind >/dev/null || skip_all "valgrind is not installed"
if nm -D "$provider" 2>/dev/null | grep -q __asan_init; then
	skip_all "the provider is built with AddressSanitizer"
fi

ok "dgst under valgrind" valgrind --leak-check=full --show-leak-kinds=all \
    --errors-for-leak-kinds=definite,indirect,possible --error-exitcode=99 \
    --log-file=valgrind.log openssl dgst -sha256 -sign "$key" -out sig message
ok "no error is reported" grep -q "ERROR SUMMARY: 0 errors" valgrind.log
no "nothing of ours is left" grep -q "edgehsm\.so" valgrind.log
finish

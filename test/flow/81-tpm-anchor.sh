#!/bin/sh
# 81-tpm-anchor.sh - edgehsm token anchor: what it says is what the TPM has, by
# the commands that it names itself; and a file is called a file.
set -eu
# shellcheck source=test/flow/5x-rig.sh
. "$(dirname "$0")/5x-rig.sh"
need_tpm
command -v tpm2_nvreadpublic > /dev/null || skip_all "tpm2-tools is not installed"

said() {
	"$EDGEHSM" token anchor --json > "$D/anchored" &&
	    sed -n "s/.*\"$1\": *\"\{0,1\}\([^,\"}]*\).*/\1/p" "$D/anchored"
}

# --- a file ---
token keys
conf "autostart = no"
quietly up
oem
ends "before the genesis there is nothing" 77 "nothing is anchored yet" \
    "$EDGEHSM" token anchor
enrolment
ends "a file is called a file" 0 "^Anchor *a file" "$EDGEHSM" token anchor
ends "which nobody verified" 0 "^Verified *nothing: whoever can copy" \
    "$EDGEHSM" token anchor
check "and has nothing of a TPM" sh -c \
    "'$EDGEHSM' token anchor --json | (! grep -e tpm -e index_name)"
stop

# --- a TPM ---
fresh
tpm_on one
export TPM2TOOLS_TCTI="$TCTI"
ceremony "autostart = no" "anchor = tpm:owner:$INDEX:$TCTI"
order PO-1 20 4
quietly load -a PO-1 -n 3 -d SN00000001
check "the anchor is shown" "$EDGEHSM" token anchor
ends "with what the TPM says that it is" 0 "^TPM  *IBM.*firmware .*so it says" \
    "$EDGEHSM" token anchor
ends "and what nobody has verified" 0 \
    "not by the authority: .*" "$EDGEHSM" token anchor
same "class 0" "$(said anchor_class)" 0
same "mode owner" "$(said mode)" owner
writes=$(said tpm_writes)
counter=$(said counter)
quietly load -a PO-1 -n 6 -d SN00000011
check "leases are writes" test "$(said tpm_writes)" -gt "$writes"
stop
quietly up
same "a start writes nothing" "$(said counter)" "$counter"
quietly load -a PO-1 -n 1 -d SN00000021
same "its first commit counts it" "$(said counter)" $((counter + 1))
index=$(said index_name)
counted=$(said counter_name)
key=$(said key_name)
stop
quietly tpm2_nvreadpublic "$INDEX"
check "the index's Name is the TPM's" grep -q "$index" "$D/quiet"
quietly tpm2_nvreadpublic "$COUNTER"
check "the counter's Name is the TPM's" grep -q "$counted" "$D/quiet"
quietly tpm2_createek -G ecc -c "$D/ek.ctx"
quietly tpm2_readpublic -c "$D/ek.ctx"
check "the key's Name is that of its endorsement key" \
    grep -q "name: $key" "$D/quiet"
tpm_off
tpm_on two
quietly tpm2_createek -G ecc -c "$D/ek.ctx"
quietly tpm2_readpublic -c "$D/ek.ctx"
check "which no other TPM has" sh -c "! grep -q '$key' '$D/quiet'"
tpm_off
finish

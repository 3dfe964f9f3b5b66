#!/bin/sh
# 80-tpm-platform.sh - the anchor in an index that the platform has made, with
# the commands of doc/format/anchor.md: taken at genesis, kept over starts and
# TPM2_Clear, and an old state refused.  (Who can remove it: test_tpm.)
set -eu
# shellcheck source=test/flow/0x-daemon-rig.sh
. "$(dirname "$0")/0x-daemon-rig.sh"
command -v swtpm > /dev/null || skip_all "swtpm is not installed"
command -v tpm2_nvdefine > /dev/null || skip_all "tpm2-tools is not installed"

INDEX=0x01400100
TPM=
trap '[ -z "$TPM" ] || kill -9 "$TPM"; cleanup' EXIT
mkdir "$D/tpm"
swtpm socket --tpm2 --tpmstate "dir=$D/tpm" --server "type=unixio,path=$D/t" \
    --ctrl "type=unixio,path=$D/t.ctrl" --log "file=$D/tpm/log" \
    --flags not-need-init,startup-clear > /dev/null 2>&1 &
TPM=$!
for _ in $(seq 1 200); do
	[ -S "$D/t" ] && [ -S "$D/t.ctrl" ] && break
	sleep 0.05
done
[ -S "$D/t.ctrl" ] || skip_all "swtpm does not start here"
export TPM2TOOLS_TCTI="swtpm:path=$D/t"

# said COMMAND...: of the platform; or the whole script ends.
said() {
	"$@" > "$D/said" 2>&1 && return 0
	sed 's/^/# /' "$D/said"
	echo "Bail out! $* failed"
	exit 1
}

# branch FILE: the session's digest, after which it is ended.
branch() {
	said tpm2_policycommandcode -S "$D/s" -L "$D/$1" "$2"
	said tpm2_flushcontext "$D/s"
}

# What the provisioning image does before the operating system.
make_index() {
	openssl ec -in "$D/oem.pem" -pubout -out "$D/oem-root.pem" 2> /dev/null
	said tpm2_loadexternal -C o -G ecc256 -u "$D/oem-root.pem" \
	    -a 'userwithauth|sign' -c "$D/root.ctx"
	said tpm2_flushcontext -t # there is no resource manager here
	# A trial session takes any signature.
	openssl dgst -sha256 -sign "$D/oem.pem" -out "$D/any.sig" < /dev/null
	said tpm2_startauthsession -S "$D/s"
	said tpm2_policysigned -S "$D/s" -g sha256 -s "$D/any.sig" -f ecdsa \
	    -c "$D/root.ctx"
	branch delete.pol TPM2_CC_NV_UndefineSpaceSpecial
	said tpm2_startauthsession -S "$D/s"
	said tpm2_policyauthvalue -S "$D/s"
	branch take.pol TPM2_CC_NV_ChangeAuth
	said tpm2_startauthsession -S "$D/s"
	said tpm2_policyor -S "$D/s" -L "$D/index.pol" \
	    "sha256:$D/delete.pol,$D/take.pol"
	said tpm2_flushcontext "$D/s"
	said tpm2_flushcontext -t # there is no resource manager here
	said tpm2_nvdefine -C p "$INDEX" -s 32 -L "$D/index.pol" -a \
	    'authread|authwrite|no_da|policydelete|platformcreate|nt=extend'
}

token keys
conf "anchor = tpm:platform:$INDEX:$TPM2TOOLS_TCTI"
check "without an index it starts, and is fresh" daemon
refused "a genesis says what the platform has not done" EH_ERR_CONFIG \
    "the platform has made no index $INDEX.*before the operating" genesis
stop
root other
mv "$D/oem.pem" "$D/our.pem"
mv "$D/other.pem" "$D/oem.pem"
make_index
mv "$D/oem.pem" "$D/other.pem"
mv "$D/our.pem" "$D/oem.pem"
daemon
refused "an index for another root is not taken" EH_ERR_CONFIG \
    "is not that of this OEM's root" genesis
stop
INDEX=0x01400101
make_index
conf "anchor = tpm:platform:$INDEX:$TPM2TOOLS_TCTI"
daemon
check "an index for our root is" genesis
check "and holds the state" operator
req status > "$D/status"
check "class 0, mode of the platform" sh -c "grep -q '^anchor-class=0$' \
    '$D/status' && grep -q '^anchor-mode=1$' '$D/status'"
stop
same_state() {
	req status | grep -a '^state=2$'
}
check "the next start finds it" daemon
check "and is ready" same_state
stop
cp -a "$STATE" "$D/old"
daemon
check "it goes on" operator
stop
cp -a "$STATE" "$D/new"
rm -rf "$STATE"
cp -a "$D/old" "$STATE"
daemon || :
fails "an old state is refused" "does not fit the anchor tpm:platform:" \
    sh -c "cat '$D/err'; exit 1"
stop
rm -rf "$STATE"
cp -a "$D/new" "$STATE"
check "the owner's TPM2_Clear" tpm2_clear -c p
check "leaves it as it is" daemon
check "and the state fits" same_state
stop
fails "nobody extends it without our secret" "Esys_NV_Extend(0x.*authorization" \
    tpm2_nvextend -C "$INDEX" -i "$D/index.pol" "$INDEX"
finish

#!/bin/sh
# 58-tpm.sh - the anchor in a TPM (swtpm): a factory's life on it, and what the
# host can do to it: put an old state back, bring another TPM, take the TPM away,
# make its index anew, or sit between.  Each time with what to do about it.
set -eu
# shellcheck source=test/flow/5x-rig.sh
. "$(dirname "$0")/5x-rig.sh"
need_tpm
if command -v tpm2_nvundefine > /dev/null; then
	owner_tools=yes
else
	owner_tools=no
fi

# owner COMMAND...: what the owner of the TPM does; no daemon is on it.
owner() {
	TPM2TOOLS_TCTI=$TCTI quietly "$@"
}

tpm_on one
ceremony "anchor = tpm:owner:$INDEX:$TCTI" "autostart = no"
order PO-1 40 4
check "certificates with an anchor in a TPM" \
    load -a PO-1 -n 3 -d SN00000001 -s "$D/requests"
status
same "class 0, for nobody has verified the TPM" "$(counter anchor_class)" 0
check "and it says so" sh -c \
    "'$EDGEHSM' status | grep -q '^Anchor.*class 0: .*TPM .* not verified'"
[ -n "$SANITIZER" ] || check "it runs behind its filter of system calls" \
    grep -q '^Seccomp:.*2' "/proc/$PID/status"
stop
same "it stops cleanly" "$STATUS" 0
cp -a "$STATE" "$D/old"

# --- starts ---
# What is in the TPM, but for the clock that it keeps itself.
marks() {
	req status | grep -a -e '^anchor=' -e '^commits=' -e '^boots='
}
up
marks > "$D/marks"
stop
for _ in 1 2 3 4 5 6; do
	quietly up
	stop KILL 2> /dev/null
done
up
marks > "$D/marks.after"
check "starts that write nothing leave the anchor as it is" \
    cmp "$D/marks" "$D/marks.after"
check "and the next device is made" load -a PO-1 -n 1 -d SN00000011
stop KILL 2> /dev/null
quietly up
check "kill -9: what was made is answered" load -A -a PO-1 -s "$D/requests"
check "kill -9: it goes on" load -a PO-1 -n 1 -d SN00000012
status
same "kill -9: the rest of the lease is burned, once" \
    "$(counter devices_used PO-1) $(counter devices_burned PO-1)" "5 3"
check "the log is whole" logscan

# --- a TPM that goes away ---
tpm_off
load -a PO-1 -n 8 -d SN00000020 > "$D/load" 2>&1 &
client=$!
sleep 1
tpm_on one
check "a TPM that is back in seconds: the line waits, and goes on" \
    wait "$client"
status
same "no device was lost by it" \
    "$(counter devices_used PO-1) $(counter devices_burned PO-1)" "13 3"
check "it tells the log what it waits for" \
    grep -q 'cannot be reached: look at the device or socket' "$D/err"
stop
tpm_off
: > "$D/err"
launch
answered || :
STATUS=0
wait "$PID" || STATUS=$?
same "no TPM, no start" "$STATUS" 74
check "and it says where it looked, and at what to look" grep -q \
    "cannot be reached through $TCTI: .*look at the device or socket" "$D/err"
tpm_on one
quietly up
check "the TPM is back: so is the line" load -a PO-1 -n 1 -d SN00000031
stop
rm -rf "$D/new"
cp -a "$STATE" "$D/new"

# --- what the host puts in its place ---
# stopped NAME WORDS: as in 53-rollback.sh.
stopped() {
	: > "$D/err"
	up || {
		result 1 "$1: it can be asked what is the matter"
		return 0
	}
	ends "$1: refused, and said why" 69 "$2" "$EDGEHSM" status
	check "$1: it says what to do" grep -q \
	    "put .*, or have the authority write this EdgeHSM off" "$D/err"
	ends "$1: no certificate" 1 "login, key .*0x8042000b" \
	    load -a PO-1 -n 1 -d SN00000041
	stop
	same "$1: it ends as what it is" "$STATUS" 69
}
# put NAME: this copy of the state.
put() {
	rm -rf "$STATE"
	cp -a "$D/$1" "$STATE"
}
put old
stopped "an old copy of the state" "does not fit the anchor tpm:owner:"
put new
tpm_off
tpm_on two
stopped "another TPM" "the anchor tpm:owner:.* is empty, and .* holds a state"
tpm_off
tpm_on one
quietly up
check "the true ones again: it goes on" load -a PO-1 -n 1 -d SN00000051
stop
rm -rf "$D/new"
cp -a "$STATE" "$D/new"

if [ "$owner_tools" = yes ]; then
	owner tpm2_nvundefine -C o "$INDEX"
	stopped "an index that was removed" "is empty, and .* holds a state"
	owner tpm2_nvdefine -C o "$INDEX" -s 32 \
	    -a 'authwrite|authread|no_da|nt=extend'
	head -c 32 /dev/zero > "$D/zeros"
	owner tpm2_nvextend -C "$INDEX" -i "$D/zeros" "$INDEX"
	stopped "an index that was made anew" "is damaged, and .* holds a state"
	check "an index that was made anew: its log says what that can be" \
	    grep -q "does not know our secret.*made the index anew" "$D/err"
	rm -rf "${STATE:?}" "$D/tokens"
	mkdir "$D/tokens"
	token keys
	quietly up
	ends "what was used is not taken for a new EdgeHSM" 69 \
	    "to begin anew, empty the anchor tpm:owner:" "$EDGEHSM" status
	ends "and no genesis is made on it" 77 "has its root already" \
	    "$EDGEHSM" token init --label new \
	    --root "$EDGEHSM_AUTHORITY/oem-root.spki"
	stop
	owner tpm2_nvundefine -C o "$INDEX"
	owner tpm2_nvundefine -C o "$COUNTER"
	quietly up
	check "removed, as the manual says, it is fresh" \
	    "$EDGEHSM" token init --label new \
	    --root "$EDGEHSM_AUTHORITY/oem-root.spki"
	stop
fi

# --- a soft TPM is no TPM: its files go back with everything else ---
tpm_off
finish

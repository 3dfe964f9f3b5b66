#!/bin/sh
# 55-bad-input.sh - authorizations that are not what they seem, PINs that are
# wrong, disks that are full or read-only, sockets of others: each is refused in
# words, with its exit status, and nothing is lost or half done.
set -eu
# shellcheck source=test/flow/5x-rig.sh
. "$(dirname "$0")/5x-rig.sh"
ceremony "autostart = no"
order PO-1 10 2
order PO-2 10 2
order PO-3 20000 64 # for the disk
PAUTH=$D/oem/PO-3.cose
quietly load -a PO-1 -n 2 -d SN00000001

# What must not change: counters, orders, log.
situation() {
	status && sed 's/"time_[a-z]*":[0-9]*,//g; s/"refusals":[0-9]*,//
	    s/"seconds_left":[0-9]*,//g; s/"until":[0-9]*,//g
	    s/"last_refusal":"\([^"\\]\|\\.\)*",//' "$D/status"
}
situation > "$D/true"
unchanged() {
	situation > "$D/now"
	check "$1: nothing has changed" cmp "$D/true" "$D/now"
}

# --- authorizations ---
KEY=$EDGEHSM_AUTHORITY/message-key.pem
now=$(date +%s)
# forged NAME STATUS WORDS FIELD=VALUE...: PO-3 with these fields, signed by the
# authority's own key.
forged() {
	name=$1
	status=$2
	words=$3
	shift 3
	"$FAULT/ehforge" "$KEY" "$PAUTH" "$D/forged.cose" \
	    id=000102030405060708090a0b0c0d0e0f order=forged "$@"
	ends "$name" "$status" "$words" "$EDGEHSM" token import "$D/forged.cose"
	unchanged "$name"
}
check "cut and bent, at every fifth octet" "$FAULT/ehmangle" "$PAUTH" 5
unchanged "cut and bent"
: > "$D/empty"
ends "an empty file" 65 "is empty" "$EDGEHSM" token import "$D/empty"
ends "a file that is not there" 1 "No such file" \
    "$EDGEHSM" token import "$D/nowhere"
ends "the same again" 0 "imported before; nothing changed" \
    "$EDGEHSM" token import "$PAUTH"
unchanged "the same again"
forged "the same number, another content" 65 "replayed\|seq" devices=1000
forged "an older number" 65 "replayed\|seq" seq=1
forged "for another EdgeHSM" 77 "another EdgeHSM" seq=50 \
    sub=ffffffffffffffffffffffffffffffff
forged "in the name of another issuer" 65 "" seq=50 iss=other.example
forged "for another factory" 77 "factory" seq=50 factory=fab2
forged "expired" 77 "expired" seq=50 nbf=$((now - 90000)) exp=$((now - 3600)) \
    iat=$((now - 90000))
forged "from the future" 77 "" seq=50 iat=$((now + 86400))
forged "valid for more than 400 days" 65 "400 days" seq=50 nbf="$now" \
    exp=$((now + 35000000))
openssl ecparam -name prime256v1 -genkey -noout -out "$D/stranger.pem"
KEY=$D/stranger.pem
forged "signed by a stranger" 65 "" seq=50
openssl ecparam -name prime256v1 -genkey -noout -out "$D/clock.pem"
"$FAULT/ehforge" "$EDGEHSM_AUTHORITY/grant-root.pem" "$D/oem/grant.cose" \
    "$D/grant2.cose" seq=50 "add=$D/clock.pem:4:oem.example"
check "a grant with one key more, for the time only" \
    "$EDGEHSM" token import "$D/grant2.cose"
situation > "$D/true"
KEY=$D/clock.pem
forged "signed by the key for the time" 65 "role\|may not" seq=50
KEY=$EDGEHSM_AUTHORITY/message-key.pem
ends "an older grant does not come back" 65 "" \
    "$EDGEHSM" token import "$D/oem/grant.cose"
unchanged "an older grant"
check "and a good one is taken all the same" sh -c \
    "'$FAULT/ehforge' '$KEY' '$PAUTH' '$D/good.cose' seq=50 \
    id=000102030405060708090a0b0c0d0e0f order=PO-4 nbf=$((now + 3600)) &&
    '$EDGEHSM' token import '$D/good.cose'"
check "what was in force is" load -a PO-1 -n 1 -d SN00000003

# --- a PIN ---
echo wrong1 > "$D/wrong.pin"
chmod 600 "$D/wrong.pin"
with_wrong() {
	EDGEHSM_PIN_FILE=$D/wrong.pin "$EDGEHSM" token info
}
situation > "$D/true"
ends "a wrong PIN" 77 "wrong PIN" with_wrong
for _ in 1 2 3; do
	with_wrong > /dev/null 2>&1 || :
done
ends "many wrong PINs" 77 "wait [0-9]* s" with_wrong
ends "the right one has to wait, too" 77 "wait [0-9]* s" \
    "$EDGEHSM" token info
seconds=$(sed -n 's/.*wait \([0-9]*\) s.*/\1/p' "$D/answer" | head -n 1)
unchanged "wrong PINs"
sleep "${seconds:-5}"
check "and is right after that" "$EDGEHSM" token info
ends "a PIN file that is not there" 1 "No such file" \
    env EDGEHSM_PIN_FILE="$D/nowhere" "$EDGEHSM" token info

# --- nobody there ---
stop
ends "no daemon" 69 "no edgehsmd at $S" "$EDGEHSM" status
if [ "$(id -u)" = 0 ] && command -v setpriv > /dev/null; then
	quietly up
	stop KILL
	chown 40001 "$S"
	start_fails "somebody else's socket in its place" 78 "belongs to user 40001"
	rm "$S"
	mkdir -m 755 "$D/bin"
	cp "$EDGEHSM" "$EDGEHSM_MODULE" "$D/bin"
	chmod 755 "$D" "$D/bin"/*
	cp "$D/conf" "$D/public.conf"
	chmod 644 "$D/public.conf"
	quietly up
	ends "a socket that belongs to somebody else" 69 \
	    "belongs to somebody else: Permission denied" \
	    setpriv --reuid 40001 --regid 40001 --clear-groups env \
	    EDGEHSM_CONF="$D/public.conf" \
	    EDGEHSM_MODULE="$D/bin/edgehsm-pkcs11.so" "$D/bin/edgehsm" status
	chmod 700 "$D"
	stop
else
	check "only root can be somebody else # SKIP" true
fi

# --- the disk ---
mkdir -m 700 "$D/small"
if ! mount -t tmpfs -o size=2m,mode=700 tmpfs "$D/small" 2> /dev/null; then
	check "no file system can be mounted here # SKIP" true
	finish
	exit 0
fi
trap 'umount -l "$D/small" 2> /dev/null || :; cleanup' EXIT
cp -a "$STATE" "$D/small/state"
rm -rf "$STATE"
STATE=$D/small/state
conf "autostart = no" "state = $STATE"
size() {
	mount -o "remount,size=$1" "$D/small"
}
# So that one more segment of the journal has no room.
fill() {
	dd if=/dev/zero of="$D/small/filler" bs=4096 2> /dev/null || :
}

quietly up
quietly load -a PO-2 -n 1 -d SN00000100
stop KILL
fill
quietly up
ends "a full disk: no PIN can be looked at" 69 \
    "the count of wrong PINs cannot be written .*: is its disk full?" \
    "$EDGEHSM" token info
check "it can be asked" "$EDGEHSM" status
# Room for that, and not for a segment.
truncate -s -16384 "$D/small/filler"
ends "a full disk after a kill: no new segment" 1 \
    "no space for a journal segment in $STATE/journal; make room" \
    load -a PO-2 -n 1 -d SN00000101
rm "$D/small/filler"
size 4m
check "with room it goes on, without a restart" \
    load -a PO-2 -n 1 -d SN00000101
fill
truncate -s -16384 "$D/small/filler"
: > "$D/results"
ends "a disk that becomes full while it works: refused in time" 1 \
    "no room\|no space" load -a PO-3 -n 2600 -t 4 -d SN10000001
check "it is alive" "$EDGEHSM" status
check "it had made what there was room for" \
    [ "$(grep -c '^issued ' "$D/results")" -gt 1000 ]
rm "$D/small/filler"
size 8m
# The first that asks makes it look for room again.
load -a PO-3 -n 1 -d SN20000001 > /dev/null 2>&1 || sleep 1
check "with room it goes on" load -a PO-3 -n 10 -d SN20000011
status
same "each that was served is counted, no other" \
    "$(grep -c '^issued' "$D/results")" "$(counter devices_used PO-3)"
quietly logscan
grep '^issued ' "$D/results" | cut -d' ' -f4 | sort > "$D/left"
grep ' issued ' "$D/log" | cut -d' ' -f7 | sort > "$D/recorded"
same "and recorded" "$(comm -23 "$D/left" "$D/recorded" | wc -l)" 0

# --- read-only ---
stop
mount -o remount,ro "$D/small"
start_fails "a read-only state folder" 74 "Read-only file system"
mount -o remount,rw "$D/small"
quietly up
check "writable again, it goes on" load -a PO-3 -n 1 -d SN30000001
quietly logscan
grep ' issued ' "$D/log" | cut -d' ' -f7 | sort > "$D/recorded"
same "and nothing was lost" "$(comm -23 "$D/left" "$D/recorded" | wc -l)" 0
stop
umount "$D/small"
finish

#!/bin/sh
# 41-line-answers.sh - what a line says before, while and after it runs: errors
# with their places, exit statuses, and how to stop it.
set -eu
# shellcheck source=test/flow/4x-line-rig.sh disable=SC1091
. "$(dirname "$0")/4x-line-rig.sh"

factory

# ends NAME STATUS WORDS COMMAND...: it ends with this status and says these
# words on standard error ("" when there is nothing to say).
ends() {
	name=$1
	want=$2
	words=$3
	shift 3
	STATUS=0
	"$@" > "$D/out" 2> "$D/answer" || STATUS=$?
	if [ "$STATUS" = "$want" ] &&
	    { [ -z "$words" ] || grep -q -e "$words" "$D/answer"; }; then
		result 0 "$name"
	else
		echo "# status $STATUS, wanted $want and '$words'"
		result 1 "$name"
	fi
}

line=$LINE/line3.yaml

# Before there is an authorization.
ends "a plan without an authorization is a plan" 0 '' edgehsm line plan "$line"
check "and says that nothing is known of it" \
    grep -q 'What the token allows is not known' "$D/out"
run --progress plain
is "a run without one is refused" 77 "$STATUS"
check "in words" grep -q 'no live authorization for this profile' "$D/out"
is "three in a row stop the line" 3 \
    "$(edgehsm unit list --state "$D/devices" | grep -c refused)"
check "and it says why" grep -q 'stopAfterFailures' "$D/err"

ends "a configuration that is not there" 65 'EDGEHSM_CONF names /nowhere' \
    env EDGEHSM_CONF=/nowhere "$EH_BUILDDIR/edgehsm" status
echo 'sokcet = /x' > "$D/typo.conf"
ends "and one with a typing error" 65 "typo.conf:1: .*did you mean 'socket'" \
    env EDGEHSM_CONF="$D/typo.conf" "$EH_BUILDDIR/edgehsm" status
ends "a state folder that cannot be made" 1 'cannot make the folder /proc/x' \
    edgehsm line run "$line" --state /proc/x
check "is all that is said" test ! -s "$D/out"

order PO-7 8
ends "a plan knows what can be made" 0 '' edgehsm line plan "$line"
check "and what cannot" grep -q \
    '8 devices are left: of 12 new ones, 8 can be made and 4 would be refused' "$D/out"
check "who enforces what" grep -q 'The EdgeHSM enforces' "$D/out"
check "a plan makes nothing" test "$(number devices_used PO-7)" = 0
edgehsm line plan "$line" --json > "$D/out"
check "a plan is one JSON object" grep -q \
    '^{"line":"line3",.*"devices_left":8}$' "$D/out"

# What is wrong with the line is told with its place, all of it.
sed -e 's/uses: chip.verify/uses: chip.verfy/' -e 's/state: chips/stat: chips/' \
    "$line" > "$LINE/bad.yaml"
ends "a wrong step is told with its place" 65 \
    'bad.yaml:20:27: error: spec.steps\[4\].uses' \
    edgehsm line plan "$LINE/bad.yaml"
sed 's/name: gateway-b,/name: gateway-x,/' "$line" > "$LINE/bad.yaml"
ends "so is a profile that is not there" 65 \
    'bad.yaml:9:12: error: spec.profile: .*/gateway-x.yaml: No such file' \
    edgehsm line plan "$LINE/bad.yaml"
sed 's/state: chips/stat: chips/' "$line" > "$LINE/bad.yaml"
ends "so is an option that the driver does not have" 65 \
    "bad.yaml:11:33: error: spec.chip.with.stat: .*did you mean 'state'" \
    edgehsm line plan "$LINE/bad.yaml"
ends "a run ends there as well" 65 'bad.yaml: 2 errors' \
    edgehsm line run "$LINE/bad.yaml" --state "$D/bad"
check "and leaves nothing behind" test ! -e "$D/bad"
sed 's/driver: soft/driver: hard/' "$line" > "$LINE/bad.yaml"
ends "a driver that is not there is named" 65 "no chip driver 'hard'" \
    edgehsm line plan "$LINE/bad.yaml"
sed 's/EdgeHSM-fab1/EdgeHSM-fab2/' "$line" > "$LINE/bad.yaml"
ends "another token is not used" 65 'this one is called EdgeHSM-fab1' \
    edgehsm line run "$LINE/bad.yaml" --state "$D/bad"
ends "a device id must be one of the profile" 65 "unit 'XX00000001'" \
    edgehsm line run "$line" --state "$D/bad" --units XX00000001
ends "a range must be one" 65 'above to' \
    edgehsm line run "$line" --state "$D/bad" --units SN00000002..SN00000001
ends "units are named in one way" 2 'not both' edgehsm line run "$line" \
    --state "$D/bad" --units SN00000001 --units-file /dev/null
ends "a station must be one of the line" 2 'it has: st07' \
    edgehsm line run "$line" --state "$D/bad" --station st08
ends "an authorization must be there" 77 'there are: .*PO-7' \
    edgehsm line run "$line" --state "$D/bad" --authorization PO-8
cp "$LINE/gateway-b.ehprofile" "$D/kept"
sed -i 's/model: Gateway-B/model: Gateway-C/' "$LINE/gateway-b.yaml"
ends "a profile that was changed must be compiled again" 65 \
    'gateway-b.ehprofile' edgehsm line plan "$line"
sed -i 's/model: Gateway-C/model: Gateway-B/' "$LINE/gateway-b.yaml"

# Claims: an authorization for another line.
order PO-8 5 --line line4
run --units SN00000020 --authorization PO-8 --progress none
is "an authorization for another line is refused" 77 "$STATUS"
check "in words" grep -q 'line line3 is not among those of' "$D/out"

# One that is asked to stop finishes its device.
edgehsm line run "$line" --state "$D/devices" --authorization PO-7 \
    --units SN00000001..SN00000008 > "$D/out" 2> "$D/err" &
pid=$!
PIDS="$PIDS $pid"
for _ in $(seq 1 500); do
	grep -q 'SN00000001 good' "$D/err" && break
	sleep 0.02
done
kill -INT "$pid"
STATUS=0
wait "$pid" || STATUS=$?
is "a line that is interrupted says: later" 75 "$STATUS"
check "and how to go on" grep -q 'The same command again goes on' "$D/err"
is "no device stays half made" "" \
    "$(edgehsm unit list --state "$D/devices" | grep ' open ' || :)"
run --units SN00000001..SN00000008 --progress none
is "the rest is made by the next run" 0 "$STATUS"
is "each once" 8 "$(number devices_used PO-7)"

# A PIN that is typed serves token and provider.
if command -v script > /dev/null; then
	order PO-9 2
	mkfifo "$D/keyboard"
	sh -c '
		exec 8> "$1/keyboard"
		for _ in $(seq 1 500); do
			grep -q "PIN of the operator" "$1/screen" 2> /dev/null && break
			sleep 0.02
		done
		echo "$2" >&8
		for _ in $(seq 1 1500); do
			grep -q "^ENDED" "$1/screen" && break
			sleep 0.02
		done' keyboard "$D" "$OPERATOR" &
	PIDS="$PIDS $!"
	env -u EDGEHSM_PIN_FILE TERM=xterm script -qfec "edgehsm line run $line \
	    --state $D/devices --units SN00000030..SN00000031; echo ENDED \$?" \
	    "$D/screen" < "$D/keyboard" > /dev/null 2>&1 || :
	check "a PIN that is typed is asked for once" \
	    test "$(grep -c 'PIN of the operator' "$D/screen")" = 1
	check "and serves for everything" grep -q '^ENDED 0' "$D/screen"
	check "a terminal gets a bar" grep -q ' 1/2  1 good ' "$D/screen"
	# shellcheck disable=SC2016
	check "and the PIN is not on it" \
	    sh -c '! grep -q "$1" "$2"' pin "$OPERATOR" "$D/screen"
fi

# The name of a PIN file may be as long as the system allows.
long=$D
for _ in 1 2 3; do
	long=$long/$(printf '%0120d' 0)
done
mkdir -p "$long"
cp "$D/pin" "$long/pin"
order PO-10 1
ends "a PIN file far away serves for everything" 0 '' \
    edgehsm line run "$line" --state "$D/new/devices" --units SN00000011 \
    --authorization PO-10 --pin-file "$long/pin"

# Every command knows --json, also those whose answer is a file.
edgehsm token nonce --json --out "$D/nonce" > "$D/out"
is "a nonce is an object and a file" "{\"nonce\":\"$(cat "$D/nonce")\"}" \
    "$(cat "$D/out")"
edgehsm token csr --label idevid-ca-2026 --subject /CN=x --json > "$D/out"
check "a request is an object" grep -q \
    '^{"label":"idevid-ca-2026","pem":"-----BEGIN CERTIFICATE REQUEST.*"}$' \
    "$D/out"
edgehsm token csr --label idevid-ca-2026 --out "$D/csr" \
    --subject '/CN=ACME PAI\/1/VID=FFF1'
is "a subject is read as the authority reads it" \
    "subject=CN=ACMEPAI/1,1.3.6.1.4.1.37244.2.1=FFF1" \
    "$(openssl req -in "$D/csr" -noout -subject | tr -d ' ')"
ends "and refused in words" 2 'it must look like /C=DE' edgehsm token csr \
    --label idevid-ca-2026 --subject CN=x
edgehsm token enrol --invitation "$D/invitation" --out "$D/enrol" --json \
    > "$D/out"
is "so is an enrolment" "{\"request\":\"$D/enrol\"}" "$(cat "$D/out")"
ends "an error of what was typed is one, too" 2 'unknown verb' \
    edgehsm lien run --json
check "with its status" grep -q '^{"error":{.*"exit":2}}$' "$D/out"
ends "an operator's name is not cut" 2 "at most 128 characters" \
    edgehsm line run "$line" --state "$D/devices" \
    --operator "$(printf '%0129d' 0)"
sed 's/factory: fab1/factory: fab2/' "$line" > "$LINE/bad.yaml"
ends "a line of another factory is refused" 65 \
    'is of factory fab2, and the EdgeHSM was granted to factory fab1' \
    edgehsm line run "$LINE/bad.yaml" --state "$D/devices"
ends "a plan for it is one without the token" 0 '' \
    edgehsm line plan "$LINE/bad.yaml"
check "and says why" grep -q 'is not known: line line3 is of factory fab2' \
    "$D/out"

# A plan that goes on where a run was.
edgehsm unit list --state "$D/devices" --json > "$D/units"
finished=$(grep -c -e '"good"' -e '"scrapped"' "$D/units")
ends "a plan counts what is finished" 0 '' \
    edgehsm line plan "$line" --state "$D/devices" \
    --units SN00000001..SN00000099
check "which are $finished" grep -q "^State .*: $finished finished, 0 begun\$" \
    "$D/out"
check "and only the others are new" grep -q \
    "of $((99 - finished)) new ones" "$D/out"
ends "what was never begun is all new" 0 '' \
    edgehsm line plan "$line" --state "$D/nowhere"
check "it makes no folder" [ ! -e "$D/nowhere" ]

# The token is not there.
# shellcheck disable=SC2016
ends "two runs do not share a folder" 75 'another run' sh -c '
	exec 9> "$1/.lock"; flock -n 9; shift; "$@"' lock "$D/devices" \
    edgehsm line run "$line" --state "$D/devices"
stop
ends "without an EdgeHSM nothing is made" 69 . \
    edgehsm line run "$line" --state "$D/devices" --units SN00000009
ends "but a plan can be seen" 0 '' edgehsm line plan "$line"
ends "unit list needs none" 0 '' edgehsm unit list --state "$D/devices"
ends "and knows when there is nothing" 1 'No such file' \
    edgehsm unit list --state "$D/nowhere"
finish

#!/bin/sh
# 86-count-kill.sh - kill -9 while a TPM counts: what the TPM counted and nobody
# has is burned, and never is more signed than was approved.
set -eu
# shellcheck source=test/flow/5x-rig.sh
. "$(dirname "$0")/5x-rig.sh"
# shellcheck source=test/flow/8x-count-rig.sh
. "$(dirname "$0")/8x-count-rig.sh"

KILLS=5
[ "${EH_SLOW:-}" != yes ] || KILLS=50
USES=$((KILLS * 8))

# shellcheck disable=SC2119
counting_ceremony
order PO-1 $USES 2 --unclean-stops 0
count --authorization PO-1
answers() {
	wc -l < "$D/results"
}
: > "$D/results"
had=0
i=0
failed=0
while [ $i -lt $KILLS ]; do
	i=$((i + 1))
	(become_load -a PO-1 -n 100 -t 2 -e quota -d "$(printf 'SN%08d' $((i * 1000)))" \
	    > "$D/load" 2>&1) &
	loader=$!
	# Behind the first answer, at most 5 s.
	for _ in $(seq 1 50); do
		[ "$(answers)" = "$had" ] || break
		sleep 0.1
	done
	nap "$(below 100)"
	had=$(answers)
	stop KILL 2> /dev/null
	wait $loader 2> /dev/null || :
	up || failed=$((failed + 1))
done
same "it started again each time" $failed 0
issued=$(grep '^issued' "$D/results" | sort -u | wc -l)
stop
# shellcheck disable=SC2046
set -- $(says 1)
check "the TPM counted $1 of $2, and $issued were given out" \
    [ "$issued" -le "$1" ]
check "which is never more than was approved" [ "$1" -le "$USES" ]
check "and something was" [ "$issued" -gt 0 ]
quietly up
check "the log is whole" logscan
finish

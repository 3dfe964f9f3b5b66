#!/bin/sh
# words.sh - what must not stand in the tree: machine paths, forgotten work,
# control-flow macros, lines nobody can read; TAP.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=${1:-$(cd "$here/../.." && pwd)}
cd "$root"
n=0

# none NAME PATTERN FILES...: no line of these files matches.
none() {
	n=$((n + 1))
	name=$1
	pattern=$2
	shift 2
	# shellcheck disable=SC2086
	if found=$(find . -path './.git' -prune -o -path './autom4te.cache' \
	    -prune -o -path './_*' -prune -o -path './build*' -prune -o \
	    -path './demo-state' -prune -o -path './edgehsm-[0-9]*' -prune -o \
	    -type f \( "$@" \) ! -path './test/lint/words.sh' -exec grep -nE "$pattern" {} + |
	    head -20) && [ -n "$found" ]; then
		echo "not ok $n - $name"
		echo "$found" | sed 's/^/# /'
	else
		echo "ok $n - $name"
	fi
}

echo 1..3
none "no path of a developer's machine" '/(work|root)/|/home/[a-z]' \
    -name '*.[ch]' -o -name '*.sh' -o -name '*.md' -o -name '*.am' -o \
    -name '*.inc' -o -name '*.ac' -o -name '*.yaml'
none "no forgotten work" '\b(TODO|FIXME|XXX|HACK)\b' -name '*.[ch]' -o -name '*.sh'
none "no // comments" '^[^"]*[^:"/*]//[^/]*$' -name '*.[ch]'

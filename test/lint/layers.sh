#!/bin/sh
# layers.sh - fail on an #include that layers.txt does not allow; TAP.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=${1:-$(cd "$here/../.." && pwd)}
table=${2:-$here/layers.txt}

cd "$root"
found=$(find . -path './.*' -prune -o -path './_*' -prune -o \
    -path './build*' -prune -o -path './edgehsm-[0-9]*' -prune -o \
    -type f -name '*.[ch]' -exec grep -Hn '^[ 	]*#[ 	]*include' {} + |
    awk -v table="$table" '
	# Is path the header or below the folder that entry names?
	function covers(entry, path) {
		return path == entry || index(path, entry "/") == 1
	}
	function listed(list, path,   part, n, i) {
		n = split(list, part, " ")
		for (i = 1; i <= n; i++)
			if (covers(part[i], path))
				return 1
		return 0
	}
	function row_of(path,   f, best) {
		best = ""
		for (f in folder)
			if (covers(f, path) && length(f) > length(best))
				best = f
		return best
	}
	function rest(from,   i, s) {
		for (i = from; i <= NF; i++)
			s = s " " $i
		return s
	}
	function say(text) { print file ":" line ": " text }
	BEGIN {
		while ((getline < table) > 0) {
			if ($1 == "in") {
				folder[$2] = 1
				if ($3 == "use") use[$2] = use[$2] rest(4)
				if ($3 == "not") never[$2] = never[$2] rest(4)
			} else if ($1 == "sys")
				only[$2] = rest(4)
		}
	}
	{
		split($0, head, ":")
		file = substr(head[1], 3)
		line = head[2]
		name = $0
		sub(/^[^#]*#[ \t]*include[ \t]*/, "", name)
		quote = substr(name, 1, 1)
		if (quote != "\"" && quote != "<") {
			say("include of a macro cannot be checked")
			next
		}
		name = substr(name, 2)
		sub(/[">].*/, "", name)
		row = row_of(file)
		if (row == "")
			say("no row for this folder")
		else if (quote == "<") {
			for (h in only)
				if ((name == h || (h ~ /\/$/ && index(name, h) == 1)) &&
				    !listed(only[h], file))
					say("must not include <" name ">")
		} else if (name == "config.h")
			;
		else if (name !~ /\// || name ~ /(^|\/)\.\.?\//)
			say("\"" name "\" must be a path from the root")
		else if (listed(never[row], name) ||
		    (!covers(row, name) && !listed(use[row], name)))
			say(row " must not include \"" name "\"")
	}')

echo 1..1
if [ -n "$found" ]; then
	echo "not ok 1 - every include stays within its layer"
	echo "$found" | sed 's/^/# /'
	exit 1
fi
echo "ok 1 - every include stays within its layer"

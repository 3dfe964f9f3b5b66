#!/bin/sh
# check.sh - all tests, set-up included.
#
#   ./check.sh                  everything but the slow tests
#   ./check.sh --slow           those too
#   ./check.sh --quick          one compiler, no sanitizers: while you work
#   ./check.sh --fresh [SUITE]  both commands in a new Debian (bookworm, trixie)
#   ./check.sh --no-install     name missing packages instead of installing them
#
# The last line is "N passed, N failed, N skipped".
set -eu
cd "$(dirname "$0")"
top=$(pwd)

install=yes
slow=no
quick=no
while [ $# -gt 0 ]; do
	case $1 in
	--fresh)
		shift
		exec sh test/setup/fresh.sh "$@"
		;;
	--slow) slow=yes ;;
	--quick) quick=yes ;;
	--no-install) install=no ;;
	-h | --help)
		sed -n '2,11s/^# \{0,1\}//p' "$0"
		exit 0
		;;
	*)
		echo "check.sh: unknown option '$1'; see ./check.sh --help" >&2
		exit 2
		;;
	esac
	shift
done

# shellcheck source=test/setup/packages.sh
. test/setup/packages.sh
# shellcheck disable=SC2086
need_packages "$install" $BUILD_PACKAGES $DEMO_PACKAGES $TEST_PACKAGES

EDGEHSM_VECTORS=${EDGEHSM_VECTORS:-$(dirname "$top")/shared/vectors}
EH_SLOW=$slow
export EDGEHSM_VECTORS EH_SLOW

passed=0
failed=0
skipped=0
work=$(mktemp -d "${TMPDIR:-/tmp}/edgehsm-check.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
jobs=$(nproc)
began=$(date +%s)

# step NAME COMMAND...: one step that passes or fails as a whole.
step() {
	name=$1
	shift
	if ("$@") > "$work/log" 2>&1; then
		passed=$((passed + 1))
		echo "ok      $name ($(($(date +%s) - began)) s)"
		return 0
	fi
	failed=$((failed + 1))
	echo "FAILED  $name"
	grep -vE '^(PASS|ok|SKIP|make)' "$work/log" | tail -60 |
	    sed 's/^/        /'
	return 1
}

# suite NAME FOLDER: run make check there and count every test in it.
suite() {
	name=$1
	(cd "$2" && make -k -j"$jobs" check) > "$work/log" 2>&1 || :
	find "$2" -name '*.trs' -exec cat {} + > "$work/trs"
	p=$(grep -c '^:test-result: PASS' "$work/trs") || :
	f=$(grep -cE '^:test-result: (FAIL|XPASS|ERROR)' "$work/trs") || :
	s=$(grep -c '^:test-result: SKIP' "$work/trs") || :
	if [ "$p" = 0 ]; then
		echo "FAILED  $name: no test ran"
		tail -30 "$work/log"
		failed=$((failed + 1))
		return 0
	fi
	passed=$((passed + p))
	failed=$((failed + f))
	skipped=$((skipped + s))
	echo "tests   $name: $p passed, $f failed, $s skipped" \
	    "($(($(date +%s) - began)) s)"
	find "$2" -name '*.log' -path '*test/*' -exec grep -h '^SKIP: ' {} + |
	    sort | sed 's/^SKIP: /        skipped: /'
	[ "$f" = 0 ] || find "$2" -name '*.log' -path '*test/*' -exec \
	    grep -lE '^not ok|^Bail out|^ERROR: ' {} + | while read -r log; do
		echo "        --- ${log#"$2"/}"
		grep -vE '^(PASS|ok|SKIP)' "$log" | tail -60 |
		    sed 's/^/        /'
	done
	return 0
}

# build NAME FOLDER CONFIGURE-ARGUMENTS...
build() {
	kind=$1
	folder=$2
	shift 2
	mkdir -p "$folder"
	step "configure: $kind" in_folder "$folder" "$top/configure" \
	    --enable-werror "$@" || return 1
	step "compile: $kind" make -C "$folder" -j"$jobs" all || return 1
}

in_folder() {
	cd "$1"
	shift
	"$@"
}

autogen_is_silent() {
	./autogen.sh > "$work/autogen" 2>&1 || {
		cat "$work/autogen"
		return 1
	}
	! grep -iE 'warning|error' "$work/autogen"
}

shell_scripts_are_clean() {
	git ls-files '*.sh' .ci/run | xargs shellcheck -x
}

man_pages_are_clean() {
	for page in doc/man/*.[1-9]; do
		[ ! -e "$page" ] || mandoc -T lint -W warning "$page" ||
		    return 1
	done
}

installed() {
	make -C "$work/gcc" install &&
	    make -C "$work/gcc" installcheck
}

# What is kept here and not released would be missed by others only.
release_is_whole() {
	git rev-parse --is-inside-work-tree > /dev/null 2>&1 || return 0
	tar -tf "$work"/gcc/edgehsm-*.tar.xz | sed 's|^[^/]*/||' |
	    LC_ALL=C sort > "$work/released"
	git ls-files | grep -vE '^(\.ci/|\.gitignore$)' | LC_ALL=C sort |
	    LC_ALL=C comm -23 - "$work/released" > "$work/lost"
	[ ! -s "$work/lost" ] || {
		echo "Not in the release:"
		cat "$work/lost"
		return 1
	}
}

clean_tree() {
	git rev-parse --is-inside-work-tree > /dev/null 2>&1 || return 0
	left=$(git status --porcelain --untracked-files=all)
	[ "$left" = "$before" ] || {
		echo "The build left or changed files in the tree:"
		echo "$left"
		return 1
	}
}
before=$(git status --porcelain --untracked-files=all \
    2>/dev/null) || before=

step "autogen.sh, without a warning" autogen_is_silent || :
if build gcc "$work/gcc" CC=gcc CFLAGS='-O2 -g' --prefix="$work/prefix"; then
	suite "gcc" "$work/gcc"
	step "make install, make installcheck" installed || :
fi

if [ "$quick" = no ]; then
	if build clang "$work/clang" CC=clang CFLAGS='-O2 -g'; then
		step "compile the tests: clang" make -C "$work/clang" \
		    -j"$jobs" check TESTS= || :
	fi
	sanitize='-O1 -g -fsanitize=address,undefined'
	sanitize="$sanitize -fno-sanitize-recover=all -fno-omit-frame-pointer"
	if build "ASan and UBSan" "$work/asan" CC=gcc CFLAGS="$sanitize"; then
		suite "ASan and UBSan" "$work/asan"
	fi
	step "make distcheck" make -C "$work/gcc" distcheck \
	    "AM_DISTCHECK_CONFIGURE_FLAGS=CFLAGS=-O1" || :
	step "the release has every file" release_is_whole || :
fi
step "shell scripts: shellcheck" shell_scripts_are_clean || :
step "man pages: mandoc" man_pages_are_clean || :
step "the build leaves no files behind" clean_tree || :

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]

# shellcheck shell=sh disable=SC2034
# packages.sh - what check.sh and demo.sh need from Debian, by package name;
# sourced by both.  need_packages installs what is missing, or says so.

# To build and to run.
BUILD_PACKAGES="autoconf automake libtool make gcc libc6-dev pkg-config
	libp11-kit-dev libssl-dev libyaml-dev libsqlite3-dev libjansson-dev
	libseccomp-dev libcap-ng-dev libtss2-dev check"
DEMO_PACKAGES="softhsm2 opensc openssl"
# To test.
TEST_PACKAGES="clang valgrind gnutls-bin p11-kit strace shellcheck mandoc git
	xz-utils xxd swtpm swtpm-tools tpm2-tools"

# missing PACKAGE...: print those that are not installed.
missing() {
	for package in "$@"; do
		status=$(dpkg-query -W -f '${db:Status-Status}' "$package" \
		    2>/dev/null) || status=absent
		[ "$status" = installed ] || printf '%s ' "$package"
	done
}

# need_packages INSTALL PACKAGE...: INSTALL is yes or no.
need_packages() {
	install=$1
	shift
	lacking=$(missing "$@")
	[ -n "$lacking" ] || return 0
	if [ "$install" = no ]; then
		echo "These Debian packages are missing: $lacking" >&2
		echo "Install them with: apt-get install $lacking" >&2
		return 1
	fi
	as_root=
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || {
			echo "Not root and no sudo. Missing packages:" \
			    "$lacking" >&2
			return 1
		}
		as_root=sudo
	fi
	echo "Installing: $lacking"
	# No service may start on the machine of somebody who only looks.
	$as_root apt-get update -qq
	# shellcheck disable=SC2086
	$as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install \
	    -qq -y --no-install-recommends $lacking > /dev/null
}

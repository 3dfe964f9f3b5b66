#!/bin/sh
# autogen.sh - make configure from configure.ac; needs autoconf, automake and
# libtool.  People who build from a release archive do not run it.
set -eu
cd "$(dirname "$0")"
exec autoreconf --install --warnings=all

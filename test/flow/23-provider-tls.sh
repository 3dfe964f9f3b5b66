#!/bin/sh
# 23-provider-tls.sh - a TLS server whose key is on a token; TAP.
set -eu
# shellcheck source=test/flow/2x-provider-rig.sh
. "$(dirname "$0")/2x-provider-rig.sh"

# Start a server on a free port of the loopback and set ${port}.
serve() {
	: >server.out # not by the server alone: the port of the last is in it
	timeout 60 openssl s_server -accept 127.0.0.1:0 -cert ca.pem -key "$key" \
	    -rev -naccept 1 "$1" >server.out 2>server.err </dev/null &
	server=$!
	port=
	tries=0
	while [ -z "$port" ] && [ "$tries" -lt 100 ]; do
		port=$(sed -n 's/^ACCEPT 127.0.0.1:\([0-9]*\)$/\1/p' server.out)
		tries=$((tries + 1))
		[ -n "$port" ] || sleep 0.05
	done
	[ -n "$port" ] || {
		echo "Bail out! no server"
		sed 's/^/# /' server.err
		exit 1
	}
}

for version in -tls1_3 -tls1_2; do
	serve "$version"
	# shellcheck disable=SC2016
	ok "$version: a client trusts the server" sh -c 'echo Q | timeout 20 \
	    openssl s_client -connect "127.0.0.1:$1" "$2" -CAfile ca.pem \
	    -verify_return_error -brief' sh "$port" "$version"
	said "$version: by its certificate" "Verification: OK"
	ok "$version: the server ends well" wait "$server"
	server=
done
finish

# shellcheck shell=sh
# openssl-cnf.sh - an openssl.cnf that loads the built provider beside the
# default one; sourced.
#
#	openssl_cnf PROVIDER MODULE PIN_FILE [LINE] > openssl.cnf
#
# LINE is one more setting of the provider.  Sections may be appended.
openssl_cnf() {
	cat <<CNF
openssl_conf = init
[init]
providers = providers
[providers]
default = plain
edgehsm = token
[plain]
activate = 1
[token]
module = $1
edgehsm-module-path = $2
edgehsm-pin = file:$3
${4:-}
activate = 1
CNF
}

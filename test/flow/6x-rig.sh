# shellcheck shell=sh
# 6x-rig.sh - what the scripts share that type what people type by hand after
# the demo: a factory with two orders in ${D}, openssl with the provider, and
# what the counters say; sourced.  The working directory is ${D}.
#
#	by_hand			the ceremony, PO-4712 (gateway-a) and PO-4713
#				(sensor-days) for 5 devices each, a general key
#	device ID [KEY]		its request ID.csr, by a key of its own or KEY
#	serial_of ORDER ID	the serial number that profile render prints
#	profile_tbs ORDER ID	what the profile gives it: ID.tbs
#	uses NAME COUNTS COMMAND...	it succeeds; the counters are COUNTS then
#	refuses NAME STATUS WORDS FILE COMMAND...
#				it fails so and leaves FILE absent or empty; the
#				counters stay
#	tbs_of CERTIFICATE FILE	its TBSCertificate
#	status_says WORDS	edgehsm status has a line with them

# shellcheck source=test/flow/5x-rig.sh
. "$(dirname "$0")/5x-rig.sh"
# shellcheck source=test/flow/openssl-cnf.sh
. "$(dirname "$0")/openssl-cnf.sh"

export OPENSSL_MODULES="$EH_BUILDDIR/.libs"
[ -r "$OPENSSL_MODULES/edgehsm.so" ] || skip_all "edgehsm.so is not built"
command -v openssl > /dev/null || skip_all "the openssl command is missing"
command -v pkcs11-tool > /dev/null || skip_all "pkcs11-tool is missing"
case $(openssl version) in
"OpenSSL 3."*) ;;
*) skip_all "the openssl command is not of version 3" ;;
esac
unset EDGEHSM_AUTHORIZATION EDGEHSM_DEBUG
cd "$D" || exit 1

# shellcheck disable=SC2034 # of the scripts
KEY='pkcs11:token=EdgeHSM-fab1;object=idevid-ca-2026;type=private'
# shellcheck disable=SC2034
GENERAL='pkcs11:token=EdgeHSM-fab1;object=signer;type=private'

# The provider beside the default one, as the demo has it; $2 is one line more.
write_openssl_cnf() {
	openssl_cnf "$OPENSSL_MODULES/edgehsm.so" "$EDGEHSM_MODULE" \
	    "$EDGEHSM_PIN_FILE" "${2:-}" > "$1"
	printf '[req]\ndistinguished_name = name\n[name]\n' >> "$1"
}

by_hand() {
	write_openssl_cnf openssl.cnf
	# shellcheck disable=SC2119
	ceremony
	cp oem/ca.pem ca.pem
	order PO-4712 5 2 --scope range:serial:SN00000100:SN00000199
	cp "$EH_SRCDIR/configs/examples/sensor-days.yaml" config/
	PROFILE=$D/config/sensor-days.ehprofile
	quietly "$EDGEHSM" profile compile config/sensor-days.yaml \
	    --issuer "$CAKEY=ca.pem"
	quietly "$EDGEHSM" token import "$PROFILE"
	order PO-4713 5 2 --scope range:serial:SD00000001:SD00000099
	quietly "$EDGEHSM" token keygen --purpose general --label signer
	COUNTS="PO-4712 0 of 5, PO-4713 0 of 5"
}

# As typed: openssl finds the provider by its configuration.
openssl() {
	foreign env OPENSSL_CONF="${CNF:-$D/openssl.cnf}" openssl "$@"
}
# Everybody else's: nothing of ours is loaded.
plain_openssl() {
	env -u OPENSSL_CONF -u OPENSSL_MODULES openssl "$@"
}
edgehsm() {
	"$EDGEHSM" "$@"
}
tool() {
	foreign pkcs11-tool --module "$EDGEHSM_MODULE" \
	    --token-label EdgeHSM-fab1 "$@"
}
operator_tool() {
	tool --login --pin "$OPERATOR" "$@"
}

device() {
	key=${2:-$1.key}
	[ -e "$key" ] || quietly plain_openssl genpkey -algorithm EC \
	    -pkeyopt ec_paramgen_curve:P-256 -out "$key"
	quietly plain_openssl req -new -key "$key" -subj / -out "$1.csr"
}
serial_of() {
	edgehsm profile render --authorization "$1" --device "$2" |
	    sed -n 's/^serial *//p'
}
profile_tbs() {
	edgehsm profile render --authorization "$1" --device "$2" \
	    --csr "$2.csr" --out "$2.tbs"
}
tbs_of() {
	plain_openssl asn1parse -in "$1" -strparse 4 -noout -out "$2"
}
status_says() {
	edgehsm status | grep -e "$1"
}
# The id of the key with this label.
key_id() {
	edgehsm token info | awk -v label="$1" '$1 == label { print $3 }'
}

# What pkcs11-tool -O shows, "PO-4712 1 of 5, PO-4713 0 of 5"; edgehsm token
# info must say the same.
counts() {
	tool -O --type data 2> /dev/null |
	    sed -n "s/.*'\(.*\) used \(.*\)'.*/\1 \2/p" | sort > shown
	edgehsm token info |
	    awk '$5 == "of" && /^PO-/ { print $1, $4, $5, $6 }' | sort > told
	cmp -s shown told || echo "pkcs11-tool and edgehsm differ:" \
	    "$(paste -sd, told)"
	paste -sd, shown | sed 's/,/, /g'
}

uses() {
	name=$1
	COUNTS=$2
	shift 2
	check "$name" "$@"
	same "$name: the counters" "$(counts)" "$COUNTS"
}

refuses() {
	name=$1
	status=$2
	words=$3
	left=$4
	shift 4
	rm -f "$left"
	ends "$name" "$status" "$words" "$@"
	same "$name: nothing is left and nothing spent" \
	    "$(cat "$left" 2> /dev/null)$(counts)" "$COUNTS"
}

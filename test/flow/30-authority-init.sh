#!/bin/sh
# 30-authority-init.sh - an authority from nothing: three keys, a root that
# openssl verifies, what is refused and with which exit status.
set -eu
# shellcheck source=test/flow/3x-authority-rig.sh
. "$(dirname "$0")/3x-authority-rig.sh"

# shellcheck disable=SC2317 # called by ok
# Every option of the help of ${verb} stands in the manual.
documented() {
	"$authority" "$verb" --help | sed -n 's/^  --\([a-z0-9-]*\).*/\1/p' \
	    > options
	[ -s options ] || return 1
	while read -r option; do
		grep -q -e "Fl -$option" \
		    "$EH_SRCDIR/doc/man/edgehsm-authority.8" || {
			echo "--$option is not in the manual"
			return 1
		}
	done < options
}

ok "help" "$authority" --help
ok "version" "$authority" --version
for verb in init enrol certify authorize time ack show; do
	ends 0 "help of $verb has examples" '^Examples:' \
	    "$authority" "$verb" --help
	ok "the manual has the options of $verb" documented
done
ends 2 "an unknown verb is wrong usage" "did you mean 'authorize'" \
    "$authority" autorize
ends 65 "without a store there is nothing to do" "edgehsm-authority init" \
    "$authority" time --hsm x --nonce 000102030405060708090a0b0c0d0e0f --out t

# --- init ---
ends 2 "a name is needed" "name NAME is needed" "$authority" init
ok "init" "$authority" init --name oem.example \
    --subject '/C=DE/O=ACME/CN=ACME Device Root CA/VID=FFF1'
root=$(fact 'grant root' | tr -d ' ')
ok "the folder is its owner's" test "$(stat -c %a authority)" = 700
ok "so are the keys" test \
    "$(stat -c %a authority/*.pem | sort | uniq -c | tr -s ' \n' ' ')" = \
    " 3 600 1 644 "
ok "three different keys" test \
    "$(for k in grant-root message-key x509-root; do
	openssl pkey -in authority/$k.pem -pubout
    done | grep -v -- ---- | sort -u | wc -l)" = 6
ok "oem-root.spki is the grant root's" sh -c \
    'openssl pkey -in authority/grant-root.pem -pubout -outform DER |
	cmp - authority/oem-root.spki'
ok "the fingerprint is what sha256sum says" test "$root" = \
    "$(sha256sum authority/oem-root.spki | cut -d' ' -f1)"
ok "openssl verifies the root strictly" openssl verify -x509_strict \
    -CAfile authority/oem-root-ca.pem authority/oem-root-ca.pem
ok "the root is the X.509 root's key" sh -c \
    'openssl x509 -in authority/oem-root-ca.pem -noout -pubkey > a &&
	openssl pkey -in authority/x509-root.pem -pubout | cmp - a'
ends 0 "its subject" \
    "C = DE, O = ACME, CN = ACME Device Root CA, 1.3.6.1.4.1.37244.2.1 = FFF1" \
    openssl x509 -in authority/oem-root-ca.pem -noout -subject
ends 1 "a second init is refused" "is not empty" \
    "$authority" init --name oem.example
ok "and changes nothing" openssl verify -x509_strict \
    -CAfile authority/oem-root-ca.pem authority/oem-root-ca.pem
ends 0 "show names the keys" "$(echo "$root" | sed 's/..../& /g; s/ $//')" \
    "$authority" show
ends 0 "show is one JSON object" '"authority":"oem.example"' \
    "$authority" show --json
ok "the store may be moved" mv authority moved
ends 0 "and is found by the environment" "oem.example" \
    env EDGEHSM_AUTHORITY=moved "$authority" show
ends 0 "or by --store" "oem.example" "$authority" show --store=moved
chmod 755 moved
ends 65 "but not when others can enter it" "chmod" \
    "$authority" show --store moved
chmod 700 moved

# --- keys of one's own ---
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out p256.pem
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out p384.pem
chmod 600 p256.pem p384.pem
openssl ec -in p256.pem -aes128 -passout pass:x -out locked.pem 2> err
chmod 600 locked.pem
ends 65 "P-384 is refused" "neither P-256 nor Ed25519" \
    "$authority" init --store own --name x --grant-root p384.pem
ends 65 "so is a key behind a passphrase, when nobody can be asked" \
    "no private key can be read" \
    "$authority" init --store own --name x --grant-root locked.pem
ends 65 "and a file that is not there" "nowhere.pem" \
    "$authority" init --store own --name x --x509-root nowhere.pem
ends 65 "one key for two things is refused" "never shared" "$authority" init \
    --store own --name x --grant-root p256.pem --message-key p256.pem
ok "nothing was left behind" test "$(find own own.* 2> err | wc -l)" = 1
ok "one's own key is taken" "$authority" init --store own --name x \
    --x509-root p256.pem
ok "and stays where it is" test ! -e own/x509-root.pem

# --- enrol --invite ---
ends 2 "an invitation needs a factory" "factory" \
    "$authority" enrol --store moved --invite fab1-hsm1
ok "invitation" "$authority" enrol --store moved --invite fab1-hsm1 \
    --factory fab1 --out invitation.json
ends 0 "it names our root" "$root" cat invitation.json
ends 1 "it is not written over" "force" "$authority" enrol --store moved \
    --invite fab1-hsm1 --factory fab1 --out invitation.json
ok "unless it is meant" "$authority" enrol --store moved \
    --invite fab1-hsm1 --factory fab1 --out invitation.json --force
ok "only the last one is open" test "$("$authority" show --store moved |
    grep -c '^open invitation')" = 1
ends 0 "the trail knows both" '"verb":"invite".*"verb":"invite"' \
    "$authority" show --store moved --trail --json

# --- a disk that takes no more ---
before=$("$authority" show --store moved --trail --json | sha256sum)
# shellcheck disable=SC2317 # called by ends
full() (
	trap '' XFSZ
	ulimit -f 8
	"$authority" enrol --store moved --invite fab1-hsm1 --factory fab1 \
	    --out full.json
)
ends 1 "a full disk is said so" "the store" full
ok "no invitation was written" test ! -e full.json
ok "and the store is as it was" test "$before" = \
    "$("$authority" show --store moved --trail --json | sha256sum)"

# --- what is no enrolment ---
echo garbage > garbage
ends 65 "garbage is malformed" "not a signed message" \
    "$authority" enrol --store moved garbage --yes --out grant.cose
ok "and gives no grant" test ! -e grant.cose
ends 65 "show says so too" "neither a signed message" \
    "$authority" show --store moved garbage
ends 65 "an error is one JSON object" '"exit":65' \
    "$authority" show --store moved garbage --json
ends 1 "unknown EdgeHSMs get no time" "fab9" "$authority" time --store moved \
    --hsm fab9 --nonce 000102030405060708090a0b0c0d0e0f --out t
ends 2 "a nonce has 16 octets" "32 hex digits" "$authority" time \
    --store moved --hsm fab9 --nonce 0001 --out t
finish

#!/bin/sh
# 12-module-clients.sh - strangers that know nothing of EdgeHSM: GnuTLS, Java,
# OpenSSH and the engine of libp11 with a general key.
set -eu
# shellcheck source=test/flow/1x-module-rig.sh
. "$(dirname "$0")/1x-module-rig.sh"
need pkcs11-tool openssl
[ -z "$PRELOAD" ] || skip_all "the module is built with sanitizers"

born
tool --keypairgen --key-type EC:prime256v1 --label general --id 01 \
    > /dev/null 2>&1
url='pkcs11:token=factory;object=general'

if command -v p11tool > /dev/null; then
	gnutls() {
		p11tool --provider "$MODULE" --login --set-pin "$OPERATOR" "$@"
	}
	shows "p11tool lists the token" "Label: factory" \
	    p11tool --provider "$MODULE" --list-tokens
	shows "and its keys" "object=general;type=private" \
	    gnutls --list-all 'pkcs11:token=factory'
	shows "makes a key" "BEGIN PUBLIC KEY" gnutls \
	    --generate-privkey=ecdsa --curve secp256r1 --label gnutls \
	    'pkcs11:token=factory'
	shows "and tries a signature, its length asked for first" \
	    "public key in the token... ok" gnutls --test-sign "$url"
fi
if command -v certtool > /dev/null; then
	printf 'cn=gnutls\nexpiration_days=9\n' > "$D/template"
	certificate() {
		GNUTLS_PIN=$OPERATOR certtool --generate-self-signed \
		    --template="$D/template" --provider="$MODULE" \
		    --load-privkey "$url;type=private" \
		    --load-pubkey "$url;type=public" --outfile "$D/gt.pem"
	}
	check "certtool makes a certificate" certificate
	check "that OpenSSL verifies" openssl verify -CAfile "$D/gt.pem" \
	    "$D/gt.pem"
fi

if command -v keytool > /dev/null; then
	cat > "$D/sun.cfg" <<EOF
name = EdgeHSM
library = $MODULE
slotListIndex = 0
attributes(generate,*,*) = {
 CKA_TOKEN = true
}
attributes(generate,CKO_PRIVATE_KEY,*) = {
 CKA_SIGN = true
}
EOF
	java() {
		keytool -providerClass sun.security.pkcs11.SunPKCS11 \
		    -providerArg "$D/sun.cfg" -storetype PKCS11 \
		    -storepass "$OPERATOR" -keystore NONE "$@"
	}
	check "Java makes a key and its certificate" java -genkeypair \
	    -alias java -keyalg EC -groupname secp256r1 -dname CN=java
	shows "finds both again" "java, PrivateKeyEntry" java -list
	check "and signs a request" java -certreq -alias java \
	    -file "$D/java.csr"
	check "that OpenSSL verifies" openssl req -in "$D/java.csr" -noout \
	    -verify
fi

if command -v ssh-keygen > /dev/null; then
	printf '#!/bin/sh\necho %s\n' "$OPERATOR" > "$D/ask"
	chmod 700 "$D/ask"
	ssh-keygen -q -t ed25519 -N '' -f "$D/user"
	ssh-keygen -D "$MODULE" 2> /dev/null | grep ' general$' > "$D/ca.pub"
	ssh_sign() {
		SSH_ASKPASS=$D/ask SSH_ASKPASS_REQUIRE=force ssh-keygen \
		    -s "$D/ca.pub" -D "$MODULE" -I id -n user "$D/user.pub"
	}
	check "OpenSSH signs a user's certificate" ssh_sign
	shows "with our key" "Type: ssh-ed25519-cert" \
	    ssh-keygen -L -f "$D/user-cert.pub"
fi

engine=$(openssl version -e | sed -n 's/.*"\(.*\)"/\1/p')/pkcs11.so
if [ -r "$engine" ]; then
	cat > "$D/engine.cnf" <<EOF
openssl_conf = oc
[oc]
engines = es
[es]
pkcs11 = p
[p]
engine_id = pkcs11
dynamic_path = $engine
MODULE_PATH = $MODULE
PIN = $OPERATOR
init = 0
[req]
distinguished_name = dn
[dn]
EOF
	with_engine() {
		OPENSSL_CONF=$D/engine.cnf openssl req -new -x509 \
		    -subj /CN=engine -engine pkcs11 -keyform engine \
		    -key "$url;type=private" -out "$D/engine.pem"
	}
	check "the engine of libp11 makes a certificate" with_engine
	check "that OpenSSL verifies" openssl verify -CAfile "$D/engine.pem" \
	    "$D/engine.pem"
fi

if command -v p11-kit > /dev/null; then
	# The registration file; p11-kit finds it when it is not root.
	shows "p11-kit's registration names the module" \
	    "^module: /.*edgehsm-pkcs11.so" \
	    cat "$EH_BUILDDIR/configs/p11-kit/edgehsm.module"
fi
stop
finish

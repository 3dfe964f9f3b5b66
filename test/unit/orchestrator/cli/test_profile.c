/* SPDX-License-Identifier: Apache-2.0 */
/* test_profile.c - the verbs of edgehsm profile, as they are typed; and that
 * the openssl command makes the same octets. */
#include "config.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/x509/profile.h"
#include "orchestrator/cli/command.h"
#include "orchestrator/cli/profile.h"
#include "orchestrator/conf/pem.h"
#include "orchestrator/conf/profile.h"
#include "test/unit/unit.h"

#define TEXT_MAX 65536
#define ID	 "00112233445566778899aabbccddeeff"

static const struct eh_verb *const verbs[] = {
	&eh_cli_profile_check, &eh_cli_profile_compile, &eh_cli_profile_lint,
	&eh_cli_profile_render, NULL,
};
static const struct eh_program program = { "edgehsm", "Test.", NULL, verbs };

static char folder[] = "/tmp/eh-test-profile-XXXXXX";
static char examples[4096];
static char out[TEXT_MAX], err[TEXT_MAX];

/* Run in a shell, in the test's folder; it must succeed. */
static void
shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void
shell(const char *format, ...)
{
	static char command[TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	ck_assert_msg(system(command) == 0, "failed: %s", command);
}

static void
slurp(const char *path, char *text)
{
	struct eh_buf buf;

	ck_assert_int_eq(eh_file_read(path, TEXT_MAX - 1, &buf, NULL), EH_OK);
	if (buf.len > 0)
		memcpy(text, buf.data, buf.len);
	text[buf.len] = '\0';
	eh_buf_free(&buf);
}

/* Run "edgehsm profile LINE" with its output in out and err. */
static int
call(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int
call(const char *format, ...)
{
	static char line[TEXT_MAX];
	char *argv[64];
	int argc = 0, status, saved[2];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	argv[argc++] = (char[]) { "edgehsm" };
	argv[argc++] = (char[]) { "profile" };
	for (char *w = strtok(line, " "); w != NULL; w = strtok(NULL, " "))
		argv[argc++] = w;
	argv[argc] = NULL;
	fflush(stdout);
	saved[0] = dup(1);
	saved[1] = dup(2);
	ck_assert_ptr_nonnull(freopen("out", "w", stdout));
	ck_assert_ptr_nonnull(freopen("err", "w", stderr));
	status = eh_command_main(&program, argc, argv);
	fflush(stdout);
	fflush(stderr);
	ck_assert_int_eq(dup2(saved[0], 1), 1);
	ck_assert_int_eq(dup2(saved[1], 2), 2);
	close(saved[0]);
	close(saved[1]);
	slurp("out", out);
	slurp("err", err);
	return status;
}

static void
setup(void)
{
	const char *root = getenv("EH_SRCDIR");

	snprintf(examples, sizeof(examples), "%s/configs/examples",
	    root != NULL ? root : ".");
	if (examples[0] != '/')
		ck_assert_ptr_nonnull(realpath("configs/examples", examples));
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
}

static void
teardown(void)
{
	ck_assert_int_eq(chdir("/"), 0);
	shell("rm -rf %s", folder);
}

/* Two issuers and a device, as files. */
static void
make_keys(void)
{
	static const char ca[] =
	    "openssl ecparam -name prime256v1 -genkey -noout -out %s.key && "
	    "openssl req -x509 -new -key %s.key -days 99 -subj '%s' "
	    "-addext basicConstraints=critical,CA:TRUE -out %s.pem";

	shell(ca, "ca", "ca", "/C=DE/O=ACME/CN=ACME IDevID Issuing CA 1", "ca");
	shell(ca, "pai", "pai", "/CN=ACME Matter PAI", "pai");
	shell("openssl ecparam -name prime256v1 -genkey -noout -out dev.key && "
	      "openssl req -new -key dev.key -subj /CN=other -out dev.csr && "
	      "openssl pkey -in dev.key -pubout -out dev.pub");
}

#define ISSUERS "--issuer idevid-ca-2026=ca.pem --issuer pai-fff1=pai.pem"
#define ISSUER	"--issuer idevid-ca-2026=ca.pem"

START_TEST(check_is_content_without_the_issuers)
{
	ck_assert_int_eq(call("check %s/gateway-b.yaml", examples), 0);
	ck_assert_ptr_nonnull(
	    strstr(out, "good: profile gateway-b version 1, 2 certificates\n"));
	ck_assert_ptr_nonnull(strstr(err,
	    "gateway-b.yaml:23:15: warning: spec.certificates[0].issuer: not "
	    "checked against its issuer: cannot open "));
	/* But not when one is named that is not there. */
	ck_assert_int_eq(call("check %s/gateway-b.yaml " ISSUERS, examples),
	    65);
	ck_assert_str_eq(out, "");
	ck_assert_ptr_nonnull(strstr(err, "cannot open ca.pem"));
}
END_TEST

START_TEST(check_shows_all_errors)
{
	json_t *json, *all;

	shell("sed -e 's/evidence: none/evidense: none/' "
	      "-e 's/ca: false/cA: false/' %s/gateway-a.yaml > bad.yaml",
	    examples);
	ck_assert_int_eq(call("check bad.yaml"), 65);
	ck_assert_str_eq(out, "");
	ck_assert_str_eq(err,
	    "bad.yaml:13:3: error: spec: 'evidence' is missing\n"
	    "bad.yaml:17:3: error: spec.evidense: unknown key (did you mean "
	    "'evidence'?)\n"
	    "bad.yaml:39:60: error: spec.certificates[0].template."
	    "extensions[0].cA: unknown key (did you mean 'ca'?)\n"
	    "edgehsm: bad.yaml: 3 errors\n");
	ck_assert_int_eq(call("check --json bad.yaml"), 65);
	json = json_loads(out, JSON_DISABLE_EOF_CHECK, NULL);
	all = json_object_get(json, "findings");
	ck_assert_uint_eq(json_array_size(all), 3);
	ck_assert_int_eq(json_integer_value(json_object_get(
			     json_array_get(all, 1), "line")),
	    17);
	ck_assert(json_is_false(json_object_get(json, "good")));
	json_decref(json);
}
END_TEST

START_TEST(check_prints_the_schema)
{
	json_t *json;

	ck_assert_int_eq(call("check --schema"), 0);
	json = json_loads(out, 0, NULL);
	ck_assert_ptr_nonnull(json);
	ck_assert_str_eq(json_string_value(json_object_get(json, "title")),
	    "ProvisioningProfile");
	json_decref(json);
	ck_assert_int_eq(call("check"), 2);
}
END_TEST

static struct eh_profile *
decode(const char *path, struct eh_buf *buf)
{
	struct eh_profile *profile = calloc(1, sizeof(*profile));
	struct eh_error e;

	ck_assert_ptr_nonnull(profile);
	eh_error_clear(&e);
	ck_assert_int_eq(eh_file_read(path, 65536, buf, NULL), EH_OK);
	ck_assert_msg(eh_profile_decode(profile, buf->data, buf->len, &e) ==
		EH_OK,
	    "%s", e.text);
	return profile;
}

START_TEST(compile_writes_what_loads)
{
	struct eh_conf_profile *document;
	struct eh_report report;
	struct eh_profile *p;
	struct eh_error e;
	struct eh_buf buf;

	make_keys();
	shell("cp %s/gateway-b.yaml .", examples);
	ck_assert_int_eq(call("compile gateway-b.yaml " ISSUERS), 0);
	ck_assert_ptr_nonnull(
	    strstr(out, "written        gateway-b.ehprofile"));
	ck_assert_ptr_nonnull(
	    strstr(out, "template 0     idevid, ieee-802.1ar, 385 octets"));
	p = decode("gateway-b.ehprofile", &buf);
	ck_assert_str_eq(p->name, "gateway-b");
	ck_assert_uint_eq(p->templates, 2);
	ck_assert_uint_eq(eh_profile_key(p, 0), eh_profile_key(p, 1));
	/* It is what this document was compiled to, and no other. */
	eh_report_init(&report);
	ck_assert_int_eq(
	    eh_conf_profile_load(&document, "gateway-b.yaml", &report), EH_OK);
	ck_assert_int_eq(
	    eh_conf_profile_check_compiled(document, p, &e), EH_OK);
	eh_conf_profile_free(document);
	shell("sed -i 's/place: cert.1/place: cert\\/2/' gateway-b.yaml");
	ck_assert_int_eq(
	    eh_conf_profile_load(&document, "gateway-b.yaml", &report), EH_OK);
	ck_assert_int_eq(
	    eh_conf_profile_check_compiled(document, p, &e), EH_ERR_CONFIG);
	ck_assert_str_eq(e.text,
	    "gateway-b.yaml is not what the compiled profile gateway-b version "
	    "1 was made from: their source digests differ");
	eh_conf_profile_free(document);
	free(p);
	eh_buf_free(&buf);
}
END_TEST

START_TEST(source_digest_is_the_same_for_every_issuer)
{
	struct eh_profile *one, *two;
	struct eh_buf a, b;

	make_keys();
	ck_assert_int_eq(call("compile %s/gateway-a.yaml --out 1 " ISSUER,
			     examples),
	    0);
	ck_assert_int_eq(call("compile %s/gateway-a.yaml --out 2 --issuer "
			      "idevid-ca-2026=pai.pem",
			     examples),
	    0);
	one = decode("1", &a);
	two = decode("2", &b);
	ck_assert_mem_eq(one->source, two->source, sizeof(one->source));
	ck_assert_mem_ne(one->template[0].issuer, two->template[0].issuer,
	    sizeof(one->template[0].issuer));
	/* And a second time it is the same file. */
	ck_assert_int_eq(call("compile %s/gateway-a.yaml --out 3 " ISSUER,
			     examples),
	    0);
	shell("cmp 1 3");
	free(one);
	free(two);
	eh_buf_free(&a);
	eh_buf_free(&b);
}
END_TEST

START_TEST(compile_refuses_what_the_standard_forbids)
{
	make_keys();
	shell("sed '/authorityKeyIdentifier/d' %s/gateway-a.yaml > bad.yaml",
	    examples);
	ck_assert_int_eq(call("compile bad.yaml --out x " ISSUER), 65);
	ck_assert_ptr_nonnull(strstr(err, "bad.yaml:21:7: error: "
					  "spec.certificates[0]: breaks the "
					  "rule ieee-802.1ar/"));
	ck_assert_int_eq(access("x", F_OK), -1);
	/* A field without one length. */
	shell("sed 's/SN.0-9..8./SN[0-9]+/' %s/gateway-a.yaml > bad.yaml",
	    examples);
	ck_assert_int_eq(call("compile bad.yaml --out x " ISSUER), 65);
	ck_assert_ptr_nonnull(strstr(err, "has no single length"));
	ck_assert_int_eq(access("x", F_OK), -1);
	/* An issuer that is no CA. */
	shell("openssl req -x509 -new -key dev.key -subj /CN=x -out ca.pem "
	      "-addext basicConstraints=critical,CA:FALSE");
	ck_assert_int_eq(call("compile %s/gateway-a.yaml --out x " ISSUER,
			     examples),
	    65);
	ck_assert_ptr_nonnull(strstr(err, "is not that of a CA"));
	ck_assert_int_eq(access("x", F_OK), -1);
}
END_TEST

START_TEST(render_prints_the_serial_without_a_key)
{
	json_t *json, *all;

	make_keys();
	ck_assert_int_eq(call("render %s/gateway-b.yaml " ISSUERS
			      " --device SN00000042 --authorization-id " ID
			      " --not-before 2026-12-01T02:00:00Z",
			     examples),
	    0);
	ck_assert_ptr_nonnull(strstr(out, "template   0 idevid\nserial     "));
	ck_assert_ptr_nonnull(strstr(out,
	    "notBefore  2026-12-01T02:00:00Z\n"
	    "notAfter   9999-12-31T23:59:59Z\n"));
	ck_assert_ptr_nonnull(strstr(out, "template   1 dac\n"));
	ck_assert_ptr_null(strstr(out, "tbs"));
	ck_assert_int_eq(call("render %s/gateway-b.yaml " ISSUERS
			      " --device SN00000042 --authorization-id " ID
			      " --not-before 2026-12-01T02:00:00Z --json "
			      "--public-key dev.pub --template dac",
			     examples),
	    0);
	ck_assert_ptr_nonnull(strstr(out, "\"issue_number\":0"));
	ck_assert_ptr_nonnull(
	    strstr(out, "\"not_before\":\"2026-12-01T02:00:00Z\""));
	json = json_loads(out, 0, NULL);
	all = json_object_get(json, "templates");
	ck_assert_uint_eq(json_array_size(all), 1);
	ck_assert_uint_eq(json_string_length(json_object_get(
			      json_array_get(all, 0), "serial")),
	    32);
	ck_assert_uint_gt(json_string_length(json_object_get(
			      json_array_get(all, 0), "tbs")),
	    2 * 300);
	json_decref(json);
}
END_TEST

#define RENDER "render a.ehprofile --authorization-id " ID " "

START_TEST(render_needs_one_authorization)
{
	make_keys();
	ck_assert_int_eq(call("compile %s/gateway-a.yaml --out a.ehprofile "
			      ISSUER, examples),
	    0);
	ck_assert_int_eq(call("render a.ehprofile --device SN00000042"), 2);
	ck_assert_ptr_nonnull(strstr(err, "--authorization NAME (of the token) "
					  "or --authorization-id HEX"));
	ck_assert_int_eq(call(RENDER "--device SN00000042 "
				     "--authorization PO-4712"),
	    2);
	ck_assert_ptr_nonnull(strstr(err, "and not both"));
	/* The file can be left out only where the token names it. */
	ck_assert_int_eq(call("render --device SN00000042 "
			      "--authorization-id " ID " --not-before +0s"),
	    2);
	ck_assert_ptr_nonnull(strstr(err, "FILE is needed"));
	ck_assert_int_eq(call("render a.ehprofile --device SN00000042 "
			      "--authorization PO-4712 --module ./none.so"),
	    69);
	ck_assert_ptr_nonnull(strstr(err, "./none.so"));
	ck_assert_str_eq(out, "");
}
END_TEST

START_TEST(render_refuses_what_fits_no_template)
{
	make_keys();
	ck_assert_int_eq(call("compile %s/gateway-a.yaml --out a.ehprofile "
			      ISSUER, examples),
	    0);
	ck_assert_int_eq(call(RENDER "--device SX00000042 --not-before +0s"),
	    77);
	ck_assert_str_eq(err, "edgehsm: device id: octet 1 does not fit "
			      "SN[0-9]{8} of profile gateway-a\n");
	ck_assert_int_eq(call(RENDER "--device SN00000042"), 2);
	ck_assert_ptr_nonnull(strstr(err, "--not-before TIME is needed"));
	ck_assert_int_eq(call(RENDER "--device SN00000042 --not-before +0s "
				     "--template dac"),
	    2);
	ck_assert_ptr_nonnull(strstr(err, "has no template 'dac'"));
	ck_assert_int_eq(call("render a.ehprofile --device SN00000042 "
			      "--authorization-id 0011 --not-before +0s"),
	    2);
	ck_assert_int_eq(call(RENDER "--device SN00000042 --not-before +0s "
				     "--out x"),
	    2);
	ck_assert_int_eq(access("x", F_OK), -1);
	ck_assert_int_eq(call(RENDER "--device SN00000042 --not-before +0s "
				     "--csr dev.csr --public-key dev.pub"),
	    2);
	ck_assert_int_eq(call(RENDER "--device SN00000042 --not-before +0s "
				     "--input 128=x"),
	    2);
	/* A request whose signature is wrong. */
	shell("openssl req -in dev.csr -outform DER -out dev.der && "
	      "printf '\\377' | dd of=dev.der bs=1 seek=40 conv=notrunc "
	      "2>/dev/null");
	ck_assert_int_eq(call(RENDER "--device SN00000042 --not-before +0s "
				     "--csr dev.der --out x"),
	    65);
	ck_assert_int_eq(access("x", F_OK), -1);
}
END_TEST

/* Make a certificate with the command that ca.cnf tells, and compare. */
static void
check_openssl_ca(const char *profile, const char *template, const char *device,
    const char *issuer)
{
	const char *issuers =
	    strcmp(profile, "gateway-b.yaml") == 0 ? ISSUERS : ISSUER;

	ck_assert_int_eq(call("render %s/%s %s"
			      " --device %s --template %s --authorization-id "
			      ID " --issue-number 7 "
			      "--not-before 2026-12-01T02:00:00Z --csr dev.csr "
			      "--out want",
			     examples, profile, issuers, device, template),
	    0);
	ck_assert_int_eq(call("render %s/%s %s"
			      " --device %s --template %s --authorization-id "
			      ID " --issue-number 7 "
			      "--not-before 2026-12-01T02:00:00Z --openssl",
			     examples, profile, issuers, device, template),
	    0);
	shell("cp out ca.cnf && sed -n 's/^#   //p' ca.cnf | "
	      "awk '/^openssl x509/ { exit } { print }' | "
	      "sed -e 's/ISSUER.pem/%s.pem/; s/KEY/%s.key/; "
	      "s/%s.csr/dev.csr/; s/%s.pem/got.pem/' > run && "
	      "rm -f got.pem && sh ./run 2>run.err && "
	      "openssl asn1parse -in got.pem -strparse 4 -out got -noout && "
	      "cmp want got",
	    issuer, issuer, device, device);
}

START_TEST(openssl_ca_makes_exactly_these_octets)
{
	make_keys();
	check_openssl_ca("gateway-a.yaml", "idevid", "SN00000042", "ca");
	check_openssl_ca("gateway-b.yaml", "dac", "SN00000042", "pai");
	check_openssl_ca("sensor-days.yaml", "client", "SD00000042", "ca");
}
END_TEST

START_TEST(openssl_x509_makes_exactly_these_octets)
{
	char text[256], *end;
	uint64_t before;

	make_keys();
	ck_assert_int_eq(call("render %s/sensor-days.yaml " ISSUER
			      " --device SD00000042 --authorization-id " ID
			      " --not-before +0s --openssl",
			     examples),
	    0);
	shell("cp out ca.cnf && sed -n 's/^#   //p' ca.cnf | "
	      "sed -n '/^openssl x509/,$p' | "
	      "sed -e 's/ISSUER.pem/ca.pem/; s/KEY/ca.key/; "
	      "s/SD00000042.csr/dev.csr/; s/SD00000042.pem/got.pem/' > run && "
	      "sh ./run 2>run.err && "
	      "openssl asn1parse -in got.pem -strparse 4 -out got -noout && "
	      "date -u -d \"$(openssl x509 -in got.pem -noout -startdate | "
	      "cut -d= -f2)\" +%%Y-%%m-%%dT%%H:%%M:%%SZ > when");
	slurp("when", text);
	if ((end = strchr(text, '\n')) != NULL)
		*end = '\0';
	ck_assert_int_eq(eh_clock_parse(text, strlen(text), &before), EH_OK);
	ck_assert_int_eq(call("render %s/sensor-days.yaml " ISSUER
			      " --device SD00000042 --authorization-id " ID
			      " --not-before %s --public-key dev.pub --out "
			      "want",
			     examples, text),
	    0);
	shell("cmp want got");
}
END_TEST

START_TEST(openssl_is_refused_what_it_cannot_write)
{
	make_keys();
	shell("sed 's/string: utf8, value: ACME/string: printable, value: "
	      "ACME/' %s/gateway-a.yaml > p.yaml",
	    examples);
	ck_assert_int_eq(call("render p.yaml " ISSUER
			      " --device SN00000042 --authorization-id " ID
			      " --not-before +0s --openssl"),
	    65);
	ck_assert_str_eq(out, "");
	ck_assert_ptr_nonnull(strstr(err, "openssl ca writes O as UTF8STRING, "
					  "the template as "
					  "PRINTABLESTRING"));
}
END_TEST

START_TEST(inputs_go_by_their_names)
{
	make_keys();
	shell("sed -e 's/value: ACME }/value: { field: batch } }/' "
	      "-e 's/^  evidence: none.*/  evidence: none\\n"
	      "  inputs: [ { id: batch, pattern: \"B[0-9]\" } ]/' "
	      "%s/gateway-a.yaml > p.yaml",
	    examples);
	ck_assert_int_eq(call("render p.yaml " ISSUER
			      " --device SN00000042 --authorization-id " ID
			      " --not-before +0s --public-key dev.pub --input "
			      "batch=B7 --out tbs"),
	    0);
	shell("grep -c B7 tbs > /dev/null");
	ck_assert_int_eq(call("render p.yaml " ISSUER
			      " --device SN00000042 --authorization-id " ID
			      " --not-before +0s --public-key dev.pub --input "
			      "batch=C7 --out x"),
	    2);
	ck_assert_int_eq(call("render p.yaml " ISSUER
			      " --device SN00000042 --authorization-id " ID
			      " --not-before +0s --public-key dev.pub --out x"),
	    2);
	ck_assert_int_eq(access("x", F_OK), -1);
}
END_TEST

START_TEST(lint_judges_profiles_and_certificates)
{
	make_keys();
	check_openssl_ca("gateway-b.yaml", "dac", "SN00000042", "pai");
	ck_assert_int_eq(call("lint --standard matter-dac got.pem"), 0);
	ck_assert_str_eq(out, "good: no rule is broken\n");
	/* The same certificate is no IDevID. */
	ck_assert_int_eq(call("lint --standard ieee-802.1ar got.pem"), 65);
	ck_assert_ptr_nonnull(strstr(
	    err, "got.pem: error: breaks the rule ieee-802.1ar/"));
	ck_assert_int_eq(call("lint got.pem"), 2);
	ck_assert_int_eq(call("lint --standard nonsense got.pem"), 2);
	ck_assert_int_eq(call("lint %s/gateway-b.yaml", examples), 0);
	ck_assert_int_eq(call("compile %s/gateway-b.yaml --out b " ISSUERS,
			     examples),
	    0);
	ck_assert_int_eq(call("lint b"), 0);
	ck_assert_int_eq(call("lint dev.csr"), 65);
}
END_TEST

/* A certificate of the vector: DER in hexadecimal, or PEM. */
static void
put_member(const json_t *json, const char *key, const char *path)
{
	const char *text = json_string_value(json_object_get(json, key));
	static uint8_t bytes[4096];
	size_t len;

	ck_assert_ptr_nonnull(text);
	ck_assert_uint_lt(strlen(text), sizeof(bytes));
	if (text[0] == '-') {
		len = strlen(text);
		memcpy(bytes, text, len);
	} else {
		len = unit_hex(text, bytes, sizeof(bytes));
	}
	ck_assert_int_eq(eh_file_write(path, bytes, len, 0644, NULL), EH_OK);
}

START_TEST(lint_accepts_the_foreign_chain)
{
	size_t len;
	char *text = unit_vector("matter/valid-dac-v3.json", &len);
	json_t *json;

	if (text == NULL)
		return;		/* no vectors here: test_vectors_* say so */
	json = json_loadb(text, len, 0, NULL);
	ck_assert_ptr_nonnull(json);
	put_member(json, "dac_cert", "dac.der");
	put_member(json, "pai_cert", "pai.der");
	put_member(json, "paa_pem", "paa.pem");
	ck_assert_int_eq(call("lint --chain dac.der pai.der paa.pem"), 0);
	ck_assert_int_eq(call("lint --chain dac.der pai.der"), 0);
	ck_assert_int_eq(
	    call("lint --standard matter-dac --role pai pai.der"), 0);
	/* In another order each has the wrong role. */
	ck_assert_int_eq(call("lint --chain pai.der dac.der paa.pem"), 65);
	ck_assert_int_eq(call("lint --chain dac.der"), 2);
	json_decref(json);
	free(text);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("profile");
	TCase *t = tcase_create("profile");

	if (system("openssl version > /dev/null 2>&1") != 0)
		return unit_skip("no openssl command");
	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, check_is_content_without_the_issuers);
	tcase_add_test(t, check_shows_all_errors);
	tcase_add_test(t, check_prints_the_schema);
	tcase_add_test(t, compile_writes_what_loads);
	tcase_add_test(t, source_digest_is_the_same_for_every_issuer);
	tcase_add_test(t, compile_refuses_what_the_standard_forbids);
	tcase_add_test(t, render_prints_the_serial_without_a_key);
	tcase_add_test(t, render_needs_one_authorization);
	tcase_add_test(t, render_refuses_what_fits_no_template);
	tcase_add_test(t, openssl_ca_makes_exactly_these_octets);
	tcase_add_test(t, openssl_x509_makes_exactly_these_octets);
	tcase_add_test(t, openssl_is_refused_what_it_cannot_write);
	tcase_add_test(t, inputs_go_by_their_names);
	tcase_add_test(t, lint_judges_profiles_and_certificates);
	tcase_add_test(t, lint_accepts_the_foreign_chain);
	suite_add_tcase(s, t);
	return unit_run(s);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* test_conf.c - every key is taken or refused, and what is not said has a
 * default. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/conf.h"
#include "test/unit/unit.h"

static char folder[64];
static struct eh_error error;
static struct eh_conf conf;

/* A folder with nothing in it is all that the host seems to have. */
static void
make_folder(void)
{
	char path[128];

	strcpy(folder, "/tmp/eh-test_conf-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	unsetenv("EDGEHSM_CONF");
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_RUNTIME_DIR");
	unsetenv("XDG_STATE_HOME");
	snprintf(path, sizeof(path), "%s/home", folder);
	setenv("HOME", path, 1);
	umask(022);
	eh_error_clear(&error);
}

static void
remove_folder(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	ck_assert_int_eq(system(command), 0);
	eh_conf_free(&conf);
}

static void
put(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

/* Read ${text} as the file "f". */
static int
read_text(const char *text, enum eh_conf_origin origin)
{
	put("f", text);
	eh_conf_free(&conf);
	return eh_conf_read(&conf, "f", origin, "/built/edgehsmd", &error);
}

/* Check that ${path} is ${rest} below the test's folder. */
static void
is_below(const char *path, const char *rest)
{
	char want[256];

	snprintf(want, sizeof(want), "%s%s", folder, rest);
	ck_assert_str_eq(path, want);
}

START_TEST(every_key_is_taken)
{
	ck_assert_int_eq(read_text(
	    "# a comment\n"
	    "\n"
	    "  # another\n"
	    "socket=/run/x.sock\n"
	    "\tstate  =\t/s/tate/ \n"
	    "anchor = file:/s/anchor\n"
	    "daemon = /d\n"
	    "autostart = yes\n"
	    "segment = 1M\n"
	    "backend.module = /m.so\n"
	    "backend.token = two words #1\n"
	    "backend.pin-file = /p\n"
	    "backend.env.SOFTHSM2_CONF = /c = d\n"
	    "backend.env._X2 = y\n"
	    "backend.verify = start\n"
	    "operators = user:line3, group:edgehsm-line ,1000\n"
	    "officers = group:7\n"
	    "auditors = user:root", EH_CONF_USER), EH_OK);
	ck_assert_int_eq(conf.origin, EH_CONF_USER);
	is_below(conf.path, "/f");
	ck_assert_str_eq(conf.socket, "/run/x.sock");
	ck_assert_str_eq(conf.state, "/s/tate");
	ck_assert_int_eq(conf.anchor, EH_CONF_ANCHOR_FILE);
	ck_assert_str_eq(conf.anchor_path, "/s/anchor");
	ck_assert_str_eq(conf.daemon, "/d");
	ck_assert_int_eq(conf.autostart, 1);
	ck_assert_uint_eq(conf.segment, 1048576);
	ck_assert_str_eq(conf.backend_module, "/m.so");
	ck_assert_str_eq(conf.backend_token, "two words #1");
	ck_assert_str_eq(conf.backend_pin_file, "/p");
	ck_assert_uint_eq(conf.backend_nenv, 2);
	ck_assert_str_eq(conf.backend_env[0].name, "SOFTHSM2_CONF");
	ck_assert_str_eq(conf.backend_env[0].value, "/c = d");
	ck_assert_str_eq(conf.backend_env[1].name, "_X2");
	ck_assert_int_eq(conf.backend_verify, EH_CONF_VERIFY_START);
	ck_assert_uint_eq(conf.operators.n, 3);
	ck_assert_str_eq(conf.operators.who[0].name, "line3");
	ck_assert_int_eq(conf.operators.who[0].kind, EH_CONF_WHO_USER);
	ck_assert_int_eq(conf.operators.who[0].resolved, 0);
	ck_assert_str_eq(conf.operators.who[1].name, "edgehsm-line");
	ck_assert_int_eq(conf.operators.who[1].kind, EH_CONF_WHO_GROUP);
	ck_assert_int_eq(conf.operators.who[2].resolved, 1);
	ck_assert_uint_eq(conf.operators.who[2].id, 1000);
	ck_assert_int_eq(conf.operators.who[2].kind, EH_CONF_WHO_USER);
	ck_assert_uint_eq(conf.officers.n, 1);
	ck_assert_int_eq(conf.officers.who[0].kind, EH_CONF_WHO_GROUP);
	ck_assert_uint_eq(conf.officers.who[0].id, 7);
	ck_assert_uint_eq(conf.auditors.n, 1);
	ck_assert_int_eq(eh_conf_check_backend(&conf, &error), EH_OK);
}
END_TEST

START_TEST(an_anchor_in_a_tpm_says_where_it_is)
{
	static const struct {
		const char *tcti;
		enum eh_conf_tcti reach;
	} ways[] = {
		{ "device:/dev/tpmrm0", EH_CONF_TCTI_DEVICE },
		{ "swtpm:path=/run/s", EH_CONF_TCTI_UNIX },
		{ "mssim:path=/run/s", EH_CONF_TCTI_UNIX },
		{ "swtpm:host=127.0.0.1,port=2321", EH_CONF_TCTI_INET },
		{ "mssim:", EH_CONF_TCTI_INET },
	};
	char text[128];

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		snprintf(text, sizeof(text), "anchor = tpm:owner:0x01bffffe:%s",
		    ways[i].tcti);
		/* The system's file must name an anchor: this is one. */
		ck_assert_msg(read_text(text, EH_CONF_SYSTEM) == EH_OK, "%s",
		    error.text);
		ck_assert_int_eq(conf.anchor, EH_CONF_ANCHOR_TPM_OWNER);
		ck_assert_uint_eq(conf.anchor_index, 0x01bffffe);
		ck_assert_str_eq(conf.anchor_tcti, ways[i].tcti);
		ck_assert_str_eq(conf.anchor_tpm, text + strlen("anchor = "));
		ck_assert_int_eq(conf.anchor_reach, ways[i].reach);
		ck_assert_ptr_null(conf.anchor_path);
	}
	ck_assert_int_eq(read_text("anchor = tpm:owner:0x01800000:device:/d",
	    EH_CONF_USER), EH_OK);
	ck_assert_uint_eq(conf.anchor_index, 0x01800000);
	ck_assert_ptr_null(conf.anchor_path);
	ck_assert_int_eq(read_text(
	    "anchor = tpm:platform:0x017fffff:device:/d", EH_CONF_USER),
	    EH_OK);
	ck_assert_int_eq(conf.anchor, EH_CONF_ANCHOR_TPM_PLATFORM);
	ck_assert_uint_eq(conf.anchor_index, 0x017fffff);
}
END_TEST

START_TEST(a_tpm_for_issuing_keys_says_where_it_is)
{
	ck_assert_int_eq(read_text("anchor = file:/s/anchor", EH_CONF_USER),
	    EH_OK);
	ck_assert_ptr_null(conf.issuing_tcti);
	/* 64 indexes are ours: the last of them is the last of the owner's. */
	ck_assert_msg(read_text("backend.issuing = "
	    "tpm2:0x01bfffc0:device:/dev/tpmrm0\n", EH_CONF_USER) == EH_OK,
	    "%s", error.text);
	ck_assert_uint_eq(conf.issuing_index, 0x01bfffc0);
	ck_assert_str_eq(conf.issuing_tcti, "device:/dev/tpmrm0");
	ck_assert_int_eq(conf.issuing_reach, EH_CONF_TCTI_DEVICE);
	ck_assert_msg(read_text("backend.issuing = "
	    "tpm2:0x01800000:swtpm:path=/run/s\n"
	    "anchor = tpm:owner:0x01bffffe:mssim:", EH_CONF_USER) == EH_OK,
	    "%s", error.text);
	ck_assert_uint_eq(conf.issuing_index, 0x01800000);
	ck_assert_str_eq(conf.issuing_tcti, "swtpm:path=/run/s");
	ck_assert_int_eq(conf.issuing_reach, EH_CONF_TCTI_UNIX);
	/* The anchor's is another one. */
	ck_assert_uint_eq(conf.anchor_index, 0x01bffffe);
	ck_assert_str_eq(conf.anchor_tcti, "mssim:");
	ck_assert_int_eq(conf.anchor_reach, EH_CONF_TCTI_INET);
}
END_TEST

START_TEST(users_file_has_the_users_defaults)
{
	ck_assert_int_eq(read_text("", EH_CONF_USER), EH_OK);
	is_below(conf.state, "/home/.local/state/edgehsm");
	is_below(conf.socket, "/home/.local/state/edgehsm/edgehsm.sock");
	is_below(conf.anchor_path, "/home/.local/state/edgehsm-anchor");
	ck_assert_str_eq(conf.daemon, "/built/edgehsmd");
	ck_assert_int_eq(conf.autostart, 1);
	ck_assert_uint_eq(conf.segment, 16777216);
	ck_assert_int_eq(conf.backend_verify, EH_CONF_VERIFY_ALWAYS);
	ck_assert_ptr_null(conf.backend_module);
	ck_assert_ptr_null(conf.backend_env);
	ck_assert_uint_eq(conf.operators.n, 0);

	setenv("XDG_STATE_HOME", "/x/state", 1);
	setenv("XDG_RUNTIME_DIR", "/x/run", 1);
	ck_assert_int_eq(read_text("", EH_CONF_USER), EH_OK);
	ck_assert_str_eq(conf.state, "/x/state/edgehsm");
	ck_assert_str_eq(conf.socket, "/x/run/edgehsm/edgehsm.sock");
	ck_assert_str_eq(conf.anchor_path, "/x/state/edgehsm-anchor");

	setenv("XDG_STATE_HOME", "not/absolute", 1);
	setenv("XDG_RUNTIME_DIR", "", 1);
	ck_assert_int_eq(read_text("", EH_CONF_USER), EH_OK);
	is_below(conf.state, "/home/.local/state/edgehsm");
	is_below(conf.socket, "/home/.local/state/edgehsm/edgehsm.sock");

	ck_assert_int_eq(read_text("state = /t/st/\n", EH_CONF_USER), EH_OK);
	ck_assert_str_eq(conf.anchor_path, "/t/st-anchor");
	ck_assert_str_eq(conf.socket, "/t/st/edgehsm.sock");
}
END_TEST

START_TEST(without_a_home_the_state_must_be_named)
{
	unsetenv("HOME");
	ck_assert_int_eq(read_text("", EH_CONF_USER), EH_ERR_CONFIG);
	ck_assert_str_eq(error.text, "f: there is no state folder: neither the "
	    "key state nor XDG_STATE_HOME nor HOME is set");
	ck_assert_int_eq(read_text("state = /s\n", EH_CONF_USER), EH_OK);
}
END_TEST

START_TEST(system_file_has_the_systems_defaults)
{
	ck_assert_int_eq(
	    read_text("anchor = file:/a\n", EH_CONF_SYSTEM), EH_OK);
	ck_assert_str_eq(conf.state, "/var/lib/edgehsm");
	ck_assert_str_eq(conf.socket, "/run/edgehsm/edgehsm.sock");
	ck_assert_int_eq(conf.autostart, 0);
	ck_assert_int_eq(read_text("", EH_CONF_SYSTEM), EH_ERR_CONFIG);
	ck_assert_str_eq(error.text, "f: anchor is missing: the system-wide "
	    "file must name one, outside the state folder");
}
END_TEST

START_TEST(autostart_is_never_in_the_system_file)
{
	ck_assert_int_eq(read_text("anchor = file:/a\nautostart = no\n",
	    EH_CONF_SYSTEM), EH_OK);
	ck_assert_int_eq(conf.autostart, 0);
	ck_assert_int_eq(read_text("anchor = file:/a\nautostart = yes\n",
	    EH_CONF_SYSTEM), EH_ERR_CONFIG);
	ck_assert_str_eq(error.text, "f:2: autostart = yes is not allowed in "
	    "the system-wide file: start edgehsmd as a service");
	ck_assert_int_eq(read_text("autostart = no\n", EH_CONF_USER), EH_OK);
	ck_assert_int_eq(conf.autostart, 0);
}
END_TEST

static const struct {
	const char *text, *sentence;
} bad[] = {
	{ "sokcet = /x", "f:1: unknown key 'sokcet'; did you mean 'socket'?" },
	{ "\n\ncolour = red", "f:3: unknown key 'colour'" },
	{ "Socket = /x", "f:1: unknown key 'Socket'; did you mean 'socket'?" },
	{ "backend.pinfile = /x", "f:1: unknown key 'backend.pinfile'; did you "
	    "mean 'backend.pin-file'?" },
	{ "state = /x\n#\nstate = /x", "f:3: state is set already on line 1" },
	{ "backend.env.A = 1\nbackend.env.A = 2",
	    "f:2: backend.env.A is set twice" },
	{ "backend.env. = 1",
	    "f:1: '' is not a name for an environment variable" },
	{ "backend.env.1A = 1",
	    "f:1: '1A' is not a name for an environment variable" },
	{ "backend.env.A-B = 1",
	    "f:1: 'A-B' is not a name for an environment variable" },
	{ "state", "f:1: 'state' is not of the form key = value" },
	{ "state =", "f:1: state has no value" },
	{ "= /x", "f:1: unknown key ''" },
	{ "state = x", "f:1: state must be an absolute path, not 'x'" },
	{ "state = ~/x", "f:1: state must be an absolute path, not '~/x'" },
	{ "state = /x/../y",
	    "f:1: state must be a path without '..', not '/x/../y'" },
	{ "state = /x/..",
	    "f:1: state must be a path without '..', not '/x/..'" },
	{ "state = /x # here",
	    "f:1: state: a comment stands on a line of its own" },
	{ "segment = 16M\t# 1M to 64M",
	    "f:1: segment: a comment stands on a line of its own" },
	{ "state = /x\r\n", "f:1: control character 0x0d" },
	{ "state = /x\001", "f:1: control character 0x01" },
	{ "daemon = edgehsmd",
	    "f:1: daemon must be an absolute path, not 'edgehsmd'" },
	{ "autostart = 1", "f:1: autostart must be yes or no, not '1'" },
	{ "autostart = Yes", "f:1: autostart must be yes or no, not 'Yes'" },
	{ "backend.verify = never",
	    "f:1: backend.verify must be always or start, not 'never'" },
	{ "anchor = /x", "f:1: anchor must be file:PATH or "
	    "tpm:MODE:INDEX:TCTI, not '/x'" },
	{ "anchor = file:x", "f:1: anchor must be an absolute path, not 'x'" },
	{ "anchor = tpm:device:/dev/tpmrm0", "f:1: anchor must be "
	    "tpm:owner:INDEX:TCTI or tpm:platform:INDEX:TCTI, not "
	    "'tpm:device:/dev/tpmrm0'" },
	{ "anchor = tpm:platform:0x01800000:device:/t", "f:1: anchor: INDEX "
	    "must be 0x01400000 to 0x017fffff with all its digits and a colon "
	    "behind it, not '0x01800000:device:/t'" },
#define BAD_INDEX(text) "f:1: anchor: INDEX must be 0x01800000 to " \
	"0x01bffffe with all its digits and a colon behind it, not '" text "'"
	{ "anchor = tpm:owner:", BAD_INDEX("") },
	{ "anchor = tpm:owner:0x01800100", BAD_INDEX("0x01800100") },
	{ "anchor = tpm:owner:0x1800100:device:/t",
	    BAD_INDEX("0x1800100:device:/t") },
	{ "anchor = tpm:owner:0x017fffff:device:/t",
	    BAD_INDEX("0x017fffff:device:/t") },
	{ "anchor = tpm:owner:0x01bfffff:device:/t",
	    BAD_INDEX("0x01bfffff:device:/t") },
	{ "anchor = tpm:owner:0x0180010g:device:/t",
	    BAD_INDEX("0x0180010g:device:/t") },
	{ "anchor = tpm:owner:0x-1800100:device:/t",
	    BAD_INDEX("0x-1800100:device:/t") },
#define BAD_TCTI(text) "f:1: anchor: TCTI must be device:/PATH, " \
	"swtpm:path=/PATH, swtpm:host=HOST,port=PORT or the same with mssim, " \
	"not '" text "'"
	{ "anchor = tpm:owner:0x01800100:", BAD_TCTI("") },
	{ "anchor = tpm:owner:0x01800100:device:tpm0",
	    BAD_TCTI("device:tpm0") },
	{ "anchor = tpm:owner:0x01800100:swtpm:path=s",
	    BAD_TCTI("swtpm:path=s") },
	{ "anchor = tpm:owner:0x01800100:cmd:tpm2_send",
	    BAD_TCTI("cmd:tpm2_send") },
	{ "anchor = tpm:owner:0x01800100:tabrmd", BAD_TCTI("tabrmd") },
#define BAD_ISSUING(text) "f:1: backend.issuing: INDEX must be 0x01800000 " \
	"to 0x01bfffc0 with all its digits and a colon behind it, not '" text "'"
	{ "backend.issuing = tpm:owner:0x01800200:device:/t",
	    "f:1: backend.issuing must be tpm2:INDEX:TCTI, not "
	    "'tpm:owner:0x01800200:device:/t'" },
	{ "backend.issuing = tpm2", "f:1: backend.issuing must be "
	    "tpm2:INDEX:TCTI, not 'tpm2'" },
	{ "backend.issuing = tpm2:", BAD_ISSUING("") },
	{ "backend.issuing = tpm2:0x01bfffc1:device:/t",
	    BAD_ISSUING("0x01bfffc1:device:/t") },
	{ "backend.issuing = tpm2:0x017fffff:device:/t",
	    BAD_ISSUING("0x017fffff:device:/t") },
	{ "backend.issuing = tpm2:0x01800200", BAD_ISSUING("0x01800200") },
	{ "backend.issuing = tpm2:0x01800200:swtpm:path=s",
	    "f:1: backend.issuing: TCTI must be device:/PATH, "
	    "swtpm:path=/PATH, swtpm:host=HOST,port=PORT or the same with "
	    "mssim, not 'swtpm:path=s'" },
	{ "operators = line3",
	    "f:1: operators: 'line3' must be user:NAME, group:NAME or a uid" },
	{ "officers = user:",
	    "f:1: officers: 'user:' must be user:NAME, group:NAME or a uid" },
	{ "auditors = user:a,,user:b",
	    "f:1: auditors: '' must be user:NAME, group:NAME or a uid" },
	{ "operators = user:a b",
	    "f:1: operators: 'user:a b' must be user:NAME, group:NAME or a "
	    "uid" },
	{ "operators = role:a",
	    "f:1: operators: 'role:a' must be user:NAME, group:NAME or a uid" },
	{ "operators = 4294967295", "f:1: operators: '4294967295' must be "
	    "user:NAME, group:NAME or a uid" },
	{ "operators = -1",
	    "f:1: operators: '-1' must be user:NAME, group:NAME or a uid" },
};

START_TEST(bad_line_is_refused_with_its_place)
{
	ck_assert_int_eq(
	    read_text(bad[_i].text, EH_CONF_USER), EH_ERR_CONFIG);
	ck_assert_str_eq(error.text, bad[_i].sentence);
	/* Nothing of it is left. */
	ck_assert_ptr_null(conf.state);
	ck_assert_ptr_null(conf.backend_env);
}
END_TEST

static const struct {
	const char *value;
	uint32_t bytes;		/* 0: refused */
} segments[] = {
	{ "1M", 1048576 },
	{ "64M", 67108864 },
	{ "1024K", 1048576 },
	{ "1048576", 1048576 },
	{ "67108864", 67108864 },
	{ "1052672", 1052672 },
	{ "1028K", 1052672 },
	{ "0", 0 },
	{ "M", 0 },
	{ "1023K", 0 },
	{ "1025K", 0 },		/* no multiple of 4096 */
	{ "1048577", 0 },
	{ "65M", 0 },
	{ "67112960", 0 },
	{ "1G", 0 },
	{ "1m", 0 },
	{ "1 M", 0 },
	{ "1MB", 0 },
	{ "-1M", 0 },
	{ "+2M", 0 },
	{ "0x100000", 0 },
	{ "99999999999999999999999M", 0 },
	{ "18446744073709551617M", 0 },
};

START_TEST(segment_is_1_to_64_MiB)
{
	char text[64];

	snprintf(text, sizeof(text), "segment = %s", segments[_i].value);
	if (segments[_i].bytes != 0) {
		ck_assert_int_eq(read_text(text, EH_CONF_USER), EH_OK);
		ck_assert_uint_eq(conf.segment, segments[_i].bytes);
		return;
	}
	ck_assert_int_eq(read_text(text, EH_CONF_USER), EH_ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "segment must be 1M to 64M"));
}
END_TEST

START_TEST(socket_path_must_fit)
{
	char text[256], path[109];

	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[107] = '\0';
	snprintf(text, sizeof(text), "socket = %s", path);
	ck_assert_int_eq(read_text(text, EH_CONF_USER), EH_OK);
	path[107] = 'x';
	path[108] = '\0';
	snprintf(text, sizeof(text), "socket = %s", path);
	ck_assert_int_eq(read_text(text, EH_CONF_USER), EH_ERR_CONFIG);
	ck_assert_str_eq(error.text, "f:1: the socket path has 108 bytes, and "
	    "at most 107 fit: choose a shorter one");
	/* Also one that nobody wrote. */
	setenv("XDG_RUNTIME_DIR", path, 1);
	ck_assert_int_eq(read_text("", EH_CONF_USER), EH_ERR_CONFIG);
	ck_assert_str_eq(error.text, "f: the socket path has 129 bytes, and at "
	    "most 107 fit: choose a shorter one");
}
END_TEST

#define INSIDE "the anchor lies in the state folder: a copy of the folder " \
	"would carry its anchor along; put it elsewhere"

static const struct {
	const char *text, *sentence;
} anchors[] = {
	{ "state = /s\nanchor = file:/s/a", "f:2: " INSIDE },
	{ "anchor = file:/s/x/y/a\nstate = /s/", "f:1: " INSIDE },
	{ "state = /s\nanchor = file:/s", "f:2: " INSIDE },
	{ "state = /s\nanchor = file:/s//a", "f:2: " INSIDE },
	{ "state = /\nanchor = file:/a", "f:2: " INSIDE },
	{ "state = /s\nanchor = file:/s-anchor", NULL },
	{ "state = /s/t\nanchor = file:/s/a", NULL },
	{ "state = /s\nanchor = file:/a/s/a", NULL },
};

START_TEST(anchor_never_lies_in_the_state_folder)
{
	int err = read_text(anchors[_i].text, EH_CONF_USER);

	if (anchors[_i].sentence == NULL) {
		ck_assert_int_eq(err, EH_OK);
		return;
	}
	ck_assert_int_eq(err, EH_ERR_CONFIG);
	ck_assert_str_eq(error.text, anchors[_i].sentence);
}
END_TEST

START_TEST(link_does_not_hide_where_the_anchor_lies)
{
	char text[256];

	ck_assert_int_eq(mkdir("state", 0700), 0);
	ck_assert_int_eq(symlink("state", "link"), 0);
	snprintf(text, sizeof(text), "state = %s/state\n"
	    "anchor = file:%s/link/not/yet/a\n", folder, folder);
	ck_assert_int_eq(read_text(text, EH_CONF_USER), EH_ERR_CONFIG);
	ck_assert_str_eq(error.text, "f:2: " INSIDE);
	snprintf(text, sizeof(text), "state = %s/link\n"
	    "anchor = file:%s/state/a\n", folder, folder);
	ck_assert_int_eq(read_text(text, EH_CONF_USER), EH_ERR_CONFIG);
	snprintf(text, sizeof(text), "state = %s/link\n"
	    "anchor = file:%s/state-a\n", folder, folder);
	ck_assert_int_eq(read_text(text, EH_CONF_USER), EH_OK);
}
END_TEST

/* Nothing of it is there yet, so only the text can tell. */
START_TEST(second_spelling_does_not_hide_where_the_anchor_lies)
{
	static const char *const states[] = { "/a//b", "/a/./b", "/a/b/.",
		"//a///b//" };
	char text[512];

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		snprintf(text, sizeof(text), "state = %s%s\n"
		    "anchor = file:%s/a/b/x\n", folder, states[i], folder);
		ck_assert_int_eq(read_text(text, EH_CONF_USER), EH_ERR_CONFIG);
		ck_assert_str_eq(error.text, "f:2: " INSIDE);
		snprintf(text, sizeof(text), "state = %s%s\n"
		    "anchor = file:%s/a//bx\n", folder, states[i], folder);
		ck_assert_int_eq(read_text(text, EH_CONF_USER), EH_OK);
	}
	/* No key holds "..", but an environment may. */
	setenv("XDG_STATE_HOME", "/eh-no-such/up/../down", 1);
	ck_assert_int_eq(read_text(
	    "anchor = file:/eh-no-such/down/edgehsm/x", EH_CONF_USER),
	    EH_ERR_CONFIG);
	ck_assert_int_eq(read_text(
	    "anchor = file:/eh-no-such/up/edgehsm/x", EH_CONF_USER), EH_OK);
}
END_TEST

START_TEST(list_of_roles_has_an_end)
{
	char text[1024] = "operators = 0";

	for (unsigned i = 1; i < 64; i++)
		snprintf(text + strlen(text), 8, ",%u", i);
	ck_assert_int_eq(read_text(text, EH_CONF_USER), EH_OK);
	ck_assert_uint_eq(conf.operators.n, 64);
	ck_assert_uint_eq(conf.operators.who[63].id, 63);
	strcat(text, ",64");
	ck_assert_int_eq(read_text(text, EH_CONF_USER), EH_ERR_CONFIG);
	ck_assert_str_eq(error.text,
	    "f:1: operators has more than 64 entries; use a group");
}
END_TEST

START_TEST(names_are_resolved_or_named)
{
	ck_assert_int_eq(read_text("operators = user:root, 5\n"
	    "officers = group:root", EH_CONF_USER), EH_OK);
	ck_assert_int_eq(eh_conf_resolve(&conf, &error), EH_OK);
	ck_assert_int_eq(conf.operators.who[0].resolved, 1);
	ck_assert_uint_eq(conf.operators.who[0].id, 0);
	ck_assert_uint_eq(conf.operators.who[1].id, 5);
	ck_assert_int_eq(conf.officers.who[0].resolved, 1);

	ck_assert_int_eq(read_text("\nauditors = group:eh-no-such",
	    EH_CONF_USER), EH_OK);
	ck_assert_int_eq(eh_conf_resolve(&conf, &error), EH_ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(error.text,
	    "/f:2: this host knows no group named 'eh-no-such'"));
}
END_TEST

START_TEST(backend_must_be_named_for_the_daemon)
{
	ck_assert_int_eq(read_text("backend.module = /m\n"
	    "backend.pin-file = /p\n", EH_CONF_USER), EH_OK);
	ck_assert_int_eq(eh_conf_check_backend(&conf, &error), EH_ERR_CONFIG);
	ck_assert_ptr_nonnull(
	    strstr(error.text, "/f: backend.token is missing"));
	eh_conf_free(&conf);
	ck_assert_int_eq(eh_conf_load(&conf, NULL, NULL, &error), EH_OK);
	ck_assert_int_eq(eh_conf_check_backend(&conf, &error), EH_ERR_CONFIG);
	ck_assert_str_eq(error.text,
	    "no edgehsm.conf was found: write one that names backend.module");
}
END_TEST

static int
load(void)
{
	char etc[128];

	snprintf(etc, sizeof(etc), "%s/etc", folder);
	eh_conf_free(&conf);
	return eh_conf_load(&conf, etc, "/built/edgehsmd", &error);
}

START_TEST(first_file_that_exists_is_the_one)
{
	ck_assert_int_eq(load(), EH_OK);
	ck_assert_int_eq(conf.origin, EH_CONF_NONE);
	ck_assert_ptr_null(conf.path);
	ck_assert_int_eq(conf.autostart, 1);
	ck_assert_str_eq(conf.daemon, "/built/edgehsmd");
	is_below(conf.state, "/home/.local/state/edgehsm");

	ck_assert_int_eq(system("mkdir -p etc/edgehsm home/.config/edgehsm "
	    "xdg/edgehsm"), 0);
	put("etc/edgehsm/edgehsm.conf", "anchor = file:/a\nstate = /1\n");
	ck_assert_int_eq(load(), EH_OK);
	ck_assert_int_eq(conf.origin, EH_CONF_SYSTEM);
	ck_assert_str_eq(conf.state, "/1");
	is_below(conf.path, "/etc/edgehsm/edgehsm.conf");

	put("home/.config/edgehsm/edgehsm.conf", "state = /2\n");
	ck_assert_int_eq(load(), EH_OK);
	ck_assert_int_eq(conf.origin, EH_CONF_USER);
	ck_assert_str_eq(conf.state, "/2");
	ck_assert_str_eq(conf.anchor_path, "/2-anchor");

	put("xdg/edgehsm/edgehsm.conf", "state = /3\n");
	setenv("XDG_CONFIG_HOME", "xdg", 1);	/* relative: as if not set */
	ck_assert_int_eq(load(), EH_OK);
	ck_assert_str_eq(conf.state, "/2");

	put("mine", "state = /4\n");
	setenv("EDGEHSM_CONF", "mine", 1);
	ck_assert_int_eq(load(), EH_OK);
	ck_assert_int_eq(conf.origin, EH_CONF_USER);
	ck_assert_str_eq(conf.state, "/4");
	is_below(conf.path, "/mine");
}
END_TEST

START_TEST(named_file_must_exist)
{
	setenv("EDGEHSM_CONF", "/no/such/file", 1);
	ck_assert_int_eq(load(), EH_ERR_NOT_FOUND);
	ck_assert_str_eq(error.text,
	    "EDGEHSM_CONF names /no/such/file: No such file or directory");
	ck_assert_ptr_null(conf.state);
	setenv("EDGEHSM_CONF", "", 1);
	ck_assert_int_eq(load(), EH_OK);
}
END_TEST

START_TEST(system_file_is_that_by_any_name)
{
	ck_assert_int_eq(system("mkdir -p etc/edgehsm"), 0);
	put("etc/edgehsm/edgehsm.conf", "anchor = file:/a\nautostart = yes\n");
	ck_assert_int_eq(symlink("etc/edgehsm/edgehsm.conf", "alias"), 0);
	setenv("EDGEHSM_CONF", "alias", 1);
	ck_assert_int_eq(load(), EH_ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "the system-wide file"));
}
END_TEST

START_TEST(file_that_everybody_may_write_is_refused)
{
	put("mine", "state = /4\n");
	ck_assert_int_eq(chmod("mine", 0646), 0);
	setenv("EDGEHSM_CONF", "mine", 1);
	ck_assert_int_eq(load(), EH_ERR_CONFIG);
	ck_assert_str_eq(error.text, "mine: everybody may write to this file "
	    "(mode 0646): chmod o-w mine");
	ck_assert_int_eq(chmod("mine", 0664), 0);
	ck_assert_int_eq(load(), EH_OK);
}
END_TEST

START_TEST(file_that_is_no_text_is_refused)
{
	FILE *f = fopen("f", "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite("state = /x\0y\n", 1, 13, f), 13);
	fclose(f);
	ck_assert_int_eq(eh_conf_read(&conf, "f", EH_CONF_USER, NULL, &error),
	    EH_ERR_CONFIG);
	ck_assert_str_eq(
	    error.text, "f: a NUL byte: this is not a text file");
	ck_assert_int_eq(truncate("f", 65537), 0);
	ck_assert_int_eq(eh_conf_read(&conf, "f", EH_CONF_USER, NULL, &error),
	    EH_ERR_FORMAT);
	ck_assert_int_eq(eh_conf_read(&conf, ".", EH_CONF_USER, NULL, &error),
	    EH_ERR_IO);
}
END_TEST

START_TEST(long_path_leaves_room_for_the_sentence)
{
	char path[300], command[400];

	memset(path, 'd', sizeof(path));
	memcpy(path + 250, "/f", 3);
	snprintf(command, sizeof(command), "mkdir %.250s", path);
	ck_assert_int_eq(system(command), 0);
	put(path, "colour = red\n");
	ck_assert_int_eq(eh_conf_read(&conf, path, EH_CONF_USER, NULL, &error),
	    EH_ERR_CONFIG);
	ck_assert_mem_eq(error.text, "...ddd", 6);
	ck_assert_ptr_nonnull(
	    strstr(error.text, "d/f:1: unknown key 'colour'"));
}
END_TEST

#define N(table) ((int)(sizeof(table) / sizeof((table)[0])))

int
main(void)
{
	Suite *s = suite_create("conf");
	TCase *t = tcase_create("conf");

	tcase_add_checked_fixture(t, make_folder, remove_folder);
	tcase_add_test(t, every_key_is_taken);
	tcase_add_test(t, an_anchor_in_a_tpm_says_where_it_is);
	tcase_add_test(t, a_tpm_for_issuing_keys_says_where_it_is);
	tcase_add_test(t, users_file_has_the_users_defaults);
	tcase_add_test(t, without_a_home_the_state_must_be_named);
	tcase_add_test(t, system_file_has_the_systems_defaults);
	tcase_add_test(t, autostart_is_never_in_the_system_file);
	tcase_add_loop_test(t, bad_line_is_refused_with_its_place, 0, N(bad));
	tcase_add_loop_test(t, segment_is_1_to_64_MiB, 0, N(segments));
	tcase_add_test(t, socket_path_must_fit);
	tcase_add_loop_test(
	    t, anchor_never_lies_in_the_state_folder, 0, N(anchors));
	tcase_add_test(t, link_does_not_hide_where_the_anchor_lies);
	tcase_add_test(t, second_spelling_does_not_hide_where_the_anchor_lies);
	tcase_add_test(t, list_of_roles_has_an_end);
	tcase_add_test(t, names_are_resolved_or_named);
	tcase_add_test(t, backend_must_be_named_for_the_daemon);
	tcase_add_test(t, first_file_that_exists_is_the_one);
	tcase_add_test(t, named_file_must_exist);
	tcase_add_test(t, system_file_is_that_by_any_name);
	tcase_add_test(t, file_that_everybody_may_write_is_refused);
	tcase_add_test(t, file_that_is_no_text_is_refused);
	tcase_add_test(t, long_path_leaves_room_for_the_sentence);
	suite_add_tcase(s, t);
	return unit_run(s);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ehreq.c - one request to edgehsmd from a script: for tests only. */
#include "config.h"

#include <stdarg.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/file.h"
#include "common/wire/tables.h"
#include "common/wire/wire.h"

/*
 *	ehreq -s SOCKET [-l LINE,STATION] [-r operator|officer -p PIN]
 *	      [-t TICKET] [-o LABEL:FILE] [-n COUNT] REQUEST [LABEL=VALUE ...]
 *
 * Says hello (with the ticket in hex, if there is one), logs in (if a PIN is
 * given), sends the request COUNT times over the same connection and prints each
 * reply as "label=value" lines; bytes are hex.  A value of bytes is text, hex:HEX
 * or @FILE.  Exit status 0, or 1 with "EH_NAME: sentence" on standard error.
 * REQUEST "hold" keeps the connection open until standard input ends; "raw"
 * sends standard input as it is, without hello, and prints what comes back.
 */
static const char *const labels[EH_WIRE_LABELS] = {
	"result", "text", "version", "program", "line", "station", "ticket",
	"role", "pin", "old-pin", "label", "id", "object", "class", "purpose",
	"alg", "origin", "custody", "spki", "data", "mechanism", "param",
	"nonce", "first", "count", "objects", "entries", "generation",
	"hsm-id", "root", "state", "authorization", "id-kind", "device",
	"application", "kind", "seq", "factory", "profile", "profile-version",
	"digest", "nbf", "exp", "burns", "counters", "good", "scrapped",
	"in-doubt", "authorizations", "t-lo", "t-hi", "quality", "boots",
	"commits", "anchor-class", "anchor", "anchor-mode", "burned-seqs",
	"unacked", "flags", "refusals", "since-time", "limits", "refusal",
	"unaccounted",
	"closed", "grace", "records",
};

static int sock = -1;
static uint8_t *reply_bytes;
static size_t reply_cap;
static const char *out_label, *out_file;
static struct eh_buf values[16];
static size_t nvalues;

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("ehreq: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(2);
}

static unsigned
code_of(const char *name)
{
	for (size_t i = 0; i < eh_wire_nrows; i++)
		if (strcmp(eh_wire_rows[i].name, name) == 0)
			return eh_wire_rows[i].code;
	die("no request '%s'", name);
}

static enum eh_wire_label
label_of(const char *name, size_t len)
{
	for (unsigned i = 0; i < EH_WIRE_LABELS; i++)
		if (strlen(labels[i]) == len &&
		    memcmp(labels[i], name, len) == 0)
			return (enum eh_wire_label)i;
	die("no label '%.*s'", (int)len, name);
}

static void
put_bytes(struct eh_wire *w, enum eh_wire_label label, const char *text)
{
	struct eh_buf *b = &values[nvalues++];

	if (nvalues == sizeof(values) / sizeof(values[0]))
		die("too many values");
	if (text[0] == '@') {
		if (eh_file_read(text + 1, EH_WIRE_MAX, b, NULL) != EH_OK)
			die("cannot read %s", text + 1);
	} else if (strncmp(text, "hex:", 4) == 0) {
		size_t len = strlen(text + 4) / 2;

		eh_buf_init(b, EH_WIRE_MAX);
		if (eh_buf_reserve(b, len + 1) != EH_OK)
			die("out of memory");
		for (size_t i = 0; i < len; i++) {
			unsigned byte;

			if (sscanf(text + 4 + 2 * i, "%2x", &byte) != 1)
				die("bad hex '%s'", text);
			b->data[i] = (uint8_t)byte;
		}
		eh_buf_extend(b, len);
	} else {
		eh_buf_init(b, EH_WIRE_MAX);
		if (eh_buf_append(b, text, strlen(text)) != EH_OK)
			die("out of memory");
	}
	eh_wire_put_bytes(w, label, b->data, b->len);
}

static void
put_value(struct eh_wire *w, const char *argument)
{
	const char *equals = strchr(argument, '=');
	enum eh_wire_label label;

	if (equals == NULL)
		die("'%s' is not LABEL=VALUE", argument);
	label = label_of(argument, (size_t)(equals - argument));
	switch (eh_wire_types[label].kind) {
	case EH_WIRE_T_UINT:
	case EH_WIRE_T_INT:
		eh_wire_put_number(w, label, strtoll(equals + 1, NULL, 0));
		return;
	case EH_WIRE_T_TEXT:
		eh_wire_put_text(w, label, equals + 1);
		return;
	case EH_WIRE_T_BYTES:
		put_bytes(w, label, equals + 1);
		return;
	case EH_WIRE_T_LIST:
		break;
	}
	die("a list cannot be sent");
}

static void
exchange(const struct eh_wire *request, struct eh_wire *reply)
{
	static uint8_t bytes[EH_WIRE_MAX];
	size_t len = 0;

	if (eh_wire_encode_request(request, bytes, sizeof(bytes), &len) !=
	    EH_OK)
		die("the request breaks its row");
	/* Whoever is turned away has an answer to read all the same. */
	if (eh_wire_send(sock, bytes, len) != EH_OK)
		fprintf(stderr, "ehreq: edgehsmd closed the connection\n");
	if (eh_wire_receive(sock, &reply_bytes, &reply_cap, &len, 60000) !=
	    EH_OK)
		die("no reply");
	if (eh_wire_decode_reply(reply, request->code, reply_bytes, len) !=
	    EH_OK)
		die("malformed reply");
	if (reply->result != EH_OK) {
		char text[513];

		if (eh_wire_text(reply, EH_WIRE_TEXT, text, sizeof(text)) !=
		    EH_OK)
			text[0] = '\0';
		fprintf(stderr, "%s: %s\n", eh_err_name(reply->result), text);
		exit(1);
	}
}

static void
print_hex(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		printf("%02x", bytes[i]);
}

static void
save(const uint8_t *bytes, size_t len)
{
	FILE *f = fopen(out_file, "wb");

	if (f == NULL || fwrite(bytes, 1, len, f) != len || fclose(f) != 0)
		die("cannot write %s", out_file);
}

static void print_fields(const struct eh_wire *, const char *end);

static void
print_list(const struct eh_wire *w, enum eh_wire_label label)
{
	unsigned row = label == EH_WIRE_OBJECTS ? EH_MAP_OBJECT
						: EH_MAP_AUTHORIZATION;
	const uint8_t *entry;
	struct eh_wire map;
	size_t cursor = 0, len;

	while (eh_wire_list_next(w, label, &cursor, &entry, &len)) {
		printf("%s: ", labels[label]);
		if (label == EH_WIRE_ENTRIES)
			print_hex(entry, len);
		else if (eh_wire_decode_reply(&map, row, entry, len) == EH_OK)
			print_fields(&map, " ");
		else
			die("malformed entry of a list");
		putchar('\n');
	}
}

static void
print_fields(const struct eh_wire *w, const char *end)
{
	for (unsigned i = 1; i < EH_WIRE_LABELS; i++) {
		enum eh_wire_label label = (enum eh_wire_label)i;
		const uint8_t *bytes;
		size_t len;

		if (!eh_wire_has(w, label))
			continue;
		if (eh_wire_types[i].kind == EH_WIRE_T_LIST) {
			print_list(w, label);
			continue;
		}
		printf("%s=", labels[i]);
		bytes = eh_wire_bytes(w, label, &len);
		if (out_label != NULL && strcmp(out_label, labels[i]) == 0)
			save(bytes, len);
		if (eh_wire_types[i].kind == EH_WIRE_T_TEXT)
			printf("%.*s", (int)len, (const char *)bytes);
		else if (eh_wire_types[i].kind == EH_WIRE_T_BYTES)
			print_hex(bytes, len);
		else
			printf("%" PRId64, eh_wire_signed(w, label));
		fputs(end, stdout);
	}
}

static void
connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (path == NULL || strlen(path) >= sizeof(address.sun_path))
		die("-s SOCKET is missing or too long");
	memcpy(address.sun_path, path, strlen(path));
	sock = socket(AF_UNIX, SOCK_STREAM, 0);
	if (sock < 0 ||
	    connect(sock, (const struct sockaddr *)&address,
		sizeof(address)) != 0)
		die("nobody answers on %s", path);
}

static void
say_hello(char *place, const char *ticket, struct eh_wire *reply)
{
	struct eh_wire hello;
	char *comma;

	eh_wire_init(&hello, EH_REQ_HELLO, EH_OK);
	eh_wire_put_number(&hello, EH_WIRE_VERSION_NO, EH_WIRE_VERSION);
	eh_wire_put_text(&hello, EH_WIRE_PROGRAM, "ehreq");
	if (place != NULL && (comma = strchr(place, ',')) != NULL) {
		*comma = '\0';
		eh_wire_put_text(&hello, EH_WIRE_LINE, place);
		eh_wire_put_text(&hello, EH_WIRE_STATION, comma + 1);
	}
	if (ticket != NULL) {
		char text[300];

		snprintf(text, sizeof(text), "hex:%s", ticket);
		put_bytes(&hello, EH_WIRE_TICKET, text);
	}
	exchange(&hello, reply);
}

static void
log_in(const char *role, const char *pin, struct eh_wire *reply)
{
	struct eh_wire login;

	eh_wire_init(&login, EH_REQ_LOGIN, EH_OK);
	eh_wire_put_number(&login, EH_WIRE_ROLE,
	    role != NULL && strcmp(role, "officer") == 0 ? EH_ROLE_OFFICER
							 : EH_ROLE_OPERATOR);
	put_bytes(&login, EH_WIRE_PIN, pin);
	exchange(&login, reply);
}

static int
send_raw(void)
{
	uint8_t bytes[4096];
	size_t len = fread(bytes, 1, sizeof(bytes), stdin);
	ssize_t got;

	if (write(sock, bytes, len) != (ssize_t)len)
		die("edgehsmd takes no more");
	while ((got = read(sock, bytes, sizeof(bytes))) > 0) {
		fwrite(bytes, 1, (size_t)got, stdout);
		fflush(stdout);
	}
	return 0;
}

int
main(int argc, char **argv)
{
	char *place = NULL, *colon;
	const char *path = NULL, *role = NULL, *pin = NULL, *ticket = NULL;
	struct eh_wire request, reply;
	int option;
	long count = 1;

	while ((option = getopt(argc, argv, "s:l:r:p:t:o:n:")) != -1)
		switch (option) {
		case 's': path = optarg; break;
		case 'l': place = optarg; break;
		case 'r': role = optarg; break;
		case 'p': pin = optarg; break;
		case 't': ticket = optarg; break;
		case 'n': count = strtol(optarg, NULL, 10); break;
		case 'o':
			out_label = optarg;
			if ((colon = strchr(optarg, ':')) == NULL)
				die("-o LABEL:FILE");
			*colon = '\0';
			out_file = colon + 1;
			break;
		default: die("unknown option");
		}
	if (optind >= argc)
		die("no request");
	connect_to(path);
	if (strcmp(argv[optind], "raw") == 0)
		return send_raw();
	say_hello(place, ticket, &reply);
	if (strcmp(argv[optind], "hello") == 0) {
		print_fields(&reply, "\n");
		return 0;
	}
	if (pin != NULL)
		log_in(role, pin, &reply);
	if (strcmp(argv[optind], "login") == 0) {
		print_fields(&reply, "\n");
		return 0;
	}
	if (strcmp(argv[optind], "hold") == 0) {
		puts("holding");
		fflush(stdout);
		while (getchar() != EOF)
			;
		return 0;
	}
	eh_wire_init(&request, code_of(argv[optind]), EH_OK);
	for (int i = optind + 1; i < argc; i++)
		put_value(&request, argv[i]);
	while (count-- > 0) {
		exchange(&request, &reply);
		print_fields(&reply, "\n");
	}
	for (size_t i = 0; i < nvalues; i++)
		eh_buf_free(&values[i]);
	free(reply_bytes);
	close(sock);
	return 0;
}

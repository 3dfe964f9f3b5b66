/* SPDX-License-Identifier: Apache-2.0 */
/* case_peer.c - a process of the openssl command for each certificate. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "test/bench/cases.h"

#define ARGUMENTS 24

/* The arguments of a command; the files are in the bed's folder. */
struct peer {
	struct bed *bed;
	const char *conf;
	char request[BED_PATH], device_key[BED_PATH], out[BED_PATH];
	char ca[BED_PATH], key[BED_PATH];
	const char *argv[ARGUMENTS];
};

/* A device with a key and a request. */
static struct peer *
begin(struct bed *b, const char *conf)
{
	struct peer *p = calloc(1, sizeof(*p));

	if (p == NULL)
		bench_die("out of memory");
	p->bed = b;
	p->conf = conf;
	bed_path(b, "device.csr", p->request);
	bed_path(b, "device.key", p->device_key);
	bed_path(b, "device.pem", p->out);
	const char *const argv[] = { b->options->openssl, "req", "-new",
		"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
		"-nodes", "-subj", "/O=ACME/serialNumber=SN00000000",
		"-keyout", p->device_key, "-out", p->request, NULL };

	bed_must_run(b, argv, "plain.cnf");
	return p;
}

static void *
finish(struct peer *p)
{
	const char *const argv[] = { p->bed->options->openssl, "x509", "-req",
		"-in", p->request, "-CA", p->ca, "-CAkey", p->key,
		"-set_serial", "0x40", "-days", "30", "-out", p->out, NULL };

	memcpy(p->argv, argv, sizeof(argv));
	return p;
}

void *
peer_software_begin(struct bed *b, unsigned batch)
{
	struct peer *p = begin(b, "plain.cnf");

	(void)batch;
	bed_path(b, "software-ca.pem", p->ca);
	bed_path(b, "software-ca.key", p->key);
	const char *const argv[] = { b->options->openssl, "req", "-x509",
		"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
		"-nodes", "-subj", "/CN=software", "-days", "30", "-keyout",
		p->key, "-out", p->ca, NULL };

	bed_must_run(b, argv, p->conf);
	return finish(p);
}

void *
peer_provider_begin(struct bed *b, unsigned batch)
{
	struct peer *p = begin(b, "provider.cnf");

	(void)batch;
	bed_path(b, "provider-ca.pem", p->ca);
	strcpy(p->key, "pkcs11:object=bench-general;type=private");
	const char *const argv[] = { b->options->openssl, "req", "-x509",
		"-new", "-key", p->key, "-subj", "/CN=provider", "-days", "30",
		"-out", p->ca, NULL };

	bed_must_run(b, argv, p->conf);
	return finish(p);
}

static int
run(void *context)
{
	struct peer *p = context;
	int status = bed_run(p->bed, p->argv, p->conf);

	return status == 0 ? 0
			   : bench_fail("openssl x509 -req ended with %d",
				 status);
}

static void
end(void *context)
{
	free(context);
}

const struct bench_ops peer_x509 = { NULL, run, NULL, end };

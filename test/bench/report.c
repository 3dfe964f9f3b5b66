/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - the lines: JSON on standard output, one per window and one per
 * case. */
#include "config.h"

#include <openssl/crypto.h>
#include <stdio.h>

#include "test/bench/machine.h"
#include "test/bench/report.h"

void
report_init(struct report *r, const struct bed *b)
{
	r->commit = b->options->commit;
	r->verify = b->options->verify;
	r->filesystem = machine_filesystem(b->folder);
	r->f0_us = machine_sync_us(b->folder);
	snprintf(r->openssl, sizeof(r->openssl), "%s",
	    OpenSSL_version(OPENSSL_VERSION_STRING));
}

/* A text as JSON has it; ours have no control characters. */
static void
put_text(const char *name, const char *text)
{
	printf(",\"%s\":", name);
	if (text == NULL) {
		fputs("null", stdout);
		return;
	}
	putchar('"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('"');
}

/* A number that may be unknown. */
static void
put_count(const char *name, long value)
{
	if (value < 0)
		printf(",\"%s\":null", name);
	else
		printf(",\"%s\":%ld", name, value);
}

static void
put_latency(const struct histogram *h)
{
	printf(",\"lat_us\":{\"p1\":%.1f,\"p50\":%.1f,\"p95\":%.1f,"
	       "\"p99\":%.1f,\"max\":%.1f}",
	    histogram_us(h, 10), histogram_us(h, 500), histogram_us(h, 950),
	    histogram_us(h, 990), (double)h->max / 1000);
}

void
report_print(const struct report *r, const struct report_line *l)
{
	const struct window *w = l->window;
	double us = w->n > 0 ? w->cpu * 1e6 / (double)w->n : 0;

	fputs("{\"v\":1", stdout);
	put_text("case", l->c->name);
	printf(",\"params\":{\"threads\":%u,\"batch\":%u", l->c->threads,
	    l->c->batch);
	if ((l->c->flags & CASE_DAEMON) != 0)
		put_text("verify", r->verify);
	putchar('}');
	put_text("backend", l->c->backend);
	if ((l->c->flags & CASE_DAEMON) != 0)
		printf(",\"anchor\":\"%s\",\"anchor_class\":0",
		    (l->c->flags & CASE_TPM) != 0 ? "tpm" : "file");
	else
		fputs(",\"anchor\":null,\"anchor_class\":null", stdout);
	printf(",\"round\":%u,\"n\":%lu,\"wall_s\":%.4f,\"cpu_s\":%.4f,"
	       "\"rate\":%.1f,\"best\":%.1f", l->round, w->n, w->wall, w->cpu,
	    l->rate, l->best);
	put_latency(&w->latency);
	printf(",\"cpu_us_per_op\":%.2f", us);
	put_count("rss_kb", w->rss_kb);
	put_count("writes", w->writes);
	put_count("fsyncs", w->fsyncs);
	put_text("limit_case", l->c->limit);
	if (l->ratio < 0)
		fputs(",\"ratio\":null", stdout);
	else
		printf(",\"ratio\":%.4f", l->ratio);
	put_text("commit", r->commit);
	put_text("openssl", r->openssl);
	fputs(",\"disk\":{\"fs\":\"", stdout);
	printf("%s\",\"F0_us\":%.1f},\"load1\":%.2f,\"steal\":%.3f,"
	       "\"foreign\":%.3f,\"rejected\":%u}\n",
	    r->filesystem, r->f0_us, w->load, w->steal, w->foreign,
	    l->rejected);
	fflush(stdout);
}

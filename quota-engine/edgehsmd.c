/* SPDX-License-Identifier: Apache-2.0 */
/* edgehsmd.c - the EdgeHSM as a process: arguments, sandbox, waiting; no
 * policy. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "quota-engine/health.h"
#include "quota-engine/ready.h"
#include "quota-engine/sandbox.h"
#include "quota-engine/server.h"
#include "quota-engine/start.h"
#include "quota-engine/ticker.h"

#define PATIENCE_MS 10000 /* for requests that are served when we stop */

struct options {
	const char *conf;
	int ready_fd;
	int foreground;
	enum eh_sandbox_network network;
};

static const char usage[] =
    "usage: edgehsmd [--conf FILE] [--foreground] [--ready-fd N]\n"
    "                [--backend-network] [--log-level LEVEL]\n"
    "       edgehsmd --version | --help\n"
    "\n"
    "The EdgeHSM: the only owner of keys and quota, behind a unix socket.\n"
    "\n"
    "  --conf FILE        edgehsm.conf(5); else EDGEHSM_CONF, the user's, the\n"
    "                     system's\n"
    "  --foreground       stay in the foreground, for a service manager\n"
    "  --ready-fd N       write one line to descriptor N when ready or failed\n"
    "  --backend-network  the backend needs sockets to reach its HSM\n"
    "  --log-level LEVEL  error, warning, info (default) or debug\n"
    "\n"
    "examples:\n"
    "  edgehsmd --conf /etc/edgehsm/edgehsm.conf --foreground\n"
    "  EDGEHSM_CONF=$HOME/.config/edgehsm/edgehsm.conf edgehsmd\n";

/* --- arguments --- */

static int
number_of(const char *text)
{
	char *end = NULL;
	long n = strtol(text, &end, 10);

	return *text != '\0' && *end == '\0' && n >= 0 && n <= INT_MAX
	    ? (int)n
	    : -1;
}

static int
set_option(struct options *o, int option, const char *argument)
{
	int level;

	switch (option) {
	case 'c':
		o->conf = argument;
		return EX_OK;
	case 'f':
		o->foreground = 1;
		return EX_OK;
	case 'n':
		o->network = EH_SANDBOX_NETWORK;
		return EX_OK;
	case 'r':
		o->ready_fd = number_of(argument);
		if (o->ready_fd >= 0 && fcntl(o->ready_fd, F_GETFD) >= 0)
			return EX_OK;
		fprintf(stderr,
		    "edgehsmd: --ready-fd: '%s' is no open descriptor\n",
		    argument);
		return EX_USAGE;
	case 'l':
		if ((level = eh_log_level_from(argument)) >= 0) {
			eh_log_set_level((enum eh_log_level)level);
			return EX_OK;
		}
		fprintf(stderr, "edgehsmd: --log-level: no level '%s'\n",
		    argument);
		return EX_USAGE;
	default:
		return EX_USAGE;
	}
}

/* EX_OK to go on; -1 when all is said already. */
static int
read_options(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{ "conf", required_argument, NULL, 'c' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "backend-network", no_argument, NULL, 'n' },
		{ "ready-fd", required_argument, NULL, 'r' },
		{ "log-level", required_argument, NULL, 'l' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option, status;

	o->ready_fd = -1;
	while ((option = getopt_long(argc, argv, "h", known, NULL)) != -1) {
		if (option == 'v') {
			printf("edgehsmd %s\n", PACKAGE_VERSION);
			return -1;
		}
		if (option == 'h') {
			fputs(usage, stdout);
			return -1;
		}
		status = option == '?' ? EX_USAGE
				       : set_option(o, option, optarg);
		if (status != EX_OK)
			return status;
	}
	if (optind < argc) {
		fprintf(stderr, "edgehsmd: unexpected argument '%s'\n",
		    argv[optind]);
		return EX_USAGE;
	}
	return EX_OK;
}

/* --conf is the environment's word, said louder: the same rules find out
 * whether it names the system-wide file. */
static int
load_conf(const struct options *o, struct eh_conf *conf,
    struct eh_error *error)
{
	char path[PATH_MAX];
	int err;

	if (o->conf != NULL &&
	    (realpath(o->conf, path) == NULL ||
		setenv("EDGEHSM_CONF", path, 1) != 0))
		return eh_error_set(error, EH_ERR_CONFIG, "%s: %s", o->conf,
		    strerror(errno));
	if ((err = eh_conf_load(conf, SYSCONFDIR, NULL, error)) != EH_OK ||
	    (err = eh_conf_check_backend(conf, error)) != EH_OK)
		return err;
	return eh_conf_resolve(conf, error);
}

/* What a failure to start ends with (sysexits.h; DESIGN section 7). */
static int
status_of(int err)
{
	switch (err) {
	case EH_OK:
		return EX_OK;
	case EH_ERR_CONFIG:
	case EH_ERR_NOT_FOUND:
		return EX_CONFIG;
	case EH_ERR_BUSY:
		return EX_TEMPFAIL;
	case EH_ERR_STORAGE:
	case EH_ERR_IO:
		return EX_IOERR;
	case EH_DENIED_FAIL_STOPPED:
	case EH_ERR_BACKEND:
		return EX_UNAVAILABLE;
	default:
		return EX_SOFTWARE;
	}
}

/* --- waiting --- */

/* Readable when a signal came or the engine stopped. */
struct wake {
	int fd, signals, engine;
};

static int
open_wake(struct wake *w, struct eh_error *error)
{
	struct epoll_event event = { .events = EPOLLIN };
	sigset_t stop;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	/* Blocked in every thread to come: only the descriptor sees them. */
	if (pthread_sigmask(SIG_BLOCK, &stop, NULL) != 0 ||
	    (w->signals = signalfd(-1, &stop, SFD_CLOEXEC)) < 0 ||
	    (w->engine = eventfd(0, EFD_CLOEXEC)) < 0 ||
	    (w->fd = epoll_create1(EPOLL_CLOEXEC)) < 0 ||
	    epoll_ctl(w->fd, EPOLL_CTL_ADD, w->signals, &event) != 0 ||
	    epoll_ctl(w->fd, EPOLL_CTL_ADD, w->engine, &event) != 0)
		return eh_error_set(error, EH_ERR_IO,
		    "cannot wait for signals: %s", strerror(errno));
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	return EH_OK;
}

/* Called by the engine, from any thread, when it has failed for good. */
static void
engine_stopped(void *arg)
{
	const struct wake *w = arg;
	const uint64_t one = 1;
	ssize_t written = write(w->engine, &one, sizeof(one));

	(void)written;
}

/* --- the life of the daemon --- */

/* As many descriptors as are to be had, and connections that fit into them. */
static void
raise_descriptors(struct eh_server_limits *limits)
{
	struct rlimit limit;
	const rlim_t want =
	    eh_server_limits.connections + EH_SERVER_DESCRIPTORS;

	*limits = eh_server_limits;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= want)
		return;
	limit.rlim_cur = limit.rlim_max < want ? limit.rlim_max : want;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0 &&
	    getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	eh_server_fit(limits, limit.rlim_cur);
	if (limits->connections < eh_server_limits.connections)
		eh_log(EH_LOG_WARNING,
		    "RLIMIT_NOFILE is %lu: at most %u connections and not %u",
		    (unsigned long)limit.rlim_cur, limits->connections,
		    eh_server_limits.connections);
}

/* Give up what is not needed; why not, is said. */
static int
give_up(const char *unsuitable, struct eh_error *error)
{
	umask(077);
	if (unsuitable == NULL) {
		if (!eh_sandbox_lock_all())
			eh_log(EH_LOG_DEBUG,
			    "RLIMIT_MEMLOCK is no infinity: only our own keys "
			    "are kept out of swap");
		return eh_sandbox_drop(error);
	}
	eh_log(EH_LOG_WARNING, "no sandbox: %s", unsuitable);
	return EH_OK;
}

static int
close_sandbox(const char *unsuitable, const struct options *o,
    const struct eh_conf *conf, struct eh_error *error)
{
	static const enum eh_sandbox_tpm ways[] = {
		[EH_CONF_TCTI_DEVICE] = EH_SANDBOX_TPM_FILE,
		[EH_CONF_TCTI_UNIX] = EH_SANDBOX_TPM_UNIX,
		[EH_CONF_TCTI_INET] = EH_SANDBOX_TPM_INET,
	};
	enum eh_sandbox_tpm tpm = EH_SANDBOX_TPM_FILE;

	if (unsuitable != NULL)
		return EH_OK;
	if (conf->anchor != EH_CONF_ANCHOR_FILE)
		tpm = ways[conf->anchor_reach];
	if (conf->issuing_tcti != NULL && ways[conf->issuing_reach] > tpm)
		tpm = ways[conf->issuing_reach];
	return eh_sandbox_close(o->network, tpm, error);
}

/* Serve until told to stop.  On the way out: no new requests, the old ones
 * answered, the unused lease returned. */
static int
serve(struct eh_start *s, struct eh_server *server, const struct wake *w,
    struct eh_ready *ready, struct eh_error *error)
{
	struct eh_ticker ticker;
	struct eh_error why;
	int err;

	if ((err = eh_ticker_start(
		 &ticker, s->boundary.engine, error)) != EH_OK) {
		eh_server_close(server, 0);
		return err;
	}
	eh_ready_say(ready, EX_OK, NULL);
	eh_log(EH_LOG_INFO, "serving %s", s->boundary.conf->socket);
	err = eh_server_run(server, w->fd, error);
	eh_ready_stopping(ready);
	if (eh_server_close(server, PATIENCE_MS) > 0)
		_exit(EX_SOFTWARE); /* as after a crash: the lease is burned */
	eh_ticker_stop(&ticker);
	if (err != EH_OK)
		return err;
	eh_error_clear(&why);
	if (!atomic_load(&s->boundary.is_stopped) &&
	    eh_engine_status(s->boundary.engine, &why) == EH_ENGINE_STOPPED)
		return eh_error_set(error, EH_DENIED_FAIL_STOPPED,
		    "fail-stopped: %s", eh_error_sentence(&why));
	if ((err = eh_start_stop(s, error)) == EH_OK &&
	    eh_health_why() != NULL)
		err = eh_error_set(error, EH_DENIED_FAIL_STOPPED,
		    "error state: %s", eh_health_why());
	return err;
}

static int
live(const struct options *o, const struct eh_conf *conf,
    struct eh_ready *ready, struct eh_error *error)
{
	const char *unsuitable = eh_sandbox_unsuitable();
	struct wake w = { -1, -1, -1 };
	struct eh_server *server = NULL;
	struct eh_server_limits limits;
	static struct eh_start start;
	int err;

	raise_descriptors(&limits);
	if ((err = open_wake(&w, error)) != EH_OK ||
	    (err = give_up(unsuitable, error)) != EH_OK ||
	    (err = eh_start_open(
		 &start, conf, NULL, engine_stopped, &w, error)) != EH_OK)
		return err;
	if ((err = eh_server_open(&start.boundary, &limits, &server,
		 error)) == EH_OK) {
		if ((err = close_sandbox(
			 unsuitable, o, conf, error)) == EH_OK)
			err = serve(&start, server, &w, ready, error);
		else
			eh_server_close(server, 0);
	}
	eh_start_close(&start);
	return err;
}

int
main(int argc, char **argv)
{
	struct options options = { 0 };
	struct eh_conf conf;
	struct eh_error error;
	struct eh_ready ready;
	int status, err;

	eh_log_set_program("edgehsmd");
	if ((status = read_options(&options, argc, argv)) != EX_OK)
		return status < 0 ? EX_OK : status;
	memset(&conf, 0, sizeof(conf));
	eh_error_clear(&error);
	eh_ready_init(&ready, options.ready_fd);
	if ((err = load_conf(&options, &conf, &error)) == EH_OK &&
	    (options.foreground ||
		(err = eh_ready_detach(&ready, &error)) == EH_OK))
		err = live(&options, &conf, &ready, &error);
	if (err != EH_OK) {
		error.code = err;
		if (ready.parent < 0) /* who waits says it otherwise */
			eh_log(
			    EH_LOG_ERROR, "%s", eh_error_sentence(&error));
		eh_ready_say(&ready, status_of(err), &error);
	} else
		eh_log(EH_LOG_INFO, "stopped");
	eh_conf_free(&conf);
	return status_of(err);
}

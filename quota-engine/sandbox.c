/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.c - what the daemon gives up before it serves anybody. */
#include "config.h"

#include <cap-ng.h>
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "quota-engine/sandbox.h"

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZER "AddressSanitizer"
#elif __has_feature(thread_sanitizer)
#define SANITIZER "ThreadSanitizer"
#elif __has_feature(memory_sanitizer)
#define SANITIZER "MemorySanitizer"
#endif
#endif
#if !defined(SANITIZER) && defined(__SANITIZE_ADDRESS__)
#define SANITIZER "AddressSanitizer"
#elif !defined(SANITIZER) && defined(__SANITIZE_THREAD__)
#define SANITIZER "ThreadSanitizer"
#endif
#ifdef SANITIZER
static const char *const sanitizer = "built with " SANITIZER;
#else
static const char *const sanitizer = NULL;
#endif

const char *
eh_sandbox_unsuitable(void)
{
	const char *preload = getenv("LD_PRELOAD");

	if (sanitizer != NULL)
		return sanitizer;
	/* Its own calls would be judged as ours. */
	if (preload != NULL && strstr(preload, "vgpreload") != NULL)
		return "running under valgrind";
	return NULL;
}

int
eh_sandbox_drop(struct eh_error *error)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return eh_error_set(error, EH_ERR_INTERNAL,
		    "cannot give up core files and new privileges: %s",
		    strerror(errno));
	capng_clear(CAPNG_SELECT_ALL);
	/* Without CAP_SETPCAP the bounding set stays; nothing can be regained
	 * from it after no_new_privs. */
	if (capng_apply(CAPNG_SELECT_ALL) != 0 &&
	    capng_apply(CAPNG_SELECT_CAPS) != 0)
		return eh_error_set(error, EH_ERR_INTERNAL,
		    "cannot give up capabilities: %s", strerror(errno));
	return EH_OK;
}

int
eh_sandbox_lock_memory(void *bytes, size_t len)
{
	return mlock(bytes, len) == 0;
}

int
eh_sandbox_lock_all(void)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	/* Thread stacks count whole, though only what is touched is locked. */
	if (setrlimit(RLIMIT_MEMLOCK, &all) != 0)
		return 0;
	return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0;
}

/* clang-format off */
static const char *const allowed[] = {
	/* files */
	"read", "write", "readv", "writev", "pread64", "pwrite64", "preadv",
	"pwritev", "open", "openat", "openat2", "close", "close_range",
	"stat", "lstat", "fstat", "newfstatat", "fstatat64", "statx",
	"statfs", "fstatfs", "lseek", "_llseek", "access", "faccessat",
	"faccessat2", "readlink", "readlinkat", "getdents64", "getcwd",
	"fcntl", "fcntl64", "flock", "fsync", "fdatasync", "sync",
	"sync_file_range",
	"ftruncate", "ftruncate64", "fallocate", "fadvise64", "rename",
	"renameat", "renameat2", "link", "linkat", "unlink", "unlinkat",
	"mkdir", "mkdirat", "rmdir", "chmod", "fchmod", "fchmodat", "umask",
	"utimensat", "dup", "dup2", "dup3", "pipe2", "eventfd2",
	/* memory and threads */
	"munmap", "mremap", "madvise", "brk",
	"mlock", "mlock2", "munlock", "futex", "futex_time64", "exit",
	"exit_group", "set_robust_list", "get_robust_list", "rseq",
	"membarrier", "sched_yield", "sched_getaffinity", "sched_getparam",
	"sched_getscheduler", "arch_prctl",
	"set_tid_address", "getrlimit", "ugetrlimit", "sysinfo",
	"uname", "getrandom", "getcpu", "getrusage",
	/* who and when */
	"getpid", "getppid", "gettid", "getuid", "geteuid", "getgid",
	"getegid", "getgroups", "clock_gettime", "clock_gettime64",
	"clock_getres", "clock_nanosleep", "clock_nanosleep_time64",
	"nanosleep", "gettimeofday", "time", "times",
	/* signals that come */
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait",
	"rt_sigpending", "sigaltstack", "restart_syscall",
	/* connections that were accepted */
	"poll", "ppoll", "ppoll_time64", "select", "pselect6", "epoll_create1",
	"epoll_ctl", "epoll_wait", "epoll_pwait", "accept", "accept4",
	"getsockopt", "setsockopt", "getsockname", "getpeername", "shutdown",
	"recvfrom", "recvmsg", "sendto", "sendmsg", "recv", "send",
};

/* To reach an HSM over the network or USB, or a service such as pcscd. */
static const char *const network_too[] = {
	"socket", "connect", "bind", "socketpair", "ioctl",
};

/* Nothing that lives in this process ever asks for these. */
static const char *const deadly[] = {
	"execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv",
	"process_vm_writev", "mount", "umount2", "pivot_root", "chroot",
	"setns", "unshare", "init_module", "finit_module", "delete_module",
	"kexec_load", "kexec_file_load", "bpf", "userfaultfd",
	"perf_event_open", "reboot", "swapon", "swapoff", "settimeofday",
	"clock_settime", "adjtimex", "clock_adjtime", "keyctl", "add_key",
	"request_key", "personality", "setuid", "setreuid", "setresuid",
	"setgid", "setregid", "setresgid", "setgroups", "capset",
};
/* clang-format on */

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Names that this kernel or processor does not have are passed over. */
static int
add(scmp_filter_ctx filter, uint32_t action, const char *const *names,
    size_t n)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < n; i++) {
		int number = seccomp_syscall_resolve_name(names[i]);

		if (number != __NR_SCMP_ERROR && number >= 0)
			err = seccomp_rule_add(filter, action, number, 0);
	}
	return err;
}

/* What is allowed for this process only: threads and no processes, signals to
 * ourselves (abort), our own limits. */
static int
add_own(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp thread =
	    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD);
	const struct scmp_arg_cmp process =
	    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0);
	const struct scmp_arg_cmp us =
	    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0);
	const struct scmp_arg_cmp zero = SCMP_A0(SCMP_CMP_EQ, 0, 0);
	int err;

	/* Its flags lie where no filter can look; libc takes clone() then. */
	err = seccomp_rule_add(
	    filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (err == 0)
		err = seccomp_rule_add_array(
		    filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, &thread);
	if (err == 0)
		err = seccomp_rule_add_array(filter, SCMP_ACT_KILL_PROCESS,
		    SCMP_SYS(clone), 1, &process);
	if (err == 0)
		err = seccomp_rule_add_array(
		    filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &us);
	if (err == 0)
		err = seccomp_rule_add_array(
		    filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, &zero);
	return err;
}

/* Pages that can be written, or run, and never both: two rules, of which either
 * is enough. */
static int
add_memory(scmp_filter_ctx filter, const char *name)
{
	const struct scmp_arg_cmp not_run =
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	const struct scmp_arg_cmp not_written =
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_WRITE, 0);
	int number = seccomp_syscall_resolve_name(name), err;

	if (number < 0)
		return 0; /* not of this processor */
	err = seccomp_rule_add_array(
	    filter, SCMP_ACT_ALLOW, number, 1, &not_run);
	if (err == 0)
		err = seccomp_rule_add_array(
		    filter, SCMP_ACT_ALLOW, number, 1, &not_written);
	return err;
}

/* Names for threads and for mappings, which libc gives; not whether we may be
 * dumped or traced. */
static int
add_names(scmp_filter_ctx filter)
{
	static const scmp_datum_t operations[] = {
		PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE,
		PR_GET_NO_NEW_PRIVS, 0x53564d41, /* PR_SET_VMA */
	};
	int err = 0;

	for (size_t i = 0; err == 0 && i < COUNT(operations); i++) {
		struct scmp_arg_cmp is =
		    SCMP_A0(SCMP_CMP_EQ, operations[i], 0);

		err = seccomp_rule_add_array(
		    filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, &is);
	}
	return err;
}

/* Sockets of one family, to connect to the TPM. */
static int
add_family(scmp_filter_ctx filter, int family)
{
	const struct scmp_arg_cmp of =
	    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family, 0);
	int err;

	err = seccomp_rule_add_array(
	    filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, &of);
	if (err == 0)
		err = seccomp_rule_add(
		    filter, SCMP_ACT_ALLOW, SCMP_SYS(connect), 0);
	return err;
}

static int
add_tpm(scmp_filter_ctx filter, enum eh_sandbox_tpm tpm)
{
	int err;

	if (tpm == EH_SANDBOX_TPM_UNIX)
		return add_family(filter, AF_UNIX);
	if (tpm != EH_SANDBOX_TPM_INET)
		return 0;
	err = add_family(filter, AF_INET);
	return err == 0 ? add_family(filter, AF_INET6) : err;
}

int
eh_sandbox_close(enum eh_sandbox_network network, enum eh_sandbox_tpm tpm,
    struct eh_error *error)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int err;

	if (filter == NULL)
		return eh_error_set(error, EH_ERR_INTERNAL,
		    "cannot make a filter for system calls");
	err = add(filter, SCMP_ACT_ALLOW, allowed, COUNT(allowed));
	if (err == 0)
		err = add_own(filter);
	if (err == 0)
		err = add_memory(filter, "mmap");
	if (err == 0)
		err = add_memory(filter, "mmap2");
	if (err == 0)
		err = add_memory(filter, "mprotect");
	if (err == 0)
		err = add_names(filter);
	if (err == 0 && network == EH_SANDBOX_NETWORK)
		err = add(filter, SCMP_ACT_ALLOW, network_too,
		    COUNT(network_too));
	else if (err == 0)
		err = add_tpm(filter, tpm);
	if (err == 0)
		err = add(
		    filter, SCMP_ACT_KILL_PROCESS, deadly, COUNT(deadly));
	/* All threads, those that the backend has started too. */
	if (err == 0)
		err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (err == 0)
		err = seccomp_load(filter);
	seccomp_release(filter);
	if (err != 0)
		return eh_error_set(error, EH_ERR_INTERNAL,
		    "cannot load the filter for system calls: %s",
		    strerror(-err));
	return EH_OK;
}

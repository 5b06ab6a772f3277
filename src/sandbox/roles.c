/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each role may do: one row and one list of system calls per role, in
 * the names of x86-64 and arm64 (a name that an architecture lacks is left
 * out there).  Everything not listed here ends the process.
 *
 * Lists were traced, then widened; what is not obvious says why.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/net_tstamp.h>
#include <linux/ptp_clock.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "cage_priv.h"

#define CAP(name) (1ULL << CAP_##name)
#define MIB       (1024ULL * 1024)
#define LOW       0xffffffffULL /* an int argument: the rest is noise */
#define LIST(rows)                                                             \
	{                                                                      \
		rows, sizeof(rows) / sizeof((rows)[0])                         \
	}

/* One argument, two arguments, one flag required or barred. */
#define IS(arg, value)                                                         \
	{                                                                      \
		arg, LOW, (uint64_t)(value)                                    \
	}
#define HAS(arg, bits)                                                         \
	{                                                                      \
		arg, (uint64_t)(bits), (uint64_t)(bits)                        \
	}
#define HAS_NOT(arg, bits)                                                     \
	{                                                                      \
		arg, (uint64_t)(bits), 0                                       \
	}
#define IS_NULL(arg)                                                           \
	{                                                                      \
		arg, ~0ULL, 0                                                  \
	}
#define OPTION(level, name)                                                    \
	{                                                                      \
		"setsockopt",                                                  \
		{                                                              \
			IS(1, level), IS(2, name)                              \
		}                                                              \
	}
#define GET_OPTION(lvl, opt)                                                   \
	{                                                                      \
		"getsockopt",                                                  \
		{                                                              \
			IS(1, lvl), IS(2, opt)                                 \
		}                                                              \
	}
#define SOCKET(family)                                                         \
	{                                                                      \
		"socket",                                                      \
		{                                                              \
			IS(0, family)                                          \
		}                                                              \
	}
#define CONTROL(request)                                                       \
	{                                                                      \
		"ioctl",                                                       \
		{                                                              \
			IS(1, request)                                         \
		}                                                              \
	}
#define PRCTL(option)                                                          \
	{                                                                      \
		"prctl",                                                       \
		{                                                              \
			IS(0, option)                                          \
		}                                                              \
	}

/* The type argument also carries SOCK_NONBLOCK and SOCK_CLOEXEC. */
#define SOCKET_TYPE(family, type)                                              \
	{                                                                      \
		"socket",                                                      \
		{                                                              \
			IS(0, family),                                         \
			{                                                      \
				1, 0xf, (uint64_t)(type)                       \
			}                                                      \
		}                                                              \
	}

/* Newer than the headers of the systems we build on. */
#define OPT_TIMESTAMPING_NEW 65
#define OPT_TIMESTAMPNS_NEW  64
#define PRCTL_SET_MDWE       65
#define PRCTL_GET_MDWE       66
#define PRCTL_SET_VMA        0x53564d41

static const struct sandbox_rule base_rules[] = {
    {.name = "read"}, {.name = "write"},
    {.name = "readv"},  /* libevent buffers */
    {.name = "writev"}, /* libevent buffers; the C library's last words */
    {.name = "close"}, {.name = "recvmsg"}, {.name = "sendmsg"},
    {.name = "recvfrom"},     /* recv */
    {"sendto", {IS_NULL(4)}}, /* send: to where it is connected */
    {.name = "shutdown"}, {.name = "fcntl"}, /* O_NONBLOCK */
    {.name = "epoll_wait"}, {.name = "epoll_pwait"},
    {.name = "epoll_pwait2"}, /* libevent 2.2 */
    {.name = "epoll_ctl"},
    {.name = "timerfd_settime"},           /* libevent's precise timers; clock's
                                     * watch for steps */
    {.name = "poll"},                      /* libevent without epoll */
    {.name = "ppoll"}, {.name = "getpid"}, /* libcrypto: did we fork? */
    {.name = "gettid"},                    /* abort */
    {.name = "getppid"},                   /* is super still there? */
    {.name = "tgkill"},                    /* abort, and the SIGSYS handler */
    {.name = "getrandom"},
    {.name = "clock_gettime"}, /* when the vDSO cannot (O5) */
    {.name = "clock_getres"}, {.name = "gettimeofday"}, {.name = "time"},
    {.name = "clock_nanosleep"}, {.name = "brk"},
    {"mmap", {HAS(3, MAP_ANONYMOUS), HAS_NOT(2, PROT_EXEC)}},
    {"mprotect", {HAS_NOT(2, PROT_EXEC)}}, {.name = "munmap"},
    {.name = "madvise"}, {.name = "mremap"},
    {.name = "mlock"}, /* secrets; bounded by RLIMIT_MEMLOCK */
    {.name = "mlock2"}, {.name = "munlock"}, {.name = "futex"},
    {.name = "sched_yield"}, {.name = "rt_sigaction"},
    {.name = "rt_sigprocmask"}, {.name = "rt_sigreturn"},
    {.name = "sigaltstack"}, {.name = "restart_syscall"}, {.name = "exit"},
    {.name = "exit_group"},
    {.name = "sysinfo"}, /* qsort of the C library asks for it */
    {.name = "fstat"},   /* stdio, before the first write */
    {"newfstatat", {HAS(3, AT_EMPTY_PATH)}}, /* fstat of newer libraries */
    {.name = "lseek"},                       /* stdio, on exit */
    CONTROL(FIONREAD),                       /* libevent buffers */
    CONTROL(TCGETS),                         /* stdio: is this a terminal? */
    /* What the self-test and the report read. */
    {.name = "capget"}, {.name = "getuid"}, {.name = "geteuid"},
    {.name = "getgid"}, {.name = "getegid"}, {.name = "getresuid"},
    {.name = "getresgid"}, {.name = "getrlimit"},
    {"prlimit64", {IS_NULL(2)}}, /* reading only */
    PRCTL(PR_GET_NO_NEW_PRIVS), PRCTL(PR_GET_SECCOMP), PRCTL(PR_GET_DUMPABLE),
    PRCTL(PR_CAPBSET_READ), PRCTL(PR_SET_NAME), PRCTL(PRCTL_GET_MDWE),
    PRCTL(PRCTL_SET_VMA), /* the C library names its arenas */
};

static const struct sandbox_rule clock_rules[] = {
    /* Steps too (ADJ_SETOFFSET): no other call sets the clock.  Reading
     * needs no capability, setting has CAP_SYS_TIME in front of it. */
    {.name = "clock_adjtime"},
    {.name = "adjtimex"},
};

static const struct sandbox_rule sync_rules[] = {
    {.name = "recvmmsg"},
    {.name = "sendmmsg"},
    SOCKET_TYPE(AF_INET, SOCK_DGRAM),
    SOCKET_TYPE(AF_INET6, SOCK_DGRAM),
    {.name = "bind"},
    {.name = "connect"},
    {.name = "getsockname"},
    {.name = "getpeername"},
    GET_OPTION(SOL_SOCKET, SO_ERROR),
    GET_OPTION(SOL_SOCKET, SO_TIMESTAMPING), /* was it taken? */
    GET_OPTION(IPPROTO_IP, 14),              /* IP_MTU */
    GET_OPTION(IPPROTO_IPV6, 24),            /* IPV6_MTU */
    OPTION(SOL_SOCKET, SO_TIMESTAMPING),
    OPTION(SOL_SOCKET, OPT_TIMESTAMPING_NEW),
    OPTION(SOL_SOCKET, SO_TIMESTAMPNS),
    OPTION(SOL_SOCKET, OPT_TIMESTAMPNS_NEW),
    OPTION(SOL_SOCKET, SO_TIMESTAMP),
    OPTION(SOL_SOCKET, SO_SELECT_ERR_QUEUE),
    OPTION(SOL_SOCKET, SO_RXQ_OVFL),
    OPTION(SOL_SOCKET, SO_BINDTODEVICE), /* bindacqdevice */
    OPTION(SOL_SOCKET, SO_RCVBUF),
    OPTION(SOL_SOCKET, SO_SNDBUF),
    OPTION(SOL_SOCKET, SO_REUSEADDR),
    OPTION(SOL_SOCKET, SO_BROADCAST),
    OPTION(SOL_SOCKET, SO_PRIORITY),
    OPTION(IPPROTO_IP, IP_PKTINFO),
    OPTION(IPPROTO_IP, IP_MTU_DISCOVER),
    OPTION(IPPROTO_IP, IP_TOS),
    OPTION(IPPROTO_IP, IP_RECVERR),
    OPTION(IPPROTO_IP, IP_FREEBIND),
    OPTION(IPPROTO_IPV6, IPV6_V6ONLY),
    OPTION(IPPROTO_IPV6, IPV6_RECVPKTINFO),
    OPTION(IPPROTO_IPV6, IPV6_MTU_DISCOVER),
    OPTION(IPPROTO_IPV6, IPV6_TCLASS),
    OPTION(IPPROTO_IPV6, IPV6_RECVERR),
};

/* Only with hardware stamps; super has set SIOCSHWTSTAMP before. */
static const struct sandbox_rule hardware_rules[] = {
    CONTROL(PTP_CLOCK_GETCAPS),
    CONTROL(PTP_SYS_OFFSET),
    CONTROL(PTP_SYS_OFFSET_EXTENDED),
    CONTROL(PTP_SYS_OFFSET_PRECISE),
};

static const struct sandbox_rule serve_rules[] = {
    {.name = "recvmmsg"},
    {.name = "sendmmsg"},
};

static const struct sandbox_rule ke_rules[] = {
    {.name = "accept"},
    {.name = "accept4"},
    {.name = "getsockname"},
    {.name = "getpeername"},
    GET_OPTION(SOL_SOCKET, SO_ERROR),
    OPTION(SOL_SOCKET, SO_LINGER),
    OPTION(SOL_SOCKET, SO_RCVLOWAT), /* sleep until the hello is whole */
    OPTION(SOL_SOCKET, SO_KEEPALIVE),
    OPTION(IPPROTO_TCP, TCP_NODELAY),
};

static const struct sandbox_rule dial_rules[] = {
    SOCKET_TYPE(AF_INET, SOCK_STREAM),
    SOCKET_TYPE(AF_INET6, SOCK_STREAM),
    {.name = "connect"},
    {.name = "bind"}, /* bindacqaddress; Landlock bars a chosen port */
    {.name = "getsockname"},
    {.name = "getpeername"},
    GET_OPTION(SOL_SOCKET, SO_ERROR),
    OPTION(SOL_SOCKET, SO_LINGER),
    OPTION(SOL_SOCKET, SO_KEEPALIVE),
    OPTION(SOL_SOCKET, SO_BINDTODEVICE),
    OPTION(IPPROTO_IP, 24), /* IP_BIND_ADDRESS_NO_PORT */
    OPTION(IPPROTO_TCP, TCP_NODELAY),
};

/* getaddrinfo, and the modules that nsswitch.conf names.  They were loaded
 * by a first lookup: mapping code is over. */
static const struct sandbox_rule dns_rules[] = {
    SOCKET_TYPE(AF_INET, SOCK_DGRAM),
    SOCKET_TYPE(AF_INET, SOCK_STREAM),
    SOCKET_TYPE(AF_INET6, SOCK_DGRAM),
    SOCKET_TYPE(AF_INET6, SOCK_STREAM),
    SOCKET(AF_UNIX),                           /* nscd, systemd-resolved */
    {"socket", {IS(0, AF_NETLINK), IS(2, 0)}}, /* routes: which families? */
    {.name = "alarm"},     /* the end of a lookup that takes too long */
    {.name = "setitimer"}, /* where alarm is made of it */
    {.name = "connect"},
    {.name = "bind"},
    {.name = "getsockname"},
    {.name = "getpeername"},
    {.name = "getsockopt"},
    {.name = "setsockopt"},
    {.name = "sendto"},
    {.name = "sendmmsg"},
    {.name = "recvmmsg"},
    {.name = "select"},
    {.name = "pselect6"},
    {"openat", {HAS_NOT(2, O_ACCMODE | O_CREAT | O_TRUNC)}},
    {.name = "newfstatat"},
    {.name = "statx"},
    {.name = "pread64"},
    {.name = "getdents64"},
    {.name = "access"},
    {.name = "faccessat"},
    {.name = "faccessat2"},
    {.name = "readlink"},
    {.name = "readlinkat"},
    {.name = "uname"},
    {.name = "geteuid"},
    {.name = "getegid"},
    {"mmap", {HAS_NOT(2, PROT_EXEC)}}, /* nscd's table; files */
    {.name = "rt_sigtimedwait"},
};

static const struct sandbox_rule ctl_rules[] = {
    {.name = "accept"},
    {.name = "accept4"},
    {.name = "getsockname"},
    {.name = "getpeername"},
    GET_OPTION(SOL_SOCKET, SO_PEERCRED),
    GET_OPTION(SOL_SOCKET, SO_ERROR),
};

#define CLONE_NEW_ANY                                                          \
	0x7e020080ULL /* CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID, NET, TIME */

static const struct sandbox_rule super_rules[] = {
    /* Start, watch and end children. */
    {"clone", {HAS_NOT(0, CLONE_NEW_ANY)}},
    {.name = "fork"},
    {.name = "vfork"},
    {.name = "execve"},
    {.name = "wait4"},
    {.name = "waitid"},
    {.name = "kill"},
    {.name = "pidfd_open"},
    {.name = "pidfd_send_signal"},
    {.name = "setsid"},
    {.name = "setpgid"},
    {.name = "getpgrp"},
    {.name = "getpgid"},
    /* What ld.so, the C library and libcrypto do in a new process. */
    {.name = "mmap"},
    {.name = "mprotect"},
    {.name = "arch_prctl"},
    {.name = "set_tid_address"},
    {.name = "set_robust_list"},
    {.name = "get_robust_list"},
    {.name = "rseq"},
    {.name = "membarrier"},
    {.name = "prlimit64"},
    {.name = "setrlimit"},
    {.name = "getrusage"},
    {.name = "times"},
    {.name = "getcwd"},
    {.name = "getgroups"},
    {.name = "sched_getaffinity"}, /* how many workers? */
    {.name = "sched_setaffinity"}, /* pinned */
    {.name = "sched_setscheduler"},
    {.name = "sched_getscheduler"},
    {.name = "sched_setparam"},
    {.name = "sched_getparam"},
    {.name = "sched_setattr"},
    {.name = "sched_getattr"},
    {.name = "sched_get_priority_max"},
    {.name = "sched_get_priority_min"},
    {.name = "getpriority"},
    {.name = "setpriority"},
    {.name = "mlockall"}, /* lock_all */
    {.name = "munlockall"},
    {.name = "memfd_create"}, /* start data */
    /* What a child needs to put on its own cage. */
    {.name = "seccomp"},
    {.name = "landlock_create_ruleset"},
    {.name = "landlock_add_rule"},
    {.name = "landlock_restrict_self"},
    {.name = "capset"},
    {.name = "setgroups"},
    {.name = "setresuid"},
    {.name = "setresgid"},
    {.name = "close_range"},
    {.name = "umask"},
    PRCTL(PR_SET_PDEATHSIG),
    PRCTL(PR_GET_PDEATHSIG),
    PRCTL(PR_SET_DUMPABLE),
    PRCTL(PR_GET_DUMPABLE),
    PRCTL(PR_SET_KEEPCAPS),
    PRCTL(PR_SET_NAME),
    PRCTL(PR_GET_NAME),
    PRCTL(PR_SET_SECCOMP),
    PRCTL(PR_GET_SECCOMP),
    PRCTL(PR_CAPBSET_READ),
    PRCTL(PR_CAPBSET_DROP),
    PRCTL(PR_SET_NO_NEW_PRIVS),
    PRCTL(PR_GET_NO_NEW_PRIVS),
    PRCTL(PR_CAP_AMBIENT),
    PRCTL(PRCTL_SET_MDWE),
    PRCTL(PRCTL_GET_MDWE),
    PRCTL(PRCTL_SET_VMA),
    /* Files: Landlock says which. */
    {.name = "open"},
    {.name = "openat"},
    {.name = "pwrite64"},
    {.name = "pread64"},
    {.name = "ftruncate"},
    {.name = "fallocate"},
    {.name = "fsync"},
    {.name = "fdatasync"},
    {.name = "flock"},
    {.name = "stat"},
    {.name = "lstat"},
    {.name = "newfstatat"},
    {.name = "statfs"},
    {.name = "fstatfs"},
    {.name = "unlink"},
    {.name = "unlinkat"},
    {.name = "rmdir"},
    {.name = "rename"},
    {.name = "renameat"},
    {.name = "renameat2"},
    {.name = "linkat"},
    {.name = "mkdir"},
    {.name = "mkdirat"},
    {.name = "chmod"},
    {.name = "fchmod"},
    {.name = "fchmodat"},
    {.name = "chown"},
    {.name = "fchown"},
    {.name = "fchownat"},
    {.name = "utimensat"},
    {.name = "chdir"},
    {.name = "fchdir"},
    {.name = "inotify_init1"},
    {.name = "inotify_add_watch"},
    {.name = "inotify_rm_watch"},
    /* Descriptors and sockets that children inherit. */
    {.name = "dup"},
    {.name = "dup2"},
    {.name = "dup3"},
    {.name = "pipe"},
    {.name = "pipe2"},
    {.name = "socketpair"},
    SOCKET(AF_INET),
    SOCKET(AF_INET6),
    SOCKET(AF_UNIX),
    SOCKET(AF_NETLINK),
    {.name = "listen"},
    {.name = "setsockopt"},
    {.name = "getsockopt"},
    {.name = "sendto"},
    CONTROL(FIONREAD),
    CONTROL(FIONBIO),
    CONTROL(FIOCLEX),
    CONTROL(TCGETS),
    CONTROL(TIOCGWINSZ),
    CONTROL(SIOCGIFNAME),
    CONTROL(SIOCGIFINDEX),
    CONTROL(SIOCGIFFLAGS),
    CONTROL(SIOCGIFCONF),
    CONTROL(SIOCETHTOOL),
    CONTROL(SIOCSHWTSTAMP),
    CONTROL(SIOCGHWTSTAMP),
    CONTROL(PTP_CLOCK_GETCAPS),
    CONTROL(PTP_SYS_OFFSET),
    CONTROL(PTP_SYS_OFFSET_EXTENDED),
    CONTROL(PTP_SYS_OFFSET_PRECISE),
    /* Waiting. */
    {.name = "epoll_create"},
    {.name = "epoll_create1"},
    {.name = "eventfd2"},
    {.name = "timerfd_create"},
    {.name = "timerfd_gettime"},
    {.name = "signalfd4"},
    {.name = "nanosleep"},
    {.name = "pause"},
    {.name = "alarm"},
    {.name = "setitimer"},
    {.name = "rt_sigsuspend"},
    {.name = "rt_sigpending"},
};

static const struct sandbox_list base_list = LIST(base_rules);
static const struct sandbox_list hardware_list = LIST(hardware_rules);

#define RX (SANDBOX_READ | SANDBOX_EXEC)

/* Where ld.so, libcrypto and the resolver look.  What the configuration
 * names is added by the plan. */
static const struct sandbox_path super_paths[] = {
    {"/usr", RX},
    {"/lib", RX},
    {"/lib64", RX},
    {"/nix/store", RX},
    {"/gnu/store", RX},
    {"/etc", SANDBOX_READ},
    {"/dev", SANDBOX_READ},
    {"/dev/null", SANDBOX_READ | SANDBOX_WRITE},
    {"/proc", SANDBOX_READ},
    {"/sys/devices/system/cpu", SANDBOX_READ},
    {"/run/systemd/resolve", SANDBOX_READ},
    {"/run/resolvconf", SANDBOX_READ},
    {"/run/NetworkManager", SANDBOX_READ},
    {"/run/nscd", SANDBOX_READ},
    {"/var/cache/nscd", SANDBOX_READ},
};

static const struct sandbox_path dns_paths[] = {
    {"/etc", SANDBOX_READ},
    {"/usr/lib", SANDBOX_READ},
    {"/usr/share/libc-bin", SANDBOX_READ},
    {"/run/systemd/resolve", SANDBOX_READ},
    {"/run/resolvconf", SANDBOX_READ},
    {"/run/NetworkManager", SANDBOX_READ},
    {"/run/nscd", SANDBOX_READ},
    {"/var/cache/nscd", SANDBOX_READ},
};

#define SUPER_CAPS                                                             \
	(CAP(SETUID) | CAP(SETGID) | CAP(SETPCAP) | CAP(KILL) |                \
	    CAP(NET_BIND_SERVICE) | CAP(SYS_TIME))

static const struct sandbox_role roles[ROLE_CNT] = {
    [ROLE_SUPER] = {.caps = SUPER_CAPS,
	.nofile_max = 256,
	.net = SANDBOX_NET_FREE,
	.may_exec = true,
	.own = LIST(super_rules),
	.paths = super_paths,
	.path_cnt = sizeof(super_paths) / sizeof(super_paths[0])},
    [ROLE_CLOCK] = {.caps = CAP(SYS_TIME),
	.caps_needed = CAP(SYS_TIME),
	.nofile_max = 32,
	.own = LIST(clock_rules)},
    [ROLE_SYNC] = {.nofile_max = 320,
	.as_max = 256 * MIB,
	.own = LIST(sync_rules)},
    [ROLE_SERVE] = {.nofile_max = 32, .own = LIST(serve_rules)},
    [ROLE_KE] = {.nofile_max = 164, .own = LIST(ke_rules)},
    [ROLE_DIAL] = {.nofile_max = 64,
	.as_max = 256 * MIB,
	.net = SANDBOX_NET_DIAL,
	.own = LIST(dial_rules)},
    [ROLE_DNS] = {.nofile_max = 64,
	.net = SANDBOX_NET_DNS,
	.own = LIST(dns_rules),
	.paths = dns_paths,
	.path_cnt = sizeof(dns_paths) / sizeof(dns_paths[0])},
    [ROLE_CTL] = {.nofile_max = 128, .own = LIST(ctl_rules)},
};

const struct sandbox_role *
sandbox_role_row(enum role role)
{
	return &roles[role];
}

const struct sandbox_list *
sandbox_base_list(void)
{
	return &base_list;
}

const struct sandbox_list *
sandbox_hardware_list(void)
{
	return &hardware_list;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Landlock: everything that the running kernel can restrict is restricted;
 * only paths and TCP ports of the role's table and plan remain.  The
 * structures are our own copy, because the headers of older systems stop at
 * an early version; the version found at run time masks what is asked.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cage_priv.h"

/* The same numbers on every architecture. */
#define CALL_CREATE    444
#define CALL_ADD       445
#define CALL_RESTRICT  446

#define CREATE_VERSION 1U
#define RULE_PATH      1
#define RULE_PORT      2

struct ruleset_attr {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

struct path_attr {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed)); /* the kernel's layout has no padding */

struct port_attr {
	uint64_t allowed;
	uint64_t port;
};

#define BIT(n) (1ULL << (n))
enum {
	EXECUTE = 0,
	WRITE_FILE = 1,
	READ_FILE = 2,
	READ_DIR = 3,
	REMOVE_DIR = 4,
	REMOVE_FILE = 5,
	MAKE_DIR = 7,
	MAKE_REG = 8,
	MAKE_SOCK = 9,
	TRUNCATE = 14,
	IOCTL_DEV = 15,
	BIND_TCP = 0,
	CONNECT_TCP = 1,
};

/* Which bits each version knows: all up to these. */
static uint64_t
known_fs(int abi)
{
	if (abi >= 5)
		return BIT(16) - 1;
	if (abi >= 3)
		return BIT(15) - 1;
	return abi >= 2 ? BIT(14) - 1 : BIT(13) - 1;
}

static const uint64_t file_bits = BIT(EXECUTE) | BIT(WRITE_FILE) |
    BIT(READ_FILE) | BIT(TRUNCATE) | BIT(IOCTL_DEV);

static uint64_t
path_bits(unsigned access)
{
	uint64_t bits = 0;

	if (access & SANDBOX_READ)
		bits |= BIT(READ_FILE) | BIT(READ_DIR);
	if (access & SANDBOX_EXEC)
		bits |= BIT(EXECUTE);
	if (access & SANDBOX_WRITE)
		bits |= BIT(WRITE_FILE) | BIT(TRUNCATE) | BIT(REMOVE_FILE) |
		    BIT(REMOVE_DIR) | BIT(MAKE_DIR) | BIT(MAKE_REG) |
		    BIT(MAKE_SOCK);
	if (access & SANDBOX_DEVICE)
		bits |= BIT(IOCTL_DEV);
	return bits;
}

static int
add_path(int ruleset, const char *path, unsigned access, uint64_t known)
{
	struct path_attr attr = {.allowed = path_bits(access) & known};
	struct stat st;
	int err = 0;

	attr.fd = open(path, O_PATH | O_CLOEXEC);
	if (attr.fd < 0)
		return 0; /* nothing there: nothing to allow */
	if (fstat(attr.fd, &st) != 0 || !S_ISDIR(st.st_mode))
		attr.allowed &= file_bits;
	if (syscall(CALL_ADD, ruleset, RULE_PATH, &attr, 0) != 0)
		err = ERR_SYSTEM;
	(void)close(attr.fd);
	return err;
}

struct library_walk {
	int ruleset;
	uint64_t known;
	int err;
};

/* Where our own libraries came from, children will look for them again. */
static int
add_library(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct library_walk *w = arg;
	char dir[PATH_MAX];
	const char *slash = strrchr(info->dlpi_name, '/');
	size_t len;

	(void)size;
	if (slash == NULL || slash == info->dlpi_name)
		return 0;
	len = (size_t)(slash - info->dlpi_name);
	if (len >= sizeof(dir))
		return 0;
	memcpy(dir, info->dlpi_name, len);
	dir[len] = '\0';
	w->err =
	    add_path(w->ruleset, dir, SANDBOX_READ | SANDBOX_EXEC, w->known);
	return w->err;
}

/* super runs this very file again, also after an upgrade replaced it. */
static int
add_ourselves(int ruleset, uint64_t known)
{
	struct library_walk w = {.ruleset = ruleset, .known = known};
	int err = add_path(
	    ruleset, "/proc/self/exe", SANDBOX_READ | SANDBOX_EXEC, known);

	if (err != 0)
		return err;
	(void)dl_iterate_phdr(add_library, &w);
	return w.err;
}

static int
add_paths(int ruleset, const struct sandbox_plan *plan, uint64_t known)
{
	const struct sandbox_role *row = sandbox_role_row(plan->role);
	int err = 0;

	for (size_t i = 0; err == 0 && i < row->path_cnt; i++)
		err = add_path(
		    ruleset, row->paths[i].path, row->paths[i].access, known);
	for (size_t i = 0; err == 0 && i < plan->path_cnt; i++)
		err = add_path(
		    ruleset, plan->paths[i].path, plan->paths[i].access, known);
	if (err == 0 && row->may_exec)
		err = add_ourselves(ruleset, known);
	return err;
}

static int
add_port(int ruleset, uint16_t port)
{
	struct port_attr attr = {.allowed = BIT(CONNECT_TCP), .port = port};

	return syscall(CALL_ADD, ruleset, RULE_PORT, &attr, 0) == 0
	    ? 0
	    : ERR_SYSTEM;
}

static int
add_ports(int ruleset, const struct sandbox_plan *plan, uint64_t handled)
{
	enum sandbox_net net = sandbox_role_row(plan->role)->net;
	int err = 0;

	if ((handled & BIT(CONNECT_TCP)) == 0)
		return 0;
	if (net == SANDBOX_NET_DNS)
		return add_port(ruleset, 53);
	if (net != SANDBOX_NET_DIAL)
		return 0;
	for (size_t i = 0; err == 0 && i < plan->tcp_port_cnt; i++)
		err = add_port(ruleset, plan->tcp_ports[i]);
	return err;
}

static struct ruleset_attr
wanted(const struct sandbox_plan *plan, int abi)
{
	enum sandbox_net net = sandbox_role_row(plan->role)->net;
	struct ruleset_attr attr = {.fs = known_fs(abi)};

	if (abi >= 4 && net != SANDBOX_NET_FREE) {
		attr.net = BIT(BIND_TCP) | BIT(CONNECT_TCP);
		if (net == SANDBOX_NET_DIAL && plan->tcp_port_cnt == 0)
			attr.net = BIT(BIND_TCP);
	}
	/* Abstract Unix sockets, and signals to anybody outside.  super's
	 * children are inside its domain, but the domain is inherited. */
	if (abi >= 6 && plan->role != ROLE_SUPER)
		attr.scoped = 3;
	return attr;
}

/* The root directory is in nobody's list: listing it must fail now. */
static bool
holds(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return true;
	(void)close(fd);
	return false;
}

static int
restrict_self(const struct sandbox_plan *plan, int abi)
{
	struct ruleset_attr attr = wanted(plan, abi);
	long fd = syscall(CALL_CREATE, &attr, sizeof(attr), 0);
	int err;

	if (fd < 0)
		return ERR_SYSTEM;
	err = add_paths((int)fd, plan, attr.fs);
	if (err == 0)
		err = add_ports((int)fd, plan, attr.net);
	if (err == 0 && syscall(CALL_RESTRICT, (int)fd, 0) != 0)
		err = ERR_SYSTEM;
	(void)close((int)fd);
	return err;
}

int
sandbox_landlock_enter(const struct sandbox_plan *plan, int *abi, char *why)
{
	long version = syscall(CALL_CREATE, NULL, 0, CREATE_VERSION);

	*abi = 0;
	if (version <= 0)
		return 0; /* this kernel has none: the report says so */
	if (restrict_self(plan, (int)version) != 0)
		return sandbox_fail(why, ERR_SYSTEM, "cannot enter Landlock");
	if (!holds()) {
		errno = 0;
		return sandbox_fail(
		    why, ERR_DENIED, "Landlock does not hold: / can be listed");
	}
	*abi = (int)version;
	return 0;
}

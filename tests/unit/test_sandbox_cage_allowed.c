/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cages: every role enters its own and does what it may there, up to the
 * ports and the hardware clocks that its plan gives it.
 */
#include "cage_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ptp_clock.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static void
test_every_role_enters(void **state)
{
	(void)state;
	expect_good(ROLE_SUPER, do_common);
	for (size_t i = 0; i < CHILD_CNT; i++)
		expect_good(children[i], do_common);
}

static int
do_sync_work(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	    .sin_port = htons(9),
	    .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct mmsghdr m[1];
	int one = 1;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	(void)plan, (void)state;
	memset(m, 0, sizeof(m));
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		return 1;
	if (setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one)) != 0)
		return 2;
	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)) != 0)
		return 3;
	if (send(fd, "x", 1, 0) != 1)
		return 4;
	if (recvmmsg(fd, m, 1, 0, NULL) >= 0)
		return 5;
	return GOOD;
}

static int
do_bad_option(
    const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	int one = 1;

	(void)plan, (void)state;
	return setsockopt(0, SOL_SOCKET, SO_RCVTIMEO, &one, sizeof(one));
}

static int
do_dns_work(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	char text[16];
	int fd = open("/etc/hosts", O_RDONLY | O_CLOEXEC);

	(void)plan;
	if (fd < 0 || read(fd, text, sizeof(text)) < 0)
		return 1;
	if (state->landlock_abi == 0)
		return GOOD;
	/* Landlock, not the mode, is in the way. */
	if (open("/", O_RDONLY | O_DIRECTORY) >= 0 || errno != EACCES)
		return 2;
	if (open("/proc/self/status", O_RDONLY) >= 0 || errno != EACCES)
		return 3;
	return GOOD;
}

static int
do_dns_write(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	(void)plan, (void)state;
	return open("/tmp/truenoon-cage", O_WRONLY | O_CREAT, 0600) < 0;
}

static int
do_connect(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return EBADF;
	errno = 0;
	(void)connect(fd, (struct sockaddr *)&to, sizeof(to));
	close(fd);
	return errno;
}

static int
do_dns_ports(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	(void)plan;
	if (state->landlock_abi < 4)
		return GOOD;
	return do_connect(80) == EACCES && do_connect(53) != EACCES ? GOOD : 1;
}

static int
do_dial_ports(
    const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	(void)plan, (void)state;
	return do_connect(4460) != EACCES ? GOOD : 1;
}

/* No clock answers here; the cage alone is asked. */
static int
ask_clock(unsigned long request)
{
	struct ptp_sys_offset_extended room = {.n_samples = 1};

	return ioctl(STDIN_FILENO, request, &room) < 0 ? GOOD : FAILED;
}

static int
do_read_phc(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	(void)plan, (void)state;
	return ask_clock(PTP_SYS_OFFSET_PRECISE) +
	    ask_clock(PTP_SYS_OFFSET_EXTENDED) + ask_clock(PTP_SYS_OFFSET);
}

static int
do_use_phc(const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	(void)plan, (void)state;
	return ask_clock(PTP_EXTTS_REQUEST);
}

static int
do_switch_stamps(
    const struct sandbox_plan *plan, const struct sandbox_state *state)
{
	(void)plan, (void)state;
	return ask_clock(SIOCSHWTSTAMP);
}

/* Clocks of interfaces: only to be read, and only where that is configured
 * and by those who stamp packets. */
static void
test_hardware_clocks(void **state)
{
	(void)state;
	expect_death(ROLE_SYNC, do_read_phc, "ioctl");
	expect_death(ROLE_SERVE, do_read_phc, "ioctl");
	more_flags = SANDBOX_HARDWARE;
	expect_good(ROLE_SYNC, do_read_phc);
	expect_good(ROLE_SERVE, do_read_phc);
	expect_death(ROLE_KE, do_read_phc, "ioctl");
	expect_death(ROLE_SYNC, do_use_phc, "ioctl");
	expect_death(ROLE_SERVE, do_use_phc, "ioctl");
	expect_death(ROLE_SYNC, do_switch_stamps, "ioctl");
	expect_death(ROLE_SERVE, do_switch_stamps, "ioctl");
	more_flags = 0;
}

static void
test_single_roles(void **state)
{
	(void)state;
	expect_good(ROLE_SYNC, do_sync_work);
	expect_death(ROLE_SYNC, do_bad_option, "setsockopt");
	expect_good(ROLE_DNS, do_dns_work);
	expect_death(ROLE_DNS, do_dns_write, "openat");
	expect_good(ROLE_DNS, do_dns_ports);
	expect_good(ROLE_DIAL, do_dial_ports);
}

/* dial with ports in its plan connects to no other. */
static void
test_dial_ports(void **state)
{
	static const uint16_t ports[] = {4460};
	struct sandbox_plan plan;
	struct sandbox_state got;
	char why[SANDBOX_TEXT_MAX];
	int status;
	pid_t pid;

	(void)state;
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		fill_plan(&plan, ROLE_DIAL, -1);
		plan.tcp_ports = ports;
		plan.tcp_port_cnt = 1;
		if (sandbox_enter(&plan, &got, why) != 0)
			_exit(FAILED);
		if (got.landlock_abi < 4)
			_exit(GOOD);
		_exit(do_connect(4460) != EACCES && do_connect(443) == EACCES
			? GOOD
			: 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_role_enters),
	    cmocka_unit_test(test_hardware_clocks),
	    cmocka_unit_test(test_single_roles),
	    cmocka_unit_test(test_dial_ports),
	};

	return cage_run(
	    "sandbox_cage_allowed", tests, sizeof tests / sizeof *tests);
}

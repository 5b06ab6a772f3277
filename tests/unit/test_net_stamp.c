/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control data of packets with stamps of both kinds, laid out as the kernel
 * does, and the sanity of hardware stamps against the software's.  Loopback
 * with hardware stamps wanted gives the software's, as any interface without
 * them.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/stamp.h"
#include "net/udp.h"

#ifndef SCM_TIMESTAMPING
#define SCM_TIMESTAMPING SO_TIMESTAMPING
#endif
#define PKTINFO_TYPE 58 /* SCM_TIMESTAMPING_PKTINFO */

#define T0           (1795000000LL * TSTAMP_NS_PER_S)

struct control {
	_Alignas(struct cmsghdr) char room[256];
	struct msghdr msg;
};

static void
begin(struct control *c)
{
	memset(c, 0, sizeof *c);
	c->msg.msg_control = c->room;
}

static void
put(struct control *c, int level, int type, const void *data, size_t len)
{
	struct cmsghdr h = {.cmsg_level = level, .cmsg_type = type};
	char *at = c->room + c->msg.msg_controllen;

	h.cmsg_len = CMSG_LEN(len);
	memcpy(at, &h, sizeof h);
	memcpy(at + CMSG_LEN(0), data, len);
	c->msg.msg_controllen += CMSG_SPACE(len);
}

static void
put_times(struct control *c, int64_t soft_ns, int64_t phc_ns)
{
	struct timespec ts[3];

	memset(ts, 0, sizeof ts);
	ts[0].tv_sec = soft_ns / TSTAMP_NS_PER_S;
	ts[0].tv_nsec = soft_ns % TSTAMP_NS_PER_S;
	ts[2].tv_sec = phc_ns / TSTAMP_NS_PER_S;
	ts[2].tv_nsec = phc_ns % TSTAMP_NS_PER_S;
	put(c, SOL_SOCKET, SCM_TIMESTAMPING, ts, sizeof ts);
}

static void
received_packet(void **state)
{
	uint32_t info[4] = {7, 90, 0, 0};
	struct in_pktinfo pkt = {.ipi_ifindex = 9};
	struct control c;
	struct net_stamp_raw raw;

	(void)state;
	begin(&c);
	put_times(&c, T0 + 5, 37 * TSTAMP_NS_PER_S + 6);
	put(&c, SOL_SOCKET, PKTINFO_TYPE, info, sizeof info);
	put(&c, IPPROTO_IP, IP_PKTINFO, &pkt, sizeof pkt);
	net_stamp_read(&c.msg, &raw);
	assert_int_equal(raw.soft.ns, T0 + 5);
	assert_int_equal(raw.phc_ns, 37 * TSTAMP_NS_PER_S + 6);
	assert_int_equal(raw.if_idx, 7);
	assert_int_equal(raw.link_len, 90);
}

/* With SOF_TIMESTAMPING_OPT_TX_SWHW: two messages in the error queue. */
static void
sent_packet(void **state)
{
	uint8_t e[16] = {0}; /* struct sock_extended_err */
	struct control c;
	struct net_stamp_raw raw;

	(void)state;
	begin(&c);
	put_times(&c, T0, 0);
	put(&c, IPPROTO_IP, IP_RECVERR, e, sizeof e);
	net_stamp_read(&c.msg, &raw);
	assert_int_equal(raw.soft.ns, T0);
	assert_int_equal(raw.phc_ns, 0);
	begin(&c);
	put_times(&c, 0, 12345);
	put(&c, IPPROTO_IP, IP_RECVERR, e, sizeof e);
	net_stamp_read(&c.msg, &raw);
	assert_int_equal(raw.soft.ns, 0);
	assert_int_equal(raw.phc_ns, 12345);
	assert_int_equal(raw.if_idx, 0);
}

/* SO_TIMESTAMPNS, nothing at all, and what is too short or no time. */
static void
other_layouts(void **state)
{
	struct timespec one = {.tv_sec = 3, .tv_nsec = 4};
	struct timespec bad[3] = {{-1, 0}, {0, 0}, {1, 1000000000}};
	uint32_t info[2] = {7, 90};
	struct control c;
	struct net_stamp_raw raw;

	(void)state;
	begin(&c);
	put(&c, SOL_SOCKET, SCM_TIMESTAMPNS, &one, sizeof one);
	net_stamp_read(&c.msg, &raw);
	assert_int_equal(raw.soft.ns, 3 * TSTAMP_NS_PER_S + 4);
	assert_int_equal(raw.phc_ns, 0);
	begin(&c);
	net_stamp_read(&c.msg, &raw);
	assert_int_equal(raw.soft.ns, 0);
	begin(&c);
	put(&c, SOL_SOCKET, SCM_TIMESTAMPING, bad, sizeof bad);
	put(&c, SOL_SOCKET, PKTINFO_TYPE, info, sizeof info);
	net_stamp_read(&c.msg, &raw);
	assert_int_equal(raw.soft.ns, 0);
	assert_int_equal(raw.phc_ns, 0);
	assert_int_equal(raw.link_len, 0);
	/* Every length that is cut off. */
	for (size_t len = 0; len < sizeof bad; len++) {
		begin(&c);
		put(&c, SOL_SOCKET, SCM_TIMESTAMPING, bad, len);
		net_stamp_read(&c.msg, &raw);
		assert_int_equal(raw.phc_ns, 0);
	}
}

/* ---- sanity ---- */

struct card {
	int err;
	struct wall real;
	struct dur error;
	bool rx; /* asked last */
	unsigned asked;
};

static int
map(void *ctx, const struct net_stamp_raw *raw, bool rx, struct wall *real,
    struct dur *error)
{
	struct card *card = ctx;

	assert_true(raw->phc_ns != 0);
	card->asked++;
	card->rx = rx;
	*real = card->real;
	*error = card->error;
	return card->err;
}

#define US 1000LL
#define MS 1000000LL

static void
sanity(void **state)
{
	/* the hardware's stamp after the software's; what becomes of it */
	static const struct {
		bool rx;
		int64_t after_ns, error_ns;
		int err;
		bool good;
	} rows[] = {
	    {true, -20 * US, US, 0, true},
	    {true, 0, 0, 0, true},
	    {true, US, US, 0, true},
	    {true, US + 1, US, 0, false}, /* later than the kernel had it */
	    {true, -MS, 0, 0, true},
	    {true, -MS - 1, 0, 0, false}, /* waited too long */
	    {true, 37000 * MS, US, 0, false},
	    {true, -37000 * MS, US, 0, false},
	    {true, -20 * US, US, ERR_AGAIN, false},
	    {true, -20 * US, MS + 1, 0, false}, /* worth nothing */
	    {true, -20 * US, -1, 0, false},
	    {false, 20 * US, US, 0, true},
	    {false, -US, US, 0, true},
	    {false, -US - 1, US, 0, false}, /* before the driver had it */
	    {false, 10 * MS, 0, 0, true},
	    {false, 10 * MS + 1, 0, 0, false},
	    {false, 20 * US, US, ERR_BAD, false},
	    {false, INT64_MAX, US, 0, false},
	};
	struct net_stamp_raw raw = {.phc_ns = 1};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct card card = {.err = rows[i].err};
		struct net_hardware h = {.map = map, .ctx = &card};
		struct wall soft = {T0};
		struct net_stamp_at at = {{-5}, {-5}};
		bool good;

		card.real =
		    tstamp_wall_add(soft, (struct dur){rows[i].after_ns});
		card.error.ns = rows[i].error_ns;
		good = rows[i].rx ? net_stamp_rx(&h, &raw, soft, &at)
				  : net_stamp_tx(&h, &raw, soft, &at);
		assert_int_equal(good, rows[i].good);
		assert_int_equal(card.asked, 1);
		assert_int_equal(card.rx, rows[i].rx);
		assert_int_equal(h.used_cnt, rows[i].good);
		assert_int_equal(h.refused_cnt, !rows[i].good);
		assert_int_equal(at.real.ns, good ? card.real.ns : -5);
		assert_int_equal(at.error.ns, good ? card.error.ns : -5);
	}
}

/* An answer of a server has nothing but the present to be held against. */
static void
sanity_of_answers(void **state)
{
	static const struct {
		int64_t after_ns;
		bool good;
	} rows[] = {
	    {-20 * US, true},
	    {US, true},
	    {US + 1, false},
	    {-1000 * MS, true},
	    {-1000 * MS - US - 1, false},
	    {INT64_MIN, false},
	};
	struct net_stamp_raw raw = {.phc_ns = 1};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct card card = {.error = {US}};
		struct net_hardware h = {.map = map, .ctx = &card};
		struct wall now = {T0};
		struct net_stamp_at at = {{-5}, {-5}};

		card.real =
		    tstamp_wall_add(now, (struct dur){rows[i].after_ns});
		assert_int_equal(
		    net_stamp_left(&h, &raw, now, &at), rows[i].good);
		assert_int_equal(at.real.ns, rows[i].good ? card.real.ns : -5);
		assert_int_equal(h.used_cnt, rows[i].good);
		assert_false(card.rx);
	}
}

/* Server sockets with hardware stamps wanted: the kernel's where there are
 * no others, of requests and of answers. */
static void
server_on_loopback(void **state)
{
	struct net_udp_sent sent[NET_UDP_BATCH];
	struct net_udp_batch *b = net_udp_batch_new();
	struct card card = {0};
	struct net_hardware h = {.map = map, .ctx = &card};
	int hold = net_udp_hold_stamps();
	struct net_udp_client u, named;
	struct addr at;
	size_t cnt = 0;

	(void)state;
	usleep(50000);
	assert_int_equal(addr_parse(&at, "127.0.0.1"), 0);
	named.fd = net_udp_listen(&at, NULL);
	assert_true(named.fd >= 0);
	assert_int_equal(net_udp_hardware(named.fd), 0);
	assert_int_equal(net_udp_local(&named, &at), 0);
	b->hardware = &h;
	assert_int_equal(net_udp_open(&u, &at, NULL), 0);
	assert_int_equal(net_udp_send(&u, "ask", 3), 0);
	for (int i = 0; i < 1000 && net_udp_batch_recv(b, named.fd) == 0; i++)
		usleep(1000);
	assert_int_equal(b->cnt, 1);
	assert_true(b->at[0].kernel_stamp);
	assert_true(b->at[0].received.ns >= u.pre.real.ns);
	memcpy(b->at[0].out, "answer", 6);
	b->at[0].out_len = 6;
	b->at[0].out_stamp = true;
	assert_int_equal(net_udp_batch_send(b, named.fd), 1);
	for (int i = 0; i < 1000 && cnt == 0; i++) {
		cnt = net_udp_batch_sent(b, named.fd, sent);
		usleep(cnt == 0 ? 1000 : 0);
	}
	assert_int_equal(cnt, 1);
	assert_int_equal(sent[0].len, 6);
	assert_memory_equal(sent[0].data, "answer", 6);
	assert_true(sent[0].at.ns >= b->at[0].received.ns);
	assert_int_equal(card.asked, 0);
	net_udp_close(&u);
	close(named.fd);
	close(hold);
	net_udp_batch_free(b);
}

/* A packet that no hardware stamped is no failure of it. */
static void
not_stamped(void **state)
{
	struct card card = {0};
	struct net_hardware h = {.map = map, .ctx = &card};
	struct net_stamp_raw raw = {.soft = {T0}};
	struct net_stamp_at at = {{-5}, {-5}};

	(void)state;
	assert_false(net_stamp_rx(&h, &raw, raw.soft, &at));
	assert_false(net_stamp_tx(&h, &raw, raw.soft, &at));
	assert_int_equal(card.asked, 0);
	assert_int_equal(h.refused_cnt, 0);
	assert_int_equal(at.real.ns, -5);
}

static void
on_loopback(const char *text)
{
	struct net_udp_batch *b = net_udp_batch_new();
	struct card card = {0};
	struct net_hardware h = {.map = map, .ctx = &card};
	struct net_udp_options o = {.hardware = &h};
	struct net_udp_client u, named;
	struct net_stamp rx = {0};
	uint8_t buf[NET_UDP_DATA_MAX];
	struct addr at;
	size_t len;
	int fd, n = 0, err = ERR_AGAIN;

	assert_int_equal(addr_parse(&at, text), 0);
	fd = net_udp_listen(&at, NULL);
	if (fd == ERR_ABSENT || fd == ERR_SYSTEM) {
		print_message("no %s here: left out\n", text);
		net_udp_batch_free(b);
		return;
	}
	named.fd = fd;
	assert_int_equal(net_udp_local(&named, &at), 0);
	assert_int_equal(net_udp_open(&u, &at, &o), 0);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(net_udp_send(&u, "ask", 3), 0);
		for (int i = 0; n == 0 && i < 1000; i++) {
			n = net_udp_batch_recv(b, fd);
			usleep(n == 0 ? 1000 : 0);
		}
		assert_int_equal(n, 1);
		memcpy(b->at[0].out, "answer", 6);
		b->at[0].out_len = 6;
		assert_int_equal(net_udp_batch_send(b, fd), 1);
		for (int i = 0; err == ERR_AGAIN && i < 1000; i++) {
			err = net_udp_recv(&u, buf, sizeof buf, &len, &rx);
			usleep(err == ERR_AGAIN ? 1000 : 0);
		}
		assert_int_equal(err, 0);
		assert_int_equal(len, 6);
		n = 0;
		err = ERR_AGAIN;
	}
	/* The first exchange may be before the kernel's stamps are on. */
	assert_int_equal(rx.source, NET_STAMP_KERNEL);
	assert_int_equal(u.tx.source, NET_STAMP_KERNEL);
	assert_true(u.pre.real.ns <= u.tx.real.ns);
	assert_true(u.tx.real.ns <= rx.real.ns);
	assert_int_equal(card.asked, 0);
	assert_int_equal(h.used_cnt + h.refused_cnt, 0);
	net_udp_close(&u);
	close(fd);
	net_udp_batch_free(b);
}

static void
loopback(void **state)
{
	int hold = net_udp_hold_stamps();

	(void)state;
	usleep(50000); /* the kernel switches its stamps on in its own time */
	on_loopback("127.0.0.1");
	on_loopback("::1");
	if (hold >= 0)
		close(hold);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(received_packet),
	    cmocka_unit_test(sent_packet),
	    cmocka_unit_test(other_layouts),
	    cmocka_unit_test(sanity),
	    cmocka_unit_test(sanity_of_answers),
	    cmocka_unit_test(not_stamped),
	    cmocka_unit_test(server_on_loopback),
	    cmocka_unit_test(loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A socket as a BIO through sendmsg and recvmsg: no SIGPIPE, the calls that
 * every role's cage allows anyway, and those that a clock simulator knows.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/bio.h>

#include "tls_priv.h"

#define HOLD_MAX 4096

static struct net_tls *
owner_of(BIO *bio)
{
	return BIO_get_data(bio);
}

static bool
is_later(void)
{
	return errno == EAGAIN || errno == EINTR || errno == ENOTCONN;
}

/* Less than there was room for is all there is: libssl, which would ask once
 * more, is told so without asking the kernel. */
static int
bio_read(BIO *bio, char *buf, size_t max, size_t *len)
{
	struct net_tls *t = owner_of(bio);
	struct iovec iov = {buf, max};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n = -1;

	if (t->dry)
		errno = EAGAIN;
	else
		n = recvmsg(t->fd, &msg, MSG_DONTWAIT);
	BIO_clear_retry_flags(bio);
	*len = n > 0 ? (size_t)n : 0;
	t->dry = n > 0 && *len < max;
	if (n < 0 && is_later())
		BIO_set_retry_read(bio);
	if (n == 0)
		BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
	return n > 0;
}

void
net_tls_bio_drop(struct net_tls *t)
{
	free(t->held);
	t->held = NULL;
	t->held_pos = t->held_len = 0;
}

/* Keep what is not the end back, to go with what follows.
 * Return: whether it is kept. */
static bool
hold(struct net_tls *t, const char *data, size_t len)
{
	if (!t->more || t->ending || t->held || len > HOLD_MAX)
		return false;
	t->held = malloc(len);
	if (!t->held)
		return false;
	memcpy(t->held, data, len);
	t->held_pos = 0;
	t->held_len = len;
	return true;
}

/* Return: how much of n bytes sent is not of what was held. */
static size_t
sent(struct net_tls *t, size_t n)
{
	size_t old = t->held_len - t->held_pos;

	if (n < old) {
		t->held_pos += n;
		return 0;
	}
	net_tls_bio_drop(t);
	return n - old;
}

static int
bio_write(BIO *bio, const char *data, size_t len, size_t *done)
{
	struct net_tls *t = owner_of(bio);
	struct iovec iov[2] = {
	    {.iov_len = t->held_len - t->held_pos}, {.iov_len = len}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
	ssize_t n;

	BIO_clear_retry_flags(bio);
	*done = len;
	if (hold(t, data, len))
		return 1;
	iov[0].iov_base = t->held ? t->held + t->held_pos : NULL;
	memcpy(&iov[1].iov_base, &data, sizeof data); /* only read by it */
	n = sendmsg(t->fd, &msg,
	    MSG_DONTWAIT | MSG_NOSIGNAL | (t->more ? MSG_MORE : 0));
	*done = n > 0 ? sent(t, (size_t)n) : 0;
	if (*done == 0 && (n > 0 || is_later()))
		BIO_set_retry_write(bio);
	return *done > 0 ? 1 : -1; /* 0 would end libssl's closing */
}

static long
bio_ctrl(BIO *bio, int cmd, long arg, void *ptr)
{
	(void)arg;
	(void)ptr;
	switch (cmd) {
	case BIO_CTRL_FLUSH:
	case BIO_CTRL_DUP:
		return 1;
	case BIO_CTRL_EOF:
		return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
	default:
		return 0;
	}
}

BIO_METHOD *
net_tls_bio_method(void)
{
	BIO_METHOD *m = BIO_meth_new(
	    BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket by message");

	if (!m)
		return NULL;
	if (BIO_meth_set_read_ex(m, bio_read) &&
	    BIO_meth_set_write_ex(m, bio_write) &&
	    BIO_meth_set_ctrl(m, bio_ctrl))
		return m;
	BIO_meth_free(m);
	return NULL;
}

BIO *
net_tls_bio_new(const BIO_METHOD *m, struct net_tls *t)
{
	BIO *bio = BIO_new(m);

	if (!bio)
		return NULL;
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	return bio;
}

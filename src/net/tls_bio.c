/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A socket as a BIO through sendmsg and recvmsg: no SIGPIPE, the calls that
 * every role's cage allows anyway, and those that a clock simulator knows.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/bio.h>

#include "tls_priv.h"

static const struct net_tls *
owner_of(BIO *bio)
{
	return BIO_get_data(bio);
}

static bool
is_later(void)
{
	return errno == EAGAIN || errno == EINTR || errno == ENOTCONN;
}

static int
bio_read(BIO *bio, char *buf, size_t max, size_t *len)
{
	struct iovec iov = {buf, max};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n = recvmsg(owner_of(bio)->fd, &msg, MSG_DONTWAIT);

	BIO_clear_retry_flags(bio);
	*len = n > 0 ? (size_t)n : 0;
	if (n < 0 && is_later())
		BIO_set_retry_read(bio);
	if (n == 0)
		BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
	return n > 0;
}

static int
bio_write(BIO *bio, const char *data, size_t len, size_t *done)
{
	const struct net_tls *t = owner_of(bio);
	struct iovec iov = {.iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	memcpy(&iov.iov_base, &data, sizeof data); /* sendmsg only reads it */
	n = sendmsg(t->fd, &msg,
	    MSG_DONTWAIT | MSG_NOSIGNAL | (t->more ? MSG_MORE : 0));
	BIO_clear_retry_flags(bio);
	*done = n > 0 ? (size_t)n : 0;
	if (n < 0 && is_later())
		BIO_set_retry_write(bio);
	return n > 0;
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

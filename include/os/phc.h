/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network interfaces that stamp packets in hardware, and reading the clock
 * they stamp with (PTP hardware clock, PHC).  All of it is ioctl; the call
 * can be replaced, for there are few such interfaces where tests run.
 */
#ifndef OS_PHC_H
#define OS_PHC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define OS_PHC_NAME_MAX 16 /* with its NUL */
#define OS_PHC_READINGS 10 /* asked for in one go */

/* As ioctl(2), errno included. */
typedef int os_phc_ioctl(int fd, unsigned long request, void *arg);

/* What an interface can do. */
struct os_phc_facts {
	char name[OS_PHC_NAME_MAX];
	uint32_t if_idx;
	int32_t phc_idx;     /* /dev/ptpN, -1: none */
	bool stamps;         /* both ways, by that clock */
	uint32_t rx_filters; /* bits, 1 << HWTSTAMP_FILTER_ */
	uint32_t speed_mbps; /* of the link now, 0: not known */
};

/* Which packets are to be stamped when they come in. */
enum os_phc_filter {
	OS_PHC_FILTER_ANY = 0, /* ntp where there is such, else all */
	OS_PHC_FILTER_NONE,
	OS_PHC_FILTER_NTP,
	OS_PHC_FILTER_PTP,
	OS_PHC_FILTER_ALL,
};

/**
 * os_phc_ioctl_real - the system's.
 */
int os_phc_ioctl_real(int fd, unsigned long request, void *arg);

/**
 * os_phc_names - the network interfaces there are.
 * Return: how many, at most max.
 */
size_t os_phc_names(char (*names)[OS_PHC_NAME_MAX], size_t max);

/**
 * os_phc_inspect - what an interface can do.
 * Return: 0, also when it can do nothing; ERR_ABSENT when there is no such
 * interface; ERR_SYSTEM.
 */
int os_phc_inspect(
    os_phc_ioctl *call, const char *name, struct os_phc_facts *f) MUST_CHECK;

/**
 * os_phc_enable - switch stamping on; needs CAP_NET_ADMIN, unless somebody
 * did it before.
 * @rx: whether packets that come in are stamped too.
 * Return: 0; ERR_ABSENT when the interface refuses it; ERR_DENIED;
 * ERR_SYSTEM.
 */
int os_phc_enable(os_phc_ioctl *call, const struct os_phc_facts *f,
    enum os_phc_filter filter, bool *rx) MUST_CHECK;

/**
 * os_phc_open - /dev/ptpN, for reading.
 * Return: a descriptor, or ERR_ABSENT, ERR_DENIED, ERR_SYSTEM.
 */
int os_phc_open(int32_t phc_idx) MUST_CHECK;

/* The PHC between two readings of CLOCK_REALTIME; ns. */
struct os_phc_reading {
	int64_t before_ns;
	int64_t phc_ns;
	int64_t after_ns;
};

/* One to read from.  Ways that the kernel or the driver refuses are not
 * tried again. */
struct os_phc {
	int fd; /* borrowed */
	os_phc_ioctl *call;
	bool no_cross;    /* no cross timestamps by hardware */
	bool no_extended; /* no readings closely around */
};

/**
 * os_phc_read - several readings in a row, the best way there is.
 * Return: how many there are in r; 0: it cannot be read.
 */
size_t os_phc_read(struct os_phc *p, struct os_phc_reading r[OS_PHC_READINGS]);

#endif

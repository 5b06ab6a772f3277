/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Latencies in a histogram of 0.4 % steps; what processes and a core consumed
 * from /proc.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

#define STEPS      256 /* to each doubling */
#define STEPS_LOG2 8

int64_t
load_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static unsigned
bucket_of(uint64_t ns)
{
	unsigned top, at;

	if (ns < STEPS)
		return (unsigned)ns;
	top = 63 - (unsigned)__builtin_clzll(ns);
	at = (top - STEPS_LOG2 + 1) * STEPS +
	    (unsigned)(ns >> (top - STEPS_LOG2) & (STEPS - 1));
	return at < LOAD_BUCKETS ? at : LOAD_BUCKETS - 1;
}

static double
value_of(unsigned bucket)
{
	unsigned top = bucket / STEPS + STEPS_LOG2 - 1;

	if (bucket < STEPS)
		return bucket;
	return (
	    double)((uint64_t)(STEPS + bucket % STEPS) << (top - STEPS_LOG2));
}

void
load_latency_add(struct load_latency *l, int64_t ns)
{
	if (ns < 0)
		ns = 0;
	l->bucket[bucket_of((uint64_t)ns)]++;
	l->cnt++;
	if (ns > l->max_ns)
		l->max_ns = ns;
}

double
load_latency_us(const struct load_latency *l, double quantile)
{
	uint64_t want = (uint64_t)((double)l->cnt * quantile), seen = 0;

	for (unsigned i = 0; i < LOAD_BUCKETS; i++) {
		seen += l->bucket[i];
		if (seen > want)
			return value_of(i) * 1e-3;
	}
	return (double)l->max_ns * 1e-3;
}

static uint64_t
read_rss(int pid)
{
	unsigned long long kib = 0;
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "VmRSS: %llu", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

static void
read_process(int pid, struct load_cpu *c)
{
	unsigned long user = 0, sys = 0;
	unsigned long long run = 0;
	char path[64], line[1024];
	const char *at;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	f = fopen(path, "r");
	if (f && fgets(line, sizeof line, f) && (at = strrchr(line, ')')) &&
	    sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
		&user, &sys) == 2) {
		c->user_s += (double)user / (double)sysconf(_SC_CLK_TCK);
		c->sys_s += (double)sys / (double)sysconf(_SC_CLK_TCK);
	}
	if (f)
		fclose(f);
	snprintf(path, sizeof path, "/proc/%d/schedstat", pid);
	f = fopen(path, "r");
	if (f && fscanf(f, "%llu", &run) == 1)
		c->run_s += (double)run * 1e-9;
	if (f)
		fclose(f);
	c->rss_kib += read_rss(pid);
}

static void
read_core(int core, struct load_cpu *c)
{
	unsigned long v[8] = {0}, busy;
	char line[512], head[32];
	FILE *f = fopen("/proc/stat", "r");
	int len = snprintf(head, sizeof head, "cpu%d ", core);

	while (f && fgets(line, sizeof line, f)) {
		if (strncmp(line, head, (size_t)len) != 0 ||
		    sscanf(line + len, "%lu %lu %lu %lu %lu %lu %lu %lu", &v[0],
			&v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]) != 8)
			continue;
		busy = v[0] + v[1] + v[2] + v[5] + v[6];
		c->core_s = (double)busy / (double)sysconf(_SC_CLK_TCK);
	}
	if (f)
		fclose(f);
}

void
load_cpu_read(const struct load_options *o, struct load_cpu *c)
{
	memset(c, 0, sizeof *c);
	for (unsigned i = 0; i < o->pid_cnt; i++)
		read_process(o->pids[i], c);
	if (o->core >= 0)
		read_core(o->core, c);
}

void
load_cpu_since(struct load_cpu *c, const struct load_cpu *before)
{
	c->user_s -= before->user_s;
	c->sys_s -= before->sys_s;
	c->run_s -= before->run_s;
	c->core_s -= before->core_s;
}

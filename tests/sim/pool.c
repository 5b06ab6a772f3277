/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Worker processes take (scenario, seed) pairs from a shared counter and
 * leave their results in shared memory.
 */
#include "pool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct job {
	const struct sim_scenario *sc;
	uint64_t seed;
	struct sim_result res;
};

struct shared {
	unsigned next;
	unsigned cnt;
	struct job job[];
};

static bool
wanted(
    const struct sim_scenario *sc, const char *const *picked, const char *only)
{
	if (only != NULL && strstr(sc->name, only) == NULL)
		return false;
	if (picked == NULL)
		return true;
	for (; *picked != NULL; picked++)
		if (strcmp(*picked, sc->name) == 0)
			return true;
	return false;
}

static void
work(struct shared *sh)
{
	for (;;) {
		unsigned i = __atomic_fetch_add(&sh->next, 1, __ATOMIC_RELAXED);
		struct job *j;

		if (i >= sh->cnt)
			return;
		j = &sh->job[i];
		sim_run(j->sc, j->seed, NULL, &j->res);
	}
}

static void
run_all(struct shared *sh)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int status;

	fflush(stdout);
	for (long k = 0; k < cores; k++) {
		pid_t pid = fork();

		if (pid == 0) {
			work(sh);
			_exit(0);
		}
		if (pid < 0) {
			work(sh);
			break;
		}
	}
	while (wait(&status) > 0)
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
			fprintf(stderr, "a simulation died\n");
			exit(2);
		}
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double
median(double *v, unsigned n)
{
	qsort(v, n, sizeof *v, by_size);
	return (v[(n - 1) / 2] + v[n / 2]) / 2;
}

static void
miss(struct sim_row *row, const char *what)
{
	size_t len = strlen(row->missed);

	snprintf(row->missed + len, sizeof row->missed - len, "%s%s",
	    len > 0 ? ", " : "", what);
}

static void
judge(struct sim_row *row)
{
	const struct sim_scenario *sc = row->sc;

	if (sc->ratio_a > 0 && row->rms_s > sc->ratio_a * row->ref_a_s)
		miss(row, "A");
	if (sc->ratio_b > 0 && row->rms_s > sc->ratio_b * row->ref_b_s)
		miss(row, "B");
	if (sc->worst_a > 0 && row->worst_a > sc->worst_a)
		miss(row, "worst seed");
	if (sc->rms_s > 0 && row->rms_s > sc->rms_s)
		miss(row, "rms");
	if (sc->max_s > 0 && row->max_s > sc->max_s)
		miss(row, "max");
	if (sc->at60_s > 0 && row->at60_s > sc->at60_s)
		miss(row, "settling");
	if (sc->at60_s > 0 && row->overshoot > 0.1)
		miss(row, "overshoot");
	if (sc->follow_s > 0 && row->follow_s > sc->follow_s)
		miss(row, "following");
	if (sc->budget_s > 0 && row->gap_s < sc->budget_s * 0.98)
		miss(row, "packets");
	if (sc->said_s > 0 && !(row->said_s >= 0 && row->said_s <= sc->said_s))
		miss(row, "saying so");
	if (sc->worst_a > 0 &&
	    (row->coverage < 0.9 ||
		(row->coverage > 0.99 && sc->careful == NULL)))
		miss(row, "sigma");
	if (sc->broken == NULL && row->violations > 0)
		miss(row, "bound");
	if (sc->broken == NULL && row->tightness > 1.5)
		miss(row, "tightness");
}

/* Pool the results of one scenario, job[0..n). */
static void
pool(const struct job *job, unsigned n, struct sim_row *row)
{
	double a2 = 0, b2 = 0, r2 = 0, f2 = 0;
	bool unsaid = false;
	double settle[SIM_SEED_MAX], at60[SIM_SEED_MAX], tight[SIM_SEED_MAX];

	memset(row, 0, sizeof *row);
	row->sc = job->sc;
	row->seeds = n;
	for (unsigned i = 0; i < n; i++) {
		const struct sim_result *r = &job[i].res;

		r2 += r->rms_s * r->rms_s / n;
		a2 += r->ref_a_s * r->ref_a_s / n;
		b2 += r->ref_b_s * r->ref_b_s / n;
		f2 += r->freq_rms_sps * r->freq_rms_sps / n;
		row->max_s = fmax(row->max_s, r->max_s);
		row->p99_s += r->p99_s / n;
		row->worst_a = fmax(row->worst_a, r->rms_s / r->ref_a_s);
		row->packets += r->packets / n;
		row->gap_s += r->gap_s / n;
		row->violations += r->bound_broken;
		row->coverage += r->coverage / n;
		row->synced += r->synced / n;
		if (r->said_s < 0)
			unsaid = true;
		row->said_s = fmax(row->said_s, r->said_s);
		row->overshoot = fmax(row->overshoot, r->overshoot);
		row->follow_s = fmax(row->follow_s, r->follow_s);
		settle[i] = r->settle_s;
		at60[i] = r->at60_s;
		tight[i] = r->tightness;
	}
	if (unsaid)
		row->said_s = -1;
	row->rms_s = sqrt(r2);
	row->ref_a_s = sqrt(a2);
	row->ref_b_s = sqrt(b2);
	row->freq_rms_sps = sqrt(f2);
	row->settle_s = median(settle, n);
	row->at60_s = median(at60, n);
	row->tightness = median(tight, n);
	judge(row);
}

size_t
sim_pool_run(const char *const *picked, const char *only, unsigned seeds,
    struct sim_row *rows)
{
	size_t most = sim_scenario_cnt * SIM_SEED_MAX, rows_cnt = 0;
	size_t len = sizeof(struct shared) + most * sizeof(struct job);
	struct shared *sh = mmap(NULL, len, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned at = 0;

	if (sh == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	for (size_t i = 0; i < sim_scenario_cnt; i++) {
		const struct sim_scenario *sc = &sim_scenarios[i];
		unsigned n =
		    sc->seeds > 0 && sc->seeds < seeds ? sc->seeds : seeds;

		if (!wanted(sc, picked, only))
			continue;
		for (unsigned s = 1; s <= n; s++)
			sh->job[sh->cnt++] = (struct job){.sc = sc, .seed = s};
	}
	run_all(sh);
	while (at < sh->cnt) {
		unsigned n = 1;

		while (at + n < sh->cnt && sh->job[at + n].sc == sh->job[at].sc)
			n++;
		pool(&sh->job[at], n, &rows[rows_cnt++]);
		at += n;
	}
	munmap(sh, len);
	return rows_cnt;
}

static const char *
si(char buf[16], double s)
{
	static const char *const unit[] = {"ns", "us", "ms", "s "};
	int k = 0;

	for (s *= 1e9; k < 3 && s >= 999.5; k++)
		s /= 1000;
	snprintf(buf, 16, "%.3g %s", s, unit[k]);
	return buf;
}

void
sim_pool_print_head(void)
{
	printf("%-22s %8s %8s %8s %8s %6s %6s %8s %8s %5s %5s %5s %5s %5s "
	       "%5s %5s\n",
	    "scenario", "rms", "max", "p99", "freq", "settle", "pkts", "A", "B",
	    "/A", "/B", "worst", "viol", "tight", "2sig", "sync");
}

static void
print_broken(const struct sim_row *r)
{
	if (r->said_s < 0)
		printf("  %s broken, not said", r->sc->broken);
	else
		printf("  %s broken, said within %.1f s", r->sc->broken,
		    r->said_s);
}

void
sim_pool_print(const struct sim_row *r)
{
	char b[6][16];

	printf("%-22s %8s %8s %8s %7.2gp %6.0f %6.0f %8s %8s %5.2f %5.2f "
	       "%5.2f %5u %5.2f %5.3f %5.3f",
	    r->sc->name, si(b[0], r->rms_s), si(b[1], r->max_s),
	    si(b[2], r->p99_s), r->freq_rms_sps * 1e6, r->settle_s, r->packets,
	    si(b[3], r->ref_a_s), si(b[4], r->ref_b_s), r->rms_s / r->ref_a_s,
	    r->rms_s / r->ref_b_s, r->worst_a, r->violations, r->tightness,
	    r->coverage, r->synced);
	if (r->sc->at60_s > 0)
		printf("  from 60 s on %s, overshoot %.1f %%",
		    si(b[4], r->at60_s), 100 * r->overshoot);
	if (r->sc->follow_s > 0)
		printf("  followed in %.0f s", r->follow_s);
	if (r->sc->broken != NULL)
		print_broken(r);
	if (r->sc->careful != NULL)
		printf("  sigma careful: %s", r->sc->careful);
	if (r->missed[0] != '\0')
		printf("  MISSED: %s", r->missed);
	putchar('\n');
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_draw SCENARIO [SEED] > file.svg: error, estimate, bound and poll of one
 * run over time, so that a change can be looked at before it is believed.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define WIDTH     1000
#define COLUMNS   900
#define LEFT      80
#define TOP       40
#define TALL      420
#define POLL_TOP  500
#define POLL_TALL 110

/* What happened within one column of the drawing. */
struct column {
	double err_lo;
	double err_hi;
	double bound;
	double sigma;
	int poll;
	bool any;
	bool unsynced;
};

struct drawing {
	double end_s;
	double lo; /* log10 of the least and greatest length shown */
	double hi;
	struct column col[COLUMNS];
};

static void
take(void *ctx, const struct sim_second *s)
{
	struct drawing *w = ctx;
	size_t i = (size_t)(s->t_s / w->end_s * (COLUMNS - 1));
	struct column *c = &w->col[i < COLUMNS ? i : COLUMNS - 1];
	double e = fabs(s->err_s);

	if (!c->any)
		*c = (struct column){.err_lo = e, .err_hi = e, .any = true};
	c->err_lo = fmin(c->err_lo, e);
	c->err_hi = fmax(c->err_hi, e);
	c->bound = fmax(c->bound, s->bound_s);
	c->sigma = fmax(c->sigma, s->sigma_s);
	c->poll = s->poll;
	c->unsynced |= !s->synced;
}

static void
find_range(struct drawing *w)
{
	w->lo = 0;
	w->hi = -9;
	for (size_t i = 0; i < COLUMNS; i++) {
		const struct column *c = &w->col[i];

		if (!c->any)
			continue;
		w->lo = fmin(w->lo, log10(fmax(c->err_hi, 1e-9)));
		w->hi = fmax(w->hi, log10(fmax(c->err_hi, 1e-9)));
		if (c->bound > 0)
			w->hi = fmax(w->hi, log10(c->bound));
	}
	w->lo = floor(w->lo);
	w->hi = ceil(w->hi + 1e-9);
}

static double
place(const struct drawing *w, double v)
{
	double l = fmin(fmax(log10(fmax(v, 1e-12)), w->lo), w->hi);

	return TOP + TALL * (w->hi - l) / (w->hi - w->lo);
}

static void
grid(const struct drawing *w, const char *title)
{
	static const char *const unit[] = {"1 ns", "10 ns", "100 ns", "1 us",
	    "10 us", "100 us", "1 ms", "10 ms", "100 ms", "1 s", "10 s",
	    "100 s", "1000 s"};

	printf("<text x='%d' y='24' font-size='16'>%s</text>\n", LEFT, title);
	for (int d = (int)w->lo; d <= (int)w->hi; d++) {
		double y = place(w, pow(10, d));

		printf("<path d='M%d %.1fH%d' stroke='#ddd'/>"
		       "<text x='%d' y='%.1f' text-anchor='end'>%s</text>\n",
		    LEFT, y, LEFT + COLUMNS, LEFT - 6, y + 4,
		    d >= -9 && d <= 3 ? unit[d + 9] : "");
	}
	for (int k = 0; k <= 10; k++) {
		int x = LEFT + COLUMNS * k / 10;

		printf("<path d='M%d %dV%d' stroke='#eee'/>"
		       "<text x='%d' y='%d' text-anchor='middle'>%.3g h</text>"
		       "\n",
		    x, TOP, POLL_TOP + POLL_TALL, x, POLL_TOP + POLL_TALL + 18,
		    w->end_s * k / 36000);
	}
}

static void
curve(const struct drawing *w, size_t offset, const char *style)
{
	bool pen = false;

	printf("<path fill='none' %s d='", style);
	for (size_t i = 0; i < COLUMNS; i++) {
		const struct column *c = &w->col[i];
		double v;

		memcpy(&v, (const char *)c + offset, sizeof v);
		if (!c->any || v <= 0) {
			pen = false;
			continue;
		}
		printf("%c%zu %.1f", pen ? 'L' : 'M', LEFT + i, place(w, v));
		pen = true;
	}
	printf("'/>\n");
}

static void
errors(const struct drawing *w)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		const struct column *c = &w->col[i];

		if (!c->any)
			continue;
		if (c->unsynced)
			printf("<path d='M%zu %dV%d' stroke='#fdd'/>\n",
			    LEFT + i, TOP, TOP + TALL);
		printf("<path d='M%zu %.1fV%.1f' stroke='#26c'/>\n", LEFT + i,
		    place(w, c->err_hi), place(w, c->err_lo) + 1);
	}
}

static void
polls(const struct drawing *w)
{
	for (int p = 4; p <= 10; p += 2)
		printf("<text x='%d' y='%d' text-anchor='end'>poll %d</text>\n",
		    LEFT - 6,
		    POLL_TOP + POLL_TALL - POLL_TALL * (p - 3) / 8 + 4, p);
	printf("<path fill='none' stroke='#083' d='");
	for (size_t i = 0, first = 1; i < COLUMNS; i++) {
		const struct column *c = &w->col[i];

		if (!c->any)
			continue;
		printf("%c%zu %d", first ? 'M' : 'L', LEFT + i,
		    POLL_TOP + POLL_TALL - POLL_TALL * (c->poll - 3) / 8);
		first = 0;
	}
	printf("'/>\n");
}

static void
draw(const struct drawing *w, const char *title)
{
	printf("<svg xmlns='http://www.w3.org/2000/svg' width='%d' "
	       "height='660' font-family='sans-serif' font-size='12'>\n"
	       "<rect width='100%%' height='100%%' fill='white'/>\n",
	    WIDTH);
	grid(w, title);
	errors(w);
	curve(w, offsetof(struct column, sigma), "stroke='#e80'");
	curve(w, offsetof(struct column, bound), "stroke='#c22'");
	polls(w);
	printf("<text x='%d' y='%d'><tspan fill='#26c'>|error|</tspan> "
	       "<tspan fill='#e80'>sigma</tspan> "
	       "<tspan fill='#c22'>bound</tspan> "
	       "<tspan fill='#083'>poll of the first source</tspan> "
	       "<tspan fill='#e99'>not synchronised</tspan></text>\n</svg>\n",
	    LEFT, POLL_TOP - 16);
}

int
main(int argc, char **argv)
{
	static struct drawing w;
	struct sim_watch watch = {.second = take, .ctx = &w};
	uint64_t seed = argc > 2 ? (uint64_t)atoi(argv[2]) : 1;
	struct sim_result res;

	for (size_t i = 0; argc > 1 && i < sim_scenario_cnt; i++) {
		if (strcmp(sim_scenarios[i].name, argv[1]) != 0)
			continue;
		w.end_s = sim_scenarios[i].end_s;
		sim_run(&sim_scenarios[i], seed, &watch, &res);
		find_range(&w);
		draw(&w, argv[1]);
		return 0;
	}
	fprintf(stderr, "usage: sim_draw SCENARIO [SEED] > file.svg; one of\n");
	for (size_t i = 0; i < sim_scenario_cnt; i++)
		fprintf(stderr, "  %s\n", sim_scenarios[i].name);
	return 2;
}

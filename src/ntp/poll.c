/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Powers of two of seconds.
 */
#include "ntp/poll.h"

#include <math.h>

int
ntp_poll_clamp(int log2s, int min, int max)
{
	if (log2s < min)
		return min;
	return log2s > max ? max : log2s;
}

double
ntp_poll_to_s(int log2s)
{
	return ldexp(1.0, ntp_poll_clamp(log2s, INT8_MIN, INT8_MAX));
}

int8_t
ntp_poll_from_s(double s)
{
	int log2s;
	double half;

	if (!(s > 0))
		return INT8_MIN;
	if (isinf(s))
		return INT8_MAX;
	half = frexp(s, &log2s);
	if (half <= 0.5)
		log2s--;
	return (int8_t)ntp_poll_clamp(log2s, INT8_MIN, INT8_MAX);
}

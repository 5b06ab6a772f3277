/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Dispatch to a subcommand, nothing else.
 */
int
main(void)
{
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which of the configured AEAD algorithms libcrypto can do: for dial and ke,
 * where libcrypto is at home.
 */
#ifndef DAEMON_AEADS_PRIV_H
#define DAEMON_AEADS_PRIV_H

#include <stddef.h>
#include <stdint.h>

/**
 * daemon_aeads_offered - drop from a list what cannot be had, keeping the
 * order.  Slow: at start only.
 * Return: how many are left.
 */
size_t daemon_aeads_offered(uint16_t *list, size_t cnt);

#endif

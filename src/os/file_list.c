/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files of a directory with one suffix, in the order that confdir and
 * sourcedir promise: by byte.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "os/file.h"

static bool
wanted(int dir, const char *name, const char *suffix)
{
	size_t len = strlen(name), end = strlen(suffix);
	struct stat st;

	if (name[0] == '.' || len < end || strcmp(name + len - end, suffix))
		return false;
	return fstatat(dir, name, &st, 0) == 0 && S_ISREG(st.st_mode);
}

static int
by_byte(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

static int
collect(DIR *d, const char *suffix, size_t max, struct os_file_list *list)
{
	struct dirent *e;

	while (errno = 0, (e = readdir(d)) != NULL) {
		if (!wanted(dirfd(d), e->d_name, suffix))
			continue;
		if (list->cnt == max)
			return ERR_FULL;
		list->names[list->cnt] = strdup(e->d_name);
		if (!list->names[list->cnt])
			return ERR_SYSTEM;
		list->cnt++;
	}
	return errno ? ERR_SYSTEM : 0;
}

int
os_file_list(
    const char *dir, const char *suffix, size_t max, struct os_file_list *list)
{
	DIR *d = opendir(dir);
	int err;

	memset(list, 0, sizeof *list);
	if (!d)
		return errno == ENOENT ? ERR_ABSENT : ERR_SYSTEM;
	list->names = calloc(max ? max : 1, sizeof *list->names);
	err = list->names ? collect(d, suffix, max, list) : ERR_SYSTEM;
	closedir(d);
	if (err < 0)
		os_file_list_free(list);
	else
		qsort(list->names, list->cnt, sizeof *list->names, by_byte);
	return err;
}

void
os_file_list_free(struct os_file_list *list)
{
	for (size_t i = 0; i < list->cnt; i++)
		free(list->names[i]);
	free(list->names);
	memset(list, 0, sizeof *list);
}

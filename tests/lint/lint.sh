#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# lint.sh BUILDDIR "PURE FOLDERS": layer, purity, naming and size rules, as
# contrib/HACKING states them.  Exit 1 on any breach, one line each.
set -u
B=$1 PURE=$2 bad=0
here=$(dirname "$0")
say() { echo "lint: $*"; bad=1; }

# 1. includes: only downwards, as layers.txt says; never "../"
for f in src/*/*.[ch] include/*/*.h; do
	[ -e "$f" ] || continue
	dir=$(basename "$(dirname "$f")")
	allow=" $dir $(sed -n "s/^$dir:\([^|]*\).*/\1/p" "$here/layers.txt") "
	for i in $(sed -n 's/^#[ ]*include "\([^"]*\)".*/\1/p' "$f"); do
		case $i in
		*..*) say "$f: parent include $i" ;;
		*/*) case $allow in *" ${i%%/*} "*) ;; *) say "$f: $dir may not include $i" ;; esac ;;
		*_priv.h) ;;
		*) say "$f: include $i without its folder" ;;
		esac
	done
	for i in $(sed -n 's/^#[ ]*include <\([^>]*\)>.*/\1/p' "$f"); do
		owners=$(sed -n "s/^\([a-z]*\):.*|.*\b${i%%/*}.*/\1/p" "$here/layers.txt")
		[ -z "$owners" ] || case " $(echo $owners) " in *" $dir "*) ;; *) say "$f: <$i> belongs to: $owners" ;; esac
	done
done

# 2. purity: no writable file-scope data and no forbidden call in the pure folders
forbid='clock_gettime|gettimeofday|time|nanosleep|socket|sendto|sendmsg|recv.*|open|openat|read|write|close|getrandom|rand|random|syslog|printf|vfprintf|stderr|exit|abort|getenv|fork'
for d in $PURE; do
	for o in "$B"/src/"$d"/*.o; do
		[ -e "$o" ] || continue
		# .data.rel.ro holds constants that only need relocation.
		s=$(nm -f sysv "$o" | awk -F'|' '$7 ~ /^\.(t?data|t?bss)(\.|$)|COM/ &&
		    $7 !~ /rel\.ro/ {print $1}' | tr '\n' ' ')
		[ -z "$s" ] || say "$o: writable static data: $s"
		s=$(nm -u "$o" | awk '{print $NF}' | sed 's/@.*//' | grep -Ex "($forbid)" | tr '\n' ' ')
		[ -z "$s" ] || say "$o: not pure: $s"
	done
done

# 3. names: an exported symbol starts with its folder (base: with its file stem)
for o in "$B"/src/*/*.o; do
	dir=$(basename "$(dirname "$o")"); stem=$(basename "$o" .o)
	[ "$dir" = base ] && want=$stem || want=$dir
	s=$(nm -g --defined-only "$o" | awk '{print $3}' | grep -v "^${want}_" | grep -v '^__' | tr '\n' ' ')
	[ -z "$s" ] || say "$o: exported without ${want}_: $s"
done

# 4. sizes
for f in src/*/*.c; do
	n=$(wc -l < "$f"); [ "$n" -le 700 ] || say "$f: $n lines (limit 700)"
	s=$(awk '/^[a-z_0-9]+\(/ {name = $0; from = NR}
	    /^}/ && from {if (NR - from > 100) print name; from = 0}' "$f")
	[ -z "$s" ] || say "$f: longer than 100 lines: $s"
done
exit $bad

#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# elf.sh PROGRAM: the hardening that the compiler was asked for is in the
# program: position independent, relocations read-only and bound at start, no
# executable stack, no writable and executable segment, no library path of
# its own, stack protector and checked string functions in use.
set -u
program=$1 bad=0
headers=$(readelf -hlW "$program") || exit 1
dynamic=$(readelf -dW "$program") || exit 1
symbols=$(readelf --dyn-syms -W "$program") || exit 1

# has WHAT TEXT PATTERN
has() {
	echo "$2" | grep -Eq "$3" || { echo "$program: no $1"; bad=1; }
}
lacks() {
	echo "$2" | grep -Eq "$3" && { echo "$program: has $1"; bad=1; }
}

has "position independence" "$headers" 'Type: +DYN'
has "position independence" "$dynamic" 'FLAGS_1.*PIE'
has "binding at start" "$dynamic" 'BIND_NOW|FLAGS_1.*NOW'
has "read-only relocations" "$headers" 'GNU_RELRO'
has "stack flags" "$headers" 'GNU_STACK'
lacks "an executable stack" "$headers" 'GNU_STACK .* RWE '
lacks "a writable and executable segment" "$headers" 'LOAD .* RWE '
lacks "a library path" "$dynamic" '\((RPATH|RUNPATH)\)'
lacks "text relocations" "$dynamic" 'TEXTREL'
has "stack protector" "$symbols" '__stack_chk_fail'
# The C library may not have them (musl): then there is nothing to check.
if echo "$symbols" | grep -q 'GLIBC_'; then
	has "checked string functions" "$symbols" '_chk@'
fi
exit $bad

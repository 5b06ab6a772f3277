#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# deps.sh build|check|fuzz: install what building, testing or fuzzing needs
# and pkg-config or PATH does not find, with the system's package manager.
# Root installs; anybody else is told the command.  With OFFLINE=1 nothing is
# fetched: what is needed to build is an error, what only tests need is not.
set -u

# level, what is looked for (pc: pkg-config, h: header, else a program), and
# its package for apt, dnf, apk and pacman.
table='
build  cc                  gcc            gcc                gcc           gcc
build  make                make           make               make          make
build  h:stdio.h           libc6-dev      glibc-devel        musl-dev      glibc
build  h:linux/ptp_clock.h linux-libc-dev kernel-headers     linux-headers linux-api-headers
build  pkg-config          pkg-config     pkgconf-pkg-config pkgconf       pkgconf
build  pc:libssl           libssl-dev     openssl-devel      openssl-dev   openssl
build  pc:libevent_core    libevent-dev   libevent-devel     libevent-dev  libevent
build  pc:libseccomp       libseccomp-dev libseccomp-devel   libseccomp-dev libseccomp
check  pc:cmocka           libcmocka-dev  libcmocka-devel    cmocka-dev    cmocka
tools  mandoc              mandoc         mandoc             mandoc        mandoc
tools  bash                bash           bash               bash          bash
tools  perl                perl           perl               perl          perl
tools  openssl             openssl        openssl            openssl       openssl
tools  ip                  iproute2       iproute            iproute2      iproute2
tools  setpriv             util-linux     util-linux         setpriv       util-linux
tools  unshare             util-linux     util-linux         util-linux    util-linux
fuzz   clang               clang          clang              clang         clang
fuzz   rt:fuzzer           libclang-rt-dev compiler-rt       compiler-rt   compiler-rt
'

found() {
	case $1 in
	pc:*) "${PKGCONF:-pkg-config}" --exists "${1#pc:}" ;;
	h:*) echo "#include <${1#h:}>" | "${CC:-cc}" -E -o /dev/null - ;;
	rt:*) echo 'int LLVMFuzzerTestOneInput(void) {return 0;}' |
		clang -fsanitize=fuzzer -x c -o /dev/null - ;;
	cc) command -v "${CC:-cc}" ;;
	*) command -v "$1" || ls "/sbin/$1" "/usr/sbin/$1" ;;
	esac >/dev/null 2>&1
}

levels() {
	case $1 in
	build) echo build ;;
	check) echo build check tools ;;
	fuzz) echo build fuzz ;;
	*) echo "usage: deps.sh build|check|fuzz" >&2; exit 2 ;;
	esac
}

# missing LEVELS COLUMN: the names in that column (2: what is looked for).
missing() {
	echo "$table" | while read -r level what apt dnf apk pacman; do
		case " $1 " in *" $level "*) ;; *) continue ;; esac
		if [ -z "$level" ] || found "$what"; then continue; fi
		case $2 in
		what) echo "${what#*:}" ;;
		apt-get) echo "$apt" ;;
		dnf) echo "$dnf" ;;
		apk) echo "$apk" ;;
		pacman) echo "$pacman" ;;
		esac
	done | sort -u | tr '\n' ' '
}

levels=$(levels "${1:-check}") || exit 2
lacking=$(missing "$levels" what)
[ -n "$lacking" ] || exit 0

if [ "${OFFLINE:-0}" != 0 ]; then
	echo "missing, and OFFLINE=1 forbids to fetch: $lacking" >&2
	[ -z "$(missing "${levels% tools}" what)" ] || exit 1
	echo "only tests use these: what needs them is left out" >&2
	exit 0
fi
for manager in apt-get dnf apk pacman ''; do
	[ -z "$manager" ] || command -v "$manager" >/dev/null 2>&1 && break
done
packages=$(missing "$levels" "$manager")
case $manager in
apt-get) first='apt-get update' then='apt-get install -y --no-install-recommends' ;;
dnf) first='' then='dnf install -y' ;;
apk) first='' then='apk add --no-cache' ;;
pacman) first='' then='pacman -Sy --needed --noconfirm' ;;
*)
	echo "please install what is missing: $lacking" >&2
	echo "(no apt-get, dnf, apk or pacman here that could do it)" >&2
	exit 1
	;;
esac
if [ "$(id -u)" != 0 ]; then
	echo "missing: $lacking" >&2
	echo "please run as root, then try again:" >&2
	echo "    ${first:+$first && }$then $packages" >&2
	exit 1
fi
echo "installing: $packages"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086 # words are meant
{ [ -z "$first" ] || $first || true; $then $packages; } >"$log" 2>&1 || {
	tail -20 "$log" >&2
	echo "could not install: $packages" >&2
	exit 1
}
lacking=$(missing "$levels" what)
[ -z "$lacking" ] || { echo "still missing: $lacking" >&2; exit 1; }

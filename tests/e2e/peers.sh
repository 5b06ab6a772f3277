#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Unpack Debian's chrony and ntpsec side by side, with whatever libraries
# this machine lacks, under DIR (default build/peers); install neither.
# What is there already is not fetched again; with OFFLINE=1 nothing is
# fetched at all.  Where the peers cannot be had this says why, leaves the
# reason in DIR/absent for the tests that skip, and still succeeds.
# usage: peers.sh [DIR]
set -eu

dir=${1:-build/peers}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)

absent()
{
	echo "peers: $1"
	echo "$1" >"$dir/absent"
	exit 0
}

[ ! -e "$dir/root/complete" ] || exit 0
[ "${OFFLINE:-0}" = 0 ] || absent "OFFLINE=1 and no peers under $dir"
for tool in apt-get dpkg; do
	command -v $tool >/dev/null ||
		absent "Debian's chrony and ntpsec need apt-get and dpkg"
done

# What installing them would add here: a simulation, it changes nothing.
missing()
{
	for p in chrony ntpsec; do
		apt-get -s --no-install-recommends install "$p" 2>/dev/null |
			sed -n 's/^Inst \([^ ]*\).*/\1/p'
	done
	printf "%s\n" chrony ntpsec python3-ntp
}

download()
{
	(cd "$dir/debs" && missing | sort -u |
		xargs apt-get -q -o APT::Sandbox::User=root download)
}

rm -rf "${dir:?}/debs" "${dir:?}/root" "${dir:?}/bin" "${dir:?}/absent"
mkdir -p "$dir/debs" "$dir/root" "$dir/bin"
if ! download >"$dir/log" 2>&1; then
	[ "$(id -u)" != 0 ] || apt-get -q update >>"$dir/log" 2>&1 || true
	download >>"$dir/log" 2>&1 ||
		absent "cannot download chrony and ntpsec (see $dir/log)"
fi
for deb in "$dir"/debs/*.deb; do
	dpkg -x "$deb" "$dir/root"
done
rm -rf "$dir/debs"

# wrapper NAME PROGRAM: run PROGRAM of the tree with the tree's libraries.
# shellcheck disable=SC2016 # $r is for the wrapper to expand
wrapper()
{
	cat >"$dir/bin/$1" <<-END
	#!/bin/sh
	r=\$(cd "\$(dirname "\$0")/../root" && pwd)
	l=$(cd "$dir/root" && find usr/lib lib -name '*.so*' 2>/dev/null |
		sed 's,/[^/]*$,,' | sort -u | sed 's,^,$r/,' | paste -s -d :)
	LD_LIBRARY_PATH=\$l\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}
	export LD_LIBRARY_PATH
	$2
	END
	chmod 755 "$dir/bin/$1"
}

# shellcheck disable=SC2016
{
wrapper chronyd 'exec "$r/usr/sbin/chronyd" "$@"'
wrapper chronyc 'exec "$r/usr/bin/chronyc" "$@"'
wrapper ntpd 'exec "$r/usr/sbin/ntpd" "$@"'
}
python=$(cd "$dir/root" && find usr/bin -name 'python3.*' | head -n 1)
if [ -n "$python" ]; then
	wrapper ntpq "PYTHONHOME=\$r/usr PYTHONPATH=\$r/usr/lib/python3/dist-packages \\
	exec \"\$r/$python\" -B \"\$r/usr/bin/ntpq\" \"\$@\""
else
	# shellcheck disable=SC2016
	wrapper ntpq 'PYTHONPATH=$r/usr/lib/python3/dist-packages \
	exec /usr/bin/python3 -B "$r/usr/bin/ntpq" "$@"'
fi
for p in chronyd chronyc ntpd ntpq; do
	case $p in
	chronyd | chronyc) "$dir/bin/$p" -v ;;
	*) "$dir/bin/$p" --version ;;
	esac >>"$dir/log" 2>&1 || absent "$p does not start (see $dir/log)"
done
: >"$dir/root/complete"
echo "peers: Debian's chrony and ntpsec under $dir"

# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Where servers are measured: a network namespace for them and one for those
# who ask, a veth pair in between, a core for each side.  Sourced with the
# arguments BUILD-DIR PEERS-DIR; runs the script again inside.

B=$(cd "$1" && pwd)
PEERS=$2
[ ! -d "$PEERS" ] || PEERS=$(cd "$PEERS" && pwd)
HERE=$(cd "$(dirname "$0")" && pwd)
export HERE
: "${SERVER_CORE:=1}" "${LOAD_CORE:=0}" "${CONF:=}"

if [ -z "${BENCH_INSIDE:-}" ]; then
	[ "$(id -u)" = 0 ] || { echo "bench: needs root"; exit 1; }
	[ "$(nproc)" -gt 1 ] || { echo "bench: needs two cores"; exit 1; }
	# Nobody in there can touch the clock, and nobody outlives it.
	BENCH_INSIDE=1 exec setpriv --bounding-set -sys_time \
		--inh-caps -sys_time unshare -m -n -p -f --kill-child \
		--mount-proc bash "$0" "$@"
fi

T=$(mktemp -d "${TMPDIR:-/tmp}/tn-bench.XXXXXX")
chmod 755 "$T"
trap 'rm -rf "$T"' EXIT

# ---- two places: the servers here, the load in "c" -------------------------

mkdir -p /run/netns
mount -t tmpfs none /run/netns
ip netns add c
ip link set lo up
ip link add name s0 type veth peer name c0 netns c
ip address add 10.77.0.1/24 dev s0
ip address add fd00:77::1/64 dev s0 nodad 2>/dev/null || :
ip link set s0 up
ip -n c link set lo up
ip -n c address add 10.77.0.2/24 dev c0
ip -n c address add fd00:77::2/64 dev c0 nodad 2>/dev/null || :
ip -n c link set c0 up
ip -n c route add local 10.80.0.0/12 dev lo
ip route add 10.80.0.0/12 via 10.77.0.2
ip -n c -6 route add local fd00:80::/32 dev lo 2>/dev/null || :
ip -6 route add fd00:80::/32 via fd00:77::2 2>/dev/null || :

# ---- the servers -----------------------------------------------------------

certify()
{
	openssl req -x509 -nodes -newkey "$2" ${3:+-pkeyopt "$3"} -days 30 \
		-subj "/CN=10.77.0.1" -addext "subjectAltName=IP:10.77.0.1" \
		-keyout "$T/$1.key" -out "$T/$1.crt" 2>/dev/null
}

# shellcheck disable=SC2034 # for the scripts that source this
declare -A PORT=() KE=() TOP=()

# begin NAME PORT KE-PORT CMD...: on the server's core.
# shellcheck disable=SC2034
begin()
{
	local name=$1
	PORT[$name]=$2
	KE[$name]=$3
	shift 3
	taskset -c "$SERVER_CORE" "$@" >"$T/$name.log" 2>&1 &
	TOP[$name]=$!
}

# truenoon NAME PORT KE-PORT CERTIFICATE, with WORKERS and CONF.
truenoon()
{
	mkdir -p "$T/$1"
	cat >"$T/$1.conf" <<-END
		statedir $T/$1/state
		rundir $T/$1/run
		pidfile $T/$1/run/pid
		port $2
		ntsport $3
		allow
		local stratum 1
		serverworkers ${WORKERS:-1}
		ntsprocesses 1
		maxntsconnections 1000
		ntsservercert $T/$4.crt
		ntsserverkey $T/$4.key
		user root
		$CONF
	END
	begin "$1" "$2" "$3" "$B/truenoon" daemon -x -d -c "$T/$1.conf"
}

chronyd()
{
	mkdir "$T/$1"
	chmod 700 "$T/$1"
	cat >"$T/$1.conf" <<-END
		pidfile $T/$1/pid
		bindcmdaddress /
		cmdport 0
		port $2
		ntsport $3
		allow
		local stratum 1
		ntsservercert $T/$4.crt
		ntsserverkey $T/$4.key
	END
	begin "$1" "$2" "$3" "$PEERS/bin/chronyd" -x -U -d -u root \
		-f "$T/$1.conf"
}

ntpd()
{
	mkdir -p "$T/$1"
	cat >"$T/$1.conf" <<-END
		disable ntp
		unrestrict default limited kod
		disable monitor
		refclock local stratum 1
		nts enable
		nts cert $T/$4.crt
		nts key $T/$4.key
		nts cookie $T/$1/cookies
	END
	begin "$1" "$2" "$3" "$PEERS/bin/ntpd" -n -c "$T/$1.conf" \
		-p "$T/$1/pid"
}

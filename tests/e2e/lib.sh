# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What the numbered scripts stand on; sourced as their first command.  It
# gives each a directory $T, places for its daemons, and the promise that
# nothing it started outlives it and that no clock is touched.
#
# Where the machine lets us (root, namespaces) the script is run again in
# its own mount and process namespace, and a place is a network namespace
# with an address of its own, the real ports and a name in /etc/hosts that
# only the script sees.  Elsewhere a place is a set of free loopback ports.
# ${ADDR[p]} ${ADDR6[p]} ${HOST[p]} ${NTP[p]} ${KE[p]} tell a script where
# place p is, so that it need not know which of the two it runs in.
#
# Whoever could set the clock gives that up first.  A script that must see
# a daemon with the right to do it says E2E_KEEP_SYS_TIME=1 before it
# sources this, and then answers for what it starts with `start`.
#
# A script ends with `pass`, with `skip REASON` or with `fail TEXT`; a
# command that fails unforeseen fails it too.  KEEP=1 keeps $T.

set -eu
E2E=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$E2E/../.." && pwd)
: "${BIN:=$ROOT/build/release/truenoon}"
: "${PEERS:=$ROOT/build/peers}"
: "${E2E_KEEP_SYS_TIME:=0}"
export BIN PEERS

# ---- the shell around the script ------------------------------------------

SYS_TIME_BIT=$((1 << 25))

# Whether a program started now could get CAP_SYS_TIME: root regains what
# the bounding set allows, anybody else has what is inherited.
could_set_clock()
{
	local field=CapPrm
	[ "$(id -u)" != 0 ] || field=CapBnd
	local caps
	caps=$(sed -n "s/^$field:[[:space:]]*//p" /proc/self/status)
	[ $((0x$caps & SYS_TIME_BIT)) != 0 ]
}

NO_SYS_TIME="setpriv --bounding-set -sys_time --inh-caps -sys_time"

if [ "$E2E_KEEP_SYS_TIME" = 0 ] && could_set_clock; then
	[ -z "${E2E_DROPPED:-}" ] || { echo "FAIL: cannot drop SYS_TIME"; exit 1; }
	# shellcheck disable=SC2086 # words
	E2E_DROPPED=1 exec $NO_SYS_TIME bash "$0" "$@"
fi

namespaces_work()
{
	[ "${E2E_LOOPBACK:-0}" = 0 ] && [ "$(id -u)" = 0 ] &&
		command -v ip >/dev/null && command -v unshare >/dev/null &&
		unshare -m -n -p -f --mount-proc sh -c '
			mount -t tmpfs none /mnt && ip link set lo up &&
			ip link add e2ea type veth peer name e2eb &&
			ip link add e2ec type bridge' >/dev/null 2>&1
}

if [ -z "${E2E_INSIDE:-}" ]; then
	if namespaces_work; then
		E2E_INSIDE=netns exec unshare -m -p -f --kill-child \
			--mount-proc bash "$0" "$@"
	fi
	E2E_INSIDE=loopback
fi

ME=$(basename "$0" .sh)
T=$(mktemp -d "${TMPDIR:-/tmp}/tn-$ME.XXXXXX")
chmod 755 "$T"
# shellcheck disable=SC2034 # some are for the scripts alone
declare -A PID=() ADDR=() ADDR6=() HOST=() NTP=() KE=() AT=()
E2E_PLACES=0

# ---- how a script ends ----------------------------------------------------

stop_all()
{
	local name
	for name in "${!PID[@]}"; do
		kill "${PID[$name]}" 2>/dev/null || true
	done
	for name in "${!PID[@]}"; do
		gone_within 5 "${PID[$name]}" ||
			kill -9 "${PID[$name]}" 2>/dev/null || true
		wait "${PID[$name]}" 2>/dev/null || true
	done
	PID=()
}

at_exit()
{
	local rc=$?
	trap - EXIT
	set +e
	case $rc in
	0 | 77) ;;
	*) show_logs ;;
	esac
	stop_all
	if [ "${KEEP:-0}" = 1 ]; then
		echo "kept: $T"
	else
		[ "$E2E_INSIDE" = loopback ] || umount "$T/netns" 2>/dev/null
		rm -rf "$T"
	fi
	exit $rc
}

show_logs()
{
	local log
	for log in "$T"/*.log; do
		[ -s "$log" ] || continue
		echo "--- $(basename "$log")"
		tail -n "${E2E_LOG_LINES:-25}" "$log"
	done
}

trap at_exit EXIT
trap 'echo "FAIL: stopped from outside"; exit 1' INT TERM HUP
trap 'echo "FAIL: line $LINENO: $BASH_COMMAND"' ERR

fail()
{
	trap - ERR
	echo "FAIL: $*"
	exit 1
}

skip()
{
	trap - ERR
	echo "skip: $*"
	exit 77
}

pass()
{
	exit 0
}

# ---- waiting and reading --------------------------------------------------

# wait_for SECONDS CMD...: until CMD succeeds; fails at the deadline.
wait_for()
{
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

not_running()
{
	! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status"
}

# gone_within SECONDS PID
gone_within()
{
	wait_for "$1" not_running "$2"
}

# json PATH <FILE: one value (see json.pl); fails when there is none.
json()
{
	perl "$E2E/json.pl" "$1"
}

# number A OP B: compare as decimal fractions, as in `number "$x" -lt 0.1`.
number()
{
	perl -e '
		my ($x, $op, $y) = @ARGV;
		my $n = qr/^[-+]?\d+(\.\d*)?([eE][-+]?\d+)?$/;
		exit 2 if $x !~ $n || $y !~ $n;
		my %is = ("-lt" => $x < $y, "-gt" => $x > $y, "-eq" => $x == $y,
		    "-le" => $x <= $y, "-ge" => $x >= $y);
		exit !$is{$op}' -- "$@"
}

# abs VALUE: without its sign.
abs()
{
	echo "${1#-}"
}

# logged NAME PATTERN: whether the log of daemon NAME has such a line.
logged()
{
	grep -E -q -e "$2" "$T/$1.log"
}

# ---- places ---------------------------------------------------------------

free_port()
{
	perl -MSocket -e '
		for (1 .. 1000) {
			my $port = 20000 + int rand 12000;
			my $at = sockaddr_in($port, INADDR_ANY);
			socket my $u, PF_INET, SOCK_DGRAM, 0 or die;
			socket my $t, PF_INET, SOCK_STREAM, 0 or die;
			next unless bind($u, $at) && bind($t, $at);
			print "$port\n";
			exit 0;
		}
		exit 1'
}

hub()
{
	mkdir -p /run/netns "$T/netns"
	mount -t tmpfs none "$T/netns"
	mount --bind "$T/netns" /run/netns
	cp /etc/hosts "$T/hosts"
	mount --bind "$T/hosts" /etc/hosts
	ip netns add hub
	ip -n hub link add bridge type bridge
	ip -n hub link set bridge up
}

netns_place()
{
	local name=$1 n=$E2E_PLACES
	[ "$n" != 1 ] || hub
	ip netns add "$name"
	ip link add name eth0 netns "$name" type veth peer name "p$n" netns hub
	ip -n hub link set "p$n" master bridge up
	ip -n "$name" link set lo up
	ip -n "$name" link set eth0 up
	ADDR[$name]=10.123.0.$n
	ADDR6[$name]=
	ip -n "$name" address add "${ADDR[$name]}/24" dev eth0
	if ip -n "$name" -6 address add "fd00:123::$n/64" dev eth0 nodad \
		2>/dev/null; then
		ADDR6[$name]=fd00:123::$n
	fi
	HOST[$name]=$name.test
	echo "${ADDR[$name]} ${HOST[$name]}" >>"$T/hosts"
	NTP[$name]=123
	KE[$name]=4460
}

# place NAME...: make room for daemons, once for each name.
place()
{
	local name
	for name in "$@"; do
		[ -z "${ADDR[$name]:-}" ] || continue
		E2E_PLACES=$((E2E_PLACES + 1))
		if [ "$E2E_INSIDE" = netns ]; then
			netns_place "$name"
			continue
		fi
		# A server is known by its address: each has its own.
		ADDR[$name]=127.0.0.$E2E_PLACES
		HOST[$name]=${ADDR[$name]}
		[ "$E2E_PLACES" != 1 ] || HOST[$name]=localhost
		ADDR6[$name]=
		! grep -q . /proc/net/if_inet6 2>/dev/null ||
			ADDR6[$name]=::1
		# shellcheck disable=SC2034
		NTP[$name]=$(free_port)
		# shellcheck disable=SC2034
		KE[$name]=$(free_port)
	done
}

# in_place PLACE CMD...
in_place()
{
	local where=$1
	shift
	if [ "$E2E_INSIDE" = netns ]; then
		ip netns exec "$where" "$@"
	else
		"$@"
	fi
}

# cut_link PLACE, join_link PLACE: take its link down and up (namespaces only).
cut_link()
{
	ip -n "$1" link set eth0 down
}

join_link()
{
	ip -n "$1" link set eth0 up
}

# ---- daemons --------------------------------------------------------------

# start NAME[@PLACE] CMD...: in the background, output to $T/NAME.log, its
# process id in ${PID[NAME]}.  Without @PLACE the place is called NAME.
start()
{
	local name=${1%@*} where=${1#*@}
	shift
	place "$where"
	AT[$name]=$where
	mkdir -p "$T/$name"
	if [ "$E2E_INSIDE" = netns ]; then
		ip netns exec "$where" "$@" >>"$T/$name.log" 2>&1 &
	else
		"$@" >>"$T/$name.log" 2>&1 &
	fi
	PID[$name]=$!
}

alive()
{
	! not_running "${PID[$1]}"
}

# stop NAME [SIGNAL]: and wait until it is gone.
stop()
{
	kill "-${2:-TERM}" "${PID[$1]}"
	gone_within 10 "${PID[$1]}" || fail "$1 does not stop"
	wait "${PID[$1]}" 2>/dev/null || true
	unset "PID[$1]"
}

# ready NAME SECONDS CMD...: wait for CMD, as long as the daemon lives.
ready()
{
	local name=$1 end=$((SECONDS + $2))
	shift 2
	until "$@" >/dev/null 2>&1; do
		alive "$name" || fail "$name did not start"
		[ "$SECONDS" -lt "$end" ] || fail "$name is not ready: $*"
		sleep 0.1
	done
}

# conf_truenoon NAME <LINES: $T/NAME.conf, the lines after those that keep
# the daemon within its own directory.
conf_truenoon()
{
	mkdir -p "$T/$1"
	{
		echo "statedir $T/$1/state"
		echo "rundir $T/$1/run"
		echo "pidfile $T/$1/run/pid"
		cat
	} >"$T/$1.conf"
}

# tn NAME COMMAND [ARGS]: a client command to the daemon NAME.
tn()
{
	local name=$1 command=$2
	shift 2
	in_place "${AT[$name]}" "$BIN" "$command" \
		--socket "$T/$name/run/control.sock" "$@"
}

# tn_json NAME COMMAND PATH
tn_json()
{
	tn "$1" "$2" --json | json "$3"
}

# start_truenoon NAME[@PLACE] [CONF [ARGS]]: and wait until it answers.
start_truenoon()
{
	local name=${1%@*} where=$1
	local conf=${2:-$T/$name.conf}
	shift
	[ $# = 0 ] || shift
	start "$where" "$BIN" daemon -x -d -c "$conf" "$@"
	ready "$name" 20 tn "$name" serverstats
}

# says NAME COMMAND PATH VALUE: whether that is its answer.
says()
{
	[ "$(tn_json "$1" "$2" "$3")" = "$4" ]
}

# at_least NAME COMMAND PATH MINIMUM: whether that number has been reached.
at_least()
{
	number "$(tn_json "$1" "$2" "$3")" -ge "$4"
}

# synchronised NAME
synchronised()
{
	says "$1" tracking synchronised true
}

# conf_chronyd NAME <LINES
conf_chronyd()
{
	mkdir -p "$T/$1"
	chmod 700 "$T/$1"
	{
		echo "pidfile $T/$1/pid"
		echo "bindcmdaddress $T/$1/chronyd.sock"
		echo "cmdport 0"
		cat
	} >"$T/$1.conf"
}

# chronyc NAME COMMAND...: comma-separated, numeric.
chronyc()
{
	local name=$1
	shift
	in_place "${AT[$name]}" "$PEERS/bin/chronyc" -c -n \
		-h "$T/$name/chronyd.sock" "$@"
}

# chronyc_says NAME COMMAND PATTERN: whether a line of the answer is like that.
chronyc_says()
{
	chronyc "$1" "$2" 2>&1 | grep -E -q -e "$3"
}

# chronyd_counted NAME FIELD MINIMUM: of its server statistics.  Field 1 is
# NTP requests, 6 key exchanges accepted, 8 authenticated NTP requests.
chronyd_counted()
{
	[ "$(chronyc "$1" serverstats | cut -d, -f"$2")" -ge "$3" ]
}

need_peers()
{
	[ ! -s "$PEERS/absent" ] || skip "$(cat "$PEERS/absent")"
	[ -x "$PEERS/bin/chronyd" ] || skip "no peers: run make peers"
}

# What a real peer is started with: never the right to set the clock.
harmless()
{
	if could_set_clock; then
		echo "$NO_SYS_TIME"
	fi
}

# start_chronyd NAME[@PLACE] [CONF [ARGS]]
start_chronyd()
{
	local name=${1%@*} where=$1
	local conf=${2:-$T/$name.conf}
	need_peers
	shift
	[ $# = 0 ] || shift
	# shellcheck disable=SC2046 # words or nothing
	start "$where" $(harmless) "$PEERS/bin/chronyd" -x -U -d \
		-u "$(id -un)" -f "$conf" "$@"
	ready "$name" 20 chronyc "$name" tracking
}

# conf_ntpd NAME <LINES: ntpd is told to leave the clock alone, too.
conf_ntpd()
{
	mkdir -p "$T/$1"
	{
		echo "disable ntp"
		echo "restrict default nomodify"
		echo "restrict 127.0.0.1"
		echo "restrict ::1"
		cat
	} >"$T/$1.conf"
}

# ntpq NAME COMMAND: ntpd's own word on itself.
ntpq()
{
	local name=$1
	shift
	in_place "${AT[$name]}" "$PEERS/bin/ntpq" -n -c "$*" 127.0.0.1
}

# ntpq_says NAME COMMAND PATTERN: whether a line of the answer is like that.
ntpq_says()
{
	ntpq "$1" "$2" 2>&1 | grep -E -q -e "$3"
}

# start_ntpd NAME[@PLACE] [CONF [ARGS]]: needs port 123, hence namespaces.
start_ntpd()
{
	local name=${1%@*} where=$1
	local conf=${2:-$T/$name.conf}
	need_peers
	[ "$E2E_INSIDE" = netns ] ||
		skip "ntpd needs port 123: root and network namespaces"
	shift
	[ $# = 0 ] || shift
	# shellcheck disable=SC2046 # words or nothing
	start "$where" $(harmless) "$PEERS/bin/ntpd" -n -c "$conf" \
		-p "$T/$name/pid" "$@"
	ready "$name" 20 ntpq_says "$name" "rv 0 version" ntpsec
}

# ---- certificates ---------------------------------------------------------

# certify PLACE [NAME...]: $T/PLACE.crt and .key for its name and addresses
# (and NAMEs), signed by the lab's authority $T/ca.pem.
certify()
{
	local where=$1
	shift
	place "$where"
	# shellcheck disable=SC2086 # no IPv6 address, no word
	"$BIN" selfcert --ca-cert "$T/ca.pem" --ca-key "$T/ca.key" \
		--cert "$T/$where.crt" --key "$T/$where.key" \
		"${HOST[$where]}" "${ADDR[$where]}" ${ADDR6[$where]} "$@" \
		>>"$T/certify.log" 2>&1 || fail "selfcert: $(cat "$T/certify.log")"
}

# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# For the scripts on lifecycle, failures and confinement; sourced after
# lib.sh: the usual pair of daemons, their roles as processes, and small
# things to be unkind to them with.

# server_conf NAME [LINE...]: NTP and NTS at the place of that name.
server_conf()
{
	local name=$1
	shift
	place "$name"
	[ -s "$T/$name.crt" ] || certify "$name"
	conf_truenoon "$name" <<-END
		port ${NTP[$name]}
		ntsport ${KE[$name]}
		ntsservercert $T/$name.crt
		ntsserverkey $T/$name.key
		allow
		local stratum 3
		serverworkers 1
		ntsprocesses 1
		$(printf '%s\n' "$@")
	END
}

# client_conf NAME SERVER [LINE...]: one NTS source.
client_conf()
{
	local name=$1 server=$2
	shift 2
	conf_truenoon "$name" <<-END
		$(source_line "$server")
		ntstrustedcerts $T/ca.pem
		nosystemcert
		makestep 1 3
		$(printf '%s\n' "$@")
	END
}

# source_line SERVER: a client's line for it.
source_line()
{
	echo "server ${HOST[$1]} nts ntsport ${KE[$1]} port ${NTP[$1]}" \
		"iburst minpoll 0 maxpoll 1"
}

super_of()
{
	cat "$T/$1/run/pid"
}

# roles NAME: a line for each child: its process id and role.
roles()
{
	local super child comm
	super=$(super_of "$1")
	tr ' ' '\n' <"/proc/$super/task/$super/children" |
		while read -r child; do
			comm=$(cat "/proc/$child/comm" 2>/dev/null) || continue
			echo "$child ${comm#tn-}"
		done
}

# role NAME ROLE: the process id of its first.
role()
{
	roles "$1" | sed -n "s/ $2\$//p" | head -n 1 | grep .
}

# another_role NAME ROLE OLD: it is there again, as another process.
another_role()
{
	local pid
	pid=$(role "$1" "$2") || return 1
	[ "$pid" != "$3" ]
}

# role_says NAME ROLE FIELD: of the first such role in `status --json`.
role_says()
{
	local json i
	json=$(tn "$1" status --json)
	for ((i = 0; i < $(json roles.# <<<"$json"); i++)); do
		[ "$(json "roles.$i.role" <<<"$json")" = "$2" ] || continue
		json "roles.$i.$3" <<<"$json"
		return 0
	done
	return 1
}

# more NAME COMMAND PATH THAN: a number of its has grown beyond THAN.
more()
{
	local now
	now=$(tn_json "$1" "$2" "$3") && number "$now" -gt "$4"
}

# still_synchronised NAME: and measuring: another good answer came in.
still_synchronised()
{
	local good
	good=$(tn_json "$1" sources sources.0.good)
	wait_for 15 more "$1" sources sources.0.good "$good" ||
		fail "$1 no longer measures"
	wait_for 15 synchronised "$1" || fail "$1 is no longer synchronised"
}

# answers SERVER [ARGS]: a query gets authenticated time from it.
answers()
{
	local server=$1
	shift
	in_place "$server" "$BIN" query --nts-only --ca "$T/ca.pem" -n 1 \
		--ke-port "${KE[$server]}" --port "${NTP[$server]}" "$@" \
		"${HOST[$server]}"
}

# log_lines NAME PATTERN: how many lines of its log have it.
log_lines()
{
	grep -E -c -e "$2" "$T/$1.log" || true
}

# released: whether $BIN is a build with its filters on.
released()
{
	! grep -q "build runs without seccomp" "$T"/*.log
}

#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What libcrypto is told of the processor.  The administrator's word reaches
# every role: chronyd takes NTS time from a server that is to do without AES
# instructions.  Without such a word only ke has one, on processors where
# RSA-2048 gains by it and no other certificate loses.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/life.sh"

place srv rsa cli
# environment NAME ROLE: a line for each variable that it was started with.
environment()
{
	tr '\0' '\n' <"/proc/$(role "$1" "$2")/environ"
}

environment_is()
{
	[ "$(environment "$1" "$2")" = "$3" ]
}

seen()
{
	[ "$(id -u)" = 0 ] # roles are not dumpable: not for others to see
}

# The administrator's word.
word='OPENSSL_ia32cap=~0x200000200000000:0'
server_conf srv
client_conf own srv
export "${word?}"
start_truenoon srv
start_truenoon own@cli
unset "${word%%=*}"
for name in srv own; do
	for role in clock sync ctl dns; do
		! seen || environment_is $name $role "$word" ||
			fail "$name $role: $(environment $name $role)"
	done
done
for role in serve ke; do
	! seen || environment_is srv $role "$word" || fail "srv $role"
done
wait_for 30 synchronised own || fail "our client has no time"
conf_chronyd cli <<END
$(source_line srv)
ntstrustedcerts $T/ca.pem
port 0
END
start_chronyd cli
wait_for 30 chronyc_says cli sources "^\^,\*,${ADDR[srv]},3," ||
	fail "chronyd does not select it"

# One that is too long is not handed on, and that is said.
server_conf rsa
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=${HOST[rsa]}" \
	-addext "subjectAltName=DNS:${HOST[rsa]},IP:${ADDR[rsa]}" \
	-keyout "$T/rsa.key" -out "$T/rsa.crt" 2>/dev/null
OPENSSL_ia32cap=$(printf ':~0x80000%0300d' 0) start_truenoon rsa
logged rsa 'too long.*OPENSSL_ia32cap' || fail "nothing said of the length"

# ADX for primes of 1024 bits: see net/tls_cpu.
want=
if grep -q '^vendor_id.*AuthenticAMD' /proc/cpuinfo &&
	grep -Eq '^cpu family[^0-9]*25$' /proc/cpuinfo &&
	! grep -qw avx512ifma /proc/cpuinfo; then
	want=OPENSSL_ia32cap=:~0x80000
fi
! seen || environment_is rsa ke "$want" || fail "ke: $(environment rsa ke)"
! seen || environment_is rsa serve "" || fail "serve has an environment"
answers rsa --ca "$T/rsa.crt" >/dev/null ||
	fail "no service with an RSA key"

# P-256 comes with a reload, and takes the word away.
old=$(role rsa ke)
in_place rsa "$BIN" selfcert --force --ca-cert "$T/ca.pem" \
	--ca-key "$T/ca.key" --cert "$T/rsa.crt" --key "$T/rsa.key" \
	"${HOST[rsa]}" >/dev/null
kill -HUP "$(super_of rsa)"
wait_for 20 another_role rsa ke "$old" || fail "no reload"
! seen || wait_for 10 environment_is rsa ke "" || fail "ke keeps the word"
answers rsa >/dev/null || fail "no service with P-256"
pass

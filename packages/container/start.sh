#!/bin/bash
# What the container runs: Recto and NGINX. If one of them ends, so does the container.
#   recto-container          TERM, INT: no new connections, and the end once what was asked for is answered.
#                            HUP: both read their configuration again.
#   recto-container health   whether it answers and has its masters; exit status 0 or 1
set -eu
run=/tmp/recto

fail() {
    echo "recto-container: $*" >&2
    exit 1
}

health() {
    exec 3<>/dev/tcp/127.0.0.1/8080
    printf 'GET /iiif/health HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
    IFS= read -r -t 4 line <&3 || fail "no answer"
    case $line in "HTTP/1."?" 200 "*) ;; *) fail "${line%$'\r'}" ;; esac
}

# Sets a key of the configuration whose line is there, perhaps commented out.
set_key() {
    grep -q "^#\?$1 = " $run/recto.toml || fail "recto.toml has no line for $1: give it there, not in the environment"
    sed -i "s|^#\?$1 = .*|$1 = $2|" $run/recto.toml
}
configure() {
    mkdir -p $run
    cp /etc/recto/recto.toml $run/recto.toml
    for value in "${RECTO_PUBLIC_URL:-}" "${RECTO_TRUSTED_HOSTS:-}"; do
        case $value in *[!A-Za-z0-9.:/_*~\[\]\ -]*) fail "not a URL or a list of hosts: $value" ;; esac
    done
    if [ -n "${RECTO_PUBLIC_URL:-}" ]; then
        set_key public_url "\"$RECTO_PUBLIC_URL\""
    fi
    if [ -n "${RECTO_TRUSTED_HOSTS:-}" ]; then
        set -f # a star is a star
        set_key trusted_hosts "[$(printf '"%s", ' $RECTO_TRUSTED_HOSTS)]"
        set +f
    fi
    if [ -e /proc/net/if_inet6 ]; then
        echo 'listen [::]:8080;' >$run/listen.conf
    fi
}

# Waits for a process to end, whatever signals come meanwhile.
ended() {
    while kill -0 "$1" 2>/dev/null; do wait "$1" || true; done
}

[ "${1:-}" != health ] || { health; exit 0; }
[ $# = 0 ] || fail "no argument, or health"
configure
rm -f $run/drain # of a container before this one, in the same /tmp

stopping=
trap 'stopping=yes' TERM INT
recto serve --config $run/recto.toml &
recto=$!
nginx -e stderr -c /etc/recto/nginx/container.nginx &
nginx=$!
trap 'configure; kill -HUP "$recto" "$nginx"' HUP

while [ -z "$stopping" ] && kill -0 "$recto" 2>/dev/null && kill -0 "$nginx" 2>/dev/null; do
    wait -n "$recto" "$nginx" || true
done
[ -n "$stopping" ] || echo "recto-container: recto or NGINX has ended" >&2

# NGINX first: it finishes what it has been asked, for which it wants Recto. What a shell has just started does not hear of
# this yet: hence more than once.
while kill -QUIT "$nginx" 2>/dev/null; do sleep 0.1; done
kill -TERM "$recto" 2>/dev/null || true
ended "$recto"
[ -n "$stopping" ]

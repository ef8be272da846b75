# What becomes of requests while an administrator does to the service what administrators do. Sourced after the install,
# on the machine that has it.
site=http://localhost/iiif/3

fail() {
    echo "FAILED: $*"
    journalctl --unit=recto.service --no-pager --lines=60
    exit 1
}
is() { [ "$2" = "$3" ] || fail "$1: $2 instead of $3"; }
in_time() {
    for _ in $(seq 600); do
        if "$@"; then return; fi
        sleep 0.1
    done
    fail "after a minute not yet: $*"
}

# Without NGINX's copies: this header refreshes them.
ask() { curl --silent --header 'X-Recto-Refresh: 1' --write-out '%{http_code}\n' "$@"; }
status() { ask --output /dev/null "$site/$1"; }
pictures() {
    for master in /srv/images/*; do
        for format in $2; do
            name=${master##*/}.$format
            is "$1: $name" "$(ask --output "/host/$1-$name" "$site/${master##*/}/full/200,/0/default.$format")" 200
        done
    done
}

supervisor() { systemctl show --property=MainPID --value recto.service; }
workers() { cat "/proc/$(supervisor)/task/$(supervisor)/children"; }
# None of the workers that were there $before is there any more, and all have this program.
are_new() {
    now=$(workers 2>/dev/null) && [ -n "$now" ] || return 1
    for worker in $now; do
        case " $before " in *" $worker "*) return 1 ;; esac
        cmp -s "/proc/$worker/exe" "$1" || return 1
    done
}

# Does something while clients ask without a pause; each request must be answered 200.
client() {
    while [ ! -e /tmp/over ]; do
        ask --output /dev/null "$site/leaf.tif/[0-24],$1,64,64/16,/0/default.jpg" >>"/tmp/statuses.$1"
    done
}
under_load() {
    rm -f /tmp/over /tmp/statuses.*
    for number in 1 2 3; do client $number & done
    sleep 0.5
    "$@"
    sleep 0.5
    touch /tmp/over
    wait
    lost=$(cat /tmp/statuses.* | grep -vcx 200) || true
    is "requests lost during: $*" "$lost of $(cat /tmp/statuses.* | wc -l)" "0 of $(cat /tmp/statuses.* | wc -l)"
    echo "$*: $(cat /tmp/statuses.* | wc -l) requests, none lost"
}
with() {
    mkdir -p /run/systemd/system/recto.service.d
    printf '[Service]\n%s\n' "$1" >/run/systemd/system/recto.service.d/test.conf
    systemctl daemon-reload && systemctl restart recto.service && journalctl --sync
    journalctl --unit=recto.service --output=cat "_PID=$(supervisor)" >/tmp/journal
}

reload() {
    before=$(workers)
    systemctl reload recto.service || fail 'systemctl reload'
    in_time are_new "$1"
}
restart() {
    before=$(workers)
    systemctl restart recto.service || fail 'systemctl restart'
    in_time are_new "$1"
}
upgrade() {
    make -C /src install PREFIX=/usr RECTO="$1" >/dev/null
    systemctl daemon-reload
    reload "$1"
}

# In another directory the program may be executed as well.
make -C /src install DESTDIR=/tmp/elsewhere PREFIX=/opt RECTO=/host/recto >/dev/null
for line in 'ExecStart=/opt/bin/recto ' 'ExecPaths=/opt/bin '; do
    grep -q "^$line" /tmp/elsewhere/opt/lib/systemd/system/recto.service || fail "no $line"
done

systemd-analyze security --no-pager recto.service | tee /host/exposure | tail -n 1

# Pictures, with the service as it is shipped. NGINX takes a moment for its own reload.
is_up() { [ "$(status leaf.tif/info.json)" = 200 ]; }
in_time is_up
pictures shipped "jpg png webp tif gif pdf avif jp2"
journalctl --unit=recto.service --output=cat | grep ERROR && fail 'errors'
is "a tile" "$(status leaf.jp2/1400,1000,64,64/64,64/0/default.jpg)" 200
[ -n "$(find /var/lib/recto -type f)" ] || fail 'nothing is kept in the state directory'

# Beside the unit's filter of system calls each worker has one of its own, and the kernel's rules for files.
filters() { sed -n 's/^Seccomp_filters:[[:space:]]*//p' "/proc/$1/status"; }
for worker in $(workers); do
    [ "$(filters "$worker")" -gt "$(filters "$(supervisor)")" ] || fail 'a worker is not confined'
done
journalctl --unit=recto.service --output=cat | grep 'a gap here: \(files\|system calls\)' && fail 'there is no sandbox'

# Masters are opened either way.
with 'SystemCallFilter=~openat2'
grep 'openat2 is refused' /tmp/journal || fail 'nothing is said about openat2'
pictures refused jpg
with 'RestrictSUIDSGID=no'
grep 'openat2 is refused' /tmp/journal && fail 'openat2 is refused'
pictures allowed jpg
rm -r /run/systemd/system/recto.service.d
systemctl daemon-reload

# Under load.
under_load restart /usr/bin/recto
under_load reload /usr/bin/recto
cp /etc/recto/recto.toml /tmp/recto.toml
cp /usr/bin/recto /tmp/newer && echo >>/tmp/newer
old=$(supervisor)
under_load upgrade /tmp/newer
is 'supervisor after an upgrade' "$(supervisor)" "$old"
cmp -s "/proc/$old/exe" /tmp/newer || fail 'the supervisor is of the old program'
# systemd hears of it as before.
watchdog() { systemctl show --property=WatchdogTimestampMonotonic --value recto.service; }
heard=$(watchdog)
is_heard() { [ "$(watchdog)" != "$heard" ]; }
in_time is_heard
cmp /etc/recto/recto.toml /tmp/recto.toml || fail 'an upgrade changes settings'

# By TCP as well: of a socket that systemd opens, the service has to be allowed nothing more.
mkdir -p /run/systemd/system/recto.socket.d
printf '[Socket]\nListenStream=127.0.0.1:9000\n' >/run/systemd/system/recto.socket.d/test.conf
cat >/etc/nginx/conf.d/tcp.conf <<'SITE'
server {
    listen 127.0.0.1:8081;
    location / {
        fastcgi_pass 127.0.0.1:9000;
        fastcgi_param REQUEST_METHOD GET;
        fastcgi_param REQUEST_URI $request_uri;
        fastcgi_param RECTO_BASE http://localhost:8081/iiif;
    }
}
SITE
systemctl daemon-reload
systemctl stop recto.service recto.socket
systemctl start recto.socket recto.service
systemctl reload nginx
by_tcp() { [ "$(ask --output /dev/null http://localhost:8081/iiif/3/leaf.tif/info.json)" = 200 ]; }
in_time by_tcp
reload /usr/bin/recto
by_tcp || fail 'by TCP after a reload'
is 'by the other socket' "$(status leaf.tif/info.json)" 200
rm -r /run/systemd/system/recto.socket.d /etc/nginx/conf.d/tcp.conf
systemctl daemon-reload
systemctl stop recto.service recto.socket
systemctl start recto.socket recto.service

# A request starts what is stopped.
systemctl stop recto.service
is 'stopped' "$(systemctl is-active recto.service)" inactive
is 'to a stopped service' "$(status leaf.jp2/info.json)" 200
in_time systemctl --quiet is-active recto.service

# A killed supervisor takes its workers with it, and others come.
old=$(supervisor)
kill -9 "$old"
is_another() { [ "$(supervisor)" != "$old" ] && [ "$(supervisor)" != 0 ]; }
in_time is_another
is 'after the supervisor was killed' "$(status leaf.tif/info.json)" 200

. /src/tests/suite/systemd/doctor.sh
. /src/tests/suite/systemd/purge.sh

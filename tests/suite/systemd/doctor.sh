# The doctor on the machine of the install, and what systemd makes of what it says. Sourced by service.sh, at its end.

# What recto check says of the installation goes to /tmp/report; it has to end so.
check_ends_with() {
    code=0
    recto check >/tmp/report 2>&1 || code=$?
    [ "$code" = "$1" ] || fail "recto check ends with $code instead of $1: $(cat /tmp/report)"
}
says() { grep -q -e "$1" /tmp/report || fail "recto check does not say '$1': $(cat /tmp/report)"; }
reload_fails() {
    systemctl reload recto.service 2>/dev/null && fail "a reload succeeds: $*"
    is "after a reload that was refused, $*" "$(systemctl is-active recto.service)" active
    is "supervisor after $*" "$(supervisor)" "$old"
    is "a request after $*" "$(status leaf.tif/info.json)" 200
    journalctl --sync
    journalctl --unit=recto.service --lines=5 --output=cat | grep -q -e "$1" || fail "the log does not say '$1'"
}
settings() { cp /tmp/good.toml /etc/recto/recto.toml; }

cp /etc/recto/recto.toml /tmp/before.toml
cp /etc/recto/nginx/settings.conf /tmp/before.conf

# The machine's disk is small.
sed -i 's/max_size=2g min_free=1g/max_size=32m min_free=1m/' /etc/recto/nginx/settings.conf
nginx -t 2>/dev/null && systemctl reload nginx.service

# Debian's default site has no name, and so ids have none. Nothing else is to be mended about the install.
check_ends_with 1
says 'server_name is no name (`_`)'
is 'what else is wrong' "$(grep -c -e '^warning' -e '^error' /tmp/report)" 1
sed -i 's,^#public_url = .*,public_url = "http://localhost/iiif",' /etc/recto/recto.toml
cp /etc/recto/recto.toml /tmp/good.toml
systemctl reload recto.service || fail 'systemctl reload'
check_ends_with 0
says 'masters were looked at as recto'
says 'is the shipped file, whole'
says 'viewers on other sites may read what it answers'

# A reload that is refused fails, and says why; the service goes on.
old=$(supervisor)
sed -i 's/^workers = .*/workerz = 3/' /etc/recto/recto.toml
reload_fails 'did you mean `workers`'
settings
sed -i 's,^root = .*,root = "/nowhere",' /etc/recto/recto.toml
reload_fails '/nowhere does not exist'
settings
systemctl reload recto.service || fail 'systemctl reload after refusals'

# A start with what cannot be served is tried once.
systemctl stop recto.service 2>/dev/null
sed -i 's/^workers = .*/workerz = 3/' /etc/recto/recto.toml
systemctl start recto.service 2>/dev/null && fail 'it starts with what cannot be served'
is 'state after a bad start' "$(systemctl is-active recto.service)" failed
is 'exit status of a bad start' "$(systemctl show --property=ExecMainStatus --value recto.service)" 78
is 'further tries' "$(systemctl show --property=NRestarts --value recto.service)" 0
settings
systemctl reset-failed recto.service && systemctl start recto.service

# A socket that NGINX's user may not connect to: what the doctor says lets it in.
socket_of() {
    mkdir -p /run/systemd/system/recto.socket.d
    printf '%s\n' "$1" >/run/systemd/system/recto.socket.d/test.conf
    systemctl daemon-reload && systemctl restart recto.socket recto.service
}
socket_of "[Socket]
SocketGroup=root"
check_ends_with 1
says 'NGINX runs as www-data, who may not connect (mode 0660, group root)'
socket_of "$(sed -n '/systemctl edit recto.socket/,/systemctl restart/{/systemctl/d;s/^ *//;p}' /tmp/report)"
check_ends_with 0
rm -r /run/systemd/system/recto.socket.d
systemctl daemon-reload && systemctl restart recto.socket recto.service

# As it was.
cp /tmp/before.toml /etc/recto/recto.toml
cp /tmp/before.conf /etc/recto/nginx/settings.conf
systemctl restart recto.service && systemctl reload nginx.service

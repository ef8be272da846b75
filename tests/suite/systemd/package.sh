# The package, on the machine on which README's first way has been gone: upgraded, removed, installed again, purged.
# Standard input is empty: what asks a question fails.
package() {
    dpkg "$@" </dev/null >/tmp/said 2>&1 || fail "dpkg $*: $(cat /tmp/said)"
}
says() { grep -q "$1" /tmp/said || fail "dpkg does not say '$1': $(cat /tmp/said)"; }

# Makes /tmp/recto-VERSION.deb, in which these files have another text.
revise() {
    version=$1
    shift
    rm -rf /tmp/deb
    dpkg-deb --raw-extract /host/deb/recto_*.deb /tmp/deb
    sed -i "s/^Version: .*/Version: $version/" /tmp/deb/DEBIAN/control
    for file in "$@"; do
        echo "# of version $version" >>"/tmp/deb/etc/recto/$file"
    done
    dpkg-deb -Znone --build /tmp/deb "/tmp/recto-$version.deb" >/dev/null
}
upgrade_package() {
    before=$(workers)
    package "$@"
    in_time are_new /usr/bin/recto
}

in_time is_up
is 'a picture' "$(status leaf.tif/full/200,/0/default.jpg)" 200
is 'a page of the manual' "$(ls /usr/share/man/man5/recto.toml.5.gz)" /usr/share/man/man5/recto.toml.5.gz

# Old workers end after a reload although nobody asks for anything: systemd has made the socket block by then.
reload /usr/bin/recto

# An upgrade keeps what was edited, without a question, and takes what is new.
echo 'add_header X-Local yes always;' >/etc/recto/nginx/local.conf
echo '# mine' >>/etc/recto/recto.toml
cp /etc/recto/recto.toml /tmp/recto.toml
revise 9.1-1 nginx/location.conf
under_load upgrade_package --install /tmp/recto-9.1-1.deb
cmp /etc/recto/recto.toml /tmp/recto.toml || fail 'an upgrade changes settings'
is 'local.conf' "$(cat /etc/recto/nginx/local.conf)" 'add_header X-Local yes always;'
is 'location.conf' "$(tail -n 1 /etc/recto/nginx/location.conf)" '# of version 9.1-1'
is 'what lies beside settings' "$(find /etc/recto -name '*.dpkg-*')" ''
says 'nginx -t && systemctl reload nginx'
nginx_test 'after an upgrade'

# Where both sides have changed a file, the administrator's stays.
revise 9.2-1 recto.toml
under_load upgrade_package --force-confold --install /tmp/recto-9.2-1.deb
cmp /etc/recto/recto.toml /tmp/recto.toml || fail 'an upgrade changes settings'
is 'what lies beside settings' "$(find /etc/recto -name '*.dpkg-*')" /etc/recto/recto.toml.dpkg-dist

# What is removed leaves its settings, and NGINX as it is.
package --remove recto
is 'the service of a removed package' "$(systemctl is-active recto.service)" inactive
is 'the socket of a removed package' "$(systemctl is-active recto.socket)" inactive
[ ! -e /usr/bin/recto ] || fail 'the program is still there'
nginx_test 'after a removal'
is 'a request after a removal' "$(status leaf.jp2/info.json)" 503
cmp /etc/recto/recto.toml /tmp/recto.toml || fail 'a removal changes settings'

# What was enabled is started once it is there again.
package --install /tmp/recto-9.2-1.deb
in_time is_up

package --purge recto
says 'removed the link /etc/nginx/conf.d/recto.conf'
says ' /etc/nginx/sites-available/default:[0-9]*$'
is 'what a purged package leaves' "$(left)" ''
remove_include
nginx_test 'after a purge'
systemctl reload nginx

# By itself it activates nothing.
touch /tmp/now
package --install /host/deb/recto_*.deb
is 'the service of a new package' "$(systemctl is-active recto.service) $(systemctl is-enabled recto.service)" 'inactive disabled'
is 'the socket of a new package' "$(systemctl is-active recto.socket) $(systemctl is-enabled recto.socket)" 'inactive disabled'
is 'what a new package does to NGINX' "$(find /etc/nginx -newer /tmp/now)" ''
id recto >/dev/null || fail 'there is no user'
package --purge recto
is 'what a purged package leaves' "$(left)" ''

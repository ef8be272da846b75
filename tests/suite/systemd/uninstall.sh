# `make uninstall`, on the machine on which `make install` has been run and the service is up.
nginx_test() { nginx -t 2>/tmp/nginx || fail "$1: $(cat /tmp/nginx)"; }
# All that is named after us, but what the test brings.
left() {
    find / -xdev \( -path /tmp -o -path /src -o -path /host -o -path /srv \) -prune -o -name 'recto*' -print -o -name '_recto' -print | sort | tr '\n' ' '
}
remove_include() { sed -i '/include .etc.recto/d' /etc/nginx/sites-available/default; }

systemctl enable --now recto-purge.path
make -C /src uninstall PREFIX=/usr >/tmp/said
is 'the path after uninstall' "$(systemctl is-active recto-purge.path)" inactive
is 'the service after uninstall' "$(systemctl is-active recto.service)" inactive
is 'the socket after uninstall' "$(systemctl is-active recto.socket)" inactive
is 'what uninstall leaves' "$(left)" '/etc/nginx/conf.d/recto.conf /etc/recto /etc/recto/recto.toml /var/cache/nginx/recto /var/lib/recto '
nginx_test 'after uninstall'
is 'a request after uninstall' "$(status leaf.tif/info.json)" 503

make -C /src uninstall PREFIX=/usr PURGE=1 >/tmp/said 2>&1
is 'what a purge leaves' "$(left)" ''
grep -q 'removed the link /etc/nginx/conf.d/recto.conf' /tmp/said || fail "a purge says nothing of the link: $(cat /tmp/said)"
grep -q ' /etc/nginx/sites-available/default:[0-9]*$' /tmp/said || fail "a purge says nothing of the site: $(cat /tmp/said)"
remove_include
nginx_test 'after a purge'
systemctl reload nginx

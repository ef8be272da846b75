# What looks otherwise after a reload is forgotten by NGINX without anybody's doing, by the shipped units. Sourced by
# service.sh, after doctor.sh, which leaves room for a cache.
copies() { find /var/cache/nginx/recto -type f | wc -l; }
nothing_is_kept() { [ "$(copies)" = 0 ]; }
one_is_kept() {
    curl --silent --output /dev/null "$site/leaf.tif/full/90,/0/default.jpg"
    [ "$(copies)" -gt 0 ]
}

cp /etc/recto/recto.toml /tmp/before.toml
systemctl start recto-purge.path || fail 'recto-purge.path does not start'
in_time one_is_kept
sed -i '/^\[jpeg\]/,/^quality/s/^quality = .*/quality = 41/' /etc/recto/recto.toml
cmp -s /etc/recto/recto.toml /tmp/before.toml && fail 'the quality is still the same'
systemctl reload recto.service || fail 'systemctl reload'
in_time nothing_is_kept
is 'what recto-purge.service came to' "$(systemctl show --property=Result --value recto-purge.service)" success

# By hand, for one master.
in_time one_is_kept
recto purge leaf.tif | grep -q '^forgot [1-9]' || fail 'recto purge forgets nothing'
is 'copies after recto purge' "$(copies)" 0
cp /tmp/before.toml /etc/recto/recto.toml
systemctl reload recto.service || fail 'systemctl reload'
systemctl stop recto-purge.path

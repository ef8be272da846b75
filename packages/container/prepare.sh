#!/bin/sh
# Makes a container of a Debian in which NGINX and the package of Recto are installed: see Containerfile. Run as root.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

install -m 755 "$here/start.sh" /usr/bin/recto-container
install -m 644 "$here/nginx.conf" /etc/recto/nginx/container.nginx
# There is no systemd that would make /run/recto, and /tmp is what can be written in a container whose root cannot.
sed -i 's,/run/recto/,/tmp/recto/,g' /etc/recto/recto.toml /etc/recto/nginx/*.conf
sed -i 's,^root = .*,root = "/masters",' /etc/recto/recto.toml
ln -s /tmp/recto/drain /etc/recto/nginx/drain
install -d -m 755 /masters
# Group 0, for those who let each container run as a user of its own.
install -d -m 770 -o 10001 -g 0 /var/cache/nginx/recto /var/cache/recto/blocks /var/lib/recto

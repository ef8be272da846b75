# shellcheck shell=sh
# What Recto has written, and its settings: removed when the package is purged, and by install.sh with PURGE=1.
#   purge ROOT ETC     ROOT stands for /; ETC is /etc/recto
# NGINX must start as well after that as before it: a link to a file that is gone would keep it, and with it all sites of
# this machine. So the link goes too, if it leads to ours. What an administrator wrote is his to mend: he is told where.
purge() {
    link=$1/etc/nginx/conf.d/recto.conf
    if [ -L "$link" ] && [ "$(readlink "$link")" = "$2/nginx/http.conf" ]; then
        rm "$link"
        echo "recto: removed the link $link"
    fi
    rm -rf "$1$2" "$1/var/lib/recto" "$1/var/cache/nginx/recto"
    if [ -d "$1/etc/nginx" ]; then
        # Not what is commented out. -s: not what is a link to nothing.
        left=$(grep -rsnE "^[^#]*include[[:space:]]+[\"']?$2/nginx/" "$1/etc/nginx" | cut -d : -f 1,2) || true
        if [ -n "$left" ]; then
            echo "recto: NGINX WILL NOT START until these lines, which include what is gone, are taken out:" >&2
            echo "$left" | sed 's/^/recto:     /' >&2
            echo "recto: then: nginx -t && systemctl reload nginx" >&2
        fi
    fi
    echo "recto: the user recto is kept: files may be its"
}

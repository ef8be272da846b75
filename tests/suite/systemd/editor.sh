# The editor of whoever installs by README.md: what it says about each of the two files, and nothing else.
case $1 in
*recto*.toml) sed -i 's,^root = .*,root = "/srv/images",' "$1" ;;
*default*) sed -i '/^\tserver_name _;$/a include /etc/recto/nginx/location.conf;' "$1" ;;
*) exit 1 ;;
esac

#!/bin/sh
# The Debian packages recto and recto-dbgsym, by debhelper, from a program that is built already.
#   RECTO=target/release/recto NOTICES=file sh packages/deb.sh DIRECTORY     where they are put, emptied first; packages/notices.sh
#                                                                            writes the file
# Variable: REVISION, the part of the version behind the dash: by default the number of commits, so that what is built later
# is an upgrade.
set -eu
sources=$(cd "$(dirname "$0")/.." && pwd)
RECTO=$(realpath "$RECTO") NOTICES=$(realpath "$NOTICES")
into=$1
export RECTO NOTICES SOURCES="$sources"

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$sources/Cargo.toml" | head -n 1)
revision=${REVISION:-$(git -C "$sources" rev-list --count HEAD 2>/dev/null || echo 1)}
# Of the last change: so two builds of one program give the same package.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$sources" log -1 --format=%ct 2>/dev/null || stat -c %Y "$sources/Cargo.toml")}
export SOURCE_DATE_EPOCH

rm -rf "$into"
mkdir -p "$into/build"
cp -r "$sources/packages/debian" "$into/build/debian"
cat >"$into/build/debian/changelog" <<TEXT
recto ($version-$revision) stable; urgency=medium

  * See /usr/share/doc/recto/CHANGELOG.md.

 -- The Recto authors <recto@example.org>  $(date -R --utc --date="@$SOURCE_DATE_EPOCH")
TEXT
(cd "$into/build" && umask 022 && ./debian/rules binary) >"$into/log" 2>&1 || {
    tail -n 40 "$into/log" >&2
    exit 1
}
rm -r "$into/build"
ls "$into"/*.deb

#!/bin/sh
# An archive for systems without a package of their own, from a program that is built already.
#   RECTO=target/release/recto NOTICES=file sh packages/tarball.sh DIRECTORY     where it is put, with SHA256SUMS
# It runs where the C library is as new as here or newer; all other libraries are in the program. Two archives of one program
# are the same to the byte.
set -eu
sources=$(cd "$(dirname "$0")/.." && pwd)
into=$1
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$sources/Cargo.toml" | head -n 1)
name=recto-$version-linux-$(uname -m)
date=${SOURCE_DATE_EPOCH:-$(git -C "$sources" log -1 --format=%ct 2>/dev/null || stat -c %Y "$sources/Cargo.toml")}

room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
mkdir "$room/$name"
strip -o "$room/$name/recto" "$RECTO"
cp "$NOTICES" "$room/$name/third-party.txt"
cd "$sources"
cp -r nginx systemd examples monitoring docs README.md CHANGELOG.md LICENSE-* packages/install.sh packages/purge.sh "$room/$name"

mkdir -p "$into"
tar -C "$room" --sort=name --format=gnu --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --mtime="@$date" \
    -cf - "$name" | gzip -n >"$into/$name.tar.gz"
(cd "$into" && sha256sum "$name.tar.gz" >SHA256SUMS)
echo "$into/$name.tar.gz"

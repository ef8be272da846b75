#!/bin/sh
# Fetches what the tests need and no system package has, once, into a directory of its own; a second run finds it there.
#   sh tests/fetch.sh validator target/fetched/validator     the official IIIF validator, from PyPI
#   sh tests/fetch.sh viewers target/fetched/viewers         the viewers and the browser's driver, from npm
# Which server they come from is a matter of pip's and npm's own settings.
set -eu
what=$1 into=$2
here=$(cd "$(dirname "$0")" && pwd)
case $what in
validator) list=$here/requirements.txt ;;
viewers) list=$here/viewers/packages.sha512 ;;
*) echo "unknown: $what" >&2; exit 2 ;;
esac

cmp -s "$list" "$into/complete" && exit 0
rm -rf "$into"
mkdir -p "$into"
case $what in
validator)
    # Not a Python from somebody's home: the system's, whose venv module tests/need.sh has seen to.
    /usr/bin/python3 -m venv "$into"
    "$into/bin/pip" install --quiet --disable-pip-version-check --requirement "$list"
    ;;
viewers)
    # Not `npm ci`: the viewers' packages hold all that a browser needs, but name hundreds of others that they were
    # built from. `npm pack` fetches their files alone and runs nothing; their checksums pin them.
    (
        cd "$into"
        npm pack --silent $(sed -E 's/.* (.*)-([0-9.]+)\.tgz$/\1@\2/' "$list") >/dev/null
        sha512sum --quiet --check "$list"
        for file in *.tgz; do
            mkdir "${file%.tgz}"
            tar -xzf "$file" -C "${file%.tgz}" --strip-components=1
            rm "$file"
        done
    )
    ;;
esac
cp "$list" "$into/complete"

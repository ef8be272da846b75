#!/bin/sh
# Fetches what the tests need and no system package has, once, into a directory of its own; a second run finds it there.
#   sh tests/fetch.sh validator target/fetched/validator     the official IIIF validator, from PyPI
#   sh tests/fetch.sh validator-ng target/fetched/validator-ng   another one, of the same module's name, from PyPI
#   sh tests/fetch.sh viewers target/fetched/viewers         the viewers and the browser's driver, from npm
#   sh tests/fetch.sh iiif-processor target/bench/iiif-processor   a server to compare with, from npm
# Which server they come from is a matter of pip's and npm's own settings.
set -eu
what=$1 into=$2
here=$(cd "$(dirname "$0")" && pwd)
case $what in
validator) list=$here/requirements.txt ;;
validator-ng) list=$here/requirements-ng.txt ;;
viewers) list=$here/viewers/packages.sha512 ;;
iiif-processor) list=$here/bench/iiif-processor/package-lock.json ;;
*) echo "unknown: $what" >&2; exit 2 ;;
esac

cmp -s "$list" "$into/complete" && exit 0
rm -rf "$into"
mkdir -p "$into"
progress() { bash "$here/progress.sh" "fetching $what" "$@"; }
case $what in
validator | validator-ng)
    # Not a Python from somebody's home: the system's, whose venv module tests/need.sh has seen to.
    /usr/bin/python3 -m venv "$into"
    progress "$into/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$list"
    ;;
viewers)
    # Not `npm ci`: the viewers' packages hold all that a browser needs, but name hundreds of others that they were
    # built from. `npm pack` fetches their files alone and runs nothing; their checksums pin them.
    (
        cd "$into"
        progress sh -c '"$@" >/dev/null' sh npm pack --silent $(sed -E 's/.* (.*)-([0-9.]+)\.tgz$/\1@\2/' "$list")
        sha512sum --quiet --check "$list"
        for file in *.tgz; do
            mkdir "${file%.tgz}"
            tar -xzf "$file" -C "${file%.tgz}" --strip-components=1
            rm "$file"
        done
    )
    ;;
iiif-processor)
    # Its picture library comes as a binary for each kind of machine; the lock names the checksums of all of them.
    cp "$here"/bench/iiif-processor/* "$into"
    (cd "$into" && progress npm ci --silent --no-audit --no-fund)
    ;;
esac
cp "$list" "$into/complete"

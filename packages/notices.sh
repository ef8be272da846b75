#!/bin/sh
# Who wrote what is in the program beside us, with their licences, as these want it: on standard output.
# Wants cargo, and the sources that the program was built from.
set -eu
cd "$(dirname "$0")/.."

cat <<TEXT
The program recto contains the works of others that are named here, each under the licence that stands beside it.
Texts follow their names; a text that is the same as one above is not repeated.
TEXT
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
host=$(rustc -vV | sed -n 's/^host: //p')
cargo metadata --locked --filter-platform "$host" --format-version 1 | tr ',' '\n' |
    sed -n 's,^"manifest_path":"\(.*\)/Cargo.toml".*,\1,p' | sort -u >"$room/directories"
cargo tree --locked --package recto --edges normal --prefix none --format '{p}|{l}|{r}' |
    grep -v '(/' | sed 's/ (\*)$//; s/ (proc-macro)//' | sort -u >"$room/crates"
while IFS='|' read -r crate licence repository; do
    printf '\n== %s: %s\n%s\n' "$crate" "$licence" "$repository"
    directory=$(grep "/${crate% v*}-${crate#* v}\$" "$room/directories") || {
        echo "packages/notices.sh: where are the sources of $crate?" >&2
        exit 1
    }
    # Three levels: a library in C that a crate brings has its own.
    find "$directory" -maxdepth 3 -type f \
        \( -iname 'licen[cs]e*' -o -iname 'copying*' -o -iname 'copyright*' -o -iname 'notice*' -o -iname 'unlicense*' \) ! -name '*.rtf' |
        sort | while read -r text; do
        sum=$(sha256sum <"$text")
        if ! grep -qF "$sum" "$room/seen" 2>/dev/null; then
            echo "$sum" >>"$room/seen"
            printf '\n-- %s\n' "${text#"$directory"/}"
            cat "$text"
        fi
    done
done <"$room/crates"

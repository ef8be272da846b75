#!/bin/bash
# Runs a command that may take minutes. Where its output does not go to a terminal, and it has written nothing for ten
# seconds (EVERY), a line says what it is at, so that nobody takes it for dead.
#   bash tests/progress.sh 'building Recto' cargo build --release
#   LOG=file bash tests/progress.sh 'making a root' debootstrap ...     with its output in a file; lines quote its last one
# The exit status is the command's.
set -u
what=$1
shift
log=${LOG:-}

still() {
    last=
    [ -z "$log" ] || last=$(tail -n 1 "$log" | cut -c 1-100)
    echo "... $what, for $SECONDS s${last:+: $last}"
}

if [ -z "$log" ] && [ -t 1 ]; then
    exec "$@"
fi
if [ -n "$log" ]; then
    exec {output}< <("$@" 3>&1 >"$log" 2>&1) # 3 keeps it open as long as the command runs
else
    exec {output}< <("$@" 2>&1)
fi
command=$!
trap 'kill $command 2>/dev/null' TERM INT HUP

while :; do
    status=0
    IFS= read -r -t "${EVERY:-10}" -u "$output" line || status=$?
    if [ $status = 0 ]; then
        printf '%s\n' "$line"
    elif [ $status -gt 128 ]; then
        printf '%s' "$line" # what it has written of a line
        still
    else
        printf '%s' "$line"
        break
    fi
done
wait $command

#!/bin/sh
# Runs fuzz targets for a while, all of them for as long as each other:
#   sh fuzz/smoke.sh BINARIES SECONDS [TARGET...]     SECONDS in all, as many at a time as there are processors
# BINARIES is where cargo has put them. Each target first runs what was kept in crashes/TARGET, then the seeds and what it found
# itself, in corpus/TARGET. An input that fails is left in artifacts/TARGET, and its name is the last word of the log.
set -eu
cd "$(dirname "$0")"
binaries=$1 seconds=$2
shift 2
[ $# -gt 0 ] || set -- $(sed -n 's/^name = "\(.*\)"$/\1/p' Cargo.toml | tail -n +2)
each=$(((seconds + $# - 1) / $#))
sh seeds.sh corpus

# What one target writes is shown only if it fails.
printf '%s\n' "$@" | xargs -P "$(nproc)" -I TARGET sh -c '
    mkdir -p corpus/TARGET crashes/TARGET artifacts/TARGET
    log=artifacts/TARGET/log
    if "$0/TARGET" -max_total_time="$1" -timeout=60 -rss_limit_mb=2048 -max_len=16384 -close_fd_mask=1 \
        -artifact_prefix=artifacts/TARGET/ -print_final_stats=1 corpus/TARGET crashes/TARGET >"$log" 2>&1
    then
        runs=$(sed -n "s/^stat::number_of_executed_units: *//p" "$log")
        cover=$(sed -n "s/.* cov: \([0-9]*\) .*/\1/p" "$log" | tail -n 1)
        echo "fuzz TARGET: ok, $runs inputs, $cover branches"
    else
        tail -n 60 "$log"
        echo "fuzz TARGET: FAILED" >&2
        exit 1
    fi' "$binaries" "$each"

#!/bin/sh
# Masters converted by many machines: a job array of Slurm, each task of which takes one part of the files.
#
#   sbatch slurm-array.sh /srv/scans /srv/masters
#   sbatch --array=1-32 slurm-array.sh /srv/scans /srv/masters --for archive
#
# What is behind the two directories goes to `recto convert`. Both directories, and recto itself, have to be on every
# machine. A task that was ended, by its time or by its machine, goes on where it stood when it is started again; a task
# alone is tried again with: sbatch --array=3 ... which needs PARTS=8 in front, as it is the third of eight.
#
#SBATCH --job-name=recto-convert
#SBATCH --array=1-8
#SBATCH --cpus-per-task=8
#SBATCH --mem=8G
#SBATCH --time=24:00:00
#SBATCH --requeue
# A minute before its time is over it is asked to stop, and does so in order.
#SBATCH --signal=B:TERM@60
set -eu

scans=$1
masters=$2
shift 2

# Tasks are numbered as --array says; parts from 1. Each file is in one part by its name alone.
first=${SLURM_ARRAY_TASK_MIN:-1}
if [ -n "${PARTS:-}" ]; then
    part=$SLURM_ARRAY_TASK_ID
else
    part=$(((SLURM_ARRAY_TASK_ID - first) / ${SLURM_ARRAY_TASK_STEP:-1} + 1))
fi
parts=${PARTS:-$SLURM_ARRAY_TASK_COUNT}

exec recto convert "$scans" -o "$masters" --skip-existing --shard "$part/$parts" \
    --json "convert-$SLURM_ARRAY_JOB_ID-$SLURM_ARRAY_TASK_ID.jsonl" "$@"

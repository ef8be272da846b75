#!/bin/sh
# The demo with its masters in an S3 server on this machine, until Ctrl-C.
#   sh tests/stores/demo.sh RECTO VERSITYGW DIRECTORY ARGUMENTS OF recto demo...
set -eu
recto=$1 server=$2 place=$3
shift 3

export AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo-secret
mkdir -p "$place/buckets/masters" "$place/attributes"
"$recto" demo --samples "$place/samples"

# A free port: one that nobody answers at.
port=7070
while curl --silent --output /dev/null "http://127.0.0.1:$port/"; do port=$((port + 1)); done
ROOT_ACCESS_KEY=$AWS_ACCESS_KEY_ID ROOT_SECRET_KEY=$AWS_SECRET_ACCESS_KEY \
    "$server" "127.0.0.1:$port" "$place/buckets" "$place/attributes" &
store=$!
trap 'kill $store 2>/dev/null' EXIT
trap : INT # the demo ends in order, and then this script
until curl --silent --output /dev/null "http://127.0.0.1:$port/"; do
    kill -0 $store || exit
    sleep 0.1
done
for master in "$place"/samples/*.tif; do
    curl --silent --show-error --fail --aws-sigv4 aws:amz:us-east-1:s3 --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
        --header 'x-amz-content-sha256: UNSIGNED-PAYLOAD' --upload-file "$master" \
        "http://127.0.0.1:$port/masters/sheets/${master##*/}"
done
"$recto" demo --run-dir "$place/run" --source s3://masters/sheets --endpoint "http://127.0.0.1:$port" --region us-east-1 "$@"

#!/bin/sh
# A machine with a live systemd: this release of Debian or Ubuntu in a container of systemd-nspawn, without a network.
#   sh tests/machine.sh make ROOT.tar            makes its root, if there is none that is newer than this
#   sh tests/machine.sh run ROOT.tar DIRECTORY   boots a copy of it with DIRECTORY as /host and the project as /src, runs
#                                                /host/script in it as root, and ends with its exit status
# Wants root, by sudo if need be, and may mount. All mounts and processes are in namespaces and go with them.
set -eu
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin # an ordinary user of Debian lacks these
project=$(cd "$(dirname "$0")/.." && pwd)

packages=systemd-sysv,dbus,sudo,make,curl,nginx
# What recto.service may allow, and systemd-nspawn would refuse by itself.
calls='openat2 landlock_create_ruleset landlock_add_rule landlock_restrict_self'
seconds=900

fail() {
    echo "tests/machine.sh: $*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Runs this script again as root, with mounts and processes of its own.
isolated() {
    as_root unshare --mount --pid --fork --mount-proc mount -t tmpfs tmpfs /tmp ||
        fail "a machine with systemd wants root, and a system that lets root mount. Without it: make test SKIP=systemd"
    room=$(mktemp -d /tmp/recto-machine.XXXXXX)
    trap 'rmdir "$room"' EXIT
    as_root env room="$room" owner="$(id -u):$(id -g)" \
        unshare --mount --pid --fork --kill-child --mount-proc sh "$project/tests/machine.sh" "$@"
}

# The kernel lets nobody in a chroot make a user namespace, which recto.service wants (PrivateUsers=). So what is the root
# directory here becomes the root of all mounts.
leave_chroot() {
    mount --rbind / "$room"
    exec nsenter --mount=/proc/self/ns/mnt --wd="$room" \
        sh -c 'pivot_root . mnt && umount -l /mnt && exec "$@"' sh sh "$project/tests/machine.sh" "$@"
}

# By the release's name as it is in sources.list, else by its own ("stable" there).
mirror() {
    apt-get indextargets --format '$(RELEASE) $(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
        awk -v suite="$VERSION_CODENAME" '$1 == suite && !a { a = $2 } $3 == suite && !b { b = $2 } END { print a ? a : b }'
}

make_root() {
    . /etc/os-release
    components=main
    [ "$ID" != ubuntu ] || components=main,universe
    mirror=$(mirror)
    # It knows none while its lists are missing, as in images for containers.
    [ -n "$mirror" ] || { apt-get -q update && mirror=$(mirror); }
    [ -n "$mirror" ] || fail "apt knows no mirror of $VERSION_CODENAME"
    eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
    export http_proxy https_proxy
    echo "Making the root of a machine with a live systemd, once: $VERSION_CODENAME, $1"
    LOG=$room/log bash "$project/tests/progress.sh" "making the root" \
        debootstrap --variant=minbase --components="$components" --include="$packages" \
        "$VERSION_CODENAME" "$room/root" "$mirror" || {
        tail -n 20 "$room/log" >&2
        fail "debootstrap could not make a root of $VERSION_CODENAME from $mirror"
    }
    rm -rf "$room/root/var/cache/apt" "$room/root/var/lib/apt/lists"
    tar -C "$room/root" -cf "$1.new" .
    chown "$owner" "$1.new"
    mv "$1.new" "$1"
}

run() {
    mkdir "$room/root"
    tar -C "$room/root" -xf "$1"
    echo "127.0.0.1 localhost $(cat "$room/root/etc/hostname")" >"$room/root/etc/hosts"
    units=$room/root/etc/systemd/system
    cat >"$units/script.service" <<UNIT
[Unit]
After=nginx.service
SuccessAction=exit
FailureAction=exit
FailureActionExitStatus=1
[Service]
Type=oneshot
ExecStart=/bin/sh /host/script
StandardOutput=append:/host/log
StandardError=inherit
TimeoutStartSec=$seconds
UNIT
    mkdir -p "$units/multi-user.target.wants"
    ln -s ../script.service "$units/multi-user.target.wants/"
    # Whatever control groups this system has: systemd is content with those that only tell processes apart. One that is
    # this machine's own, or two at once would take each other's processes for theirs.
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    group=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)/${room##*/}
    mkdir "$group"
    mount -t tmpfs -o mode=755 tmpfs /run # what systemd-nspawn leaves there
    status=0
    (
        echo 0 >"$group/cgroup.procs"
        # --keep-unit and --register=no: without a systemd here.
        exec timeout -k 5 $((seconds + 60)) systemd-nspawn --quiet --register=no --keep-unit --private-network \
            --console=pipe --system-call-filter="$calls" --bind="$2:/host" --bind-ro="$project:/src" \
            --directory="$room/root" --boot
    ) </dev/null >"$room/console" 2>&1 || status=$?
    [ $status = 0 ] || tail -n 20 "$room/console" >&2
    find "$group" -depth -type d -exec rmdir {} + || true
    return $status
}

[ "${1:-} $#" = "make 2" ] || [ "${1:-} $#" = "run 3" ] || fail "make ROOT.tar, or run ROOT.tar DIRECTORY"
if [ -z "${room:-}" ]; then
    [ "$1" = run ] || [ ! "$2" -nt "$project/tests/machine.sh" ] || exit 0
    mkdir -p "$(dirname "$2")" # not by root: it is the user's
    isolated "$1" "$(realpath -m "$2")" ${3:+"$(realpath "$3")"}
elif ! unshare --user true 2>/dev/null && [ -z "${left:-}" ]; then
    export left=yes
    leave_chroot "$@"
else
    mount -t tmpfs -o mode=755 tmpfs "$room"
    case $1 in
    make) make_root "$2" ;;
    run) run "$2" "$3" ;;
    esac
fi

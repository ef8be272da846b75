# The container: its steps, in a copy of this machine's root that stands for the image, and it runs as a user without rights
# in a root that cannot be written, without systemd.
image=/container/image
mkdir /container
mount -t tmpfs tmpfs /container
mkdir /container/changes /container/work $image
mount -t overlay -o "lowerdir=/,upperdir=/container/changes,workdir=/container/work" overlay $image
mkdir -p $image/host $image/tmp/deb
cp /host/deb/recto_*.deb $image/tmp/deb
cp -r /src/packages/container $image/tmp
mount --rbind /dev $image/dev

# As its Containerfile has it.
grep '^RUN dpkg' /src/packages/container/Containerfile | sed 's/^RUN //' >$image/tmp/step
[ -s $image/tmp/step ] || fail 'the Containerfile installs nothing'
mount -t proc proc $image/proc
chroot $image sh -eu /tmp/step >/tmp/said 2>&1 || fail "the image: $(cat /tmp/said)"
umount $image/proc

# What one gives it: masters, a cache, /tmp.
mount --bind /srv/images $image/masters
mount -o remount,bind,ro $image/masters
mkdir /container/cache
chown 10001:0 /container/cache
mount --bind /container/cache $image/var/cache/nginx/recto
mount -t tmpfs -o mode=1777 tmpfs $image/tmp
mount -o remount,ro $image

site=http://localhost:8080/iiif/3
user='setpriv --reuid=10001 --regid=0 --clear-groups --no-new-privs --bounding-set=-all'
: >/tmp/out
chown 10001 /tmp/out
# Its first process has the number 1, as in any container; with these variables.
start_container() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@" unshare --pid --fork --kill-child --mount \
        sh -c "mount -t proc proc $image/proc && exec chroot $image $user recto-container" >>/tmp/out 2>&1 &
    shell=$!
    in_time is_up
    container=$(cat "/proc/$shell/task/$shell/children")
    container=${container% }
}
health() { chroot $image bash recto-container health 2>>/tmp/out; }
fail_container() { fail "$*: $(cat /tmp/out)"; }

start_container RECTO_TRUSTED_HOSTS='localhost:8080 images.example.org'
is 'a picture of the container' "$(ask --output /host/container.jpg "$site/leaf.tif/full/200,/0/default.jpg")" 200
for process in $container $(cat "/proc/$container/task/$container/children"); do
    is "the user of $(cat "/proc/$process/comm")" "$(stat -c %u "/proc/$process")" 10001
done
id_of() { curl --silent --header "Host: $1" "$site/leaf.tif/info.json" | grep -o '"id": *"[^"]*leaf.tif"' | grep -o 'http.*[^"]'; }
is 'a host of the environment' "$(id_of images.example.org)" http://images.example.org/iiif/3/leaf.tif
is_healthy() { if health; then echo 0; else echo 1; fi; }
is 'health' "$(is_healthy)" 0
touch $image/tmp/recto/drain
is 'health of what is to be drained' "$(is_healthy)" 1
is 'a picture of what is to be drained' "$(ask --output /dev/null "$site/leaf.tif/full/201,/0/default.jpg")" 200
rm $image/tmp/recto/drain
[ -n "$(find /container/cache -type f)" ] || fail 'the container keeps nothing in its cache'
grep -q '"GET /iiif/3/leaf.tif/info.json HTTP/1.1" 200' /tmp/out || fail_container 'its log has no requests'

# A client who is slow has its answer to the end before the container ends.
ask --limit-rate 400k --output /tmp/slow "$site/leaf.png/full/max/0/default.tif" >/tmp/slow.status &
slow=$!
in_time test -s /tmp/slow
kill -TERM "$container"
status=0
wait "$shell" || status=$?
is 'the exit status of the container' "$status" 0
wait "$slow"
is 'an answer that was under way' "$(cat /tmp/slow.status)" 200
is 'health of what has ended' "$(is_healthy)" 1

# What cannot be is said, and ends it.
start_wrong() {
    status=0
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@" chroot $image $user recto-container >/tmp/out 2>&1 || status=$?
}
start_wrong RECTO_PUBLIC_URL='https://a"b'
is 'a URL that is none' "$status $(cat /tmp/out)" '1 recto-container: not a URL or a list of hosts: https://a"b'
start_wrong RECTO_TRUSTED_HOSTS=images.example.org:port
is 'a host that is none' "$status" 1
grep -q 'trusted_hosts' /tmp/out || fail_container 'it does not say what is wrong'
start_container RECTO_PUBLIC_URL=https://images.example.org/iiif
is 'an id with a public URL' "$(id_of localhost:8080)" https://images.example.org/iiif/3/leaf.tif

# If one of the two ends, the container does, and says so.
for process in $(cat "/proc/$container/task/$container/children"); do
    case $(cat "/proc/$process/comm") in recto*) kill -9 "$process" ;; esac
done
status=0
wait "$shell" || status=$?
is 'the exit status of a container whose server was killed' "$status" 1

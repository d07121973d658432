# SPDX-License-Identifier: Apache-2.0
# Three hosts on a bridge, each a network namespace with one worker: three_hosts.sh PYTHON WORKER TASK FOLDER.
# To be run under `unshare -rnm`. With TASK "unplugged" the third host loses its cable once it trains.
python=$1 worker=$2 task=$3 folder=$4
mount -t tmpfs tmpfs /run && mkdir -p /run/netns || exit 90
ip link add name bridge type bridge && ip link set bridge up || exit 91
for host in 0 1 2; do
    ip netns add host$host && ip link add cable$host type veth peer name eth0 netns host$host || exit 92
    ip link set cable$host master bridge up
    ip -n host$host addr add 10.77.0.1$host/24 dev eth0
    ip -n host$host link set eth0 up
    ip -n host$host link set lo up
done
pids=
for host in 0 1 2; do
    RANK=$host WORLD_SIZE=3 MASTER_ADDR=10.77.0.10 MASTER_PORT=29400 MXNET_KVSTORE_SHARED_MEMORY=0 \
        ip netns exec host$host "$python" "$worker" "$task" "$folder" > "$folder/log$host" 2>&1 &
    pids="$pids $!"
done
if [ "$task" = unplugged ]; then
    until [ -e "$folder/training" ]; do sleep 0.2; done
    ip link set cable2 down
fi
code=0
for pid in $pids; do wait "$pid" || code=$?; done
[ $code = 0 ] || [ "$task" = unplugged ] || cat "$folder"/log*
exit $code

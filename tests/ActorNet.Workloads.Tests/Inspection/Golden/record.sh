#!/bin/sh
# Records what the real tools print for a node as flannel and the CNI bridge plugin make it. Needs root, iproute2, bridge-utils, net-tools.
# Usage: record.sh FOLDER. Makes the namespaces golden-n1, golden-pod and golden-lan and removes them.
set -eu
out=$1
N=golden-n1; P=golden-pod; L=golden-lan
trap 'for n in $N $P $L; do ip netns del $n; done' EXIT
for n in $N $P $L; do
  ip netns add $n
  ip netns exec $n sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
  ip -n $n link set lo up
done
ip -n $N link add eth0 index 2 address 02:42:c0:a8:38:0b type veth peer name port1 index 9 address 02:42:c0:a8:38:01 netns $L
ip -n $N addr add 192.168.56.11/24 brd + dev eth0
ip -n $N link set eth0 up; ip -n $L link set port1 up
ip -n $N link add flannel.1 index 3 address 5e:f4:68:83:7d:01 mtu 1450 type vxlan id 1 local 192.168.56.11 dev eth0 nolearning dstport 8472
ip -n $N addr add 10.244.1.0/32 dev flannel.1
ip -n $N link set flannel.1 up
ip -n $N link add cni0 index 4 address 72:30:d8:97:fa:ed mtu 1450 type bridge forward_delay 200 mcast_snooping 0
ip -n $N addr add 10.244.1.1/24 brd + dev cni0
ip -n $N link set cni0 up
ip -n $N link add veth1a2b3c4d index 5 address 0a:11:22:33:44:55 mtu 1450 type veth peer name eth0 index 2 address 0a:00:00:00:01:02 mtu 1450 netns $P
ip -n $N link set veth1a2b3c4d master cni0 up
ip netns exec $N bridge link set dev veth1a2b3c4d hairpin on
ip -n $P link set eth0 up
ip -n $P addr add 10.244.1.2/24 brd + dev eth0
ip -n $P route add default via 10.244.1.1
ip -n $P route add 10.244.0.0/16 via 10.244.1.1
ip -n $N route add default via 192.168.56.1
ip -n $N neigh replace 10.244.2.0 lladdr 5e:f4:68:83:7d:02 dev flannel.1 nud permanent
ip netns exec $N bridge fdb replace 5e:f4:68:83:7d:02 dev flannel.1 dst 192.168.56.12 self permanent
ip -n $N route replace 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink
sleep 5
ip netns exec $P ping -q -c 3 -i 0.2 -s 1000 10.244.1.1 >/dev/null
ip -n $N neigh replace 10.244.1.2 lladdr 0a:00:00:00:01:02 dev cni0 nud stale
ip -n $P neigh replace 10.244.1.1 lladdr 72:30:d8:97:fa:ed dev eth0 nud stale
ip netns exec $N ping -q -c 1 -W 1 192.168.56.77 >/dev/null || true
sleep 3
record() { place=$1; shift; ip netns exec $place "$@" > "$out/$(echo "$place $*" | sed 's/^golden-//; s/[ .]/_/g').txt"; }
for c in "ip addr" "ip -s -d link" "ip -br addr" "ip -br link" "ip route" "ip route show table local" "ip neigh" "ip -s neigh" "bridge fdb show" "bridge -s fdb show" \
  "bridge fdb show dev flannel.1" "bridge link" "bridge -d link" "brctl show" "brctl showmacs cni0" "brctl showstp cni0" "arp -n" "arp -an" "ifconfig" "route -n" "netstat -rn" \
  "ip route get 10.244.2.5"; do
  record $N $c
done
for c in "ip addr" "ip -d link" "ip route" "ip neigh" "ifconfig" "arp -n"; do record $P $c; done

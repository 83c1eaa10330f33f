# SPDX-License-Identifier: GPL-2.0-or-later
"""Classes of traffic between two hosts, told apart by their addresses or their DSCP and marked by nftables on the router before them; and a
cut of one tunnel out of two that have the same addresses."""

import re

from lib.topogen import get_topogen

from . import topo

LAN = {"h1": "192.0.2", "h2": "198.51.100"}


class Class:
    """What h1 sends with this last byte of its address and this type of service, and which tunnel is meant for it."""

    def __init__(self, host, tos, tunnel):
        self.tunnel = tunnel
        self._ping = "ping -I {}.{} {}.{} -Q {} -W 2 -i 0.02 -c ".format(LAN["h1"], host, LAN["h2"], host, tos)

    def pings(self, count=10):
        """How many are answered."""
        return topo.run(get_topogen().gears["h1"], self._ping + str(count))[1].count("bytes from")


CLASSES = {
    "address": Class(11, 0, "t2"),  # marked 2: ip rule
    "ef": Class(10, 0xB8, "t1"),  # marked 1: ip rule
    "af41": Class(10, 0x88, "t2"),  # marked 3: FRR's pbrd
    "rest": Class(10, 0, "t1"),
}

# Only of what comes from the hosts: what comes out of a tunnel would go back into it.
MARKS = """table ip classes {{
  chain classify {{
    type filter hook prerouting priority mangle;
    iifname != "{}-eth1" accept
    ip dscp ef meta mark set 1
    ip saddr {{ 192.0.2.11, 198.51.100.11 }} meta mark set 2
    ip dscp af41 meta mark set 3
  }}
}}
"""


def load_nft(gear, text):
    path = "{}/{}/classes.nft".format(get_topogen().logdir, gear.name)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    run(gear, "nft -f " + path)


def run(gear, *commands):
    for command in commands:
        status, said = topo.run(gear, command)
        assert status == 0, "{}: {}".format(command, said)


def host(gear):
    lan = LAN[gear.name]
    for byte in (10, 11):
        run(gear, "ip addr add {}.{}/24 dev {}-eth0".format(lan, byte, gear.name))
    run(gear, "ip route add default via {}.1".format(lan))


def classify(router):
    """All that an operator has beside FRR's configuration."""
    load_nft(router, MARKS.format(router.name))
    run(router, "ip rule add fwmark 1 lookup 101", "ip rule add fwmark 2 lookup 102")


class Cut:
    """A router between the ends drops ESP and IKE of one tunnel, which `shown` tells of, and new IKE SAs; what else there is goes on."""

    def __init__(self, router, shown):
        # ESP by its SPI, also in UDP; IKE by the initiator's SPI, also behind the marker of RFC 3948
        esp = "{{ {espSpiIn}, {espSpiOut} }}".format(**shown)
        ike = shown["ikeSpiInitiator"]
        self._router = router
        self._names = []
        for match in (
            "ip protocol esp @th,0,32 " + esp,
            "udp dport 4500 @th,64,32 " + esp,
            "udp dport 4500 @th,96,64 " + ike,
            "udp dport 500 @th,64,64 " + ike,
            "udp dport 500 @th,128,64 0",
        ):
            self._names.append("cut{}".format(len(self._names)))
            router.drop(self._names[-1], match)

    def heal(self):
        for name in self._names:
            self._router.end(name)


def packets_of(charon):
    """Of each connection of a strongSwan: how many packets came in by its Child SAs."""
    counts = {}
    name = None
    for line in charon.list_sas().splitlines():
        child = re.match(r"  (\S+): #\d+, reqid", line)
        name = child[1] if child else name
        came = re.match(r" +in .* (\d+) packets", line)
        if came and name:
            counts[name] = counts.get(name, 0) + int(came[1])
    return counts

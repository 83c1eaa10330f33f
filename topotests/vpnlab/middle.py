# SPDX-License-Identifier: GPL-2.0-or-later
"""A router between two hosts that does to their packets what such routers do: drops what is in fragments or too large, translates
addresses and forgets that it did.  By nftables; the table of translations is emptied through ctnetlink, as conntrack(8) does."""

import errno
import json
import socket
import struct

from . import netns, topo

NETLINK_NETFILTER = 12
DELETE_ALL = 1 << 8 | 2  # ctnetlink, IPCTNL_MSG_CT_DELETE
REQUEST_ACK = 0x1 | 0x4

# Before the kernel itself puts fragments together, as it does where it translates.
_EARLY = "type filter hook prerouting priority -450"


def _forget():
    """Empties the table of translations of this namespace; False where the kernel has no ctnetlink."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as sock:
        sock.send(struct.pack("=IHHIIBBH", 20, DELETE_ALL, REQUEST_ACK, 1, 0, socket.AF_INET, 0, 0))
        error = struct.unpack_from("=i", sock.recv(4096), 16)[0]
        if error not in (0, -errno.EINVAL):
            raise OSError(-error, "cannot empty the table of translations")
        return not error


class Middle:
    """The router `gear`, between `one` with the address `one_address`/24 and its like `other`."""

    def __init__(self, gear, one, one_address, other, other_address):
        self._gear = gear
        self._addresses = {}
        for number, (host, address) in enumerate(((one, one_address), (other, other_address))):
            network = address.rpartition(".")[0]
            interface = "{}-eth{}".format(gear.name, number)
            self._addresses[interface] = network + ".254/24"
            topo.run(gear, "ip addr add {} dev {}".format(self._addresses[interface], interface))
            topo.run(host, "ip route add default via {}.254".format(network))

    def drop(self, name, match):
        """Drops what fits `match`, an expression of nft(8), and counts it under this name."""
        self._nft("add table ip {0}; add chain ip {0} early {{ {1}; }}; add rule ip {0} early {2} counter drop".format(name, _EARLY, match))

    def count(self, name, match):
        self._nft("add table ip {0}; add chain ip {0} early {{ {1}; }}; add rule ip {0} early {2} counter".format(name, _EARLY, match))

    def counted(self, name):
        rules = json.loads(self._nft("-j list table ip " + name))["nftables"]
        return sum(part["counter"]["packets"] for rule in rules for part in rule.get("rule", {}).get("expr", ()) if "counter" in part)

    def end(self, name):
        """No more of drop(), count() or translate()."""
        self._nft("delete table ip " + name)

    def translate(self, interface, ports):
        """What goes out of this interface of ours comes from our address and one of these ports, "20000-20999".  With other ports
        than before: what is under way moves to them."""
        self._nft("add table ip nat; flush table ip nat; add chain ip nat out {{ type nat hook postrouting priority 100; }}; "
                  "add rule ip nat out oifname {} ip protocol udp masquerade to :{}".format(interface, ports))  # fmt: skip
        if not netns.inside(topo.netns(self._gear), _forget):
            self._forget_with_addresses()

    def _forget_with_addresses(self):
        """An address that goes takes all with it that was translated to it."""
        for interface, address in self._addresses.items():
            for what in ("del", "add"):
                topo.run(self._gear, "ip addr {} {} dev {}".format(what, address, interface))

    def _nft(self, command):
        option, _, rest = command.partition(" ")
        words = [option, rest] if option.startswith("-") else [command]
        return self._gear.net.cmd_raises(["nft", *words])

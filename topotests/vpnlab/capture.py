# SPDX-License-Identifier: GPL-2.0-or-later
"""The underlay's witness: sees every packet that a site puts on any underlay link, and says whether it may be there.

Allowed are ARP, IPv6 neighbour and multicast-listener discovery, IKE (UDP 500 and 4500), ESP (protocol 50, or in UDP 4500), ICMP
errors about these, and fragments of these.  Everything else is clear text; so is an allowed packet that holds an inner address
outside of ESP, or the probes' cookie anywhere at all (ESP that does not encrypt is no ESP)."""

import collections
import socket
import struct

from . import netns
from .observer import prepare, timestamp

ETH_P_ALL = 0x0003
ETH_P_IP = 0x0800
ETH_P_ARP = 0x0806
ETH_P_IPV6 = 0x86DD
PACKET_OUTGOING = 4
SOL_PACKET = 263
PACKET_STATISTICS = 6
IKE_PORTS = (500, 4500)
ICMP_ERRORS = (3, 4, 11, 12)
ICMPV6_ERRORS = (1, 2, 3, 4)
ICMPV6_LINK = tuple(range(130, 138)) + (143,)
EXAMPLES = 5


class Rules:
    """What may be on the underlay.  judge() gives the kind of an allowed packet and None, or None and the objection."""

    def __init__(self, inner_nets, inner_addresses, cookie):
        self._nets = [(int(net.netmask), int(net.network_address)) for net in inner_nets]
        self._addresses = {socket.inet_aton(address) for address in inner_addresses}
        self._cookie = cookie
        self._fragmented = {}  # (source, target, id) -> kind of the first fragment

    def judge(self, frame):
        if self._cookie in frame:
            return None, "a probe in the clear"
        protocol = int.from_bytes(frame[12:14], "big")
        if protocol == ETH_P_ARP:
            return "arp", None
        if protocol == ETH_P_IP:
            return self._ipv4(frame[14:])
        if protocol == ETH_P_IPV6:
            return self._ipv6(frame[14:])
        return None, f"ethertype {protocol:#06x}"

    def _ipv4(self, packet):
        if len(packet) < 20:
            return None, "a truncated IPv4 packet"
        source, target = packet[12:16], packet[16:20]
        if self._is_inner(source) or self._is_inner(target):
            return None, "an inner address in the outer header"
        fragment = int.from_bytes(packet[6:8], "big")
        key = (source, target, packet[4:6])
        if fragment & 0x1FFF:
            kind = self._fragmented.get(key)
            return (kind, None) if kind else (None, "a fragment of something unknown")
        kind, objection = self._payload(packet[9], packet[(packet[0] & 15) * 4 :])
        if kind and fragment & 0x2000:
            self._fragmented[key] = kind
        return kind, objection

    def _ipv6(self, packet):
        if len(packet) < 41:
            return None, "a truncated IPv6 packet"
        header, rest = packet[6], packet[40:]
        if header == 0 and len(rest) > 8:  # hop-by-hop, as multicast-listener reports have it
            header, rest = rest[0], rest[(rest[1] + 1) * 8 :]
        if header == socket.IPPROTO_ICMPV6 and rest and rest[0] in ICMPV6_LINK:
            return "ipv6 link", None
        return self._payload(header, rest)

    def _payload(self, protocol, payload):
        if protocol == socket.IPPROTO_ESP:
            return "esp", None
        if protocol == socket.IPPROTO_UDP and len(payload) >= 8:
            return self._udp(payload)
        if protocol == socket.IPPROTO_ICMP and payload and payload[0] in ICMP_ERRORS:
            return self._about(*self._ipv4(payload[8:]))
        if protocol == socket.IPPROTO_ICMPV6 and payload and payload[0] in ICMPV6_ERRORS:
            return self._about(*self._ipv6(payload[8:]))
        return None, f"IP protocol {protocol}"

    @staticmethod
    def _about(kind, objection):
        return (f"icmp about {kind}", None) if kind else (None, objection)

    def _udp(self, payload):
        source, target = struct.unpack_from("!HH", payload)
        if source not in IKE_PORTS and target not in IKE_PORTS:
            return None, f"UDP {source} to {target}"
        body = payload[8:]
        if 4500 in (source, target) and body[:4] != b"\0\0\0\0":
            return "esp in udp", None  # or a NAT keepalive
        if any(body[at : at + 4] in self._addresses for at in range(len(body) - 3)):
            return None, "an inner address in IKE"
        return "ike", None

    def _is_inner(self, raw):
        address = int.from_bytes(raw, "big")
        return any(address & mask == net for mask, net in self._nets)


class Capture:
    """Listens on every interface of the router's namespace."""

    def __init__(self, namespace, rules, observer):
        self.clear = collections.Counter()  # objection -> packets
        self.examples = []
        self.allowed = collections.Counter()
        self.dropped = 0
        self._rules = rules
        self._sock = prepare(netns.inside(namespace, _packet_socket))
        observer.watch(self._sock, self._on_readable)

    @property
    def clear_text_packets(self):
        return sum(self.clear.values())

    def _on_readable(self):
        while True:
            try:
                frame, ancillary, _, (interface, _, kind, _, _) = self._sock.recvmsg(70000, 256)
            except BlockingIOError:
                return
            # what a site sends is counted where it comes in; the same packet forwarded is not a second one
            if kind == PACKET_OUTGOING:
                continue
            allowed, objection = self._rules.judge(frame)
            if allowed:
                self.allowed[allowed] += 1
                continue
            self.clear[objection] += 1
            if len(self.examples) < EXAMPLES:
                head = frame[:64].hex(" ", 4)
                self.examples.append(f"{timestamp(ancillary):.6f} {interface}: {objection}: {head}")

    def note_drops(self):
        """What the kernel could not give us was not looked at: a capture with drops proves nothing."""
        _, dropped = struct.unpack("@II", self._sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        self.dropped += dropped

    def reset(self):
        self.clear.clear()
        self.examples.clear()


def _packet_socket():
    return socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.htons(ETH_P_ALL))

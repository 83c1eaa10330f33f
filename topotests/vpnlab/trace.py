# SPDX-License-Identifier: GPL-2.0-or-later
"""The path of every probe, from evidence: a packet socket in each site sees the probe arrive there (from the LAN at its source, out of
a tunnel elsewhere).  The sites in the order of these times are the path."""

import collections
import socket

from . import netns, probe
from .observer import prepare, timestamp

ETH_P_IP = 0x0800
PACKET_OUTGOING = 4


class Tracer:
    def __init__(self, sites, cookie, observer):
        """sites: name -> namespace file."""
        self._cookie = cookie
        self._seen = collections.defaultdict(list)  # (direction, seq) -> [(time, site)]
        self.interfaces = collections.Counter()  # (site, interface) -> probes that came in there
        for site, namespace in sites.items():
            sock = prepare(netns.inside(namespace, _packet_socket))
            observer.watch(sock, lambda site=site, sock=sock: self._on_readable(site, sock))

    def _on_readable(self, site, sock):
        while True:
            try:
                packet, ancillary, _, (interface, _, kind, _, _) = sock.recvmsg(2048, 256)
            except BlockingIOError:
                return
            if kind == PACKET_OUTGOING or len(packet) < 28 or packet[9] != socket.IPPROTO_UDP:
                continue
            key = probe.parse(packet[(packet[0] & 15) * 4 + 8 :], self._cookie)
            if key:
                self._seen[key].append((timestamp(ancillary), site))
                self.interfaces[site, interface] += 1

    def path(self, flow, seq):
        """The sites that a probe of `flow` went through, in order; empty when none saw it."""
        return tuple(site for _, site in sorted(self._seen.get((flow.number, seq), ())))

    def first_through(self, flow, site, start):
        """When the first probe came through `site` after `start`; None if none did."""
        times = [
            when
            for (number, _), seen in list(self._seen.items())
            if number == flow.number
            for when, where in seen
            if where == site and when >= start
        ]
        return min(times, default=None)

    def paths(self, flow, start, end):
        """How many of the probes sent in [start, end) that arrived took which path."""
        return collections.Counter(
            self.path(flow, seq)
            for seq, when in enumerate(list(flow.sent))
            if start <= when < end and seq in flow.arrived
        )


def _packet_socket():
    return socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, socket.htons(ETH_P_IP))

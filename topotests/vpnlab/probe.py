# SPDX-License-Identifier: GPL-2.0-or-later
"""Constant traffic in both directions, and what became of every packet.

Each direction is measured by itself: a round trip would hide which way a packet was lost.  A probe is a UDP datagram of 100 bytes: a
cookie that is random in every run (so that a probe is known wherever it is seen, also where it must not be), the
direction, and a sequence number."""

import os
import socket
import struct
import threading
import time

from . import netns
from .observer import prepare, timestamp

PORT = 7777
SPACING = 0.010
SIZE = 100
COOKIE_LEN = 16
_HEAD = struct.Struct("!16sBI")


class Flow:
    """One direction: what was sent when, what arrived when."""

    def __init__(self, number, source, target, source_netns, source_address, target_netns, target_address):
        self.number = number
        self.source = source
        self.target = target
        self.sent = []  # time of departure by sequence number
        self.arrived = {}  # time of arrival by sequence number
        self._to = (target_address, PORT)
        self.out = netns.inside(source_netns, _bound, source_address, 0)
        self.inn = prepare(netns.inside(target_netns, _bound, target_address, PORT))

    @property
    def name(self):
        return f"{self.source} to {self.target}"

    def lost(self, start, end):
        """Sequence numbers sent in [start, end) that never arrived."""
        return [seq for seq, when in enumerate(list(self.sent)) if start <= when < end and seq not in self.arrived]

    def send(self, cookie):
        seq = len(self.sent)
        payload = _HEAD.pack(cookie, self.number, seq).ljust(SIZE, b".")
        self.sent.append(time.time())
        try:
            self.out.sendto(payload, self._to)
        except OSError:
            pass  # counts as sent and lost

    def on_readable(self, cookie):
        while True:
            try:
                payload, ancillary, _, _ = self.inn.recvmsg(2048, 256)
            except BlockingIOError:
                return
            key = parse(payload, cookie)
            if key and key[0] == self.number:
                self.arrived.setdefault(key[1], timestamp(ancillary))


def _bound(address, port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    sock.bind((address, port))
    return sock


def parse(payload, cookie):
    """(direction, sequence number) of a probe, or None."""
    if len(payload) < _HEAD.size or payload[:COOKIE_LEN] != cookie:
        return None
    _, number, seq = _HEAD.unpack_from(payload)
    return number, seq


class Prober:
    """Sends on all flows, every 10 ms unless told otherwise, until stopped."""

    def __init__(self, flows, observer, spacing=SPACING):
        self.cookie = os.urandom(COOKIE_LEN)
        self.flows = flows
        self._spacing = spacing
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prober", daemon=True)
        for flow in flows:
            observer.watch(flow.inn, lambda flow=flow: flow.on_readable(self.cookie))

    def start(self):
        self._thread.start()

    def stop(self):
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        for flow in self.flows:
            flow.out.close()

    def _run(self):
        due = time.monotonic()
        while not self._stop.is_set():
            for flow in self.flows:
                flow.send(self.cookie)
            # a late turn is not made up for by a burst
            due = max(due + self._spacing, time.monotonic() - self._spacing)
            time.sleep(max(0.0, due - time.monotonic()))

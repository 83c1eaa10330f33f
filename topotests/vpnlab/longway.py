# SPDX-License-Identifier: GPL-2.0-or-later
"""A long way between two hosts: every frame between two interfaces of a router is handed on after a delay, in order and without loss.  It
needs no qdisc, which a small kernel may not have; it carries a few thousand packets a second."""

import collections
import ctypes
import fcntl
import select
import socket
import struct
import threading
import time

from . import netns

ETH_P_ALL = 3
SIOCETHTOOL = 0x8946
ETHTOOL_STXCSUM = 0x17
RECEIVE_BUFFER = 8 << 20
SO_RCVBUFFORCE = 33


def whole_checksums(interface):
    """The kernel at this end computes checksums itself: nobody on the way completes them.  In its namespace."""
    value = ctypes.create_string_buffer(struct.pack("=II", ETHTOOL_STXCSUM, 0), 8)
    request = struct.pack("16sP16x", interface.encode(), ctypes.addressof(value))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCETHTOOL, request)


def _tap(interface):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.htons(ETH_P_ALL))
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
    sock.bind((interface, ETH_P_ALL))
    sock.setblocking(False)
    return sock


class LongWay:
    """Between interfaces `one` and `other` of the namespace of the file `router`; `seconds` each way."""

    def __init__(self, router, one, other, seconds):
        self._taps = [netns.inside(router, _tap, name) for name in (one, other)]
        self._seconds = seconds
        self._waiting = collections.deque()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="longway", daemon=True)
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join()
        for tap in self._taps:
            tap.close()

    def _run(self):
        while not self._stop.is_set():
            pause = self._waiting[0][0] - time.monotonic() if self._waiting else 0.1
            readable, _, _ = select.select(self._taps, [], [], max(0, min(pause, 0.1)))
            for tap in readable:
                self._take(tap)
            while self._waiting and self._waiting[0][0] <= time.monotonic():
                _, out, frame = self._waiting.popleft()
                out.send(frame)

    def _take(self, tap):
        out = self._taps[1 - self._taps.index(tap)]
        while True:
            try:
                frame, address = tap.recvfrom(65536)
            except BlockingIOError:
                return
            if address[2] != socket.PACKET_OUTGOING:
                self._waiting.append((time.monotonic() + self._seconds, out, frame))

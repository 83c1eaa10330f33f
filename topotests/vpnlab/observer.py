# SPDX-License-Identifier: GPL-2.0-or-later
"""One thread that reads every socket and pipe of a measurement.  Times are the kernel's (SO_TIMESTAMPNS) wherever there is one, so
that a late thread does not move an event."""

import selectors
import socket
import struct
import threading
import time

SO_TIMESTAMPNS = 35
RECEIVE_BUFFER = 8 << 20
SO_RCVBUFFORCE = 33


def prepare(sock):
    """Timestamps, a generous buffer, non-blocking."""
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
    sock.setblocking(False)
    return sock


def timestamp(ancillary):
    """Seconds since the epoch at which the kernel took the packet."""
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("@qq", data[:16])
            return seconds + nanoseconds / 1e9
    return time.time()


class Observer:
    """watch(fd, on_readable): on_readable() is called on the thread until it returns False."""

    def __init__(self):
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ, lambda: False)
        self._thread = threading.Thread(target=self._run, name="observer", daemon=True)
        self.failure = None

    def watch(self, file, on_readable):
        self._selector.register(file, selectors.EVENT_READ, on_readable)

    def start(self):
        self._thread.start()

    def stop(self):
        if self._selector is None:
            return
        if self._thread.is_alive():
            self._wake.send(b"x")
            self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._wake.close()
        self._selector.close()
        self._selector = None

    def _run(self):
        try:
            while True:
                for key, _ in self._selector.select():
                    if key.fileobj is self._woken:
                        return
                    if key.data() is False:
                        self._selector.unregister(key.fileobj)
        except Exception as error:  # a measurement that stopped must not look like silence
            self.failure = error

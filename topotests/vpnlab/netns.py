# SPDX-License-Identifier: GPL-2.0-or-later
"""Sockets in other network namespaces.  A namespace is named by its file, /run/netns/A or /proc/123/ns/net; setns(2) works on
one thread, so a short-lived thread goes there, opens what is wanted, and ends: a socket stays where it was made."""

import ctypes
import os
import threading

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def inside(netns, function, *args):
    """Calls function(*args) in the network namespace of the file `netns`; gives back its result or raises what it raised."""
    outcome = {}

    def there():
        try:
            fd = os.open(netns, os.O_RDONLY | os.O_CLOEXEC)
            try:
                if _libc.setns(fd, CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns", netns)
            finally:
                os.close(fd)
            outcome["value"] = function(*args)
        except BaseException as error:  # handed to the caller, whatever it is
            outcome["error"] = error

    thread = threading.Thread(target=there)
    thread.start()
    thread.join()
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]

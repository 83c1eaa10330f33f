# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures of an interface, and tshark that reads them with the keys of `vpn capture-keys`, as doc/wireshark.md says."""

import os
import re
import subprocess

from . import topo

DECRYPT = ("-o", "esp.enable_encryption_decode:TRUE", "-o", "esp.enable_authentication_check:TRUE")


class Capture:
    """tcpdump of a router's interface into `file`, from now until stop()."""

    def __init__(self, router, interface, file):
        self.file = file
        self._router = router
        self._out = file + ".out"
        topo.run(router, "tcpdump -Z root -U -n --immediate-mode -i {} -w {} >{} 2>&1 & echo $! >{}.pid".format(interface, file, self._out, file))
        topo.wait(lambda: "listening" in self._said(), lambda: "tcpdump: " + self._said())

    def stop(self):
        topo.run(self._router, "kill -INT $(cat {}.pid)".format(self.file))
        topo.wait(lambda: "captured" in self._said(), lambda: "the end of tcpdump: " + self._said())

    def _said(self):
        return topo.run(self._router, "cat " + self._out)[1]


class Profile:
    """A Wireshark profile with these keys: the lines of both tables, taken apart."""

    def __init__(self, directory, keys):
        self._env = os.environ | {"WIRESHARK_CONFIG_DIR": str(directory)}
        directory.mkdir(parents=True)
        for table, pattern in (("esp_sa", r'^"IPv.*\n'), ("ikev2_decryption_table", r"^[0-9a-f].*\n")):
            (directory / table).write_text("".join(re.findall(pattern, keys, re.MULTILINE)))

    def _tshark(self, capture, *arguments):
        command = ["tshark", "-r", capture.file, *DECRYPT, *arguments]
        done = subprocess.run(command, env=self._env, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def count(self, capture, display_filter):
        """How many packets match."""
        return len(self._tshark(capture, "-Y", display_filter, "-T", "fields", "-e", "frame.number").split())

    def details(self, capture, display_filter):
        """Everything that there is to say of the packets that match."""
        return self._tshark(capture, "-Y", display_filter, "-V")

    def fields(self, capture, display_filter, names):
        """Of the packets that match: these fields, outermost first where there are several in one packet."""
        wanted = [word for name in names for word in ("-e", name)]
        lines = self._tshark(capture, "-Y", display_filter, "-T", "fields", "-E", "occurrence=a", *wanted).splitlines()
        return [[field.split(",") for field in line.split("\t")] for line in lines]

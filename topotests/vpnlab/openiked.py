# SPDX-License-Identifier: GPL-2.0-or-later
"""An OpenIKED peer in a network namespace: OpenBSD's iked as Debian packages it, with the kernel's ESP.  Its own configuration and control
socket: several may run on one file system.

It talks PF_KEY, where Linux has no AEAD and cuts HMAC-SHA-256 to 96 bits (which iked refuses), so ESP is AES-CBC with HMAC-SHA-512.  Any to
any is a policy of the whole namespace then: all that leaves it is encrypted, but for IKE itself.  sec0 stands for OpenBSD's interface
of that name: an address for BGP, and a route; what no policy takes ends in it."""

import os
import pathlib
import signal
import socket
import subprocess
import time

from .libreswan import CAN_DO

IKED = "/usr/sbin/iked"
IKECTL = "/usr/sbin/ikectl"
DEVICE = "sec0"
LIMIT = 15.0
ESP = "aes256-sha512-modp3072"

# Only root may read it, or iked does not.
_CONF = """set nomobike
set dpd_check_interval {dpd}
ikev2 "{name}" {mode} esp from any to any local {local} peer {remote} \\
	ikesa auth hmac-sha2-256 enc aes-256 prf hmac-sha2-256 group modp3072 \\
	childsa auth hmac-sha2-512 enc aes-256 group modp3072 \\
	srcid {local} dstid {remote} ikelifetime {ikelifetime} lifetime {lifetime} psk "{secret}"
"""


def missing():
    """What is not there, in words; empty when all is there."""
    kernel = subprocess.run([str(CAN_DO)], capture_output=True, text=True, check=False).stdout.strip()
    if kernel:
        return kernel
    try:
        socket.socket(15, socket.SOCK_RAW, 2).close()  # PF_KEY_V2
    except OSError as error:
        return "no PF_KEY: {}".format(error)
    return "" if os.path.exists(IKED) else "not installed: openiked"


class OpenIked:
    """One iked in the network namespace of the file `netns`, with its files in the directory `work`."""

    def __init__(self, netns, work):
        self.work = pathlib.Path(work)
        self.work.mkdir(parents=True, exist_ok=True)
        self._enter = ["nsenter", f"--net={netns}"]
        self._process = None
        self._log = None

    def device(self, inside, mtu=1280):
        for words in (f"link add {DEVICE} type dummy", f"addr add {inside} dev {DEVICE}", f"link set {DEVICE} mtu {mtu} up"):
            subprocess.run([*self._enter, "ip", *words.split()], check=True)

    def start(self, name, local, remote, secret, active=False, ikelifetime="8h", lifetime="1h", dpd=60):
        """iked reads its configuration once, and dials at once when it is active."""
        conf = self.work / "iked.conf"
        text = _CONF.format(
            name=name, mode="active" if active else "passive", local=local, remote=remote, secret=secret,
            ikelifetime=ikelifetime, lifetime=lifetime, dpd=dpd,
        )  # fmt: skip
        conf.write_text(text, encoding="ascii")
        conf.chmod(0o600)
        self._sock().unlink(missing_ok=True)
        self._log = open(self.work / "iked.log", "ab")
        self._process = subprocess.Popen(
            [*self._enter, IKED, "-dv", "-f", str(conf), "-s", str(self._sock())],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
        )  # fmt: skip
        self._wait(lambda: not self._ikectl("show", "sa").returncode, "iked to answer")

    def _sock(self):
        return self.work / "iked.sock"

    def stop(self):
        """With a DELETE to the peer, and without SAs and policies in the kernel."""
        self._end(signal.SIGTERM)

    def _end(self, how):
        if self._process and self._process.poll() is None:
            self._process.send_signal(how)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._log:
            self._log.close()
        self._process = self._log = None

    def reset(self):
        """Flushes its SAs."""
        return self._ikectl("reset", "sa").returncode == 0

    def sas(self):
        return self._ikectl("show", "sa").stdout

    def kernel(self):
        """The kernel's policies and SAs, without their keys."""
        return "".join(self._run(["ip", "xfrm", *words]).stdout for words in (("policy",), ("state", "list", "nokeys")))

    def log(self):
        path = self.work / "iked.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _run(self, command):
        return subprocess.run([*self._enter, *command], capture_output=True, text=True, timeout=30, check=False)

    def _ikectl(self, *arguments):
        return self._run([IKECTL, "-s", str(self._sock()), *arguments])

    def _wait(self, done, what):
        deadline = time.monotonic() + LIMIT
        while not done():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"waited in vain for {what}:\n{self.log()[-2000:]}")
            time.sleep(0.1)

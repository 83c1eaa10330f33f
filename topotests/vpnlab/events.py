# SPDX-License-Identifier: GPL-2.0-or-later
"""What changed when, in each site: the link state of the tunnel interfaces as the kernel announces it (`ip monitor`, nothing is
polled), and what bgpd and bgpvpnd wrote into the log, whose lines carry microseconds."""

import datetime
import os
import re
import subprocess
from dataclasses import dataclass, field

_MONITOR = re.compile(r"\[(?P<time>[^\]]+)\] (?P<deleted>Deleted )?\d+: (?P<name>[^:@]+)[^<]*<(?P<flags>[^>]*)>.* state (?P<state>\S+)")
_ADJACENCY = re.compile(r"%ADJCHANGE: neighbor (?P<peer>[0-9a-fA-F.:]+)\S* .*?\b(?P<way>Up|Down)\b *(?P<why>.*)")
_LOG = re.compile(r"(?P<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d+) (?P<daemon>\w+): (?:\[[\w-]+\])?(?:\[EC \d+\])? ?(?P<text>.*)")


@dataclass(order=True)
class Event:
    when: float
    site: str
    kind: str = field(compare=False)  # link-up, link-down, bgp-up, bgp-down, vpn
    subject: str = field(compare=False)  # interface or neighbor
    text: str = field(compare=False, default="")


def _local(text):
    return datetime.datetime.fromisoformat(text.replace("/", "-")).timestamp()


class Links:
    """`ip monitor link` in one site."""

    def __init__(self, site, namespace, observer, interfaces):
        self.events = []
        self._site = site
        self._running = {name: None for name in interfaces}
        self._rest = b""
        self._process = subprocess.Popen(
            ["nsenter", f"--net={namespace}", "ip", "-ts", "-o", "monitor", "link"], stdout=subprocess.PIPE
        )
        os.set_blocking(self._process.stdout.fileno(), False)
        observer.watch(self._process.stdout, self._on_readable)

    def stop(self):
        self._process.terminate()
        self._process.wait()

    def _on_readable(self):
        try:
            data = os.read(self._process.stdout.fileno(), 65536)
        except BlockingIOError:
            return True
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line.decode(errors="replace"))
        return bool(data)

    def _line(self, line):
        match = _MONITOR.match(line)
        if not match or match["name"] not in self._running:
            return
        flags = match["flags"].split(",")
        running = "UP" in flags and "NO-CARRIER" not in flags and match["state"] in ("UP", "UNKNOWN") and not match["deleted"]
        if running == self._running[match["name"]]:
            return
        self._running[match["name"]] = running
        kind = "link-up" if running else "link-down"
        self.events.append(Event(_local(match["time"]), self._site, kind, match["name"]))


class Log:
    """The log files of one site, read as they grow."""

    def __init__(self, site, paths):
        self.events = []
        self._site = site
        self._files = {path: 0 for path in paths}

    def read(self):
        """Takes in what was written since; gives back the new events."""
        new = []
        for path, offset in self._files.items():
            try:
                with open(path, "rb") as file:
                    file.seek(offset)
                    data = file.read()
            except FileNotFoundError:
                continue
            whole = data[: data.rfind(b"\n") + 1]
            self._files[path] = offset + len(whole)
            new += [event for line in whole.decode(errors="replace").splitlines() if (event := self._parse(line))]
        self.events += sorted(new)
        return new

    def _parse(self, line):
        match = _LOG.match(line)
        if not match:
            return None
        when, text = _local(match["time"]), match["text"]
        if match["daemon"] == "BGPVPN":
            return Event(when, self._site, "vpn", "", text)
        adjacency = _ADJACENCY.search(text)
        if match["daemon"] != "BGP" or not adjacency:
            return None
        kind = "bgp-" + adjacency["way"].lower()
        return Event(when, self._site, kind, adjacency["peer"], adjacency["why"])

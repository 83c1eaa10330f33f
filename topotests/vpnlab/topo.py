# SPDX-License-Identifier: GPL-2.0-or-later
"""Small helpers of the topotests, on top of FRR's framework."""

import json
import os
import re
import time

ALL_DAEMONS = ("zebra", "staticd", "bgpd", "bgpvpnd")
TUNNEL_KEYS = {
    "interface",
    "dataplane",
    "linkState",
    "linkReason",
    "ikeState",
    "childState",
    "localAddress",
    "remoteAddress",
    "ikeProposal",
    "espProposal",
    "nat",
    "rttMs",
    "lastInboundMs",
    "bytesIn",
    "bytesOut",
    "packetsIn",
    "packetsOut",
    "uptimeMs",
}


def netns(gear):
    return f"/proc/{gear.net.pid}/ns/net"


def load(router, source, daemons=ALL_DAEMONS):
    """One frr.conf for all daemons."""
    numbers = {name: number for number, name in router.RD.items()}
    router.load_frr_config(source, [numbers[name] for name in daemons if name != "staticd"])


def run(router, command):
    """Exit status and everything that was said."""
    status, out, err = router.net.cmd_status(command, warn=False)
    return status, out + err


def vtysh(router, *commands):
    """vtysh -c ... : exit status and everything that was said."""
    words = " ".join("-c '{}'".format(command) for command in commands)
    return run(router, "vtysh " + words)


def config(router, *commands):
    """The same from the configuration node."""
    return vtysh(router, "configure terminal", *commands)


def tunnel(router, name):
    """What `show vpn json` says of a tunnel; {} when it does not know it."""
    try:
        shown = json.loads(vtysh(router, "show vpn json")[1])
    except ValueError:
        return {}
    return shown.get("tunnels", {}).get(name, {})


def sas(router, name):
    """(pairs of ESP SAs in the data plane, IKE SAs of the whole daemon)."""
    try:
        counters = json.loads(vtysh(router, "show vpn counters json")[1])
    except ValueError:
        return 0, 0
    return tunnel(router, name).get("espPairs", 0), counters["ike"]["ikeSas"]


def bgp_state(router, neighbor):
    try:
        shown = json.loads(vtysh(router, "show bgp summary json")[1])
    except ValueError:
        return None
    return shown.get("ipv4Unicast", {}).get("peers", {}).get(neighbor, {}).get("state")


def wait(condition, what, limit=30.0):
    """Polls until condition() is true; fails with the words, and with what was last seen when `what` is a function."""
    deadline = time.monotonic() + limit
    while True:
        seen = condition()
        if seen:
            return seen
        if time.monotonic() > deadline:
            words = what() if callable(what) else what
            raise AssertionError("waited {:.0f} s in vain for {}".format(limit, words))
        time.sleep(0.1)


def wait_up(router, name, limit=30.0):
    """Until the tunnel's link is up."""
    wait(
        lambda: tunnel(router, name).get("linkState") == "up",
        lambda: "tunnel {} of {}, which is: {}".format(name, router.name, tunnel(router, name)),
        limit,
    )


def wait_bgp(router, neighbor, limit=30.0):
    wait(
        lambda: bgp_state(router, neighbor) == "Established",
        lambda: "BGP at {} with {}, which is {}".format(router.name, neighbor, bgp_state(router, neighbor)),
        limit,
    )


def pings(router, source, target, count=10):
    """How many of `count` pings were answered.  One more goes before them: the kernel opens a device for packets a moment after its
    carrier has come, and nobody can see when."""
    ping = "ping -I {} {} -W 2 ".format(source, target)
    _, out = run(router, ping + "-c 1 >/dev/null; " + ping + "-c {} -i 0.05".format(count))
    match = re.search(r"(\d+) received", out)
    return int(match[1]) if match else 0


def alive(router, daemon):
    """Whether a daemon's process is there; cheap, asks nobody."""
    try:
        with open("/proc/{}/root/run/frr/{}.pid".format(router.net.pid, daemon)) as file:
            os.kill(int(file.read()), 0)
    except (OSError, ValueError):
        return False
    return True


def logs(tgen, router):
    """All that the daemons of a router wrote, less the echo of typed commands: that is FRR's `log commands`, which the
    framework switches on, and which tells every line of configuration."""
    directory = os.path.join(tgen.logdir, router.name)
    lines = []
    for name in sorted(os.listdir(directory)):
        if name.endswith((".log", ".out", ".err")):
            with open(os.path.join(directory, name), errors="replace") as file:
                lines += [line for line in file if not re.search(r"\bvty\[\S*\]@|\bvtysh.*: .*command", line)]
    return "".join(lines)

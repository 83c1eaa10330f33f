# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever happens to a tunnel, nothing of its inside is on the underlay: with its SAs absent, present and expired, with the tunnel shut
down, the daemon stopped and killed, and never a pause in the traffic.  Every kind of interface, one row each.

      192.0.2.1                                          198.51.100.1
     +---------+ 10.0.12.0/24  +-----+  10.0.23.0/24   +---------+
     |   r1    |---------------|  R  |-----------------|   r2    |
     | bgpvpnd |               +-----+                 | bgpvpnd |
     +---------+= 169.254.10.0/30 =====================+---------+

Both have a default route through R. The way into the tunnel is a route that stays while the interface has no carrier, so that all the
traffic comes to the interface in any state of it; what an operator has beneath it, for the time when there is no interface, is a blackhole.
"""

import ipaddress
import json
import os
import socket
import time

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import capture, middle, netns, observer, probe, topo

pytestmark = [pytest.mark.bgpvpnd]
SECRET = "nobody-reads-this"
# kind of interface: the data plane that makes it, the words of its line
KINDS = {
    "tun": ("userspace", "interface vpn0"),
    "xfrm": ("kernel", "interface vpn0"),
    "vti": ("kernel", "interface vpn0 kind vti"),
    "gre": ("kernel", "interface vpn0 kind gre"),
    "ipip": ("kernel", "interface vpn0 kind ipip"),
}
ASKED = os.environ.get("BGPVPN_DATAPLANE")
OUTER = {"r1": "10.0.12.1", "r2": "10.0.23.2"}
INSIDE = {"r1": "169.254.10.1", "r2": "169.254.10.2"}
BEHIND = {"r1": "192.0.2.1", "r2": "198.51.100.1"}
OTHER = {"r1": "r2", "r2": "r1"}
INNER_NETS = [ipaddress.ip_network(net) for net in ("169.254.10.0/30", "192.0.2.0/24", "198.51.100.0/24")]
PROOF_PORT = 9
# Packets of every flow that a situation must survive, 100 a second.
MANY = 150
WORLD = {}


def build_topo(tgen):
    for name in ("r1", "r2", "R"):
        tgen.add_router(name)
    tgen.add_link(tgen.gears["r1"], tgen.gears["R"], "r1-eth0", "R-eth0")
    tgen.add_link(tgen.gears["r2"], tgen.gears["R"], "r2-eth0", "R-eth1")


def setup_module(mod):
    tgen = Topogen(build_topo, mod.__name__)
    tgen.start_topology()
    for name in OUTER:
        topo.load(tgen.gears[name], "frr.conf", daemons=("zebra", "bgpvpnd"))
        tgen.gears[name].start()
        topo.run(tgen.gears[name], "sysctl -qw net.ipv4.ip_nonlocal_bind=1")
        for inner in INNER_NETS:
            topo.run(tgen.gears[name], "ip route add blackhole {} metric 4000".format(inner))
    topo.run(tgen.gears["R"], "sysctl -qw net.ipv4.ip_forward=1")
    WORLD["R"] = middle.Middle(tgen.gears["R"], tgen.gears["r1"], OUTER["r1"], tgen.gears["r2"], OUTER["r2"])
    WORLD["observer"] = observer.Observer()
    WORLD["flows"] = [flow(number, name, addresses) for number, (name, addresses) in enumerate(
        (name, addresses) for name in OUTER for addresses in (INSIDE, BEHIND))]  # fmt: skip
    WORLD["prober"] = probe.Prober(WORLD["flows"], WORLD["observer"])
    inner = [*INSIDE.values(), *BEHIND.values()]
    rules = capture.Rules(INNER_NETS, inner, WORLD["prober"].cookie)
    WORLD["capture"] = capture.Capture(topo.netns(tgen.gears["R"]), rules, WORLD["observer"])
    WORLD["observer"].start()
    the_witness_can_speak()


def flow(number, name, addresses):
    gears = get_topogen().gears
    other = OTHER[name]
    return probe.Flow(number, name, other, topo.netns(gears[name]), addresses[name], topo.netns(gears[other]), addresses[other])


def bound(address, port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, port))
    sock.settimeout(1)
    return sock


def crossed():
    """A packet in the clear from outside to outside."""
    one, other = (netns.inside(topo.netns(get_topogen().gears[name]), bound, OUTER[name], PROOF_PORT) for name in OUTER)
    with one, other:
        one.sendto(WORLD["prober"].cookie, (OUTER["r2"], PROOF_PORT))
        try:
            return other.recv(100)
        except TimeoutError:
            return None


def the_witness_can_speak():
    topo.wait(crossed, "a packet to cross R")
    topo.wait(lambda: WORLD["capture"].clear_text_packets >= 1, "the capture to see a packet in the clear")
    WORLD["capture"].reset()


def teardown_module():
    if "prober" in WORLD:
        WORLD["prober"].stop()
        WORLD["observer"].stop()
    get_topogen().stop_topology()


def configure(name, kind, *more):
    """The tunnel, and the routes into its interface, which stay while it is down."""
    gear = get_topogen().gears[name]
    words = ["local address " + OUTER[name], "remote address " + OUTER[OTHER[name]], "pre-shared-key " + SECRET, KINDS[kind][1]]
    status, said = topo.config(gear, "vpn tunnel t", "shutdown", *words, "inside address {}/30".format(INSIDE[name]), *more, "no shutdown")
    assert status == 0 and "%" not in said, said
    topo.run(gear, "for i in all default vpn0; do sysctl -qw net.ipv4.conf.$i.ignore_routes_with_linkdown=0; done")
    topo.wait(lambda: topo.run(gear, "ip route replace {} dev vpn0 src {}".format(BEHIND[OTHER[name]], BEHIND[name]))[0] == 0, "vpn0")


@pytest.fixture(name="kind", params=[kind for kind, (plane, _) in KINDS.items() if ASKED in (plane, "", None)], scope="module")
def _kind(request):
    """A tunnel of this kind at r1; its peer is not there yet."""
    r1 = get_topogen().gears["r1"]
    plane, _ = KINDS[request.param]
    if json.loads(topo.vtysh(r1, "show vpn dataplane json")[1])["dataplane"] != plane:
        pytest.skip("only the {} data plane has it".format(plane))
    for name in OUTER:
        topo.config(get_topogen().gears[name], "no vpn tunnel t")
    configure("r1", request.param)
    if not WORLD["flows"][0].sent:
        WORLD["prober"].start()
    return request.param


def sealed():
    """Many more packets of every flow have been sent, and until now none was seen in the clear."""
    seen, flows = WORLD["capture"], WORLD["flows"]
    until = [len(flow.sent) + MANY for flow in flows]
    topo.wait(lambda: all(len(flow.sent) >= n for flow, n in zip(flows, until)), "packets to be sent", 60)
    assert not WORLD["observer"].failure, WORLD["observer"].failure
    seen.note_drops()
    assert not seen.dropped
    assert not seen.clear_text_packets, (seen.clear, seen.examples)


def esp():
    seen = WORLD["capture"].allowed
    return seen["esp"] + seen["esp in udp"]


def works():
    gears = get_topogen().gears
    for name in OUTER:
        topo.wait_up(gears[name], "t", 90)
    began = time.time()
    topo.wait(lambda: all(any(flow.sent[seq] > began for seq in list(flow.arrived)[-50:]) for flow in WORLD["flows"]),
              "packets of every flow to arrive")  # fmt: skip
    sealed()


def kill(gear, how):
    """Gives back the command that starts the daemon again."""
    command = topo.run(gear, "tr '\\0' ' ' < /proc/$(cat /var/run/frr/bgpvpnd.pid)/cmdline")[1]
    status, said = topo.run(gear, "kill {} $(cat /var/run/frr/bgpvpnd.pid)".format(how))
    assert status == 0, said
    topo.wait(lambda: not topo.alive(gear, "bgpvpnd"), "bgpvpnd to be gone")
    return command


def start_again(gear, command, kind):
    status, said = topo.run(gear, command)
    assert status == 0, said
    topo.wait(lambda: topo.alive(gear, "bgpvpnd"), "bgpvpnd to be back")
    configure(gear.name, kind)
    works()


def test_no_peer(kind):
    assert topo.run(get_topogen().gears["r1"], "ip link show vpn0")[0] == 0
    before = esp()
    sealed()
    assert esp() == before


def test_with_peer(kind):
    """The traffic that was not to be seen is real: it arrives, as ESP."""
    configure("r2", kind)
    before = esp()
    works()
    assert esp() > before + MANY


@pytest.mark.parametrize("name", OUTER)
def test_shutdown(kind, name):
    gear = get_topogen().gears[name]
    topo.config(gear, "vpn tunnel t", "shutdown")
    topo.wait(lambda: topo.tunnel(gear, "t").get("espPairs") == 0, "the SAs to go")
    sealed()
    topo.config(gear, "vpn tunnel t", "no shutdown")
    works()


def test_daemon_stopped(kind):
    r1 = get_topogen().gears["r1"]
    command = kill(r1, "-TERM")
    sealed()
    start_again(r1, command, kind)


def test_daemon_killed(kind):
    """And then its SAs end, with nobody there who could do anything."""
    r1 = get_topogen().gears["r1"]
    command = kill(r1, "-9")
    sealed()
    if KINDS[kind][0] == "kernel":
        assert topo.run(r1, "ip xfrm state flush")[0] == 0
        sealed()
    start_again(r1, command, kind)


def test_expired(kind):
    """The peer is cut off, nobody gives new keys, and the old ones are used up."""
    r1 = get_topogen().gears["r1"]
    topo.config(r1, "vpn profile short", "esp lifetime 10 packets 1000")
    configure("r1", kind, "profile short")
    works()
    WORLD["R"].drop("cut", "ip daddr {" + ", ".join(OUTER.values()) + "}")
    topo.wait(lambda: topo.tunnel(r1, "t")["espSpiOut"] is None, lambda: "no Child SA, but {}".format(topo.tunnel(r1, "t")), 90)
    sealed()
    WORLD["R"].end("cut")
    works()


def test_nothing_crashed():
    for name in OUTER:
        assert not get_topogen().gears[name].check_router_running()

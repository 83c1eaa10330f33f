# SPDX-License-Identifier: GPL-2.0-or-later
"""RFC 4555: sites whose outer address changes under traffic, as a provider's DHCP does it, between two of ours and with strongSwan.

                                +-----+ 10.0.2.0/24 +---------+
     +---------+  10.0.1.0/24   |     |-------------|   r2    |  bgpvpnd; 198.51.100.1, AS65002
     |   r1    |----------------|  x  |             +---------+
     | bgpvpnd |                |     | 10.0.3.0/24 +---------+
     +---------+                +-----+-------------|   s1    |  charon, ESP in user space
      192.0.2.1, AS65001                            +---------+
"""

import os
import time

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import strongswan, topo
from vpnlab.undisturbed import End, Watched

pytestmark = [pytest.mark.bgpd, pytest.mark.bgpvpnd]
SECRET = "between-two-houses"
WHERE = {"r1": "10.0.1.1", "r2": "10.0.2.1", "s1": "10.0.3.1"}  # changes
PEER = {}


def build_topo(tgen):
    for name in ("r1", "r2", "s1", "x"):
        tgen.add_router(name)
    for number, name in enumerate(WHERE):
        tgen.add_link(tgen.gears[name], tgen.gears["x"], name + "-eth0", "x-eth{}".format(number))


def setup_module(mod):
    tgen = Topogen(build_topo, mod.__name__)
    tgen.start_topology()
    for name in ("r1", "r2"):
        topo.load(tgen.gears[name], "frr.conf")
    for name in ("x", "s1"):
        topo.load(tgen.gears[name], "frr.conf", daemons=("zebra", "staticd"))
    tgen.start_router()
    for name, address in WHERE.items():
        topo.run(tgen.gears[name], "sysctl -w net.ipv4.conf.all.promote_secondaries=1")
        topo.run(tgen.gears[name], "ip addr add {}/24 dev {}-eth0".format(address, name))
    if not strongswan.missing():
        charon = strongswan.StrongSwan(topo.netns(tgen.gears["s1"]), os.path.join(tgen.logdir, "charon"))
        PEER["charon"] = charon
        charon.start()
        charon.device("169.254.20.2/30")
        charon_knows("10.0.1.1")


def teardown_module():
    if "charon" in PEER:
        PEER["charon"].stop()
    get_topogen().stop_topology()


def charon_knows(r1):
    """Its own address is the routing table's choice."""
    PEER["charon"].connection("to-r1", "%any", r1, SECRET, ids=("s1.example.org", "r1.example.org"))


@pytest.fixture(name="gears")
def _gears():
    tgen = get_topogen()
    if tgen.routers_have_failure():
        pytest.skip(tgen.errors)
    return tgen.gears


@pytest.fixture(name="ends")
def _ends(gears):
    """r1 and r2, with BGP over the tunnel."""
    ends = [
        End(gears["r1"], "to-r2", "192.0.2.1", "169.254.10.2"),
        End(gears["r2"], "to-r1", "198.51.100.1", "169.254.10.1"),
    ]
    for end, other in zip(ends, reversed(ends)):
        topo.wait_up(end.gear, end.tunnel)
        topo.wait_bgp(end.gear, end.neighbor)
        topo.wait(
            lambda: "dev vpn0" in topo.run(end.gear, "ip route get " + other.address)[1],
            "the route of {} through vpn0".format(end.gear.name),
        )
    return ends


def move(gears, name, host, late=0.0):
    """The address goes, and another comes; late: seconds in between, less than 0: before the old one goes."""
    old, new = WHERE[name], WHERE[name].rsplit(".", 1)[0] + ".{}".format(host)
    command = "ip addr {} {}/24 dev {}-eth0"
    first, then = command.format("del", old, name), command.format("add", new, name)
    if late < 0:
        first, then = then, first
    WHERE[name] = new
    topo.run(gears[name], "{}; sleep {}; {}".format(first, abs(late), then))


def names(router, tunnel, stranger=False):
    """What stays over a move, unlike the addresses; charon's ESP in user space cannot move and makes a new pair."""
    keys = ("ikeSpiInitiator", "ikeSpiResponder") + (() if stranger else ("espSpiIn", "espSpiOut"))
    shown = topo.tunnel(router, tunnel)
    return [shown.get(key) for key in keys]


def seen(router, tunnel):
    shown = topo.tunnel(router, tunnel)
    return shown.get("localAddress"), shown.get("remoteAddress")


def wait_seen(router, tunnel, local, remote):
    topo.wait(
        lambda: seen(router, tunnel) == (local, remote),
        lambda: "{} between {} and {}, not {}".format(tunnel, local, remote, seen(router, tunnel)),
    )


def wait_passes(ends):
    """Both ways, before the next thing is measured."""
    topo.wait(lambda: topo.pings(ends[0].gear, ends[0].address, ends[1].address, 3) == 3, "answers to pings")


def check(ends, mover, gears):
    """Some moves under traffic: each time the same IKE SA and pair afterwards; the link stays up, or is soon up again where the
    site was without an address for longer than it takes to notice (on a machine under load any of them may be)."""
    router, tunnel, stranger = ends[0].gear, ends[0].tunnel, not ends[1].tunnel
    before = names(router, tunnel, stranger)
    assert None not in before
    quiet = 0
    first = 20 if int(WHERE[mover].rsplit(".", 1)[1]) < 20 else 30
    for host, late in enumerate((0, 0, -0.5, 0.5), first):
        with Watched(*ends) as watched:
            time.sleep(1)
            move(gears, mover, host, late)
            wait_seen(router, tunnel, WHERE["r1"], WHERE[ends[1].gear.name])
            if not stranger:
                wait_seen(ends[1].gear, ends[1].tunnel, WHERE[ends[1].gear.name], WHERE["r1"])
            time.sleep(2.5)
        quiet += watched.unchanged()
        lost = [len(flow) for flow in watched.lost(watched.end)]
        print("{} moved, {} s without an address: lost {} and {} of 100 a second".format(mover, late, *lost))
        for end in ends:
            if end.tunnel:
                topo.wait_up(end.gear, end.tunnel, 10)
            if end.neighbor:
                topo.wait_bgp(end.gear, end.neighbor)
        wait_passes(ends)
        assert names(router, tunnel, stranger) == before
    assert quiet


def test_agreed(ends):
    for end in ends:
        assert topo.tunnel(end.gear, end.tunnel)["mobike"]
    assert "MOBIKE" in topo.vtysh(ends[0].gear, "show vpn tunnel to-r2 detail")[1]


def test_we_move(ends, gears):
    """r1 began, so it decides."""
    check(ends, "r1", gears)


def test_they_move(ends, gears):
    """r2 only answers: it says where it is, and r1 decides to follow."""
    check(ends, "r2", gears)


@pytest.fixture(name="strangers")
def _strangers(gears):
    if "charon" not in PEER:
        pytest.skip("not installed: " + strongswan.missing())
    ends = [End(gears["r1"], "to-s1", "169.254.20.1", None), End(gears["s1"], None, "169.254.20.2", None)]
    topo.config(gears["r1"], "vpn tunnel to-s1", "initiate always")
    charon_knows(WHERE["r1"])
    topo.wait_up(gears["r1"], "to-s1", 45)
    return ends


def test_strongswan_answers(strangers, gears):
    """charon follows r1."""
    shown = topo.tunnel(gears["r1"], "to-s1")
    assert shown["mobike"] and shown["initiator"], shown
    check(strangers, "r1", gears)


def test_strongswan_moves(strangers, gears):
    """charon began, and its address changes."""
    r1 = gears["r1"]
    topo.config(r1, "vpn tunnel to-s1", "initiate never")
    topo.vtysh(r1, "clear vpn tunnel to-s1")
    topo.wait(lambda: PEER["charon"].installed() == 0, "charon to let go")
    PEER["charon"].initiate("to-r1")
    topo.wait_up(r1, "to-s1")
    shown = topo.tunnel(r1, "to-s1")
    assert shown["mobike"] and not shown["initiator"], shown
    check(strangers, "s1", gears)


def test_without(ends, gears):
    """r1 does not want it: a new IKE SA soon."""
    r1 = gears["r1"]
    topo.config(r1, "vpn tunnel to-r2", "no mobike", "remote address " + WHERE["r2"])
    topo.wait(lambda: topo.tunnel(r1, "to-r2").get("mobike") is False, "an IKE SA without MOBIKE")
    topo.wait_up(r1, "to-r2")
    before = names(r1, "to-r2")
    start = time.monotonic()
    move(gears, "r1", 40)
    wait_seen(r1, "to-r2", WHERE["r1"], WHERE["r2"])
    topo.wait_up(r1, "to-r2")
    print("without MOBIKE: up again after {:.1f} s".format(time.monotonic() - start))
    assert names(r1, "to-r2") != before
    topo.wait_bgp(r1, "169.254.10.2")


def test_nothing_crashed():
    for router in get_topogen().routers().values():
        assert not router.check_router_running()

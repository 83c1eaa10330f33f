# SPDX-License-Identifier: GPL-2.0-or-later
"""Two bgpvpnd that rekey all the time, both of them, under traffic: nobody notices.

      192.0.2.1                            198.51.100.1
     +---------+       10.0.12.0/24       +---------+
     |   r1    |--------------------------|   r2    |
     | AS65001 |==== 169.254.10.0/30 =====| AS65002 |
     +---------+                          +---------+
"""

import random
import time

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import topo
from vpnlab.undisturbed import End, Undisturbed

pytestmark = [pytest.mark.bgpd, pytest.mark.bgpvpnd]
# Packets a second each way: half as many must come about, which a guest with one processor does too.
PPS = 200
ENDS = (("r1", "to-r2", "192.0.2.1", "169.254.10.2"), ("r2", "to-r1", "198.51.100.1", "169.254.10.1"))


def build_topo(tgen):
    for name in ("r1", "r2"):
        tgen.add_router(name)
    tgen.add_link(tgen.gears["r1"], tgen.gears["r2"], "r1-eth0", "r2-eth0")


def setup_module(mod):
    tgen = Topogen(build_topo, mod.__name__)
    tgen.start_topology()
    for router in tgen.routers().values():
        topo.load(router, "frr.conf")
    tgen.start_router()


def teardown_module():
    get_topogen().stop_topology()


@pytest.fixture(name="ends")
def _ends():
    tgen = get_topogen()
    if tgen.routers_have_failure():
        pytest.skip(tgen.errors)
    ends = [End(tgen.gears[name], *rest) for name, *rest in ENDS]
    for end, other in zip(ends, reversed(ends)):
        topo.wait_up(end.gear, end.tunnel)
        topo.wait_bgp(end.gear, end.neighbor)
        topo.wait(
            lambda: "dev vpn0" in topo.run(end.gear, "ip route get " + other.address)[1],
            "the route of {} through vpn0".format(end.gear.name),
        )
    return ends


def rekey(end, what):
    """True: it has begun."""
    return "%" not in topo.vtysh(end.gear, "vpn rekey tunnel {} {}".format(end.tunnel, what))[1]


def pairs(ends):
    """(ESP pairs, IKE SAs) of both."""
    return [topo.sas(end.gear, end.tunnel) for end in ends]


def settle(ends):
    """Exactly one pair and one IKE SA are left at both ends, the same."""
    topo.wait(lambda: pairs(ends) == [(1, 1), (1, 1)], lambda: "one pair, not " + str(pairs(ends)), 20)
    here, there = (topo.tunnel(end.gear, end.tunnel) for end in ends)
    assert (here["espSpiIn"], here["espSpiOut"]) == (there["espSpiOut"], there["espSpiIn"])
    assert here["ikeSpiInitiator"] == there["ikeSpiInitiator"] and here["ikeSpiResponder"] == there["ikeSpiResponder"]


def test_once(ends):
    """`vpn rekey tunnel` makes new keys, of the pair when nothing is said, of the IKE SA on demand."""
    before = topo.tunnel(ends[0].gear, "to-r2")
    with Undisturbed(*ends):
        assert rekey(ends[0], "")
        topo.wait(lambda: topo.tunnel(ends[0].gear, "to-r2")["espSpiIn"] != before["espSpiIn"], "another pair", 5)
        assert topo.tunnel(ends[0].gear, "to-r2")["ikeSpiInitiator"] == before["ikeSpiInitiator"]
        topo.wait(lambda: rekey(ends[1], "ike"), "rekeying of the IKE SA", 5)
        topo.wait(lambda: topo.tunnel(ends[0].gear, "to-r2")["ikeSpiInitiator"] != before["ikeSpiInitiator"], "another IKE SA", 5)
        settle(ends)


def test_refused(ends):
    """What cannot be rekeyed is refused with words."""
    router = ends[0].gear
    assert "no such tunnel" in topo.vtysh(router, "vpn rekey tunnel nobody")[1]
    topo.config(router, "vpn tunnel nobody", "interface vpn7", "remote address 10.0.12.9", "pre-shared-key x")
    for what in ("", "child", "ike"):
        assert "nothing to rekey" in topo.vtysh(router, "vpn rekey tunnel nobody " + what)[1]
    topo.config(router, "no vpn tunnel nobody")


@pytest.mark.parametrize("esp", ["aes256gcm16", "aes256gcm16-ecp384"], ids=["without-pfs", "with-pfs"])
def test_all_the_time(ends, esp):
    """Both ends, Child SAs about ten times a second, IKE SAs now and then, hundreds of packets a second each way."""
    for end in ends:
        topo.config(end.gear, "vpn profile p", "esp proposal " + esp)
        topo.config(end.gear, "vpn tunnel " + end.tunnel, "profile p")
    for end in ends:
        topo.wait_up(end.gear, end.tunnel)
        topo.wait_bgp(end.gear, end.neighbor)
    settle(ends)
    dice = random.Random(7)
    begun = {"child": 0, "ike": 0}
    with Undisturbed(*ends, pps=PPS):
        until = time.monotonic() + 30
        while time.monotonic() < until:
            what = "ike" if dice.random() < 0.1 else "child"
            begun[what] += rekey(dice.choice(ends), what)
    print("rekeyed: {}".format(begun))
    assert begun["child"] >= 20 and begun["ike"] >= 2
    settle(ends)


def test_packets_used_up(ends):
    """`esp lifetime ... packets`: new keys in time, again and again, without any word of ours."""
    for end in ends:
        topo.config(end.gear, "vpn profile p", "esp lifetime 3600 packets 1000")
        assert "esp lifetime 3600 packets 1000" in topo.vtysh(end.gear, "show running-config")[1]
    assert rekey(ends[0], "child")
    settle(ends)
    spis = set()
    with Undisturbed(*ends, pps=PPS):
        until = time.monotonic() + 30
        while time.monotonic() < until:
            spis.add(topo.tunnel(ends[0].gear, "to-r2")["espSpiIn"])
            time.sleep(0.2)
    assert len(spis) >= 4
    settle(ends)
    for end in ends:
        topo.config(end.gear, "vpn profile p", "no esp lifetime")
        assert "esp lifetime" not in topo.vtysh(end.gear, "show running-config")[1]


def test_nothing_crashed():
    for router in get_topogen().routers().values():
        assert not router.check_router_running()

# SPDX-License-Identifier: GPL-2.0-or-later
"""bgpvpnd and a strongSwan peer over a long way, rekeying at the same moment, so that their exchanges cross (RFC 7296 2.8.1, 2.8.2, 2.25).
No packet is lost, the link does not change, the BGP session is not reset, and one pair is left.

      192.0.2.1                                     198.51.100.1
     +---------+          +-----+                  +---------+
     |   r1    |----------|  R  |------------------|   s1    |   charon with kernel-libipsec
     | bgpvpnd |          +-----+ 50 ms each way   | charon  |
     +---------+=========169.254.10.0/30===========+---------+
"""

import concurrent.futures
import os
import random
import time

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import longway, netns, strongswan, topo
from vpnlab.undisturbed import End, Undisturbed

pytestmark = [pytest.mark.bgpd, pytest.mark.bgpvpnd]
SECRET = "between-two-houses"
DELAY = 0.05
ROUNDS = 10
RUNNING = {}


def build_topo(tgen):
    for name in ("r1", "s1", "R"):
        tgen.add_router(name)
    tgen.add_link(tgen.gears["r1"], tgen.gears["R"], "r1-eth0", "R-eth0")
    tgen.add_link(tgen.gears["s1"], tgen.gears["R"], "s1-eth0", "R-eth1")


def setup_module(mod):
    if strongswan.missing():
        pytest.skip("not installed: " + strongswan.missing())
    tgen = Topogen(build_topo, mod.__name__)
    tgen.start_topology()
    r1, s1 = tgen.gears["r1"], tgen.gears["s1"]
    for gear in (r1, s1):
        netns.inside(topo.netns(gear), longway.whole_checksums, gear.name + "-eth0")
    RUNNING["way"] = longway.LongWay(topo.netns(tgen.gears["R"]), "R-eth0", "R-eth1", DELAY)
    topo.load(r1, "frr.conf")
    topo.load(s1, "frr.conf", daemons=("zebra", "bgpd"))
    s1.start()
    charon = RUNNING["charon"] = strongswan.StrongSwan(topo.netns(s1), os.path.join(tgen.logdir, "charon"))
    charon.start()
    charon.device("169.254.10.2/30")
    charon.connection("to-r1", "10.0.12.2", "10.0.12.1", SECRET, esp="aes256gcm16")
    r1.start()
    topo.config(r1, "debug vpn ike")


def teardown_module():
    if "charon" in RUNNING:
        RUNNING["charon"].stop()
    if "way" in RUNNING:
        RUNNING["way"].stop()
    if get_topogen():
        get_topogen().stop_topology()


@pytest.fixture(name="ends")
def _ends():
    tgen = get_topogen()
    if tgen.routers_have_failure():
        pytest.skip(tgen.errors)
    r1, s1 = tgen.gears["r1"], tgen.gears["s1"]
    topo.wait_up(r1, "to-s1")
    topo.wait_bgp(r1, "169.254.10.2", 45)
    topo.wait(lambda: "dev vpn0" in topo.run(r1, "ip route get 198.51.100.1")[1], "r1's route through vpn0")
    topo.wait(lambda: "dev ipsec0" in topo.run(s1, "ip route get 192.0.2.1")[1], "s1's route through ipsec0")
    return End(r1, "to-s1", "192.0.2.1", "169.254.10.2"), End(s1, None, "198.51.100.1", "169.254.10.1")


def settled(r1):
    """One pair and one IKE SA at both ends, the same."""
    charon = RUNNING["charon"]
    if charon.installed() != 1 or charon.established() != 1 or topo.sas(r1, "to-s1") != (1, 1):
        return False
    shown, theirs = topo.tunnel(r1, "to-s1"), charon.list_sas()
    return all(shown[key][2:] in theirs for key in ("espSpiIn", "espSpiOut"))


def crossings(log):
    """What charon says of them."""
    words = ("rekey collision", "TEMP_FAIL", "NO_CHILD_SA", "unable to rekey", "lost CHILD_SA", "lost IKE_SA")
    return {word: log.count(word) for word in words if word in log}


@pytest.mark.parametrize("theirs", ["child", "ike"], ids=["their-child", "their-ike"])
@pytest.mark.parametrize("ours", ["child", "ike"], ids=["our-child", "our-ike"])
def test_at_the_same_moment(ends, ours, theirs):
    r1, charon = ends[0].gear, RUNNING["charon"]
    dice, logged = random.Random(5), len(charon.log())
    with Undisturbed(*ends), concurrent.futures.ThreadPoolExecutor() as pool:
        for _ in range(ROUNDS):
            pool.submit(charon.rekey, theirs, "to-r1")
            time.sleep(dice.uniform(0, DELAY))
            topo.vtysh(r1, "vpn rekey tunnel to-s1 " + ours)
            time.sleep(dice.uniform(1, 2))
    print("crossings: {}".format(crossings(charon.log()[logged:])))
    topo.wait(
        lambda: settled(r1),
        lambda: "one pair; {} {}\n{}".format(topo.sas(r1, "to-s1"), topo.tunnel(r1, "to-s1"), charon.list_sas()),
        40,
    )


def test_they_did_cross(ends):
    assert crossings(RUNNING["charon"].log()), "no rekeying met another: nothing was tested"


def test_nothing_crashed(ends):
    assert not ends[0].gear.check_router_running()

# SPDX-License-Identifier: GPL-2.0-or-later
"""bgpvpnd and a strongSwan peer, one of them behind a router that translates addresses and ports, eBGP over the tunnel: both rekey under
traffic and lose nothing, the router forgets its translations and traffic goes on, and the idle tunnel keeps them alive.

     +---------+       +-----+       +---------+
     |   r1    |-------|  R  |-------|   s1    |   charon with kernel-libipsec
     | bgpvpnd |       +-----+       | charon  |
     +---------+= 169.254.10.0/30 ===+---------+
"""

import os
import random
import re
import time

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import middle, strongswan, topo
from vpnlab.undisturbed import End, Undisturbed, Watched

pytestmark = [pytest.mark.bgpd, pytest.mark.bgpvpnd]
SECRET = "between-two-houses"
R1, S1, R_TO_R1, R_TO_S1 = "10.0.12.1", "10.0.23.2", "10.0.12.254", "10.0.23.254"
SECONDS = {"we-are-behind": 60, "they-are-behind": 20}
# RFC 3948 2.3: a keepalive is one byte in UDP.
KEEPALIVE = "ip saddr {} udp dport 4500 udp length 9"
# 100 packets a second each way: until a peer is suspected, asked, and has a new pair.
LOST_EACH_TIME = 90
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
    topo.load(r1, "frr.conf")
    topo.load(s1, "frr.conf", daemons=("zebra", "bgpd"))
    s1.start()
    r1.start()
    topo.config(r1, "debug vpn ike")
    RUNNING["middle"] = middle.Middle(tgen.gears["R"], r1, R1, s1, S1)
    settings = {"keep_alive": "3s", "retransmit_timeout": 1}
    charon = RUNNING["charon"] = strongswan.StrongSwan(topo.netns(s1), os.path.join(tgen.logdir, "charon"), settings)
    charon.start()
    charon.device("169.254.10.2/30")


def teardown_module():
    if "charon" in RUNNING:
        RUNNING["charon"].stop()
    if get_topogen():
        get_topogen().stop_topology()


def our_side(r1, remote, behind):
    words = ("shutdown", "local address " + R1, "remote address " + remote, "remote id address " + S1, "pre-shared-key " + SECRET,
             "interface vpn0", "inside address 169.254.10.1/30", "initiate " + ("always" if behind else "never"),
             "no shutdown")  # fmt: skip
    status, said = topo.config(r1, "no vpn tunnel to-s1", "vpn tunnel to-s1", *words)
    assert status == 0 and "%" not in said, said


def behind_ours(r1, rekeys=True):
    """r1 is behind R: charon does not know its address beforehand."""
    RUNNING["middle"].translate("R-eth1", "20000-20999")
    RUNNING["charon"].connection("to-r1", S1, "%any", SECRET, esp="aes256gcm16", rekeys=rekeys, them={"id": R1})
    our_side(r1, S1, True)


def behind_theirs(r1, rekeys=True):
    """charon is behind R, we do not know its address beforehand."""
    RUNNING["middle"].translate("R-eth0", "20000-20999")
    RUNNING["charon"].connection("to-r1", S1, R1, SECRET, esp="aes256gcm16", rekeys=rekeys)
    our_side(r1, "any", False)
    RUNNING["charon"].initiate("to-r1")


def ends_when_up(r1):
    s1, charon = get_topogen().gears["s1"], RUNNING["charon"]
    topo.wait(
        lambda: topo.tunnel(r1, "to-s1").get("linkState") == "up",
        lambda: "the tunnel; {}\n{}".format(topo.tunnel(r1, "to-s1"), charon.log()[-2500:]),
    )
    topo.wait_bgp(r1, "169.254.10.2", 45)
    topo.wait(lambda: "dev vpn0" in topo.run(r1, "ip route get 198.51.100.1")[1], "r1's route through vpn0")
    topo.wait(lambda: "dev ipsec0" in topo.run(s1, "ip route get 192.0.2.1")[1], "s1's route through ipsec0")
    return End(r1, "to-s1", "192.0.2.1", "169.254.10.2"), End(s1, None, "198.51.100.1", "169.254.10.1")


def begin(behind, rekeys=True):
    """A new tunnel.  rekeys: charon does, every few seconds."""
    r1 = get_topogen().gears["r1"]
    topo.config(r1, "no vpn tunnel to-s1")
    topo.wait(lambda: RUNNING["charon"].established() == 0, "charon to let go")
    (behind_ours if behind == "we-are-behind" else behind_theirs)(r1, rekeys)


@pytest.fixture(name="behind", params=list(SECONDS), scope="module")
def _behind(request):
    """Who is behind R."""
    begin(request.param)
    return request.param


@pytest.fixture(name="ends")
def _ends(behind):
    return ends_when_up(get_topogen().gears["r1"])


def port(r1, behind):
    """Where IKE goes, as the one that is not behind R sees it; five digits when it is translated."""
    if behind == "they-are-behind":
        return str(topo.tunnel(r1, "to-s1")["remotePort"])
    return re.search(r"remote .*\[(\d+)\]", RUNNING["charon"].list_sas())[1]


def rekey_now_and_then(r1, seconds):
    """Ours: Child SAs every one to four seconds, every fourth time the IKE SA.  How many of each have begun."""
    dice, begun = random.Random(3), {"child": 0, "ike": 0}
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(dice.uniform(1, 4))
        what = "ike" if dice.random() < 0.25 else "child"
        begun[what] += topo.vtysh(r1, "vpn rekey tunnel to-s1 " + what)[1].count("%") == 0
    return begun


def test_found(ends, behind):
    shown = topo.tunnel(ends[0].gear, "to-s1")
    assert shown["nat"]
    assert re.match(r"20\d\d\d$", port(ends[0].gear, behind))


def test_both_rekey(ends, behind):
    r1, charon = ends[0].gear, RUNNING["charon"]
    logged = len(charon.log())
    with Undisturbed(*ends):
        begun = rekey_now_and_then(r1, SECONDS[behind])
    print("we began {}, charon installed {} pairs".format(begun, charon.log()[logged:].count("inbound CHILD_SA")))
    assert begun["child"] >= 3 and begun["ike"] >= 1
    topo.wait(lambda: topo.sas(r1, "to-s1")[0] == 1 and charon.installed() == 1, "one pair", 40)


def test_router_forgets(behind):
    """Other ports from one moment to the next, four times: for a moment nothing arrives, then both go on, and nobody notices but those
    packets.  We follow what we hear, charon our next request; with kernel-libipsec it makes a new pair for that."""
    begin(behind, rekeys=False)
    r1 = get_topogen().gears["r1"]
    ends = ends_when_up(r1)
    with Watched(*ends) as watched:
        for new in ("30000-30999", "20000-20999", "30000-30999", "20000-20999"):
            RUNNING["middle"].translate("R-eth1" if behind == "we-are-behind" else "R-eth0", new)
            topo.wait(lambda: new[0] == port(r1, behind)[0], lambda: "the new port, it is {}".format(port(r1, behind)), 10)
            time.sleep(2)
    assert all(len(lost) <= 4 * LOST_EACH_TIME for lost in watched.lost(watched.end)), watched.words(watched.end)
    assert watched.unchanged()


def test_keepalives(behind):
    """An idle tunnel keeps the translation alive."""
    begin(behind, rekeys=False)
    ends_when_up(get_topogen().gears["r1"])
    host = R1 if behind == "we-are-behind" else S1
    RUNNING["middle"].count("keepalives", KEEPALIVE.format(host))
    topo.wait(lambda: RUNNING["middle"].counted("keepalives") >= 1, "a keepalive", 90)
    RUNNING["middle"].end("keepalives")


def test_nothing_crashed():
    assert not get_topogen().gears["r1"].check_router_running()

# SPDX-License-Identifier: GPL-2.0-or-later
"""bgpvpnd and a strongSwan peer that rekey all the time, both of them, with and without PFS, with a PPK, whoever began, under traffic:
no packet is lost, the link does not change, the BGP session is not reset, and one pair is left.

      192.0.2.1                            198.51.100.1
     +---------+       10.0.12.0/24       +---------+
     |   r1    |--------------------------|   s1    |   charon with kernel-libipsec: ESP in user space,
     | bgpvpnd |==== 169.254.10.0/30 =====| charon  |   device ipsec0
     +---------+  vpn0            ipsec0  +---------+
"""

import os
import random
import time

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import strongswan, topo
from vpnlab.undisturbed import End, Undisturbed

pytestmark = [pytest.mark.bgpd, pytest.mark.bgpvpnd]
SECRET = "between-two-houses"
PPK = ("house-key", "0123456789abcdefghijklmnopqrstuv")
PEER = {}
SECONDS = 45


def build_topo(tgen):
    for name in ("r1", "s1"):
        tgen.add_router(name)
    tgen.add_link(tgen.gears["r1"], tgen.gears["s1"], "r1-eth0", "s1-eth0")


def setup_module(mod):
    if strongswan.missing():
        pytest.skip("not installed: " + strongswan.missing())
    tgen = Topogen(build_topo, mod.__name__)
    tgen.start_topology()
    topo.load(tgen.gears["r1"], "frr.conf")
    topo.load(tgen.gears["s1"], "frr.conf", daemons=("zebra", "bgpd"))
    tgen.gears["s1"].start()
    charon = strongswan.StrongSwan(topo.netns(tgen.gears["s1"]), os.path.join(tgen.logdir, "charon"))
    PEER["charon"] = charon
    charon.start()
    charon.device("169.254.10.2/30")
    tgen.gears["r1"].start()
    topo.config(tgen.gears["r1"], "debug vpn ike")


def teardown_module():
    if "charon" in PEER:
        PEER["charon"].stop()
    if get_topogen():
        get_topogen().stop_topology()


@pytest.fixture(name="r1")
def _r1():
    tgen = get_topogen()
    if tgen.routers_have_failure():
        pytest.skip(tgen.errors)
    return tgen.gears["r1"]


def both_have(ppk):
    """What our tunnel and charon's connection need for a PPK that both insist on, or for none."""
    if not ppk:
        return "no ppk", {}
    name, secret = ppk
    theirs = {"settings": {"ppk_id": name, "ppk_required": "yes"}, "ppk": (name, "0x" + secret.encode("ascii").hex())}
    return "ppk id {} secret {} required".format(name, secret), theirs


def start(r1, esp, we_begin, rekeys, theirs=None, ppk=None):
    """A new tunnel of these words, up and routed over at both ends.  theirs: charon's ESP proposal, when it is another one."""
    s1, charon = get_topogen().gears["s1"], PEER["charon"]
    topo.config(r1, "vpn tunnel to-s1", "shutdown")
    topo.wait(lambda: charon.established() == 0, "charon to let go")
    our_ppk, their_ppk = both_have(ppk)
    charon.connection("to-r1", "10.0.12.2", "10.0.12.1", SECRET, esp=theirs or esp, rekeys=rekeys, **their_ppk)
    topo.config(r1, "vpn profile p", "esp proposal " + esp)
    words = ("initiate always" if we_begin else "initiate never", our_ppk, "profile p", "no shutdown")
    topo.config(r1, "vpn tunnel to-s1", *words)
    if not we_begin:
        charon.initiate("to-r1")
    topo.wait_up(r1, "to-s1")
    topo.wait_bgp(r1, "169.254.10.2", 45)
    topo.wait(lambda: "dev vpn0" in topo.run(r1, "ip route get 198.51.100.1")[1], "r1's route through vpn0")
    topo.wait(lambda: "dev ipsec0" in topo.run(s1, "ip route get 192.0.2.1")[1], "s1's route through ipsec0")


def settled(r1):
    """One pair and one IKE SA at both ends, the same.  charon rekeys on: there is a moment."""
    charon = PEER["charon"]
    if charon.installed() != 1 or charon.established() != 1 or topo.sas(r1, "to-s1") != (1, 1):
        return False
    shown, theirs = topo.tunnel(r1, "to-s1"), charon.list_sas()
    return all(shown[key][2:] in theirs for key in ("espSpiIn", "espSpiOut"))


def wait_settled(r1):
    charon = PEER["charon"]
    topo.wait(
        lambda: settled(r1),
        lambda: "one pair; {} {}\n{}".format(topo.sas(r1, "to-s1"), topo.tunnel(r1, "to-s1"), charon.list_sas()),
        40,
    )


def ends(r1):
    return (
        End(r1, "to-s1", "192.0.2.1", "169.254.10.2"),
        End(get_topogen().gears["s1"], None, "198.51.100.1", "169.254.10.1"),
    )


def rekey_now_and_then(r1, seconds):
    """Ours: Child SAs every one to four seconds, every fourth time the IKE SA.  How many of each have begun."""
    dice, begun = random.Random(11), {"child": 0, "ike": 0}
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(dice.uniform(1, 4))
        what = "ike" if dice.random() < 0.25 else "child"
        begun[what] += topo.vtysh(r1, "vpn rekey tunnel to-s1 " + what)[1].count("%") == 0
    return begun


@pytest.mark.parametrize("we_begin", [True, False], ids=["we-begin", "they-begin"])
@pytest.mark.parametrize(
    "esp, ppk",
    [("aes256gcm16", None), ("aes256gcm16-ecp384", None), ("aes256gcm16-ecp384", PPK)],
    ids=["without-pfs", "with-pfs", "with-ppk"],
)
def test_both_rekey(r1, esp, ppk, we_begin):
    charon = PEER["charon"]
    start(r1, esp, we_begin, rekeys=True, ppk=ppk)
    assert topo.tunnel(r1, "to-s1")["ppk"] is bool(ppk)
    logged = len(charon.log())
    with Undisturbed(*ends(r1)):
        begun = rekey_now_and_then(r1, SECONDS)
    theirs = charon.log()[logged:]
    print("we began {}, charon installed {} pairs".format(begun, theirs.count("inbound CHILD_SA")))
    assert begun["child"] >= 8 and begun["ike"] >= 2
    wait_settled(r1)


def test_they_insist_on_pfs(r1):
    """charon refuses our rekeying, which is without PFS, for good: a new IKE SA takes over, and nobody notices either.  The pairs that
    charon has rekeyed with PFS we rekey with PFS."""
    charon = PEER["charon"]
    start(r1, "aes256gcm16", True, rekeys=False, theirs="aes256gcm16-ecp384")
    before = topo.tunnel(r1, "to-s1")
    with Undisturbed(*ends(r1)):
        topo.vtysh(r1, "vpn rekey tunnel to-s1")
        topo.wait(lambda: topo.tunnel(r1, "to-s1")["ikeSpiInitiator"] != before["ikeSpiInitiator"], "a new IKE SA", 5)
        wait_settled(r1)
        assert charon.rekey("child", "to-r1")
        wait_settled(r1)
        before = topo.tunnel(r1, "to-s1")
        topo.vtysh(r1, "vpn rekey tunnel to-s1")
        topo.wait(lambda: topo.tunnel(r1, "to-s1")["espSpiIn"] != before["espSpiIn"], "another pair", 5)
        wait_settled(r1)
    after = topo.tunnel(r1, "to-s1")
    assert after["espProposal"] == "aes256gcm16-ecp384"
    assert after["ikeSpiInitiator"] == before["ikeSpiInitiator"]


def test_nothing_crashed(r1):
    assert not r1.check_router_running()

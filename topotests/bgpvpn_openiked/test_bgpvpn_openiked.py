# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenBSD's IKE daemon at the other end: any to any, pre-shared key, in both roles; rekeying, a DELETE, silence, a wrong secret.  Needs a
kernel with ESP and PF_KEY: tests/guest/run has one.

      192.0.2.1                            198.51.100.1
     +---------+       10.0.12.0/24       +---------+
     |   r1    |--------------------------|   o1    |   iked, ESP of the kernel by policy
     | bgpvpnd |==== 169.254.10.0/30 =====|  iked   |
     +---------+  vpn0              sec0  +---------+
"""

import os

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import openiked, topo
from vpnlab.undisturbed import End, Undisturbed

pytestmark = [pytest.mark.bgpd, pytest.mark.bgpvpnd]
SECRET = "between-two-houses"
PEER = {}
ROLES = pytest.mark.parametrize("we_begin", [True, False], ids=["we-begin", "they-begin"])


def build_topo(tgen):
    for name in ("r1", "o1"):
        tgen.add_router(name)
    tgen.add_link(tgen.gears["r1"], tgen.gears["o1"], "r1-eth0", "o1-eth0")


def setup_module(mod):
    if openiked.missing():
        pytest.skip(openiked.missing())
    tgen = Topogen(build_topo, mod.__name__)
    tgen.start_topology()
    r1, o1 = tgen.gears["r1"], tgen.gears["o1"]
    topo.load(r1, "frr.conf")
    topo.load(o1, "frr.conf", daemons=("zebra", "bgpd"))
    o1.start()
    PEER["iked"] = openiked.OpenIked(topo.netns(o1), os.path.join(tgen.logdir, "iked"))
    PEER["iked"].device("169.254.10.2/30")
    r1.start()
    topo.config(r1, "debug vpn ike")


def teardown_module():
    if "iked" in PEER:
        PEER["iked"].stop()
    if get_topogen():
        get_topogen().stop_topology()


@pytest.fixture(name="r1")
def _r1():
    tgen = get_topogen()
    if tgen.routers_have_failure():
        pytest.skip(tgen.errors)
    return tgen.gears["r1"]


def begin(r1, we_begin, secret=SECRET, **words):
    """A new tunnel; without waiting for it."""
    topo.config(r1, "vpn tunnel to-o1", "shutdown")
    PEER["iked"].stop()
    refused = topo.config(r1, "vpn tunnel to-o1", "initiate always" if we_begin else "initiate never", "no shutdown")[1]
    assert "%" not in refused, refused
    PEER["iked"].start("to-r1", "10.0.12.2", "10.0.12.1", secret, active=not we_begin, **words)


def works(r1):
    """The tunnel is up, BGP is over it, and traffic goes both ways in ESP."""
    o1, iked = get_topogen().gears["o1"], PEER["iked"]
    try:
        topo.wait_up(r1, "to-o1", 60)
    except AssertionError as error:
        raise AssertionError("{}\n{}\n{}".format(error, iked.sas(), iked.log()[-3000:])) from error
    topo.wait_bgp(r1, "169.254.10.2", 60)
    topo.wait(lambda: "dev vpn0" in topo.run(r1, "ip route get 198.51.100.1")[1], "r1's route through vpn0")
    topo.wait(lambda: "via 169.254.10.1" in topo.run(o1, "ip route get 192.0.2.1")[1], "o1's route through the tunnel")
    before = topo.tunnel(r1, "to-o1")
    assert topo.pings(r1, "192.0.2.1", "198.51.100.1") == 10
    assert topo.pings(o1, "198.51.100.1", "192.0.2.1") == 10
    after = topo.tunnel(r1, "to-o1")
    assert all(after[key] >= before[key] + 20 for key in ("packetsIn", "packetsOut"))


@ROLES
def test_secret(r1, we_begin):
    begin(r1, we_begin)
    works(r1)
    shown, kernel = topo.tunnel(r1, "to-o1"), PEER["iked"].kernel()
    assert shown["initiator"] == we_begin
    assert shown["ikeProposal"] == "aes256-sha256-modp3072" and shown["espProposal"].startswith("aes256-sha512")
    assert "mode tunnel" in kernel and "src 0.0.0.0/0 dst 0.0.0.0/0" in kernel
    assert all("0x" + shown[key][2:] in kernel for key in ("espSpiIn", "espSpiOut"))


def ends(r1):
    return (
        End(r1, "to-o1", "192.0.2.1", "169.254.10.2"),
        End(get_topogen().gears["o1"], None, "198.51.100.1", "169.254.10.1"),
    )


# iked first answers and then loads its SAs, and sends by them before our answer can be there: what is on its way meanwhile is lost, of 100
# a second in each direction.
MAY_LOSE = {"child": 50, "ike": 0}


@pytest.mark.parametrize("what, key", [("child", "espSpiIn"), ("ike", "ikeSpiInitiator")])
def test_we_rekey(r1, what, key):
    """New keys with PFS, of either kind, under traffic: link and BGP do not notice."""
    works(r1)
    before = topo.tunnel(r1, "to-o1")[key]
    with Undisturbed(*ends(r1), may_lose=MAY_LOSE[what]):
        topo.wait(lambda: "%" not in topo.vtysh(r1, "vpn rekey tunnel to-o1 " + what)[1], "rekeying to begin", 5)
        topo.wait(lambda: topo.tunnel(r1, "to-o1")[key] != before, "another SA", 10)
        topo.wait(lambda: topo.sas(r1, "to-o1") == (1, 1), lambda: "one pair and one IKE SA: {}".format(topo.sas(r1, "to-o1")), 20)


def test_they_delete(r1):
    """iked ends with a DELETE: the link is down at once; it comes back, and so does the tunnel."""
    works(r1)
    PEER["iked"].stop()
    topo.wait(lambda: topo.tunnel(r1, "to-o1")["linkState"] == "down", "the link to go down", 5)
    begin(r1, True)
    works(r1)


def test_it_falls_silent(r1):
    """Nothing comes from there any more, under traffic; later it is as before."""
    works(r1)
    r1.net.cmd_raises(["nft", "add table ip cut; add chain ip cut in { type filter hook prerouting priority -450; }; "
                              "add rule ip cut in iifname r1-eth0 drop"])  # fmt: skip
    topo.run(r1, "ping -q -i 0.2 -c 30 -W 1 -I 192.0.2.1 198.51.100.1")
    topo.wait(lambda: topo.tunnel(r1, "to-o1")["linkState"] == "down", "the link to go down")
    assert topo.bgp_state(r1, "169.254.10.2") != "Established"
    r1.net.cmd_raises(["nft", "delete table ip cut"])
    works(r1)


@ROLES
def test_wrong_secret(r1, we_begin):
    """Refused, and the operator reads that it is about authentication; with the right one it works again."""
    begin(r1, we_begin, secret="another-one")

    def said():
        return topo.vtysh(r1, "show vpn tunnel to-o1 detail")[1].lower()

    topo.wait(lambda: "authenticat" in said() or "pre-shared keys differ" in said(), lambda: "authentication in " + said())
    assert topo.tunnel(r1, "to-o1")["linkState"] == "down"
    begin(r1, we_begin)
    works(r1)


def test_nothing_crashed(r1):
    assert not r1.check_router_running()

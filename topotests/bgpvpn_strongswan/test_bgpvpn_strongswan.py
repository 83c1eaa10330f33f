# SPDX-License-Identifier: GPL-2.0-or-later
"""A strongSwan peer, in both roles, with eBGP over the tunnel to Debian's bgpd on the far side.

      192.0.2.1                            198.51.100.1
     +---------+       10.0.12.0/24       +---------+
     |   r1    |--------------------------|   s1    |   charon with kernel-libipsec: ESP in user space,
     | bgpvpnd |==== 169.254.10.0/30 =====| charon  |   device ipsec0
     +---------+  vpn0            ipsec0  +---------+
"""

import os

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import strongswan, topo

pytestmark = [pytest.mark.bgpd, pytest.mark.bgpvpnd]
SECRET = "between-two-houses"
PEER = {}


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
    charon.connection("to-r1", "10.0.12.2", "10.0.12.1", SECRET)
    tgen.gears["r1"].start()


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


def works(r1):
    """The tunnel is up at both, BGP is over it, traffic goes both ways."""
    s1, charon = get_topogen().gears["s1"], PEER["charon"]

    def seen():
        return "{}\n{}\n{}".format(topo.tunnel(r1, "to-s1"), charon.list_sas(), charon.log()[-1500:])

    topo.wait(lambda: topo.tunnel(r1, "to-s1").get("linkState") == "up", lambda: "the tunnel; " + seen())
    assert charon.installed() == 1
    topo.wait_bgp(r1, "169.254.10.2", 45)
    topo.wait(lambda: "dev vpn0" in topo.run(r1, "ip route get 198.51.100.1")[1], "r1's route through vpn0")
    topo.wait(lambda: "dev ipsec0" in topo.run(s1, "ip route get 192.0.2.1")[1], "s1's route through ipsec0")
    assert topo.pings(r1, "192.0.2.1", "198.51.100.1") == 10
    assert topo.pings(s1, "198.51.100.1", "192.0.2.1") == 10


def test_we_initiate(r1):
    """to-s1 initiates by itself, which is the default; charon only answers."""
    works(r1)
    shown = topo.tunnel(r1, "to-s1")
    assert shown["ikeProposal"] == "aes256gcm16-prfsha384-ecp384"
    assert shown["espProposal"].startswith("aes256gcm16")


def test_liveness_is_answered(r1):
    """charon asks for a sign of life, bgpvpnd does too: nobody goes down while both are idle."""
    changes = topo.tunnel(r1, "to-s1")["uptimeMs"]
    topo.wait(lambda: topo.tunnel(r1, "to-s1")["uptimeMs"] > changes + 12000, "12 s of quiet", 15)
    assert topo.bgp_state(r1, "169.254.10.2") == "Established"


def test_they_delete(r1):
    """charon deletes the IKE SA: the link goes down at once, and bgpvpnd begins anew."""
    before = topo.tunnel(r1, "to-s1")["uptimeMs"]
    assert PEER["charon"].terminate("to-r1")
    topo.wait(lambda: topo.tunnel(r1, "to-s1").get("uptimeMs", before) < before, "the tunnel to begin anew")
    works(r1)


def test_they_initiate(r1):
    """bgpvpnd only answers, charon initiates."""
    topo.config(r1, "vpn tunnel to-s1", "initiate never")
    topo.vtysh(r1, "clear vpn tunnel to-s1")
    topo.wait(lambda: PEER["charon"].installed() == 0, "charon to let go")
    topo.wait(lambda: topo.tunnel(r1, "to-s1")["linkState"] == "down", "the link to go down")
    PEER["charon"].initiate("to-r1")
    works(r1)


def test_wrong_secret(r1):
    """charon with another secret: refused on both sides, and the operator reads why."""
    charon = PEER["charon"]
    charon.terminate("to-r1")
    charon.connection("to-r1", "10.0.12.2", "10.0.12.1", "another-one")
    with pytest.raises(RuntimeError):
        charon.initiate("to-r1")
    assert topo.tunnel(r1, "to-s1")["linkState"] == "down"
    assert "authenticat" in topo.vtysh(r1, "show vpn tunnel to-s1 detail")[1].lower()
    charon.connection("to-r1", "10.0.12.2", "10.0.12.1", SECRET)
    charon.initiate("to-r1")
    works(r1)


def test_nothing_crashed(r1):
    assert not r1.check_router_running()

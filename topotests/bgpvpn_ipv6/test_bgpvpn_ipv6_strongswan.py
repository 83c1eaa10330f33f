# SPDX-License-Identifier: GPL-2.0-or-later
"""A strongSwan peer over IPv6, with both families inside, and with one of them only.

     +---------+  2001:db8:12::/64, 10.0.12.0/24   +---------+
     |   v1    |-----------------------------------|   s1    |   charon with kernel-libipsec
     | bgpvpnd |==== 169.254.10.0/30 ==============| charon  |
     +---------+     fd00:10::/126                 +---------+
"""

import json
import os

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import strongswan, topo

pytestmark = [pytest.mark.bgpd, pytest.mark.bgpvpnd]
SECRET = "between-two-houses"
PEER = {}
ANY4, ANY6 = "0.0.0.0/0", "::/0"
V4 = ("192.0.2.1", "198.51.100.1", "169.254.10.2", "ipv4Unicast")
V6 = ("2001:db8:ffff::1", "2001:db8:ffff::2", "fd00:10::2", "ipv6Unicast")


def build_topo(tgen):
    for name in ("v1", "s1"):
        tgen.add_router(name)
    tgen.add_link(tgen.gears["v1"], tgen.gears["s1"], "v1-eth0", "s1-eth0")


def setup_module(mod):
    if strongswan.missing():
        pytest.skip("not installed: " + strongswan.missing())
    tgen = Topogen(build_topo, mod.__name__)
    tgen.start_topology()
    topo.load(tgen.gears["v1"], "frr.conf")
    topo.load(tgen.gears["s1"], "frr.conf", daemons=("zebra", "bgpd"))
    tgen.gears["s1"].start()
    charon = strongswan.StrongSwan(topo.netns(tgen.gears["s1"]), os.path.join(tgen.logdir, "charon"))
    PEER["charon"] = charon
    charon.start()
    for inside in ("169.254.10.2/30", "fd00:10::2/126"):
        charon.device(inside)
    connect6((ANY4, ANY6))
    tgen.gears["v1"].start()


def teardown_module():
    if "charon" in PEER:
        PEER["charon"].stop()
    if get_topogen():
        get_topogen().stop_topology()


@pytest.fixture(name="v1")
def _v1():
    return get_topogen().gears["v1"]


def connect6(selectors):
    PEER["charon"].connection("to-v1", "2001:db8:12::2", "2001:db8:12::1", SECRET, ts=",".join(selectors))


def again(v1):
    """Both begin anew, with what is configured now."""
    PEER["charon"].terminate("to-v1")
    topo.vtysh(v1, "clear vpn tunnel to-s1")


def bgp(v1, neighbor, family):
    try:
        shown = json.loads(topo.vtysh(v1, "show bgp summary json")[1])
    except ValueError:
        return None
    return shown.get(family, {}).get("peers", {}).get(neighbor, {}).get("state")


def link_up(v1):
    charon = PEER["charon"]
    topo.wait(
        lambda: topo.tunnel(v1, "to-s1").get("linkState") == "up" and charon.installed() == 1,
        lambda: "{}\n{}\n{}".format(topo.tunnel(v1, "to-s1"), charon.list_sas(), charon.log()[-2000:]),
        60,
    )


def works(v1, family):
    s1 = get_topogen().gears["s1"]
    ours, theirs, neighbor, name = family
    topo.wait(lambda: bgp(v1, neighbor, name) == "Established", lambda: "BGP with {}: {}".format(neighbor, bgp(v1, neighbor, name)), 60)
    topo.wait(lambda: "dev vpn0" in topo.run(v1, "ip route get " + theirs)[1], "v1's route to " + theirs)
    topo.wait(lambda: "dev ipsec0" in topo.run(s1, "ip route get " + ours)[1], "s1's route to " + ours)
    assert topo.pings(v1, ours, theirs) == 10
    assert topo.pings(s1, theirs, ours) == 10
    assert topo.pings(v1, ours, theirs + " -s 3000") == 10


def outside_selectors(v1):
    """Packets that no selector covers.  In the kernel no policy takes them, and the XFRM interface has nothing to carry them."""
    device = json.loads(topo.run(v1, "ip -s -s -j link show vpn0")[1])[0]["stats64"]["tx"]
    return json.loads(topo.vtysh(v1, "show vpn counters json")[1])["dataplane"]["selectors"] + device.get("carrier_errors", 0)


def is_dropped(v1, family):
    before = outside_selectors(v1)
    neighbor = family[2]
    assert topo.run(v1, "ping -c 3 -i 0.1 -W 1 " + neighbor)[0] != 0
    assert outside_selectors(v1) >= before + 3
    assert topo.tunnel(v1, "to-s1")["linkState"] == "up"


def test_both_families_over_ipv6(v1):
    link_up(v1)
    works(v1, V4)
    works(v1, V6)
    assert topo.tunnel(v1, "to-s1")["linkReason"] == "peer is reachable"


def test_rekeying(v1):
    """A new IKE SA and a new Child SA; charon skips the notify of RFC 6290 that comes with the former."""
    for what in ("ike", "child"):
        before = topo.tunnel(v1, "to-s1")
        assert "%" not in topo.vtysh(v1, "vpn rekey tunnel to-s1 " + what)[1]
        key = "ikeSpiInitiator" if what == "ike" else "espSpiIn"
        topo.wait(lambda: topo.tunnel(v1, "to-s1").get(key, before[key]) != before[key], "a new SA: " + what)
    link_up(v1)
    assert PEER["charon"].established() == 1
    works(v1, V4)
    works(v1, V6)


def test_they_initiate(v1):
    topo.config(v1, "vpn tunnel to-s1", "initiate never")
    again(v1)
    topo.wait(lambda: PEER["charon"].installed() == 0, "charon to let go")
    PEER["charon"].initiate("to-v1")
    link_up(v1)
    works(v1, V4)
    works(v1, V6)
    topo.config(v1, "vpn tunnel to-s1", "no initiate")


@pytest.mark.parametrize(
    "taken,carried,dropped,words",
    [(ANY4, V4, V6, "no IPv6 inside"), (ANY6, V6, V4, "no IPv4 inside")],
    ids=["only-ipv4", "only-ipv6"],
)
def test_they_narrow(v1, taken, carried, dropped, words):
    """Only one family: it works, the other one is dropped, counted, and the operator reads it."""
    connect6((taken,))
    again(v1)
    link_up(v1)
    works(v1, carried)
    is_dropped(v1, dropped)
    assert words in topo.tunnel(v1, "to-s1")["linkReason"]
    assert words in topo.vtysh(v1, "show vpn tunnel to-s1 detail")[1]


def test_both_families_over_ipv4(v1):
    PEER["charon"].connection("to-v1", "10.0.12.2", "10.0.12.1", SECRET, ts=ANY4 + "," + ANY6)
    topo.config(v1, "vpn tunnel to-s1", "no local address", "remote address 10.0.12.2", "local address 10.0.12.1")
    again(v1)
    link_up(v1)
    works(v1, V4)
    works(v1, V6)


def test_nothing_crashed(v1):
    assert not v1.check_router_running()

# SPDX-License-Identifier: GPL-2.0-or-later
"""Somebody interferes with what bgpvpnd has in the kernel, under traffic and eBGP: it is put back, the packets flow again, and the log says
so in one line.

      192.0.2.1                            198.51.100.1
     +---------+       10.0.12.0/24       +---------+
     |   r1    |--------------------------|   r2    |
     | AS65001 |==== 169.254.10.0/30 =====| AS65002 |
     +---------+                          +---------+
"""

import json
import os
import re
import time

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import topo
from vpnlab.undisturbed import End, Watched

pytestmark = [pytest.mark.bgpd, pytest.mark.bgpvpnd]
# A second is what it takes; a machine under load may think longer.
LIMIT = 20.0
# Whoever interferes again before this is no news.
NEWS_AGAIN = 11.0
INSIDE = "169.254.10.1/30"
KEY = "'rfc4106(gcm(aes))' 0x" + 40 * "2" + " 128"
# Of our range of reqids, but nobody's; and an operator's own.
STRAY, OWN = "0x76706eee", "0x63"

# name: what somebody does, the data planes that have such a thing, what the log says of it, whether BGP may notice
DAMAGES = {
    "states-flushed": ("ip xfrm state flush", ("kernel",), "link down: no Child SA", True),
    "policies-flushed": ("ip xfrm policy flush", ("kernel",), "robbed of its IPsec policies", False),
    "both-flushed": ("ip xfrm state flush; ip xfrm policy flush", ("kernel",), "link down: no Child SA", True),
    "interface-deleted": ("ip link del vpn0", ("kernel", "userspace"), "somebody removed interface vpn0", True),
    "dormant": ("ip link set vpn0 state DORMANT", ("kernel",), "set without carrier", True),
    "set-down": ("ip link set vpn0 down", ("kernel", "userspace"), "set down", True),
    "address-removed": ("ip addr del " + INSIDE + " dev vpn0", ("kernel", "userspace"), "robbed of inside address", True),
    "mtu": ("ip link set vpn0 mtu 700", ("kernel", "userspace"), "given MTU 700", False),
}


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
    r1, r2 = tgen.gears["r1"], tgen.gears["r2"]
    for router, tunnel, neighbor, target in ((r1, "to-r2", "169.254.10.2", "198.51.100.1"), (r2, "to-r1", "169.254.10.1", "192.0.2.1")):
        topo.wait_up(router, tunnel, 60)
        topo.wait_bgp(router, neighbor, 60)
        topo.wait(lambda: "dev vpn0" in topo.run(router, "ip route get " + target)[1], "the route through vpn0")
    return End(r1, "to-r2", "192.0.2.1", "169.254.10.2"), End(r2, "to-r1", "198.51.100.1", "169.254.10.1")


def plane(r1):
    return topo.tunnel(r1, "to-r2")["dataplane"]


def lines(router, words):
    """What bgpvpnd wrote that has these words, a regular expression."""
    path = os.path.join(get_topogen().logdir, router.name, "bgpvpnd.log")
    with open(path, errors="replace") as file:
        return [line for line in file if re.search(words, line) and "vty[" not in line]


def policies(router):
    """Those of interfaces, in an order of their own, without the numbers that are others every time."""
    said = topo.run(router, "ip xfrm policy")[1]
    blocks = [block for block in re.split(r"\n(?=src )", said) if "if_id" in block]
    return sorted(re.sub(r"(spi|reqid|if_id) \w+", r"\1", block).strip() for block in blocks)


def sas(router):
    """Those of interfaces, in the kernel."""
    return topo.run(router, "ip xfrm state")[1].count("if_id")


def device(router):
    """The interface as the operator sees it."""
    status, said = topo.run(router, "ip -j addr show vpn0")
    link = {} if status else json.loads(said)[0]
    addresses = sorted(a["local"] for a in link.get("addr_info", ()) if a["scope"] == "global")
    flags = link.get("flags", ())
    # iproute2 shows IFF_RUNNING by its absence only
    return {"mtu": link.get("mtu"), "addresses": addresses, "running": "UP" in flags and "NO-CARRIER" not in flags}


def made(router):
    """All of it."""
    return {"device": device(router), "policies": policies(router), "SAs": sas(router)}


def arrives(flows, since):
    """Whether of the last half second everything arrived, both ways, all of it sent later than `since`."""
    end = time.time() - 0.2
    start = end - 0.5
    return start > since and all(any(start <= when for when in flow.sent) and not flow.lost(start, end) for flow in flows)


@pytest.mark.parametrize("damage", DAMAGES)
def test_put_back(ends, damage):
    r1 = ends[0].gear
    command, planes, words, bgp_notices = DAMAGES[damage]
    if plane(r1) not in planes:
        pytest.skip("the {} data plane has no such thing".format(plane(r1)))
    time.sleep(NEWS_AGAIN)
    before, logged, known = made(r1), len(lines(r1, ".")), len(lines(r1, words))
    with Watched(*ends) as watched:
        topo.wait(lambda: arrives(watched.flows, watched.start), "packets both ways")
        began = time.time()
        assert topo.run(r1, command)[0] == 0
        topo.wait(lambda: made(r1) == before, lambda: "{}, it is\n{}".format(before, made(r1)), LIMIT)
        print("{}: as before after {:.1f} s".format(damage, time.time() - began))
        topo.wait(lambda: arrives(watched.flows, began), "packets both ways", 60)
        print("{}: packets flow after {:.1f} s".format(damage, time.time() - began))
        for end in ends:
            topo.wait_bgp(end.gear, end.neighbor, 60)
    assert bgp_notices or watched.unchanged()
    topo.wait(lambda: len(lines(r1, words)) > known, "a line about it: " + words)
    said = lines(r1, ".")[logged:]
    assert len(lines(r1, words)) == known + 1, "".join(said)
    assert len(said) <= 10, "".join(said)


def test_never_up_by_others(ends):
    """Without the peer's word the interface does not run, whoever says so."""
    r1, r2 = (end.gear for end in ends)
    topo.config(r2, "vpn tunnel to-r1", "shutdown")
    topo.wait(lambda: topo.tunnel(r1, "to-r2").get("linkState") == "down", "the link to go down")
    for command in ("ip link set vpn0 state UP", "ip link set vpn0 mode default", "ip link set vpn0 down; ip link set vpn0 up"):
        topo.run(r1, command)
        topo.wait(lambda: not device(r1)["running"], "no carrier: " + command)
    topo.config(r2, "vpn tunnel to-r1", "no shutdown")
    topo.wait_up(r1, "to-r2", 60)


def strays(router, reqid):
    """SAs and policies with this reqid, the kernel writes it in decimal."""
    return len(re.findall(r"reqid {}\b".format(int(reqid, 0)), topo.run(router, "ip xfrm state; ip xfrm policy")[1]))


def add_strange(router, reqid, spi):
    sa = "src 10.0.12.2 dst 10.0.12.1 proto esp spi {} reqid {} mode tunnel".format(spi, reqid)
    policy = "src 0.0.0.0/0 dst 203.0.113.0/24 dir out if_id {}".format(spi)
    assert topo.run(router, "ip xfrm state add {} aead {}".format(sa, KEY))[0] == 0
    tmpl = "tmpl src 10.0.12.1 dst 10.0.12.2 proto esp reqid {} mode tunnel".format(reqid)
    assert topo.run(router, "ip xfrm policy add {} {}".format(policy, tmpl))[0] == 0


def test_strays(ends):
    """What has a reqid of our range and no owner goes; what an operator has stays."""
    r1 = ends[0].gear
    if plane(r1) != "kernel":
        pytest.skip("the {} data plane has no such thing".format(plane(r1)))
    before = policies(r1)
    with Watched(*ends) as watched:
        add_strange(r1, OWN, "0xdead01")
        add_strange(r1, STRAY, "0xdead02")
        topo.wait(lambda: strays(r1, STRAY) == 0, lambda: topo.run(r1, "ip xfrm state; ip xfrm policy")[1], LIMIT)
    assert watched.unchanged() and not any(watched.lost(watched.end)), watched.words(watched.end)
    assert strays(r1, OWN) == 2
    assert [policy for policy in policies(r1) if "203.0.113.0/24" not in policy] == before


def test_nothing_crashed():
    for router in get_topogen().routers().values():
        assert not router.check_router_running()

# SPDX-License-Identifier: GPL-2.0-or-later
"""Two tunnels to a cloud that announces the same network by both, as OpenBSD's sec(4) was introduced with: tunnel mode, any to any, policy
by routes alone.  The MED says which one is preferred; it dies and heals.

                                                    52.65.9.248
                                                  +-------------+
      +-----------+ sec0 ==== 169.254.64.92/30 ===|    s2s1     |  MED 200
      |    ix     |            +-----+            |   AS 64512  |--.
      |  AS 65001 |------------| isp |------------+-------------+   \\
      | 192.0.2.1 |            +-----+                               > 100.64.64.0/22
      +-----------+               |               +-------------+   /
     130.102.96.46  sec1 === 169.254.105.132/30 ==|    s2s2     |--'
                                  |               |   AS 64512  |  MED 100
                                  +---------------+-------------+
                                                   54.153.175.223
The peers are strongSwan with Debian's bgpd.  100.64.64.1 is at both: whichever way is taken, it answers.
"""

import collections
import ipaddress
import json
import os
import re

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import capture, observer, strongswan, topo

pytestmark = [pytest.mark.bgpd, pytest.mark.bgpvpnd]

End = collections.namedtuple("End", "name outer interface inside peer secret med")
WORSE = End("s2s1", "52.65.9.248", "sec0", "169.254.64.94", "169.254.64.93", "one", 200)
BETTER = End("s2s2", "54.153.175.223", "sec1", "169.254.105.134", "169.254.105.133", "two", 100)
ENDS = (WORSE, BETTER)
IX = "130.102.96.46"
INNER = [ipaddress.ip_network(net) for net in ("169.254.0.0/16", "100.64.64.0/22", "192.0.2.1/32")]
INNER_ADDRESSES = ["192.0.2.1", "100.64.64.1"] + [address for end in ENDS for address in (end.inside, end.peer)]
# What BGP and liveness may send by the tunnel that is not preferred while ten pings take the other.
QUIET = 9
LAB = {}


def build_topo(tgen):
    for name in ("ix", "s2s1", "s2s2", "isp"):
        tgen.add_router(name)
    for number, name in enumerate(("ix", "s2s1", "s2s2")):
        tgen.add_link(tgen.gears[name], tgen.gears["isp"], name + "-eth0", "isp-eth{}".format(number))


def setup_module(mod):
    if strongswan.missing():
        pytest.skip("not installed: " + strongswan.missing())
    tgen = Topogen(build_topo, mod.__name__)
    tgen.start_topology()
    topo.load(tgen.gears["ix"], "frr.conf")
    topo.load(tgen.gears["isp"], "frr.conf", daemons=("zebra",))
    for end in ENDS:
        topo.load(tgen.gears[end.name], "frr.conf", daemons=("zebra", "staticd", "bgpd"))
    watch(tgen)
    for name in ("isp", "s2s1", "s2s2"):
        tgen.gears[name].start()
    for end in ENDS:
        begin(end)
    tgen.gears["ix"].start()


def watch(tgen):
    """Every packet of the underlay, from before the first."""
    LAB["observer"] = observer.Observer()
    rules = capture.Rules(INNER, INNER_ADDRESSES, os.urandom(16))
    LAB["capture"] = capture.Capture(topo.netns(tgen.gears["isp"]), rules, LAB["observer"])
    LAB["observer"].start()


def begin(end):
    """The far end's charon, with its half of the tunnel."""
    tgen = get_topogen()
    charon = strongswan.StrongSwan(topo.netns(tgen.gears[end.name]), os.path.join(tgen.logdir, "charon-" + end.name))
    LAB[end] = charon
    charon.start()
    charon.device(end.peer + "/30", mtu=1280)
    charon.connection(
        "to-ix", end.outer, IX, end.secret, ike="aes256-sha256-modp3072", esp="aes256-sha256-modp3072", settings={"rekey_time": "28800s"}
    )


def teardown_module():
    for end in ENDS:
        if end in LAB:
            LAB[end].stop()
    if "observer" in LAB:
        LAB["observer"].stop()
    if get_topogen():
        get_topogen().stop_topology()


@pytest.fixture(name="ix")
def _ix():
    tgen = get_topogen()
    if tgen.routers_have_failure():
        pytest.skip(tgen.errors)
    return tgen.gears["ix"]


def paths(ix):
    """MEDs of the cloud's network by neighbor, the best one's neighbor first."""
    shown = json.loads(topo.vtysh(ix, "show bgp ipv4 unicast 100.64.64.0/22 json")[1] or "{}")
    found = sorted(shown.get("paths", []), key=lambda path: "overall" not in path.get("bestpath", {}))
    return [(path["peer"]["peerId"], path["metric"]) for path in found if path["aspath"]["string"] == "64512"]


def goes_by(ix, end):
    """Both ways: the cloud's route back is where the tunnel is."""
    there = "dev {} ".format(end.interface) in topo.run(ix, "ip route get 100.64.64.1")[1]
    return there and "dev ipsec0" in topo.run(get_topogen().gears[end.name], "ip route get 192.0.2.1 from 100.64.64.1")[1]


def packets(ix):
    return {end: topo.tunnel(ix, end.name)["packetsOut"] for end in ENDS}


def check_traffic(ix, end):
    """Ten pings take this tunnel, and none the other."""
    topo.wait(lambda: goes_by(ix, end), lambda: "the route by {}; {}".format(end.interface, topo.run(ix, "ip route")[1]))
    before = packets(ix)
    assert topo.pings(ix, "192.0.2.1", "100.64.64.1") == 10
    for other, sent in packets(ix).items():
        assert (sent - before[other] >= 10) if other is end else (sent - before[other] <= QUIET), (other, sent, before)


def check_clear():
    """Everything until now was looked at, and nothing was in the clear."""
    seen = LAB["capture"]
    seen.note_drops()
    assert not LAB["observer"].failure and seen.dropped == 0
    assert seen.clear_text_packets == 0, "\n".join(seen.examples)
    assert seen.allowed["ike"] and seen.allowed["esp in udp"]


def check_both(ix):
    """Both tunnels and both paths are there, and the lower MED is preferred."""
    for end in ENDS:
        topo.wait_up(ix, end.name, 60)
        topo.wait_bgp(ix, end.peer, 60)
    best = [(end.peer, end.med) for end in (BETTER, WORSE)]
    topo.wait(lambda: paths(ix) == best, lambda: "both paths, which are {}".format(paths(ix)))
    check_traffic(ix, BETTER)


def check_one(ix):
    """The preferred tunnel is down, says so, and the other one has taken over."""
    topo.wait(lambda: topo.tunnel(ix, BETTER.name)["linkState"] == "down", "the preferred tunnel to go down")
    assert topo.tunnel(ix, BETTER.name)["linkReason"]
    topo.wait(lambda: paths(ix) == [(WORSE.peer, WORSE.med)], lambda: "one path, which is {}".format(paths(ix)))
    check_traffic(ix, WORSE)
    assert topo.tunnel(ix, WORSE.name)["linkState"] == "up"


def test_the_lower_med_is_preferred(ix):
    check_both(ix)
    for end in ENDS:
        shown = topo.tunnel(ix, end.name)
        assert shown["ikeProposal"] == "aes256-sha256-modp3072" and shown["espProposal"].startswith("aes256-sha256")
        assert shown["mtu"] == 1280 and "mtu 1280" in topo.run(ix, "ip link show " + end.interface)[1]
        assert shown["insideAddresses"] == [end.inside + "/30"]
    check_clear()


def test_packets_of_the_whole_mtu(ix):
    """1280 bytes go through without fragments, one more does not."""
    ping = "ping -M do -c 3 -i 0.1 -W 2 -I 192.0.2.1 -s {} 100.64.64.1"
    assert "3 received" in topo.run(ix, ping.format(1280 - 28))[1]
    assert re.search("Message too long|message too long", topo.run(ix, ping.format(1281 - 28))[1])


def cut(how):
    """The provider drops what goes to and comes from the preferred peer; nobody's link changes."""
    isp = get_topogen().gears["isp"].net
    if how:
        rules = "; ".join("add rule ip cut forward ip {} {} drop".format(side, BETTER.outer) for side in ("saddr", "daddr"))
        isp.cmd_raises(["nft", "add table ip cut; add chain ip cut forward { type filter hook forward priority 0; }; " + rules])
    else:
        isp.cmd_raises(["nft", "delete table ip cut"])


def test_it_dies_in_silence(ix):
    """Under traffic, so that somebody notices; no word from anybody."""
    before = topo.tunnel(ix, WORSE.name)["linkChanges"]
    cut(True)
    topo.run(ix, "ping -q -i 0.2 -c 40 -W 1 -I 192.0.2.1 100.64.64.1")
    check_one(ix)
    check_clear()
    cut(False)
    check_both(ix)
    assert topo.tunnel(ix, WORSE.name)["linkChanges"] == before
    check_clear()


def test_it_is_deleted(ix):
    """The preferred peer closes its IKE SA and is gone for a while: the link is down at once, not after a time-out."""
    LAB[BETTER].stop()
    topo.wait(lambda: topo.tunnel(ix, BETTER.name)["linkState"] == "down", "the link to go down", 5)
    check_one(ix)
    check_clear()
    begin(BETTER)
    check_both(ix)
    check_clear()


def test_both_are_gone(ix):
    """Nothing can be sent, and nothing is sent in the clear."""
    for end in ENDS:
        LAB[end].stop()
        topo.wait(lambda: topo.tunnel(ix, end.name)["linkState"] == "down", "the link to go down", 5)
    topo.wait(lambda: not paths(ix), "both paths to go")
    assert topo.pings(ix, "192.0.2.1", "100.64.64.1", 3) == 0
    for end in ENDS:
        assert "0 received" in topo.run(ix, "ping -c 2 -i 0.2 -W 1 -I {} {}".format(end.interface, end.peer))[1]
    check_clear()
    for end in ENDS:
        begin(end)
    check_both(ix)


def test_nothing_crashed(ix):
    assert not ix.check_router_running()

# SPDX-License-Identifier: GPL-2.0-or-later
"""Two routers that dial each other when there is something to send, and not before.

      192.0.2.1                            198.51.100.1
     +---------+       10.0.12.0/24       +---------+
     |   r1    |--------------------------|   r2    |
     |         |==== 169.254.10.0/30 =====|         |
     +---------+                          +---------+
"""

import json
import re

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import topo

pytestmark = [pytest.mark.bgpvpnd]
DAEMONS = ("zebra", "staticd", "bgpvpnd")
# router, its tunnel, its address, the other's
ENDS = (("r1", "to-r2", "192.0.2.1", "198.51.100.1"), ("r2", "to-r1", "198.51.100.1", "192.0.2.1"))


def build_topo(tgen):
    for name in ("r1", "r2"):
        tgen.add_router(name)
    tgen.add_link(tgen.gears["r1"], tgen.gears["r2"], "r1-eth0", "r2-eth0")


def setup_module(mod):
    tgen = Topogen(build_topo, mod.__name__)
    tgen.start_topology()
    for router in tgen.routers().values():
        topo.load(router, "frr.conf", daemons=DAEMONS)
    tgen.start_router()


def teardown_module():
    get_topogen().stop_topology()


class End:
    def __init__(self, router, tunnel, address, other):
        self.router, self.name, self.address, self.other = router, tunnel, address, other

    def tunnel(self):
        return topo.tunnel(self.router, self.name)

    def waits(self):
        shown = self.tunnel()
        return shown.get("linkState") == "up" and shown["waitsForPacket"] and shown["ikeState"] == "idle"

    def ready(self):
        """Routed into the tunnel, and its device is open for packets."""
        link = json.loads(topo.run(self.router, "ip -j link show dev vpn0")[1])[0]
        route = topo.run(self.router, "ip route get {} from {}".format(self.other, self.address))[1]
        return "LOWER_UP" in link["flags"] and link["qdisc"] != "noop" and "dev vpn0" in route

    def wait_waiting(self):
        topo.wait(self.waits, lambda: "{} to wait for a packet, it is {}".format(self.name, self.tunnel()), 60)
        topo.wait(self.ready, "vpn0 of {} to be routed into".format(self.router.name))

    def unanswered(self, count=5):
        """Which of the very first packets are not answered: none goes before them. The kernel also says "unreachable" of those that the
        kernel plane keeps, and ping counts that for one of `count`, so it may send fewer."""
        _, out = topo.run(self.router, "ping -I {} {} -i 0.2 -W 5 -c {}".format(self.address, self.other, count))
        print(out)
        sent = int(re.search(r"(\d+) packets transmitted", out)[1])
        answered = {int(number) for number in re.findall(r"bytes from .* icmp_seq=(\d+)", out)}
        return sorted(set(range(1, sent + 1)) - answered)


@pytest.fixture(name="ends")
def _ends():
    tgen = get_topogen()
    if tgen.routers_have_failure():
        pytest.skip(tgen.errors)
    ends = [End(tgen.gears[router], *rest) for router, *rest in ENDS]
    for end in ends:
        end.wait_waiting()
    return ends


def end_it(ends):
    """By the operator of r2; both wait again, without having been down."""
    assert topo.vtysh(ends[1].router, "clear vpn tunnel {}".format(ends[1].name))[0] == 0
    for end in ends:
        end.wait_waiting()


def test_waits(ends):
    for end in ends:
        shown = end.tunnel()
        assert shown["linkReason"] == "waits for the first packet"
        assert shown["lastFailure"] is None and shown["childState"] == "none"
        assert "waits for the first packet" in topo.vtysh(end.router, "show vpn detail")[1]
        assert "initiate on-demand" in topo.vtysh(end.router, "show running-config")[1]


@pytest.mark.parametrize("first", [0, 1])
def test_first_packet_is_not_lost(ends, first):
    """Whichever end has something to say: the link does not even flinch."""
    changes = [end.tunnel()["linkChanges"] for end in ends]
    assert ends[first].unanswered() == []
    for end in ends:
        topo.wait(lambda end=end: not end.tunnel()["waitsForPacket"], "the tunnel to be proven")
        assert end.tunnel()["ikeState"] == "established"
    assert ends[first].tunnel()["initiator"] and not ends[1 - first].tunnel()["initiator"]
    assert [end.tunnel()["linkChanges"] for end in ends] == changes
    assert ends[1 - first].unanswered() == []
    end_it(ends)
    assert [end.tunnel()["linkChanges"] for end in ends] == changes


def test_dead_peer(ends):
    """Nobody answers: traffic gets another path soon (here: none at all), and once the peer is there it is as before."""
    r1 = ends[0]
    topo.run(ends[1].router, "ip link set r2-eth0 down")
    try:
        assert r1.unanswered(1) == [1]
        topo.wait(lambda: r1.tunnel()["linkState"] == "down", "the link to go down")
        reason = r1.tunnel()["linkReason"]
        assert "no answer from 10.0.12.2" in reason
        topo.wait(lambda: "dev vpn0" not in topo.run(r1.router, "ip route get 198.51.100.1")[1], "the route to go away")
    finally:
        topo.run(ends[1].router, "ip link set r2-eth0 up")
    topo.wait_up(r1.router, r1.name, 90)
    topo.wait(r1.ready, "vpn0 of r1 to be routed into")
    assert r1.unanswered() == []
    end_it(ends)


def test_shut_down(ends):
    """What is shut down does not wait either."""
    r1 = ends[0]
    topo.config(r1.router, "vpn tunnel {}".format(r1.name), "shutdown")
    topo.wait(lambda: r1.tunnel()["linkState"] == "down", "the link to go down")
    assert r1.tunnel()["linkReason"] == "shut down"
    assert r1.unanswered(1) == [1]
    assert r1.tunnel()["ikeState"] == "idle"
    topo.config(r1.router, "vpn tunnel {}".format(r1.name), "no shutdown")
    r1.wait_waiting()
    assert r1.unanswered() == []

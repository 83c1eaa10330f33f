# SPDX-License-Identifier: GPL-2.0-or-later
"""One tunnel between two routers, eBGP over it, and the operator's view of it.

      192.0.2.1                            198.51.100.1
     +---------+       10.0.12.0/24       +---------+
     |   r1    |--------------------------|   r2    |
     | AS65001 |==== 169.254.10.0/30 =====| AS65002 |
     +---------+                          +---------+
"""

import json
import os
import re

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import topo

pytestmark = [pytest.mark.bgpd, pytest.mark.bgpvpnd]
SECRET = "correct-horse-battery-staple"


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


@pytest.fixture(name="routers")
def _routers():
    tgen = get_topogen()
    if tgen.routers_have_failure():
        pytest.skip(tgen.errors)
    return tgen.gears["r1"], tgen.gears["r2"]


def wait_routed(r1, r2):
    topo.wait_up(r1, "to-r2")
    topo.wait_up(r2, "to-r1")
    topo.wait_bgp(r1, "169.254.10.2")
    topo.wait(lambda: "dev vpn0" in topo.run(r1, "ip route get 198.51.100.1")[1], "r1's route through vpn0")
    topo.wait(lambda: "dev vpn0" in topo.run(r2, "ip route get 192.0.2.1")[1], "r2's route through vpn0")


def test_bgp_over_the_tunnel(routers):
    wait_routed(*routers)
    assert topo.pings(routers[0], "192.0.2.1", "198.51.100.1") == 10


def test_show_json(routers):
    r1, _ = routers
    before = topo.tunnel(r1, "to-r2")
    assert topo.TUNNEL_KEYS <= set(before)
    expected = {
        "interface": "vpn0",
        "linkState": "up",
        "ikeState": "established",
        "childState": "installed",
        "localAddress": "10.0.12.1",
        "remoteAddress": "10.0.12.2",
    }
    assert {key: before[key] for key in expected} == expected
    assert before["dataplane"] in ("userspace", "kernel")
    assert before["dataplane"] == os.environ.get("BGPVPN_DATAPLANE") or not os.environ.get("BGPVPN_DATAPLANE")
    topo.pings(r1, "192.0.2.1", "198.51.100.1")
    after = topo.tunnel(r1, "to-r2")
    for counter in ("packetsIn", "packetsOut"):
        assert after[counter] >= before[counter] + 10
    for counter in ("bytesIn", "bytesOut"):
        assert after[counter] >= before[counter] + 840
    assert after["uptimeMs"] > before["uptimeMs"]


def test_show_dataplane(routers):
    """Which data plane it is, and why: what was asked for, or what the kernel can or cannot."""
    shown = json.loads(topo.vtysh(routers[0], "show vpn dataplane json")[1])
    print(shown)
    assert shown["open"] and shown["dataplane"] == topo.tunnel(routers[0], "to-r2")["dataplane"]
    asked = os.environ.get("BGPVPN_DATAPLANE")
    assert ("--dataplane " + asked if asked else "kernel") in shown["why"]


# ESP for SPI 0x01020304, from a socket that needs nothing but IP.
ESP_OF_NOBODY = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 50); s.sendto(bytes(range(1, 65)), (\"{}\", 0))"


def kernel_counter(router, name):
    """(since the daemon's start, in all) of a counter of the kernel's IPsec."""
    shown = json.loads(topo.vtysh(router, "show vpn counters json")[1])["kernel"][name]
    assert shown["words"]
    return shown["sinceStart"], shown["value"]


def test_kernel_counters(routers):
    """What the kernel's IPsec drops is counted and explained; a counter that is 0 is seen in the whole list only."""
    r1, r2 = routers
    with open("/proc/net/xfrm_stat") as file:
        names = [line.split()[0] for line in file]
    listed = topo.vtysh(r1, "show vpn counters kernel")[1]
    assert [name for name in names if name not in listed] == []
    shown = json.loads(topo.vtysh(r1, "show vpn counters kernel json")[1])
    assert list(shown["kernel"]) == names
    assert "XfrmOutStateSeqError" not in topo.vtysh(r1, "show vpn counters")[1]
    if topo.tunnel(r1, "to-r2")["dataplane"] != "kernel":
        assert "user-space" in listed
        return
    before = kernel_counter(r1, "XfrmInNoStates")
    topo.run(r2, "python3 -c '{}'".format(ESP_OF_NOBODY.format("10.0.12.1")))
    topo.wait(lambda: kernel_counter(r1, "XfrmInNoStates") == (before[0] + 1, before[1] + 1), "r1's kernel to count the packet", 5)
    text = topo.vtysh(r1, "show vpn counters")[1]
    assert "XfrmInNoStates" in text and "an SPI that nobody here has" in " ".join(text.split())


def test_show_one_tunnel(routers):
    """`show vpn tunnel NAME json` is the same object, and only that one; an unknown name is {}."""
    one = json.loads(topo.vtysh(routers[0], "show vpn tunnel to-r2 json")[1])
    assert list(one["tunnels"]) == ["to-r2"]
    none = json.loads(topo.vtysh(routers[0], "show vpn tunnel nobody json")[1])
    assert not none.get("tunnels")


def test_interface_is_ready_for_bgp(routers):
    """zebra knows the inside address; nothing of the tunnel is on the outer interface."""
    shown = json.loads(topo.vtysh(routers[0], "show interface vpn0 json")[1])["vpn0"]
    assert shown["administrativeStatus"] == "up" and shown["operationalStatus"] == "up"
    assert "169.254.10.1/30" in [address["address"] for address in shown["ipAddresses"]]


def test_clear_recovers(routers):
    r1, r2 = routers
    before = topo.tunnel(r1, "to-r2")["uptimeMs"]
    status, said = topo.vtysh(r1, "clear vpn tunnel to-r2")
    assert status == 0 and "%" not in said
    topo.wait(lambda: topo.tunnel(r1, "to-r2").get("uptimeMs", before) < before, "the tunnel to begin anew")
    wait_routed(r1, r2)
    assert topo.pings(r1, "192.0.2.1", "198.51.100.1") == 10


def test_clear_of_nothing(routers):
    assert "nobody" in topo.vtysh(routers[0], "clear vpn tunnel nobody")[1]


def test_link_follows_the_far_end(routers):
    """shutdown at one end takes the link down at both, without any time-out, and back again."""
    r1, r2 = routers
    topo.config(r2, "vpn tunnel to-r1", "shutdown")
    for router, name in ((r1, "to-r2"), (r2, "to-r1")):
        topo.wait(lambda: topo.tunnel(router, name)["linkState"] == "down", "the link of {} to go down".format(name), 5)
        assert topo.tunnel(router, name)["linkReason"]
    assert topo.bgp_state(r1, "169.254.10.2") != "Established"
    topo.config(r2, "vpn tunnel to-r1", "no shutdown")
    wait_routed(r1, r2)


def test_wrong_secret_is_said(routers):
    """Both ends stay down, and say that authentication failed; the right secret brings the tunnel back."""
    r1, r2 = routers
    topo.config(r2, "vpn tunnel to-r1", "pre-shared-key something-else")
    topo.wait(lambda: topo.tunnel(r1, "to-r2")["linkState"] == "down", "the link to go down")

    def said():
        return " ".join(topo.vtysh(router, "show vpn detail")[1] for router in (r1, r2)).lower()

    topo.wait(lambda: re.search(r"authenticat", said()), lambda: "the word authentication in: " + said())
    topo.config(r2, "vpn tunnel to-r1", "pre-shared-key " + SECRET)
    # the initiator backs off between attempts
    topo.vtysh(r1, "clear vpn tunnel to-r2")
    wait_routed(r1, r2)


def test_secrets_stay_secret(routers):
    """The secret is in the configuration and nowhere else, however talkative the daemon is made."""
    tgen = get_topogen()
    r1, r2 = routers
    for what in ("ike", "packet", "proposal", "auth", "timer", "dplane", "netlink", "link", "northbound", "zebra"):
        topo.vtysh(r1, "debug vpn " + what)
    topo.vtysh(r1, "clear vpn tunnel to-r2")
    wait_routed(r1, r2)
    shows = ["show vpn", "show vpn json", "show vpn detail", "show vpn detail json", "show vpn tunnel to-r2 detail"]
    shows += ["show vpn {} {}".format(what, form) for what in ("ike-sa", "child-sa", "counters", "dataplane") for form in ("", "json")]
    shows += ["show yang operational-data /frr-bgpvpn:vpn bgpvpnd"]
    for show in shows:
        assert SECRET not in topo.vtysh(r1, show)[1], show
    for router in routers:
        log = topo.logs(tgen, router)
        assert "bgpvpnd" in log or "BGPVPN" in log
        assert SECRET not in log
    assert SECRET in topo.vtysh(r1, "show running-config")[1]


def test_nothing_crashed():
    tgen = get_topogen()
    for router in tgen.routers().values():
        assert not router.check_router_running(), "a daemon of {} is gone".format(router.name)

# SPDX-License-Identifier: GPL-2.0-or-later
"""What fits through a tunnel follows what fits through the path: a device, a router in the middle, and back again.

     10.1.0.0/24   10.0.1.0/24             10.0.2.0/24   10.2.0.0/24
    +----+      +----+      +----+      +----+      +----+      +----+
    | h1 |------| r1 |------| m1 |------| m2 |------| r2 |------| h2 |
    +----+      +----+      +----+      +----+      +----+      +----+
                  vpn0 =========================== vpn0
"""

import json
import re

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import topo

pytestmark = [pytest.mark.bgpvpnd]
LINKS = (("h1-eth0", "r1-eth1"), ("r1-eth0", "m1-eth0"), ("m1-eth1", "m2-eth0"), ("m2-eth1", "r2-eth0"), ("r2-eth1", "h2-eth0"))
ENDS = {"r1": "to-r2", "r2": "to-r1"}
DAEMONS = ("zebra", "staticd")


def build_topo(tgen):
    for name in ("h1", "r1", "m1", "m2", "r2", "h2"):
        tgen.add_router(name)
    for a, b in LINKS:
        tgen.add_link(tgen.gears[a[:2]], tgen.gears[b[:2]], a, b)


def setup_module(mod):
    tgen = Topogen(build_topo, mod.__name__)
    tgen.start_topology()
    for name, router in tgen.routers().items():
        topo.load(router, "frr.conf", daemons=DAEMONS + (("bgpvpnd",) if name in ENDS else ()))
        topo.run(router, "sysctl -w net.ipv4.ip_forward=1")
    tgen.start_router()


def teardown_module():
    get_topogen().stop_topology()


@pytest.fixture(name="routers")
def _routers():
    tgen = get_topogen()
    if tgen.routers_have_failure():
        pytest.skip(tgen.errors)
    return tgen.gears["r1"], tgen.gears["r2"]


def set_mtu(mtu, *interfaces):
    for interface in interfaces:
        topo.run(get_topogen().gears[interface[:2]], "ip link set {} mtu {}".format(interface, mtu))


def shown(router):
    """What the daemon says, once the kernel's interface agrees with it."""
    said = topo.tunnel(router, ENDS[router.name])
    seen = json.loads(topo.run(router, "ip -j link show vpn0")[1])[0]["mtu"]
    return said if said.get("mtu") == seen else {}


def wait_path(router, path, source, limit=15):
    """The daemon looks every five seconds."""
    topo.wait(
        lambda: shown(router).get("pathMtu") == path and shown(router)["mtuFrom"] == source,
        lambda: "{} to follow a path of {}: {}".format(router.name, path, shown(router)),
        limit,
    )
    return shown(router)["mtu"]


ECHO = (
    "import socket,socketserver\n"
    "class E(socketserver.BaseRequestHandler):\n"
    "  def handle(self):\n"
    "    while d:=self.request.recv(65536): self.request.sendall(d)\n"
    "class S(socketserver.ThreadingTCPServer): daemon_threads=True; allow_reuse_address=True\n"
    'S((\\"\\",5999),E).serve_forever()\n'
)
CLIENT = (
    "import socket,threading\n"
    's=socket.create_connection((\\"10.2.0.2\\",5999),10)\n'
    "def send():\n"
    "  s.sendall(bytes({0})); s.shutdown(1)\n"
    "threading.Thread(target=send).start()\n"
    "n=0\n"
    "while d:=s.recv(65536): n+=len(d)\n"
    "print(n, s.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))\n"
)


def tcp(size=500000):
    """There and back between the hosts, whole and without a stall; the largest segment of h1."""
    said = topo.run(get_topogen().gears["h1"], 'timeout 20 python3 -c "{}"'.format(CLIENT.format(size)))[1]
    match = re.match(r"{} (\d+)\n".format(size), said)
    assert match, "TCP stalls: " + said
    return int(match[1])


def undisturbed(routers, before):
    assert [shown(router)["linkChanges"] for router in routers] == before
    assert [shown(router)["linkState"] for router in routers] == ["up", "up"]


def test_up(routers):
    for router in routers:
        topo.wait_up(router, ENDS[router.name], 60)
        wait_path(router, 1500, "device")
        assert shown(router)["pathDevice"] == router.name + "-eth0"
    # GCM; in UDP where the data plane always is
    assert shown(routers[0])["mtu"] == (1438 if shown(routers[0])["dataplane"] == "userspace" else 1446)
    h1, h2 = get_topogen().gears["h1"], get_topogen().gears["h2"]
    topo.run(h2, 'python3 -c "{}" > /dev/null 2>&1 &'.format(ECHO))
    topo.wait(lambda: ":5999" in topo.run(h2, "ss -ltn")[1], "the echo server")
    topo.wait(lambda: topo.run(h1, "ping -c 1 -W 1 10.2.0.2")[0] == 0, "h1 to reach h2")
    assert tcp() <= shown(routers[0])["mtu"] - 40


def test_device(routers):
    """A smaller first hop, at both ends of it; the far end has 1500 still."""
    before = [shown(router)["linkChanges"] for router in routers]
    full = shown(routers[0])["mtu"]
    set_mtu(1400, "r1-eth0", "m1-eth0")
    assert wait_path(routers[0], 1400, "device") == full - 100
    assert shown(routers[1])["mtu"] == full
    assert tcp() <= full - 140
    said = topo.vtysh(routers[0], "show vpn detail")[1]
    assert "MTU: {}, of a path of 1400, by device r1-eth0".format(full - 100) in said, said
    undisturbed(routers, before)


def test_device_back(routers):
    before = [shown(router)["linkChanges"] for router in routers]
    set_mtu(1500, "r1-eth0", "m1-eth0")
    # what m1 has answered to r2 meanwhile
    topo.run(routers[1], "ip route flush cache")
    for router in routers:
        wait_path(router, 1500, "device")
    tcp()
    undisturbed(routers, before)


def test_route(routers):
    """The operator knows more of the path than the kernel does, and tells the kernel."""
    topo.run(routers[0], "ip route add 10.0.2.1 via 10.0.1.254 mtu 1420")
    wait_path(routers[0], 1420, "route")
    topo.run(routers[0], "ip route del 10.0.2.1")
    wait_path(routers[0], 1500, "device")


def dont_fragment(router):
    """Whether the data plane lets the outer packet have DF as the inner one: then routers answer, else they fragment."""
    return shown(router)["dataplane"] == "kernel"


def narrow_middle(routers, mss):
    """1300 between m1 and m2. No stall, whether routers answer or fragment; where they answer, the interface follows."""
    before = [shown(router)["linkChanges"] for router in routers]
    full = shown(routers[0])["mtu"]
    set_mtu(1300, "m1-eth1", "m2-eth0")
    try:
        tcp()
        for router in routers if dont_fragment(routers[0]) else ():
            assert full - 200 - 16 <= wait_path(router, 1300, "icmp") <= full - 200 + 16
            assert "as a router beyond {}-eth0 says".format(router.name) in topo.vtysh(router, "show vpn detail")[1]
        assert tcp() <= (shown(routers[0])["mtu"] - 40 if mss else 1460)
        undisturbed(routers, before)
    finally:
        set_mtu(1500, "m1-eth1", "m2-eth0")
    for router in routers:
        # what the kernel would forget by itself after ten minutes
        topo.run(router, "ip route flush cache")
        wait_path(router, 1500, "device")
    for name in ("h1", "h2"):
        topo.run(get_topogen().gears[name], "ip route flush cache")


def test_middle(routers):
    narrow_middle(routers, mss=True)


def test_middle_without_clamp(routers):
    """Then it is ICMP to the hosts alone that says what fits."""
    for router in routers:
        topo.config(router, "vpn tunnel " + ENDS[router.name], "tcp-mss off")
    narrow_middle(routers, mss=False)
    for router in routers:
        topo.config(router, "vpn tunnel " + ENDS[router.name], "no tcp-mss")


def test_middle_in_udp(routers):
    """The same with ESP in UDP, whatever the data plane would do by itself."""
    for router in routers:
        topo.config(router, "vpn profile plain", "nat-traversal force")
    for router in routers:
        topo.wait(lambda: shown(router).get("remotePort") == 4500, "IKE on port 4500")
        topo.wait_up(router, ENDS[router.name])
        topo.wait(lambda: shown(router).get("mtu") == 1438, lambda: "an MTU with UDP: {}".format(shown(router)))
    narrow_middle(routers, mss=True)


def test_fixed(routers):
    """What is configured is not touched by what the path is."""
    topo.config(routers[0], "vpn tunnel to-r2", "mtu 1300")
    set_mtu(1350, "r1-eth0", "m1-eth0")
    topo.wait(lambda: shown(routers[0]).get("mtu") == 1300, "the MTU of 1300")
    assert shown(routers[0])["mtuFrom"] == "configured" and shown(routers[0])["pathMtu"] is None
    assert tcp() <= 1260
    topo.config(routers[0], "vpn tunnel to-r2", "no mtu")
    wait_path(routers[0], 1350, "device")


def test_nothing_crashed():
    for router in get_topogen().routers().values():
        assert not router.check_router_running(), "a daemon of {} is gone".format(router.name)

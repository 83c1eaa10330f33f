# SPDX-License-Identifier: GPL-2.0-or-later
"""Every family in every other: three tunnels between two routers, over a path of two hops whose second carries no more than IPv6 must.

                    10.0.1.0/24            10.0.2.0/24
      +----+      +----+ 2001:db8:1::/64 +----+ 2001:db8:2::/64 +----+
      | h1 |------| r1 |-----------------| rt |-----------------| r2 |
      +----+      +----+                 +----+    MTU 1280     +----+
                   vpn0 ======== IPv4 in IPv6: 169.254.10.0/30
                   vpn1 ======== IPv6 in IPv4: fd00:11::/126
                   vpn2 ======== both in IPv6: 169.254.12.0/30, fd00:12::/127
"""

import json
import re

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import topo

pytestmark = [pytest.mark.bgpd, pytest.mark.bgpvpnd]
TUNNELS = {"v4-in-v6": "vpn0", "v6-in-v4": "vpn1", "both-in-v6": "vpn2"}
SESSIONS = (
    ("ipv4Unicast", "169.254.10.2"),
    ("ipv6Unicast", "fd00:11::2"),
    ("ipv4Unicast", "169.254.12.2"),
    ("ipv6Unicast", "fd00:12::1"),
)
# r1, r2, through which interface
ACROSS = (
    ("192.0.2.1", "198.51.100.1", "vpn0"),
    ("2001:db8:ffff::1", "2001:db8:ffff::2", "vpn1"),
    ("169.254.12.1", "169.254.12.2", "vpn2"),
    ("fd00:12::", "fd00:12::1", "vpn2"),
)


def build_topo(tgen):
    for name in ("h1", "r1", "rt", "r2"):
        tgen.add_router(name)
    for a, b in (("h1-eth0", "r1-eth1"), ("r1-eth0", "rt-eth0"), ("rt-eth1", "r2-eth0")):
        tgen.add_link(tgen.gears[a[:2]], tgen.gears[b[:2]], a, b)


def setup_module(mod):
    tgen = Topogen(build_topo, mod.__name__)
    tgen.start_topology()
    for name in ("h1", "rt"):
        topo.load(tgen.gears[name], "frr.conf", daemons=("zebra",))
    for name in ("r1", "r2"):
        topo.load(tgen.gears[name], "frr.conf")
    for name in ("r1", "r2", "rt", "h1"):
        for family in ("ipv4.ip_forward", "ipv6.conf.all.forwarding"):
            topo.run(tgen.gears[name], "sysctl -w net.{}=1".format(family))
    tgen.start_router()


def teardown_module():
    get_topogen().stop_topology()


@pytest.fixture(name="routers")
def _routers():
    tgen = get_topogen()
    if tgen.routers_have_failure():
        pytest.skip(tgen.errors)
    return tgen.gears["r1"], tgen.gears["r2"]


def sessions(router):
    try:
        shown = json.loads(topo.vtysh(router, "show bgp summary json")[1])
    except ValueError:
        return []
    return [shown.get(family, {}).get("peers", {}).get(peer, {}).get("state") for family, peer in SESSIONS]


def pings(router, source, target, size=56, count=5):
    """How many are answered; one before them may learn the path."""
    command = "ping -i 0.1 -W 2 -I {} -s {} ".format(source, size)
    topo.run(router, "{} -c 2 {}".format(command, target))
    out = topo.run(router, "{} -c {} {}".format(command, count, target))[1]
    match = re.search(r"(\d+) received", out)
    return int(match[1]) if match else out


def plane(router):
    return json.loads(topo.vtysh(router, "show vpn dataplane json")[1])["dataplane"]


def test_all_come_up(routers):
    r1, r2 = routers
    for tunnel in TUNNELS:
        topo.wait_up(r1, tunnel, 60)
        topo.wait_up(r2, tunnel, 60)
    topo.wait(lambda: sessions(r1) == ["Established"] * 4, lambda: "BGP: {}".format(sessions(r1)), 60)
    for _, target, interface in ACROSS:
        topo.wait(lambda: "dev " + interface in topo.run(r1, "ip route get " + target)[1], "r1's route to {}".format(target))


def test_show(routers):
    """Addresses of the outside, as they are configured."""
    r1, _ = routers
    shown = topo.tunnel(r1, "v4-in-v6")
    assert (shown["localAddress"], shown["remoteAddress"]) == ("2001:db8:1::1", "2001:db8:2::2")
    assert shown["linkReason"] == "peer is reachable"
    for form in ("show vpn", "show vpn detail"):
        status, said = topo.vtysh(r1, form)
        assert status == 0 and "2001:db8:2::12" in said, said


def test_mtu_leaves_room_for_the_header(routers):
    """20 bytes less over IPv6; IPv6 inside gets its 1280 in any case."""
    r1, _ = routers
    mtus = [json.loads(topo.run(r1, "ip -j link show " + name)[1])[0]["mtu"] for name in TUNNELS.values()]
    assert mtus[0] == mtus[2] == mtus[1] - 20
    assert min(mtus) >= 1280


def test_across(routers):
    r1, r2 = routers
    for source, target, _ in ACROSS:
        assert pings(r1, source, target) == 5, target
        assert pings(r2, target, source) == 5, source


def test_full_size(routers):
    """What just fits the tunnel fits the path: no fragments outside."""
    r1, _ = routers
    rt = get_topogen().gears["rt"]
    before = fragments(rt) + fragments(r1)
    for source, target, name in ACROSS:
        mtu = json.loads(topo.run(r1, "ip -j link show " + name)[1])[0]["mtu"]
        header = 48 if ":" in target else 28
        assert pings(r1, source, target, mtu - header) == 5, target
    assert fragments(rt) + fragments(r1) == before


def fragments(router):
    """Packets that its kernel took apart, of both families."""
    said = topo.run(router, "nstat -asz | grep -E 'FragCreates'")[1]
    return sum(int(line.split()[1]) for line in said.splitlines())


def test_larger_than_the_tunnel(routers):
    """In fragments inside, of both families."""
    r1, _ = routers
    for source, target, _ in ACROSS:
        assert pings(r1, source, target, 4000) == 5, target


def test_too_big_for_a_host(routers):
    """A host behind r1 is told what fits: ICMP "fragmentation needed", ICMPv6 "packet too big"."""
    h1 = get_topogen().gears["h1"]
    for target in ("198.51.100.1", "2001:db8:ffff::2"):
        topo.wait(lambda: topo.run(h1, "ping -c 1 -W 1 " + target)[0] == 0, "h1 to reach " + target)
        said = topo.run(h1, "ping -M do -c 2 -i 0.2 -W 1 -s 1440 " + target)[1]
        assert re.search(r"[mM]essage too long|Packet too big|Frag needed", said), said
        assert re.search(r"mtu 1[34]\d\d", topo.run(h1, "ip route get " + target)[1])


def throughput(r1, source, target):
    """A megabyte by TCP, received whole."""
    code = (
        "import socket,threading\n"
        "f=socket.AF_INET6 if ':' in '{1}' else socket.AF_INET\n"
        "s=socket.create_connection(('{1}',5999),20,('{0}',0))\n"
        # what comes back is read at the same time, or the two ends wait for each other
        "threading.Thread(target=lambda: (s.sendall(b'x'*1000000), s.shutdown(1))).start()\n"
        "n=0\n"
        "while d:=s.recv(65536): n+=len(d)\n"
        "print(n, s.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))\n"
    ).format(source, target)
    return topo.run(r1, 'timeout 60 python3 -c "{}"'.format(code))[1]


ECHO = (
    "import socket,socketserver\n"
    "class E(socketserver.BaseRequestHandler):\n"
    "  def handle(self):\n"
    "    while d:=self.request.recv(65536): self.request.sendall(d)\n"
    "class S(socketserver.ThreadingTCPServer): address_family=socket.AF_INET6; daemon_threads=True; allow_reuse_address=True\n"
    "S(('::',5999),E).serve_forever()\n"
)


def tcp_everywhere(r1):
    for source, target, name in ACROSS:
        mtu = json.loads(topo.run(r1, "ip -j link show " + name)[1])[0]["mtu"]
        said = throughput(r1, source, target)
        match = re.match(r"1000000 (\d+)\n", said)
        assert match, "{}: {}".format(target, said)
        assert int(match[1]) <= mtu - (60 if ":" in target else 40)


def test_tcp(routers):
    r2 = routers[1]
    topo.run(r2, 'python3 -c "{}" > /dev/null 2>&1 &'.format(ECHO))
    topo.wait(lambda: ":5999" in topo.run(r2, "ss -ltn")[1], "the echo server")
    tcp_everywhere(routers[0])


def test_narrow_path(routers):
    """The second hop carries 1280 from now on: outer packets go in fragments, made by the senders over IPv6.  The kernel's IPsec makes
    none of an IPv6 packet: it is lost, the operator is told, and TCP lives by its MSS."""
    tgen = get_topogen()
    for name, interface in (("rt", "rt-eth1"), ("r2", "r2-eth0")):
        topo.run(tgen.gears[name], "ip link set {} mtu 1280".format(interface))
    for source, target, name in ACROSS:
        if ":" in target and plane(routers[0]) == "kernel":
            pings(routers[0], source, target, 1300)
            lost = "{} gets MTU 1280; IPv6 packets of more than 12".format(name)
            for router in routers:
                topo.wait(lambda: lost in topo.logs(tgen, router), "{} to say what is lost".format(router.name))
            continue
        topo.wait(lambda: pings(routers[0], source, target, 1300) == 5, "large pings to {} to learn the path".format(target))
        assert pings(routers[1], target, source, 1300) == 5
    tcp_everywhere(routers[0])
    assert sessions(routers[0]) == ["Established"] * 4


def test_dscp_goes_outside(routers):
    """Traffic class and TOS of the inside are those of the outside."""
    r1 = routers[0]
    rt = get_topogen().gears["rt"]
    for source, target, _ in ACROSS[:2]:
        outer = "ip6[0:2] & 0x0ff0 == 0x0b80" if target == "198.51.100.1" else "ip and ip[1] == 0xb8"
        topo.run(rt, "timeout 10 tcpdump -i rt-eth0 -c 3 -w dscp.pcap '{}' > dscp.out 2>&1 &".format(outer))
        topo.wait(lambda: "listening" in topo.run(rt, "cat dscp.out")[1], "tcpdump")
        topo.run(r1, "ping -Q 0xb8 -i 0.2 -c 10 -I {} {}".format(source, target))
        topo.wait(lambda: "3 packets captured" in topo.run(rt, "cat dscp.out")[1], "packets with that DSCP to " + target)


def test_link_local_is_refused(routers):
    said = topo.config(routers[0], "vpn tunnel v4-in-v6", "remote address fe80::1")[1]
    assert "link-local" in said


def test_nothing_crashed():
    tgen = get_topogen()
    for router in tgen.routers().values():
        assert not router.check_router_running(), "a daemon of {} is gone".format(router.name)

# SPDX-License-Identifier: GPL-2.0-or-later
"""The first packet brings up a tunnel to a strongSwan peer, whatever kind of packet it is and whoever sends it: it arrives, and no
application is told meanwhile that there is no way.

      192.0.2.10                                                         198.51.100.1
        +----+            +-----+ 10.0.12.0/24 +---+ 10.0.23.0/24  +------------+
        | h1 |------------| g1  |--------------| R |---------------|     s1     |
        +----+            |     |              +---+               | strongSwan |
                          +-----+=== 169.254.10.0/30 ==============+------------+
"""

import ipaddress
import json
import os
import socket
import threading
import time

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import capture, middle, netns, observer, strongswan, topo

pytestmark = [pytest.mark.bgpvpnd]
G1, S1 = "10.0.12.1", "10.0.23.2"
TARGET = "198.51.100.1"
# whoever sends: the address to send from
SENDERS = {"g1": "192.0.2.1", "h1": "192.0.2.10"}
PORT = 7007
INNER = [ipaddress.ip_network(net) for net in ("169.254.10.0/30", "192.0.2.0/24", "198.51.100.0/24")]
# With this delay on the way back IKE takes longer than the second after which TCP sends its SYN again.
SLOW = "700ms"
LAB = {}


def build_topo(tgen):
    for name in ("g1", "s1", "R", "h1"):
        tgen.add_router(name)
    gears = tgen.gears
    tgen.add_link(gears["g1"], gears["R"], "g1-eth0", "R-eth0")
    tgen.add_link(gears["s1"], gears["R"], "s1-eth0", "R-eth1")
    tgen.add_link(gears["g1"], gears["h1"], "g1-eth1", "h1-eth0")


def setup_module(mod):
    if strongswan.missing():
        pytest.skip("not installed: " + strongswan.missing())
    tgen = Topogen(build_topo, mod.__name__)
    tgen.start_topology()
    g1, s1, h1 = (tgen.gears[name] for name in ("g1", "s1", "h1"))
    topo.load(g1, "frr.conf", daemons=("zebra", "staticd", "bgpvpnd"))
    g1.start()
    topo.run(s1, "ip addr add {}/24 dev s1-eth0; ip addr add {}/32 dev lo".format(S1, TARGET))
    topo.run(h1, "ip addr add {}/24 dev h1-eth0; ip route add default via 192.0.2.1".format(SENDERS["h1"]))
    for name in ("g1", "R"):
        topo.run(tgen.gears[name], "sysctl -qw net.ipv4.ip_forward=1")
    LAB["R"] = middle.Middle(tgen.gears["R"], g1, G1, s1, S1)
    LAB["observer"] = observer.Observer()
    rules = capture.Rules(INNER, [TARGET, *SENDERS.values()], os.urandom(16))
    LAB["capture"] = capture.Capture(topo.netns(tgen.gears["R"]), rules, LAB["observer"])
    LAB["observer"].start()
    begin(tgen, json.loads(topo.vtysh(g1, "show vpn dataplane json")[1])["dataplane"] == "kernel")
    echo(topo.netns(s1))


def begin(tgen, kernel):
    """The peer: on the kernel plane with the kernel's ESP as well, and an XFRM interface."""
    s1 = tgen.gears["s1"]
    charon = LAB["s1"] = strongswan.StrongSwan(topo.netns(s1), os.path.join(tgen.logdir, "charon"), kernel=kernel)
    charon.start()
    if kernel:
        assert topo.run(s1, "ip link add {} type xfrm dev s1-eth0 if_id 7".format(strongswan.DEVICE))[0] == 0
    charon.device("169.254.10.2/30")
    assert topo.run(s1, "ip route add 192.0.2.0/24 dev {}".format(strongswan.DEVICE))[0] == 0
    child = {"if_id_in": 7, "if_id_out": 7} if kernel else None
    charon.connection("t", S1, G1, "correct-horse-battery-staple", child=child)


def echo(namespace):
    """Answers at the far end, for as long as the test runs."""
    udp, tcp = (netns.inside(namespace, listening, kind) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM))
    LAB["sockets"] = [udp, tcp]
    threading.Thread(target=echo_udp, args=(udp,), daemon=True).start()
    threading.Thread(target=echo_tcp, args=(tcp,), daemon=True).start()


def listening(kind):
    sock = socket.socket(socket.AF_INET, kind)
    sock.bind((TARGET, PORT))
    if kind == socket.SOCK_STREAM:
        sock.listen()
    return sock


def echo_udp(sock):
    while True:
        payload, sender = sock.recvfrom(100)
        sock.sendto(payload, sender)


def echo_tcp(sock):
    while True:
        connection, _ = sock.accept()
        with connection:
            connection.sendall(connection.recv(100))


def teardown_module():
    if "s1" in LAB:
        LAB["s1"].stop()
    if "observer" in LAB:
        LAB["observer"].stop()
    if get_topogen():
        get_topogen().stop_topology()


def ping(name):
    """The first of all packets, and none beside it."""
    said = topo.run(get_topogen().gears[name], "ping -I {} -c 1 -W 10 {}".format(SENDERS[name], TARGET))[1]
    assert "bytes from" in said, said


def connected(name, kind):
    sock = socket.socket(socket.AF_INET, kind)
    sock.settimeout(15)
    sock.bind((SENDERS[name], 0))
    sock.connect((TARGET, PORT))
    return sock


def talk(name, kind):
    """A plain application: it does not try twice, and whatever error there is fails the test."""
    began = time.monotonic()
    with netns.inside(topo.netns(get_topogen().gears[name]), connected, name, kind) as sock:
        sock.sendall(b"the first one")
        assert sock.recv(100) == b"the first one"
    print("{}: answered after {:.3f} s".format(name, time.monotonic() - began))


FIRST = {
    "ping": ping,
    "udp": lambda name: talk(name, socket.SOCK_DGRAM),
    "tcp": lambda name: talk(name, socket.SOCK_STREAM),
}


@pytest.fixture(name="g1")
def _g1():
    g1 = get_topogen().gears["g1"]
    waits(g1)
    return g1


def waits(g1):
    def is_ready():
        shown = topo.tunnel(g1, "to-s1")
        link = json.loads(topo.run(g1, "ip -j link show dev vpn0")[1])[0]
        route = topo.run(g1, "ip route get {}".format(TARGET))[1]
        return shown.get("waitsForPacket") and shown["ikeState"] == "idle" and link["qdisc"] != "noop" and "dev vpn0" in route

    topo.wait(is_ready, lambda: "the tunnel to wait: {}".format(topo.tunnel(g1, "to-s1")), 60)


def proven(g1):
    topo.wait(lambda: not topo.tunnel(g1, "to-s1")["waitsForPacket"], "the tunnel to be proven")
    assert topo.tunnel(g1, "to-s1")["ikeState"] == "established"


def end_it(g1, changes):
    """The peer closes it; the link has been up all the time, and it waits again."""
    assert LAB["s1"].terminate("t")
    waits(g1)
    assert topo.tunnel(g1, "to-s1")["linkChanges"] == changes
    seen = LAB["capture"]
    seen.note_drops()
    assert not LAB["observer"].failure and not seen.dropped
    assert not seen.clear_text_packets, seen.examples


@pytest.mark.parametrize("name", SENDERS)
@pytest.mark.parametrize("first", FIRST)
def test_first(g1, first, name):
    changes = topo.tunnel(g1, "to-s1")["linkChanges"]
    FIRST[first](name)
    proven(g1)
    FIRST[first](name)
    end_it(g1, changes)


@pytest.mark.parametrize("name", SENDERS)
@pytest.mark.parametrize("first", FIRST)
def test_first_over_a_long_way(g1, first, name):
    """TCP has time to try again before there is a SA: that it hears nothing until then must not end it."""
    router = get_topogen().gears["R"]
    changes = topo.tunnel(g1, "to-s1")["linkChanges"]
    if topo.run(router, "tc qdisc add dev R-eth0 root netem delay " + SLOW)[0]:
        pytest.skip("this kernel has no netem")
    try:
        FIRST[first](name)
        proven(g1)
    finally:
        topo.run(router, "tc qdisc del dev R-eth0 root")
    end_it(g1, changes)


def test_the_peer_is_first(g1):
    """Then nothing is to be asked for."""
    changes = topo.tunnel(g1, "to-s1")["linkChanges"]
    LAB["s1"].initiate("t")
    proven(g1)
    assert not topo.tunnel(g1, "to-s1")["initiator"]
    for name in SENDERS:
        try:
            talk(name, socket.SOCK_STREAM)
        except TimeoutError:
            for n in ("g1", "s1"):
                print(topo.run(get_topogen().gears[n], "ip -s xfrm state list nokeys; ip xfrm policy; ip route; ip -s link; cat /proc/net/xfrm_stat; nft list ruleset; ss -tan")[1])
            raise
    end_it(g1, changes)


def test_nothing_crashed():
    assert not get_topogen().gears["g1"].check_router_running()

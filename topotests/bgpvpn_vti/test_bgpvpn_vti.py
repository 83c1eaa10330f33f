# SPDX-License-Identifier: GPL-2.0-or-later
"""VTI: interfaces of the kernel that IPsec policies find by a mark. One for each peer, over IPv4 and over IPv6, with BGP through them; and
one without a remote address, which two peers share. The peers are strongSwan with marks and VTI of their own.

      192.0.2.1                                    198.51.100.1
     +---------+                                 +---------+
     |    h    |                +-----+          |   s1    |
     | bgpvpnd |----------------| isp |----------| charon  |
     | AS65001 |                +-----+          | AS65002 |
     +---------+                   |             +---------+
                                   |             +---------+
                                   +-------------|   s2    |
                                                 | charon  |
                                                 | AS65003 |
                                                 +---------+
                                                 203.0.113.1
"""

import collections
import ipaddress
import json
import os

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import capture, libreswan, observer, strongswan, topo

pytestmark = [pytest.mark.bgpd, pytest.mark.bgpvpnd]

SECRET = "on-both-sides"
PEERS = ("s1", "s2")
SITES = {"h": (1, "192.0.2.1"), "s1": (2, "198.51.100.1"), "s2": (3, "203.0.113.1")}
NETS = {"s1": "198.51.100.0/24", "s2": "203.0.113.0/24"}
INNER = [ipaddress.ip_network(net) for net in ("169.254.0.0/16", "192.0.2.0/24", *NETS.values())]
# Of a peer: whether outside is IPv6, what it calls its mark, and what we say of ours; "": nothing.
Alone = collections.namedtuple("Alone", "v6 mark ours")
ALONE = {"s1": Alone(False, 42, "mark 4711"), "s2": Alone(True, 43, "")}
# What each is called here when both are on one interface, that interface, and the tunnels.
Shared = collections.namedtuple("Shared", "names interface tunnels")
SHARED = {
    "a-tunnel-each": Shared(
        {"s1": "road1", "s2": "road2"},
        "road",
        {
            "road1": ("remote id fqdn s1.example", "traffic-selector remote " + NETS["s1"]),
            "road2": ("remote id fqdn s2.example", "traffic-selector remote " + NETS["s2"]),
        },
    ),
    "one-tunnel-for-many": Shared({"s1": "all/s1.example", "s2": "all/s2.example"}, "every", {"all": ()}),
}
LAB = {}


def build_topo(tgen):
    for name in (*SITES, "isp"):
        tgen.add_router(name)
    for number, name in enumerate(SITES):
        tgen.add_link(tgen.gears[name], tgen.gears["isp"], name + "-eth0", "isp-eth{}".format(number))


def setup_module(mod):
    if strongswan.missing():
        pytest.skip("not installed: " + strongswan.missing())
    if os.environ.get("BGPVPN_DATAPLANE") == "userspace" or libreswan.kernel_missing():
        pytest.skip("only the kernel data plane has this kind; " + libreswan.kernel_missing())
    tgen = Topogen(build_topo, mod.__name__)
    tgen.start_topology()
    for name in ("isp", *SITES):
        daemons = {"isp": ("zebra",), "h": topo.ALL_DAEMONS}.get(name, ("zebra", "staticd", "bgpd"))
        topo.load(tgen.gears[name], "frr.conf", daemons=daemons)
    LAB["observer"] = observer.Observer()
    rules = capture.Rules(INNER, [address for _, address in SITES.values()], os.urandom(16))
    LAB["capture"] = capture.Capture(topo.netns(tgen.gears["isp"]), rules, LAB["observer"])
    LAB["observer"].start()
    for name in ("isp", *SITES):
        tgen.gears[name].start()
    for peer in PEERS:
        LAB[peer] = strongswan.StrongSwan(topo.netns(tgen.gears[peer]), os.path.join(tgen.logdir, "charon-" + peer), kernel=True)


def teardown_module():
    for peer in PEERS:
        if peer in LAB:
            LAB[peer].stop()
    if "observer" in LAB:
        LAB["observer"].stop()
    if get_topogen():
        get_topogen().stop_topology()


def gear(name):
    return get_topogen().gears[name]


def outer(name, v6=False):
    number, _ = SITES[name]
    return "2001:db8:{}::1".format(number) if v6 else "10.0.{}.1".format(number)


def inside(peer, side):
    return "169.254.{}.{}".format(SITES[peer][0], side)


def configure(*lines):
    status, said = topo.config(gear("h"), *lines)
    assert status == 0 and "%" not in said, said


def anew():
    """No tunnel here, no charon there."""
    for peer in PEERS:
        LAB[peer].stop()
    for name in json.loads(topo.vtysh(gear("h"), "show vpn json")[1])["tunnels"]:
        topo.config(gear("h"), "no vpn tunnel " + name)


def run(name, command):
    status, said = topo.run(gear(name), command)
    assert status == 0, said


def vti(peer, v6, mark):
    """The peer's own interface, between it and us."""
    kind = "vti6" if v6 else "vti"
    run(peer, "ip link del to-h 2>/dev/null; ip link add to-h type {} local {} remote {} key {}".format(kind, outer(peer, v6), outer("h", v6), mark))
    run(peer, "sysctl -qw net.ipv4.conf.to-h.disable_policy=1; ip addr add {}/30 dev to-h; ip link set to-h mtu 1360 up".format(inside(peer, 2)))


def charon(peer, v6, mark, **more):
    LAB[peer].start()
    child = {"mark_in": mark, "mark_out": mark}
    LAB[peer].connection("to-h", outer(peer, v6), outer("h", v6), SECRET, child=child, **more)


def check_clear():
    """Everything until now was looked at, and nothing was in the clear."""
    seen = LAB["capture"]
    seen.note_drops()
    assert not LAB["observer"].failure and seen.dropped == 0
    assert seen.clear_text_packets == 0, "\n".join(seen.examples)
    assert seen.allowed["esp"]


def device(interface):
    """What the kernel and what zebra say of it: (operational state, operational status)."""
    h = gear("h")
    kernel = json.loads(topo.run(h, "ip -j link show " + interface)[1] or "[{}]")[0]
    zebra = json.loads(topo.vtysh(h, "show interface {} json".format(interface))[1]).get(interface, {})
    return kernel.get("operstate"), zebra.get("operationalStatus")


def wait_device(interface, *wanted):
    topo.wait(lambda: device(interface) == wanted, lambda: "{} to be {}: {}".format(interface, wanted, device(interface)))


def wait_down(tunnel):
    topo.wait(
        lambda: topo.tunnel(gear("h"), tunnel).get("linkState", "down") == "down",
        lambda: "{} to go down: {}".format(tunnel, topo.tunnel(gear("h"), tunnel)),
        60,
    )


def pings(peer):
    """Both ways, small and large."""
    ours, theirs = SITES["h"][1], SITES[peer][1]
    assert topo.pings(gear("h"), ours, theirs) == 10
    assert topo.pings(gear(peer), theirs, ours, 5) == 5
    assert topo.pings(gear("h"), ours, theirs + " -s 3000", 3) == 3


def cut(peer, v6):
    """From now on, with traffic under way."""
    family = "ip6" if v6 else "ip"
    rules = "; ".join("add rule {0} cut forward {0} {1} {2} drop".format(family, side, outer(peer, v6)) for side in ("saddr", "daddr"))
    gear("isp").net.cmd_raises(
        ["nft", "add table {0} cut; add chain {0} cut forward {{ type filter hook forward priority 0; }}; {1}".format(family, rules)]
    )
    topo.run(gear("h"), "ping -q -i 0.2 -c 600 -I {} {} >/dev/null 2>&1 & echo $! >/tmp/ping".format(SITES["h"][1], SITES[peer][1]))


def heal(v6):
    topo.run(gear("h"), "kill $(cat /tmp/ping)")
    gear("isp").net.cmd_raises(["nft", "delete table {} cut".format("ip6" if v6 else "ip")])


# --- one for each peer ---------------------------------------------------------------------------------------


def alone(peer):
    """Up, with BGP and its routes."""
    h = gear("h")
    topo.wait(
        lambda: topo.tunnel(h, peer).get("linkState") == "up",
        lambda: "{}\n{}".format(topo.tunnel(h, peer), LAB[peer].log()[-2000:]),
        60,
    )
    topo.wait_bgp(h, inside(peer, 2), 60)
    topo.wait(lambda: "dev to-{} ".format(peer) in topo.run(h, "ip route get " + SITES[peer][1])[1], "h's route to " + peer)
    topo.wait(lambda: "dev to-h " in topo.run(gear(peer), "ip route get " + SITES["h"][1])[1], "the route of {} to h".format(peer))
    wait_device("to-" + peer, "UP", "up")
    pings(peer)


def begin_alone(peer):
    how = ALONE[peer]
    vti(peer, how.v6, how.mark)
    charon(peer, how.v6, how.mark)


@pytest.fixture(name="each", scope="module")
def _each():
    anew()
    for peer, how in ALONE.items():
        begin_alone(peer)
        lines = ["vpn tunnel " + peer, "shutdown", "local address " + outer("h", how.v6), "remote address " + outer(peer, how.v6)]
        lines += ["pre-shared-key " + SECRET, "interface to-{} kind vti".format(peer)] + ([how.ours] if how.ours else [])
        configure(*lines, "inside address {}/30".format(inside(peer, 1)), "no shutdown")


@pytest.mark.parametrize("peer", PEERS)
def test_alone(each, peer):
    alone(peer)
    check_clear()


@pytest.mark.parametrize("peer", PEERS)
def test_device(each, peer):
    """Its ends are the outer ones, its mark is that of its SAs, and the kernel does not ask for policies twice."""
    h, how = gear("h"), ALONE[peer]
    shown = json.loads(topo.run(h, "ip -d -j link show to-" + peer)[1])[0]
    info = shown["linkinfo"]
    assert info["info_kind"] == ("vti6" if how.v6 else "vti")
    assert (info["info_data"]["local"], info["info_data"]["remote"]) == (outer("h", how.v6), outer(peer, how.v6))
    mark = int(ipaddress.ip_address(info["info_data"]["ikey"]))
    assert info["info_data"]["okey"] == info["info_data"]["ikey"]
    assert not how.ours or mark == int(how.ours.split()[1])
    assert topo.run(h, "ip xfrm state | grep -c 'mark {:#x}/0xffffffff'".format(mark))[1].strip() == "2"
    for family in ("ipv4", "ipv6"):
        assert topo.run(h, "sysctl -n net.{}.conf.to-{}.disable_policy".format(family, peer))[1].strip() == "1"


@pytest.mark.parametrize("peer", PEERS)
def test_whole_mtu(each, peer):
    """As much as the interface says goes through in one piece, one byte more does not go into it."""
    h = gear("h")
    mtu = topo.tunnel(h, peer)["mtu"]
    ping = "ping -M do -c 3 -i 0.1 -W 2 -I {} -s {{}} {}".format(SITES["h"][1], SITES[peer][1])
    assert "3 received" in topo.run(h, ping.format(mtu - 28))[1]
    assert "essage too long" in topo.run(h, ping.format(mtu - 27))[1]


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("silent", (True, False))
def test_link_follows(each, peer, silent):
    """The peer is cut off, or closes its IKE SA: down, and up again when it is back."""
    h, how = gear("h"), ALONE[peer]
    other = PEERS[1 - PEERS.index(peer)]
    before = topo.tunnel(h, other)["linkChanges"]
    if silent:
        cut(peer, how.v6)
    else:
        LAB[peer].stop()
    wait_down(peer)
    assert topo.tunnel(h, peer)["linkReason"]
    wait_device("to-" + peer, "DORMANT", "down")
    topo.wait(lambda: topo.bgp_state(h, inside(peer, 2)) != "Established", "BGP to end")
    assert " 0 received" in topo.run(h, "ping -c 3 -i 0.1 -W 1 -I to-{} {}".format(peer, inside(peer, 2)))[1]
    if silent:
        heal(how.v6)
    else:
        begin_alone(peer)
    alone(peer)
    assert topo.tunnel(h, other)["linkChanges"] == before
    check_clear()


# --- one for two peers ---------------------------------------------------------------------------------------


def dial(peer):
    """From its side: we do not know where it is."""
    charon(peer, False, ALONE[peer].mark, ids=("fqdn:{}.example".format(peer), "10.0.1.1"), ts=NETS[peer], remote_ts="0.0.0.0/0")
    LAB[peer].initiate("to-h")


def works(shared, peer):
    h = gear("h")
    topo.wait_up(h, shared.names[peer], 60)
    wait_device(shared.interface, "UP", "up")
    topo.wait(lambda: "dev {} ".format(shared.interface) in topo.run(h, "ip route get " + SITES[peer][1])[1], "h's route to " + peer)
    pings(peer)


@pytest.fixture(name="shared", params=SHARED, scope="module")
def _shared(request):
    shared = SHARED[request.param]
    anew()
    for name, lines in shared.tunnels.items():
        words = ["vpn tunnel " + name, "shutdown", "local address " + outer("h"), "remote address any", *lines]
        configure(*words, "pre-shared-key " + SECRET, "interface {} kind vti".format(shared.interface), "no shutdown")
    for peer in PEERS:
        vti(peer, False, ALONE[peer].mark)
        run(peer, "ip route replace {} dev to-h src {}".format(SITES["h"][1], SITES[peer][1]))
        dial(peer)
    return shared


def test_shared(shared):
    """Each gets what is for it."""
    for peer in PEERS:
        works(shared, peer)
    before = {peer: topo.tunnel(gear("h"), shared.names[peer])["packetsOut"] for peer in PEERS}
    pings("s1")
    after = {peer: topo.tunnel(gear("h"), shared.names[peer])["packetsOut"] for peer in PEERS}
    assert after["s1"] - before["s1"] >= 18 and after["s2"] - before["s2"] <= 2
    wildcard = json.loads(topo.run(gear("h"), "ip -d -j link show " + shared.interface)[1])[0]["linkinfo"]["info_data"]
    assert (wildcard["local"], wildcard["remote"]) == (outer("h"), "any")
    check_clear()


@pytest.mark.parametrize("silent", (True, False))
def test_one_of_two_dies(shared, silent):
    """The other one goes on, and the interface is up as long as one of them is."""
    h = gear("h")
    before = topo.tunnel(h, shared.names["s2"])["linkChanges"]
    if silent:
        cut("s1", False)
    else:
        LAB["s1"].stop()
    wait_down(shared.names["s1"])
    assert device(shared.interface) == ("UP", "up")
    assert topo.tunnel(h, shared.names["s2"])["linkState"] == "up"
    pings("s2")
    if not silent:
        LAB["s2"].stop()
        wait_down(shared.names["s2"])
        wait_device(shared.interface, "DORMANT", "down")
        check_clear()
        dial("s2")
        works(shared, "s2")
        assert topo.tunnel(h, shared.names["s1"]).get("linkState", "down") == "down"
        dial("s1")
    else:
        heal(False)
        assert topo.tunnel(h, shared.names["s2"])["linkChanges"] == before
        LAB["s1"].stop()
        dial("s1")
    works(shared, "s1")
    works(shared, "s2")
    check_clear()


def test_nothing_crashed():
    assert not gear("h").check_router_running()

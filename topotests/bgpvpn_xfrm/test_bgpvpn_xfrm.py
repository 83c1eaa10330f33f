# SPDX-License-Identifier: GPL-2.0-or-later
"""Interfaces of kind xfrm in every way that there is: the number generated, given, and another one in each direction; one interface of
several tunnels; one that lives in another network namespace than its keys, or in a VRF; and what is kept when the configuration is read
again, when the daemon is restarted, and when somebody else has the name.

                                              +---------+
                     10.0.1.0/24   +-----+    |   r2    | 198.51.100.2
     +---------+      .------------|  R  |----| AS65002 |
     |   r1    |------'            +-----+    +---------+
     | AS65001 |                      |       +---------+
     +---------+                      '-------|   r3    | 198.51.100.3
      192.0.2.1                               | AS65003 |
                                              +---------+
Inside of all tunnels is 169.254.10.0/24, .1 at r1. r2 and r3 stay as they are; r1 has another configuration in every test.
"""

import ipaddress
import json
import os
import re

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import capture, observer, topo
from vpnlab.undisturbed import End, Undisturbed

pytestmark = [pytest.mark.bgpd, pytest.mark.bgpvpnd]
PEERS = ("r2", "r3")
OUTER = {"r1": "10.0.1.1", "r2": "10.0.2.2", "r3": "10.0.3.3"}
INSIDE = {"r1": "169.254.10.1", "r2": "169.254.10.2", "r3": "169.254.10.3"}
BEHIND = {"r1": "192.0.2.1", "r2": "198.51.100.2", "r3": "198.51.100.3"}
INNER_NETS = [ipaddress.ip_network(net) for net in ("169.254.10.0/24", "192.0.2.0/24", "198.51.100.0/24")]
VRFS = {"red": 10, "green": 20}
LAB = {}


def build_topo(tgen):
    for name in (*OUTER, "R"):
        tgen.add_router(name)
    for number, name in enumerate(OUTER):
        tgen.add_link(tgen.gears[name], tgen.gears["R"], name + "-eth0", "R-eth{}".format(number))


def setup_module(mod):
    if os.environ["BGPVPN_DATAPLANE"] == "userspace":
        pytest.skip("interfaces of kind xfrm are the kernel data plane's")
    tgen = Topogen(build_topo, mod.__name__)
    tgen.start_topology()
    middle = tgen.gears["R"]
    for number, address in enumerate(OUTER.values()):
        topo.run(middle, "ip addr add {}.254/24 dev R-eth{}".format(address.rpartition(".")[0], number))
    topo.run(middle, "sysctl -qw net.ipv4.ip_forward=1")
    LAB["observer"] = observer.Observer()
    LAB["capture"] = capture.Capture(topo.netns(middle), capture.Rules(INNER_NETS, [*INSIDE.values(), *BEHIND.values()], os.urandom(16)),
                                     LAB["observer"])  # fmt: skip
    LAB["observer"].start()
    for name in OUTER:
        topo.load(tgen.gears[name], "frr.conf", daemons=("zebra", "bgpvpnd") if name == "r3" else topo.ALL_DAEMONS)
        tgen.gears[name].start()
    for inner in INNER_NETS:
        topo.run(tgen.gears["r1"], "ip route add blackhole {} metric 4000".format(inner))


def teardown_module():
    if "observer" in LAB:
        LAB["observer"].stop()
    if get_topogen():
        get_topogen().stop_topology()


def gear(name):
    return get_topogen().gears[name]


def said(name, command):
    status, words = topo.run(gear(name), command)
    assert status == 0, words
    return words


# --- r1 --------------------------------------------------------------------------------------------------


def tunnel_words(peer, *words, interface="vpn0"):
    first = ["profile quick", "local address " + OUTER["r1"], "remote address " + OUTER[peer], "pre-shared-key secret-of-" + peer]
    return [*first, *words, "interface " + interface, "inside address {}/24".format(INSIDE["r1"])]


def configure(peer, *words, interface="vpn0"):
    lines = tunnel_words(peer, *words, interface=interface)
    _, refusal = topo.config(gear("r1"), "vpn tunnel to-" + peer, "shutdown", *lines, "no shutdown")
    assert "%" not in refusal, refusal


def shown(peer="r2"):
    return topo.tunnel(gear("r1"), "to-" + peer)


def wait_reason(words, peer="r2"):
    topo.wait(lambda: words in shown(peer)["linkReason"], lambda: "the reason {}; it is {}".format(words, shown(peer)["linkReason"]))


def ours():
    """SAs and policies of bgpvpnd in the namespace of r1: those with a reqid of its range."""
    return [reqid for reqid in re.findall(r"reqid (\d+)", said("r1", "ip xfrm state; ip xfrm policy")) if int(reqid) >> 24 == 0x76]


@pytest.fixture(name="r1", autouse=True)
def _r1():
    """Without a tunnel; of the one before nothing is left."""
    if get_topogen().routers_have_failure():
        pytest.skip(get_topogen().errors)
    if json.loads(topo.vtysh(gear("r1"), "show vpn dataplane json")[1])["dataplane"] != "kernel":
        pytest.skip("interfaces of kind xfrm are the kernel data plane's")
    yield gear("r1")
    clean()
    check_clear()


def clean():
    topo.config(gear("r1"), *["no vpn tunnel to-" + peer for peer in PEERS])
    topo.wait(lambda: not ours(), lambda: "nothing of ours in the kernel, which has\n" + said("r1", "ip xfrm state; ip xfrm policy"))


def check_clear():
    """Nothing of the inside was ever seen on the underlay."""
    seen = LAB["capture"]
    seen.note_drops()
    assert not LAB["observer"].failure and seen.dropped == 0
    assert seen.clear_text_packets == 0, "\n".join(seen.examples)
    assert seen.allowed["ike"] and seen.allowed["esp"] + seen.allowed["esp in udp"]


class Device:
    """An interface of r1, wherever it is."""

    def __init__(self, name="vpn0", netns=None, vrf=None):
        self.name, self.netns, self.vrf = name, netns, vrf
        self.before = "ip netns exec {} ".format(netns) if netns else "ip vrf exec {} ".format(vrf) if vrf else ""

    def link(self):
        netns = "-n {} ".format(self.netns) if self.netns else ""
        status, text = topo.run(gear("r1"), "ip {}-j -s link show dev {}".format(netns, self.name))
        return {} if status else json.loads(text)[0]

    @property
    def index(self):
        return self.link()["ifindex"]

    def state(self):
        return self.link().get("operstate")

    def packets(self, way):
        return self.link()["stats64"][way]["packets"]

    def wait_state(self, running):
        """Of the kernel, and of zebra, which sees no other namespaces."""
        states = ("UP", "UNKNOWN") if running else ("DORMANT",)
        topo.wait(lambda: self.state() in states, lambda: "{} to be {}, it is {}; {}".format(self.name, states, self.link(), shown()), 60)
        if not self.netns:
            words = "line protocol is {}".format("up" if running else "down")
            show = "show interface {} vrf {}".format(self.name, self.vrf or "default")
            topo.wait(lambda: words in topo.vtysh(gear("r1"), show)[1], "zebra to know that {} is {}".format(self.name, states))

    def reaches(self, peer="r2", count=5):
        """Pings that came back: from r1 to the peer, and from the peer to r1."""
        ping = "ping -W 2 -I {} -c {} -i 0.05 {}"
        _, out = topo.run(gear("r1"), self.before + ping.format(INSIDE["r1"], count, INSIDE[peer]))
        _, back = topo.run(gear(peer), ping.format(INSIDE[peer], count, INSIDE["r1"]))
        return [int(re.search(r"(\d+) received", text)[1]) if "received" in text else text for text in (out, back)]

    def wait_works(self, peer="r2"):
        topo.wait_up(gear("r1"), "to-" + peer, 90)
        topo.wait_up(gear(peer), "to-r1", 90)
        self.wait_state(True)
        topo.wait(lambda: self.reaches(peer, 1) == [1, 1], lambda: "{} to pass pings, it is {}".format(self.name, self.reaches(peer, 1)))
        assert self.reaches(peer) == [5, 5]


def cut(peer):
    R = gear("R")
    rules = "; ".join("add rule ip {0} forward ip {1} {2} drop".format("cut-" + peer, side, OUTER[peer]) for side in ("saddr", "daddr"))
    R.net.cmd_raises(["nft", "add table ip cut-{0}; add chain ip cut-{0} forward {{ type filter hook forward priority 0; }}; {1}".format(peer, rules)])


def heal(peer):
    gear("R").net.cmd_raises(["nft", "delete table ip cut-" + peer])


def shut_down(peer):
    assert topo.config(gear(peer), "vpn tunnel to-r1", "shutdown")[0] == 0


def bring_up(peer):
    assert topo.config(gear(peer), "vpn tunnel to-r1", "no shutdown")[0] == 0


def check_follows(*devices, silent):
    """r2 goes, in silence or with a DELETE, and comes back."""
    first = devices[0]
    away, back = (cut, heal) if silent else (shut_down, bring_up)
    away("r2")
    try:
        first.reaches("r2", 1)
        for device in devices:
            device.wait_state(False)
        assert first.reaches("r2", 1) == [0, 0] and shown()["linkReason"]
    finally:
        back("r2")
    for device in devices:
        device.wait_state(True)
    first.wait_works()


# --- one tunnel, one interface ---------------------------------------------------------------------------


@pytest.mark.parametrize("words, if_id", [((), None), (("if-id 77",), 77)], ids=["generated", "given"])
def test_own_interface(words, if_id):
    """The kernel has it with the number that was given, and with a number at any rate."""
    device = Device()
    configure("r2", *words)
    device.wait_works()
    number = int(re.search(r"if_id (0x[0-9a-f]+)", said("r1", "ip -d link show vpn0"))[1], 16)
    assert shown()["ifIdIn"] == shown()["ifIdOut"] == if_id and number == (if_id or number)


def test_a_number_for_each_direction():
    """What is sent leaves by vpn0, what arrives comes out of vpn1, and both follow the tunnel."""
    out, arriving = Device("vpn0"), Device("vpn1")
    configure("r2", "if-id in 5 out 6 interface vpn1")
    out.wait_works()
    arriving.wait_state(True)
    before = [device.packets(way) for device in (out, arriving) for way in ("tx", "rx")]
    assert out.reaches() == [5, 5]
    grown = [after - b for after, b in zip([device.packets(way) for device in (out, arriving) for way in ("tx", "rx")], before)]
    assert grown[0] >= 10 and grown[3] >= 10 and grown[1] == grown[2] == 0, grown
    check_follows(out, arriving, silent=False)
    topo.config(gear("r1"), "no vpn tunnel to-r2")
    topo.wait(lambda: not out.link() and not arriving.link(), "both interfaces to go")


# --- one interface of two tunnels ------------------------------------------------------------------------


def test_shared():
    """Two peers behind one interface: one dies and the other does not notice; the interface is up until both are gone."""
    device = Device()
    for peer in PEERS:
        configure(peer, "traffic-selector remote {}/32".format(INSIDE[peer]))
    for peer in PEERS:
        device.wait_works(peer)
        assert shown(peer)["sharedWith"] == ["to-" + other for other in PEERS if other != peer]
    index = device.index
    with Undisturbed(End(gear("r1"), "to-r3", INSIDE["r1"], None), End(gear("r3"), "to-r1", INSIDE["r3"], None), pps=50):
        cut("r2")
        topo.run(gear("r1"), "ping -c 1 -W 1 {}".format(INSIDE["r2"]))
        topo.wait(lambda: shown("r2")["linkState"] == "down", "the tunnel of r2 to go down")
        assert device.state() in ("UP", "UNKNOWN")
    shut_down("r3")
    device.wait_state(False)
    heal("r2")
    device.wait_works("r2")
    assert shown("r3")["linkState"] == "down"
    bring_up("r3")
    device.wait_works("r3")
    assert device.index == index
    topo.config(gear("r1"), "no vpn tunnel to-r2")
    device.wait_works("r3")
    assert device.index == index


def test_shared_with_the_same_selectors():
    """The second one cannot have what the first one has, and says whose it is; the first one is not disturbed."""
    device = Device()
    configure("r2")
    device.wait_works("r2")
    with Undisturbed(End(gear("r1"), "to-r2", INSIDE["r1"], None), End(gear("r2"), "to-r1", INSIDE["r2"], None), pps=50):
        configure("r3")
        words = "on interface vpn0 are another tunnel's already"
        wait_reason(words, "r3")
    assert shown("r3")["linkState"] == "down"
    topo.config(gear("r1"), "no vpn tunnel to-r2")
    device.wait_works("r3")


# --- another network namespace ---------------------------------------------------------------------------


@pytest.fixture(name="blue")
def _blue():
    said("r1", "ip netns add blue")
    yield Device(netns="blue")
    clean()
    topo.run(gear("r1"), "ip netns del blue")


def test_another_namespace(blue):
    """Packets are there, keys are here."""
    configure("r2", "netns blue")
    blue.wait_works()
    assert not Device().link()
    assert said("r1", "ip netns exec blue ip xfrm state; ip netns exec blue ip xfrm policy") == ""
    assert ours()
    check_follows(blue, silent=True)
    topo.config(gear("r1"), "no vpn tunnel to-r2")
    topo.wait(lambda: not blue.link(), "the interface to go")


def test_namespace_comes_and_goes():
    """Its name is what counts: without it the tunnel is down and says why, with another one of that name it is back."""
    device = Device(netns="blue")
    configure("r2", "netns blue")
    for _ in range(2):
        wait_reason("there is no network namespace blue")
        assert shown()["linkState"] == "down" and not ours()
        said("r1", "ip netns add blue")
        try:
            device.wait_works()
        finally:
            topo.run(gear("r1"), "ip netns del blue")


# --- VRF -------------------------------------------------------------------------------------------------


def add_vrf(name):
    table = VRFS[name]
    said("r1", "ip link add {0} type vrf table {1} && ip link set {0} up && ip route replace unreachable default metric 4278198272 vrf {0}".format(name, table))


@pytest.fixture(name="vrfs")
def _vrfs():
    for name in VRFS:
        add_vrf(name)
    yield
    clean()
    for name in VRFS:
        topo.run(gear("r1"), "ip link del " + name)


BGP = ("router bgp 65001 vrf {}", "bgp router-id 10.0.1.1", "no bgp ebgp-requires-policy", "neighbor 169.254.10.2 remote-as 65002",
       "neighbor 169.254.10.2 timers connect 1", "address-family ipv4 unicast", "network 169.254.10.0/24")  # fmt: skip


def learned(vrf):
    return "198.51.100.2" in said("r1", "ip route show table {} dev vpn0".format(VRFS[vrf]))


def test_vrf(vrfs):
    """bgpd of the VRF has the session, its routes are in the VRF's table, and go with the link."""
    device = Device(vrf="red")
    _, refusal = topo.config(gear("r1"), *[line.format("red") for line in BGP])
    assert "%" not in refusal, refusal
    configure("r2", "vrf red")
    device.wait_works()
    topo.wait(lambda: learned("red"), lambda: "the route of r2; {}".format(said("r1", "ip route show table 10; vtysh -c 'show bgp vrf red summary'")), 60)
    assert "198.51.100.2" not in said("r1", "ip route show table main dev vpn0 2>/dev/null || true")
    assert "5 received" in said("r1", "ip vrf exec red ping -c 5 -i 0.05 -W 2 198.51.100.2")
    shut_down("r2")
    device.wait_state(False)
    topo.wait(lambda: not learned("red"), "the route of r2 to go")
    bring_up("r2")
    device.wait_works()
    topo.wait(lambda: learned("red"), "the route of r2", 60)
    topo.config(gear("r1"), "no router bgp 65001 vrf red")


def test_vrf_is_changed(vrfs):
    """In place: the interface stays the same one."""
    configure("r2", "vrf red")
    Device(vrf="red").wait_works()
    index = Device().index
    for vrf in ("green", None):
        topo.config(gear("r1"), "vpn tunnel to-r2", "vrf " + vrf if vrf else "no vrf")
        topo.wait(lambda vrf=vrf: Device().link().get("master") == vrf, lambda: "the VRF {}; {}".format(vrf, Device().link()))
        Device(vrf=vrf).wait_works()
        assert Device().index == index


def test_vrf_comes_and_goes():
    """What was in the VRF is not to be had outside of it: the link is down until the VRF is back, and the interface stays."""
    device = Device(vrf="red")
    configure("r2", "vrf red")
    wait_reason("there is no VRF red")
    assert shown()["linkState"] == "down" and not ours() and not Device().link()
    add_vrf("red")
    try:
        device.wait_works()
        index = device.index
        said("r1", "ip link del red")
        wait_reason("there is no VRF red")
        assert shown()["linkState"] == "down" and Device().state() == "DORMANT" and Device().index == index
        topo.wait(lambda: topo.tunnel(gear("r2"), "to-r1")["linkState"] == "down", "r2 to know")
        add_vrf("red")
        device.wait_works()
        assert device.index == index
    finally:
        clean()
        topo.run(gear("r1"), "ip link del red")


# --- kept, refused ---------------------------------------------------------------------------------------


def kill(how):
    """Gives back the command that starts the daemon again."""
    r1 = gear("r1")
    command = said("r1", "tr '\\0' ' ' < /proc/$(cat /var/run/frr/bgpvpnd.pid)/cmdline")
    said("r1", "kill {} $(cat /var/run/frr/bgpvpnd.pid)".format(how))
    topo.wait(lambda: not topo.alive(r1, "bgpvpnd"), "bgpvpnd to be gone")
    return command


def load(*edits):
    """The configuration is read again, with these changes."""
    said("r1", "vtysh -c 'show running-config' | sed -n '/^vpn/,/^exit/p' > /etc/frr/again.conf")
    for edit in edits:
        said("r1", "sed -i '{}' /etc/frr/again.conf".format(edit))
    said("r1", "vtysh -f /etc/frr/again.conf")


def test_same_interfaces(blue, vrfs):
    """What is read again, changed in passing, or left behind by a daemon that was stopped or killed, are the same interfaces."""
    devices = [blue, Device("vpn1", netns="blue"), Device("vpn2", vrf="red")]
    configure("r2", "netns blue", "if-id in 5 out 6 interface vpn1")
    configure("r3", "vrf red", interface="vpn2")
    blue.wait_works("r2")
    devices[2].wait_works("r3")
    before = [device.index for device in devices]
    changes = [shown(peer)["linkChanges"] for peer in PEERS]
    load()
    load(r"s/^ interface vpn0/ description Same as ever\n&/", r"s/^ interface vpn2/ mtu 1300\n&/")
    topo.wait(lambda: devices[2].link()["mtu"] == 1300, "the MTU")
    assert [device.index for device in devices] == before and [shown(peer)["linkChanges"] for peer in PEERS] == changes
    said("r1", "vtysh -c 'show running-config' | sed -n '/^vpn/,/^exit/p' > /etc/frr/again.conf")
    for how in ("-TERM", "-9"):
        command = kill(how)
        assert [device.index for device in devices] == before
        said("r1", command)
        topo.wait(lambda: topo.alive(gear("r1"), "bgpvpnd"), "bgpvpnd to be back")
        topo.wait(lambda: topo.run(gear("r1"), "vtysh -f /etc/frr/again.conf")[0] == 0, "the configuration")
        blue.wait_works("r2")
        devices[2].wait_works("r3")
        assert [device.index for device in devices] == before


FOREIGN = [
    ("ip link add vpn0 type dummy", (), "vpn0 exists already and is of kind dummy"),
    ("ip link add vpn1 type dummy", ("if-id in 5 out 6 interface vpn1",), "vpn1 exists already and is of kind dummy"),
    ("ip link add other type xfrm dev lo if_id 7", ("if-id 7",), "another one is"),
]


@pytest.mark.parametrize("made, words, refusal", FOREIGN, ids=["dummy", "dummy-in", "number"])
def test_somebody_elses(made, words, refusal):
    """It is named, with what it is; it stays as it is, and nothing of the tunnel is installed. Once it is gone, the tunnel works."""
    said("r1", made)
    name = made.split()[3]
    before = said("r1", "ip -d -j link show " + name)
    configure("r2", *words)
    wait_reason(refusal)
    assert shown()["linkState"] == "down" and not ours()
    assert said("r1", "ip -d -j link show " + name) == before
    assert not [device for device in (Device("vpn0"), Device("vpn1")) if device.name != name and device.link()]
    said("r1", "ip link del " + name)
    Device().wait_works()


def test_nothing_crashed():
    for name in OUTER:
        assert not gear(name).check_router_running()

# SPDX-License-Identifier: GPL-2.0-or-later
"""Tunnels of the kernel's own, with ESP in transport mode around them: GRE, and IP in IP; over IPv4 and over IPv6. BGP runs through them, the
link follows the peer, and nothing is on the underlay but ESP. And what looks the same on the wire (RFC 3884): IP in IP under transport mode
at our end, plain tunnel mode at the peer's.

      192.0.2.1                                    198.51.100.1
     +---------+ to-r2 = 169.254.2.0/30 =========+---------+
     |   r1    |                +-----+          |   r2    |
     | bgpvpnd |----------------| isp |----------| bgpvpnd |
     | AS65001 |                +-----+          +---------+
     +---------+                   |             +---------+
            to-s1 = 169.254.3.0/30 +-------------|   s1    |  charon, with the kernel's ESP, and a device of its own
                  ===============================+---------+
                                                 203.0.113.1
"""

import collections
import ipaddress
import json
import os
import shutil

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import capture, libreswan, observer, strongswan, topo, wireshark

pytestmark = [pytest.mark.bgpd, pytest.mark.bgpvpnd]

SECRET = "from-house-to-house"
SITES = {"r1": (1, "192.0.2.1"), "r2": (2, "198.51.100.1"), "s1": (3, "203.0.113.1")}
PEERS = ("r2", "s1")
IF_ID = 42
# ours, theirs: words of a line `interface`; device: what s1 makes; protocol: around it, None: tunnel mode; next header: in ESP;
# silence: whether the peers die in silence too, which takes a while to notice
Mode = collections.namedtuple("Mode", "v6 ours theirs encapsulation device protocol next_header silence")
MODES = {
    "gre": Mode(False, "kind gre", "kind gre", "transport", "gre", 47, 47, True),
    "ipip": Mode(False, "kind ipip", "kind ipip", "transport", "ipip", 4, 4, False),
    "ipip-as-tunnel-mode": Mode(False, "kind ipip", "kind xfrm", "tunnel", "xfrm", None, 4, True),
    "gre-over-ipv6": Mode(True, "kind gre", "kind gre", "transport", "ip6gre", 47, 47, False),
    "ipip-over-ipv6-as-tunnel-mode": Mode(True, "kind ipip", "kind xfrm", "tunnel", "xfrm", None, 4, False),
}
# Of pings: around where ESP pads to the next four bytes.
SIZES = (0, 57, 58, 59, 60, 1001)
INNER = [ipaddress.ip_network(net) for net in ("169.254.0.0/16", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]
PRIVATE = "/etc/frr/private"  # the framework's /etc/frr is writable by everybody
LAB = {}


def build_topo(tgen):
    for name in (*SITES, "isp"):
        tgen.add_router(name)
    for number, name in enumerate(SITES):
        tgen.add_link(tgen.gears[name], tgen.gears["isp"], name + "-eth0", "isp-eth{}".format(number))


def setup_module(mod):
    if strongswan.missing() or not shutil.which("tshark"):
        pytest.skip("not installed: " + (strongswan.missing() or "tshark"))
    if os.environ.get("BGPVPN_DATAPLANE") == "userspace" or libreswan.kernel_missing():
        pytest.skip("only the kernel data plane has these kinds; " + libreswan.kernel_missing())
    tgen = Topogen(build_topo, mod.__name__)
    tgen.start_topology()
    for name in ("isp", "r1", "r2", "s1"):
        daemons = {"isp": ("zebra",), "s1": ("zebra", "staticd", "bgpd")}.get(name, topo.ALL_DAEMONS)
        topo.load(tgen.gears[name], "frr.conf", daemons=daemons)
    LAB["observer"] = observer.Observer()
    rules = capture.Rules(INNER, [address for _, address in SITES.values()], os.urandom(16))
    LAB["capture"] = capture.Capture(topo.netns(tgen.gears["isp"]), rules, LAB["observer"])
    LAB["observer"].start()
    for name in ("isp", "s1", "r2", "r1"):
        tgen.gears[name].start()
    topo.run(tgen.gears["r1"], "install -d -o frr -g frr -m 700 " + PRIVATE)
    LAB["charon"] = strongswan.StrongSwan(topo.netns(tgen.gears["s1"]), os.path.join(tgen.logdir, "charon"), kernel=True)


def teardown_module():
    if "charon" in LAB:
        LAB["charon"].stop()
    if "observer" in LAB:
        LAB["observer"].stop()
    if get_topogen():
        get_topogen().stop_topology()


def outer(name, mode):
    number, _ = SITES[name]
    return "2001:db8:{}::1".format(number) if mode.v6 else "10.0.{}.1".format(number)


def inside(peer, side):
    return "169.254.{}.{}".format(SITES[peer][0], side)


def configure(name, peer, words, mode):
    """A tunnel at one of ours, whatever there was before."""
    site = peer if name == "r1" else name
    lines = ["vpn tunnel " + peer, "shutdown", "no encapsulation", "no local address", "no remote address"]
    lines += ["interface to-{} {}".format(peer, words), "local address " + outer(name, mode), "remote address " + outer(peer, mode)]
    lines += ["encapsulation tunnel"] if words == "kind ipip" and mode.encapsulation == "tunnel" else []
    lines += ["pre-shared-key " + SECRET, "inside address {}/30".format(inside(site, 1 if name == "r1" else 2)), "no shutdown"]
    status, said = topo.config(get_topogen().gears[name], *lines)
    assert status == 0 and "%" not in said, said


def s1_device(mode):
    """Its own interface, and around it what an operator needs to be safe while charon is away."""
    here, there = outer("s1", mode), outer("r1", mode)
    if mode.protocol:
        make = "type {} local {} remote {} ttl 64{}".format(mode.device, here, there, " encaplimit none" if mode.v6 else "")
    else:
        make = "type xfrm dev s1-eth0 if_id {}".format(IF_ID)
    near = "2001:db8::/32" if mode.v6 else "10.0.0.0/16"  # with the selector of charon's it would be the same policy
    guard = "ip xfrm policy add dir out src {} dst {} proto {} action block priority 4000000".format(here, near, mode.protocol)
    for command in (
        "ip link del to-r1 2>/dev/null; ip xfrm policy flush",
        guard if mode.protocol else "true",
        "ip link add to-r1 " + make,
        "ip addr add {}/30 dev to-r1 && ip link set to-r1 mtu 1360 up".format(inside("s1", 2)),
    ):
        status, said = topo.run(get_topogen().gears["s1"], command)
        assert status == 0, said


def begin_s1(mode):
    charon = LAB["charon"]
    s1_device(mode)
    charon.start()
    here, there = outer("s1", mode), outer("r1", mode)
    if mode.protocol:
        child, ts = {"mode": "transport"}, "dynamic[{}]".format(mode.protocol)
    else:
        child, ts = {"mode": "tunnel", "if_id_in": IF_ID, "if_id_out": IF_ID}, "0.0.0.0/0"
    charon.connection("to-r1", here, there, SECRET, ts=ts, child=child)


def end_s1():
    LAB["charon"].stop()


@pytest.fixture(name="mode", params=MODES, scope="module")
def _mode(request):
    """Everything is of this mode, and nobody has dialed yet."""
    mode = MODES[request.param]
    end_s1()
    begin_s1(mode)
    configure("r2", "r1", mode.theirs, mode)
    for peer in PEERS:
        configure("r1", peer, mode.ours, mode)
    return mode


@pytest.fixture(name="r1")
def _r1():
    return get_topogen().gears["r1"]


def check_clear():
    """Everything until now was looked at, and nothing was in the clear."""
    seen = LAB["capture"]
    seen.note_drops()
    assert not LAB["observer"].failure and seen.dropped == 0
    assert seen.clear_text_packets == 0, "\n".join(seen.examples)


def gear(name):
    return get_topogen().gears[name]


def device(name, interface):
    """What the kernel and what zebra say of it: (operational state, operational status)."""
    kernel = json.loads(topo.run(gear(name), "ip -j link show " + interface)[1] or "[{}]")[0]
    zebra = json.loads(topo.vtysh(gear(name), "show interface {} json".format(interface))[1]).get(interface, {})
    return kernel.get("operstate"), zebra.get("operationalStatus")


def routed(name, target, interface):
    return "dev {} ".format(interface) in topo.run(gear(name), "ip route get " + target)[1]


def works(r1, peer):
    """The link is up, BGP has put the routes there, and packets of all sizes go both ways."""
    charon = LAB["charon"]
    topo.wait(
        lambda: topo.tunnel(r1, peer).get("linkState") == "up",
        lambda: "{}\n{}\n{}".format(topo.tunnel(r1, peer), charon.list_sas(), charon.log()[-2000:]),
        60,
    )
    topo.wait_bgp(r1, inside(peer, 2), 60)
    ours, theirs = SITES["r1"][1], SITES[peer][1]
    topo.wait(lambda: routed("r1", theirs, "to-" + peer), "r1's route to " + theirs)
    topo.wait(lambda: routed(peer, ours, "to-r1"), "the route of {} to {}".format(peer, ours))
    topo.wait(lambda: device("r1", "to-" + peer) == ("UP", "up"), lambda: "to-{}, which is {}".format(peer, device("r1", "to-" + peer)))
    assert topo.pings(r1, ours, theirs) == 10
    assert topo.pings(gear(peer), theirs, ours, 5) == 5
    assert topo.pings(r1, ours, theirs + " -s 3000", 3) == 3


def test_traffic(mode, r1):
    for peer in PEERS:
        works(r1, peer)
        assert topo.tunnel(r1, peer)["kind"] == mode.ours.split()[1]
    check_clear()


def test_transport_mode(mode, r1):
    """What we ask the kernel for is the same in all modes; what was agreed is not."""
    states = topo.run(r1, "ip xfrm state")[1]
    assert states.count("mode transport") == 4 and "mode tunnel" not in states, states
    there = topo.run(gear("s1"), "ip xfrm state")[1]
    assert there.count("mode " + mode.encapsulation) == 2, there


def test_whole_mtu(mode, r1):
    """As much as the interface says goes through in one piece, one byte more does not go into it."""
    for peer in PEERS:
        mtu = topo.tunnel(r1, peer)["mtu"]
        ping = "ping -M do -c 3 -i 0.1 -W 2 -I {} -s {{}} {}".format(SITES["r1"][1], SITES[peer][1])
        assert "3 received" in topo.run(r1, ping.format(mtu - 28))[1]
        assert "essage too long" in topo.run(r1, ping.format(mtu - 27))[1]
    check_clear()


def dead(r1, peer):
    """Down, for everybody, and nothing goes through."""
    topo.wait(lambda: topo.tunnel(r1, peer).get("linkState") == "down", lambda: "the link to go down: {}".format(topo.tunnel(r1, peer)), 60)
    assert topo.tunnel(r1, peer)["linkReason"]
    topo.wait(lambda: device("r1", "to-" + peer) == ("DORMANT", "down"), lambda: "to-{}, which is {}".format(peer, device("r1", "to-" + peer)))
    topo.wait(lambda: topo.bgp_state(r1, inside(peer, 2)) != "Established", "BGP to end")
    assert " 0 received" in topo.run(r1, "ping -c 3 -i 0.1 -W 1 -I to-{} {}".format(peer, inside(peer, 2)))[1]


def cut(mode, r1):
    """Both peers are cut off, under traffic, so that somebody notices."""
    family = "ip6" if mode.v6 else "ip"
    rule = "add rule {0} cut forward {0} saddr {1} drop; add rule {0} cut forward {0} daddr {1} drop"
    rules = "; ".join(rule.format(family, outer(peer, mode)) for peer in PEERS)
    gear("isp").net.cmd_raises(
        ["nft", "add table {0} cut; add chain {0} cut forward {{ type filter hook forward priority 0; }}; {1}".format(family, rules)]
    )
    for peer in PEERS:
        topo.run(r1, "ping -q -i 0.2 -c 600 -I {} {} >/dev/null 2>&1 & echo $! >/tmp/ping-{}".format(SITES["r1"][1], SITES[peer][1], peer))


def heal(mode, r1):
    topo.run(r1, "kill $(cat /tmp/ping-r2 /tmp/ping-s1)")
    gear("isp").net.cmd_raises(["nft", "delete table {} cut".format("ip6" if mode.v6 else "ip")])


def close(mode, r1):
    """Both peers close their IKE SAs: the links are down at once, not after a time-out."""
    end_s1()
    topo.config(gear("r2"), "vpn tunnel r1", "shutdown")
    for peer in PEERS:
        topo.wait(lambda: topo.tunnel(r1, peer)["linkState"] == "down", "the link to go down", 5)


def begin_again(mode, r1):
    begin_s1(mode)
    topo.config(gear("r2"), "vpn tunnel r1", "no shutdown")


def test_link_follows(mode, r1):
    for end, begin in ((cut, heal), (close, begin_again))[0 if mode.silence else 1 :]:
        end(mode, r1)
        for peer in PEERS:
            dead(r1, peer)
        check_clear()
        begin(mode, r1)
        for peer in PEERS:
            works(r1, peer)
        check_clear()


def esp_length(mode, size):
    """Of the outer packet, as its IP header has it, with AES-GCM around a ping of this size: RFC 4303 2, RFC 4106 3 and 6."""
    payload = 20 + 8 + size + (4 if mode.next_header == 47 else 0)
    padded = (payload + 2 + 3) // 4 * 4
    return (0 if mode.v6 else 20) + 8 + 8 + padded + 16


def keys_anew(r1, path):
    """Other keys for all tunnels, and in the file."""
    assert "WARNING" in topo.vtysh(r1, "vpn capture-keys " + path)[1]
    for peer in PEERS:
        topo.wait(lambda: "%" not in topo.vtysh(r1, "vpn rekey tunnel " + peer)[1], "rekeying to begin")
    topo.wait(lambda: topo.run(r1, "cat " + path)[1].count('"IPv') >= 4, "four ESP SAs in the file")
    topo.vtysh(r1, "no vpn capture-keys")
    return topo.run(r1, "cat " + path)[1]


def packets_of(profile, seen):
    """Of all pings, as tshark reads them: the headers, ESP's next header, the lengths of outer and inner packet."""
    found = []
    for row in profile.fields(seen, "icmp && esp", ("frame.protocols", "esp.protocol", "ipv6.plen", "ip.len")):
        headers, next_header, *lengths = ([word for word in field if word] for field in row)
        lengths = [int(length) for field in lengths for length in field]
        found.append((headers[0].removesuffix(":data"), int(next_header[0], 16), lengths))
    return found


def test_layout(mode, r1, tmp_path, request):
    """ESP's next header, what is right behind it, and the length of each packet: by the book, and the same both ways, whatever the peer
    calls it."""
    name = request.node.callspec.id
    text = keys_anew(r1, "{}/keys-{}".format(PRIVATE, name))
    seen = wireshark.Capture(gear("isp"), "isp-eth0", os.path.join(get_topogen().logdir, name + ".pcap"))
    for peer in PEERS:
        for size in SIZES:
            assert " 1 received" in topo.run(r1, "ping -c 1 -W 2 -I {} -s {} {}".format(SITES["r1"][1], size, SITES[peer][1]))[1]
    seen.stop()
    headers = "eth:ethertype:{}:esp:{}ip:icmp".format("ipv6" if mode.v6 else "ip", "gre:" if mode.next_header == 47 else "")
    there_and_back = [(headers, mode.next_header, [esp_length(mode, size), 28 + size]) for size in SIZES for _ in range(2)]
    assert packets_of(wireshark.Profile(tmp_path / "profile", text), seen) == there_and_back * len(PEERS)


def test_nothing_crashed():
    for name in ("r1", "r2"):
        assert not gear(name).check_router_running()

# SPDX-License-Identifier: GPL-2.0-or-later
"""Two tunnels to a strongSwan peer between the same two addresses, any to any: by which of them a packet goes is decided by its class here
(test_bgpvpn_marks.py), and there an answer goes back by the one that its question came by.  The peer keeps them apart by XFRM interfaces, or
by marks alone: its policies ask for a mark, and its SAs give it to what they decrypt.  nftables remembers by which tunnel an address came last.

        .10, .11                                                               198.51.100.10, .11
     +----+ 192.0.2.0/24  +----+ 10.0.12.0/24 +---+ 10.0.23.0/24  +------------+
     | h1 |---------------| r1 |--------------| R |---------------|     s2     |
     +----+               |    |              +---+               | strongSwan |
                          |    |=== t1, 169.254.10.0/30 ==========|            |
                          +----+=== t2, 169.254.20.0/30 ==========+------------+
"""

import ipaddress
import os

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import capture, classes, libreswan, middle, observer, strongswan, topo

pytestmark = [pytest.mark.bgpvpnd]
R1, S2 = "10.0.12.1", "10.0.23.2"
# tunnel: its number at s2, the first label of its names, its network inside
TUNNELS = {"t1": (1, "one", "169.254.10"), "t2": (2, "two", "169.254.20")}
INNER = [ipaddress.ip_network(net) for net in ("169.254.0.0/16", "192.0.2.0/24", "198.51.100.0/24")]
SECRET = "correct-horse-battery-staple"
QUIET = 9
LAB = {}

# name: the lines of a Child SA of this number; what remembers who came by it
PEERS = {
    "interfaces": (
        lambda number: {"if_id_in": number, "if_id_out": number},
        "iifname xfrm{0} add @by{0} {{ ip saddr }} delete @by{1} {{ ip saddr }}",
    ),
    "marks": (
        lambda number: {"mark_in": number, "mark_out": number, "set_mark_in": number},
        "meta mark {0} add @by{0} {{ ip saddr }} delete @by{1} {{ ip saddr }}",
    ),
}
BACK = """table ip back {{
  set by1 {{ type ipv4_addr; size 99; flags dynamic,timeout; timeout 1m; }}
  set by2 {{ type ipv4_addr; size 99; flags dynamic,timeout; timeout 1m; }}
  chain in {{ type filter hook prerouting priority mangle; {}; }}
  chain out {{ type route hook output priority mangle; ip daddr @by1 meta mark set 1; ip daddr @by2 meta mark set 2; }}
  chain sealed {{ type filter hook postrouting priority 0; oifname s2-eth0 ip daddr {{ 192.0.2.0/24, 169.254.0.0/16 }} meta mark 0 drop; }}
}}
"""


def build_topo(tgen):
    for name in ("r1", "R", "s2", "h1"):
        tgen.add_router(name)
    gears = tgen.gears
    tgen.add_link(gears["r1"], gears["R"], "r1-eth0", "R-eth0")
    tgen.add_link(gears["s2"], gears["R"], "s2-eth0", "R-eth1")
    tgen.add_link(gears["r1"], gears["h1"], "r1-eth1", "h1-eth0")


def setup_module(mod):
    missing = strongswan.missing() or libreswan.kernel_missing()
    if missing:
        pytest.skip(missing)
    tgen = Topogen(build_topo, mod.__name__)
    tgen.start_topology()
    gears = tgen.gears
    topo.load(gears["r1"], "frr.conf", daemons=("zebra", "staticd", "pbrd", "bgpvpnd"))
    for name in ("r1", "R"):
        topo.run(gears[name], "sysctl -qw net.ipv4.ip_forward=1")
    gears["r1"].start()
    classes.host(gears["h1"])
    classes.classify(gears["r1"])
    s2 = gears["s2"]
    classes.run(s2, "ip addr add {}/24 dev s2-eth0".format(S2))
    for address in ["198.51.100.10", "198.51.100.11"] + [net + ".2" for _, _, net in TUNNELS.values()]:
        classes.run(s2, "ip addr add {}/32 dev lo".format(address))
    LAB["R"] = middle.Middle(gears["R"], gears["r1"], R1, s2, S2)
    LAB["observer"] = observer.Observer()
    rules = capture.Rules(INNER, ["198.51.100.10", "192.0.2.10"], os.urandom(16))
    LAB["capture"] = capture.Capture(topo.netns(gears["R"]), rules, LAB["observer"])
    LAB["observer"].start()


def teardown_module():
    if "s2" in LAB:
        LAB["s2"].stop()
    if "observer" in LAB:
        LAB["observer"].stop()
    if get_topogen():
        get_topogen().stop_topology()


def interfaces(s2):
    """One for each tunnel; what is marked with its number goes into it."""
    for number, _, _ in TUNNELS.values():
        classes.run(
            s2,
            "ip link add xfrm{0} type xfrm dev s2-eth0 if_id {0}".format(number),
            "ip link set xfrm{} up".format(number),
            "ip rule add fwmark {0} lookup 10{0}".format(number),
            "ip route add default dev xfrm{0} table 10{0}".format(number),
        )


def no_interfaces(s2):
    """Of the peer before this one."""
    for number, _, _ in TUNNELS.values():
        topo.run(s2, "ip link del xfrm{0}; ip rule del fwmark {0} lookup 10{0}".format(number))


@pytest.fixture(name="peer", params=PEERS, scope="module")
def _peer(request):
    tgen = get_topogen()
    s2 = tgen.gears["s2"]
    child, mark = PEERS[request.param]
    if "s2" in LAB:
        LAB["s2"].stop()
    no_interfaces(s2)
    topo.run(s2, "nft delete table ip back")
    classes.load_nft(s2, BACK.format("; ".join(mark.format(number, 3 - number) for number, _, _ in TUNNELS.values())))
    if request.param == "interfaces":
        interfaces(s2)
    charon = LAB["s2"] = strongswan.StrongSwan(topo.netns(s2), os.path.join(tgen.logdir, "charon-" + request.param), kernel=True)
    charon.start()
    for name, (number, label, _) in TUNNELS.items():
        charon.connection(
            name, S2, R1, SECRET, ids=("{}.r2.example".format(label), "{}.r1.example".format(label)),
            child=child(number), settings={"unique": "never"}, beside=number > 1,
        )  # fmt: skip
    return charon


@pytest.fixture(name="r1")
def _r1():
    return get_topogen().gears["r1"]


def packets(r1, charon):
    """By each tunnel: what r1 sent, what s2 received."""
    came = classes.packets_of(charon)
    return {name: (topo.tunnel(r1, name).get("packetsOut", 0), came.get(name, 0)) for name in TUNNELS}


def took(r1, charon, wanted):
    """By which tunnel the class goes, as both ends count; None: by neither alone, or it is not answered."""
    before = packets(r1, charon)
    if wanted.pings() != 10:
        return None
    sent = {name: [new - old for new, old in zip(now, before[name])] for name, now in packets(r1, charon).items()}
    mine = [name for name in TUNNELS if min(sent[name]) >= 10 and all(max(sent[o]) <= QUIET for o in TUNNELS if o != name)]
    return mine[0] if mine else None


def check_classes(r1, charon, tunnel=None):
    for name, wanted in classes.CLASSES.items():
        way = tunnel or wanted.tunnel
        topo.wait(lambda: took(r1, charon, wanted) == way, lambda: "class {} to go by {}; {}".format(name, way, where(r1, charon)), 20)
    seen = LAB["capture"]
    seen.note_drops()
    assert not LAB["observer"].failure and seen.dropped == 0
    assert seen.clear_text_packets == 0, "\n".join(seen.examples)


def where(r1, charon):
    s2 = get_topogen().gears["s2"]
    return "\n".join((
        topo.vtysh(r1, "show vpn detail")[1],
        charon.list_sas(),
        topo.run(s2, "ip -s xfrm state list nokeys; ip xfrm policy; ip rule; nft list ruleset; cat /proc/net/xfrm_stat")[1],
    ))  # fmt: skip


def state(r1, tunnel, wanted):
    topo.wait(
        lambda: topo.tunnel(r1, tunnel).get("linkState") == wanted,
        lambda: "{} to be {}: {}".format(tunnel, wanted, topo.tunnel(r1, tunnel)),
        60,
    )


def all_right(r1, charon):
    """Both are up, each has its namesake, whose inside address answers."""
    for name, (_, _, net) in TUNNELS.items():
        state(r1, name, "up")
        topo.wait(lambda: topo.pings(r1, net + ".1", net + ".2") == 10, lambda: "{} to carry: {}".format(name, where(r1, charon)))
    check_classes(r1, charon)


def test_classes(peer, r1):
    all_right(r1, peer)


def test_silence(peer, r1):
    """t1 dies without a word: its classes go by t2, and come back."""
    changes = topo.tunnel(r1, "t2")["linkChanges"]
    cut = classes.Cut(LAB["R"], topo.tunnel(r1, "t1"))
    state(r1, "t1", "down")
    check_classes(r1, peer, "t2")
    cut.heal()
    all_right(r1, peer)
    assert topo.tunnel(r1, "t2")["linkChanges"] == changes


def test_deleted(peer, r1):
    """The peer closes t2, and answers again at once."""
    changes = topo.tunnel(r1, "t2")["linkChanges"]
    assert peer.terminate("t2")
    topo.wait(lambda: topo.tunnel(r1, "t2")["linkChanges"] == changes + 2, "the link to go down and up")
    all_right(r1, peer)


def test_killed(peer, r1):
    """We begin anew: each finds its namesake again."""
    command = topo.run(r1, "tr '\\0' ' ' < /proc/$(cat /var/run/frr/bgpvpnd.pid)/cmdline")[1]
    assert topo.run(r1, "kill -9 $(cat /var/run/frr/bgpvpnd.pid)")[0] == 0
    topo.wait(lambda: not topo.alive(r1, "bgpvpnd"), "bgpvpnd to be gone")
    assert topo.run(r1, command)[0] == 0
    topo.wait(lambda: topo.alive(r1, "bgpvpnd"), "bgpvpnd to be back")
    assert topo.run(r1, "vtysh -b -d bgpvpnd")[0] == 0
    all_right(r1, peer)


def test_nothing_crashed(r1):
    assert not r1.check_router_running()

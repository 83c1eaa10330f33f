# SPDX-License-Identifier: GPL-2.0-or-later
"""Two tunnels between the same two addresses, any to any, with the same secret; what a packet is decides by which of them it goes. nftables
marks it, by its address or its DSCP; a rule of routing or FRR's policy routing looks the mark up. Where that tunnel is down, the
packet falls through to the main table, and takes the other one.

      .10, .11                                                         .10, .11
     +----+ 192.0.2.0/24  +----+ 10.0.12.0/24 +---+ 10.0.23.0/24  +----+ 198.51.100.0/24 +----+
     | h1 |---------------| r1 |--------------| R |---------------| r2 |-----------------| h2 |
     +----+               |    |              +---+               |    |                 +----+
                          |    |=== vpn1, 169.254.10.0/30 ========|    |
                          +----+=== vpn2, 169.254.20.0/30 ========+----+

The names of its ends tell a peer which tunnel is meant. Without, the two may cross; that is what the last tests are about.
"""

import ipaddress
import json
import os

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import capture, classes, middle, observer, topo

pytestmark = [pytest.mark.bgpvpnd]
OUTER = {"r1": "10.0.12.1", "r2": "10.0.23.2"}
OTHER = {"r1": "r2", "r2": "r1"}
TUNNELS = ("t1", "t2")
INSIDE = {"t1": "169.254.10.{}", "t2": "169.254.20.{}"}
NUMBER = {"r1": 1, "r2": 2}
INNER = [ipaddress.ip_network(net) for net in ("169.254.0.0/16", "192.0.2.0/24", "198.51.100.0/24")]

# What liveness may send by a tunnel while ten pings take the other.
QUIET = 9
LAB = {}


def build_topo(tgen):
    for name in ("r1", "r2", "R", "h1", "h2"):
        tgen.add_router(name)
    gears = tgen.gears
    for number in (1, 2):
        name = "r{}".format(number)
        tgen.add_link(gears[name], gears["R"], name + "-eth0", "R-eth{}".format(number - 1))
        tgen.add_link(gears[name], gears["h{}".format(number)], name + "-eth1", "h{}-eth0".format(number))


def setup_module(mod):
    tgen = Topogen(build_topo, mod.__name__)
    tgen.start_topology()
    gears = tgen.gears
    for name in OUTER:
        topo.load(gears[name], "frr.conf", daemons=("zebra", "staticd", "pbrd", "bgpvpnd"))
    for name in ("r1", "r2", "R"):
        topo.run(gears[name], "sysctl -qw net.ipv4.ip_forward=1")
    for name in classes.LAN:
        classes.host(gears[name])
    for name in OUTER:
        classes.classify(gears[name])
    LAB["observer"] = observer.Observer()
    rules = capture.Rules(INNER, [lan + ".10" for lan in classes.LAN.values()], os.urandom(16))
    LAB["capture"] = capture.Capture(topo.netns(gears["R"]), rules, LAB["observer"])
    LAB["observer"].start()
    for name in OUTER:
        gears[name].start()
    LAB["R"] = middle.Middle(gears["R"], gears["r1"], OUTER["r1"], gears["r2"], OUTER["r2"])


def teardown_module():
    if "observer" in LAB:
        LAB["observer"].stop()
    get_topogen().stop_topology()


@pytest.fixture(name="ends")
def _ends():
    tgen = get_topogen()
    if tgen.routers_have_failure():
        pytest.skip(tgen.errors)
    return [tgen.gears[name] for name in OUTER]


def packets(router):
    return {name: topo.tunnel(router, name).get("packetsOut", 0) for name in TUNNELS}


def took(ends, wanted):
    """By which tunnel the class goes out of each end; None: by neither alone, or it does not arrive."""
    before = [packets(router) for router in ends]
    answered = wanted.pings()
    ways = []
    for router, old in zip(ends, before):
        sent = {name: now - old[name] for name, now in packets(router).items()}
        mine = [name for name in TUNNELS if sent[name] >= 10 and all(sent[o] <= QUIET for o in TUNNELS if o != name)]
        ways.append(mine[0] if mine else None)
    return tuple(ways) if answered == 10 else None


def check_classes(ends, tunnel=None):
    """Each by its own tunnel, or those of the other one by this one: at both ends."""
    for name, wanted in classes.CLASSES.items():
        way = tunnel or wanted.tunnel
        if tunnel == wanted.tunnel:
            continue
        topo.wait(lambda: took(ends, wanted) == (way, way), lambda: "class {} to go by {}, {}".format(name, way, where(ends)), 20)
    check_clear()


def where(ends):
    return "".join(
        topo.run(router, "ip route; ip rule; ip route show table all type unicast | grep table; nft list ruleset")[1]
        + json.dumps([topo.tunnel(router, name) for name in TUNNELS])
        for router in ends
    )


def check_clear():
    """Everything until now was looked at, and nothing was in the clear."""
    seen = LAB["capture"]
    seen.note_drops()
    assert not LAB["observer"].failure and seen.dropped == 0
    assert seen.clear_text_packets == 0, "\n".join(seen.examples)
    assert seen.allowed["esp"] + seen.allowed["esp in udp"] > 0


def state(router, tunnel, wanted):
    topo.wait(
        lambda: topo.tunnel(router, tunnel).get("linkState") == wanted,
        lambda: "{} of {} to be {}: {}".format(tunnel, router.name, wanted, topo.tunnel(router, tunnel)),
        60,
    )


def all_up(ends):
    for router in ends:
        for name in TUNNELS:
            state(router, name, "up")


def match_of(ends, tunnel):
    """The tunnel of r2 that has the SAs of this one of r1."""
    mine = topo.tunnel(ends[0], tunnel)
    for name in TUNNELS:
        other = topo.tunnel(ends[1], name)
        if mine.get("espSpiOut") and (mine["espSpiIn"], mine["espSpiOut"]) == (other.get("espSpiOut"), other.get("espSpiIn")):
            return name
    return None


def check_pairs(ends):
    """Each tunnel has its namesake at the other end: the inside addresses reach each other by it."""
    for name in TUNNELS:
        topo.wait(lambda: match_of(ends, name) == name, lambda: "{} to have its namesake: {}".format(name, where(ends)), 60)
        for router in ends:
            source, target = (INSIDE[name].format(NUMBER[n]) for n in (router.name, OTHER[router.name]))
            topo.wait(lambda: topo.pings(router, source, target) == 10, "{} to reach {}".format(source, target))


def test_classes(ends):
    all_up(ends)
    check_pairs(ends)
    check_classes(ends)


def test_silence(ends):
    """One of the two dies without a word: its classes go by the other, at both ends, and come back."""
    tunnel, other = TUNNELS
    changes = [topo.tunnel(router, other)["linkChanges"] for router in ends]
    cut = classes.Cut(LAB["R"], topo.tunnel(ends[0], tunnel))
    for router in ends:
        state(router, tunnel, "down")
    check_classes(ends, other)
    cut.heal()
    all_up(ends)
    check_pairs(ends)
    check_classes(ends)
    assert [topo.tunnel(router, other)["linkChanges"] for router in ends] == changes


def test_shutdown(ends):
    """With a word: the peer's link is down at once."""
    topo.config(ends[1], "vpn tunnel t2", "shutdown")
    for router in ends:
        state(router, "t2", "down")
    check_classes(ends, "t1")
    topo.config(ends[1], "vpn tunnel t2", "no shutdown")
    all_up(ends)
    check_pairs(ends)
    check_classes(ends)


def kill(router):
    """Gives back the command that starts the daemon again."""
    command = topo.run(router, "tr '\\0' ' ' < /proc/$(cat /var/run/frr/bgpvpnd.pid)/cmdline")[1]
    assert topo.run(router, "kill -9 $(cat /var/run/frr/bgpvpnd.pid)")[0] == 0
    topo.wait(lambda: not topo.alive(router, "bgpvpnd"), "bgpvpnd to be gone")
    return command


def start_again(router, command):
    status, said = topo.run(router, command)
    assert status == 0, said
    topo.wait(lambda: topo.alive(router, "bgpvpnd"), "bgpvpnd to be back")
    assert topo.run(router, "vtysh -b -d bgpvpnd")[0] == 0


def test_both_killed(ends):
    """Both begin anew, at the same moment: each tunnel finds its namesake."""
    commands = [kill(router) for router in ends]
    for router, command in zip(ends, commands):
        start_again(router, command)
    all_up(ends)
    check_pairs(ends)
    check_classes(ends)


def ids(router, other):
    """The two lines of each tunnel that tell them apart."""
    for name, number in (("t1", "one"), ("t2", "two")):
        yield name, ["{} id fqdn {}.{}.example".format(*end) for end in (("local", number, router), ("remote", number, other))]


def without_names(ends):
    for router in ends:
        for name in TUNNELS:
            topo.config(router, "vpn tunnel " + name, "shutdown", "no local id", "no remote id")


@pytest.mark.skipif(os.environ.get("BGPVPN_DATAPLANE") == "userspace", reason="crossed, an answer to a probe may leave by the default route: README, limits")
def test_crossed(ends):
    """Without the names that tell them apart t2 of r1 gets t1 of r2, which has none yet. Packets arrive all the same, and everybody who
    looks is told."""
    r1, r2 = ends
    without_names(ends)
    for name in TUNNELS:
        topo.config(r2, "vpn tunnel " + name, "initiate never", "no shutdown")
    for name in reversed(TUNNELS):
        topo.config(r1, "vpn tunnel " + name, "no shutdown")
        state(r1, name, "up")
    for router in ends:
        for name, other in zip(TUNNELS, reversed(TUNNELS)):
            state(router, name, "up")
            assert topo.tunnel(router, name)["alike"] == [other]
            assert "Alike: " + other in topo.vtysh(router, "show vpn tunnel {} detail".format(name))[1]
    assert [match_of(ends, name) for name in TUNNELS] == list(reversed(TUNNELS))
    check_classes(ends)


@pytest.mark.skipif(os.environ.get("BGPVPN_DATAPLANE") == "userspace", reason="crossed, an answer to a probe may leave by the default route: README, limits")
def test_both_begin_alike(ends):
    """Each end dials both: whichever way they come together, each has one in the end, and keeps it."""
    for router in ends:
        for name in TUNNELS:
            topo.config(router, "vpn tunnel " + name, "shutdown", "no initiate")
    for router in ends:
        for name in TUNNELS:
            topo.config(router, "vpn tunnel " + name, "no shutdown")
    all_up(ends)
    topo.wait(lambda: {match_of(ends, name) for name in TUNNELS} == set(TUNNELS), lambda: "each to have one: " + where(ends), 60)
    check_classes(ends)


def test_names_again(ends):
    """And they are right, at once."""
    for router, other in zip(OUTER, reversed(OUTER)):
        for name, lines in ids(router, other):
            topo.config(get_topogen().gears[router], "vpn tunnel " + name, *lines)
    all_up(ends)
    check_pairs(ends)
    check_classes(ends)
    assert topo.tunnel(ends[0], "t1")["alike"] == []


def test_nothing_crashed(ends):
    for router in ends:
        assert not router.check_router_running()

# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys by hand: at one end `manual-sa`, at the other nothing but the kernel and a few lines of ip(8), with no tunnel interface at all.

      192.0.2.1                                          198.51.100.1
     +---------+ 10.0.12.0/24  +-----+  10.0.23.0/24   +---------+
     |   r1    |---------------|  R  |-----------------|    p    |
     | bgpvpnd |               +-----+                 | ip xfrm |
     +---------+= 169.254.10.0/30 =====================+---------+
"""

import ipaddress
import json
import re
import secrets
import socket

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import capture, libreswan, middle, netns, observer, probe, topo

pytestmark = [pytest.mark.bgpvpnd]
R1, P = "10.0.12.1", "10.0.23.2"
# what goes to p, and what comes from there
SPI_OUT, SPI_IN = 4097, 4096
INNER = {"r1": ("169.254.10.1", "192.0.2.1"), "p": ("169.254.10.2", "198.51.100.1")}
NETS = [ipaddress.ip_network(net) for net in ("169.254.10.0/30", "192.0.2.0/24", "198.51.100.0/24")]
UDP_ENCAP, UDP_ENCAP_ESPINUDP = 100, 2
MANY = 100
LAB = {}


def build_topo(tgen):
    for name in ("r1", "R", "p"):
        tgen.add_router(name)
    tgen.add_link(tgen.gears["r1"], tgen.gears["R"], "r1-eth0", "R-eth0")
    tgen.add_link(tgen.gears["p"], tgen.gears["R"], "p-eth0", "R-eth1")


def new_keys():
    return ["0x" + secrets.token_hex(32) for _ in ("encryption", "integrity")]


def setup_module(mod):
    if libreswan.kernel_missing():
        pytest.skip(libreswan.kernel_missing())
    tgen = Topogen(build_topo, mod.__name__)
    tgen.start_topology()
    r1, p = tgen.gears["r1"], tgen.gears["p"]
    topo.load(r1, "frr.conf", daemons=("zebra", "staticd", "bgpvpnd"))
    r1.start()
    topo.run(p, "ip addr add {}/24 dev p-eth0".format(P))
    topo.run(tgen.gears["R"], "sysctl -qw net.ipv4.ip_forward=1")
    LAB["R"] = middle.Middle(tgen.gears["R"], r1, R1, p, P)
    for address in INNER["p"]:
        topo.run(p, "ip addr add {}/32 dev lo".format(address))
    LAB["keys"] = {side: new_keys() for side in ("in", "out")}
    for side in LAB["keys"]:
        write_keys(side, LAB["keys"][side])
    LAB["udp"] = json.loads(topo.vtysh(r1, "show vpn dataplane json")[1])["dataplane"] == "userspace"
    LAB["sock"] = netns.inside(topo.netns(p), encapsulated)
    plain_end(p)
    assert configure(r1) == ""
    traffic(tgen)


def plain_end(p):
    """What there is of the tunnel at p, in the kernel's own words."""
    plain_sa(p, P, R1, SPI_IN, LAB["keys"]["in"])
    plain_sa(p, R1, P, SPI_OUT, LAB["keys"]["out"])
    for ours, theirs in zip(INNER["p"], INNER["r1"]):
        for direction, source, target, outer in (("out", ours, theirs, (P, R1)), ("in", theirs, ours, (R1, P))):
            words = "src {}/32 dst {}/32 dir {} tmpl src {} dst {} proto esp mode tunnel".format(source, target, direction, *outer)
            assert topo.run(p, "ip xfrm policy add " + words)[0] == 0


def plain_sa(p, source, target, spi, keys, verb="add"):
    words = "src {} dst {} proto esp spi {} mode tunnel enc 'cbc(aes)' {} auth-trunc 'hmac(sha256)' {} 128".format(
        source, target, spi, *keys
    )
    words += " encap espinudp 4500 4500 0.0.0.0" if LAB["udp"] else ""
    status, said = topo.run(p, "ip xfrm state {} {}".format(verb, words))
    assert status == 0, said


def encapsulated():
    """The socket that ESP in UDP comes by; nobody reads it."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_UDP, UDP_ENCAP, UDP_ENCAP_ESPINUDP)
    sock.bind(("0.0.0.0", 4500))
    return sock


def key_file(side):
    return "{}/r1/{}.keys".format(get_topogen().logdir, side)


def write_keys(side, keys, mode="600"):
    path = key_file(side)
    with open(path, "w", encoding="ascii") as file:
        file.write(" ".join(keys) + "\n")
    assert topo.run(get_topogen().gears["r1"], "chown frr {0} && chmod {1} {0}".format(path, mode))[0] == 0


def half(side, spi):
    return "manual-sa {} spi {} key file {}".format(side, spi, key_file(side))


def manual():
    return "manual-sa algorithm aes256-sha256", half("in", SPI_IN), half("out", SPI_OUT)


def configure(r1):
    """Gives back what is said about it."""
    return topo.config(
        r1, "vpn tunnel t", "shutdown", "local address " + R1, "remote address " + P, "interface vpn0",
        "inside address 169.254.10.1/30", *manual(), "no shutdown"
    )[1]  # fmt: skip


def traffic(tgen):
    """Without a pause, and everything that the underlay sees is looked at."""
    LAB["observer"] = observer.Observer()
    spaces = {name: topo.netns(tgen.gears[name]) for name in INNER}
    LAB["flows"] = [
        probe.Flow(number, one, other, spaces[one], INNER[one][1], spaces[other], INNER[other][1])
        for number, (one, other) in enumerate((("r1", "p"), ("p", "r1")))
    ]
    LAB["prober"] = probe.Prober(LAB["flows"], LAB["observer"])
    rules = capture.Rules(NETS, [*INNER["r1"], *INNER["p"]], LAB["prober"].cookie)
    LAB["capture"] = capture.Capture(topo.netns(tgen.gears["R"]), rules, LAB["observer"])
    LAB["observer"].start()
    LAB["prober"].start()


def teardown_module():
    for name in ("prober", "observer"):
        if name in LAB:
            LAB[name].stop()
    if "sock" in LAB:
        LAB["sock"].close()
    if get_topogen():
        get_topogen().stop_topology()


@pytest.fixture(name="r1")
def _r1():
    return get_topogen().gears["r1"]


def sealed():
    """Many more packets have been sent each way, and until now none was seen in the clear."""
    flows, seen = LAB["flows"], LAB["capture"]
    until = [len(flow.sent) + MANY for flow in flows]
    topo.wait(lambda: all(len(flow.sent) >= n for flow, n in zip(flows, until)), "packets to be sent")
    seen.note_drops()
    assert not LAB["observer"].failure and not seen.dropped
    assert not seen.clear_text_packets, (seen.clear, seen.examples)


def recent(flow):
    """How many of the last packets arrived, less the few that may be under way."""
    last = len(flow.sent) - 5
    return sum(seq in flow.arrived for seq in range(last - 20, last))


def works(r1):
    topo.wait_up(r1, "t")
    topo.wait(lambda: all(recent(flow) == 20 for flow in LAB["flows"]), lambda: "packets both ways; {}".format(what_is(r1)))
    assert topo.pings(r1, *(INNER[name][0] for name in ("r1", "p"))) == 10
    sealed()


def what_is(r1):
    said = topo.vtysh(r1, "show vpn detail", "show vpn counters")[1]
    return said + "".join(topo.run(get_topogen().gears[n], "ip -s xfrm state list nokeys; ip xfrm policy; ip route")[1] for n in INNER)


def kernel_sas(r1):
    return topo.run(r1, "ip xfrm state list nokeys")[1].count("proto esp")


def needs_kernel_plane():
    if LAB["udp"]:
        pytest.skip("the user-space data plane has nothing in the kernel")


def test_traffic(r1):
    works(r1)
    shown = topo.tunnel(r1, "t")
    assert (shown["ikeState"], shown["childState"]) == ("manual", "installed")
    assert shown["manualSa"] == {"algorithm": "aes256-sha256", "spiIn": SPI_IN, "spiOut": SPI_OUT, "udp": LAB["udp"]}
    assert (shown["espSpiIn"], shown["espSpiOut"]) == ("0x{:08x}".format(SPI_IN), "0x{:08x}".format(SPI_OUT))
    assert shown["packetsIn"] > MANY and shown["packetsOut"] > MANY
    seen = LAB["capture"].allowed
    assert seen["esp in udp" if LAB["udp"] else "esp"] > 2 * MANY and not seen["ike"]


@pytest.mark.parametrize("words, back", [(("shutdown",), ("no shutdown",)), (("no manual-sa",), manual)])
def test_taken_away(r1, words, back):
    """The link says so, and no key stays behind."""
    topo.config(r1, "vpn tunnel t", *words)
    topo.wait(lambda: topo.tunnel(r1, "t")["linkState"] == "down", "the link to go down")
    topo.wait(lambda: kernel_sas(r1) == 0, "the SAs to go")
    topo.wait(lambda: "blackhole" in topo.run(r1, "ip route show 198.51.100.0/24")[1], "the route to go")
    sealed()
    assert recent(LAB["flows"][0]) == recent(LAB["flows"][1]) == 0
    topo.config(r1, "vpn tunnel t", *(back() if callable(back) else back))
    works(r1)


def test_wrong_key(r1):
    """p sends with another key: nothing arrives, the link cannot know, and the counters say why."""
    p = get_topogen().gears["p"]
    wrong = [LAB["keys"]["in"][0], new_keys()[1]]
    topo.run(p, "ip xfrm state delete src {} dst {} proto esp spi {}".format(P, R1, SPI_IN))
    plain_sa(p, P, R1, SPI_IN, wrong)
    topo.wait(lambda: recent(LAB["flows"][1]) == 0, "packets to be refused")
    assert recent(LAB["flows"][0]) == 20
    assert topo.tunnel(r1, "t")["linkState"] == "up"
    assert topo.tunnel(r1, "t")["integrityFailures"] > 0
    if not LAB["udp"]:
        said = " ".join(topo.vtysh(r1, "show vpn counters")[1].split())
        assert re.search("XfrmInStateProtoError.* the keys differ", said), said
    sealed()
    topo.run(p, "ip xfrm state delete src {} dst {} proto esp spi {}".format(P, R1, SPI_IN))
    plain_sa(p, P, R1, SPI_IN, LAB["keys"]["in"])
    works(r1)


@pytest.mark.parametrize("what", ["state", "policy"])
def test_flushed(r1, what):
    """By somebody: put back as it was."""
    needs_kernel_plane()
    assert topo.run(r1, "ip xfrm {} flush".format(what))[0] == 0
    works(r1)
    assert kernel_sas(r1) == 2


@pytest.mark.parametrize(
    "keys, mode, words",
    [
        (2, "644", "by everybody"),
        (2, "000", "ermission"),
        (1, "600", "does not hold two keys"),
        (0, "600", "does not hold two keys"),
        (3, "600", "does not hold two keys"),
    ],
)
def test_key_file_refused(r1, keys, mode, words):
    """At the prompt, and what runs goes on."""
    before = topo.tunnel(r1, "t")["linkChanges"]
    write_keys("other", (new_keys() + new_keys())[:keys], mode)
    status, said = topo.config(r1, "vpn tunnel t", half("other", 5000).replace("other", "in", 1))
    assert status and words in said, said
    assert half("in", SPI_IN) in topo.vtysh(r1, "show running-config")[1]
    works(r1)
    assert topo.tunnel(r1, "t")["linkChanges"] == before


def test_new_keys(r1):
    """Both ends change to other keys and SPIs by hand."""
    p = get_topogen().gears["p"]
    keys = new_keys()
    write_keys("in", keys)
    topo.run(p, "ip xfrm state delete src {} dst {} proto esp spi {}".format(P, R1, SPI_IN))
    plain_sa(p, P, R1, SPI_IN + 100, keys)
    status, said = topo.config(r1, "vpn tunnel t", half("in", SPI_IN + 100))
    assert status == 0, said
    works(r1)
    assert topo.tunnel(r1, "t")["espSpiIn"] == "0x{:08x}".format(SPI_IN + 100)


def test_killed(r1):
    """Nothing in the clear without the daemon; the next one goes on from the same lines, though its sequence numbers begin anew."""
    command = topo.run(r1, "tr '\\0' ' ' < /proc/$(cat /var/run/frr/bgpvpnd.pid)/cmdline")[1]
    lines = topo.vtysh(r1, "show running-config")[1].split("vpn tunnel t\n")[1].split("exit")[0].splitlines()
    assert topo.run(r1, "kill -9 $(cat /var/run/frr/bgpvpnd.pid)")[0] == 0
    topo.wait(lambda: not topo.alive(r1, "bgpvpnd"), "bgpvpnd to be gone")
    sealed()
    assert topo.run(r1, command)[0] == 0
    topo.wait(lambda: topo.alive(r1, "bgpvpnd"), "bgpvpnd to be back")
    assert topo.config(r1, "vpn tunnel t", *(line.strip() for line in lines)) == (0, "")
    works(r1)


def test_nothing_crashed(r1):
    assert not r1.check_router_running()

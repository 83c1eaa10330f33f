# SPDX-License-Identifier: GPL-2.0-or-later
"""The words that say what a tunnel's interface is and what the tunnel carries: what contradicts, and what this data plane cannot, is
refused at the prompt with the reason; what is configured is in `show vpn`, and comes back from a file; every line can be taken back.

One router, and no peer. Which refusals and which configurations there are depends on the data plane.
"""

import json
import os
import pathlib
import re

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import topo

pytestmark = [pytest.mark.bgpvpnd]

PLANE = os.environ["BGPVPN_DATAPLANE"] or "userspace"


def kernel_only(test):
    """A test of words that the kernel data plane alone has."""
    return test if PLANE == "kernel" else None


def build_topo(tgen):
    tgen.add_router("r1")
    tgen.add_link(tgen.gears["r1"], tgen.add_switch("s-r1"), "r1-eth0")


def setup_module(mod):
    tgen = Topogen(build_topo, mod.__name__)
    tgen.start_topology()
    topo.load(tgen.gears["r1"], "frr.conf")
    tgen.gears["r1"].start()


def teardown_module():
    get_topogen().stop_topology()


@pytest.fixture(name="r1")
def _r1():
    router = get_topogen().gears["r1"]
    assert topo.alive(router, "bgpvpnd"), "bgpvpnd is gone"
    if plane(router)["dataplane"] != PLANE:
        pytest.skip("the data plane is not the one that was asked for")
    return router


def plane(router):
    return json.loads(topo.vtysh(router, "show vpn dataplane json")[1])


def need_kinds(router, text):
    """Every kind that a configuration names is one that this kernel can make."""
    kinds = plane(router)["kinds"]
    for kind in re.findall(r"\bkind (\w+)", text):
        if kinds[kind] != "available":
            pytest.skip("kind {}: {}".format(kind, kinds[kind]))


def running(router):
    return topo.vtysh(router, "show running-config")[1]


def block(config, head):
    """The lines of one block of a configuration."""
    match = re.search(r"^{}\n((?: .*\n)*)exit$".format(re.escape(head)), config, re.M)
    return [line.strip() for line in match[1].splitlines()] if match else None


def ok(router, *lines):
    _, said = topo.config(router, *lines)
    assert "%" not in said.replace("%u", ""), said


def gone(router, *names):
    ok(router, *["no vpn tunnel " + name for name in names])


# --- keys of manual-sa -----------------------------------------------------------------------------------

KEY_32 = "00112233445566778899aabbccddeeffffeeddccbbaa99887766554433221100"


@pytest.fixture(name="keys", scope="module")
def _keys():
    """Files for keys, in the private /etc/frr of r1."""
    files = {
        "good": "0x{0} 0x{0}".format(KEY_32),
        "open": "0x{0} 0x{0}".format(KEY_32),
        "one": "0x" + KEY_32,
        "three": "0x{0} 0x{0} 0x{0}".format(KEY_32),
        "text": KEY_32 + " " + KEY_32,
    }
    r1 = get_topogen().gears["r1"]
    for name, text in files.items():
        topo.run(r1, "echo {} | install -o frr -g frr -m {} /dev/stdin /etc/frr/{}.keys".format(text, 644 if name == "open" else 600, name))


# --- refusals at the prompt ------------------------------------------------------------------------------

OTHER = "vpn tunnel other"
SELECTORS = ["traffic-selector local 10.{}.0.0/16".format(i) for i in range(16)]

# what is said first, what is refused then, words of the reason
ALWAYS = [
    (["remote address 10.0.1.2"], "interface vpn%u", "remote address any"),
    (["remote address any", "remote id fqdn b"], "interface vpn%u", "remote id"),
    (["remote address any", "interface vpn%u"], "remote address 10.0.1.2", "remote address any"),
    (["remote address any", "interface vpn%u"], "remote id fqdn b", "remote id"),
    ([], "interface vpn%d", "%u"),
    ([], "interface vpn%u-%u", "%u"),
    ([], "interface vpn-of-spoke%u", "too long"),
    (["remote address any"], "initiate on-demand", "remote address any"),
    (["initiate on-demand"], "remote address any", "initiate on-demand"),
    ([], "encapsulation both", None),
    (["interface vpn1"], "encapsulation tunnel", "kind ipip"),
    (["encapsulation tunnel"], "interface vpn1", "kind ipip"),
    ([], "traffic-selector local 10.0.0.1/8", "10.0.0.0/8"),
    ([], "traffic-selector remote 2001:db8::1/64", "2001:db8::/64"),
    ([], "traffic-selector local 10.0.0.0/8 protocol 1 port 5", "no ports"),
    ([], "traffic-selector local 10.0.0.0/8 port 5", None),
    ([], "traffic-selector local 10.0.0.0/8 protocol 300", None),
    (SELECTORS, "traffic-selector local 10.200.0.0/16", "more than 16"),
    ([], "vrf default", "VRF"),
    (["interface red"], "vrf red", "cannot be its own VRF"),
    ([], "vrf a-name-of-16-let", None),
    ([], "if-id 0", None),
    ([], "if-id 4294967296", None),
    ([], "mark 0", None),
    # manual-sa
    ([], "manual-sa algorithm aes256gcm16", "no manual keys with counter modes"),
    ([], "manual-sa algorithm chacha20poly1305", "counter modes (RFC 8221 3)"),
    ([], "manual-sa algorithm des", "none of the algorithms"),
    ([], "manual-sa in spi 255 key file /etc/frr/good.keys", None),
    ([], "manual-sa in spi 256 key file good.keys", "absolute path"),
    ([], "manual-sa in spi 256 key file /nonexistent", "/nonexistent"),
    ([], "manual-sa in spi 256 key file /etc/frr/open.keys", "everybody"),
    ([], "manual-sa in spi 256 key file /etc/frr/one.keys", "two keys"),
    ([], "manual-sa in spi 256 key file /etc/frr/three.keys", "two keys"),
    ([], "manual-sa in spi 256 key file /etc/frr/text.keys", "two keys"),
    (["manual-sa algorithm aes128-sha256"], "manual-sa in spi 256 key file /etc/frr/good.keys", "encryption key has 32 bytes"),
    (["manual-sa algorithm aes256-sha512"], "manual-sa out spi 256 key file /etc/frr/good.keys", "integrity key has 32 bytes"),
    (["manual-sa in spi 256 key file /etc/frr/good.keys"], "manual-sa algorithm aes256-sha1", "and aes256-sha1 takes 20"),
    (["pre-shared-key x"], "manual-sa algorithm aes256-sha256", "pre-shared key"),
    (["manual-sa algorithm aes256-sha256"], "pre-shared-key x", "manual-sa"),
    (["manual-sa algorithm aes256-sha256"], "remote address any", "manual-sa"),
    (["remote address any"], "manual-sa in spi 256 key file /etc/frr/good.keys", "remote address any"),
    (["manual-sa algorithm aes256-sha256"], "interface vpn%u", "manual-sa"),
    (["vpn tunnel u", "manual-sa in spi 256 key file /etc/frr/good.keys", "vpn tunnel t"],
     "manual-sa in spi 256 key file /etc/frr/good.keys", "tunnel u"),
    (["remote address 10.0.1.2", "vpn tunnel u", "remote address 10.0.1.2", "manual-sa out spi 256 key file /etc/frr/good.keys",
      "vpn tunnel t"], "manual-sa out spi 256 key file /etc/frr/good.keys", "tunnel u"),
]

USERSPACE = [
    ([], "interface vpn1 kind xfrm", "user-space data plane"),
    ([], "interface vpn1 kind vti", "user-space data plane"),
    ([], "interface vpn1 kind gre", "user-space data plane"),
    ([], "interface vpn1 kind ipip", "user-space data plane"),
    ([], "if-id 5", "kind xfrm"),
    ([], "if-id in 5 out 6 interface vpn5", "kind xfrm"),
    ([], "mark 5", "kind vti"),
    ([], "netns blue", "user-space data plane"),
    ([], "interface vpn9", "used by tunnel other"),
    ([], "interface vpn9", "the kernel data plane can"),
]

KERNEL = [
    ([], "interface vpn1 kind tun", "kernel data plane"),
    ([], "netns ..", "network namespace"),
    ([], "netns a/b", "network namespace"),
    (["interface vpn1 kind xfrm"], "mark 5", "mark is for kind vti"),
    (["mark 5"], "interface vpn1", "mark is for kind vti"),
    (["interface vpn1 kind vti"], "if-id 5", "if-id is for kind xfrm"),
    (["if-id 5"], "interface vpn1 kind vti", "if-id is for kind xfrm"),
    (["remote address any", "if-id 5"], "interface vpn%u", "if-id"),
    (["remote address any", "mark 5"], "interface vpn%u kind vti", "mark"),
    ([], "if-id in 5 out 5 interface vpn5", "both directions"),
    (["interface vpn1"], "if-id in 5 out 6 interface vpn1", "two if-ids"),
    ([], "if-id in 5 out 6 interface vpn%u", "vpn%u"),
    # another tunnel's
    ([OTHER, "if-id 7", "vpn tunnel t", "interface vpn1"], "if-id 7", "vpn9 of tunnel other"),
    ([OTHER, "if-id 7", "vpn tunnel t", "interface vpn1"], "if-id in 7 out 8 interface vpn5", "vpn9 of tunnel other"),
    ([], "if-id in 5 out 6 interface vpn9", "used by tunnel other"),
    ([OTHER, "if-id 7", "vpn tunnel t"], "interface vpn9", "if-id 7"),
    ([OTHER, "vrf red", "vpn tunnel t", "interface vpn1"], "interface vpn9", "vrf red"),
    ([OTHER, "vrf red", "vpn tunnel t", "vrf red", "interface vpn9"], "vrf blue", "vrf red"),
    ([OTHER, "vrf red", "vpn tunnel t", "vrf red", "interface vpn9"], "no vrf", "vrf red"),
    (["netns blue"], "interface vpn9", "netns"),
    ([], "interface vpn9 kind vti", "kind"),
    ([OTHER, "interface vpn9 kind vti", "vpn tunnel t", "remote address any"], "interface vpn9 kind vti", "any"),
    ([OTHER, "interface vpn9 kind gre", "vpn tunnel t", "remote address 10.0.1.8"], "interface vpn9 kind gre", "kind xfrm"),
    ([OTHER, "interface vpn9 kind vti", "mark 7", "vpn tunnel t", "interface vpn1 kind vti"], "mark 7", "vpn9 of tunnel other"),
    ([OTHER, "interface vpn9 kind gre", "vpn tunnel t", "local address 10.0.1.1", "remote address 10.0.1.9"],
     "interface vpn1 kind gre", "kind gre between 10.0.1.1 and 10.0.1.9"),
    # transport mode carries what the device makes
    (["interface vpn1 kind gre"], "traffic-selector local 10.0.0.0/8", "no traffic-selector"),
    (["traffic-selector local 10.0.0.0/8"], "interface vpn1 kind ipip", "no traffic-selector"),
    (["interface vpn1 kind gre"], "encapsulation tunnel", "kind ipip"),
]  # fmt: skip


ROWS = ALWAYS + {"userspace": USERSPACE, "kernel": KERNEL}[PLANE]


@pytest.mark.parametrize("before, line, words", ROWS, ids=[re.sub(r"[^\w.-]+", "-", line) for _, line, _ in ROWS])
def test_refused_at_the_prompt(r1, keys, before, line, words):
    if PLANE == "kernel" and "kind tun" not in line:
        need_kinds(r1, "\n".join(before + [line]))
    start = running(r1)
    ok(r1, "vpn tunnel t", *before)
    config = running(r1)
    _, said = topo.config(r1, "vpn tunnel t", line)
    after = running(r1)
    gone(r1, "t", "u")
    ok(r1, OTHER, "no interface", "no if-id", "no mark", "no vrf", "interface vpn9")
    assert "%" in said.replace("%u", "") or "Error" in said, "not refused: " + (said or "nothing was said")
    assert words is None or words in said
    assert KEY_32 not in said
    assert after == config
    assert running(r1) == start


# --- what is configured is what the tunnel is ------------------------------------------------------------


def shown(router, *lines):
    """What `show vpn` says of tunnel t with these lines."""
    manual = any(line.startswith("manual-sa") for line in lines)
    need_kinds(router, "\n".join(lines))
    ok(router, "vpn tunnel t", "shutdown", *([] if manual else ["pre-shared-key x"]), *lines)
    detail = topo.vtysh(router, "show vpn tunnel t detail")[1]
    tunnel = topo.tunnel(router, "t")
    assert tunnel["kind"] in detail
    gone(router, "t")
    return tunnel


def test_default(r1):
    tunnel = shown(r1, "remote address 10.0.1.2", "interface vpn1")
    assert tunnel["kind"] == {"kernel": "xfrm", "userspace": "tun"}[PLANE]
    assert tunnel["mode"] == "tunnel" and not tunnel["manyPeers"] and tunnel["sharedWith"] == []
    assert tunnel["selectorsLocal"] == tunnel["selectorsRemote"] == ["0.0.0.0/0", "::/0"]
    for key in ("ifIdIn", "ifIdOut", "ifIdInterface", "mark", "netns", "vrf", "hostsProtocol"):
        assert tunnel[key] is None


def test_selectors(r1):
    tunnel = shown(r1, "remote address 10.0.1.2", "interface vpn1", "traffic-selector local 10.0.0.0/8",
                   "traffic-selector local 10.1.1.1/32 protocol 6 port 179", "traffic-selector local 10.2.0.0/15 protocol 132")  # fmt: skip
    assert tunnel["selectorsLocal"] == ["10.0.0.0/8", "10.1.1.1/32 protocol 6 port 179", "10.2.0.0/15 protocol 132"]
    assert tunnel["selectorsRemote"] == ["0.0.0.0/0"]
    tunnel = shown(r1, "remote address 10.0.1.2", "interface vpn1", "traffic-selector remote 2001:db8:1000::/36",
                   "traffic-selector remote 0.0.0.0/0 protocol 17 port 0")  # fmt: skip
    assert tunnel["selectorsRemote"] == ["2001:db8:1000::/36", "0.0.0.0/0 protocol 17 port 0"]
    assert tunnel["selectorsLocal"] == ["0.0.0.0/0", "::/0"]


def test_selectors_without_a_common_family(r1):
    tunnel = shown(r1, "remote address 10.0.1.2", "interface vpn1", "traffic-selector local 10.0.0.0/8",
                   "traffic-selector remote 2001:db8::/32")  # fmt: skip
    assert "no address family in common" in tunnel["linkReason"]


def test_many(r1):
    tunnel = shown(r1, "remote address any", "interface vpn%u")
    assert tunnel["manyPeers"] and tunnel["interface"] == "vpn%u"
    assert not shown(r1, "remote address any", "remote id fqdn b.example.org", "interface vpn1")["manyPeers"]
    assert shown(r1, "remote address any", "interface vpn1")["manyPeers"] == (PLANE == "kernel")


def test_manual(r1, keys):
    ends = ["local address 10.0.1.1", "remote address 10.0.1.2", "interface vpn1"]
    both = ["manual-sa in spi 256 key file /etc/frr/good.keys", "manual-sa out spi 4294967295 key file /etc/frr/good.keys"]
    tunnel = shown(r1, *ends, *both, "manual-sa algorithm aes256-sha256")
    assert tunnel["manualSa"] == {"algorithm": "aes256-sha256", "spiIn": 256, "spiOut": 4294967295, "udp": PLANE == "userspace"}
    assert "incomplete" not in tunnel["linkReason"]
    assert shown(r1, *ends)["manualSa"] is None
    assert "algorithm missing" in shown(r1, *ends, *both)["linkReason"]
    assert "out missing" in shown(r1, *ends, both[0], "manual-sa algorithm aes256-sha256")["linkReason"]
    assert "local address missing" in shown(r1, *ends[1:], *both, "manual-sa algorithm aes256-sha256")["linkReason"]


def test_vrf(r1):
    assert shown(r1, "remote address 10.0.1.2", "vrf red", "interface vpn1")["vrf"] == "red"


@kernel_only
def test_xfrm(r1):
    tunnel = shown(r1, "remote address 10.0.1.2", "interface vpn1 kind xfrm", "if-id 4294967295", "netns blue")
    assert (tunnel["kind"], tunnel["ifIdIn"], tunnel["ifIdOut"]) == ("xfrm", 4294967295, 4294967295)
    assert tunnel["netns"] == "blue"
    tunnel = shown(r1, "remote address 10.0.1.2", "interface vpn1", "if-id in 5 out 6 interface vpn5")
    assert (tunnel["ifIdIn"], tunnel["ifIdOut"], tunnel["ifIdInterface"]) == (5, 6, "vpn5")


@kernel_only
def test_vti(r1):
    tunnel = shown(r1, "local address 10.0.1.1", "remote address 10.0.1.2", "interface vpn1 kind vti", "mark 42")
    assert (tunnel["kind"], tunnel["mark"], tunnel["mode"]) == ("vti", 42, "tunnel")


@kernel_only
def test_gre_and_ipip(r1):
    ends = ["local address 10.0.1.1", "remote address 10.0.1.2"]
    tunnel = shown(r1, *ends, "interface vpn1 kind gre")
    assert (tunnel["kind"], tunnel["mode"], tunnel["hostsProtocol"]) == ("gre", "transport", 47)
    tunnel = shown(r1, *ends, "interface vpn1 kind ipip")
    assert (tunnel["kind"], tunnel["mode"], tunnel["hostsProtocol"]) == ("ipip", "transport", 4)
    tunnel = shown(r1, *ends, "interface vpn1 kind ipip", "encapsulation tunnel")
    assert (tunnel["kind"], tunnel["mode"], tunnel["hostsProtocol"]) == ("ipip", "tunnel", None)
    assert "local address missing" in shown(r1, "remote address 10.0.1.2", "interface vpn1 kind gre")["linkReason"]
    assert "not any" in shown(r1, "remote address any", "interface vpn1 kind ipip")["linkReason"]


@kernel_only
@pytest.mark.parametrize("kind", ["", " kind xfrm", " kind vti"])
def test_shared_interface(r1, kind):
    """Three tunnels on one interface, with the same address inside."""
    need_kinds(r1, kind)
    names = ["shared1", "shared2", "shared3"]
    for name in names:
        own = kind if name != "shared2" or "vti" in kind else ""
        ok(r1, "vpn tunnel " + name, "shutdown", "remote address any", "remote id fqdn " + name, "pre-shared-key x", "vrf red",
           "interface vpn1" + own, "inside address 169.254.50.1/24")  # fmt: skip
    for name in names:
        assert topo.tunnel(r1, name)["sharedWith"] == [other for other in names if other != name]
    assert "Shared with: shared1 shared3" in topo.vtysh(r1, "show vpn tunnel shared2 detail")[1]
    _, said = topo.config(r1, "vpn tunnel shared2", "interface vpn2" + kind)
    assert "overlaps with inside address 169.254.50.1/24" in said
    gone(r1, *names)


def test_networks_that_overlap(r1):
    """What two interfaces of one place cannot both have, whichever line comes last; in another VRF it is another network."""
    first, second = ("vpn tunnel first", "shutdown"), ("vpn tunnel second", "shutdown")
    ok(r1, *first, "interface vpn1", "inside address 169.254.50.1/24", *second, "inside address 169.254.50.129/25")
    steps = [
        ("interface vpn2", ["vrf red", "interface vpn2"]),
        ("no vrf", ["no inside address 169.254.50.129/25", "no vrf"]),
        ("inside address 169.254.0.1/16", ["inside address 169.254.51.1/24"]),
    ]
    for wrong, right in steps:
        _, said = topo.config(r1, *second, wrong)
        assert "overlaps with inside address" in said and "tunnel first" in said and "tunnel second" in said
        ok(r1, *second, *right)
    gone(r1, "first", "second")


# --- the configuration comes back ------------------------------------------------------------------------

EVERYWHERE = """vpn tunnel all
 local address 10.0.1.1
 remote address 10.0.1.8
 pre-shared-key all-of-it
 traffic-selector local 10.0.0.0/8
 traffic-selector local 10.1.1.1/32 protocol 6 port 0
 traffic-selector remote 2001:db8::/32 protocol 58
 traffic-selector remote 192.0.2.0/24 protocol 17 port 53
 vrf red
 interface vpn1
 inside address 169.254.90.1/30
 initiate on-demand
 shutdown
exit
vpn tunnel manual
 local address 10.0.1.1
 remote address 10.0.1.7
 manual-sa algorithm aes256-sha256
 manual-sa in spi 300 key file /etc/frr/good.keys
 manual-sa out spi 301 key file /etc/frr/good.keys
 interface vpn6
 shutdown
exit
vpn tunnel many
 remote address any
 pre-shared-key all-of-it
 interface spoke%u
 shutdown
exit
"""

IN_THE_KERNEL = """vpn tunnel all
 local address 10.0.1.1
 remote address 10.0.1.8
 pre-shared-key all-of-it
 traffic-selector local 10.0.0.0/8
 if-id in 5 out 6 interface vpn5
 netns blue
 vrf red
 interface vpn1 kind xfrm
 inside address 169.254.90.1/30
 shutdown
exit
vpn tunnel shared1
 remote address 10.0.1.7
 if-id 7
 netns blue
 vrf red
 interface vpn7
 inside address 169.254.97.1/24
 shutdown
exit
vpn tunnel shared2
 remote address 10.0.1.6
 if-id 7
 netns blue
 vrf red
 interface vpn7 kind xfrm
 inside address 169.254.97.1/24
 shutdown
exit
"""

KINDS = """vpn tunnel vti
 remote address 10.0.1.5
 mark 5
 interface vpn2 kind vti
 shutdown
exit
vpn tunnel gre
 local address 10.0.1.1
 remote address 10.0.1.5
 interface vpn3 kind gre
 shutdown
exit
vpn tunnel ipip
 local address 10.0.1.1
 remote address 10.0.1.5
 encapsulation tunnel
 interface vpn4 kind ipip
 shutdown
exit
"""


TEXTS = {"everywhere": EVERYWHERE} if PLANE == "userspace" else {"everywhere": EVERYWHERE, "kernel": IN_THE_KERNEL, "kinds": KINDS}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_round_trip(r1, keys, text):
    """What was typed is written; what was written is read, and written again, the same."""
    need_kinds(r1, text)
    start = running(r1)
    lines = text.splitlines()
    names = re.findall(r"^vpn tunnel (\w+)", text, re.M)
    ok(r1, *[line.strip() for line in lines])
    config = running(r1)
    for tunnel in names:
        head = "vpn tunnel " + tunnel
        first = lines.index(head)
        assert block(config, head) == [line.strip() for line in lines[first + 1 : lines.index("exit", first)]]
    topo.run(r1, "vtysh -c 'show running-config' | sed -n '/^vpn/,/^exit/p' > /etc/frr/again.conf")
    status, said = topo.run(r1, "vtysh -f /etc/frr/again.conf")
    assert status == 0 and running(r1) == config, said
    gone(r1, *names)
    assert running(r1) == start
    status, said = topo.run(r1, "vtysh -f /etc/frr/again.conf")
    assert status == 0 and running(r1) == config, said
    # every line can be taken back as it is written; what tunnels that share an interface have alike, when they are off it
    for tunnel in names:
        for line in sorted(block(config, "vpn tunnel " + tunnel), key=lambda line: not line.startswith("interface")):
            if line != "shutdown":
                ok(r1, "vpn tunnel " + tunnel, "no " + line)
        assert block(running(r1), "vpn tunnel " + tunnel) == ["shutdown"]
    gone(r1, *names)
    assert running(r1) == start


# --- the examples of the documentation -------------------------------------------------------------------

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "doc/examples"


def examples():
    """Those that this data plane can; the first line says which those are."""
    paths = sorted(EXAMPLES.glob("*.conf"))
    assert paths
    return [path for path in paths if PLANE == "kernel" or not path.read_text().startswith("! Kernel data plane")]


@pytest.mark.parametrize("path", examples(), ids=lambda path: path.stem)
def test_example_loads(r1, keys, path):
    """Every line of it is taken, and every tunnel is complete; the files that it names are made for it."""
    text = path.read_text()
    need_kinds(r1, text)
    start = running(r1)
    names = re.findall(r"^vpn tunnel (\S+)", text, re.M)
    for name in re.findall(r"^ .* file (\S+)$", text, re.M):
        topo.run(r1, "cp -p /etc/frr/good.keys " + name)
    topo.run(r1, "cat > /etc/frr/example.conf << 'EOF'\n{}EOF".format(text))
    status, said = topo.run(r1, "vtysh -f /etc/frr/example.conf")
    assert status == 0, said
    config = running(r1)
    for name in names:
        assert block(config, "vpn tunnel " + name) == block(text, "vpn tunnel " + name)
        assert "incomplete" not in topo.tunnel(r1, name)["linkReason"]
    gone(r1, *names)
    for line in re.findall(r"^ip route .*$", text, re.M):
        ok(r1, "no " + line)
    for interface, address in re.findall(r"^(interface \S+)\n (ip address \S+)$", text, re.M):
        ok(r1, interface, "no " + address)
    for line in re.findall(r"^router bgp \d+$", text, re.M):
        ok(r1, "no " + line)
    assert running(r1) == start


def test_kinds_are_told(r1):
    """`show vpn dataplane` says which kinds there can be, and why not the others."""
    shows = plane(r1)
    assert set(shows["kinds"]) == {"tun", "xfrm", "vti", "gre", "ipip"}
    assert shows["kinds"][{"kernel": "xfrm", "userspace": "tun"}[PLANE]] == "available"
    assert all(shows["kinds"].values())


def test_nothing_crashed():
    assert not get_topogen().gears["r1"].check_router_running()

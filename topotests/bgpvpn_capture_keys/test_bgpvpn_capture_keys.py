# SPDX-License-Identifier: GPL-2.0-or-later
"""A capture of the underlay, read by tshark with the keys that `vpn capture-keys` wrote, and not without them.

      192.0.2.1                            198.51.100.1
     +---------+       10.0.12.0/24       +---------+
     |   r1    |--------------------------|   r2    |
     | AS65001 |==== 169.254.10.0/30 =====| AS65002 |
     +---------+                          +---------+
"""

import os
import re
import shutil

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import topo, wireshark

pytestmark = [pytest.mark.bgpd, pytest.mark.bgpvpnd]
PRIVATE = "/etc/frr/private"  # the framework's /etc/frr is writable by everybody
KEYS = PRIVATE + "/keys"
GCM = ("aes256gcm16-prfsha384-ecp384", "aes256gcm16")
CBC = ("aes256-sha256-modp2048", "aes256-sha256")


def build_topo(tgen):
    for name in ("r1", "r2"):
        tgen.add_router(name)
    tgen.add_link(tgen.gears["r1"], tgen.gears["r2"], "r1-eth0", "r2-eth0")


def setup_module(mod):
    if not shutil.which("tshark"):
        pytest.skip("not installed: tshark")
    tgen = Topogen(build_topo, mod.__name__)
    tgen.start_topology()
    for router in tgen.routers().values():
        topo.load(router, "frr.conf")
    topo.run(tgen.gears["r1"], "install -d -o frr -g frr -m 700 {0} && cd {0} && printf mine >psk && chown frr psk && chmod 600 psk".format(PRIVATE))
    tgen.start_router()


def teardown_module():
    if get_topogen():
        get_topogen().stop_topology()


@pytest.fixture(name="routers")
def _routers():
    tgen = get_topogen()
    if tgen.routers_have_failure():
        pytest.skip(tgen.errors)
    return tgen.gears["r1"], tgen.gears["r2"]


def wait_routed(r1, r2):
    topo.wait_up(r1, "to-r2")
    topo.wait_up(r2, "to-r1")
    topo.wait_bgp(r1, "169.254.10.2")
    topo.wait(lambda: "dev vpn0" in topo.run(r1, "ip route get 198.51.100.1")[1], "r1's route through vpn0")
    topo.wait(lambda: "dev vpn0" in topo.run(r2, "ip route get 192.0.2.1")[1], "r2's route through vpn0")


def anew(r1, r2):
    """A tunnel whose IKE and ESP SAs are others than before."""
    before = topo.tunnel(r1, "to-r2")["ikeSpiInitiator"]
    topo.vtysh(r1, "clear vpn tunnel to-r2")
    topo.wait(lambda: topo.tunnel(r1, "to-r2").get("ikeSpiInitiator") not in (before, None), "another IKE SA")
    wait_routed(r1, r2)


def rekey(r1, what):
    """True: it has begun."""
    return "%" not in topo.vtysh(r1, "vpn rekey tunnel to-r2 " + what)[1]


def switch_on(r1):
    said = topo.vtysh(r1, "vpn capture-keys " + KEYS)[1]
    assert "WARNING" in said and KEYS in said and "from now on" in said and "rekey" in said
    return said


def switch_off(r1):
    assert KEYS in topo.vtysh(r1, "no vpn capture-keys")[1]
    return written(r1)


def written(router):
    return topo.run(router, "cat " + KEYS)[1]


def keys_in(text):
    """Everything in the file that can only be a key."""
    return set(re.findall(r"(?:0x|\b)([0-9a-f]{40,})\b", text))


def test_refusals(routers):
    """Said at the prompt, and nothing is written."""
    r1, _ = routers
    for path, words in (
        ("keys", "absolute path"),
        ("/tmp/keys", "written by everybody"),
        (PRIVATE + "/psk", "is there already"),
        ("/proc/1/keys", "cannot be made"),
    ):
        assert words in topo.vtysh(r1, "vpn capture-keys " + path)[1], path
    assert topo.run(r1, "ls /tmp/keys")[0] != 0
    assert topo.run(r1, "cat {}/psk".format(PRIVATE)) == (0, "mine")
    assert "keys" not in topo.vtysh(r1, "show debugging")[1]


def test_not_before_asked_for(routers):
    """Off from the start; the SAs that are there when it goes on stay unknown, those of a rekeying do not."""
    r1, r2 = routers
    wait_routed(r1, r2)
    assert topo.run(r1, "ls " + KEYS)[0] != 0
    switch_on(r1)
    assert topo.run(r1, "stat -c '%a %U' " + KEYS)[1].split() == ["600", "frr"]
    assert KEYS in topo.vtysh(r1, "show debugging")[1]
    assert not keys_in(written(r1))
    topo.wait(lambda: rekey(r1, ""), "rekeying of the ESP SAs")
    topo.wait(lambda: written(r1).count('"IPv4"') == 2, lambda: "two ESP SAs in " + written(r1))
    topo.wait(lambda: rekey(r1, "ike"), "rekeying of the IKE SA")
    topo.wait(lambda: re.search("^[0-9a-f]{16},", written(r1), re.MULTILINE), lambda: "an IKE SA in " + written(r1))
    switch_off(r1)
    wait_routed(r1, r2)


def seen_with(directory, capture, text):
    """What tshark sees with these keys: (the identities of IKE_AUTH, echo requests, BGP messages, packets with a wrong checksum)."""
    profile = wireshark.Profile(directory, text)
    return (
        {name for name in ("site-1.example", "site-2.example") if name in profile.details(capture, "isakmp.exchangetype == 35")},
        profile.count(capture, "icmp.type == 8 && ip.src == 192.0.2.1 && ip.dst == 198.51.100.1"),
        profile.count(capture, "bgp"),
        profile.count(capture, "esp.icv_bad == 1"),
    )


def check_decrypted(routers, tmp_path, ike, esp, natt):
    r1, r2 = routers
    for router in routers:
        topo.config(router, "vpn profile P", "ike proposal " + ike, "esp proposal " + esp, "nat-traversal " + natt)
    switch_on(r1)
    capture = wireshark.Capture(r1, "r1-eth0", os.path.join(get_topogen().logdir, "underlay-{}-{}.pcap".format(esp, natt)))
    anew(r1, r2)
    assert topo.pings(r1, "192.0.2.1", "198.51.100.1") == 10
    capture.stop()
    text = switch_off(r1)
    assert topo.tunnel(r1, "to-r2")["espProposal"].startswith(esp)
    names, echoes, bgp, wrong = seen_with(tmp_path / "with", capture, text)
    assert names == {"site-1.example", "site-2.example"}
    assert echoes >= 10 and bgp >= 4 and wrong == 0, (echoes, bgp, wrong)
    assert seen_with(tmp_path / "without", capture, "") == (set(), 0, 0, 0)
    # keys of other SAs are no keys
    assert seen_with(tmp_path / "other", capture, re.sub(r"[0-9a-f]{40,}", lambda key: key[0][::-1], text))[:3] == (set(), 0, 0)
    return capture


@pytest.mark.parametrize("ike, esp", [GCM, CBC])
def test_esp_in_udp(routers, tmp_path, ike, esp):
    capture = check_decrypted(routers, tmp_path, ike, esp, "force")
    assert wireshark.Profile(tmp_path / "plain", "").count(capture, "udp.port == 4500 && esp") >= 20


@pytest.mark.parametrize("ike, esp", [GCM, CBC])
def test_plain_esp(routers, tmp_path, ike, esp):
    if topo.tunnel(routers[0], "to-r2")["dataplane"] != "kernel":
        pytest.skip("the user-space data plane always encapsulates")
    capture = check_decrypted(routers, tmp_path, ike, esp, "auto")
    assert wireshark.Profile(tmp_path / "plain", "").count(capture, "ip.proto == 50") >= 20


def test_it_stays_off(routers):
    r1, r2 = routers
    before = written(r1)
    assert keys_in(before)
    anew(r1, r2)
    assert written(r1) == before
    assert KEYS not in topo.vtysh(r1, "show debugging")[1]
    assert topo.vtysh(r1, "no vpn capture-keys") == (0, "")


def test_it_is_no_configuration(routers):
    r1, _ = routers
    switch_on(r1)
    assert "capture-keys" not in topo.vtysh(r1, "show running-config")[1]
    topo.vtysh(r1, "write memory")
    assert "capture-keys" not in topo.run(r1, "cat /etc/frr/frr.conf /etc/frr/bgpvpnd.conf")[1]
    switch_off(r1)


def test_the_log_says_when_and_no_key(routers):
    r1, r2 = routers
    for what in ("ike", "packet", "dplane"):
        topo.vtysh(r1, "debug vpn " + what)
    switch_on(r1)
    anew(r1, r2)
    keys = keys_in(switch_off(r1))
    assert len(keys) >= 4
    log = topo.logs(get_topogen(), r1)
    assert "are written to " + KEYS in log and "not written to " + KEYS in log
    assert not [key for key in keys if key in log.lower()]
    shown = "".join(topo.vtysh(r1, show)[1] for show in ("show vpn detail", "show vpn json", "show running-config"))
    assert not [key for key in keys if key in shown.lower()]


def test_nothing_crashed():
    tgen = get_topogen()
    for router in tgen.routers().values():
        assert not router.check_router_running(), "a daemon of {} is gone".format(router.name)

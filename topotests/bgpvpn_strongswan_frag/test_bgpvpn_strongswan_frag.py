# SPDX-License-Identifier: GPL-2.0-or-later
"""bgpvpnd and a strongSwan peer with chains of RSA-4096 certificates, so that IKE_AUTH is several kB, over a router that drops fragments
of IP: it comes through in fragments of IKE (RFC 7383), in both roles and sizes, and does not without them.

     +---------+       +-----+       +---------+
     |   r1    |-------|  R  |-------|   s1    |   charon with kernel-libipsec
     | bgpvpnd |       +-----+       | charon  |
     +---------+= 169.254.10.0/30 ===+---------+
"""

import os
import re

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import middle, strongswan, topo
from vpnlab.certs import Workshop

pytestmark = [pytest.mark.bgpvpnd]
OURS, THEIRS = "r1.example.org", "s1.example.org"
FRAGMENTS = "ip frag-off & 0x3fff != 0"
RUNNING = {}


def build_topo(tgen):
    for name in ("r1", "s1", "R"):
        tgen.add_router(name)
    tgen.add_link(tgen.gears["r1"], tgen.gears["R"], "r1-eth0", "R-eth0")
    tgen.add_link(tgen.gears["s1"], tgen.gears["R"], "s1-eth0", "R-eth1")


def make_keys():
    keys = RUNNING["keys"] = Workshop()
    root = keys.authority("root")
    below = keys.authority("middle", "rsa:4096", parent=root)
    # one key for both: it takes seconds to make
    certs = {THEIRS: below.issue("s1", "rsa:4096", THEIRS)}
    certs[OURS] = below.issue("r1", certs[THEIRS].key, OURS)
    certs[OURS].for_user("frr")
    return root, below, certs


def setup_module(mod):
    if strongswan.missing():
        pytest.skip("not installed: " + strongswan.missing())
    tgen = Topogen(build_topo, mod.__name__)
    tgen.start_topology()
    r1, s1 = tgen.gears["r1"], tgen.gears["s1"]
    topo.load(r1, "frr.conf")
    topo.load(s1, "frr.conf", daemons=("zebra", "bgpd"))
    s1.start()
    r1.start()
    RUNNING["middle"] = middle.Middle(tgen.gears["R"], r1, "10.0.12.1", s1, "10.0.23.2")
    charon = RUNNING["charon"] = strongswan.StrongSwan(topo.netns(s1), os.path.join(tgen.logdir, "charon"))
    charon.start()
    charon.device("169.254.10.2/30")
    root, below, certs = make_keys()
    charon.credentials(private=[certs[THEIRS].key], authorities=[root.cert, below.cert])
    their_side(certs)
    our_side(r1, certs, root)


def their_side(certs):
    us = {"auth": "pubkey", "id": THEIRS, "certs": certs[THEIRS].cert}
    RUNNING["charon"].connection("to-r1", "10.0.23.2", "10.0.12.1", settings={"fragmentation": "yes"}, us=us,
                                 them={"auth": "pubkey", "id": OURS})  # fmt: skip


def our_side(r1, certs, root):
    words = ("shutdown", "profile p", "local address 10.0.12.1", "remote address 10.0.23.2",
             "certificate {} private-key {} ca {}".format(certs[OURS].chain, certs[OURS].key, root.cert),
             "local id fqdn " + OURS, "remote id fqdn " + THEIRS, "interface vpn0", "inside address 169.254.10.1/30",
             "link hold-up 0")  # fmt: skip
    status, said = topo.config(r1, "vpn profile p", "exit", "vpn tunnel to-s1", *words)
    assert status == 0 and "%" not in said, said


def teardown_module():
    if "charon" in RUNNING:
        RUNNING["charon"].stop()
    if "keys" in RUNNING:
        RUNNING["keys"].close()
    if get_topogen():
        get_topogen().stop_topology()


@pytest.fixture(name="r1")
def _r1():
    return get_topogen().gears["r1"]


@pytest.fixture(name="dropping")
def _dropping():
    """R drops fragments of IP: how many so far."""
    RUNNING["middle"].drop("fragments", FRAGMENTS)
    yield lambda: RUNNING["middle"].counted("fragments")
    RUNNING["middle"].end("fragments")


@pytest.fixture(name="small")
def _small():
    """R drops what is larger than the smallest datagram that every host must take: how many so far."""
    RUNNING["middle"].drop("small", "ip length > 576")
    yield lambda: RUNNING["middle"].counted("small")
    RUNNING["middle"].end("small")


def begin(r1, we_begin, ours, theirs):
    """A new tunnel with fragments of these sizes; what charon says from now on."""
    charon = RUNNING["charon"]
    topo.config(r1, "vpn tunnel to-s1", "shutdown")
    topo.wait(lambda: charon.established() == 0, "charon to let go")
    charon.settings(fragment_size=theirs)
    logged = len(charon.log())
    topo.config(r1, "vpn profile p", "fragmentation {}".format(ours))
    topo.config(r1, "vpn tunnel to-s1", "initiate " + ("always" if we_begin else "never"), "no shutdown")
    if not we_begin:
        charon.initiate("to-r1")
    return lambda: charon.log()[logged:]


def wait_up(r1, said):
    topo.wait(
        lambda: topo.tunnel(r1, "to-s1").get("linkState") == "up",
        lambda: "the tunnel; {}\n{}".format(topo.tunnel(r1, "to-s1"), said()[-2500:]),
    )
    # the kernel knows of the carrier a moment later
    topo.wait(lambda: topo.pings(r1, "169.254.10.1", "169.254.10.2", 3) == 3, "pings to be answered")


def fragments(said):
    """(how many we sent, how many charon sent), of the largest message, by charon's word."""
    came = [int(total) for total in re.findall(r"received fragment #\d+ of (\d+)", said)]
    went = [int(total) for total in re.findall(r"splitting IKE message \(\d+ bytes\) into (\d+) fragments", said)]
    return max(came, default=0), max(went, default=0)


both_roles = pytest.mark.parametrize("we_begin", [True, False], ids=["we-begin", "they-begin"])


@both_roles
def test_the_usual_size(r1, dropping, we_begin):
    said = begin(r1, we_begin, 1280, 1280)
    wait_up(r1, said)
    assert min(fragments(said())) >= 3
    assert dropping() == 0


@both_roles
def test_smallest(r1, small, we_begin):
    said = begin(r1, we_begin, 576, 576)
    wait_up(r1, said)
    assert min(fragments(said())) >= 7
    assert small() == 0


@both_roles
def test_each_its_own(r1, dropping, we_begin):
    """They agree that there are fragments, not how large."""
    said = begin(r1, we_begin, 576, 1280)
    wait_up(r1, said)
    ours, theirs = fragments(said())
    assert ours >= 7 and 3 <= theirs < 7
    said = begin(r1, we_begin, 1280, 300)
    wait_up(r1, said)
    ours, theirs = fragments(said())
    assert 3 <= ours < 7 and theirs >= 15
    assert dropping() == 0


def test_without(r1, dropping):
    """Left to IP, IKE_AUTH does not come through here."""
    said = begin(r1, True, "off", 1280)
    topo.wait(lambda: dropping() >= 6, "two attempts to be dropped")
    shown = topo.tunnel(r1, "to-s1")
    assert shown["linkState"] == "down"
    topo.wait(
        lambda: "the peer does not answer" in topo.tunnel(r1, "to-s1")["linkReason"],
        lambda: "a reason: {}".format(topo.tunnel(r1, "to-s1")["linkReason"]),
    )
    assert fragments(said()) == (0, 0)


def test_without_where_ip_may(r1):
    said = begin(r1, True, "off", 1280)
    wait_up(r1, said)
    assert fragments(said()) == (0, 0)


def test_nothing_crashed(r1):
    assert not r1.check_router_running()

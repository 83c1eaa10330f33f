# SPDX-License-Identifier: GPL-2.0-or-later
"""bgpvpnd and a Libreswan peer, which has its ESP in the kernel: pre-shared key and certificates in both roles, both rekeying all the time
under traffic without a packet lost, and a refusal that says why.  Needs a kernel with ESP: tests/guest/run has one.

      192.0.2.1                            198.51.100.1
     +---------+       10.0.12.0/24       +---------+
     |   r1    |--------------------------|   l1    |   pluto, ESP of the kernel over an XFRM interface
     | bgpvpnd |==== 169.254.10.0/30 =====|  pluto  |
     +---------+  vpn0            ipsec1  +---------+
"""

import os
import random
import time

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import libreswan, pki, topo
from vpnlab.undisturbed import End, Undisturbed

pytestmark = [pytest.mark.bgpd, pytest.mark.bgpvpnd]
SECRET = "between-two-houses"
NAME = "to-r1"
PEER = {}
# In each of four cases: so long, and so many Child SAs by either end; LIMIT more seconds for that.
SECONDS, ENOUGH, LIMIT = 30, 3, 180
REFUSED = {True: "the peer refused our authentication", False: "pre-shared keys differ"}
ROLES = pytest.mark.parametrize("we_begin", [True, False], ids=["we-begin", "they-begin"])


def build_topo(tgen):
    for name in ("r1", "l1"):
        tgen.add_router(name)
    tgen.add_link(tgen.gears["r1"], tgen.gears["l1"], "r1-eth0", "l1-eth0")


def setup_module(mod):
    if libreswan.missing():
        pytest.skip(libreswan.missing())
    tgen = Topogen(build_topo, mod.__name__)
    tgen.start_topology()
    r1, l1 = tgen.gears["r1"], tgen.gears["l1"]
    topo.load(r1, "frr.conf")
    topo.load(l1, "frr.conf", daemons=("zebra", "bgpd"))
    l1.start()
    pluto = PEER["pluto"] = libreswan.Libreswan(topo.netns(l1), os.path.join(tgen.logdir, "pluto"))
    for kind in pki.KINDS:
        PEER[kind] = certificates(kind)
    pluto.start()
    pluto.connection(NAME, "10.0.12.2", "10.0.12.1", SECRET)
    pluto.device("l1-eth0", "169.254.10.2/30")
    r1.start()
    topo.config(r1, "debug vpn ike")


def certificates(kind):
    """An authority, with certificates r1.<kind> and l1.<kind>; pluto has its own."""
    authority = pki.Authority(os.path.join(get_topogen().logdir, "pki-" + kind), kind)
    for name in ("r1", "l1"):
        authority.issue(name + "." + kind)
    PEER["pluto"].identity("l1." + kind, authority.archive("l1." + kind), pki.ARCHIVE_SECRET)
    return authority


def teardown_module():
    if "pluto" in PEER:
        PEER["pluto"].stop()
    if get_topogen():
        get_topogen().stop_topology()


@pytest.fixture(name="r1")
def _r1():
    tgen = get_topogen()
    if tgen.routers_have_failure():
        pytest.skip(tgen.errors)
    return tgen.gears["r1"]


# --- one tunnel after the other ----------------------------------------------------------------------------------


def with_secret(**words):
    """What both say of a pre-shared key."""
    ours = ("no certificate", "no ca", "no local id", "no remote id", "pre-shared-key " + SECRET)
    return ours, words | {"secret": SECRET}


def with_certificates(kind):
    """The same of certificates."""
    path = PEER[kind].file
    ours = (
        "no pre-shared-key",
        "certificate {} private-key {} ca {}".format(path("r1." + kind, "crt"), path("r1." + kind, "key"), path("ca", "crt")),
        "local id fqdn r1." + kind,
        "remote id fqdn l1." + kind,
    )
    theirs = {"leftcert": "l1." + kind, "leftid": "@l1." + kind, "rightid": "@r1." + kind, "rightca": "%same"}
    return ours, theirs | {"authby": {"rsa": "rsa-sha2", "ecdsa": "ecdsa"}[kind]}


def begin(r1, we_begin, said, profile=("no esp proposal", "no esp lifetime", "no ike lifetime"), succeeds=True):
    """A new tunnel of these words; without waiting for it."""
    ours, theirs = said
    topo.config(r1, "vpn tunnel to-l1", "shutdown")
    PEER["pluto"].connection(NAME, "10.0.12.2", "10.0.12.1", **theirs)
    words = ("initiate always" if we_begin else "initiate never", "profile p", *ours, "no shutdown")
    refused = topo.config(r1, "vpn profile p", *profile)[1] + topo.config(r1, "vpn tunnel to-l1", *words)[1]
    assert "%" not in refused, refused
    if not we_begin:
        PEER["pluto"].initiate(NAME, succeeds)


def works(r1, we_begin):
    """The tunnel is up at both, begun by whom it should be, BGP is over it, and each routes through it to the other."""
    l1, pluto = get_topogen().gears["l1"], PEER["pluto"]
    try:
        topo.wait_up(r1, "to-l1")
    except AssertionError as error:
        raise AssertionError("{}\n{}\n{}".format(error, pluto.states(), pluto.log()[-3000:])) from error
    assert topo.tunnel(r1, "to-l1")["initiator"] == we_begin
    assert (pluto.installed(), pluto.established()) == (1, 1), pluto.states()
    topo.wait_bgp(r1, "169.254.10.2", 45)
    topo.wait(lambda: "dev vpn0" in topo.run(r1, "ip route get 198.51.100.1")[1], "r1's route through vpn0")
    topo.wait(lambda: "dev ipsec1" in topo.run(l1, "ip route get 192.0.2.1")[1], "l1's route through ipsec1")


def pinged(r1, we_begin):
    works(r1, we_begin)
    assert topo.pings(r1, "192.0.2.1", "198.51.100.1") == 10
    assert topo.pings(get_topogen().gears["l1"], "198.51.100.1", "192.0.2.1") == 10


# --- authentication ----------------------------------------------------------------------------------------------


@ROLES
def test_secret(r1, we_begin):
    """With what each takes by default: Libreswan's list of proposals begins with MODP2048 in its KE payload."""
    begin(r1, we_begin, with_secret())
    pinged(r1, we_begin)
    assert topo.tunnel(r1, "to-l1")["ikeProposal"] == "aes128gcm16-prfsha256-curve25519"


@ROLES
@pytest.mark.parametrize("kind", pki.KINDS)
def test_certificates(r1, kind, we_begin):
    begin(r1, we_begin, with_certificates(kind))
    pinged(r1, we_begin)


@ROLES
def test_wrong_secret(r1, we_begin):
    """Refused, and the operator reads by whom; with the right one it works again."""
    ours, theirs = with_secret()
    begin(r1, we_begin, (ours, theirs | {"secret": "another-one"}), succeeds=False)
    why = REFUSED[we_begin]
    topo.wait(lambda: why in topo.tunnel(r1, "to-l1")["linkReason"], lambda: "{} in: {}".format(why, topo.tunnel(r1, "to-l1")))
    assert topo.tunnel(r1, "to-l1")["linkState"] == "down"
    begin(r1, we_begin, (ours, theirs))
    works(r1, we_begin)


# --- rekeying ----------------------------------------------------------------------------------------------------


def ends(r1):
    return (
        End(r1, "to-l1", "192.0.2.1", "169.254.10.2"),
        End(get_topogen().gears["l1"], None, "198.51.100.1", "169.254.10.1"),
    )


# With PFS come 64-bit sequence numbers too, and a Libreswan that claims a NAT as we do.
OURS = {False: ("esp proposal aes256gcm16",), True: ("esp proposal aes256gcm16-curve25519-esn",)}
THEIRS = {False: {"pfs": "no"}, True: {"pfs": "yes", "esn": "yes", "encapsulation": "yes", "replay-window": "1024"}}


def rekey_now_and_then(r1, seconds):
    """A Child SA or, every fourth time, the IKE SA, by one end or the other, on top of what lifetimes do; on a slow
    machine until there are enough.  How many Child SAs each began."""
    dice, begun = random.Random(11), {("ours", "child"): 0, ("theirs", "child"): 0}
    until = time.monotonic() + seconds
    while time.monotonic() < until or min(begun.values()) < ENOUGH:
        assert time.monotonic() < until + LIMIT, begun
        time.sleep(dice.uniform(0.5, 2))
        who, what = dice.choice(("ours", "theirs")), "ike" if dice.random() < 0.25 else "child"
        if who == "ours":
            good = "%" not in topo.vtysh(r1, "vpn rekey tunnel to-l1 " + what)[1]
        else:
            good = PEER["pluto"].rekey(what, NAME)
        if what == "child":
            begun[who, what] += good
    return begun


def settled(r1):
    """One pair and one IKE SA at both ends, the same.  pluto rekeys on: there is a moment."""
    pluto = PEER["pluto"]
    if (pluto.installed(), pluto.established()) != (1, 1) or topo.sas(r1, "to-l1") != (1, 1):
        return False
    shown, theirs = topo.tunnel(r1, "to-l1"), pluto.states()
    return all("esp." + shown[key][2:] in theirs for key in ("espSpiIn", "espSpiOut"))


@ROLES
@pytest.mark.parametrize("pfs", [False, True], ids=["without-pfs", "with-pfs"])
def test_both_rekey(r1, pfs, we_begin):
    pluto = PEER["pluto"]
    begin(r1, we_begin, with_secret(**libreswan.REKEYS, **THEIRS[pfs]), ("esp lifetime 10", "ike lifetime 28", *OURS[pfs]))
    works(r1, we_begin)
    logged = len(pluto.log())
    with Undisturbed(*ends(r1)):
        begun = rekey_now_and_then(r1, SECONDS)
    theirs = pluto.log()[logged:]
    print("begun {}, pluto: {}".format(begun, libreswan.rekeyings(theirs)))
    topo.wait(
        lambda: settled(r1),
        lambda: "one pair; {} {}\n{}".format(topo.sas(r1, "to-l1"), topo.tunnel(r1, "to-l1"), pluto.states()),
        40,
    )


def test_nothing_crashed(r1):
    assert not r1.check_router_running()

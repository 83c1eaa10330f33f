# SPDX-License-Identifier: GPL-2.0-or-later
"""Post-quantum pre-shared keys (RFC 8784) with a strongSwan peer, in both roles: required at both ends, at one, and different.

      192.0.2.1                            198.51.100.1
     +---------+       10.0.12.0/24       +---------+
     |   r1    |--------------------------|   s1    |   charon with kernel-libipsec: ESP in user space,
     | bgpvpnd |==== 169.254.10.0/30 =====| charon  |   device ipsec0
     +---------+  vpn0            ipsec0  +---------+
"""

import os

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import strongswan, topo

pytestmark = [pytest.mark.bgpvpnd]
SECRET = "between-two-houses"
PPK = "0123456789abcdefghijklmnopqrstuv"
OTHER_PPK = "another-one-of-thirty-two-letters"
PEER = {}


def build_topo(tgen):
    for name in ("r1", "s1"):
        tgen.add_router(name)
    tgen.add_link(tgen.gears["r1"], tgen.gears["s1"], "r1-eth0", "s1-eth0")


def setup_module(mod):
    if strongswan.missing():
        pytest.skip("not installed: " + strongswan.missing())
    tgen = Topogen(build_topo, mod.__name__)
    tgen.start_topology()
    topo.load(tgen.gears["r1"], "frr.conf")
    topo.load(tgen.gears["s1"], "frr.conf", daemons=("zebra",))
    tgen.gears["s1"].start()
    charon = strongswan.StrongSwan(topo.netns(tgen.gears["s1"]), os.path.join(tgen.logdir, "charon"))
    PEER["charon"] = charon
    charon.start()
    charon.device("169.254.10.2/30")
    they_have(PPK, required=True)
    tgen.gears["r1"].start()


def teardown_module():
    if "charon" in PEER:
        PEER["charon"].stop()
    if get_topogen():
        get_topogen().stop_topology()


@pytest.fixture(name="r1")
def _r1():
    tgen = get_topogen()
    if tgen.routers_have_failure():
        pytest.skip(tgen.errors)
    return tgen.gears["r1"]


def they_have(ppk, required=False, name="house-key", lost=False, more=None):
    """Gives charon this PPK, as hexadecimal digits; none where it is empty.  lost: it knows the name alone.  more: settings."""
    settings = {"ppk_id": name, "ppk_required": "yes" if required else "no"} if ppk or lost else {}
    settings |= more or {}
    secret = (name, "0x" + ppk.encode("ascii").hex()) if ppk else None
    PEER["charon"].connection("to-r1", "10.0.12.2", "10.0.12.1", SECRET, esp="aes256gcm16", settings=settings, ppk=secret)


def we_have(r1, words, initiate="always"):
    """words: behind `ppk`, "" for none.  What runs is closed; with initiate never, nothing begins anew."""
    line = "ppk " + words if words else "no ppk"
    status, said = topo.config(r1, "vpn tunnel to-s1", "initiate " + initiate, line)
    assert status == 0 and "%" not in said, said


def quiet(r1):
    """Nothing runs any more, and we only answer."""
    topo.config(r1, "vpn tunnel to-s1", "initiate never")
    topo.vtysh(r1, "clear vpn tunnel to-s1")
    PEER["charon"].terminate("to-r1")
    topo.wait(lambda: PEER["charon"].established() == 0, "charon to let go")
    topo.wait(lambda: topo.tunnel(r1, "to-s1")["ikeState"] == "idle", "bgpvpnd to let go")


def works(r1, ppk):
    """The tunnel is up at both and traffic goes through, with a PPK or without."""
    charon = PEER["charon"]

    def seen():
        return "{}\n{}\n{}".format(topo.tunnel(r1, "to-s1"), charon.list_sas(), charon.log()[-1500:])

    topo.wait(lambda: topo.tunnel(r1, "to-s1").get("linkState") == "up", lambda: "the tunnel; " + seen(), 60)
    assert topo.tunnel(r1, "to-s1")["ppk"] is ppk
    assert ("PPK" in charon.list_sas()) is ppk, charon.list_sas()
    assert topo.pings(r1, "169.254.10.1", "169.254.10.2") == 10


def test_required_by_both_we_initiate(r1):
    works(r1, True)
    assert "Post-quantum pre-shared key: in use" in topo.vtysh(r1, "show vpn tunnel to-s1 detail")[1]
    assert PPK not in topo.vtysh(r1, "show vpn tunnel to-s1 detail", "show vpn json")[1]


def test_rekeyed(r1):
    """The keys of a rekeyed IKE SA come from those that hold the PPK: nobody speaks of it again."""
    charon = PEER["charon"]
    assert charon.rekey("ike", "to-r1")
    topo.wait(lambda: charon.established() == 1 and charon.installed() == 1, "one IKE SA again")
    works(r1, True)
    assert topo.vtysh(r1, "vpn rekey tunnel to-s1 child")[0] == 0
    topo.wait(lambda: charon.installed() == 1, "one Child SA again")
    works(r1, True)


def test_required_by_both_they_initiate(r1):
    quiet(r1)
    PEER["charon"].initiate("to-r1")
    works(r1, True)


def test_childless(r1):
    """charon leaves the Child SA out of IKE_AUTH (RFC 6023) and makes it later: its keys then are never without the PPK."""
    quiet(r1)
    they_have(PPK, required=True, more={"childless": "force"})
    PEER["charon"].initiate("to-r1")
    works(r1, True)
    requests = [line for line in PEER["charon"].log().splitlines() if "generating IKE_AUTH request 1 [" in line]
    assert " SA " not in requests[-1], requests[-1]


def test_last_child_deleted(r1):
    """charon deletes the Child SA alone: it is asked for again on the same IKE SA."""
    charon = PEER["charon"]
    quiet(r1)
    they_have(PPK, required=True)
    topo.config(r1, "vpn tunnel to-s1", "initiate always")
    works(r1, True)
    shown = topo.tunnel(r1, "to-s1")
    assert charon.terminate_child("to-r1")
    topo.wait(lambda: topo.tunnel(r1, "to-s1").get("espSpiIn") not in (None, shown["espSpiIn"]), "another Child SA")
    works(r1, True)
    assert topo.tunnel(r1, "to-s1")["ikeSpiInitiator"] == shown["ikeSpiInitiator"]


def test_optional_here_none_there(r1):
    """We may do without, and do: whoever begins."""
    quiet(r1)
    they_have("")
    we_have(r1, f"id house-key secret {PPK}")
    works(r1, False)
    assert "not in use" in topo.vtysh(r1, "show vpn tunnel to-s1 detail")[1]
    quiet(r1)
    PEER["charon"].initiate("to-r1")
    works(r1, False)


def test_optional_at_both_with_other_names(r1):
    """NO_PPK_AUTH: charon's for us, and ours for charon, which lacks the secret of the name that it wants."""
    quiet(r1)
    they_have(PPK, name="garden-key")
    we_have(r1, f"id house-key secret {PPK}", initiate="never")
    PEER["charon"].initiate("to-r1")
    works(r1, False)
    quiet(r1)
    they_have("", lost=True)
    we_have(r1, f"id house-key secret {PPK}")
    works(r1, False)
    assert "NO_PPK" in PEER["charon"].log()


def refused(r1, words):
    """Whoever begins, and the operator reads why."""

    def reason():
        return topo.tunnel(r1, "to-s1").get("linkReason", "")

    topo.wait(lambda: words in reason(), lambda: "the reason, which is: " + reason(), 60)
    quiet(r1)
    with pytest.raises(RuntimeError):
        PEER["charon"].initiate("to-r1")
    topo.wait(lambda: words in reason(), lambda: "the reason, which is: " + reason(), 60)
    assert topo.tunnel(r1, "to-s1")["linkState"] == "down"


def test_wrong_ppk(r1):
    """One name, two secrets."""
    quiet(r1)
    they_have(OTHER_PPK)
    we_have(r1, f"id house-key secret {PPK}")
    refused(r1, "maybe the post-quantum pre-shared keys house-key differ")


def test_required_here_none_there(r1):
    quiet(r1)
    they_have("")
    we_have(r1, f"id house-key secret {PPK} required")
    refused(r1, "our post-quantum pre-shared key is required")


def test_none_here_required_there(r1):
    """charon refuses; then we get one, and it works."""
    quiet(r1)
    they_have(PPK, required=True)
    we_have(r1, "")
    topo.wait(lambda: "AUTHENTICATION_FAILED" in topo.tunnel(r1, "to-s1")["linkReason"], "charon to refuse", 60)
    we_have(r1, f"id house-key secret {PPK}")
    works(r1, True)


def test_configuration(r1):
    """From a file; what is refused is said, and no secret is."""
    topo.run(r1, f"cd /etc/frr; echo {PPK} > good.ppk; echo short > short.ppk; chown frr:frr *.ppk; chmod 600 *.ppk")
    for line, word in (
        ("ppk id house-key secret too-short", "32"),
        ("ppk id house-key file /etc/frr/short.ppk", "32"),
        ("ppk id house-key file /etc/frr/none.ppk", "none.ppk"),
        ("ppk id house-key file good.ppk", "absolute"),
        ("ppk id house-key secret two words", "one word"),
        (f"ppk id {65 * 'n'} secret {PPK}", "64"),
    ):
        _, said = topo.config(r1, "vpn tunnel to-s1", line)
        assert word in said and "too-short" not in said, said
    assert f" ppk id house-key secret {PPK}\n" in topo.vtysh(r1, "show running-config")[1].replace("\r", "")
    we_have(r1, "id house-key file /etc/frr/good.ppk required")
    assert " ppk id house-key file /etc/frr/good.ppk required\n" in topo.vtysh(r1, "show running-config")[1].replace("\r", "")
    works(r1, True)
    assert "\n ppk" not in (topo.config(r1, "vpn tunnel to-s1", "no ppk") and topo.vtysh(r1, "show running-config")[1])


def test_nothing_crashed(r1):
    assert not r1.check_router_running()

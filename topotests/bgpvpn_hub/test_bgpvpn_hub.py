# SPDX-License-Identifier: GPL-2.0-or-later
"""Sites that dial in, each proved by its own certificate: behind one interface of the hub that all share, and each behind an interface of
its own with BGP over it.  vpnlab/dialin.py has the picture."""

import functools

import pytest
from lib.topogen import get_topogen

from vpnlab import dialin, strongswan, topo
from vpnlab.undisturbed import Undisturbed as _Undisturbed

pytestmark = [pytest.mark.bgpd, pytest.mark.bgpvpnd]
LAB = {}
# As many as a guest's one processor can send and count while daemons start.
Undisturbed = functools.partial(_Undisturbed, pps=20)


def setup_module(mod):
    if strongswan.missing():
        pytest.skip("not installed: " + strongswan.missing())
    LAB["lab"] = dialin.Lab(mod.__name__)


def teardown_module():
    if "lab" in LAB:
        LAB["lab"].stop()
    elif get_topogen():
        get_topogen().stop_topology()


@pytest.fixture(name="lab")
def _lab():
    return LAB["lab"]


def selectors(spoke):
    return [spoke.inside + "/32", spoke.lan_net]


def shared(lab):
    """A hub with one interface, and all of the spokes."""
    lab.hub_tunnel(*lab.certificate("h"), "interface vpn0")
    all_dial(lab)


def all_dial(lab):
    for spoke in lab.spokes[:2]:
        lab.dial(spoke, selectors(spoke))
    lab.dial_charon(selectors(lab.spokes[2]))
    lab.up(*lab.spokes)


kernel_plane = pytest.mark.skipif(dialin.PLANE != "kernel", reason="an interface that several share is the kernel plane's")


def check_gone(lab, spoke, way=""):
    """It is nowhere, and what is behind it neither."""
    topo.wait(lambda: not lab.instance(spoke), lambda: "{} to go: {}".format(spoke.name, lab.instance(spoke)), 60)
    lab.goes(way, spoke.inside, spoke.lan)


@kernel_plane
def test_shared_comes_up(lab):
    shared(lab)
    assert list(lab.interfaces()) == ["vpn0"]
    for spoke in lab.spokes:
        lab.goes("vpn0", spoke.lan, spoke.inside)
    lab.reaches(*lab.spokes)
    lab.sealed()


@kernel_plane
def test_shared_one_is_deleted(lab):
    """And the traffic of the others does not notice."""
    one, other, third = lab.spokes
    index = lab.interfaces()
    with Undisturbed(lab.hub_end(), lab.end(other)):
        topo.config(one.gear, "vpn tunnel hub", "shutdown")
        check_gone(lab, one)
        topo.config(one.gear, "vpn tunnel hub", "no shutdown")
        lab.up(one)
    with Undisturbed(lab.end(one), lab.end(other)):
        lab.charon.terminate("hub")
        check_gone(lab, third)
        lab.charon.initiate("hub")
        lab.up(third)
    assert lab.interfaces() == index
    lab.reaches(*lab.spokes)
    lab.sealed()


@kernel_plane
def test_shared_one_dies_in_silence(lab):
    """Its routes go with its link, as soon as somebody notices."""
    one, other, _ = lab.spokes
    with Undisturbed(lab.hub_end(), lab.end(other)):
        lab.silence(one)
        topo.run(lab.hub, "ping -q -i 0.2 -c 20 -W 1 -I {} {}".format(dialin.HUB_LAN, one.lan))
        topo.wait(lambda: lab.instance(one).get("linkState") != "up", lambda: "the link: {}".format(lab.instance(one)))
        lab.goes("", one.lan, one.inside)
        lab.silence(one, False)
        lab.up(one)
    lab.goes("vpn0", one.lan)
    lab.reaches(*lab.spokes)
    lab.sealed()


@kernel_plane
def test_shared_all_are_gone(lab):
    """Then the interface has no carrier."""
    lab.away_spokes()
    topo.wait(lambda: not lab.instances(), "all to go")
    assert "state DORMANT" in topo.run(lab.hub, "ip link show vpn0")[1]
    assert topo.tunnel(lab.hub, "spokes")["linkState"] == "down"
    lab.away()


def bgp(lab, *spokes):
    for spoke in spokes:
        # bgpd waits longer each time that it was sent away, and the hub's hears of a spoke's end from the next attempt only
        topo.wait_bgp(lab.hub, spoke.inside, 120)
        lab.goes(lab.instance(spoke)["interface"], spoke.lan)


def hub_with_own(lab):
    lab.hub_tunnel(*lab.certificate("h"), "interface vpn-spoke%u")


def test_own_interfaces(lab):
    hub_with_own(lab)
    assert not lab.interfaces()
    all_dial(lab)
    assert sorted(lab.interfaces()) == ["vpn-spoke0", "vpn-spoke1", "vpn-spoke2"]
    assert {lab.instance(spoke)["interface"] for spoke in lab.spokes} == set(lab.interfaces())
    for spoke in lab.spokes:
        lab.goes(lab.instance(spoke)["interface"], spoke.inside)
    bgp(lab, *lab.spokes)
    lab.reaches(*lab.spokes)
    lab.sealed()


def test_own_lowest_number_again(lab):
    one, other, third = lab.spokes
    before, numbers = lab.interfaces(), {spoke: lab.instance(spoke)["interface"] for spoke in lab.spokes}
    with Undisturbed(lab.end(other), lab.end(third)):
        topo.config(one.gear, "vpn tunnel hub", "shutdown")
        check_gone(lab, one)
        assert sorted(lab.interfaces()) == sorted(set(numbers.values()) - {numbers[one]})
        topo.config(one.gear, "vpn tunnel hub", "no shutdown")
        lab.up(one)
    assert lab.instance(one)["interface"] == numbers[one]
    assert {name for name in before if before[name] == lab.interfaces()[name]} == {numbers[other], numbers[third]}
    bgp(lab, *lab.spokes)
    lab.sealed()


def test_own_rekeyed(lab):
    """By either end and from the bottom up, and the interfaces are the same."""
    one, _, third = lab.spokes
    before = lab.interfaces()
    name = "spokes/" + one.fqdn
    with Undisturbed(lab.hub_end(), lab.end(one)):
        for what in ("child", "ike"):
            assert "%" not in topo.vtysh(lab.hub, "vpn rekey tunnel {} {}".format(name, what))[1]
            assert "%" not in topo.vtysh(one.gear, "vpn rekey tunnel hub {}".format(what))[1]
    with Undisturbed(lab.hub_end(), lab.end(third)):
        assert lab.charon.rekey("child", "hub") and lab.charon.rekey("ike", "hub") and lab.charon.reauthenticate("hub")
        topo.wait(lambda: lab.charon.established() == 1, lambda: "one IKE SA: {}".format(lab.charon.list_sas()))
    assert lab.interfaces() == before
    lab.up(*lab.spokes)
    lab.sealed()


def test_own_shown_and_cleared(lab):
    """By names that have a slash in them."""
    one, other, _ = lab.spokes
    name = "spokes/" + one.fqdn
    shown = topo.vtysh(lab.hub, "show vpn")[1]
    assert name in shown and "spokes/" + other.fqdn in shown
    detail = topo.vtysh(lab.hub, "show vpn tunnel {} detail".format(name))[1]
    assert lab.instance(one)["interface"] in detail and "%" not in detail
    with Undisturbed(lab.end(other), lab.hub_end()):
        since = lab.instance(one)["uptimeMs"]
        assert "%" not in topo.vtysh(lab.hub, "clear vpn tunnel " + name)[1]
        topo.wait(lambda: lab.instance(one).get("uptimeMs", since) < since, "another tunnel")
        lab.up(one)
    assert "%" in topo.vtysh(lab.hub, "clear vpn tunnel spokes/nobody")[1]


def test_own_changed(lab):
    """What needs no new tunnel is changed in place, at all of them."""
    before = lab.interfaces()
    topo.config(lab.hub, "vpn tunnel spokes", "mtu 1300")
    for interface in before:
        topo.wait(lambda i=interface: "mtu 1300" in topo.run(lab.hub, "ip link show " + i)[1], "the MTU of " + interface)
    topo.config(lab.hub, "vpn tunnel spokes", "no mtu")
    assert lab.interfaces() == before
    lab.up(*lab.spokes)


def restarted(lab, how):
    """The hub's daemon is gone, and without it one of its spokes; then it is back, with its configuration."""
    gone = lab.spokes[1]
    command = topo.run(lab.hub, "tr '\\0' ' ' < /proc/$(cat /var/run/frr/bgpvpnd.pid)/cmdline")[1]
    assert topo.run(lab.hub, "kill {} $(cat /var/run/frr/bgpvpnd.pid)".format(how))[0] == 0
    topo.wait(lambda: not topo.alive(lab.hub, "bgpvpnd"), "bgpvpnd to be gone")
    topo.config(gone.gear, "vpn tunnel hub", "shutdown")
    left = lab.interfaces()
    assert topo.run(lab.hub, command)[0] == 0
    topo.wait(lambda: topo.alive(lab.hub, "bgpvpnd"), "bgpvpnd to be back")
    hub_with_own(lab)
    return left


def all_back(lab):
    """Who stayed is back, each on one interface, and nothing of before is left; then the others."""
    one, gone, third = lab.spokes
    lab.up(one)
    # a stranger does not hear that we have forgotten it
    lab.charon.terminate("hub")
    topo.wait(lambda: not lab.charon.list_sas().strip(), lambda: "charon to forget it too: {}".format(lab.charon.list_sas()), 60)
    lab.charon.initiate("hub")
    lab.up(third)
    assert sorted(lab.interfaces()) == ["vpn-spoke0", "vpn-spoke1"]
    topo.config(gone.gear, "vpn tunnel hub", "no shutdown")
    lab.up(*lab.spokes)
    bgp(lab, *lab.spokes)
    lab.reaches(*lab.spokes)
    lab.sealed()


def test_own_after_a_crash(lab):
    """The hub forgets everybody, and they come back as soon as it does (RFC 6290)."""
    assert len(restarted(lab, "-9")) == 3
    all_back(lab)


def test_own_after_a_shutdown(lab):
    assert not restarted(lab, "-TERM")
    all_back(lab)
    lab.away()


def test_wrong_and_right_secrets(lab):
    """A tunnel block each, with `remote address any` and a secret of its own: one is wrong, which the hub says, and nobody else notices."""
    one, other, third = lab.spokes
    for spoke in lab.spokes:
        lab.hub_tunnel("remote id fqdn " + spoke.fqdn, "local id fqdn " + dialin.HUB_NAME, "pre-shared-key secret-of-" + spoke.name,
                       "interface vpn-{}".format(spoke.name), "initiate never", name=spoke.name)  # fmt: skip
    for spoke, secret in ((one, "wrong"), (other, "secret-of-s2")):
        lab.dial(spoke, [], proof=["pre-shared-key " + secret, "local id fqdn " + spoke.fqdn, "remote id fqdn " + dialin.HUB_NAME])
    lab.dial_charon(["0.0.0.0/0"], secret="secret-of-s3", ids=(third.fqdn, dialin.HUB_NAME))
    for spoke in (other, third):
        topo.wait_up(lab.hub, spoke.name)
    topo.wait(lambda: topo.tunnel(lab.hub, one.name)["lastFailure"], "the refusal")
    refused = topo.tunnel(lab.hub, one.name)
    assert "authentication" in refused["lastFailure"] and refused["linkState"] == "down", refused
    assert topo.run(lab.hub, "ip route replace {} dev vpn-{}".format(other.lan, other.name))[0] == 0
    with Undisturbed(lab.hub_end(), lab.end(other)):
        topo.config(one.gear, "vpn tunnel hub", "pre-shared-key secret-of-s1")
        topo.wait_up(lab.hub, one.name, 60)
    lab.sealed()
    lab.away()


def fortigates(lab):
    """Any to any, a secret for all of them, and each is known by its address inside."""
    lab.by_address = True
    lab.hub_tunnel("pre-shared-key of-all", "interface vpn-spoke%u", "inside address {}/24".format(dialin.HUB_INSIDE))
    for spoke in lab.spokes[:2]:
        lab.dial(spoke, [], proof=["pre-shared-key of-all", "local id address " + spoke.inside])
    lab.dial_charon(["0.0.0.0/0"], secret="of-all", ids=(lab.spokes[2].inside, dialin.HUB))


def test_any_to_any(lab):
    fortigates(lab)
    lab.up(*lab.spokes)
    for spoke in lab.spokes:
        lab.goes(lab.instance(spoke)["interface"], spoke.inside)
    bgp(lab, *lab.spokes)
    lab.reaches(*lab.spokes)
    lab.sealed()


def test_behind_one_address(lab):
    """Two of them behind a router that translates both to its own address."""
    lab.away_spokes()
    topo.wait(lambda: not lab.instances(), "all to go")
    outer = ", ".join(spoke.outer for spoke in lab.spokes[:2])
    lab.nft("add table ip nat; add chain ip nat out {{ type nat hook postrouting priority 100; }}; "
            "add rule ip nat out ip saddr {{ {} }} udp dport {{ 500, 4500 }} masquerade to :20000-20999".format(outer))  # fmt: skip
    fortigates(lab)
    lab.up(*lab.spokes)
    assert {lab.instance(spoke)["remoteAddress"] for spoke in lab.spokes[:2]} == {"203.0.113.254"}
    bgp(lab, *lab.spokes)
    lab.reaches(*lab.spokes)
    lab.sealed()
    lab.away()
    lab.nft("delete table ip nat")


def test_a_hundred(lab):
    """Come and go, and leave nothing."""
    many = 100
    lab.away()
    lab.hub_tunnel("pre-shared-key of-all", "interface vpn-spoke%u")
    lab.crowd(lab.spokes[0].gear, many)
    topo.wait(lambda: len(lab.instances()) == many and all(tunnel["linkState"] == "up" for tunnel in lab.instances().values()),
              lambda: "{} of {}".format(lab.tunnels()["spokes"]["linkReason"], many), 120)  # fmt: skip
    assert set(lab.interfaces()) == {"vpn-spoke{}".format(n) for n in range(many)}
    for n in (0, many - 1):
        topo.wait_up(lab.spokes[0].gear, "crowd{}".format(n))
        assert topo.run(lab.spokes[0].gear, "ip route replace {} dev vpn{}".format(dialin.HUB_INSIDE, n + 1))[0] == 0
        assert topo.pings(lab.hub, dialin.HUB_INSIDE, "10.99.1.{}".format(n), 3) == 3
    lab.crowd(lab.spokes[0].gear, many, False)
    topo.wait(lambda: not lab.instances(), "all to go", 60)
    lab.clean()
    lab.sealed()
    lab.away()


def test_nothing_crashed(lab):
    for name in ("h", "s1", "s2"):
        assert not get_topogen().gears[name].check_router_running()

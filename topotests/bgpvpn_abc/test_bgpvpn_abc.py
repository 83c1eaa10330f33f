# SPDX-License-Identifier: GPL-2.0-or-later
"""Three sites, a full mesh of tunnels over three underlays; the underlay of A and B goes silently dead and heals.  The plan is in
vpnlab/plan.py, the scenario in vpnlab/failover.py: the same as in the demo (demo/run).

The result and a picture of it are left in the log directory of this test.
"""

import json
import os

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import failover, picture, plan, topo

pytestmark = [pytest.mark.bgpd, pytest.mark.bgpvpnd]


class TopoLab:
    """What vpnlab.failover wants to know of a lab, told of FRR's topology."""

    def __init__(self, tgen):
        self.tgen = tgen
        self.site_netns = {name: topo.netns(tgen.gears[name]) for name in plan.SITES}
        self.host_netns = {name: topo.netns(tgen.gears["host" + name]) for name in plan.SITES}
        self.router_netns = topo.netns(tgen.gears["R"])
        self.logs = {
            name: [os.path.join(tgen.logdir, name, daemon + ".log") for daemon in ("bgpd", "bgpvpnd")] for name in plan.SITES
        }

    def vtysh(self, site, *commands):
        return topo.vtysh(self.tgen.gears[site], *commands)[1]

    def cut(self):
        ends = (plan.End("A", "B").at_router, plan.End("B", "A").at_router)
        rules = "; ".join('add rule ip cut forward iifname "{}" drop'.format(name) for name in ends)
        chain = "add table ip cut; add chain ip cut forward { type filter hook forward priority 0; }; "
        self.tgen.gears["R"].net.cmd_raises(["nft", chain + rules])

    def heal(self):
        self.tgen.gears["R"].net.cmd_raises("nft delete table ip cut")

    def check(self):
        for name in plan.SITES:
            for daemon in topo.ALL_DAEMONS:
                if not topo.alive(self.tgen.gears[name], daemon):
                    raise failover.Failure("{} at {} is gone".format(daemon, name))


def site_config(name, keys):
    """vpnlab's configuration, and the addresses, which the framework wants from FRR."""
    site = plan.SITES[name]
    lines = ["hostname " + name, "!"]
    addresses = [("lan", site.gateway)] + [(end.underlay, end.outer) for end in plan.ends(name)]
    for interface, address in addresses:
        lines += ["interface " + interface, " ip address {}/24".format(address), "exit", "!"]
    lines += ["ip route {} {}".format(end.other.outer_net, end.next_hop) for end in plan.ends(name)]
    return "\n".join(lines + plan.vpn_config(name, keys) + plan.bgp_config(name)) + "\n"


def build_topo(tgen):
    for site in plan.SITES.values():
        tgen.add_router(site.name)
        tgen.add_host("host" + site.name, ip=site.host + "/24", defaultRoute="via " + site.gateway)
        tgen.add_link(tgen.gears[site.name], tgen.gears["host" + site.name], "lan", "eth0")
    tgen.add_router("R")
    for end in plan.ends():
        tgen.add_link(tgen.gears[end.site], tgen.gears["R"], end.underlay, end.at_router)


def setup_module(mod):
    tgen = Topogen(build_topo, mod.__name__)
    tgen.start_topology()
    keys = plan.pre_shared_keys()
    for end in plan.ends():
        tgen.gears["R"].run("ip addr add {}/24 dev {}".format(end.next_hop, end.at_router))
    for site in plan.SITES.values():
        host = tgen.gears["host" + site.name]
        host.run("ip addr replace {}/24 dev eth0".format(site.host))
        host.run("ip route replace default via {}".format(site.gateway))
    for name in ["R", *plan.SITES]:
        tgen.gears[name].run("sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0")
        tgen.gears[name].run("for i in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $i; done")
    for name in plan.SITES:
        path = os.path.join(tgen.logdir, name, "frr.conf")
        with open(path, "w") as file:
            file.write(site_config(name, keys))
        topo.load(tgen.gears[name], path)
        tgen.gears[name].start()


def teardown_module():
    get_topogen().stop_topology()


@pytest.fixture(name="result", scope="module")
def _result():
    tgen = get_topogen()
    if tgen.routers_have_failure():
        pytest.skip(tgen.errors)
    run = failover.Failover(TopoLab(tgen), lambda words, when=None: print(words))
    try:
        run.start_capture()
        run.wait_ready()
        run.run()
    finally:
        run.stop()
    result = run.result()
    with open(os.path.join(tgen.logdir, "failover.json"), "w") as file:
        json.dump(result, file, indent=1)
    with open(os.path.join(tgen.logdir, "failover.svg"), "w") as file:
        file.write(picture.draw(result, picture.samples(run)))
    return result


def test_paths(result):
    """Direct, through C, direct; and the way back the same."""
    assert result["pathBefore"] == ["A", "B"]
    assert result["pathDuring"] == ["A", "C", "B"]
    assert result["pathAfter"] == ["A", "B"]
    assert list(result["pathBeforeSeen"]["B to A"]) == ["B-A"]
    assert list(result["pathDuringSeen"]["B to A"]) == ["B-C-A"]
    assert list(result["pathAfterSeen"]["B to A"]) == ["B-A"]


def test_outage(result):
    assert result["outageMs"] <= failover.OUTAGE_LIMIT_MS, json.dumps(result["timeline"], indent=1)


def test_nothing_lost_at_the_return(result):
    assert result["lostAtHeal"] == 0, json.dumps(result["timeline"], indent=1)


def test_nothing_in_the_clear(result):
    assert result["clearTextPackets"] == 0, result["clearTextExamples"]
    assert result["captureDropped"] == 0
    assert set(result["underlayPackets"]) & {"esp", "esp in udp"}


def test_links_told_bgp(result):
    """It was the link that took BGP down, not BGP's own hold timer."""
    for entry in result["timeline"]:
        if entry["event"].startswith("BGP down"):
            assert "Interface down" in entry["detail"]
    assert sum(entry["event"].startswith("BGP down") for entry in result["timeline"]) == 2


def test_nothing_crashed():
    tgen = get_topogen()
    for name in plan.SITES:
        assert not tgen.gears[name].check_router_running()

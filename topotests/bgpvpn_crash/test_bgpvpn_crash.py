# SPDX-License-Identifier: GPL-2.0-or-later
"""One of two bgpvpnd is killed and started again, and only answers: the other one learns it from quick crash detection (RFC 6290).

      192.0.2.1                            198.51.100.1
     +---------+       10.0.12.0/24       +---------+
     |   r1    |--------------------------|   r2    |   initiate never
     | AS65001 |==== 169.254.10.0/30 =====| AS65002 |
     +---------+                          +---------+
"""

import json
import time

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import topo

pytestmark = [pytest.mark.bgpd, pytest.mark.bgpvpnd]
SECRET_FILE = "/var/run/frr/bgpvpnd.qcd"
# without a token the IKE SA is given up after 180 s, and not before
LIMIT = 60.0


def build_topo(tgen):
    for name in ("r1", "r2"):
        tgen.add_router(name)
    tgen.add_link(tgen.gears["r1"], tgen.gears["r2"], "r1-eth0", "r2-eth0")


def setup_module(mod):
    tgen = Topogen(build_topo, mod.__name__)
    tgen.start_topology()
    for router in tgen.routers().values():
        topo.load(router, "frr.conf")
    tgen.start_router()


def teardown_module():
    get_topogen().stop_topology()


@pytest.fixture(name="routers")
def _routers():
    tgen = get_topogen()
    return tgen.gears["r1"], tgen.gears["r2"]


def works(r1, r2, limit=LIMIT):
    topo.wait_up(r1, "to-r2", limit)
    topo.wait_up(r2, "to-r1", limit)
    topo.wait_bgp(r1, "169.254.10.2", limit)
    topo.wait(lambda: "dev vpn0" in topo.run(r1, "ip route get 198.51.100.1")[1], "r1's route through vpn0")
    topo.wait(lambda: "dev vpn0" in topo.run(r2, "ip route get 192.0.2.1")[1], "r2's route through vpn0")


def counters(router):
    shown = json.loads(topo.vtysh(router, "show vpn counters json")[1])
    return shown["ike"]


def crash(router):
    """kill -9: nobody says goodbye.  Then a new start, as watchfrr does it; bgpd and zebra never noticed."""
    command = topo.run(router, "tr '\\0' ' ' < /proc/$(cat /var/run/frr/bgpvpnd.pid)/cmdline")[1]
    status, said = topo.run(router, "kill -9 $(cat /var/run/frr/bgpvpnd.pid)")
    assert status == 0, said
    topo.wait(lambda: not topo.alive(router, "bgpvpnd"), "bgpvpnd to be gone")
    status, said = topo.run(router, command)
    assert status == 0, said
    topo.wait(lambda: topo.alive(router, "bgpvpnd"), "bgpvpnd to be back")
    status, said = topo.run(router, "vtysh -d bgpvpnd -b")
    assert topo.tunnel(router, "to-r1"), said


def test_the_tunnel(routers):
    works(*routers)


def test_the_secret_is_nobody_elses(routers):
    for router in routers:
        assert topo.run(router, "stat -c '%a %U %s' " + SECRET_FILE)[1].strip() == "600 frr 32"


def test_crash_is_noticed_at_once(routers):
    """A token, a new IKE SA, the link, BGP: and nothing of it was begun by r2.  There is traffic, so r1 asks soon, and again every two
    seconds; an idle r1 would ask for a sign of life every ten."""
    r1, r2 = routers
    before = topo.run(r2, "sha256sum " + SECRET_FILE)[1]
    topo.run(r1, "timeout 120 ping -i 0.2 -I 192.0.2.1 198.51.100.1 > /dev/null 2>&1 &")
    crash(r2)
    begin = time.monotonic()
    topo.wait(lambda: counters(r1)["refused"].get("peerRestarted", 0) == 1, "r1 to be shown the token", LIMIT)
    token = time.monotonic()
    works(r1, r2)
    print(
        "r2 is back; {:.1f} s later r1 knows that it had crashed, {:.1f} s later link and BGP are up".format(
            token - begin, time.monotonic() - begin
        )
    )
    assert topo.run(r2, "sha256sum " + SECRET_FILE)[1] == before
    assert counters(r2)["qcdTokensShown"] >= 1
    assert topo.pings(r1, "192.0.2.1", "198.51.100.1") == 10


def test_reason_is_said(routers):
    log = topo.logs(get_topogen(), routers[0])
    assert "the peer has lost the IKE SA, as after a restart" in log


@pytest.mark.parametrize("how", ["rm", "truncate -s 7"])
def test_lost_secret_is_made_anew(routers, how):
    """A daemon that cannot tell its peer is a daemon that can do everything else."""
    r1, r2 = routers
    wrong = counters(r1)["refused"].get("qcdWrong", 0)
    topo.run(r2, "{} {}".format(how, SECRET_FILE))
    crash(r2)
    assert topo.run(r2, "stat -c '%a %U %s' " + SECRET_FILE)[1].strip() == "600 frr 32"
    topo.wait(lambda: counters(r1)["refused"].get("qcdWrong", 0) > wrong, "r1 to be shown a wrong token", LIMIT)
    assert counters(r1)["refused"]["peerRestarted"] == 1
    topo.vtysh(r1, "clear vpn tunnel to-r2")
    works(r1, r2)


def test_unwritable_directory(routers):
    """One line of the log, quick crash detection is off, the tunnel works."""
    r1, r2 = routers
    topo.run(r2, "rm {0} && mkdir {0}".format(SECRET_FILE))
    crash(r2)
    assert topo.logs(get_topogen(), r2).count("quick crash detection is off") == 1
    topo.vtysh(r1, "clear vpn tunnel to-r2")
    works(r1, r2)
    topo.run(r2, "rmdir " + SECRET_FILE)

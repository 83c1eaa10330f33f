# SPDX-License-Identifier: GPL-2.0-or-later
"""What cannot work is refused at the prompt, with the reason and with nothing half applied; one bad line of an frr.conf costs that
line; what the machine lacks (a port, TUN, a capability) is said, and the daemon goes on serving what it can.

One router, and no peer: nothing here needs a tunnel that is up.
"""

import os
import re

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import topo

pytestmark = [pytest.mark.bgpvpnd]


def build_topo(tgen):
    for name in ("r1", "r2", "r3", "r4"):
        tgen.add_router(name)
        tgen.add_link(tgen.gears[name], tgen.add_switch("s-" + name), name + "-eth0")


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
    return router


def running(router):
    return topo.vtysh(router, "show running-config")[1]


def block(config, head):
    """The lines of one block of a configuration."""
    match = re.search(r"^{}\n((?: .*\n)*)exit$".format(re.escape(head)), config, re.M)
    return [line.strip() for line in match[1].splitlines()] if match else None


# --- one bad line in frr.conf ----------------------------------------------------------------------------


def test_one_bad_line_costs_that_line(r1):
    """"second" has a line of nonsense, and an inside address that overlaps with the one of "good"."""
    config = running(r1)
    good = block(config, "vpn tunnel good")
    assert "profile fast" in good and "pre-shared-key good-secret" in good and "inside address 169.254.10.1/30" in good
    second = block(config, "vpn tunnel second")
    assert "interface vpn1" in second and "inside address 169.254.11.1/30" in second and "pre-shared-key second-secret" in second
    assert "inside address 169.254.10.2/30" not in second
    assert "nonsense" not in config
    assert "liveness detect 300" in block(config, "vpn profile fast")
    assert "router bgp 65001" in config and "neighbor 169.254.10.2 remote-as 65002" in config


# --- refusals at the prompt ------------------------------------------------------------------------------

REFUSED = [
    # where, what, words of the reason
    ("vpn profile fast", "ike proposal aes999-sha256-modp2048", "aes999"),
    ("vpn profile fast", "ike proposal aes256gcm16-prfsha384", None),
    ("vpn profile fast", "esp proposal modp2048", None),
    ("vpn profile fast", "ike lifetime 1", None),
    ("vpn profile fast", "esp lifetime 3600 packets 10", None),
    ("vpn profile fast", "esp replay-window 5000", None),
    ("vpn profile fast", "liveness detect 10", None),
    ("vpn tunnel second", "interface a-name-of-16-let", None),
    ("vpn tunnel second", "interface lo", "lo"),
    ("vpn tunnel second", "inside address 169.254.10.2/30", "good"),
    ("vpn tunnel second", "inside address 169.254.12.0/30", "network"),
    ("vpn tunnel second", "inside address 169.254.12.3/30", "broadcast"),
    ("vpn tunnel second", "inside address 224.0.0.1/30", "224.0.0.1"),
    ("vpn tunnel second", "remote address 10.0.1.1", "10.0.1.1"),
    ("vpn tunnel second", "remote address 169.254.11.2", "inside address"),
    ("vpn tunnel second", "remote address 2001:db8::1", "families"),
    ("vpn tunnel second", "local address 2001:db8::1", "families"),
    ("vpn tunnel second", "local address 255.255.255.255", None),
    ("vpn tunnel second", "profile nobody", "nobody does not exist"),
    ("vpn tunnel second", "pre-shared-key file /nonexistent", "/nonexistent"),
    ("vpn tunnel second", "pre-shared-key file /proc", "/proc"),
    ("vpn tunnel second", "pre-shared-key file /etc/frr/open.psk", "open.psk"),
    ("vpn tunnel second", "pre-shared-key file /etc/frr/empty.psk", "empty"),
    ("vpn tunnel second", "pre-shared-key file /etc/frr/long.psk", "256"),
    ("vpn tunnel second", "pre-shared-key two words", "one word"),
    ("vpn profile fast", "pre-shared-key hush", "not to a profile"),
    ("vpn tunnel second", "ppk secret hush", "ppk id NAME"),
    ("vpn tunnel second", "ppk k1 hush", "ppk id NAME"),
    ("vpn tunnel second", "ppk id k1 file /a hush", "ppk id NAME"),
    ("vpn profile fast", "ppk id k1 secret hush", "of a tunnel"),
    ("vpn tunnel six", "mtu 1000", "1280"),
    ("vpn tunnel second", "mtu 100", None),
    ("vpn tunnel second", "tcp-mss 10000", None),
]


@pytest.fixture(name="files", scope="module")
def _files():
    """Files for pre-shared keys, in the private /etc/frr of r1."""
    r1 = get_topogen().gears["r1"]
    topo.run(r1, "cd /etc/frr; echo -n secret > good.psk; echo secret > open.psk; touch empty.psk; head -c 300 /dev/zero "
             "| tr '\\0' x > long.psk; chown frr:frr *.psk; chmod 600 *.psk; chmod 644 open.psk")  # fmt: skip


# the framework takes "::" for its own
@pytest.mark.parametrize("where, line, words", REFUSED, ids=[re.sub(r"[^\w.-]+", "-", line) for _, line, _ in REFUSED])
def test_refused_at_the_prompt(r1, files, where, line, words):
    before = running(r1)
    _, said = topo.config(r1, where, line)
    assert "%" in said or "Error" in said, "not refused: " + (said or "nothing was said")
    if words:
        assert words in said
    assert running(r1) == before


def test_a_profile_in_use_stays(r1):
    before = running(r1)
    _, said = topo.config(r1, "no vpn profile fast")
    assert "good" in said or "fast" in said
    assert running(r1) == before


def test_a_bad_name_makes_no_tunnel(r1):
    before = running(r1)
    topo.config(r1, "vpn tunnel .hidden")
    assert running(r1) == before


def test_incomplete_is_said(r1):
    """No peer yet, no secret yet: accepted, down, and the operator reads what is missing."""
    _, said = topo.config(r1, "vpn tunnel third", "remote address 10.0.1.4", "interface vpn3")
    assert "%" not in said
    reason = topo.tunnel(r1, "third")["linkReason"]
    assert "pre-shared key" in reason or "pre-shared-key" in reason
    topo.config(r1, "no vpn tunnel third")
    assert topo.tunnel(r1, "third") == {}
    assert "vpn tunnel third" not in running(r1)


def test_secret_from_a_file(r1, files):
    _, said = topo.config(r1, "vpn tunnel second", "pre-shared-key file /etc/frr/good.psk")
    assert "%" not in said
    second = block(running(r1), "vpn tunnel second")
    assert "pre-shared-key file /etc/frr/good.psk" in second and "pre-shared-key second-secret" not in second
    topo.config(r1, "vpn tunnel second", "pre-shared-key second-secret")


# --- the configuration comes back ------------------------------------------------------------------------

EVERYTHING = """vpn profile all
 ike proposal aes256gcm16-prfsha384-ecp384 aes128-sha256-modp2048
 ike lifetime 7200
 esp proposal aes256gcm16-ecp384 aes128-sha256
 esp lifetime 1800 bytes 5000000000 packets 4000000
 esp replay-window 64
 liveness interval 5
 liveness detect 250
 nat-traversal force
exit
vpn tunnel all
 description every word of it
 profile all
 local address 10.0.1.1
 local id fqdn a.example.org
 remote address 10.0.1.9
 remote id email b@example.org
 pre-shared-key all-of-it
 interface vpn9
 inside address 169.254.90.1/30
 inside address 2001:db8:90::1/64
 rsa-signature pkcs1
 initiate never
 mtu 1300
 tcp-mss 1200
 link hold-up 2000
 shutdown
exit
"""


def test_running_config_round_trip(r1):
    lines = EVERYTHING.splitlines()
    _, said = topo.config(r1, *[line.strip() for line in lines])
    assert "%" not in said
    config = running(r1)
    for head in ("vpn profile all", "vpn tunnel all"):
        start = lines.index(head)
        want = [line.strip() for line in lines[start + 1 : lines.index("exit", start)]]
        assert sorted(block(config, head)) == sorted(want)
    # what was printed, taken in again, changes nothing
    topo.run(r1, "vtysh -c 'show running-config' | sed -n '/^vpn/,/^exit/p' > /etc/frr/again.conf")
    status, said = topo.run(r1, "vtysh -f /etc/frr/again.conf")
    assert status == 0, said
    assert running(r1) == config


def test_no_forms(r1):
    """Every line can be taken back, to its default."""
    topo.config(r1, "vpn tunnel all", "no description", "no profile", "no local id", "no remote id", "no initiate", "no mtu",
                "no rsa-signature", "no tcp-mss", "no link hold-up", "no shutdown", "no inside address 2001:db8:90::1/64")  # fmt: skip
    left = block(running(r1), "vpn tunnel all")
    assert sorted(left) == sorted(
        ["local address 10.0.1.1", "remote address 10.0.1.9", "pre-shared-key all-of-it", "interface vpn9",
         "inside address 169.254.90.1/30"]
    )  # fmt: skip
    topo.config(r1, "no vpn tunnel all", "no vpn profile all")
    config = running(r1)
    assert "vpn tunnel all" not in config and "vpn profile all" not in config
    assert topo.run(r1, "ip link show vpn9")[0] != 0


def test_write_memory_integrated(r1):
    """`write memory` keeps our part beside bgpd's, and a daemon that starts again takes it in."""
    assert topo.vtysh(r1, "write memory")[0] == 0
    written = topo.run(r1, "cat /etc/frr/frr.conf")[1]
    shown = running(r1)
    for head in ("vpn profile fast", "vpn tunnel good", "vpn tunnel second"):
        assert block(written, head) == block(shown, head) is not None
    assert "router bgp 65001" in written
    mode = topo.run(r1, "stat -c '%a %U' /etc/frr/frr.conf")[1].split()
    assert mode[0][-1] == "0" and mode[1] == "frr", "secrets are in it"


# --- what the machine lacks ------------------------------------------------------------------------------


def start_alone(name, before="", wrap=""):
    """bgpvpnd and zebra in a router, started by hand; gives back what bgpvpnd logs."""
    tgen = get_topogen()
    router = tgen.gears[name]
    frrdir = os.environ["BGPVPN_FRRDIR"]
    log = os.path.join(tgen.logdir, name, "bgpvpnd.log")
    topo.run(router, "ip addr add 10.0.1.1/24 dev {}-eth0; echo service integrated-vtysh-config > /etc/frr/vtysh.conf".format(name))
    topo.run(router, "install -o frr -g frr -m 666 /dev/null {}".format(log))
    assert topo.run(router, "{}/zebra -d".format(frrdir))[0] == 0
    status, said = topo.run(router, "{} {} {}/bgpvpnd -d --log file:{}".format(before, wrap, frrdir, log))
    assert status == 0, said
    _, said = topo.config(router, "vpn tunnel t", "local address 10.0.1.1", "remote address 10.0.1.2", "pre-shared-key x",
                          "interface vpn0", "inside address 169.254.10.1/30")  # fmt: skip
    assert "%" not in said
    return router, log


def read(path):
    with open(path, errors="replace") as file:
        return file.read()


def still_serves(router):
    """The daemon is there, shows its configuration and the tunnel, and says why that is down."""
    assert "vpn tunnel t" in running(router)
    shown = topo.tunnel(router, "t")
    assert shown["linkState"] == "down" and shown["linkReason"]
    return shown


def test_port_in_use():
    """UDP 500 is somebody else's: said, with what to do; taken when it is free again."""
    squat = "python3 -c 'import socket,time; s=socket.socket(2,2); s.bind((\"\",500)); time.sleep(60)' >/dev/null 2>&1 & echo $! > /etc/frr/squat; sleep 0.5;"
    router, log = start_alone("r2", before=squat)
    topo.wait(lambda: re.search(r"\b500\b.*(in use|Address already)", read(log)), lambda: "the port in the log: " + read(log), 5)
    still_serves(router)
    topo.run(router, "kill $(cat /etc/frr/squat)")
    topo.wait(lambda: topo.run(router, "ss -Hulpn 'sport = :500'")[1].find("bgpvpnd") >= 0, "bgpvpnd to take port 500", 15)


def test_no_tun_device():
    """/dev/net/tun is not there; the kernel data plane does not miss it."""
    tgen = get_topogen()
    topo.run(tgen.gears["r3"], "mount -t tmpfs tmpfs /dev/net")
    router, log = start_alone("r3")
    still_serves(router)
    if os.environ.get("BGPVPN_DATAPLANE") == "kernel":
        topo.wait(lambda: topo.run(router, "ip link show vpn0")[0] == 0, "vpn0")
        return
    assert "tun" in read(log).lower()
    assert topo.run(router, "ip link show vpn0")[0] != 0
    assert "/dev/net/tun" in topo.vtysh(router, "show vpn dataplane")[1] + read(log)


def test_no_cap_net_admin():
    """The capability is taken away from everything that bgpvpnd can become."""
    router, log = start_alone("r4", wrap="setpriv --bounding-set=-net_admin --inh-caps=-net_admin")
    still_serves(router)
    assert "CAP_NET_ADMIN" in read(log) + topo.vtysh(router, "show vpn dataplane")[1]


def test_nothing_crashed():
    tgen = get_topogen()
    assert not tgen.gears["r1"].check_router_running()
    for name in ("r2", "r3", "r4"):
        assert topo.run(tgen.gears[name], "kill -0 $(cat /var/run/frr/bgpvpnd.pid)")[0] == 0

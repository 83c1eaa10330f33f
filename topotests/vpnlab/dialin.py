# SPDX-License-Identifier: GPL-2.0-or-later
"""A hub that knows no address of its spokes, and three spokes that dial in: two bgpvpnd and a strongSwan.

     192.168.1.1  s1 10.0.1.1 ---.
                                  \\
     192.168.2.1  s2 10.0.2.1 --- isp --- 203.0.113.1 h  172.16.0.1
                                  /
     192.168.3.1  s3 10.0.3.1 ---'

Inside they are 10.99.0.1 and 10.99.0.11 to 13."""

import ipaddress
import json
import os
import re

from lib.topogen import Topogen, get_topogen

from . import capture, certs, observer, strongswan, topo
from .undisturbed import End

HUB, HUB_INSIDE, HUB_LAN, HUB_NAME = "203.0.113.1", "10.99.0.1", "172.16.0.1", "h.example.org"
INNER = [ipaddress.ip_network(net) for net in ("10.99.0.0/24", "192.168.0.0/16", "172.16.0.0/16")]
SUITE = {"ike": "aes128gcm16-prfsha256-curve25519", "esp": "aes128gcm16"}
PLANE = os.environ.get("BGPVPN_DATAPLANE")


class Spoke:
    def __init__(self, number):
        self.number = number
        self.name = "s{}".format(number)
        self.fqdn = self.name + ".example.org"
        self.outer = "10.0.{}.1".format(number)
        self.inside = "10.99.0.1{}".format(number)
        self.lan = "192.168.{}.1".format(number)
        self.lan_net = "192.168.{}.0/24".format(number)

    @property
    def gear(self):
        return get_topogen().gears[self.name]


def build_topo(tgen):
    for name in ("h", "s1", "s2", "s3", "isp"):
        tgen.add_router(name)
    for number, name in enumerate(("h", "s1", "s2", "s3")):
        tgen.add_link(tgen.gears[name], tgen.gears["isp"], name + "-eth0", "isp-eth{}".format(number))


class Lab:
    def __init__(self, module):
        self.spokes = [Spoke(number) for number in (1, 2, 3)]
        self.charon = None
        self.by_address = False  # whether the spokes are known to the hub by their inside addresses, or by their names
        tgen = Topogen(build_topo, module)
        tgen.start_topology()
        self.hub, self.isp = tgen.gears["h"], tgen.gears["isp"]
        topo.load(self.isp, "frr.conf", daemons=("zebra",))
        for name in ("h", "s1", "s2"):
            topo.load(tgen.gears[name], "frr.conf")
        topo.load(tgen.gears["s3"], "frr.conf", daemons=("zebra", "staticd", "bgpd"))
        self._watch()
        self.isp.start()
        tgen.gears["s3"].start()
        self._charon(tgen)
        for name in ("h", "s1", "s2"):
            tgen.gears[name].start()
        for name in ("h", "s1", "s2"):
            topo.run(tgen.gears[name], "sysctl -qw net.ipv4.ip_forward=1")
        self._certificates()

    def _watch(self):
        self.observer = observer.Observer()
        addresses = [HUB_INSIDE, HUB_LAN] + [a for spoke in self.spokes for a in (spoke.inside, spoke.lan)]
        self.capture = capture.Capture(topo.netns(self.isp), capture.Rules(INNER, addresses, os.urandom(16)), self.observer)
        self.observer.start()

    def _charon(self, tgen):
        spoke = self.spokes[2]
        settings = {"retransmit_timeout": 1, "retransmit_tries": 2, "keep_alive": "3s", "make_before_break": "yes"}
        self.charon = strongswan.StrongSwan(topo.netns(spoke.gear), os.path.join(tgen.logdir, "charon"), settings)
        self.charon.start()
        self.charon.device(spoke.inside + "/32")

    def _certificates(self):
        self._workshop = certs.Workshop()
        self.root = self._workshop.authority("root")
        self.certs = {}
        for name in ("h", "s1", "s2", "s3"):
            self.certs[name] = self.root.issue(name, fqdn=name + ".example.org")
            self.certs[name].for_user("frr")

    def stop(self):
        if self.charon:
            self.charon.stop()
        self.observer.stop()
        self._workshop.close()
        get_topogen().stop_topology()

    # --- configuration ---------------------------------------------------------------------------------------

    def certificate(self, name):
        cert = self.certs[name]
        return ("certificate {} private-key {} ca {}".format(cert.chain, cert.key, self.root.cert), "local id fqdn {}.example.org".format(name))

    @staticmethod
    def configure(gear, name, *lines):
        """This one tunnel, anew."""
        status, said = topo.config(gear, "no vpn tunnel " + name, "vpn tunnel " + name, "shutdown", *lines, "no shutdown")
        assert status == 0 and "%" not in said, said

    def hub_tunnel(self, *lines, name="spokes"):
        self.configure(self.hub, name, "local address " + HUB, "remote address any", "link hold-up 0", *lines)

    def dial(self, spoke, selectors, proof=None, name="hub", more=()):
        """One of ours.  proof: lines, else its certificate."""
        lines = ["local address " + spoke.outer, "remote address " + HUB, "interface vpn0", "inside address {}/32".format(spoke.inside),
                 "link hold-up 0", *(proof or [*self.certificate(spoke.name), "remote id fqdn " + HUB_NAME]),
                 *("traffic-selector local " + ts for ts in selectors), *more]  # fmt: skip
        self.configure(spoke.gear, name, *lines)

    def dial_charon(self, selectors, **options):
        """The stranger, with its certificate, or with secret=... and ids=..."""
        spoke = self.spokes[2]
        if "secret" not in options:
            self.charon.credentials(private=[self.certs["s3"].key], authorities=[self.root.cert])
            options["us"] = {"auth": "pubkey", "id": spoke.fqdn, "certs": self.certs["s3"].cert}
            options["them"] = {"auth": "pubkey", "id": HUB_NAME}
        self.charon.connection("hub", spoke.outer, HUB, ts=(",".join(selectors), "0.0.0.0/0"), **SUITE, **options)
        self.charon.initiate("hub")

    def away_spokes(self):
        for spoke in self.spokes[:2]:
            topo.config(spoke.gear, "no vpn tunnel hub")
        self.charon.terminate("hub")

    def away(self):
        """No tunnel anywhere."""
        self.away_spokes()
        for name in self.tunnels():
            if "/" not in name:
                topo.config(self.hub, "no vpn tunnel " + name)
        topo.wait(lambda: not self.tunnels(), "the tunnels to go")
        self.clean()
        self.by_address = False

    def crowd(self, gear, number, there=True):
        """So many more tunnels of this spoke to the hub, each of another name; or none of them."""
        lines = []
        for n in range(number):
            lines += ["no vpn tunnel crowd{}".format(n)] if not there else [
                "vpn tunnel crowd{}".format(n), "shutdown", "local address 10.0.1.1", "remote address " + HUB, "local id fqdn crowd{}".format(n),
                "pre-shared-key of-all", "interface vpn{}".format(n + 1), "inside address 10.99.1.{}/32".format(n),
                "traffic-selector local 10.99.1.{}/32".format(n), "link hold-up 0", "no shutdown", "exit"]  # fmt: skip
        path = os.path.join(get_topogen().logdir, "crowd.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")
        status, said = topo.run(gear, "vtysh -f " + path)
        assert status == 0 and "%" not in said, said

    # --- what is -----------------------------------------------------------------------------------------------

    def tunnels(self):
        return json.loads(topo.vtysh(self.hub, "show vpn json")[1]).get("tunnels", {})

    def instances(self):
        return {name: tunnel for name, tunnel in self.tunnels().items() if "/" in name}

    def instance(self, spoke):
        """What the hub says of this spoke's tunnel; {}: there is none."""
        found = [tunnel for name, tunnel in self.instances().items() if name.endswith("/" + self.peer_id(spoke))]
        return found[0] if len(found) == 1 else {}

    def peer_id(self, spoke):
        return spoke.inside if self.by_address else spoke.fqdn

    def interfaces(self):
        """Names and numbers of the hub's tunnel interfaces."""
        return {link["ifname"]: link["ifindex"] for link in json.loads(topo.run(self.hub, "ip -j link show")[1]) if link["ifname"].startswith("vpn")}

    def way(self, address):
        """The interface that the hub sends to this address by; "" when by none of the tunnels."""
        match = re.search(r"dev (vpn\S*)", topo.run(self.hub, "ip route get " + address)[1])
        return match[1] if match else ""

    def goes(self, interface, *addresses):
        """Until the hub sends there by this interface; "": by none."""
        for address in addresses:
            topo.wait(lambda a=address: self.way(a) == interface,
                      lambda a=address: "the way to {} by {!r}: {}".format(a, interface, topo.run(self.hub, "ip route")[1]), 10)  # fmt: skip

    def up(self, *spokes, limit=30):
        for spoke in spokes:
            topo.wait(lambda s=spoke: self.instance(s).get("linkState") == "up",
                      lambda s=spoke: "{} at the hub: {}".format(s.name, {n: (t["linkState"], t["linkReason"]) for n, t in self.tunnels().items()}),
                      limit)  # fmt: skip
            if spoke.number != 3:
                topo.wait_up(spoke.gear, "hub", limit)

    def reaches(self, *spokes):
        """Hub and spokes, and spokes among each other."""
        pairs = [(self.hub, HUB_LAN, spoke.lan) for spoke in spokes] + [(spoke.gear, spoke.inside, HUB_INSIDE) for spoke in spokes]
        pairs += [(spoke.gear, spoke.lan, other.lan) for spoke in spokes for other in spokes if spoke.number < other.number]
        for gear, source, target in pairs:
            # the routes of the far end come in their own time
            ping = "ping -c 1 -W 1 -I {} {}".format(source, target)
            topo.wait(lambda g=gear, p=ping: topo.run(g, p)[0] == 0, lambda g=gear, p=ping: "{}: {}; {}".format(g.name, p, topo.run(g, "ip route")[1]))
            assert topo.pings(gear, source, target, 3) == 3, (gear.name, source, target)

    def end(self, spoke):
        """For the traffic that nothing may disturb."""
        return End(spoke.gear, None if spoke.number == 3 else "hub", spoke.lan, None)

    def hub_end(self):
        return End(self.hub, None, HUB_LAN, None)

    def clean(self):
        """Nothing of ours in the hub's kernel."""
        topo.wait(lambda: not self.interfaces(), lambda: "the interfaces to go: {}".format(self.interfaces()), 5)
        assert not re.search(r"dev vpn", topo.run(self.hub, "ip route show table all")[1])
        if PLANE == "kernel":
            for what in ("state", "policy"):
                assert "reqid" not in topo.run(self.hub, "ip xfrm {} list".format(what))[1]

    def sealed(self):
        """Nothing was seen in the clear."""
        seen = self.capture
        seen.note_drops()
        assert not self.observer.failure and not seen.dropped
        assert not seen.clear_text_packets, seen.examples
        assert seen.allowed["ike"] and seen.allowed["esp"] + seen.allowed["esp in udp"]

    def silence(self, spoke, on=True):
        """The provider drops all of this spoke."""
        if on:
            rules = "; ".join("add rule ip cut forward ip {} {} drop".format(side, spoke.outer) for side in ("saddr", "daddr"))
            self.nft("add table ip cut; add chain ip cut forward {{ type filter hook forward priority 0; }}; {}".format(rules))
        else:
            self.nft("delete table ip cut")

    def nft(self, rules):
        self.isp.net.cmd_raises(["nft", rules])

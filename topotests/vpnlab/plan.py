# SPDX-License-Identifier: GPL-2.0-or-later
"""The plan of the three sites: a LAN and an AS each, a full mesh of tunnels, every pair of sites over an underlay of its own
through the router R.

            A  192.0.2.0/24, AS 65001
           / \\
     10.12    10.13            the underlay of a pair: 10.<pair>.1.0/24 at the first, 10.<pair>.2.0/24 at the second
         /      \\              the tunnel of a pair: 169.254.<pair>.0/30 inside
        B --10.23-- C
"""

import ipaddress
import secrets
from dataclasses import dataclass


@dataclass(frozen=True)
class Site:
    name: str
    number: int
    lan: str

    @property
    def asn(self):
        return 65000 + self.number

    @property
    def gateway(self):
        return str(ipaddress.ip_network(self.lan)[1])

    @property
    def host(self):
        return str(ipaddress.ip_network(self.lan)[10])


SITES = {
    site.name: site
    for site in (
        Site("A", 1, "192.0.2.0/24"),
        Site("B", 2, "198.51.100.0/24"),
        Site("C", 3, "203.0.113.0/24"),
    )
}
PAIRS = (("A", "B"), ("A", "C"), ("B", "C"))
INNER_NETS = tuple(ipaddress.ip_network(net) for net in [s.lan for s in SITES.values()] + ["169.254.0.0/16"])


@dataclass(frozen=True)
class End:
    """One end of the tunnel between `site` and `peer`."""

    site: str
    peer: str

    @property
    def pair(self):
        return "".join(str(SITES[name].number) for name in sorted((self.site, self.peer)))

    @property
    def side(self):
        return 1 if self.site < self.peer else 2

    @property
    def other(self):
        return End(self.peer, self.site)

    @property
    def outer(self):
        return f"10.{self.pair}.{self.side}.1"

    @property
    def next_hop(self):
        return f"10.{self.pair}.{self.side}.254"

    @property
    def outer_net(self):
        return f"10.{self.pair}.{self.side}.0/24"

    @property
    def underlay(self):
        """The interface towards R, in the site."""
        return f"ul-{self.peer.lower()}"

    @property
    def at_router(self):
        """The interface at R, where this end arrives."""
        return f"{self.site.lower()}-to-{self.peer.lower()}"

    @property
    def tunnel(self):
        return f"to-{self.peer.lower()}"

    @property
    def interface(self):
        return f"vpn-{self.peer.lower()}"

    @property
    def inside(self):
        return f"169.254.{self.pair}.{self.side}"


def ends(site=None):
    """Every end of every tunnel, or those of one site."""
    both = [End(a, b) for a, b in PAIRS] + [End(b, a) for a, b in PAIRS]
    return [end for end in both if site in (None, end.site)]


def inner_addresses():
    """Every address that must be seen on the underlay inside of ESP only."""
    lan = [address for site in SITES.values() for address in (site.gateway, site.host)]
    return lan + [end.inside for end in ends()]


def pre_shared_keys():
    """One secret per pair, new in every run."""
    return {frozenset(pair): secrets.token_urlsafe(24) for pair in PAIRS}


def vpn_config(site, keys):
    """The tunnels of one site.  All settings are the defaults: the demo measures what an operator gets."""
    lines = []
    for end in ends(site):
        lines += [
            f"vpn tunnel {end.tunnel}",
            f" local address {end.outer}",
            f" remote address {end.other.outer}",
            f" pre-shared-key {keys[frozenset((end.site, end.peer))]}",
            f" interface {end.interface}",
            f" inside address {end.inside}/30",
            "exit",
            "!",
        ]
    return lines


def bgp_config(site):
    """eBGP to both neighbours through the tunnels, on the default BGP timers."""
    me = SITES[site]
    lines = [
        f"router bgp {me.asn}",
        f" bgp router-id {me.gateway}",
        " bgp log-neighbor-changes",
        " no bgp ebgp-requires-policy",
    ]
    for end in ends(site):
        peer = end.other.inside
        lines += [
            f" neighbor {peer} remote-as {SITES[end.peer].asn}",
            f" neighbor {peer} description {end.peer}",
            f" neighbor {peer} advertisement-interval 0",
            f" neighbor {peer} timers connect 1",
        ]
    lines += [" !", " address-family ipv4 unicast", f"  network {me.lan}", " exit-address-family", "exit", "!"]
    return lines


def frr_config(site, keys, log):
    """The whole frr.conf of one site."""
    head = [f"hostname {site}", f"log file {log}", "log timestamp precision 6", "service integrated-vtysh-config", "!"]
    return "\n".join(head + vpn_config(site, keys) + bgp_config(site)) + "\n"

# SPDX-License-Identifier: GPL-2.0-or-later
"""What the A-B-C demo (demo/run) and the topotests share: the plan of the three sites, and the measuring of what really
happens on the wire.  Nothing in here trusts bgpvpnd: paths, losses and clear text are taken from packets.

plan       who is where: addresses, AS numbers, and the configuration of each site
netns      sockets that live in another network namespace
observer   one thread that reads them all
probe      a packet every 10 ms in both directions, and what became of each
trace      which site saw which probe, in order: the path
capture    every packet on the underlay, and whether it may be there
events     link state from the kernel, BGP and VPN from the logs
failover   the scenario: steady, cut, steady, heal, steady; and the judgement
picture    the run as an SVG
strongswan a third-party peer
"""

# SPDX-License-Identifier: GPL-2.0-or-later
"""Proves that something goes unnoticed: constant traffic between two ends loses nothing, no link and no BGP session changes."""

import json
import time

from . import observer, probe, topo

# What is still under way when the last probe has been sent.
GRACE = 1.0


class End:
    """One end of a tunnel.  tunnel: its name at our daemon, None where a stranger runs; neighbor: None without BGP."""

    def __init__(self, gear, tunnel, address, neighbor):
        self.gear = gear
        self.tunnel = tunnel
        self.address = address
        self.neighbor = neighbor

    def state(self):
        """What must not change."""
        state = {}
        if self.neighbor:
            shown = json.loads(topo.vtysh(self.gear, "show bgp neighbors {} json".format(self.neighbor))[1])[self.neighbor]
            state |= {key: shown[key] for key in ("bgpState", "connectionsEstablished", "connectionsDropped")}
        if self.tunnel:
            link = topo.tunnel(self.gear, self.tunnel)
            state |= {key: link[key] for key in ("linkState", "linkChanges")}
        return state


class Watched:
    """with Watched(a, b, pps): traffic in the block; afterwards lost(end) and, of the links and BGP, unchanged()."""

    def __init__(self, a, b, pps=100):
        self.ends = (a, b)
        self.pps = pps
        self.observer = observer.Observer()
        self.flows = [self._flow(0, a, b), self._flow(1, b, a)]
        self.prober = probe.Prober(self.flows, self.observer, 1 / pps)

    @staticmethod
    def _flow(number, source, target):
        return probe.Flow(
            number, source.gear.name, target.gear.name, topo.netns(source.gear), source.address, topo.netns(target.gear), target.address
        )

    def __enter__(self):
        self.before = [end.state() for end in self.ends]
        self.observer.start()
        self.start = time.time()
        self.prober.start()
        return self

    def __exit__(self, kind, value, trace):
        self.prober.stop()
        self.end = time.time()
        time.sleep(GRACE)
        self.observer.stop()
        if kind:
            return
        assert not self.observer.failure, self.observer.failure
        print(self.words(self.end))
        for flow in self.flows:
            # a machine under load may skip turns; a measurement with large holes proves nothing
            assert len(flow.sent) > 0.5 * self.pps * (self.end - self.start), self.words(self.end)

    def unchanged(self):
        return [end.state() for end in self.ends] == self.before

    def lost(self, end):
        return [flow.lost(self.start, end) for flow in self.flows]

    def words(self, end):
        """Per direction: how many, and when the lost ones were sent."""
        said = []
        for flow, lost in zip(self.flows, self.lost(end)):
            when = ", ".join("{:.3f}".format(flow.sent[seq]) for seq in lost[:20])
            said.append("{}: {} of {} lost {}".format(flow.name, len(lost), len(flow.sent), when))
        return "; ".join(said)


class Undisturbed(Watched):
    """with Undisturbed(a, b, pps): whatever happens in the block must not be noticed.  may_lose: packets in a direction that a
    stranger is known to lose."""

    def __init__(self, a, b, pps=100, may_lose=0):
        super().__init__(a, b, pps)
        self.may_lose = may_lose

    def __exit__(self, kind, value, trace):
        super().__exit__(kind, value, trace)
        if kind:
            return
        assert all(len(lost) <= self.may_lose for lost in self.lost(self.end)), self.words(self.end)
        assert self.unchanged()

# SPDX-License-Identifier: GPL-2.0-or-later
"""The scenario that the whole project is for: A talks to B, the underlay between them goes silently dead, the traffic comes back
through C; the underlay heals, the traffic returns.  And the judgement, from packets only.

A lab gives: site_netns and host_netns (name -> namespace file), router_netns, logs (name -> list of files), vtysh(site, *commands),
cut(), heal(), check() (raises when something died)."""

import json
import os
import socket
import time

from . import capture, netns, observer, plan, probe, trace
from .events import Links, Log

STEADY = 3.0  # seconds of undisturbed traffic before the cut, and through C before the heal
AFTER = 5.0  # seconds watched after the return
DRAIN = 1.0
RETURN_LIMIT = 60.0
START_LIMIT = 90.0
# What we promise. A guest of tests/guest computes several times slower, of either plane: there this proves the way, not the time.
OUTAGE_LIMIT_MS = 3000.0 if "BGPVPN_IN_GUEST" in os.environ else 1000.0
PROOF_PORT = 9


class Failure(Exception):
    """The scenario could not be carried through; the words are for the operator."""


class Failover:
    def __init__(self, lab, say):
        self.lab = lab
        self.say = say
        self.observer = observer.Observer()
        a, b = plan.SITES["A"], plan.SITES["B"]
        host = lab.host_netns
        self.flows = [
            probe.Flow(0, "A", "B", host["A"], a.host, host["B"], b.host),
            probe.Flow(1, "B", "A", host["B"], b.host, host["A"], a.host),
        ]
        self.prober = probe.Prober(self.flows, self.observer)
        rules = capture.Rules(plan.INNER_NETS, plan.inner_addresses(), self.prober.cookie)
        self.capture = capture.Capture(lab.router_netns, rules, self.observer)
        self.tracer = trace.Tracer(lab.site_netns, self.prober.cookie, self.observer)
        self.links = {
            name: Links(name, lab.site_netns[name], self.observer, [end.interface for end in plan.ends(name)])
            for name in plan.SITES
        }
        self.logs = {name: Log(name, lab.logs[name]) for name in plan.SITES}
        self.started = self.cut = self.heal = self.back = self.ended = None
        self.dataplane = None
        self._told = set()
        self._sinks = []
        self._stopped = False

    # --- the parts of the run ---------------------------------------------------------------------------

    def start_capture(self):
        """Starts looking, and proves that the witness can speak: one clear-text packet must be seen, exactly one."""
        self.observer.start()
        self.inject("A", "B")
        self._wait(lambda: self.capture.clear_text_packets >= 1, "the capture to see a clear-text packet", 5)
        time.sleep(0.1)
        if self.capture.clear_text_packets != 1:
            raise Failure(f"the capture saw {self.capture.clear_text_packets} clear-text packets where one was sent")
        self.capture.reset()
        self.say("the capture on the underlay counts clear text (proved with one packet)")

    def inject(self, site, peer, payload=b"clear text", port=PROOF_PORT):
        """One UDP packet from underlay address to underlay address; a sink there keeps the kernel from answering it."""
        end = plan.End(site, peer)
        sink = netns.inside(self.lab.site_netns[peer], _sink, end.other.outer, port)
        self._sinks.append(sink)

        def send():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.bind((end.outer, 0))
                sock.sendto(payload, (end.other.outer, port))

        netns.inside(self.lab.site_netns[site], send)

    def wait_ready(self):
        """Every BGP session up, and A and B reach each other's LAN over the direct tunnel."""

        def sessions():
            return {name: self._established(name) for name in plan.SITES}

        def progress():
            return "BGP sessions up: " + ", ".join(f"{name} {up}/2" for name, up in sessions().items())

        self._wait(lambda: all(up == 2 for up in sessions().values()), "all BGP sessions", START_LIMIT, progress)
        for end in (plan.End("A", "B"), plan.End("B", "A")):
            self._wait(lambda: self._direct(end), f"{end.site}'s route to {end.peer} over {end.interface}", START_LIMIT)
        self.dataplane = self._dataplane()
        self.say(f"all BGP sessions are up, data plane: {self.dataplane}")

    def run(self):
        """Cut and heal under traffic."""
        self.started = time.time()
        self.prober.start()
        self._steady(("A", "B"), "traffic over the direct tunnel")
        self.say(f"steady for {STEADY:.0f} s on {self._show_path(time.time() - 1)}")
        self.cut = time.time()
        self.lab.cut()
        self.say("the underlay A-B now drops every packet, silently")
        self._steady(("A", "C", "B"), "traffic through C")
        self.say(f"steady for {STEADY:.0f} s on {self._show_path(time.time() - 1)}")
        self.lab.heal()
        self.heal = time.time()
        self.say("the underlay A-B is healed")
        self._wait(lambda: self._last_direct() is not None, "the return to the direct tunnel", RETURN_LIMIT)
        self.say(f"back on {self._show_path(time.time() - 0.3)}")
        self._wait(lambda: time.time() - (self._last_direct() or time.time()) > AFTER, "the return to last", RETURN_LIMIT)
        self.prober.stop()
        time.sleep(DRAIN)
        self.back = self._last_direct()
        if self.back is None:
            raise Failure("the traffic left the direct tunnel again")
        self.ended = self.back + AFTER

    def stop(self):
        """May be called twice."""
        if self._stopped:
            return
        self._stopped = True
        self.prober.stop()
        self._drain_events()
        self.capture.note_drops()
        for links in self.links.values():
            links.stop()
        for sink in self._sinks:
            sink.close()
        self.observer.stop()

    # --- waiting ----------------------------------------------------------------------------------------

    def _wait(self, done, what, limit, progress=None):
        start = shown = time.monotonic()
        while not done():
            self.lab.check()
            if self.observer.failure:
                raise Failure(f"the measurement broke off: {self.observer.failure!r}")
            self._drain_events()
            now = time.monotonic()
            if now - start > limit:
                detail = f" ({progress()})" if progress else ""
                raise Failure(f"waited {limit:.0f} s in vain for {what}{detail}")
            if now - shown > 2:
                shown = now
                self.say(progress() if progress else f"waiting for {what}")
            time.sleep(0.05)
        self._drain_events()

    def _steady(self, path, what):
        """Every probe of the last STEADY seconds, both ways, arrived over `path`."""

        def steady():
            end = time.time() - 0.3
            start = end - STEADY
            if start < (self.cut or self.started):
                return False
            return all(self._all_over(flow, path, start, end) for flow in self.flows)

        self._wait(steady, what, RETURN_LIMIT)

    def _all_over(self, flow, path, start, end):
        paths = self.tracer.paths(flow, start, end)
        want = path if flow.source == path[0] else path[::-1]
        return set(paths) == {want} and not flow.lost(start, end)

    def _drain_events(self):
        """Tells new events while the scenario runs."""
        for log in self.logs.values():
            log.read()
        for event in self.events():
            if id(event) not in self._told:
                self._told.add(id(event))
                self.say(f"{event.site}: {event.kind} {event.subject} {event.text}".rstrip(), event.when)

    # --- looking ----------------------------------------------------------------------------------------

    def events(self):
        sources = list(self.links.values()) + list(self.logs.values())
        return sorted(event for source in sources for event in list(source.events))

    def _established(self, site):
        try:
            summary = json.loads(self.lab.vtysh(site, "show bgp summary json"))
        except ValueError:
            return 0
        peers = summary.get("ipv4Unicast", {}).get("peers", {})
        return sum(peer.get("state") == "Established" for peer in peers.values())

    def _direct(self, end):
        try:
            routes = json.loads(self.lab.vtysh(end.site, f"show ip route {plan.SITES[end.peer].lan} json"))
        except ValueError:
            return False
        hops = [hop for entries in routes.values() for entry in entries if entry.get("selected") for hop in entry["nexthops"]]
        return bool(hops) and all(hop.get("interfaceName") == end.interface and hop.get("fib") for hop in hops)

    def _dataplane(self):
        shown = {name: json.loads(self.lab.vtysh(name, "show vpn json")) for name in plan.SITES}
        kinds = {tunnel["dataplane"] for site in shown.values() for tunnel in site["tunnels"].values()}
        return "+".join(sorted(kinds))

    def _last_direct(self):
        """Since when every probe that arrived, both ways, was on the direct tunnel; None while one is not."""
        since = []
        newest = time.time() - 0.2  # what is younger may not have been read at every site
        for flow in self.flows:
            want = (flow.source, flow.target)
            first = None
            for seq in reversed(range(len(flow.sent))):
                if flow.sent[seq] < self.heal:
                    break
                if flow.sent[seq] < newest and seq in flow.arrived:
                    if self.tracer.path(flow, seq) != want:
                        break
                    first = flow.arrived[seq]
            since.append(first)
        return None if None in since else max(since)

    def _show_path(self, since):
        paths = self.tracer.paths(self.flows[0], since, time.time())
        return "-".join(paths.most_common(1)[0][0]) if paths else "no path"

    # --- the judgement ----------------------------------------------------------------------------------

    def outage_end(self, flow):
        """Arrival of the packet after the last one that was lost between cut and heal: from then on all is well."""
        lost = flow.lost(self.cut - probe.SPACING, self.heal)
        if not lost:
            return self.cut
        return min(when for seq, when in flow.arrived.items() if seq > lost[-1])

    def result(self):
        ends = {flow.name: self.outage_end(flow) for flow in self.flows}
        after_outage = max(ends.values()) + 0.2
        phases = {
            "pathBefore": (self.cut - STEADY, self.cut - 0.1),
            "pathDuring": (after_outage, self.heal),
            "pathAfter": (self.back, self.ended),
        }
        result = {
            "outageMs": _ms(max(ends.values()) - self.cut),
            "outageMsByDirection": {name: _ms(end - self.cut) for name, end in ends.items()},
            "lostInOutage": {flow.name: len(flow.lost(self.cut - probe.SPACING, self.heal)) for flow in self.flows},
            "lostAtHeal": sum(len(flow.lost(self.heal, self.ended)) for flow in self.flows),
            "clearTextPackets": self.capture.clear_text_packets,
            "clearTextExamples": self.capture.examples,
            "captureDropped": self.capture.dropped,
            "underlayPackets": dict(self.capture.allowed),
            "probesSent": sum(len(flow.sent) for flow in self.flows),
            "dataplane": self.dataplane,
            "timeline": self.timeline(),
        }
        for name, (start, end) in phases.items():
            seen = [self.tracer.paths(flow, start, end) for flow in self.flows]
            result[name] = list(seen[0].most_common(1)[0][0]) if seen[0] else []
            result[name + "Seen"] = {
                flow.name: {"-".join(path): count for path, count in paths.items()}
                for flow, paths in zip(self.flows, seen)
            }
        return result

    def timeline(self):
        """What an operator wants to know, in milliseconds from the cut, in order."""
        entries = [(self.cut, "cut", ""), (self.heal, "heal", "")]
        for site, peer in (("A", "B"), ("B", "A")):
            end = plan.End(site, peer)
            entries += [
                self._first(self.cut, site, "link-down", end.interface, f"{site} notices"),
                self._first(self.cut, site, "bgp-down", end.other.inside, f"BGP down at {site}"),
                self._first(self.heal, site, "link-up", end.interface, f"tunnel up at {site}"),
                self._first(self.heal, site, "bgp-up", end.other.inside, f"BGP up at {site}"),
            ]
        for flow in self.flows:
            entries.append((self.tracer.first_through(flow, "C", self.cut), f"first packet {flow.name} through C", ""))
            entries.append((self.outage_end(flow), f"no more loss {flow.name}", ""))
        entries.append((self.back, "back on the direct path", "both ways"))
        return [
            {"ms": _ms(when - self.cut), "event": name, "detail": detail}
            for when, name, detail in sorted(entry for entry in entries if entry[0] is not None)
        ]

    def _first(self, since, site, kind, subject, name):
        for event in self.events():
            if event.when >= since and (event.site, event.kind, event.subject) == (site, kind, subject):
                return event.when, name, event.text
        return None, name, ""


def _sink(address, port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((address, port))
    return sock


def _ms(seconds):
    return round(seconds * 1000, 1)


def verdict(result):
    """What is wrong with a result, in words; empty when all is well."""
    wrong = []
    if result["outageMs"] > OUTAGE_LIMIT_MS:
        wrong.append(f"the outage lasted {result['outageMs']} ms, more than {OUTAGE_LIMIT_MS:.0f} ms")
    if result["lostAtHeal"]:
        wrong.append(f"{result['lostAtHeal']} packets were lost at the return")
    if result["clearTextPackets"]:
        wrong.append(f"{result['clearTextPackets']} packets in the clear on the underlay")
    if result["captureDropped"]:
        wrong.append(f"the capture missed {result['captureDropped']} packets and proves nothing")
    if not {"esp", "esp in udp"} & set(result["underlayPackets"]):
        wrong.append("no ESP was seen on the underlay: the capture looked at the wrong place")
    for name, path in (("pathBefore", ["A", "B"]), ("pathDuring", ["A", "C", "B"]), ("pathAfter", ["A", "B"])):
        if result[name] != path:
            wrong.append(f"{name} is {'-'.join(result[name]) or 'nothing'}, not {'-'.join(path)}")
    return wrong

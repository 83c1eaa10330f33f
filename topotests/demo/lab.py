# SPDX-License-Identifier: GPL-2.0-or-later
"""The demo's machine room: namespaces, links and daemons on this one machine.

The demo runs in a mount and a PID namespace of its own (demo/run enters them), so that everything in here, processes, network
namespaces, /etc/frr and /run/frr, ends with it whatever ends it, and two demos at once do not see each other."""

import os
import pathlib
import shutil
import subprocess
import time

from vpnlab import plan
from vpnlab.failover import Failure

FRR_DAEMONS = pathlib.Path("/usr/lib/frr")
START_LIMIT = 20.0
ROUTER = "R"
QUIET = {
    "net.ipv4.ip_forward": 1,
    "net.ipv4.conf.all.rp_filter": 0,
    "net.ipv4.conf.default.rp_filter": 0,
    "net.ipv6.conf.all.disable_ipv6": 1,
    "net.ipv6.conf.default.disable_ipv6": 1,
}


def find_binary(bindir, name, folder):
    for path in (bindir / name, bindir / folder / name):
        if path.is_file() and os.access(path, os.X_OK):
            return path.resolve()
    raise Failure(f"no {name} in {bindir}: build it first, or say --bindir DIR")


def private_directories():
    """Puts memory in front of the places where we leave files, in our mount namespace; gives back one for all else."""
    for directory in ("/run/netns", "/etc/frr", "/run/frr"):
        os.makedirs(directory, exist_ok=True)
        _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", directory)
    work = pathlib.Path("/run/frr/demo")
    work.mkdir()
    return work


class Lab:
    def __init__(self, bindir, work, dataplane=None):
        self.work = work
        self.keys = plan.pre_shared_keys()
        self.vtysh_binary = find_binary(bindir, "vtysh", "vtysh-ext")
        self.bgpvpnd_binary = find_binary(bindir, "bgpvpnd", "bgpvpnd")
        self.dataplane = dataplane
        self.site_netns = {name: f"/run/netns/{name}" for name in plan.SITES}
        self.host_netns = {name: f"/run/netns/host{name}" for name in plan.SITES}
        self.router_netns = f"/run/netns/{ROUTER}"
        self.logs = {name: [work / name / "frr.log"] for name in plan.SITES}
        self._daemons = []  # (site, daemon, process, output file)

    # --- network ----------------------------------------------------------------------------------------

    def build(self):
        for name in [ROUTER, *plan.SITES, *(f"host{site}" for site in plan.SITES)]:
            self._namespace(name)
        for site in plan.SITES.values():
            self._lan(site)
        for end in plan.ends():
            self._underlay(end)
        for end in plan.ends():
            _ip(end.site, "route", "add", end.other.outer_net, "via", end.next_hop)

    def _namespace(self, name):
        _run("ip", "netns", "add", name)
        _ip(name, "link", "set", "lo", "up")
        settings = [f"{key}={value}" for key, value in QUIET.items() if pathlib.Path("/proc/sys", key.replace(".", "/")).exists()]
        _run("ip", "netns", "exec", name, "sysctl", "-qw", *settings)

    def _lan(self, site):
        host = f"host{site.name}"
        _ip(site.name, "link", "add", "lan", "type", "veth", "peer", "name", "eth0", "netns", host)
        _ip(site.name, "addr", "add", f"{site.gateway}/24", "dev", "lan")
        _ip(host, "addr", "add", f"{site.host}/24", "dev", "eth0")
        _ip(site.name, "link", "set", "lan", "up")
        _ip(host, "link", "set", "eth0", "up")
        _ip(host, "route", "add", "default", "via", site.gateway)

    def _underlay(self, end):
        _ip(end.site, "link", "add", end.underlay, "type", "veth", "peer", "name", end.at_router, "netns", ROUTER)
        _ip(end.site, "addr", "add", f"{end.outer}/24", "dev", end.underlay)
        _ip(ROUTER, "addr", "add", f"{end.next_hop}/24", "dev", end.at_router)
        _ip(end.site, "link", "set", end.underlay, "up")
        _ip(ROUTER, "link", "set", end.at_router, "up")

    def cut(self):
        """R drops what goes between A and B.  No link changes its state, nobody is told."""
        ends = (plan.End("A", "B").at_router, plan.End("B", "A").at_router)
        rules = "; ".join(f'add rule ip cut forward iifname "{name}" drop' for name in ends)
        _run("ip", "netns", "exec", ROUTER, "nft", "add table ip cut; "
             "add chain ip cut forward { type filter hook forward priority 0; }; " + rules)  # fmt: skip

    def heal(self):
        _run("ip", "netns", "exec", ROUTER, "nft", "delete table ip cut")

    # --- daemons ----------------------------------------------------------------------------------------

    def start(self, say):
        for name in plan.SITES:
            self._directories(name)
            for daemon, binary in self._binaries().items():
                self._daemon(name, daemon, binary)
        for name in plan.SITES:
            self._wait_sockets(name)
            self._configure(name)
            say(f"site {name}: {', '.join(self._binaries())} are running and configured")

    def _binaries(self):
        stock = {name: FRR_DAEMONS / name for name in ("zebra", "staticd", "bgpd")}
        return stock | {"bgpvpnd": self.bgpvpnd_binary}

    def _directories(self, name):
        for directory in (pathlib.Path("/etc/frr", name), pathlib.Path("/run/frr", name), self.work / name):
            directory.mkdir(parents=True)
            shutil.chown(directory, "frr", "frr")
        for file, text in (("vtysh.conf", ""), ("frr.conf", plan.frr_config(name, self.keys, self.logs[name][0]))):
            path = pathlib.Path("/etc/frr", name, file)
            path.write_text(text, encoding="ascii")
            shutil.chown(path, "frr", "frr")
            path.chmod(0o640)

    def _daemon(self, name, daemon, binary):
        command = ["ip", "netns", "exec", name, str(binary), "-N", name, "-u", "frr", "-g", "frr", "--log", "stdout"]
        if daemon == "zebra":
            command += ["-s", "90000000"]
        elif daemon == "bgpd":
            command += ["-l", "0.0.0.0"]
        elif daemon == "bgpvpnd" and self.dataplane:
            command += ["--dataplane", self.dataplane]
        output = self.work / name / f"{daemon}.out"
        with open(output, "wb") as file:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        self._daemons.append((name, daemon, process, output))
        if daemon == "zebra":
            self._wait_file(pathlib.Path("/run/frr", name, "zserv.api"))

    def _wait_file(self, path):
        deadline = time.monotonic() + START_LIMIT
        while not path.exists():
            self.check()
            if time.monotonic() > deadline:
                raise Failure(f"{path} did not appear within {START_LIMIT:.0f} s")
            time.sleep(0.02)

    def _wait_sockets(self, name):
        for daemon in self._binaries():
            self._wait_file(pathlib.Path("/run/frr", name, f"{daemon}.vty"))

    def _configure(self, name):
        done = self._vtysh(name, "-b")
        # vtysh writes what went wrong and goes on; nothing of that is acceptable here
        if done.returncode or "%" in done.stdout + done.stderr:
            raise Failure(f"vtysh -b at {name} failed ({done.returncode}):\n{done.stdout}{done.stderr}")

    def _vtysh(self, name, *arguments):
        command = ["ip", "netns", "exec", name, str(self.vtysh_binary), "-N", name, *arguments]
        return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30, check=False)

    def vtysh(self, name, *commands):
        arguments = [word for command in commands for word in ("-c", command)]
        return self._vtysh(name, *arguments).stdout

    def check(self):
        """Raises when a daemon died."""
        for name, daemon, process, output in self._daemons:
            if process.poll() is not None:
                tail = "".join(output.read_text(errors="replace").splitlines(keepends=True)[-15:])
                raise Failure(f"{daemon} at {name} ended with {process.returncode}; its last words:\n{tail}")

    def stop(self):
        for _, _, process, _ in self._daemons:
            process.terminate()
        deadline = time.monotonic() + 3
        for _, _, process, _ in self._daemons:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._daemons.clear()


def _run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"`{' '.join(command)}` failed: {done.stderr.strip() or done.stdout.strip()}")


def _ip(namespace, *arguments):
    _run("ip", "-n", namespace, *arguments)

# SPDX-License-Identifier: GPL-2.0-or-later
"""A strongSwan peer in a network namespace: Debian's charon-systemd with ESP in user space (kernel-libipsec, device ipsec0), so that
it runs on kernels without ESP.  Its own configuration file and vici socket: several may run on one file system."""

import os
import pathlib
import signal
import subprocess
import time

CHARON = "/usr/sbin/charon-systemd"
SWANCTL = "/usr/sbin/swanctl"
PLUGINS = "random nonce openssl hmac sha1 sha2 kdf gcm curve25519 pem x509 pubkey constraints"
DEVICE = "ipsec0"
LIMIT = 15.0

# kernel-libipsec before kernel-netlink: the first to offer ESP is taken.  0.0.0.0/0 contains the peer's outer address, hence
# allow_peer_ts.  kernel-libipsec always makes a route for the remote selector, here a default route into ipsec0: it must come
# after the main table, or charon's own packets loop into the tunnel and bgpd's routes are never looked at.
_CONF = """charon-systemd {{
  load_modular = no
  load = {plugins} kernel-libipsec kernel-netlink socket-default vici
  routing_table = 220
  routing_table_prio = 40000
  install_virtual_ip = no
  journal {{ default = -1 }}
  filelog {{
    log {{
      path = {dir}/charon.log
      time_format = %Y/%m/%d %H:%M:%S
      time_add_ms = yes
      default = 1
      ike = 2
      flush_line = yes
    }}
  }}
  plugins {{
    vici {{ socket = unix://{dir}/vici }}
    kernel-libipsec {{ allow_peer_ts = yes }}
  }}
}}
swanctl {{ load = pem pkcs1 x509 revocation constraints pubkey openssl random }}
"""

_CONNECTION = """connections {{
  {name} {{
    version = 2
    local_addrs = {local}
    remote_addrs = {remote}
    proposals = {ike}
    {settings}
    {ike_rekey}
    local {{
      auth = psk
      id = {local}
    }}
    remote {{
      auth = psk
      id = {remote}
    }}
    children {{
      {name} {{
        local_ts = {ts}
        remote_ts = {ts}
        esp_proposals = {esp}
        start_action = none
        {child_rekey}
      }}
    }}
  }}
}}
secrets {{
  ike-{name} {{
    id-1 = {local}
    id-2 = {remote}
    secret = "{secret}"
  }}
}}
"""

_PPK = """secrets {{
  ppk-{name} {{
    id-1 = {id}
    secret = {secret}
  }}
}}
"""

_REKEYS = ("rekey_time = 12s\n    rand_time = 4s\n    over_time = 300s", "rekey_time = 9s\n        rand_time = 7s\n        life_time = 300s")


def _lines(settings):
    """One to a line."""
    return "\n  ".join("{} = {}".format(key, value) for key, value in settings.items())


def missing():
    """What is not installed, in words; empty when all is there."""
    plugin = "/usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so"
    packages = ((CHARON, "charon-systemd"), (SWANCTL, "strongswan-swanctl"), (plugin, "libcharon-extra-plugins"))
    return ", ".join(package for path, package in packages if not os.path.exists(path))


class StrongSwan:
    """One charon in the network namespace of the file `netns`, with its files in the directory `work`."""

    def __init__(self, netns, work):
        self.work = pathlib.Path(work)
        self._enter = ["nsenter", f"--net={netns}"]
        self._env = os.environ | {"STRONGSWAN_CONF": str(self.work / "strongswan.conf")}
        self._process = None

    def start(self):
        self.work.mkdir(parents=True, exist_ok=True)
        conf = _CONF.format(plugins=PLUGINS, dir=self.work)
        (self.work / "strongswan.conf").write_text(conf, encoding="ascii")
        with open(self.work / "charon.out", "wb") as output:
            self._process = subprocess.Popen(
                [*self._enter, CHARON], env=self._env, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        self._wait(lambda: (self.work / "vici").exists() and not self._swanctl("--stats").returncode, "charon to answer")

    def device(self, inside, mtu=1400):
        """Gives ipsec0 its inside address, and takes it up."""
        for words in (f"addr add {inside} dev {DEVICE}", f"link set {DEVICE} mtu {mtu} up"):
            subprocess.run([*self._enter, "ip", *words.split()], check=True)

    def connection(
        self,
        name,
        local,
        remote,
        secret,
        ike="aes256gcm16-prfsha384-ecp384",
        esp="aes256gcm16-ecp384",
        rekeys=False,
        settings=None,
        ppk=None,
        ts="0.0.0.0/0",
    ):
        """rekeys: a Child SA every 2 to 9 s, an IKE SA every 8 to 12 s, so that both ends meet now and then; else by the hour.
        settings: more lines of the connection; ppk: identity and secret of a post-quantum pre-shared key."""
        ike_rekey, child_rekey = _REKEYS if rekeys else ("", "")
        text = _CONNECTION.format(
            name=name,
            local=local,
            remote=remote,
            secret=secret,
            ike=ike,
            esp=esp,
            ike_rekey=ike_rekey,
            child_rekey=child_rekey,
            ts=ts,
            settings=_lines({"dpd_delay": "10s"} | (settings or {})),
        )
        if ppk:
            text += _PPK.format(name=name, id=ppk[0], secret=ppk[1])
        path = self.work / "swanctl.conf"
        path.write_text(text, encoding="ascii")
        path.chmod(0o600)
        done = self._swanctl("--load-all", "--file", str(path))
        if done.returncode:
            raise RuntimeError(f"swanctl --load-all failed: {done.stdout}{done.stderr}")

    def initiate(self, name):
        done = self._swanctl("--initiate", "--child", name, "--timeout", "10")
        if done.returncode:
            raise RuntimeError(f"swanctl --initiate failed:\n{done.stdout}{done.stderr}")

    def terminate(self, name):
        return self._swanctl("--terminate", "--ike", name, "--timeout", "5").returncode == 0

    def terminate_child(self, name):
        """Its Child SA alone."""
        return self._swanctl("--terminate", "--child", name, "--timeout", "5").returncode == 0

    def installed(self):
        """How many Child SAs are installed."""
        return self._swanctl("--list-sas").stdout.count("INSTALLED")

    def established(self):
        """How many IKE SAs are established."""
        return self._swanctl("--list-sas").stdout.count("ESTABLISHED")

    def rekey(self, what, name):
        """what: "child" or "ike"."""
        return self._swanctl("--rekey", "--" + what, name).returncode == 0

    def list_sas(self):
        return self._swanctl("--list-sas").stdout

    def stop(self):
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def log(self):
        path = self.work / "charon.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _swanctl(self, *arguments):
        command = [*self._enter, SWANCTL, *arguments, "--uri", f"unix://{self.work}/vici"]
        return subprocess.run(command, env=self._env, capture_output=True, text=True, timeout=30, check=False)

    def _wait(self, done, what):
        deadline = time.monotonic() + LIMIT
        while not done():
            if self._process.poll() is not None or time.monotonic() > deadline:
                words = (self.work / "charon.out").read_text(errors="replace") + self.log()
                raise RuntimeError(f"waited in vain for {what}:\n{words[-2000:]}")
            time.sleep(0.1)

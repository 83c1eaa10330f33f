# SPDX-License-Identifier: GPL-2.0-or-later
"""A strongSwan peer in a network namespace: Debian's charon-systemd with ESP in user space (kernel-libipsec, device ipsec0), so that
it runs on kernels without ESP; or with the kernel's, for what only that can.  Its own configuration file and vici socket: several may run
on one file system."""

import os
import pathlib
import shutil
import signal
import subprocess
import time

CHARON = "/usr/sbin/charon-systemd"
SWANCTL = "/usr/sbin/swanctl"
PLUGINS = "random nonce openssl hmac sha1 sha2 kdf gcm curve25519 pem pkcs1 pkcs8 x509 revocation pubkey constraints"
DEVICE = "ipsec0"
LIMIT = 15.0
IN_USER_SPACE = "kernel-libipsec kernel-netlink"
IN_KERNEL = "kernel-netlink"

# kernel-libipsec before kernel-netlink: the first to offer ESP is taken.  0.0.0.0/0 contains the peer's outer address, hence
# allow_peer_ts.  kernel-libipsec always makes a route for the remote selector, here a default route into ipsec0: it must come
# after the main table, or charon's own packets loop into the tunnel and bgpd's routes are never looked at.  With the kernel's ESP routes
# are ours to make.
_CONF = """charon-systemd {{
  load_modular = no
  load = {plugins} {esp} socket-default vici
  install_routes = {routes}
  routing_table = 220
  routing_table_prio = 40000
  install_virtual_ip = no
  {settings}
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
      {us}
    }}
    remote {{
      {them}
    }}
    children {{
      {name} {{
        local_ts = {local_ts}
        remote_ts = {remote_ts}
        esp_proposals = {esp}
        start_action = none
        {child}
        {child_rekey}
      }}
    }}
  }}
}}
"""

_SECRET = """secrets {{
  ike-{name} {{
    id-1 = {local_id}
    id-2 = {remote_id}
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


# What swanctl loads from where, beside its swanctl.conf.
_CREDENTIALS = {"private": "private", "authorities": "x509ca", "crls": "x509crl"}


def _lines(settings):
    """One to a line."""
    return "\n  ".join("{} = {}".format(key, value) for key, value in settings.items())


def missing():
    """What is not installed, in words; empty when all is there."""
    plugin = "/usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so"
    packages = ((CHARON, "charon-systemd"), (SWANCTL, "strongswan-swanctl"), (plugin, "libcharon-extra-plugins"))
    return ", ".join(package for path, package in packages if not os.path.exists(path))


class StrongSwan:
    """One charon in the network namespace of the file `netns`, with its files in the directory `work`.  settings: more lines of its
    strongswan.conf, {"fragment_size": 576}; kernel: its ESP is the kernel's, and there is no ipsec0."""

    def __init__(self, netns, work, settings=None, kernel=False):
        self.work = pathlib.Path(work)
        self._enter = ["nsenter", f"--net={netns}"]
        self._env = os.environ | {"STRONGSWAN_CONF": str(self.work / "strongswan.conf")}
        self._process = None
        self._settings = settings or {}
        self._kernel = kernel

    def start(self):
        for directory in _CREDENTIALS.values():
            (self.work / directory).mkdir(parents=True, exist_ok=True)
        self._write_conf()
        with open(self.work / "charon.out", "wb") as output:
            self._process = subprocess.Popen(
                [*self._enter, CHARON], env=self._env, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        self._wait(lambda: (self.work / "vici").exists() and not self._swanctl("--stats").returncode, "charon to answer")

    def device(self, inside, mtu=1400):
        """Gives ipsec0 its inside address, and takes it up."""
        for words in (f"addr add {inside} dev {DEVICE}", f"link set {DEVICE} mtu {mtu} up"):
            subprocess.run([*self._enter, "ip", *words.split()], check=True)

    def _write_conf(self):
        esp, routes = (IN_KERNEL, "no") if self._kernel else (IN_USER_SPACE, "yes")
        conf = _CONF.format(plugins=PLUGINS, esp=esp, routes=routes, dir=self.work, settings=_lines(self._settings))
        (self.work / "strongswan.conf").write_text(conf, encoding="ascii")

    def settings(self, **settings):
        """Other lines of strongswan.conf from now on, for new IKE SAs."""
        self._settings = settings
        self._write_conf()
        done = self._swanctl("--reload-settings")
        if done.returncode:
            raise RuntimeError(f"swanctl --reload-settings failed: {done.stdout}{done.stderr}")

    def credentials(self, **files):
        """What charon knows from the next connection() on: files, of the kinds of _CREDENTIALS.  What was there before is gone."""
        for kind, directory in _CREDENTIALS.items():
            path = self.work / directory
            for old in path.iterdir():
                old.unlink()
            for number, file in enumerate(files.get(kind, ())):
                shutil.copyfile(file, path / "{}.pem".format(number))

    def connection(
        self,
        name,
        local,
        remote,
        secret=None,
        ike="aes256gcm16-prfsha384-ecp384",
        esp="aes256gcm16-ecp384",
        rekeys=False,
        settings=None,
        ppk=None,
        ids=None,
        us=None,
        them=None,
        ts="0.0.0.0/0",
        remote_ts=None,
        child=None,
        beside=False,
    ):
        """rekeys: a Child SA every 2 to 9 s, an IKE SA every 8 to 12 s, so that both ends meet now and then; else by the hour.
        settings: more lines of the connection; ppk: identity and secret of a post-quantum pre-shared key; ids: ours and the peer's, the
        addresses when there are none; us, them: other lines of its sections `local` and `remote`, in place of `secret`; ts: the selectors of
        both sides, or one of each; child: more lines of its Child SA; beside: the connections before this one stay."""
        ike_rekey, child_rekey = _REKEYS if rekeys else ("", "")
        local_id, remote_id = ids or (local, remote)
        local_ts, remote_ts = (ts, remote_ts or ts) if isinstance(ts, str) else ts
        us = {"auth": "psk", "id": local_id} | (us or {})
        them = {"auth": "psk", "id": remote_id} | (them or {})
        text = _CONNECTION.format(
            name=name,
            local=local,
            remote=remote,
            ike=ike,
            esp=esp,
            ike_rekey=ike_rekey,
            child_rekey=child_rekey,
            local_ts=local_ts,
            remote_ts=remote_ts,
            child=_lines(child or {}),
            settings=_lines({"dpd_delay": "10s"} | (settings or {})),
            us=_lines(us),
            them=_lines(them),
        )
        if secret:
            text += _SECRET.format(name=name, local_id=us["id"], remote_id=them["id"], secret=secret)
        if ppk:
            text += _PPK.format(name=name, id=ppk[0], secret=ppk[1])
        path = self.work / "swanctl.conf"
        if beside:
            text = path.read_text(encoding="ascii") + text
        path.write_text(text, encoding="ascii")
        path.chmod(0o600)
        done = self._swanctl("--load-all", "--clear", "--file", str(path))
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

    def reauthenticate(self, name):
        """A new IKE SA; the old one stays for a while where strongswan.conf says make_before_break."""
        return self._swanctl("--rekey", "--ike", name, "--reauth").returncode == 0

    def list_sas(self):
        return self._swanctl("--list-sas").stdout

    def stop(self):
        """Also of one that was never started."""
        if not self._process:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self.credentials()

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

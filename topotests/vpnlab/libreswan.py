# SPDX-License-Identifier: GPL-2.0-or-later
"""A Libreswan peer in a network namespace: Debian's pluto with the kernel's ESP and an XFRM interface (ipsec1).  Its own configuration,
NSS database, secrets and control socket, in one directory: several may run on one file system."""

import os
import pathlib
import re
import subprocess
import time

# Debian's package cannot be installed beside strongSwan's: tools/unpacked-package unpacks it, and quickstart says where.
# pluto looks for addconn at one place only, so it gets a mount namespace where the unpacked programs stand there.
LIBEXEC = pathlib.Path(os.environ.get("BGPVPN_LIBRESWAN", "/"), "usr/libexec")
PLUTO, ADDCONN, WHACK = (str(LIBEXEC / "ipsec" / name) for name in ("pluto", "addconn", "whack"))
AT_ITS_PLACE = ["unshare", "--mount", "sh", "-c", f'mount -n --bind "{LIBEXEC}" /usr/libexec && exec "$0" "$@"']
CAN_DO = pathlib.Path(__file__).resolve().parents[2] / "tests/guest/can-do"
DEVICE = "ipsec1"
LIMIT = 15.0

# bgpd makes the routes, device() gives the address: pluto's script has nothing to do.
_CONF = """config setup
	logtime=yes
	nssdir={dir}/nss
	dumpdir={dir}
	virtual-private=

conn {name}
	ikev2=yes
	left={local}
	right={remote}
	leftsubnet=0.0.0.0/0
	rightsubnet=0.0.0.0/0
	ipsec-interface=1
	leftupdown=/bin/true
	mobike=no
	auto=ignore
	{words}
"""

REKEYS = {"salifetime": "24s", "ikelifetime": "36s", "rekeymargin": "12s", "rekeyfuzz": "50%"}


def kernel_missing():
    """What this kernel has not, of all that an IPsec in the kernel needs, in words; empty when it can."""
    return subprocess.run([str(CAN_DO)], capture_output=True, text=True, check=False).stdout.strip()


def missing():
    """What is not there, in words; empty when all is there."""
    kernel = kernel_missing()
    if kernel:
        return kernel
    return "" if os.path.exists(PLUTO) else "no libreswan"


def rekeyings(log):
    """What pluto says of them, counted."""
    words = ("initiator rekeyed", "responder rekeyed", "NO_PROPOSAL", "TEMPORARY_FAILURE", "CHILD_SA_NOT_FOUND", "retransmission")
    return {word: log.count(word) for word in words if word in log}


class Libreswan:
    """One pluto in the network namespace of the file `netns`, with its files in the directory `work`."""

    def __init__(self, netns, work):
        self.work = pathlib.Path(work)
        self._enter = ["nsenter", f"--net={netns}"]
        self._process = None
        (self.work / "nss").mkdir(parents=True, exist_ok=True)
        self._nss("certutil", "-N", "--empty-password")

    def start(self):
        (self.work / "ipsec.conf").write_text("config setup\n", encoding="ascii")
        (self.work / "ipsec.secrets").write_text("", encoding="ascii")
        paths = {
            "config": "ipsec.conf", "rundir": "", "ipsecdir": "", "nssdir": "nss",
            "secretsfile": "ipsec.secrets", "logfile": "pluto.log",
        }  # fmt: skip
        options = [word for name, path in paths.items() for word in (f"--{name}", str(self.work / path))]
        with open(self.work / "pluto.out", "wb") as output:
            self._process = subprocess.Popen(
                [*self._enter, *AT_ITS_PLACE, PLUTO, "--nofork", "--no-dnssec", *options],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip
        self._wait(lambda: not self._whack("--status").returncode, "pluto to answer")
        self._whack("--listen")

    def device(self, underlay, inside, mtu=1400):
        """Makes ipsec1. After the first connection: with that pluto tries whether it could, and does not like to find one; later it
        takes ours, and leaves it in peace."""
        for words in (
            f"link add {DEVICE} type xfrm dev {underlay} if_id 1",
            f"addr add {inside} dev {DEVICE}",
            f"link set {DEVICE} mtu {mtu} up",
        ):
            subprocess.run([*self._enter, "ip", *words.split()], check=True)

    def identity(self, name, archive, secret):
        """A certificate with its key and its authority from a PKCS#12 file; `name` is what leftcert= calls it.  Before start(): pluto
        looks for authorities once."""
        self._nss("pk12util", "-i", str(archive), "-W", secret, "-K", "")
        listed = self._nss("certutil", "-L")
        for nickname in re.findall(r"^(.+?)\s+,,\s*$", listed, re.MULTILINE):
            self._nss("certutil", "-M", "-n", nickname, "-t", "CT,,")
        assert re.search(rf"^{name}\s", listed, re.MULTILINE), listed

    def connection(self, name, local, remote, secret=None, **words):
        """Replaces the connection; words are lines of ipsec.conf."""
        path = self.work / "ipsec.secrets"
        path.write_text(f'{local} {remote} : PSK "{secret}"\n' if secret else "", encoding="ascii")
        path.chmod(0o600)
        if secret:
            words["authby"] = "secret"
        lines = "\n\t".join(f"{key}={value}" for key, value in words.items())
        text = _CONF.format(dir=self.work, name=name, local=local, remote=remote, words=lines)
        (self.work / "ipsec.conf").write_text(text, encoding="ascii")
        self._whack("--rereadsecrets")
        self._whack("--delete", "--name", name)
        command = [ADDCONN, "--config", str(self.work / "ipsec.conf"), "--ctlsocket", str(self.work / "pluto.ctl"), name]
        done = self._run(command)
        if done.returncode:
            raise RuntimeError(f"addconn failed: {done.stdout}{done.stderr}")

    def initiate(self, name, succeeds=True):
        """Waits for the outcome only when it is to succeed."""
        done = self._whack("--initiate", "--name", name, *([] if succeeds else ["--asynchronous"]))
        if done.returncode and succeeds:
            raise RuntimeError(f"whack --initiate failed:\n{done.stdout}{done.stderr}")

    def delete(self, name):
        return self._whack("--delete", "--name", name).returncode == 0

    def rekey(self, what, name):
        """what: "child" or "ike"."""
        return self._whack({"child": "--rekey-ipsec", "ike": "--rekey-ike"}[what], "--name", name, "--asynchronous").returncode == 0

    def states(self):
        return self._whack("--showstates").stdout

    def installed(self):
        """How many Child SAs are installed."""
        return self.states().count("ESTABLISHED_CHILD_SA")

    def established(self):
        """How many IKE SAs are established."""
        return self.states().count("ESTABLISHED_IKE_SA")

    def kernel(self):
        """The kernel's SAs, without their keys."""
        return self._run(["ip", "-s", "xfrm", "state", "list", "nokeys"]).stdout

    def log(self):
        path = self.work / "pluto.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def stop(self):
        if self._process and self._process.poll() is None:
            self._whack("--shutdown")
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _run(self, command):
        return subprocess.run([*self._enter, *command], capture_output=True, text=True, timeout=30, check=False)

    def _whack(self, *arguments):
        return self._run([WHACK, "--rundir", str(self.work), *arguments])

    def _nss(self, tool, *arguments):
        command = [tool, *arguments, "-d", f"sql:{self.work}/nss"]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout

    def _wait(self, done, what):
        deadline = time.monotonic() + LIMIT
        while not done():
            if self._process.poll() is not None or time.monotonic() > deadline:
                words = (self.work / "pluto.out").read_text(errors="replace") + self.log()
                raise RuntimeError(f"waited in vain for {what}:\n{words[-2000:]}")
            time.sleep(0.1)

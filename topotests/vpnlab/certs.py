# SPDX-License-Identifier: GPL-2.0-or-later
"""Certificate authorities and certificates for a test, made by the openssl command when it runs: nothing of it is ever stored."""

import pathlib
import shutil
import subprocess
import tempfile

# openssl ca wants a configuration file; all that matters is said here, so that the machine's own does not count.
_CONF = """[ca]
default_ca = this
[this]
dir = {dir}
database = $dir/index
new_certs_dir = $dir
serial = $dir/serial
crlnumber = $dir/crlnumber
certificate = $dir/cert.pem
private_key = $dir/key.pem
default_md = {digest}
default_days = 30
default_crl_days = 30
crl_extensions = list
unique_subject = no
policy = any
[any]
countryName = optional
organizationName = optional
commonName = supplied
[req]
distinguished_name = nobody
[nobody]
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[list]
authorityKeyIdentifier = keyid
[site]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
{names}
"""

_PAST = ("-startdate", "20200101000000Z", "-enddate", "20210101000000Z")


def _openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError("openssl {}: {}".format(" ".join(arguments), done.stderr))


def _make_key(kind, path):
    """kind: rsa:3072, ec:P-256 or ed25519; or the path of a key that is there already."""
    if isinstance(kind, pathlib.Path):
        shutil.copyfile(kind, path)
        return
    algorithm, _, size = kind.partition(":")
    options = {"rsa": ("-pkeyopt", "rsa_keygen_bits:" + size), "ec": ("-pkeyopt", "ec_paramgen_curve:" + size)}
    _openssl("genpkey", "-algorithm", algorithm, *options.get(algorithm, ()), "-out", str(path))


def subject(name):
    """The distinguished name of the certificate `name`, in the way of identities."""
    return "C=CH, O=Two Houses, CN=" + name


class Workshop:
    """A directory for keys, which is gone after the test."""

    def __init__(self):
        self._tmp = tempfile.TemporaryDirectory(prefix="bgpvpn-certs.")
        self.directory = pathlib.Path(self._tmp.name)
        self.directory.chmod(0o755)  # daemons run as another user; keys are protected by their own modes

    def authority(self, name, key="ec:P-256", parent=None):
        return Authority(self.directory, name, key, parent)

    def close(self):
        self._tmp.cleanup()


class Certificate:
    """Of a site: its files.  chain begins with the certificate itself, then come the authorities below the root."""

    def __init__(self, directory, name):
        self.name = name
        self.key = directory / "key.pem"
        self.cert = directory / "cert.pem"
        self.chain = directory / "chain.pem"

    def for_user(self, user):
        """The key for this user, as a daemon without privileges wants it."""
        shutil.chown(self.key, user, user)
        self.key.chmod(0o600)


class Authority:
    """In the directory `work`/`name`; parent: the authority that it has its certificate from, else it is a root."""

    def __init__(self, work, name, key="ec:P-256", parent=None):
        self._work = pathlib.Path(work)
        self._key, self._name, self.parent = key, name, parent
        self._dir = self._work / name
        self._dir.mkdir(parents=True)
        (self._dir / "index").touch()
        for number in ("serial", "crlnumber"):
            (self._dir / number).write_text("01\n", encoding="ascii")
        self._write_conf()
        self.cert, self.crl = self._dir / "cert.pem", self._dir / "crl.pem"
        _make_key(key, self._dir / "key.pem")
        if parent:
            parent.sign(self._dir, name, "authority")
        else:
            self._sign_itself()
        self.renew_crl()

    def _sign_itself(self):
        _openssl("req", "-x509", "-new", *self._conf, "-extensions", "authority", "-days", "30", "-subj", self._subject(self._name),
                 "-key", str(self._dir / "key.pem"), "-out", str(self.cert))  # fmt: skip

    def _write_conf(self, names=""):
        digest = "default" if self._key == "ed25519" else "sha256"
        text = _CONF.format(dir=self._dir, digest=digest, names=names)
        (self._dir / "conf").write_text(text, encoding="ascii")
        self._conf = ("-config", str(self._dir / "conf"))

    @staticmethod
    def _subject(name):
        return "/" + subject(name).replace(", ", "/")

    def sign(self, directory, name, extensions, *options, names=""):
        """The key in `directory` gets a certificate there."""
        self._write_conf(names)
        _openssl("req", "-new", *self._conf, "-subj", self._subject(name), "-key", str(directory / "key.pem"),
                 "-out", str(directory / "csr"))  # fmt: skip
        _openssl("ca", "-batch", "-notext", *self._conf, "-extensions", extensions, *options,
                 "-in", str(directory / "csr"), "-out", str(directory / "cert.pem"))  # fmt: skip

    def issue(self, name, key="ec:P-256", fqdn=None, expired=False, revoked=False):
        """A certificate of the subject `name`; fqdn: for that name too, in its subjectAltName."""
        directory = self._work / "{}-of-{}".format(name, self._name)
        directory.mkdir()
        cert = Certificate(directory, name)
        _make_key(key, cert.key)
        names = "subjectAltName = DNS:" + fqdn if fqdn else ""
        self.sign(directory, name, "site", *(_PAST if expired else ()), names=names)
        cert.chain.write_bytes(b"".join(path.read_bytes() for path in (cert.cert, *self.below_root())))
        if revoked:
            self._revoke(cert)
        return cert

    def below_root(self):
        """The certificates of this authority and those above it, without the root."""
        return (self.cert, *self.parent.below_root()) if self.parent else ()

    def _revoke(self, cert):
        _openssl("ca", *self._conf, "-revoke", str(cert.cert))
        self.renew_crl()

    def renew_crl(self):
        _openssl("ca", "-gencrl", *self._conf, "-out", str(self.crl))

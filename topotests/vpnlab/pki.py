# SPDX-License-Identifier: GPL-2.0-or-later
"""Certificates for a test: an authority of one kind of key, and what it signs, made with openssl(1)."""

import pathlib
import shutil
import subprocess

KINDS = {
    "rsa": ["-newkey", "rsa:2048"],
    "ecdsa": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
}
ARCHIVE_SECRET = "only-for-the-way"


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)


class Authority:
    """With its files in the directory `work`, which everybody may enter; keys are readable by user frr only."""

    def __init__(self, work, kind):
        self.work = pathlib.Path(work)
        self.work.mkdir(parents=True, exist_ok=True)
        self.work.chmod(0o755)
        self.kind = kind
        self._make("ca", "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, name):
        """A certificate for the DNS name `name`, which is its common name too."""
        signer = ["-CA", self.file("ca", "crt"), "-CAkey", self.file("ca", "key")]
        usage = ["-addext", "basicConstraints=critical,CA:FALSE", "-addext", "keyUsage=digitalSignature"]
        self._make(name, *signer, *usage, "-addext", f"subjectAltName=DNS:{name}")
        shutil.chown(self.file(name, "key"), "frr", "frr")

    def archive(self, name):
        """Key, certificate and authority in one PKCS#12 file, protected by ARCHIVE_SECRET."""
        path = self.file(name, "p12")
        parts = ["-inkey", self.file(name, "key"), "-in", self.file(name, "crt"), "-certfile", self.file("ca", "crt")]
        _openssl("pkcs12", "-export", "-name", name, *parts, "-passout", "pass:" + ARCHIVE_SECRET, "-out", path)
        return path

    def file(self, name, extension):
        return self.work / f"{name}.{extension}"

    def _make(self, name, *words):
        """`openssl req -x509` signs with -CA as well from OpenSSL 3 on."""
        subject = f"/O=Two Houses/CN={name if name != 'ca' else 'Authority ' + self.kind}"
        files = ["-keyout", self.file(name, "key"), "-out", self.file(name, "crt")]
        _openssl("req", "-x509", *KINDS[self.kind], "-noenc", "-sha256", "-days", "30", "-subj", subject, *files, *words)
        self.file(name, "key").chmod(0o600)

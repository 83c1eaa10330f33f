#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the seed corpora of the fuzz targets: good payloads as RFC 7296 draws them, and a few that lie.

The output, tests/fuzz/corpus/<noun>/<name>, is kept in the tree; run this again after a change here.
"""

import base64
import pathlib
import struct

TOP = pathlib.Path(__file__).resolve().parent / "corpus"


def transform(kind, number, key_bits=None, more=True, attributes=b""):
    if key_bits:
        attributes += struct.pack(">HH", 0x800E, key_bits)
    return struct.pack(">BxHBxH", 3 if more else 0, 8 + len(attributes), kind, number) + attributes


def proposal(number, protocol, spi, transforms, more=False, count=None):
    body = spi + b"".join(transforms)
    count = len(transforms) if count is None else count
    return struct.pack(">BxHBBBB", 2 if more else 0, 8 + len(body), number, protocol, len(spi), count) + body


def chain(payloads):
    """[(type, body, critical)] to the bytes of a chain, and the type of its first payload."""
    out = b""
    for i, (_, body, critical) in enumerate(payloads):
        following = payloads[i + 1][0] if i + 1 < len(payloads) else 0
        out += struct.pack(">BBH", following, 0x80 if critical else 0, 4 + len(body)) + body
    return out, payloads[0][0] if payloads else 0


def message(payloads, exchange=34, flags=0x08, message_id=0, version=0x20, spi_r=0, inner_type=None):
    body, first = chain(payloads)
    if inner_type is not None:
        body = bytes([inner_type]) + body[1:]
    header = struct.pack(">QQBBBBII", 0x1032547698BADCFE, spi_r, first, version, exchange, flags, message_id,
                         28 + len(body))
    return header + body


def selector(kind, protocol, ports, start, end):
    return struct.pack(">BBHHH", kind, protocol, 8 + len(start) + len(end), *ports) + start + end


def selectors(*items, count=None):
    return struct.pack(">Bxxx", len(items) if count is None else count) + b"".join(items)


ESP_SPI = bytes.fromhex("052357bb")
IKE_SPI = bytes.fromhex("f102030405060708")
ALL4 = selector(7, 0, (0, 65535), bytes(4), b"\xff" * 4)
ALL6 = selector(8, 0, (0, 65535), bytes(16), b"\xff" * 16)
DNS4 = selector(7, 17, (53, 53), bytes([192, 0, 2, 0]), bytes([192, 0, 2, 255]))

GCM = [transform(1, 20, 256), transform(2, 6), transform(4, 20, more=False)]
CBC = [transform(1, 12, 128), transform(1, 12, 256), transform(3, 12), transform(5, 0, more=False)]

sa = {
    "ike-one": proposal(1, 1, b"", GCM),
    "ike-rekey": proposal(1, 1, IKE_SPI, GCM),
    "esp-two": proposal(1, 3, ESP_SPI, CBC, more=True)
    + proposal(2, 3, ESP_SPI, [transform(1, 20, 256), transform(5, 0, more=False)]),
    "answer-number-3": proposal(3, 3, ESP_SPI, CBC),
    "long-attribute": proposal(1, 1, b"", [transform(1, 12, more=False, attributes=b"\0\x0f\0\2ab")]),
    "count-lies": proposal(1, 3, ESP_SPI, CBC, count=5),
    "cut": proposal(1, 3, ESP_SPI, CBC)[:-3],
    "no-transforms": proposal(1, 1, b"", []),
    "thirty-two": proposal(1, 1, b"", [transform(4, n, more=n < 32) for n in range(1, 33)]),
}
ke = {"curve25519": struct.pack(">Hxx", 31) + bytes(range(32)), "empty": struct.pack(">Hxx", 14), "cut": b"\0\x1f\0"}
nonce = {"least": bytes(range(16)), "usual": bytes(range(32)), "most": bytes(256), "short": bytes(15)}
ident = {
    "ipv4": b"\1\0\0\0" + bytes([192, 0, 2, 1]),
    "ipv6": b"\5\0\0\0" + bytes([0x20, 1, 0xD, 0xB8] + 11 * [0] + [1]),
    "fqdn": b"\2\0\0\0a.example.net",
    "email": b"\3\0\0\0ops@example.net",
    "key-id": b"\x0b\0\0\0site-a",
    "reserved-set": b"\2\1\2\3a.example.net",
    "ipv4-of-5": b"\1\0\0\0" + bytes(5),
}
auth = {"psk": b"\2\0\0\0" + bytes(range(48)), "empty": b"\2\0\0\0", "cut": b"\2\0"}
CERTS = TOP.parents[1] / "vectors" / "certs"


def der(name):
    lines = (CERTS / name).read_text(encoding="ascii").split("-----")[2].split()
    return base64.b64decode("".join(lines))


cert = {
    "leaf": b"\4" + der("a.pem"),
    "rsa": b"\4" + der("rsa.pem"),
    "ed25519": b"\4" + der("ed25519.pem"),
    "stranger": b"\4" + der("stranger.pem"),
    "authority": b"\4" + der("ca.pem"),
    "cut": b"\4" + der("a.pem")[:300],
    "hash-and-url": b"\x0c" + bytes(20) + b"http://example.org/a",
    "request": b"\4" + bytes(range(40)),
    "request-of-21": b"\4" + bytes(21),
    "hashes": struct.pack(">4H", 2, 3, 4, 5),
    "name": bytes.fromhex("300c310a30080603550403130161"),
    "name-text": b"C=CH, O=Example\\, Inc., CN=vpn.example.org",
    "signature-ed25519": bytes.fromhex("07300506032b6570") + bytes(64),
    "signature-pss": bytes.fromhex(
        "43304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d0609"
        "6086480165030402010500a203020120") + bytes(256),
}
notify = {
    "fragmentation": struct.pack(">BBH", 0, 0, 16430),
    "nat-source": struct.pack(">BBH", 0, 0, 16388) + bytes(range(20)),
    "cookie": struct.pack(">BBH", 0, 0, 16390) + bytes(64),
    "invalid-ke": struct.pack(">BBHH", 1, 0, 17, 20),
    "rekey": struct.pack(">BBH", 3, 4, 16393) + ESP_SPI,
    "use-ppk": struct.pack(">BBH", 0, 0, 16435),
    "ppk-identity": struct.pack(">BBHB", 0, 0, 16436, 2) + b"house-key",
    "no-ppk-auth": struct.pack(">BBH", 0, 0, 16437) + bytes(range(32)),
    "childless": struct.pack(">BBH", 0, 0, 16418),
    "spi-of-8": struct.pack(">BBH", 1, 8, 4) + IKE_SPI,
    "spi-of-16": struct.pack(">BBH", 1, 16, 4) + bytes(16),
    "unknown-spi": struct.pack(">BBH", 0, 0, 4),
    "qcd-token": struct.pack(">BBH", 1, 0, 16419) + bytes(range(16)),
    "cut-spi": struct.pack(">BBH", 3, 4, 16393) + ESP_SPI[:3],
}
delete = {
    "ike": struct.pack(">BBH", 1, 0, 0),
    "esp-two": struct.pack(">BBH", 3, 4, 2) + ESP_SPI + bytes(4),
    "count-lies": struct.pack(">BBH", 3, 4, 3) + ESP_SPI,
    "ike-with-count": struct.pack(">BBH", 1, 0, 65535),
    "many": struct.pack(">BBH", 3, 4, 64) + bytes(256),
}
ts = {
    "any4": selectors(ALL4),
    "any": selectors(ALL4, ALL6),
    "narrow": selectors(DNS4, ALL6),
    "unknown-type": selectors(b"\x09\0\0\4", ALL4, b"\x0a\0\0\6ab"),
    "opaque-ports": selectors(selector(7, 1, (65535, 0), bytes(4), bytes(4))),
    "count-lies": selectors(ALL4, count=2),
    "v6-length-on-v4": selectors(b"\7" + ALL6[1:]),
    "none": selectors(),
    "seventeen": selectors(*17 * [ALL4]),
}
sk = {
    "gcm": bytes([8, 1, 16]) + bytes(8 + 5 + 16),
    "cbc": bytes([16, 16, 12]) + bytes(16 + 32 + 12),
    "cbc-partial-block": bytes([16, 16, 12]) + bytes(16 + 33 + 12),
    "no-text": bytes([8, 1, 16]) + bytes(24),
    "block-of-0": bytes([0, 0, 0, 1]),
}
skf = {
    "first-of-3": struct.pack(">HH", 1, 3) + bytes(8 + 5 + 16),
    "last": struct.pack(">HH", 3, 3) + bytes(8 + 5 + 16),
    "number-0": struct.pack(">HH", 0, 3) + bytes(29),
    "beyond-the-total": struct.pack(">HH", 4, 3) + bytes(29),
    "most": struct.pack(">HH", 65535, 65535),
    "cut": b"\0\1\0",
}
rd = {
    "every-operation": bytes([16, 0, 0, 1, 0, 2, 0, 3, 0, 4, 2, 5, 3, 6, 4, 7, 2]) + bytes(range(40)),
    "past-the-end": bytes([10, 4, 3, 1, 0, 3, 0, 6, 9, 7, 255]) + bytes(4),
    "no-program": bytes(5),
    "no-data": bytes([4, 0, 0, 4, 0]),
    "sub-then-rest": bytes([6, 6, 5, 5, 5, 6, 0]) + bytes(range(10)),
}
SA_INIT = [(33, sa["ike-one"], False), (34, ke["curve25519"], False), (40, nonce["usual"], False)]
AUTH = [(35, ident["fqdn"], False), (36, ident["ipv4"], False), (39, auth["psk"], False),
        (33, sa["esp-two"], False), (44, ts["any"], False), (45, ts["any"], False)]
INNER, INNER_FIRST = chain(AUTH)
PPK, PPK_FIRST = chain(AUTH + [(41, notify["ppk-identity"], False), (41, notify["no-ppk-auth"], False)])
msg = {
    "sa-init": message(SA_INIT + [(41, notify["nat-source"], False), (41, notify["fragmentation"], False)]),
    "cookie-first": message([(41, notify["cookie"], False)] + SA_INIT),
    "no-proposal": message([(41, struct.pack(">BBH", 0, 0, 14), False)], flags=0x20),
    "auth-in-clear": message(AUTH, exchange=35, message_id=1, spi_r=7),
    "auth-in-sk": message([(46, bytes(8) + INNER + bytes(16), False)], exchange=35, message_id=1, spi_r=7,
                          inner_type=INNER_FIRST),
    "auth-ppk": message([(46, bytes(8) + PPK + bytes(16), False)], exchange=35, message_id=1, spi_r=7, inner_type=PPK_FIRST),
    "auth-fragment": message([(53, struct.pack(">HH", 1, 2) + bytes(8) + INNER[:90] + bytes(17), False)], exchange=35,
                             message_id=1, spi_r=7, inner_type=INNER_FIRST),
    "informational": message([(46, bytes(8 + 1 + 16), False)], exchange=37, message_id=2, spi_r=7),
    "lost-sa": message([(41, notify["unknown-spi"], False), (41, notify["qcd-token"], False)], exchange=37, flags=0x20, spi_r=7),
    "deletes": message([(42, delete["esp-two"], False), (42, delete["ike"], False)], exchange=37, spi_r=7),
    "empty": message([]),
    "critical-unknown": message(SA_INIT + [(200, b"ab", True)]),
    "unknown": message([(200, b"ab", False)] + SA_INIT),
    "vendors": message(SA_INIT + 12 * [(43, b"\x4a\x13\x1c\x81\x07\x03\x58\x45", False)]),
    "version-3": message(SA_INIT, version=0x30),
    "cut": message(SA_INIT)[:-5],
    "trailing": message(SA_INIT) + b"\0",
}



def xfrm_attr(kind, content):
    return struct.pack("<HH", 4 + len(content), kind) + content + bytes(-len(content) % 4)


def xfrm_news(kind, body, *attrs):
    return struct.pack("<H", kind) + body + b"".join(xfrm_attr(*a) for a in attrs)


# linux/xfrm.h on a 64-bit little-endian machine.
XFRM_SELECTOR = bytes([10, 1, 0, 0]) + bytes(12) + bytes([10, 2, 0, 0]) + bytes(12) + bytes(8) + struct.pack("<HBBB3xiI", 2, 16, 16, 17, 0, 0)
XFRM_ID = bytes([192, 0, 2, 1]) + bytes(12) + bytes.fromhex("052357bb") + struct.pack("<B3x", 50)
XFRM_SA = XFRM_SELECTOR + XFRM_ID + bytes([192, 0, 2, 2]) + bytes(12) + bytes(64 + 32 + 12) + struct.pack("<IIHBBB7x", 1, 0x76706E01, 2, 1, 32, 0)
XFRM_POLICY = XFRM_SELECTOR + bytes(64 + 32) + struct.pack("<IIBBBB4x", 1000, 8, 1, 0, 0, 0)
XFRM_TMPL = XFRM_ID + struct.pack("<H2x", 2) + bytes(16) + struct.pack("<IBBBxIII", 0x76706E01, 1, 0, 0, 1, 1, 1)
XFRM_REPLAY = struct.pack("<6I", 2, 7, 9, 0, 0, 64) + bytes(8)
XFRM_IF_ID = (31, struct.pack("<I", 0x76706E01))
XFRM_MARK = (21, struct.pack("<II", 42, 0xFFFFFFFF))

xfrm = {
    "sa": xfrm_news(16, XFRM_SA, (23, XFRM_REPLAY), (4, struct.pack(">HHHxx16x", 2, 4500, 4500)), XFRM_IF_ID, XFRM_MARK),
    "sa-window-lies": xfrm_news(16, XFRM_SA, (23, struct.pack("<I", 128) + XFRM_REPLAY[4:])),
    "sa-window-huge": xfrm_news(16, XFRM_SA, (23, struct.pack("<I", 0xFFFFFFFF) + XFRM_REPLAY[4:])),
    "sa-attr-beyond": xfrm_news(16, XFRM_SA, (23, XFRM_REPLAY))[:-3],
    "sa-short": xfrm_news(16, XFRM_SA[:-9]),
    "policy": xfrm_news(19, XFRM_POLICY, (5, XFRM_TMPL), XFRM_IF_ID),
    "policy-guard": xfrm_news(19, XFRM_POLICY, XFRM_MARK),
    "policy-wide": xfrm_news(19, XFRM_SELECTOR[:42] + b"\xff\xff" + XFRM_SELECTOR[44:] + XFRM_POLICY[56:]),
    "expire": xfrm_news(24, XFRM_SA + struct.pack("<B7x", 1), XFRM_IF_ID),
    "mapping": xfrm_news(38, XFRM_ID + bytes(4) + bytes(32) + struct.pack(">HH", 4500, 33333)),
    "sa-gone": xfrm_news(17, XFRM_ID[:20] + struct.pack("<HBx", 2, 50)),
    "policy-gone": xfrm_news(20, XFRM_SELECTOR + struct.pack("<IB3x", 8, 1), XFRM_IF_ID),
    "flushed": xfrm_news(28, b"\x32"),
    "refused": xfrm_news(2, struct.pack("<i", -22) + bytes(16), (1, b"because\0")),
    "refused-no-end": xfrm_news(2, struct.pack("<i", -22) + bytes(16), (1, b"because!")),
    "refused-beyond": xfrm_news(2, struct.pack("<i", -22) + bytes(16), (1, b"because\0"))[:-3],
    "done": xfrm_news(3, bytes(4)),
}

CORPORA = {"rd": rd, "message": msg, "sa": sa, "ke": ke, "nonce": nonce, "id": ident, "auth": auth, "cert": cert, "notify": notify,
           "delete": delete, "ts": ts, "sk": sk, "skf": skf, "xfrm_news": xfrm}

for noun, seeds in CORPORA.items():
    folder = TOP / noun
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in seeds.items():
        (folder / name).write_bytes(content)
    print(f"{noun}: {len(seeds)} seeds")

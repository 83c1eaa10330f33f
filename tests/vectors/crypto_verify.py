#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Checks crypto_prf.h, crypto_ke.h and the RSA of crypto_sign.h against Python's own hashlib, hmac and whole numbers, so that the vectors which
no document prints (source "own") do not rest on the code that they test. Exits 1 on the first that differs.
The vectors of crypto_box.h are the documents' own; only their HMACs are computed here.

usage: crypto_verify.py
"""
import hashlib
import hmac
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
DIGESTS = {
    "HMAC_SHA1": ("sha1", 20),
    "HMAC_SHA2_256": ("sha256", 32),
    "HMAC_SHA2_384": ("sha384", 48),
    "HMAC_SHA2_512": ("sha512", 64),
    "HMAC_SHA1_96": ("sha1", 12),
    "HMAC_SHA2_256_128": ("sha256", 16),
    "HMAC_SHA2_384_192": ("sha384", 24),
    "HMAC_SHA2_512_256": ("sha512", 32),
}

# SEC 2: p and G; a is -3 in all three
CURVES = {
    "ECP_256": (
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        (
            0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
            0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
        ),
    ),
    "ECP_384": (
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        (
            0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
            0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
        ),
    ),
    "ECP_521": (
        2**521 - 1,
        (
            0x00C6858E06B70404E9CD9E3ECB662395B4429C648139053FB521F828AF606B4D3DBAA14B5E77EFE75928FE1DC127A2FFA8DE3348B3C1856A429BF97E7E31C2E5BD66,
            0x011839296A789A3BC0045C8A5FB42C7D1BD998F54449579B446817AFBD17273E662C97EE72995EF42640C550B9013FAD0761353C7086A272C24088BE94769FD16650,
        ),
    ),
}

# RFC 3526: p = 2^n - 2^(n-64) - 1 + 2^64 * (floor(2^(n-130) pi) + k)
MODP_K = {2048: 124476, 3072: 1690314, 4096: 240904}

P25519 = 2**255 - 19


def rows(header, array):
    """The rows of one array of a vector header, as dictionaries; hex strings become bytes."""
    text = (HERE / header).read_text()
    body = re.search(array + r"\[\] = \{(.*?)\n\};", text, re.S).group(1)
    for row in re.findall(r"\n\t\{(.*?)\n\t\},", body, re.S):
        fields = re.findall(r'\.(\w+)\s*=\s*((?:"[^"]*"\s*)+|\w+),', row)
        yield {name: value(name, text) for name, text in fields}


def value(name, text):
    if not text.startswith('"'):
        return re.sub(r"^IKE_(PRF|KE|ENCR|INTEG|AUTH)_", "", text)
    joined = "".join(re.findall(r'"([^"]*)"', text))
    return joined if name == "source" else bytes.fromhex(joined)


def check(what, row, got, want):
    if got != want:
        sys.exit(f"{what}, {row.get('source')}: {got.hex()} is not {want.hex()}")


def mac(name, key, data):
    digest, n = DIGESTS[name]
    return hmac.new(key, data, digest).digest()[:n]


def prf_plus(name, key, seed, n):
    out = t = b""
    while len(out) < n:
        t = mac(name, key, t + seed + bytes([len(out) // DIGESTS[name][1] + 1]))
        out += t
    return out[:n]


def pi_scaled(bits):
    """floor(2^bits pi), by Machin's formula."""
    one = 1 << (bits + 64)

    def arctan_inverse(x):
        term = one // x
        total, k, sign = term, 3, -1
        while term:
            term //= x * x
            total += sign * (term // k)
            k, sign = k + 2, -sign
        return total

    return 4 * (4 * arctan_inverse(5) - arctan_inverse(239)) >> 64


def modp_prime(name):
    n = int(name.removeprefix("MODP_"))
    return 2**n - 2 ** (n - 64) - 1 + 2**64 * (pi_scaled(n - 130) + MODP_K[n])


def ec_add(p, a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % p == 0:
        return None
    if a == b:
        slope = 3 * (a[0] * a[0] - 1) * pow(2 * a[1], -1, p) % p
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, p) % p
    x = (slope * slope - a[0] - b[0]) % p
    return x, (slope * (a[0] - x) - a[1]) % p


def ec_multiply(p, k, point):
    result = None
    while k:
        if k & 1:
            result = ec_add(p, result, point)
        point = ec_add(p, point, point)
        k >>= 1
    return result


def x25519(private, public):
    """RFC 7748 5, the Montgomery ladder."""
    scalar = int.from_bytes(private, "little") & ~7 & ((1 << 254) - 1) | (1 << 254)
    u = (int.from_bytes(public, "little") & ((1 << 255) - 1)) % P25519
    x2, z2, x3, z3 = 1, 0, u, 1
    for bit in range(254, -1, -1):
        if scalar >> bit & 1:
            x2, z2, x3, z3 = x3, z3, x2, z2
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        x3, z3 = (d * a + c * b) ** 2 % P25519, u * (d * a - c * b) ** 2 % P25519
        e = a * a - b * b
        x2, z2 = a * a * b * b % P25519, e * (a * a + 121665 * e) % P25519
        if scalar >> bit & 1:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return (x2 * pow(z2, -1, P25519) % P25519 if z2 else 0).to_bytes(32, "little")


def exchange(row):
    """(public of the initiator, public of the responder, shared secret), all computed."""
    name = row["id"]
    if name == "CURVE25519":
        nine = (9).to_bytes(32, "little")
        return x25519(row["priv_i"], nine), x25519(row["priv_r"], nine), x25519(row["priv_i"], row["pub_r"])

    i, r = int.from_bytes(row["priv_i"], "big"), int.from_bytes(row["priv_r"], "big")
    n = len(row["shared"])
    if name.startswith("MODP"):
        p = modp_prime(name)
        return tuple(pow(2, x, p).to_bytes(n, "big") for x in (i, r, i * r))

    p, g = CURVES[name]
    points = [ec_multiply(p, i, g), ec_multiply(p, r, g)]
    shared = ec_multiply(p, i, points[1])[0].to_bytes(n, "big")
    return (*(x.to_bytes(n, "big") + y.to_bytes(n, "big") for x, y in points), shared)


def mgf1(digest, seed, n):
    blocks = (hashlib.new(digest, seed + i.to_bytes(4, "big")).digest() for i in range(n // 20 + 1))
    return b"".join(blocks)[:n]


def pss_holds(encoded, digest, salt_len, octets):
    """RFC 8017 9.1.2 for a modulus of 2048 bits."""
    n = hashlib.new(digest).digest_size
    masked, wanted = encoded[: -n - 1], encoded[-n - 1 : -1]
    block = bytes(a ^ b for a, b in zip(masked, mgf1(digest, wanted, len(masked))))
    block = bytes([block[0] & 0x7F]) + block[1:]
    salt = block[len(block) - salt_len :]
    good = block == bytes(len(block) - salt_len - 1) + b"\1" + salt and encoded[-1] == 0xBC
    return good and hashlib.new(digest, bytes(8) + hashlib.new(digest, octets).digest() + salt).digest() == wanted


def rsa_holds(row):
    """RFC 8017 8: the modulus is the 257 bytes before the exponent (65537, or 4097 of NIST's keys), at the end of the key."""
    exponent = row["key"][-3:] if row["key"][-5:-3] == b"\2\3" else row["key"][-2:]
    after = -2 - len(exponent)
    modulus = int.from_bytes(row["key"][after - 257 : after], "big")
    encoded = pow(int.from_bytes(row["sig"], "big"), int.from_bytes(exponent, "big"), modulus).to_bytes(256, "big")
    for number, digest in enumerate(("sha256", "sha384", "sha512"), 1):
        hashed = hashlib.new(digest, row["octets"]).digest()
        info = bytes.fromhex("30%02x300d0609608648016503040200050004%02x" % (17 + len(hashed), len(hashed)))
        info = info[:14] + bytes([number]) + info[15:] + hashed
        if encoded == b"\0\1" + (253 - len(info)) * b"\xff" + b"\0" + info:
            return True
        if row["alg"][-1:] and pss_holds(encoded, digest, row["alg"][-1], row["octets"]):
            return True
    return False


def main():
    count = 0
    for row in rows("crypto_prf.h", "prf_vectors"):
        check("prf", row, mac(row["id"], row["key"], row["data"]), row["mac"])
        count += 1
    for row in rows("crypto_prf.h", "prf_plus_vectors"):
        check("prf+", row, prf_plus(row["id"], row["key"], row["seed"], len(row["out"])), row["out"])
        count += 1
    for row in rows("crypto_ke.h", "ke_vectors"):
        for what, got in zip(("pub_i", "pub_r", "shared"), exchange(row)):
            check(row["id"] + " " + what, row, got, row[what])
        count += 1
    for row in rows("crypto_ke.h", "ke_public_vectors"):
        public = pow(2, int.from_bytes(row["priv"], "big"), modp_prime(row["id"]))
        check(row["id"] + " pub", row, public.to_bytes(len(row["pub"]), "big"), row["pub"])
        count += 1
    for row in rows("crypto_ke.h", "ke_primes"):
        check(row["id"], row, modp_prime(row["id"]).to_bytes(len(row["p"]), "big"), row["p"])
        count += 1
    for row in rows("crypto_sign.h", "sign_vectors"):
        if row["source"] == "own" or "SigGen" in row["source"]:
            count += 1
            if not rsa_holds(row):
                sys.exit(f"signature {row['method']} {row['alg'].hex()} is wrong")
    for row in rows("crypto_box.h", "box_vectors"):
        if row["integ"] != "NONE":
            covered = row["aad"] + row["iv"] + row["cipher"] + row["tail"]
            check("icv", row, mac(row["integ"], row["integ_key"], covered), row["icv"])
            count += 1
    print(f"{count} vectors are right")


main()

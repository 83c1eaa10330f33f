# SPDX-License-Identifier: GPL-2.0-or-later
"""bgpvpnd and a strongSwan peer prove who they are by certificates: every kind of key, in both roles; what is revoked, expired, of
another authority or of another name is refused, and the operator reads why.  Both rekey and reauthenticate under traffic.

      192.0.2.1                            198.51.100.1
     +---------+       10.0.12.0/24       +---------+
     |   r1    |--------------------------|   s1    |   charon with kernel-libipsec: ESP in user space,
     | bgpvpnd |==== 169.254.10.0/30 =====| charon  |   device ipsec0
     +---------+  vpn0            ipsec0  +---------+
"""

import os
import random
import time

import pytest
from lib.topogen import Topogen, get_topogen

from vpnlab import certs, strongswan, topo
from vpnlab.undisturbed import End, Undisturbed

pytestmark = [pytest.mark.bgpd, pytest.mark.bgpvpnd]
OURS, THEIRS = "r1.example.org", "s1.example.org"
SECONDS = 60
RUNNING = {}

# our key, charon's key, how charon signs, how we must sign: words of swanctl.conf(5), local.auth and remote.auth.
KINDS = {
    "rsa": ("rsa:3072", "rsa:3072", "pubkey", "pubkey"),
    "rsa-pkcs1-sha384": ("rsa:3072", "rsa:3072", "rsa-sha384", "pubkey"),
    "rsa-pss": ("rsa:3072", "rsa:3072", "rsa/pss-sha256", "ike:rsa/pss-sha256"),
    "rsa-pss-sha512": ("rsa:3072", "rsa:3072", "rsa/pss-sha512", "ike:rsa/pss-sha256"),
    "p256": ("ec:P-256", "ec:P-256", "ecdsa-sha256", "ike:ecdsa-sha256"),
    "p384": ("ec:P-384", "ec:P-384", "ecdsa-sha384", "ike:ecdsa-sha384"),
    "ed25519": ("ed25519", "ed25519", "pubkey", "pubkey"),
    "mixed": ("ed25519", "rsa:3072", "rsa/pss-sha256", "pubkey"),
}


class Keys(certs.Workshop):
    """Authorities, and what they issued, each made when it is first asked for: an RSA key takes a while."""

    def __init__(self):
        super().__init__()
        self._certs = {}
        self.root = self.authority("root")
        self.middle = self.authority("middle", parent=self.root)
        self.stranger = self.authority("stranger")

    def get(self, fqdn, key="ec:P-256", authority=None, **options):
        """options: expired=True, revoked=True."""
        authority = authority or self.root
        name = "-".join([fqdn.split(".")[0], key.replace(":", ""), *options])
        if (name, authority) not in self._certs:
            cert = authority.issue(name, key, fqdn, **options)
            cert.for_user("frr")
            self._certs[name, authority] = cert
        return self._certs[name, authority]


def build_topo(tgen):
    for name in ("r1", "s1"):
        tgen.add_router(name)
    tgen.add_link(tgen.gears["r1"], tgen.gears["s1"], "r1-eth0", "s1-eth0")


def setup_module(mod):
    if strongswan.missing():
        pytest.skip("not installed: " + strongswan.missing())
    tgen = Topogen(build_topo, mod.__name__)
    tgen.start_topology()
    topo.load(tgen.gears["r1"], "frr.conf")
    topo.load(tgen.gears["s1"], "frr.conf", daemons=("zebra", "bgpd"))
    tgen.gears["s1"].start()
    RUNNING["keys"] = Keys()
    charon = strongswan.StrongSwan(topo.netns(tgen.gears["s1"]), os.path.join(tgen.logdir, "charon"))
    RUNNING["charon"] = charon
    charon.start()
    charon.device("169.254.10.2/30")
    tgen.gears["r1"].start()


def teardown_module():
    if "charon" in RUNNING:
        RUNNING["charon"].stop()
    if "keys" in RUNNING:
        RUNNING["keys"].close()
    if get_topogen():
        get_topogen().stop_topology()


@pytest.fixture(name="r1")
def _r1():
    """Each test begins anew: one that failed says nothing of the others."""
    return get_topogen().gears["r1"]


@pytest.fixture(name="keys")
def _keys():
    return RUNNING["keys"]


both_roles = pytest.mark.parametrize("we_begin", [True, False], ids=["we-begin", "they-begin"])


def their_side(theirs, authorities, crls=(), auth=("pubkey", "pubkey"), ids=(OURS, THEIRS), **options):
    """charon's connection.  ids: ours and theirs, as charon has them."""
    charon = RUNNING["charon"]
    charon.credentials(private=[theirs.key], authorities=[a.cert for a in authorities], crls=crls)
    us = {"auth": auth[0], "id": f'"{ids[1]}"', "certs": theirs.cert}
    them = {"auth": auth[1], "id": f'"{ids[0]}"'}
    charon.connection("to-r1", "10.0.12.2", "10.0.12.1", us=us, them=them, **options)


def our_side(r1, ours, authority, we_begin, crl=None, ids=("fqdn " + OURS, "fqdn " + THEIRS), more=()):
    """A new tunnel.  ids: ours and theirs, as we have them.  more: lines of it."""
    line = "certificate {} private-key {} ca {}".format(ours.chain, ours.key, authority)
    words = ("shutdown", "local address 10.0.12.1", "remote address 10.0.12.2", line + (" crl {}".format(crl) if crl else ""),
             "local id " + ids[0], "remote id " + ids[1], "interface vpn0", "inside address 169.254.10.1/30",
             "link hold-up 0", "initiate " + ("always" if we_begin else "never"), *more, "no shutdown")  # fmt: skip
    status, said = topo.config(r1, "no vpn tunnel to-s1", "vpn tunnel to-s1", *words)
    assert status == 0 and "%" not in said, said


def away(r1):
    """No tunnel, at either end."""
    topo.config(r1, "no vpn tunnel to-s1")
    topo.wait(lambda: RUNNING["charon"].established() == 0, "charon to let go")


def comes_up(r1, we_begin):
    charon = RUNNING["charon"]
    if not we_begin:
        charon.initiate("to-r1")
    topo.wait(
        lambda: topo.tunnel(r1, "to-s1").get("linkState") == "up",
        lambda: "the tunnel; {}\n{}".format(topo.tunnel(r1, "to-s1"), charon.log()[-2500:]),
    )
    topo.wait(lambda: charon.installed() == 1, "one pair at charon")
    # the kernel knows of the carrier a moment later
    topo.wait(lambda: topo.pings(r1, "169.254.10.1", "169.254.10.2", 3) == 3, "pings to be answered")


def failure(r1):
    shown = topo.tunnel(r1, "to-s1")
    return "{}: {}".format(shown.get("lastFailure"), shown.get("lastFailureDetail"))


def stays_down(r1, we_begin, words):
    """Refused, and show says `words`."""
    charon = RUNNING["charon"]
    if not we_begin:
        with pytest.raises(RuntimeError):
            charon.initiate("to-r1")
    topo.wait(lambda: words in failure(r1), lambda: "'{}', but it is: {}".format(words, failure(r1)), 10)
    # a refusal may be somebody else's: an initiator gives it a moment to be contradicted
    topo.wait(lambda: words in " ".join(topo.vtysh(r1, "show vpn")[1].split()), lambda: topo.vtysh(r1, "show vpn")[1], 10)
    assert topo.tunnel(r1, "to-s1")["linkState"] == "down"
    away(r1)
    assert charon.installed() == 0


@both_roles
@pytest.mark.parametrize("kind", list(KINDS))
def test_key(r1, keys, kind, we_begin):
    our_key, their_key, *auth = KINDS[kind]
    away(r1)
    their_side(keys.get(THEIRS, their_key), [keys.root], auth=auth)
    our_side(r1, keys.get(OURS, our_key), keys.root.cert, we_begin)
    comes_up(r1, we_begin)


@both_roles
def test_without_rfc7427(r1, keys, we_begin):
    """charon in the way of RFC 7296 and RFC 4754: no digital signatures of RFC 7427."""
    away(r1)
    RUNNING["charon"].settings(signature_authentication="no")
    try:
        their_side(keys.get(THEIRS), [keys.root])
        our_side(r1, keys.get(OURS), keys.root.cert, we_begin)
        comes_up(r1, we_begin)
    finally:
        RUNNING["charon"].settings()


@both_roles
def test_they_insist_on_pkcs1(r1, keys, we_begin):
    """RFC 7427 has no way to tell that before: unless told otherwise we sign with PSS, as RFC 8247 3.2 wants it."""
    away(r1)
    their_side(keys.get(THEIRS), [keys.root], auth=("pubkey", "ike:rsa-sha256"))
    our_side(r1, keys.get(OURS, "rsa:3072"), keys.root.cert, we_begin)
    stays_down(r1, we_begin, "the peer refused our authentication")


@pytest.mark.parametrize(
    "scheme, we_begin",
    [("rsa-sha256", True), ("rsa-sha256", False), ("rsa-sha384", False), ("rsa-sha512", False)],
)
def test_they_get_pkcs1(r1, keys, scheme, we_begin):
    """As above, and we are told.  charon announces the one hash that it wants only where it begins: as the one that answers it does not
    know yet which connection it is, announces all, and we take the first."""
    away(r1)
    their_side(keys.get(THEIRS), [keys.root], auth=("pubkey", "ike:" + scheme))
    our_side(r1, keys.get(OURS, "rsa:3072"), keys.root.cert, we_begin, more=["rsa-signature pkcs1"])
    comes_up(r1, we_begin)


@both_roles
def test_told_when_refused(r1, keys, we_begin):
    """The operator reads of the refusal, adds the word, and the tunnel comes up; a key that is not RSA does not mind it."""
    away(r1)
    their_side(keys.get(THEIRS), [keys.root], auth=("pubkey", "ike:rsa-sha256"))
    our_side(r1, keys.get(OURS, "rsa:3072"), keys.root.cert, we_begin)
    if not we_begin:
        with pytest.raises(RuntimeError):
            RUNNING["charon"].initiate("to-r1")
    topo.wait(lambda: "the peer refused our authentication" in failure(r1), lambda: failure(r1), 10)
    assert "%" not in topo.config(r1, "vpn tunnel to-s1", "rsa-signature pkcs1")[1]
    comes_up(r1, we_begin)
    assert "\n rsa-signature pkcs1\n" in topo.vtysh(r1, "show running-config")[1].replace("\r", "")
    assert "%" not in topo.config(r1, "vpn tunnel to-s1", "no rsa-signature")[1]
    assert "rsa-signature" not in topo.vtysh(r1, "show running-config")[1]
    topo.wait(lambda: topo.tunnel(r1, "to-s1").get("linkState") == "down", "a change of it to begin IKE anew")
    their_side(keys.get(THEIRS), [keys.root], auth=("pubkey", "ike:ecdsa-sha256"))
    our_side(r1, keys.get(OURS), keys.root.cert, we_begin, more=["rsa-signature pkcs1"])
    comes_up(r1, we_begin)


@both_roles
def test_intermediate(r1, keys, we_begin):
    """Both have their certificate from an authority below the root; each knows only the root of the other's."""
    away(r1)
    their_side(keys.get(THEIRS, authority=keys.middle), [keys.root, keys.middle])
    our_side(r1, keys.get(OURS, authority=keys.middle), keys.root.cert, we_begin)
    comes_up(r1, we_begin)


@both_roles
def test_their_chain_alone(r1, keys, we_begin):
    """charon learns the authority below the root from us, we from it."""
    away(r1)
    their_side(keys.get(THEIRS), [keys.root])
    our_side(r1, keys.get(OURS, authority=keys.middle), keys.root.cert, we_begin)
    comes_up(r1, we_begin)


@both_roles
def test_names_in_dn(r1, keys, we_begin):
    ours, theirs = keys.get(OURS), keys.get(THEIRS)
    ids = (certs.subject(ours.name), certs.subject(theirs.name))
    away(r1)
    their_side(theirs, [keys.root], ids=ids)
    our_side(r1, ours, keys.root.cert, we_begin, ids=["dn " + name for name in ids])
    comes_up(r1, we_begin)


@both_roles
def test_nobody_is_revoked(r1, keys, we_begin):
    away(r1)
    their_side(keys.get(THEIRS), [keys.root], crls=[keys.root.crl])
    our_side(r1, keys.get(OURS), keys.root.cert, we_begin, crl=keys.root.crl)
    comes_up(r1, we_begin)


@both_roles
def test_they_are_revoked(r1, keys, we_begin):
    away(r1)
    their_side(keys.get(THEIRS, revoked=True), [keys.root])
    our_side(r1, keys.get(OURS), keys.root.cert, we_begin, crl=keys.root.crl)
    stays_down(r1, we_begin, "the peer's certificate is revoked")


@both_roles
def test_we_are_revoked(r1, keys, we_begin):
    ours = keys.get(OURS, revoked=True)
    away(r1)
    their_side(keys.get(THEIRS), [keys.root], crls=[keys.root.crl])
    our_side(r1, ours, keys.root.cert, we_begin)
    stays_down(r1, we_begin, "the peer refused our authentication")


@both_roles
def test_expired(r1, keys, we_begin):
    away(r1)
    their_side(keys.get(THEIRS, expired=True), [keys.root])
    our_side(r1, keys.get(OURS), keys.root.cert, we_begin)
    stays_down(r1, we_begin, "the peer's certificate has expired")


@both_roles
def test_another_authority(r1, keys, we_begin):
    away(r1)
    their_side(keys.get(THEIRS, authority=keys.stranger), [keys.root, keys.stranger])
    our_side(r1, keys.get(OURS), keys.root.cert, we_begin)
    stays_down(r1, we_begin, "from an authority that is not configured")


@both_roles
def test_another_name(r1, keys, we_begin):
    """Of our authority, but another site's certificate.  As the one that answers, charon finds that it is not who we ask for."""
    away(r1)
    their_side(keys.get("s2.example.org"), [keys.root], ids=(OURS, "s2.example.org"))
    our_side(r1, keys.get(OURS), keys.root.cert, we_begin)
    stays_down(r1, we_begin, "the peer refused our authentication" if we_begin else "the peer's identity is not the configured one")


@both_roles
def test_secret_instead(r1, keys, we_begin):
    """charon with a secret, where we want a certificate."""
    away(r1)
    charon = RUNNING["charon"]
    charon.connection("to-r1", "10.0.12.2", "10.0.12.1", "between-two-houses", us={"id": THEIRS}, them={"id": OURS})
    our_side(r1, keys.get(OURS), keys.root.cert, we_begin)
    stays_down(r1, we_begin, "the peer")


def routed(r1):
    s1 = get_topogen().gears["s1"]
    topo.wait_bgp(r1, "169.254.10.2", 45)
    topo.wait(lambda: "dev vpn0" in topo.run(r1, "ip route get 198.51.100.1")[1], "r1's route through vpn0")
    topo.wait(lambda: "dev ipsec0" in topo.run(s1, "ip route get 192.0.2.1")[1], "s1's route through ipsec0")
    return End(r1, "to-s1", "192.0.2.1", "169.254.10.2"), End(s1, None, "198.51.100.1", "169.254.10.1")


def rekey_now_and_then(r1, seconds):
    """Ours: Child SAs every one to four seconds, every fourth time the IKE SA.  How many of each have begun."""
    dice, begun = random.Random(7), {"child": 0, "ike": 0}
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(dice.uniform(1, 4))
        what = "ike" if dice.random() < 0.25 else "child"
        begun[what] += topo.vtysh(r1, "vpn rekey tunnel to-s1 " + what)[1].count("%") == 0
    return begun


def test_both_rekey(r1, keys):
    charon = RUNNING["charon"]
    away(r1)
    their_side(keys.get(THEIRS, authority=keys.middle), [keys.root, keys.middle], rekeys=True)
    our_side(r1, keys.get(OURS, authority=keys.middle), keys.root.cert, True)
    comes_up(r1, True)
    ends = routed(r1)
    logged = len(charon.log())
    with Undisturbed(*ends):
        begun = rekey_now_and_then(r1, SECONDS)
    print("we began {}, charon installed {} pairs".format(begun, charon.log()[logged:].count("inbound CHILD_SA")))
    assert begun["child"] >= 8 and begun["ike"] >= 2
    topo.wait(lambda: topo.sas(r1, "to-s1") == (1, 1) and charon.installed() == 1, "one pair", 40)


@both_roles
def test_they_reauthenticate(r1, keys, we_begin):
    """charon makes a new IKE SA before it gives up the old one: nobody notices.  With the answer to its DELETE charon destroys the old pair
    at once, while ESP that came before that answer still waits in libipsec: on a busy machine it loses a packet now and then."""
    charon = RUNNING["charon"]
    away(r1)
    charon.settings(make_before_break="yes")
    their_side(keys.get(THEIRS), [keys.root], settings={"reauth_time": "4s", "over_time": "60s", "rand_time": "0s"})
    our_side(r1, keys.get(OURS), keys.root.cert, we_begin)
    comes_up(r1, we_begin)
    ends = routed(r1)
    logged = len(charon.log())
    with Undisturbed(*ends, may_lose=4):
        topo.wait(lambda: charon.log()[logged:].count("reauthenticating IKE_SA") >= 2, "reauthentications", 60)
        time.sleep(3)
    topo.wait(lambda: topo.sas(r1, "to-s1")[0] == 1 and charon.installed() == 1, "one pair", 40)
    away(r1)
    charon.settings()


def test_nothing_crashed(r1):
    assert not r1.check_router_running()

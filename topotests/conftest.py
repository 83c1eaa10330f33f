# SPDX-License-Identifier: GPL-2.0-or-later
"""FRR's topotest framework for tests outside of FRR's tree.  topotests/run sets the environment:

FRR_TOPOTESTS      FRR's tests/topotests, from Debian's source package
BGPVPN_FRRDIR      a directory with all daemons, Debian's and ours
"""

import importlib.util
import os
import sys

import pytest

if "BGPVPN_FRRDIR" not in os.environ:
    raise pytest.UsageError("these tests are started with topotests/run")
HERE = os.path.dirname(os.path.abspath(__file__))
FRR_TOPOTESTS = os.environ["FRR_TOPOTESTS"]
FRRDIR = os.environ["BGPVPN_FRRDIR"]
sys.path[:0] = [FRR_TOPOTESTS, HERE]

# FRR's library is imported as "lib", hence only now
import lib.topogen as topogen  # noqa: E402
import lib.topotest as topotest  # noqa: E402

RD_BGPVPN = 100


def _kernel_without_modules():
    """The framework asks for MPLS modules, and takes a missing /proc/modules for an error."""
    ask = topotest.module_present_linux

    def module_present_linux(module, load):
        return ask(module, load) if os.path.exists("/proc/modules") else False

    topotest.module_present_linux = module_present_linux


def _our_daemon():
    """Makes bgpvpnd a daemon that routers can load_config(), and takes all daemons from FRRDIR."""
    topogen.tgen_defaults["frrdir"] = FRRDIR
    topogen.TopoRouter.RD_BGPVPN = RD_BGPVPN
    topogen.TopoRouter.RD[RD_BGPVPN] = "bgpvpnd"
    init = topotest.Router.__init__

    def router_init(self, name, **params):
        init(self, name, **params)
        self.daemons["bgpvpnd"] = 0
        self.config_defaults.set("topogen", "frrdir", FRRDIR)

    topotest.Router.__init__ = router_init


def _frr_conftest():
    """FRR's own hooks and fixtures, less the check for a complete FRR installation (Debian has no pim6d)."""
    spec = importlib.util.spec_from_file_location("frr_conftest", os.path.join(FRR_TOPOTESTS, "conftest.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules["frr_conftest"] = module
    spec.loader.exec_module(module)
    module.diagnose_env = lambda rundir: True
    for name, value in vars(module).items():
        if name.startswith("pytest_") or hasattr(value, "_pytestfixturefunction"):
            globals()[name] = value


_kernel_without_modules()
_our_daemon()
_frr_conftest()

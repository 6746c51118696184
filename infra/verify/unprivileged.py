"""`python -m infra.verify.unprivileged words…`: the front door as the user nobody.

Everything is imported before the change of user, because the interpreter itself may lie where only root can read.
"""

import importlib
import os
import pkgutil
import sys

import infra.slipway
from infra.slipway import cli
from infra.verify import defects

NOBODY = 65534


def main(name: str, words: list[str]) -> None:
    """Become nobody (stay who we are when we are not root) and run; `name` is a seeded defect or empty."""
    for module in pkgutil.walk_packages(infra.slipway.__path__, "infra.slipway."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    with defects.applied(name):
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        sys.argv = ["slipway", *words]
        cli.main()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

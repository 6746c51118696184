"""`make load`: the smoke load on the running instance, as its demo user.

`load/` imports nothing of `infra`, so the address and the account reach it as arguments and environment.
"""

import os
import subprocess
import sys

from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import REPOSITORY
from infra.verify.bed import Bed, BedError


def main(arguments: list[str]) -> int:
    """Find address and account, then run `python -m load`; further arguments are passed on. Its exit code is ours."""
    bed = Bed(name=os.environ.get("SLIPWAY_INSTANCE") or "slipway", port=int(os.environ.get("SLIPWAY_PORT") or 8080))
    try:
        if not bed.instance.kubeconfig.exists():
            return _told(f"no cluster runs for instance {bed.name}: make up", code=Exit.NOT_RUNNING)
        password = bed.password("demo")
    except BedError as error:
        return _told(str(error), code=Exit.NOT_RUNNING)
    except SlipwayError as error:
        return _told(f"{error.message}\n{error.hint}".rstrip(), code=error.code)
    done = subprocess.run(
        [sys.executable, "-m", "load", "--host", bed.url, "--json", "out/load.json", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "LOAD_USERNAME": "demo", "LOAD_PASSWORD": password},
        check=False,
    )
    return done.returncode


def _told(message: str, *, code: int) -> int:
    sys.stderr.write(f"load: {message}\n")
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

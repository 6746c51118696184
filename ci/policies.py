"""Every rendered object of every environment against all policies, and all suites, by gator."""

import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ci.tools import say
from infra.components.places import APP_NAMESPACES
from infra.lib import policies
from infra.lib.errors import SlipwayError
from infra.slipway.options import ENVIRONMENTS
from infra.verify.policies import gator, own


def own_objects(program: Path, environment: str) -> int:
    """Whether what we deploy keeps to all policies, with no exemption in app namespaces."""
    started = time.monotonic()
    objects = own.rendered(environment)
    refusals = gator.judge(program, policies.load(), objects, namespaces=APP_NAMESPACES)
    return _tell(f"{environment}: {len(objects)} objects", [str(refusal) for refusal in sorted(refusals)], started)


def _tell(what: str, told: Sequence[str], started: float) -> int:
    print(f"{'FAILED' if told else 'ok'}  {what} in {time.monotonic() - started:.1f} s", *told, sep="\n  ", flush=True)
    return 1 if told else 0


def main() -> int:
    """0 when everything is as it should be."""
    try:
        program = gator.program(report=say)
        # A rendering is a process of its own; so is gator.
        with ThreadPoolExecutor(max(1, os.cpu_count() or 1)) as pool:
            started, folders = time.monotonic(), policies.folders()
            judged = [pool.submit(own_objects, program, environment) for environment in ENVIRONMENTS]
            verified = [pool.submit(gator.verify, program, folder) for folder in folders]  # short: they fill the gaps
            failed = sum(future.result() for future in judged)
            told = [line for future in verified for line in future.result()]
            failed += _tell(f"{len(folders)} suites", told, started)
    except SlipwayError as error:
        print(f"FAILED  {error.message}", *error.details, sep="\n  ")
        return 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

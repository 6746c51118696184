"""`python -m load --host http://127.0.0.1:8080`: a bounded load run whose exit code is its verdict.

LOAD_USERNAME and LOAD_PASSWORD name the account; they come from the environment so that no process list shows them.
"""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from load.result import table, write
from load.target import TargetError, check
from load.thresholds import SMOKE

USAGE_ERROR = 64  # sysexits EX_USAGE, away from the verdicts 0 to 3


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override] # argparse says NoReturn; this exits as well
        """Say what is wrong and end with a code that is no verdict."""
        self.exit(USAGE_ERROR, f"load: {message}\n")


def main(arguments: list[str] | None = None) -> int:
    """Parse, check the target, run, print; the return value is the exit code."""
    options = _parse(arguments)
    try:
        host = check(options.host, allowed=frozenset(options.allow_host))
    except TargetError as error:
        return _refuse(str(error))
    if missing := [name for name in ("LOAD_USERNAME", "LOAD_PASSWORD") if not os.environ.get(name)]:
        return _refuse(f"{' and '.join(missing)} not set: the account to load with")
    from load.runner import run  # noqa: PLC0415 - importing Locust patches the standard library, so only for a run

    limits = replace(SMOKE, minimum_requests=options.minimum_requests)
    if options.p95_ms is not None:
        limits = replace(limits, p95={"": options.p95_ms})
    try:
        result = run(host=host, seconds=options.seconds, users=options.users, limits=limits)
    except ValueError as error:
        return _refuse(str(error))
    if options.json is not None:
        write(result, options.json)
    sys.stdout.write(table(result) + "\n")
    return int(result.verdict)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = _Parser(
        prog="python -m load",
        description="exit codes: 0 ok, 1 failed requests, 2 slower than promised, 3 generator saturated or too few "
        "samples, 64 wrong arguments",
    )
    parser.add_argument("--host", required=True, help="URL of the service, e.g. http://127.0.0.1:8080")
    parser.add_argument("--allow-host", action="append", default=[], metavar="NAME", help="a host that is not loopback")
    parser.add_argument("--seconds", type=int, default=40, help="length of the run (40)")
    parser.add_argument("--users", type=int, default=10, help="users at once (10)")
    parser.add_argument("--minimum-requests", type=int, default=SMOKE.minimum_requests, help="fewer: no verdict")
    parser.add_argument("--p95-ms", type=float, help="one limit for every route instead of the smoke thresholds")
    parser.add_argument("--json", type=Path, help="also write the result to this file")
    return parser.parse_args(arguments)


def _refuse(message: str) -> int:
    sys.stderr.write(f"load: {message}\n")
    return USAGE_ERROR


if __name__ == "__main__":
    sys.exit(main())

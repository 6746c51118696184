"""`python -m ci.tools gatekeeper vault`: build these programs where the cache has not got them."""

import sys

from infra.lib import gotool
from infra.lib.errors import SlipwayError
from infra.lib.paths import cache_dir


def main(names: list[str]) -> int:
    """0 when each of them is there."""
    try:
        for name in names:
            log = cache_dir() / "logs" / f"{name}.log"
            print(f"ok  {name}: {gotool.ensure(name, report=say, log=log).parent.name}", flush=True)
    except SlipwayError as error:
        print(f"FAILED  {error.message}", *error.details, error.hint, sep="\n  ")
        return int(error.code)
    return 0


def say(message: str, /, *, done: float | None = None) -> None:
    """What a build reports, as a line of the gate's output."""
    print(message if done is None else f"{message} ({done:.0%})", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`python -m tests.bench NAME…`: one JSON object a figure on standard output, everything else on standard error."""

import importlib
import os
import sys
from contextlib import redirect_stdout
from typing import Any

import orjson

from tests import servers
from tests.servers import Servers

NAMES = ("list", "create", "moderate", "report", "list_scale", "http", "worker_mem", "worker_class")


def main(names: list[str]) -> int:
    """Measure what is named; 2 for an unknown name."""
    if not names or (unknown := [name for name in names if name not in NAMES]):
        sys.stderr.write(f"bench: {' '.join(unknown) if names else 'no name'}; known: {', '.join(NAMES)}\n")
        return 2
    with servers.running() as running:
        _prepare(running)
        for name in names:
            with redirect_stdout(sys.stderr):
                measure = importlib.import_module(f"tests.bench.{name}").measure
                values = _moderate(measure()) if name == "moderate" else measure(running)
            for figure in values:
                sys.stdout.write(orjson.dumps(figure).decode() + "\n")
                sys.stdout.flush()
    return 0


def _moderate(found: dict[str, float]) -> list[dict[str, Any]]:
    """The rows of a figure that needs no server."""
    note = ", ".join(f"{name} {value:.0f}" for name, value in found.items())
    values = {"moderate": "times", "moderate_ascii": "ascii_us", "moderate_mixed": "turkish_us"}
    return [{"id": row, "value": found[name], "note": note} for row, name in values.items()]


def _prepare(running: Servers) -> None:
    """Production settings with the peer beside the service, on the schema that `migrate` makes."""
    os.environ.update(running.environment(), DJANGO_SETTINGS_MODULE="tests.bench.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("bootstrap")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

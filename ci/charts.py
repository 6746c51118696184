"""Lint every chart and render it with its defaults and with each of its `ci/*-values.yaml`."""

import subprocess
import sys
from pathlib import Path

from infra.lib import gotool
from infra.lib.errors import SlipwayError

ROOT = Path(__file__).resolve().parents[1]
LOG = ROOT / "out" / "ci" / "helm-build.log"


def commands(helm: list[str], charts: Path) -> list[list[str]]:
    """`helm lint` and `helm template` for each chart and each of its scenarios."""
    made = []
    for chart in sorted(file.parent for file in charts.glob("*/Chart.yaml")):
        scenarios = [["--values", str(values)] for values in sorted(chart.glob("ci/*-values.yaml"))]
        for given in scenarios or [[]]:
            made.append([*helm, "lint", "--strict", str(chart), *given])
            made.append([*helm, "template", chart.name, str(chart), "--namespace", "todo", *given])
    return made


def main() -> int:
    """0 when every chart lints and renders; prints what did not."""
    try:
        helm = [str(gotool.ensure("node", report=_say, log=LOG)), "helm"]
    except SlipwayError as error:
        print(f"helm cannot be built: {error.message}", *error.details, sep="\n")
        return 1
    failed = 0
    for command in commands(helm, ROOT / "charts"):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        shown = " ".join(word.removeprefix(f"{ROOT}/") for word in command[2:])
        print(f"{'ok' if done.returncode == 0 else 'FAILED'}  helm {shown}")
        if done.returncode != 0:
            failed += 1
            print(done.stdout, done.stderr)
    return 1 if failed else 0


def _say(message: str, /, *, done: float | None = None) -> None:
    print(message if done is None else f"{message} ({done:.0%})", flush=True)


if __name__ == "__main__":
    sys.exit(main())

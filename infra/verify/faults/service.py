"""The service's own fault tests, `app/tests/faults`, run where they live: one pytest a module, rows back as JSON lines.

Nothing of the app is imported: ids come from its counts.toml, everything else from the rows its harness writes.
"""

import json
import shutil
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.lib.errors import SlipwayError
from infra.lib.paths import REPOSITORY, cache_dir
from infra.lib.process import run
from infra.lib.report import Report
from infra.verify.provenance import Provenance
from infra.verify.results import Row

APP = REPOSITORY / "app"
FOLDER = APP / "tests" / "faults"
DEADLINE = 30 * 60.0
TICK = 30.0
COUNTS: dict[str, dict[str, int]] = tomllib.loads((FOLDER / "counts.toml").read_text(encoding="utf-8"))
IDS: tuple[str, ...] = tuple(sorted(COUNTS))


def service_rows(names: Sequence[str], *, reduced: bool, seed: int, report: Report) -> Iterator[Row]:
    """One after the other; none keeps the next from running."""
    for place, name in enumerate(names):
        with told(name, names[place + 1 :], reduced=reduced, report=report):
            row = service_row(name, reduced=reduced, seed=seed, report=report)
        yield row


@contextmanager
def told(name: str, later: Sequence[str], *, reduced: bool, report: Report, tick: float = TICK) -> Iterator[None]:
    """Say now and then for how long it has run, how long that takes, and what is left, as counts.toml expects it."""
    begin, over = time.monotonic(), threading.Event()
    whole, rest = (0.0, 0.0) if reduced else (expected([name]), expected(later))

    def tell() -> None:
        while not over.wait(tick):
            ran = time.monotonic() - begin
            left = f", about {minutes(max(0.0, whole - ran) + rest)} left for {1 + len(later)}" if whole else ""
            report(f"{name}: {minutes(ran)}{f' of about {minutes(whole)}' if whole else ''}{left}")

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def expected(names: Iterable[str]) -> float:
    """Seconds of these at full count, promise and twin, on two cores of their own."""
    return float(sum(COUNTS[name]["seconds"] for name in names))


def minutes(seconds: float) -> str:
    """`m:ss`."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def service_row(name: str, *, reduced: bool, seed: int, report: Report, folder: Path = FOLDER) -> Row:
    """Run the module of a fault, promise and twin, and sum its verdicts up; red when there is no such module."""
    modules = sorted(folder.glob(f"test_{name.lower()}_*.py"))
    begin, provenance = time.monotonic(), Provenance.now()
    if len(modules) != 1:
        found = ", ".join(module.name for module in modules) or "none"
        why = f"wanted one module test_{name.lower()}_*.py, found {found}"
        return _row(name, [], why=why, seed=seed, seconds=0.0, provenance=provenance)
    report(f"{name}: {modules[0].stem}, {'reduced' if reduced else 'full'} count")
    verdicts, why = _verdicts(name, modules[0], reduced=reduced, seed=seed)
    row = _row(name, verdicts, why=why, seed=seed, seconds=time.monotonic() - begin, provenance=provenance)
    report(f"{name}: n {row['n']}, failures {row['failures']}, teeth {row['teeth']} {row['note']}")
    return row


def _verdicts(name: str, module: Path, *, reduced: bool, seed: int) -> tuple[list[dict[str, Any]], str]:
    """What the harness wrote, and why pytest failed, empty when it passed."""
    folder = Path(tempfile.mkdtemp(prefix=f"slipway-{name}-"))
    file, why = folder / "rows.jsonl", ""
    env = {"SLIPWAY_FAULT_ROWS": str(file), "SLIPWAY_SEED": str(seed), "SLIPWAY_FAULTS": "" if reduced else "full"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout=0", "-m", "", str(module)]
    try:
        run(command, log=cache_dir() / "logs" / f"faults-{name}.log", deadline=DEADLINE, env=env, cwd=APP)
    except SlipwayError as error:
        told = [line for line in error.details if line.startswith(("E ", "FAILED", "ERROR"))]
        why = (told or [error.message])[0]
    try:
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return [verdict for verdict in map(json.loads, lines) if verdict["id"] == name], why


def _row(
    name: str,
    verdicts: Sequence[Mapping[str, Any]],
    *,
    why: str,
    seed: int,
    seconds: float,
    provenance: Provenance,
) -> Row:
    """The row of docs/reliability/faults.json; a failure that no verdict shows counts as one."""
    honest = [verdict for verdict in verdicts if not verdict["twin"]]
    twins = [verdict for verdict in verdicts if verdict["twin"]]
    tried = sum(verdict["n"] for verdict in honest)
    broken = sum(verdict["failures"] for verdict in honest)
    toothless = sum(not verdict["failures"] for verdict in twins)
    if not broken and ((why and not toothless) or not tried):
        broken, why = 1, why or "nothing was tried"
    about = verdicts[0] if verdicts else {"title": "", "promise": "", "defect": ""}
    notes = [why, *(verdict["note"] for verdict in honest)]
    return {
        "id": name,
        "title": about["title"],
        "promise": about["promise"],
        "n": tried,
        "failures": broken,
        "bound": None if broken else round(3 / tried, 7),
        "teeth": f"{len(twins) - toothless}/{max(1, len(twins))}",
        "defect": about["defect"],
        "seed": seed,
        "seconds": round(seconds, 1),
        "note": "; ".join(note for note in notes if note)[:300],
        **provenance.fields(),
    }

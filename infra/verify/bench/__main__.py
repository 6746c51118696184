"""`python -m infra.verify.bench [IDS|GROUPS] [--readme]`: measure, print, keep; exit 1 when a goal is missed."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import REPOSITORY
from infra.verify.bed import BedError
from infra.verify.bench import rows
from infra.verify.bench.figure import Desk, Figure, Value
from infra.verify.bench.registry import FIGURES, GROUPS, ROW_IDS
from infra.verify.bench.stand import Stand, stand
from infra.verify.console import Progress
from infra.verify.provenance import Provenance
from infra.verify.results import Row, between, choose, merge, read

RESULTS = REPOSITORY / "docs" / "performance" / "bench.json"
SHOWN_IN = (REPOSITORY / "docs" / "performance" / "README.md", REPOSITORY / "README.md")
DEFAULT = "app"


def main(arguments: list[str]) -> int:
    """Measure what is named (the group `app` without a name); `--readme` only writes the tables anew."""
    parser = argparse.ArgumentParser(prog="python -m infra.verify.bench", description=__doc__)
    parser.add_argument("ids", nargs="*", default=[DEFAULT], help=f"ids, or groups: {', '.join(GROUPS)}")
    parser.add_argument("--readme", action="store_true", help="measure nothing, write the tables anew")
    given = parser.parse_args(arguments)
    try:
        if not given.readme:
            known = [figure.id for figure in FIGURES]
            return _run(choose(known, ",".join(given.ids).split(","), groups=GROUPS, name="BENCH"))
        write_tables(SHOWN_IN)
    except SlipwayError as error:
        sys.stderr.write("\n".join([f"bench: {error.message}", *error.details, error.hint]).rstrip() + "\n")
        return int(error.code)
    return Exit.OK


def write_tables(files: tuple[Path, ...]) -> None:
    """Put the table of the kept rows between the markers of each file."""
    block = rows.markdown(read(RESULTS))
    for file in files:
        file.write_text(between(file.read_text(encoding="utf-8"), block, name="figures"), encoding="utf-8")


def _run(ids: list[str]) -> int:
    report = Progress()
    measured: list[Row] = []
    with stand(report) as one:
        for figure in (figure for figure in FIGURES if figure.id in ids):
            report(f"{figure.id}: {figure.title}")
            measured += _measure(figure, one, report)
            merge(RESULTS, measured, order=ROW_IDS)
            write_tables(SHOWN_IN)
    sys.stdout.write(rows.plain(measured) + "\n")
    missed = [row["id"] for row in measured if not row["met"] and not _absent(row)]
    if missed:
        sys.stderr.write(f"bench: missed: {', '.join(missed)}\n")
    return Exit.FAILED if missed else Exit.OK


def _absent(row: Row) -> bool:
    """Whether the subject of a figure does not exist on this machine, which is nobody's failure."""
    return bool(row["value"] is None and row["note"].startswith("no "))


def _measure(figure: Figure, one: Stand, report: Progress) -> list[Row]:
    """The figure's rows; a measurement that fails is a row without a value that says why."""
    folder = Path(tempfile.mkdtemp(prefix=f"slipway-{figure.id}-"))
    provenance = Provenance.now()
    try:
        values = dict(figure.measure(Desk(folder=folder, stand=one, report=report)))
    except (SlipwayError, BedError, OSError) as error:
        report(f"{figure.id} failed: {error}")
        why = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        values = {goal.id: Value(value=None, note=f"failed: {why}") for goal in figure.goals}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return rows.rows(figure, values, provenance)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

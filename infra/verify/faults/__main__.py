"""`python -m infra.verify.faults [ID,…] [--reduced]`: fault tests at full count, a row each in docs/reliability."""

import argparse
import os
import secrets
import sys
from contextlib import ExitStack
from typing import get_args

from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import REPOSITORY
from infra.verify.bed import Bed
from infra.verify.console import Progress
from infra.verify.faults.fault import Tier
from infra.verify.faults.judge import judge, row
from infra.verify.faults.registry import FAULTS, rounds
from infra.verify.faults.service import IDS as SERVICE_IDS
from infra.verify.faults.service import service_rows
from infra.verify.faults.table import markdown, plain
from infra.verify.ports import free_port
from infra.verify.provenance import Provenance
from infra.verify.results import Row, between, choose, merge, read

FOLDER = REPOSITORY / "docs" / "reliability"
RESULTS = FOLDER / "faults.json"
SHOWN_IN = FOLDER / "README.md"
IDS = (*(fault.id for fault in FAULTS), *SERVICE_IDS)
GROUPS = {
    "all": IDS,
    "service": SERVICE_IDS,
    **{tier: tuple(fault.id for fault in FAULTS if fault.tier == tier) for tier in get_args(Tier)},
}


def main(arguments: list[str]) -> int:
    """Run what is named (all without a name). FAULT_SEED plays an earlier run again; exit 1 when a promise broke."""
    parser = argparse.ArgumentParser(prog="python -m infra.verify.faults", description=__doc__)
    parser.add_argument("ids", nargs="*", default=["all"], help=f"ids, or groups: {', '.join(GROUPS)}; all without any")
    parser.add_argument("--reduced", action="store_true", help="the counts of the gate instead of the full ones")
    given = parser.parse_args(arguments)
    try:
        chosen = choose(IDS, ",".join(given.ids).split(","), groups=GROUPS, name="FAULT")
        _require_root(chosen)
        rows = _run(chosen, reduced=given.reduced)
    except SlipwayError as error:
        sys.stderr.write("\n".join([f"faults: {error.message}", *error.details, error.hint]).rstrip() + "\n")
        return int(error.code)
    sys.stdout.write(plain(rows) + "\n")
    return Exit.OK if all(_green(each) for each in rows) else Exit.FAILED


def _require_root(chosen: list[str]) -> None:
    if os.geteuid() != 0 and any(fault.tier != "unit" for fault in FAULTS if fault.id in chosen):
        raise SlipwayError("fault tests need root: they kill, mount and make instances", code=Exit.MISSING)


def _run(chosen: list[str], *, reduced: bool) -> list[Row]:
    seed = int(os.environ.get("FAULT_SEED") or secrets.randbelow(10**9))
    report = Progress()
    report(f"seed {seed}")
    rows: list[Row] = []
    bed = Bed(name="faults", port=free_port())
    full = Bed(name="faultsfull", port=free_port(), env={"PROFILE": "full"})
    with ExitStack() as stack:
        for fault in (fault for fault in FAULTS if fault.id in chosen):
            here = full if fault.tier == "full" else bed
            if fault.tier in {"bed", "full"} and not here.instance.kubeconfig.exists():
                stack.close()  # the one of another profile, if it is up: they would share the machine's memory
                report(f"start instance {here.name}")
                stack.enter_context(here.running())
            count = rounds(fault, reduced=reduced)
            judgement = judge(fault, rounds=count, seed=seed, bed=here, report=report)
            rows.append(row(fault, judgement, Provenance.now()))
            _keep(rows)
    names = [name for name in SERVICE_IDS if name in chosen]
    for each in service_rows(names, reduced=reduced, seed=seed, report=report):
        rows.append(each)
        _keep(rows)
    return rows


def _keep(rows: list[Row]) -> None:
    block = markdown(merge(RESULTS, rows, order=IDS))
    SHOWN_IN.write_text(between(SHOWN_IN.read_text(encoding="utf-8"), block, name="faults"), encoding="utf-8")


def shown() -> str:
    """What README.md of docs/reliability has to hold between its markers."""
    return markdown(read(RESULTS))


def _green(each: Row) -> bool:
    done, _, wanted = str(each["teeth"]).partition("/")
    return each["failures"] == 0 and done == wanted


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

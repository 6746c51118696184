"""Run the rounds of a fault and of its twin, and say what that proves."""

import random
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from infra.lib.errors import SlipwayError
from infra.lib.report import Report
from infra.verify.bed import Bed, BedError
from infra.verify.faults.fault import BrokenError, Fault, Site
from infra.verify.provenance import Provenance
from infra.verify.results import Row

TWIN_EVERY = 10


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """`broken` says why for each of the `rounds` that failed; `teeth` of `twins` twin rounds turned red."""

    rounds: int
    broken: tuple[str, ...]
    twins: int
    teeth: int
    seed: int
    seconds: float

    @property
    def passed(self) -> bool:
        """No round failed and every twin did."""
        return self.rounds > 0 and not self.broken and self.teeth == self.twins > 0

    @property
    def bound(self) -> float | None:
        """With 95 % confidence the true failure rate is below this: 3/n when nothing failed."""
        return None if self.broken else round(3 / self.rounds, 4)

    def __str__(self) -> str:
        told = f"{self.rounds} rounds, {len(self.broken)} failed, teeth {self.teeth}/{self.twins}, seed {self.seed}"
        return "\n".join([told, *self.broken])


def judge(fault: Fault, *, rounds: int, seed: int, bed: Bed, report: Report) -> Judgement:
    """Every round, then the twin; a failing round can be played again by its seed and number."""
    begin = time.monotonic()
    broken = []
    for number in range(rounds):
        report(f"{fault.id} {number + 1}/{rounds}")
        if (found := _round(fault, number, seed=seed, bed=bed, defect="")) is not None:
            broken.append(f"round {number}: {_why(found)}")
            report(f"{fault.id} {number + 1}/{rounds} BROKEN: {_why(found)[:300]}")
    twins = max(1, rounds // TWIN_EVERY)
    teeth = 0
    for number in range(twins):
        report(f"{fault.id} twin {number + 1}/{twins}: {fault.defect}")
        found = _round(fault, number, seed=seed, bed=bed, defect=fault.defect)
        # A twin that fails before the promise is looked at has seen nothing.
        teeth += isinstance(found, BrokenError)
        report(f"{fault.id} twin {number + 1}/{twins}: {'stayed green' if found is None else _why(found)[:300]}")
    return Judgement(
        rounds=rounds,
        broken=tuple(broken),
        twins=twins,
        teeth=teeth,
        seed=seed,
        seconds=round(time.monotonic() - begin, 1),
    )


def row(fault: Fault, judgement: Judgement, provenance: Provenance) -> Row:
    """The fault's row of docs/reliability/faults.json."""
    return {
        "id": fault.id,
        "title": fault.title,
        "promise": fault.promise,
        "n": judgement.rounds,
        "failures": len(judgement.broken),
        "bound": judgement.bound,
        "teeth": f"{judgement.teeth}/{judgement.twins}",
        "defect": fault.defect,
        "seed": judgement.seed,
        "seconds": judgement.seconds,
        "note": _note(fault, judgement),
        **({"not_judged": list(fault.not_judged())} if fault.not_judged else {}),
        **provenance.fields(),
    }


def _note(fault: Fault, judgement: Judgement) -> str:
    if judgement.broken:
        return judgement.broken[0].splitlines()[0][:300]
    return fault.note() if fault.note else ""


def _round(fault: Fault, number: int, *, seed: int, bed: Bed, defect: str) -> Exception | None:
    """What broke the promise or kept the round from looking at it; None when the promise held."""
    folder = Path(tempfile.mkdtemp(prefix=f"slipway-{fault.id}-"))
    folder.chmod(0o755)
    site = Site(
        number=number,
        folder=folder,
        random=random.Random(f"{seed}:{fault.id}:{number}"),  # noqa: S311 - reproducible, not secret
        bed=bed,
        defect=defect,
    )
    try:
        fault.probe(site)
    except (BrokenError, BedError, SlipwayError, OSError) as error:
        return error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return None


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__

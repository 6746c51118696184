"""R33: folding any text is idempotent, bounded and true to its places."""

import time

import pytest

from tests.faults.harness import Fault, FaultRun
from todo_app.moderation import folding

pytestmark = pytest.mark.timeout(900)
FAULT = Fault(
    id="R33",
    title="normaliser laws",
    promise="fold(fold(t)) = fold(t), at most 18 times as long, each character traced to its origin",
    defect="folding lowers case without decomposing first",
)
GROWTH = 18  # U+FDFA, the worst character of Unicode
BOMBS = ("\ufdfa" * 3_000, "\u0344" * 9_000, "\U0001f18e" * 9_000)


def probe(fault_run: FaultRun) -> None:
    random, failures = fault_run.random, 0
    for _ in range(fault_run.rounds):
        ceiling = random.choice((0x7F, 0x24F, 0x2FFF, 0x10FFFF))
        text = "".join(chr(random.randint(0, ceiling)) for _ in range(random.randint(0, 12)))
        failures += not lawful(text)
    failures += sum(not lawful(bomb) for bomb in BOMBS)
    slow = max(seconds("".join(chr(random.randint(0x80, 0x2FFF)) for _ in range(32 * 1024))) for _ in range(3))
    fault_run.verdict(n=fault_run.rounds, failures=failures, note=f"64 KiB of unusual letters in {slow * 1000:.1f} ms")


def lawful(text: str) -> bool:
    folded, origin = folding.fold(text), folding.places(text)
    return (
        folding.fold(folded) == folded
        and len(folded) <= GROWTH * len(text)
        and len(origin) == len(folded)
        and all(folded[n] in folding.fold_character(text[source]) for n, source in enumerate(origin))
    )


def seconds(text: str) -> float:
    folding.fold(text)  # the table of characters fills once in a process
    begin = time.thread_time()
    folding.fold(text)
    return time.thread_time() - begin


def test_promise_holds(fault_run: FaultRun) -> None:
    probe(fault_run)


def test_defect_turns_it_red(fault_run: FaultRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "fold", lambda text: text.upper().lower())
    probe(fault_run)

"""R31: no pattern an admin may add, and no list however long, takes more than its bound of processor time."""

import re
import time

import pytest

from tests.faults.harness import Fault, FaultRun
from todo_app.moderation import patterns
from todo_app.moderation.entries import BannedEntry
from todo_app.moderation.matcher import Matcher
from todo_app.moderation.patterns import PatternInvalid, pattern_compile, pattern_probe

pytestmark = pytest.mark.timeout(900)
FAULT = Fault(
    id="R31",
    title="redos",
    promise="an accepted pattern judges the longest text in at most 50 ms of processor time",
    defect="patterns run in Python's re",
)
LONGEST = 12_000  # characters of a todo, its tags included
BOUND = 0.05  # seconds
ATOMS = ("a", "b", "x", "[a-z]", r"\w", ".", "(?:a|aa)", "(?:a|b|ab)", "(?:a+)", r"\s?")
TAILS = ("b", "$", "c{3}", "[^a]", r"\d", "")
HOSTILE = ("(a+)+$", "(a|aa)+$", "(a|a)*b", "(.*a){9}", "(a?){20}a{20}", "(x+x+)+y", r"(\w+\s?)+\d$")


def probe(fault_run: FaultRun) -> None:
    random, failures, judged, refused, worst = fault_run.random, 0, 0, 0, 0.0
    texts = ["a" * LONGEST, "ab" * (LONGEST // 2), "".join(random.choice("abx ") for _ in range(LONGEST))]
    made = [*HOSTILE]
    while len(made) < fault_run.rounds:
        body = "".join(
            random.choice(ATOMS) + random.choice(("", "+", "*", "{2,9}")) for _ in range(random.randint(1, 4))
        )
        made.append(f"({body}){random.choice(('+', '*', '{1,5}'))}{random.choice(TAILS)}")
    for text in made[: fault_run.rounds]:
        try:
            pattern = pattern_compile(text)
            pattern_probe(pattern)
        except PatternInvalid:
            refused += 1
            continue
        judged += 1
        cost = max(min(seconds(pattern, sample) for _ in range(2)) for sample in texts)
        worst = max(worst, cost)
        failures += cost > BOUND
        if failures and fault_run.defective:
            break
    many = Matcher((BannedEntry(f"w{number:x}", 1) for number in range(50_000)), version=1)
    begin = time.thread_time()
    many.hits("x" * LONGEST)
    failures += time.thread_time() - begin > BOUND
    assert judged >= fault_run.rounds // 4 or fault_run.defective, f"{refused} refused"
    fault_run.verdict(n=judged, failures=failures, note=f"worst {worst * 1000:.1f} ms, {refused} refused when added")


def seconds(pattern: patterns.Pattern, text: str) -> float:
    begin = time.thread_time()
    next(pattern.spans(text), None)
    return time.thread_time() - begin


class Backtracking:
    """As a compiled RE2 program, but of Python's re; bounded so that the twin ends."""

    programsize = reverseprogramsize = 1

    def __init__(self, text: str) -> None:
        self._program = re.compile(text)

    def search(self, text: str) -> object:
        return self._program.search(text[:24])

    def finditer(self, text: str) -> object:
        return self._program.finditer(text[:24] + "!")


def test_promise_holds(fault_run: FaultRun) -> None:
    probe(fault_run)


def test_defect_turns_it_red(fault_run: FaultRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """24 characters are enough for a second; nothing is refused for being slow."""
    monkeypatch.setattr("re2.compile", lambda text, _options: Backtracking(text))
    monkeypatch.setattr("tests.faults.test_r31_redos.pattern_probe", lambda _pattern: None)
    probe(fault_run)

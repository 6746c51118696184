"""R31: no pattern an admin may add, and no list however long, takes more time than grows with the text."""

import re
import time
from collections import deque
from collections.abc import Callable, Iterable

import pytest

from tests.faults.harness import Fault, FaultRun
from todo_app.moderation import matcher, patterns
from todo_app.moderation.entries import BannedEntry
from todo_app.moderation.matcher import Matcher
from todo_app.moderation.patterns import PatternInvalid, pattern_compile, pattern_probe

pytestmark = pytest.mark.timeout(900)
FAULT = Fault(
    id="R31",
    title="redos",
    promise="processor time grows as the text does, for patterns and for 50,000 words; alone on its machine a pattern"
    " needs at most 50 ms for 100 KiB, 10 ms in 99 % of cases, the list 50 ms for the longest request",
    defect="patterns run in Python's re",
)
LONGEST = 12_000  # characters of a todo, its tags included
SHORT, LONG = 10 * 1024, 100 * 1024
GROWTH = 3.0  # times the time per character of the short text
# RE2 remembers the states it meets until MEMORY_MAX is full and from there on takes each letter anew: a step up, once,
# at a length that depends on the pattern (up to 50 times, somewhere from 5 to 100 KiB; flat from there to 1,600 KiB).
# What grows with the text grows on: a square has 4 times the time per character in a text of 4 times the length.
LONGER, GROWTH_ON = 4, 2.0
LONGEST_TEXT = LONGER * LONG
FLOOR = 100e-6  # seconds; what takes less is noise
BOUND, USUAL = 0.05, 0.01  # seconds: most, and 99th percentile
LONG_ENOUGH = 0.5  # seconds; what takes more is measured once
TRIES = 3  # a machine that is busy may hide what grows once; nothing that does not grow is seen in any
WORDS = 50_000
ATOMS = ("a", "b", "x", "[a-z]", r"\w", ".", "(?:a|aa)", "(?:a|b|ab)", "(?:a+)", r"\s?")
TAILS = ("b", "$", "c{3}", "[^a]", r"\d", "")
HOSTILE = (
    "(a+)+$",
    "(a|aa)+$",
    "(a|a)*b",
    "(.*a){9}",
    "(a?){20}a{20}",
    "(x+x+)+y",
    r"(\w+\s?)+\d$",
    "x(.*y)?",
    "a|b|x",
)
# one long word, letters in a row, signs, escapes, imitations, all that is looked at more than once
UNITS = (
    "a", "\u0436", "1", "a ", "a-", "a.a ", "4a ", "a4", "aaa ", "%61", "%6", "&#97;", "&a", "\u202ea", "\U0001f170",
    "a\u200b", "\ufdfa", "a\u0301", "a_", "w1f ", "w.1.f ", "\u00e7al\u0131\u015f\u0131yorum ",
)  # fmt: skip


def probe(fault_run: FaultRun) -> None:
    random, judged, refused = fault_run.random, 0, 0
    samples = ["a" * LONGEST_TEXT, "x" * LONGEST_TEXT, "ab" * (LONGEST_TEXT // 2)]
    samples.append("".join(random.choice("abx ") for _ in range(LONGEST_TEXT)))
    costs, steep = list[float](), list[str]()
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
        for sample in samples:
            grows, cost = grows_on(pattern.spans, sample)
            costs.append(cost)
            steep += [text] if grows else []
        if steep and fault_run.defective:
            break
    worst = [0.0, 0.0] if fault_run.defective else listed(steep)
    usual = sorted(costs)[int(len(costs) * 0.99)]
    slow = [max(costs) > BOUND, usual > USUAL, worst[0] > BOUND]
    wanted = 0 if fault_run.defective else 500 if fault_run.full else fault_run.rounds // 4
    assert judged >= wanted, f"only {judged} judged, {refused} refused"
    told = f"{judged} patterns, {refused} more refused when added; 100 KiB: p99 {usual * 1000:.1f} ms"
    told += f", most {max(costs) * 1000:.1f} ms; {WORDS} words: {LONGEST} characters {worst[0] * 1000:.1f} ms"
    told += f", 100 KiB {worst[1] * 1000:.0f} ms; {'' if fault_run.full else 'time not judged; '}steeper: {steep[:5]}"
    fault_run.verdict(n=len(costs), failures=len(steep) + sum(slow) * fault_run.full, note=told)


def listed(steep: list[str]) -> list[float]:
    """Most seconds for the longest request and for 100 KiB by a list of WORDS; adds what grows too fast to `steep`."""
    many = Matcher((BannedEntry(f"w{number:x}", 1) for number in range(WORDS)), version=1)
    worst = [0.0, 0.0]
    for unit in UNITS:
        grows, cost = grows_on(many.hits, repeated(unit, LONGEST_TEXT))
        worst = [max(worst[0], seconds(many.hits, repeated(unit, LONGEST))), max(worst[1], cost)]
        steep += [unit] if grows else []
    return worst


def repeated(unit: str, length: int) -> str:
    """The unit again and again, and something at the end that the quick look does not pass over."""
    return (unit * (length // len(unit) + 1))[: length - 4] + "1a.a"


def grown(judge: Callable[[str], Iterable[object]], text: str, *, short: int = SHORT) -> tuple[float, float]:
    """How many times more a character costs in the whole text than in its last `short`, and seconds for the whole."""
    cost = seconds(judge, text)
    return cost / len(text) / (max(seconds(judge, text[-short:]), FLOOR) / short), cost


def grows_on(judge: Callable[[str], Iterable[object]], text: str, *, short: int = SHORT) -> tuple[bool, float]:
    """Whether a character costs ever more in a longer text, and seconds for the last `text / LONGER` characters."""
    growth, cost = grown(judge, text[-(len(text) // LONGER) :], short=short)
    return growth > GROWTH and grown(judge, text, short=len(text) // LONGER)[0] > GROWTH_ON, cost


def seen(judge: Callable[[str], Iterable[object]], text: str, *, short: int) -> bool:
    """Whether growth shows in one of TRIES."""
    return any(grows_on(judge, text, short=short)[0] for _ in range(TRIES))


def seconds(judge: Callable[[str], Iterable[object]], text: str) -> float:
    """Of processor time, the least of up to three, for every place."""
    found = []
    for _ in range(3):
        begin = time.thread_time()
        deque(judge(text), maxlen=0)
        found.append(time.thread_time() - begin)
        if found[-1] > LONG_ENOUGH:
            break
    return min(found)


class Backtracking:
    """As a compiled RE2 program, but of Python's re; it reads a few characters, so that the twin ends."""

    programsize = reverseprogramsize = 1

    def __init__(self, text: str) -> None:
        self._program = re.compile(text)

    def search(self, text: str) -> object:
        return None

    def finditer(self, text: str) -> object:
        return self._program.finditer(text[: {SHORT: 13, LONG: 19}.get(len(text), 23)] + "!")


def test_promise_holds(fault_run: FaultRun) -> None:
    probe(fault_run)


def test_defect_turns_it_red(fault_run: FaultRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """23 characters are enough for a second; nothing is refused for being slow."""
    monkeypatch.setattr("re2.compile", lambda text, _options: Backtracking(text))
    monkeypatch.setattr("tests.faults.test_r31_redos.pattern_probe", lambda _pattern: None)
    probe(fault_run)


def test_a_pattern_with_many_places_that_each_look_to_the_end_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "PLACES_MAX", None)

    # a place in 128 characters: the look at all that follows outweighs what a place costs by itself
    assert seen(pattern_compile("x(.*y)?").spans, repeated("x" + "a" * 127, LONGEST_TEXT), short=SHORT)


def test_a_long_word_that_is_tried_from_each_of_its_letters_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matcher, "_SPLIT", re.compile(r"[^\W\d_]+(?:(?:[^\w\s]|_)[^\W\d_]+)+"))
    judge = Matcher([BannedEntry("word", 1)], version=1)

    assert seen(judge.hits, repeated("\u0436", SHORT), short=256)

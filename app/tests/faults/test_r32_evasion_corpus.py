"""R32: hidden words are found, clean text of many languages is spared."""

import re
from collections import Counter
from random import Random

import pytest

from tests.faults.evasions import ACROSS, EVASIONS, LANGUAGES, clean_lines, embedding
from tests.faults.harness import Fault, FaultRun
from todo_app.moderation import folding, readings
from todo_app.moderation.entries import BannedEntry, entry_key
from todo_app.moderation.matcher import Matcher

pytestmark = pytest.mark.timeout(900)
FAULT = Fault(
    id="R32",
    title="evasion corpus",
    promise="at least 99.5 % of each class found, at most 0.1 % of clean lines hit",
    defect="look-alikes are not folded and escapes not decoded",
)
WORDS, RECALL, SPARED = 200, 0.995, 0.999
REAL = ("ass", "damn", "hell", "tit", "rape", "anal", "cock", "cum", "scat", "fag", "sex", "shit", "idiot", "moron")
CONSONANTS, VOWELS = "bcdfghklmnprstvz", "aeiou"


def probe(fault_run: FaultRun) -> None:
    random = fault_run.random
    words = sorted({nonsense(random) for _ in range(WORDS * 2)})[:WORDS]
    judge = Matcher((BannedEntry(word, 2) for word in words), version=1)
    missed: Counter[str] = Counter()
    examples: dict[str, str] = {}
    per_word = max(1, fault_run.rounds)
    for word in words:
        for name, hide in EVASIONS.items():
            for _ in range(per_word):
                hidden = hide(random, word)
                if word not in {hit.word for hit in judge.hits(f"see {hidden} there")}:
                    missed[name] += 1
                    examples[name] = hidden
        for _ in range(per_word):
            place = random.randint(1, len(word) - 1)
            text, seam = f"see {word[:place]}\n{word[place:]} there", 4 + place
            missed[ACROSS] += word not in {hit.word for hit in judge.hits(text, seams=(seam,))}
    tried = WORDS * per_word
    weak = {name: examples.get(name, "") for name, count in missed.items() if count > tried * (1 - RECALL)}
    lines, wrong = spared(judge, Matcher((BannedEntry(word, 2) for word in REAL), version=1), each=200 * per_word)
    assert fault_run.defective or lines >= (50_000 if fault_run.full else 3_000), f"only {lines} clean lines"
    failures = len(weak) + (len(wrong) > lines * (1 - SPARED))
    note = f"{len(EVASIONS) + 1} classes x {tried}, weak {weak}; {lines} clean lines of "
    note += f"{LANGUAGES} languages, {len(wrong)} hit {wrong[:3]!r}"
    fault_run.verdict(n=tried * (len(EVASIONS) + 1), failures=failures, note=note)


def nonsense(random: Random) -> str:
    return "".join(random.choice(CONSONANTS) + random.choice(VOWELS) for _ in range(random.randint(3, 4))) + "rk"


def spared(*judges: Matcher, each: int) -> tuple[int, list[str]]:
    """Lines without any listed word, and those of them that were hit all the same."""
    lines, wrong = 0, []
    for line in [*embedding(REAL), *clean_lines(each=min(each, 5_000))]:
        if set(re.findall(r"\w+", entry_key(line))) & set(REAL):
            continue  # German "hell" is bright, and listed
        lines += 1
        if any(judge.hits(line) for judge in judges):
            wrong.append(line)
    return lines, wrong


def test_promise_holds(fault_run: FaultRun) -> None:
    probe(fault_run)


def test_defect_turns_it_red(fault_run: FaultRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "LOOKS", {})
    monkeypatch.setattr(folding, "_TABLE", folding._Table())
    monkeypatch.setattr(readings, "_ESCAPE", re.compile("(?!)"))
    probe(fault_run)

"""The figure `moderate`: 10 kB against 100,000 words, folding included, beside the usual regex alternation.

`measure()` takes about 15 s; run alone with `python -m tests.bench.moderate` in `app`.
"""

import json
import re
import time
from collections.abc import Callable
from random import Random
from statistics import median

from todo_app.moderation.entries import BannedEntry
from todo_app.moderation.matcher import Matcher

WORDS, LENGTH, ROUNDS, REPEATS = 100_000, 10_000, 5, 50
ONSETS = ("b", "c", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "br", "cl", "dr", "pl", "st", "tr")
VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "ou")
CODAS = ("", "n", "r", "l", "s", "t", "m", "nd", "st", "ck")
TURKISH = str.maketrans("sgiocuSGIOCU", "\u015f\u011f\u0131\u00f6\u00e7\u00fc\u015e\u011e\u0130\u00d6\u00c7\u00dc")


def measure() -> dict[str, float]:
    """Microseconds per text: ours for ASCII and Turkish, the alternation for the same ASCII text; and their ratio."""
    random = Random(4)  # noqa: S311 - repeatable test data
    listed, spare = _vocabulary(random, WORDS + 3_000)
    listed[::50] = [f"{word} {other}" for word, other in zip(listed[::50], listed[1::50], strict=True)]
    matcher = Matcher((BannedEntry(word, 2) for word in listed), version=1)
    ascii_text = _prose(random, spare)
    turkish = "".join(c.translate(TURKISH) if random.random() < 0.4 else c for c in ascii_text)
    assert matcher.hits(ascii_text) == matcher.hits(turkish) == []  # a clean text is the usual one and has no early end
    assert matcher.hits(f"{ascii_text} {listed[7]}")
    alternation = re.compile(rf"\b(?:{'|'.join(map(re.escape, listed))})\b", re.IGNORECASE)
    assert alternation.search(listed[7])
    usual = _microseconds(lambda: alternation.search(ascii_text), repeats=1, rounds=1)
    ours = _microseconds(lambda: matcher.hits(ascii_text), repeats=REPEATS, rounds=ROUNDS)
    mixed = _microseconds(lambda: matcher.hits(turkish), repeats=REPEATS, rounds=ROUNDS)
    return {"ascii_us": ours, "turkish_us": mixed, "alternation_us": usual, "times": usual / ours}


def _vocabulary(random: Random, count: int) -> tuple[list[str], list[str]]:
    words: dict[str, None] = {}
    while len(words) < count:
        parts = random.randint(2, 4)
        words["".join(random.choice(ONSETS) + random.choice(VOWELS) for _ in range(parts)) + random.choice(CODAS)] = (
            None
        )
    made = list(words)
    return made[:WORDS], made[WORDS:]


def _prose(random: Random, words: list[str]) -> str:
    text = ""
    while len(text) < LENGTH:
        sentence = [random.choice(words) for _ in range(random.randint(5, 14))]
        if random.random() < 0.1:
            sentence[1] += "'s"  # as in real prose: some apostrophes, numbers, brackets
        if random.random() < 0.1:
            sentence[2] = random.choice(["2026", "(15)", "3.5"])
        text += " ".join(sentence).capitalize() + random.choice([". ", ". ", ", ", "!\n", "? "])
    return text[:LENGTH]


def _microseconds(call: Callable[[], object], *, repeats: int, rounds: int) -> float:
    found = []
    for _ in range(rounds):
        begin = time.perf_counter()
        for _ in range(repeats):
            call()
        found.append((time.perf_counter() - begin) / repeats * 1e6)
    return median(found)


if __name__ == "__main__":
    print(json.dumps(measure()))  # noqa: T201 - a script

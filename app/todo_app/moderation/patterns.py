"""RE2 patterns for admins who ask. Pure.

RE2 takes time linear in the text for one match, whatever the pattern; the limits here bound the factor. Patterns are
judged on the folded text: small letters without marks, look-alikes replaced.
"""

import re
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random

import re2

from todo_app.moderation.folding import fold

PLACES_MAX = 8  # that are found in one text; each may cost a look at all of it, as "x(.*y)?" does at every x
PROGRAM_MAX = 200  # instructions, either direction; an NFA step costs about 20 ns each
MEMORY_MAX = 1 << 20  # bytes of one pattern's automata
PROBE = 100 * 1024  # bytes
PROBE_MAX = 0.05  # seconds of processor time for PROBE
EDGES = ("a", " ", " aa  ", "a a")
_ESCAPE = re.compile(r"\\(?:[pP](?:\{[^}]*\}|.)|x(?:\{[^}]*\}|..)|.)|\(\?[a-zA-Z-]+[:)]", re.DOTALL)


class PatternInvalid(Exception):
    """RE2 does not accept the pattern, or it is too costly, or it matches nothing at all."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern."""

    text: str
    _program: "re2._Regexp"

    def spans(self, folded: str) -> Iterator[tuple[int, int]]:
        """The first PLACES_MAX matches as [start, end) of the folded text; empty ones are no matches."""
        found = (match.span() for match in self._program.finditer(folded))
        yield from islice((span for span in found if span[0] < span[1]), PLACES_MAX)

    def empty(self) -> bool:
        """Whether it can match nothing at all: between, before or behind letters or blanks."""
        found = (match.span() for text in EDGES for match in self._program.finditer(text))
        return any(start == end for start, end in found)


def _options() -> "re2.Options":
    options = re2.Options()
    options.max_mem = MEMORY_MAX
    options.never_capture = True  # without groups the bounds come from two DFAs, not from the slower NFA
    options.case_sensitive = False
    options.log_errors = False
    return options


def pattern_compile(text: str) -> Pattern:
    """Raises PatternInvalid naming what is wrong."""
    if any(character.isspace() and character != " " for character in text):
        raise PatternInvalid("a pattern is one line; write \\s for blanks")
    for character in _ESCAPE.sub("", text):
        if (folded := fold(character)) != character.lower():
            told = f"write {folded!r}" if folded else "leave it out"
            raise PatternInvalid(f"{character!r} never stands in a folded text; {told}")
    try:
        program = re2.compile(text, _options())
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if error.args else "unreadable"
        raise PatternInvalid(f"RE2 says: {reason}") from None
    size = max(program.programsize, program.reverseprogramsize)
    if program.reverseprogramsize < 0 or size > PROGRAM_MAX:
        raise PatternInvalid(f"it compiles to {size} instructions, {PROGRAM_MAX} are allowed; use smaller repetitions")
    if program.search(""):
        raise PatternInvalid("it matches the empty text, so it would refuse everything")
    return Pattern(text, program)


def pattern_probe(pattern: Pattern) -> None:
    """Refuse what matches nothing or needs too long for the worst texts we can think of. Raises PatternInvalid."""
    if pattern.empty():
        raise PatternInvalid("it matches between letters, where nothing stands, so it would hide later places")
    letters = sorted({character for character in pattern.text.lower() if character.isalnum()}) or ["a"]
    choose = Random(1).choices  # noqa: S311 - test data
    texts = [letters[0] * PROBE, "".join(choose(letters, k=PROBE)), "".join(choose([*letters, " ", "1", "x"], k=PROBE))]
    for text in texts:
        cost = min(_cost(pattern, text) for _ in range(2))
        if cost > PROBE_MAX:
            raise PatternInvalid(
                f"it needs {cost * 1000:.0f} ms for {PROBE // 1024} KiB, {PROBE_MAX * 1000:.0f} are allowed"
            )


def _cost(pattern: Pattern, text: str) -> float:
    begin = time.thread_time()
    deque(pattern.spans(text), maxlen=0)
    return time.thread_time() - begin

"""The list as CSV: `word,kind,severity`. In and out; nothing changes unless every line is good."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from todo_app.accounts.models import User
from todo_app.moderation.entries import PATTERNS_BY_ADMINS, EntryInvalid, word_key
from todo_app.moderation.models import BannedWord, Kind, Severity
from todo_app.moderation.services import patterns_by
from todo_app.moderation.words_bulk import WordLine, words_put

BYTES_MAX = 8_000_000  # of a file that comes over HTTP; a pod has 320 MiB, and its threads share them
WORDS_MAX = 200_000  # of one file; the list is fast with 100,000
HEADER = ("word", "kind", "severity")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run what begins so
_SEVERITIES = {severity.name.lower(): severity.value for severity in Severity}


class CsvRefused(Exception):
    """Every bad line: its number and what is wrong with it."""

    def __init__(self, problems: list[tuple[int, str]]) -> None:
        super().__init__(f"{len(problems)} bad lines")
        self.problems = problems


@dataclass(frozen=True)
class CsvOutcome:
    """How many words were added, given another severity, or were there already."""

    added: int
    changed: int
    unchanged: int


def words_export() -> Iterator[str]:
    """The list as CSV in lines, by word; cells that a spreadsheet would run have an apostrophe before them."""
    yield ",".join(HEADER) + "\r\n"
    rows = BannedWord.objects.order_by("folded").values_list("word", "kind", "severity")
    for word, kind, severity in rows.iterator(chunk_size=2000):
        buffer = io.StringIO()
        shown = f"'{word}" if word.startswith((*_FORMULA, "'")) else word
        csv.writer(buffer).writerow((shown, kind, Severity(severity).name.lower()))
        yield buffer.getvalue()


def words_import(
    *,
    text: str,
    now: datetime,
    by: User | None = None,
    told: Callable[[int, int], None] = lambda _done, _all: None,
) -> CsvOutcome:
    """Add every word, or nothing. `told` hears how far it is. Raises CsvRefused with all bad lines at once.

    Without `by` an operator does it.
    """
    lines = _parsed(text, patterns=patterns_by(by))
    added, changed = words_put(lines=[*lines.values()], now=now, told=told)
    return CsvOutcome(added, changed, len(lines) - added - changed)


def _parsed(text: str, *, patterns: bool) -> dict[str, WordLine]:
    problems: list[tuple[int, str]] = []
    found: dict[str, WordLine] = {}
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        for number, cells in _numbered(reader):
            if number == 1:
                if tuple(cell.strip().lower() for cell in cells) != HEADER:
                    problems.append((1, f"the first line must be {','.join(HEADER)}"))
                continue
            if len(found) + len(problems) >= WORDS_MAX:
                problems.append((number, f"more than {WORDS_MAX:,} words; send them in several files"))
                break
            try:
                line = _line(cells, patterns=patterns)
            except ValueError as error:
                problems.append((number, str(error)))
                continue
            if line.key in found:
                problems.append((number, f"{line.word!r} is the same as {found[line.key].word!r} above"))
            found.setdefault(line.key, line)
    except csv.Error as error:
        problems.append((reader.line_num, f"not CSV: {error}"))
    if not found and not problems:
        problems.append((1, "there is no word"))
    if problems:
        raise CsvRefused(problems)
    return found


def _numbered(reader: Iterable[list[str]]) -> Iterator[tuple[int, list[str]]]:
    for cells in reader:
        if cells:
            yield reader.line_num, cells  # type: ignore[attr-defined]  # csv.reader has it


def _line(cells: list[str], *, patterns: bool) -> WordLine:
    if len(cells) != len(HEADER):
        raise ValueError(f"{len(cells)} cells instead of {len(HEADER)}")
    word, kind, severity = (cell.strip() for cell in cells)
    if word[:1] == "'" and word[1:].startswith((*_FORMULA, "'")):
        word = word[1:]
    if not 0 < len(word) <= 100 or "\x00" in word:
        raise ValueError("a word has 1 to 100 characters")
    if kind not in Kind.values:
        raise ValueError(f"kind is {kind!r}; expected: {' or '.join(Kind.values)}")
    if kind == Kind.PATTERN and not patterns:
        raise ValueError(PATTERNS_BY_ADMINS)
    if severity not in _SEVERITIES:
        raise ValueError(f"severity is {severity!r}; expected: {', '.join(_SEVERITIES)}")
    try:
        return WordLine(word_key(word, kind=kind), word, kind, _SEVERITIES[severity])
    except EntryInvalid as error:
        raise ValueError(str(error)) from None

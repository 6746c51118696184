"""Other ways to read a text: escapes decoded, right-to-left overrides undone, letter emoji as blanks. Pure.

Each reading is judged besides the text itself, and knows where in the text each of its characters came from.
"""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

_ESCAPE = re.compile(r"(?:%[0-9A-Fa-f]{2})+|&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?")
_OVERRIDE = re.compile("\u202e([^\u202c\n]*)")
_LETTER_EMOJI = re.compile("[\U0001f150-\U0001f189\U0001f18e\U0001f191-\U0001f19a\U0001f1e6-\U0001f1ff]")
ROUNDS = 3  # an escape may hide an escape


@dataclass(frozen=True, slots=True)
class Reading:
    """A text and, for each of its characters, the span of the original that it stands for."""

    text: str
    spans: "Sequence[tuple[int, int]]"


class _Single(Sequence[tuple[int, int]]):
    """Spans of one character each, made where a hit asks for them: most readings have none."""

    def __init__(self, places: list[int]) -> None:
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> tuple[int, int]: ...
    @overload
    def __getitem__(self, index: slice) -> list[tuple[int, int]]: ...
    def __getitem__(self, index: int | slice) -> tuple[int, int] | list[tuple[int, int]]:
        if isinstance(index, slice):
            return [(place, place + 1) for place in self._places[index]]
        return self._places[index], self._places[index] + 1


def readings(text: str) -> Iterator[Reading]:
    """All but the text itself; a usual text has none."""
    if ("%" in text or "&" in text) and (decoded := _decoded(text)) is not None:
        yield decoded
    if "\u202e" in text:
        yield _unreversed(text)
    if not text.isascii() and _LETTER_EMOJI.search(text):
        yield Reading(_LETTER_EMOJI.sub(" ", text), [(place, place + 1) for place in range(len(text))])


def glued(text: str, seams: tuple[int, ...], *, reach: int) -> Iterator[tuple[Reading, frozenset[int]]]:
    """What stands on both sides of each seam as one, and the places in it where a seam was.

    A part that is one short word joins what is before and behind it.
    """
    parts = []
    for start, end in zip((0, *(seam + 1 for seam in seams)), (*seams, len(text)), strict=True):
        piece = text[start:end]
        if stripped := piece.strip():
            begin = start + piece.index(stripped)
            parts.append((begin, begin + len(stripped)))
    for number in range(len(parts) - 1):
        begin, end = parts[number]
        cut = max(begin, end - reach)
        if cut > begin:  # not in the middle of a word
            cut += len(text[cut:end]) - len(text[cut:end].lstrip()) if text[cut].isspace() else 0
            while cut < end and not text[cut - 1].isspace():
                cut += 1
        pieces, places, joints, length = [text[cut:end]], list(range(cut, end)), set(), 0
        for start, stop in parts[number + 1 :]:
            joints.add(len(places))
            near = min(stop, start + reach)
            pieces.append(text[start:near])
            places += range(start, near)
            length += stop - start
            if length > reach or len(text[start:stop].split(maxsplit=1)) > 1:  # a part has no blanks at its ends
                break
        yield Reading("".join(pieces), _Single(places)), frozenset(joints)


def _decoded(text: str) -> Reading | None:
    spans: list[tuple[int, int]] | None = None
    for _ in range(ROUNDS):
        pieces: list[str] = []
        found: list[tuple[int, int]] = []
        end = 0
        for match in _ESCAPE.finditer(text):
            plain = _plain(match.group())
            if plain == match.group():
                continue
            before = range(end, match.start())
            pieces += [text[end : match.start()], plain]
            found += [spans[place] for place in before] if spans else [(place, place + 1) for place in before]
            found += _shares(match, len(plain), spans)
            end = match.end()
        if not pieces:
            break
        found += spans[end:] if spans else [(place, place + 1) for place in range(end, len(text))]
        text, spans = "".join(pieces) + text[end:], found
    return None if spans is None else Reading(text, spans)


def _plain(escape: str) -> str:
    if escape.startswith("%"):
        return bytes.fromhex(escape.replace("%", "")).decode("utf-8", "replace")
    return html.unescape(escape)


def _shares(match: re.Match[str], length: int, spans: list[tuple[int, int]] | None) -> list[tuple[int, int]]:
    """The part of the escape that each decoded character came from; all of it where that is unclear."""
    start, end = match.span()
    step = 3 if match.group().startswith("%") and length * 3 == end - start else 0
    places = [(start + step * n, start + step * (n + 1)) if step else (start, end) for n in range(length)]
    return [(spans[a][0], spans[b - 1][1]) for a, b in places] if spans else places


def _unreversed(text: str) -> Reading:
    order = list(range(len(text)))
    for match in _OVERRIDE.finditer(text):
        order[match.start(1) : match.end(1)] = reversed(order[match.start(1) : match.end(1)])
    return Reading("".join(text[place] for place in order), [(place, place + 1) for place in order])

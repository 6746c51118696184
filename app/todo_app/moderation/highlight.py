"""Split a text so that a template can mark the banned words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Segment:
    """A piece of text, marked or not."""

    text: str
    marked: bool


def segments(text: str, spans: Iterable[Sequence[int]]) -> list[Segment]:
    """The whole text in pieces; overlapping spans are one mark."""
    found: list[Segment] = []
    position = 0
    for start, end in sorted((span[0], span[1]) for span in spans):
        if end <= position:
            continue
        if start > position:
            found.append(Segment(text[position:start], marked=False))
        found.append(Segment(text[max(start, position) : end], marked=True))
        position = end
    if position < len(text):
        found.append(Segment(text[position:], marked=False))
    return found

"""A refused text as people see it."""

from dataclasses import dataclass

from todo_app.moderation.checks import Refusal
from todo_app.moderation.highlight import Segment, segments


@dataclass(frozen=True)
class Refused:
    """The words, and the text with each of them marked."""

    words: list[str]
    segments: list[Segment]


def refused(refusal: Refusal) -> Refused:
    """For the template `pages/_refused.html`."""
    spans = [(hit.start, hit.end) for hit in refusal.hits]
    return Refused(words=refusal.words, segments=segments(refusal.text.rstrip("\n"), spans))

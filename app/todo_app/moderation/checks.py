"""Judging a text."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from todo_app.moderation.matcher import Hit
from todo_app.moderation.word_list import matcher


@dataclass(frozen=True)
class Refusal:
    """Why a text was refused; everything the violation log keeps."""

    subject_id: uuid.UUID
    text: str
    hits: tuple[Hit, ...]
    words_version: int
    fields: tuple[tuple[str, int], ...] = ()  # name and start of each part of the text

    @property
    def words(self) -> list[str]:
        """Each banned word once, in order."""
        return list(dict.fromkeys(hit.word for hit in self.hits))

    def parted(self) -> Iterator[tuple[str, Hit, int, int]]:
        """Each hit with the field it is in, and start and end there; one across two fields comes for both."""
        starts = [*(self.fields or (("text", 0),)), ("", len(self.text) + 1)]
        for hit in self.hits:
            for (name, start), (_, after) in pairwise(starts):
                if hit.start < after - 1 and hit.end > start:
                    yield name, hit, max(hit.start, start) - start, min(hit.end, after - 1) - start


class TextRefused(Exception):
    """A text holds banned words. The transaction that met it must end before the violation is recorded."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__("text refused")
        self.refusal = refusal


def text_check(
    *, subject_id: uuid.UUID, text: str, seen_version: int | None, fields: tuple[tuple[str, int], ...] = ()
) -> None:
    """Judge by one version of the list; `fields` are name and start of each part of the text. Raises TextRefused."""
    judge = matcher(seen_version=seen_version)
    if hits := judge.hits(text, seams=tuple(start - 1 for _, start in fields[1:])):
        raise TextRefused(Refusal(subject_id, text, tuple(hits), judge.version, fields))

"""Find banned words in a text. Pure; built once per version of the list.

Pass 1 finds words on word boundaries in the folded text. Tokens that mix letters with digits or signs, or repeat
a letter, are also judged as what they imitate. Pass 2 joins runs of single characters ("d.a.m.n", "d----a----m----n")
and letters with one sign between them ("da.mn").
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick, Implementation

from todo_app.moderation.confusables import LEET, LEET_MARKS
from todo_app.moderation.entries import BannedEntry, entry_key
from todo_app.moderation.entries import spaced as _spaced
from todo_app.moderation.folding import fold, places

# a = letter, 1 = sign that can stand for a letter, space = anything else
_SHAPE = (
    bytes(97 if chr(code).isalpha() else 49 if code < 128 and chr(code) in LEET_MARKS else 32 for code in range(128))
    + b" " * 128
)
_WORD_SHAPE = _SHAPE.replace(b"1", b"a")
_CORE = re.compile(rf"[^\W\d_][{re.escape(LEET_MARKS)}]|[{re.escape(LEET_MARKS)}][^\W\d_]|([a-z])\1\1")
_TRIPLES = tuple(chr(code) * 3 for code in range(97, 123))
_TOKEN = re.compile(r"\S+")
_REPEAT = re.compile(r"(.)\1{2,}")
_EDGE = "!|.,;:?\"'()[]{}<>"
# between single characters: a few of anything, or signs alone in any number
_RUN = re.compile(r"(?<![^\W_])[^\W_](?:(?:[\W_]{1,8}|[^\w\s]+|_+)[^\W_](?![^\W_])){2,}")
RUN_WORD_MIN = 3  # letters; two single letters in a row are initials more often than words
_SPLIT = re.compile(r"[^\W\d_]+(?:(?:[^\w\s]|_)[^\W\d_]+)+")
_SPLIT_HINT = re.compile(r"[^\W\d_](?:[^\w\s]|_)[^\W\d_]")
SPLIT_WORD_MIN = 4  # letters; shorter ones arise by chance where a blank was forgotten ("as.so")
# a = letter, . = sign, space = anything else
_GAPS = bytes(
    97 if chr(code).isalpha() else 46 if 32 < code < 127 and not chr(code).isalnum() else 32 for code in range(128)
)
_GAPS += b" " * 128
_LETTERS = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """A banned word in a text: `text[start:end]` is what stood there."""

    start: int
    end: int
    word: str
    severity: int


class Matcher:
    """All words of one version of the list."""

    def __init__(self, entries: Iterable[BannedEntry], *, version: int) -> None:
        self.version = version
        self._entries: dict[str, BannedEntry] = {}
        for entry in entries:
            if key := entry_key(entry.word):
                self._entries.setdefault(key, entry)
        self._words = list(self._entries)
        padded = [f" {word} " for word in self._words]
        self._automaton = AhoCorasick(padded, implementation=Implementation.ContiguousNFA) if padded else None
        self._bare = AhoCorasick(self._words, implementation=Implementation.ContiguousNFA) if padded else None

    def hits(self, text: str) -> list[Hit]:
        """Every banned word in the text by place, each place once."""
        if self._automaton is None:
            return []
        folded = fold(text)
        spaced = _spaced(folded)
        found: set[tuple[int, int, str]] = set()
        # overlapping: neighbouring words share the blank between them
        joined = " ".join(spaced.split())
        if self._automaton.find_matches_as_indexes(f" {joined} ", overlapping=True):
            found.update(self._boundary_places(spaced))
        if _imitates(folded):
            found.update(self._token_places(folded))
        if _spells(joined):
            found.update(self._glued_places(folded, _RUN.finditer(folded), RUN_WORD_MIN))
        found.update(self._glued_places(folded, _splits(folded), SPLIT_WORD_MIN))
        if not found:
            return []
        origin = places(text)
        entries = self._entries
        return sorted(
            {
                Hit(origin[start], origin[end - 1] + 1, entries[word].word, entries[word].severity)
                for start, end, word in found
            }
        )

    def _boundary_places(self, spaced: str) -> Iterator[tuple[int, int, str]]:
        tokens = [(m.group(), m.start(), m.end()) for m in _TOKEN.finditer(spaced)]
        starts, position = {}, 1
        ends = {}
        for number, (token, _, _) in enumerate(tokens):
            starts[position] = number
            ends[position + len(token)] = number
            position += len(token) + 1
        joined = f" {' '.join(token for token, _, _ in tokens)} "
        for index, start, end in self._find(joined):
            first, last = starts[start + 1], ends[end - 1]
            yield tokens[first][1], tokens[last][2], self._words[index]

    def _token_places(self, folded: str) -> Iterator[tuple[int, int, str]]:
        for begin, token in _suspects(folded):
            inner = token.strip(_EDGE)
            start = begin + token.index(inner) if inner else begin
            for variant in _variants(inner):
                for index, _, _ in self._find(f" {' '.join(variant.split())} "):
                    yield start, start + len(inner), self._words[index]

    def _glued_places(
        self, folded: str, matches: Iterable[re.Match[str]], shortest: int
    ) -> Iterator[tuple[int, int, str]]:
        """Words made of whole pieces of a match, without the signs between them."""
        for match in matches:
            begins, ends, position, pieces = {}, {}, 0, []
            for piece in _LETTERS.finditer(folded, match.start(), match.end()):
                begins[position] = piece.start()
                position += len(piece.group())
                ends[position] = piece.end()
                pieces.append(piece.group())
            joined = "".join(pieces)
            for plain in {joined, joined.translate(LEET)}:
                for index, start, end in (
                    self._bare.find_matches_as_indexes(plain, overlapping=True) if self._bare else ()
                ):
                    if end - start >= shortest and start in begins and end in ends:
                        yield begins[start], ends[end], self._words[index]

    def _find(self, text: str) -> Sequence[tuple[int, int, int]]:
        return self._automaton.find_matches_as_indexes(text, overlapping=True) if self._automaton else ()


def _imitates(folded: str) -> bool:
    """Does any token mix letters and imitating signs, or repeat a letter three times? Cheap, may say yes too often."""
    shape = folded.encode("ascii", "replace").translate(_SHAPE)
    return b"a1" in shape or b"1a" in shape or any(triple in folded for triple in _TRIPLES)


def _suspects(folded: str) -> Iterator[tuple[int, str]]:
    """The tokens that hold what `_imitates` looks for, each once, with their places."""
    position = 0
    while core := _CORE.search(folded, position):
        begin = max(folded.rfind(" ", position, core.start()) + 1, position)
        end = folded.find(" ", core.end())
        end = len(folded) if end < 0 else end
        yield begin, folded[begin:end]
        position = end


def _spells(joined: str) -> bool:
    """Are there three single characters in a row? Cheap, may say yes too often."""
    return b"a a a" in joined.encode("ascii", "replace").translate(_WORD_SHAPE)


def _splits(folded: str) -> Iterator[re.Match[str]]:
    """Letters with one sign between them; text without any costs one search."""
    if not folded.isascii():
        if _SPLIT_HINT.search(folded):
            yield from _SPLIT.finditer(folded)
        return
    gaps, end = folded.encode().translate(_GAPS), 0
    while (place := gaps.find(b"a.a", end)) >= 0:
        begin = max(gaps.rfind(b" ", end, place) + 1, end)
        end = gaps.find(b" ", place)
        end = len(gaps) if end < 0 else end
        yield from _SPLIT.finditer(folded, begin, end)


def _variants(token: str) -> Iterator[str]:
    """What a token may imitate: signs read as letters, signs read as separators, repeats shortened."""
    plain = token.translate(LEET)
    bare = token.strip(LEET_MARKS).translate(LEET)  # signs around a word imitate nothing
    split = "".join(character if character.isalpha() else " " for character in token)
    for variant in dict.fromkeys((plain, bare, split)):
        yield _spaced(variant)
        if _REPEAT.search(variant):
            yield _spaced(_REPEAT.sub(r"\1", variant))
            yield _spaced(_REPEAT.sub(r"\1\1", variant))

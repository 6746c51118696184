"""Find banned words in a text. Pure; built once per version of the list.

Pass 1 finds words on word boundaries in the folded text. Tokens that mix letters with digits or signs, or repeat
a letter, are also judged as what they imitate. Pass 2 joins runs of single characters ("d.a.m.n", "d----a----m----n")
and letters with one sign between them ("da.mn").
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import re2
from ahocorasick_rs import AhoCorasick, Implementation

from todo_app.moderation.confusables import LEET, LEET_MARKS
from todo_app.moderation.entries import BannedEntry, entry_key
from todo_app.moderation.entries import spaced as _spaced
from todo_app.moderation.folding import fold, places
from todo_app.moderation.patterns import Pattern, pattern_compile
from todo_app.moderation.readings import Reading, glued, readings

REACH = 200  # characters on each side of a seam that may be one word
PLACES_MAX = 50  # of one word in one reading: the first is what counts, the others are for the eye
EXAMINED_MAX = 20_000  # places of all words in one reading; only a list of words within words has more

_WEAK = "!|+"  # signs that end a word more often than they stand for its last letter
_STRONG = "".join(mark for mark in LEET_MARKS if mark not in _WEAK)
_CORE = re.compile(rf"[^\W\d_][{re.escape(_STRONG)}]|[{re.escape(LEET_MARKS)}][^\W\d_]|([a-z])\1\1")
_TRIPLES = "|".join(chr(code) * 3 for code in range(97, 123))
_ONE = "(?:[!-~]|[\\x80-\\xff]{2,4})"  # a character in UTF-8


def _scan(pattern: str) -> "re2._Regexp":
    """For bytes; the automaton reads 10 kB in 20 us."""
    options = re2.Options()
    options.encoding, options.never_capture = re2.Options.Encoding.LATIN1, True
    return re2.compile(pattern.encode(), options)


_ASCII_MARKS = re.escape("".join(mark for mark in LEET_MARKS if mark.isascii()))
_ASCII_STRONG = re.escape("".join(mark for mark in _STRONG if mark.isascii()))
_IMITATES = _scan(f"[a-z][{_ASCII_STRONG}]|[{_ASCII_MARKS}][a-z]|{_TRIPLES}")
_SPELLS = _scan(f"(?:^| ){_ONE} +{_ONE} +{_ONE}(?: |$)")
# in ASCII both at once, for most texts have neither; what is neither letter nor digit is a blank in the spaced text
_EITHER = _scan(
    f"[a-z][{_ASCII_STRONG}]|[{_ASCII_MARKS}][a-z]|{_TRIPLES}"
    "|(?:^|[^0-9A-Za-z])[0-9A-Za-z][^0-9A-Za-z]+[0-9A-Za-z][^0-9A-Za-z]+[0-9A-Za-z](?:[^0-9A-Za-z]|$)"
)
_TOKEN = re.compile(r"\S+")
_REPEAT = re.compile(r"(.)\1{2,}")
_OPENING = ".,;:?\"'()[]{}<>"
_EDGE = f"!|{_OPENING}"
_DOUBLE = re.compile(r"(.)\1+")
_RUNS = re.compile(r"(.)\1*")
# between single characters: a few of anything, or signs alone in any number
_RUN = re.compile(r"(?<![^\W_])[^\W_](?:(?:[\W_]{1,8}|[^\w\s]+|_+)[^\W_](?![^\W_])){2,}")
RUN_WORD_MIN = 3  # letters; two single letters in a row are initials more often than words
# starts only where letters start and gives none of them back: else a long word costs the square of its length
_SPLIT = re.compile(r"(?<![^\W\d_])[^\W\d_]++(?:(?:[^\w\s]|_)[^\W\d_]++)+")
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
        self._patterns: list[tuple[Pattern, BannedEntry]] = []
        for entry in entries:
            if entry.kind == "pattern":
                self._patterns.append((pattern_compile(entry.word), entry))
            elif key := entry_key(entry.word):
                self._entries.setdefault(key, entry)
        self._words = list(self._entries)
        # of words that stand alone the tokens are looked up; phrases are looked for where their first word stands
        self._heads = {word.partition(" ")[0].encode() for word in self._words}
        self._doubled: dict[str, list[str]] = {}  # words with double letters, by their form without
        for word in self._words:
            if (squeezed := _DOUBLE.sub(r"\1", word)) != word:
                self._doubled.setdefault(squeezed, []).append(word)
        padded = [f" {word} " for word in self._words]
        self._automaton = AhoCorasick(padded, implementation=Implementation.ContiguousNFA) if padded else None
        self._bare = AhoCorasick(self._words, implementation=Implementation.ContiguousNFA) if padded else None

    def hits(self, text: str, *, seams: tuple[int, ...] = ()) -> list[Hit]:
        """Every banned word in the text by place, each place once. `seams` are where parts of the text meet."""
        found = set(self._read(text))
        for reading in readings(text):
            found.update(_moved(self._read(reading.text), reading))
        if seams:
            for reading, joints in glued(text, seams, reach=REACH):
                across = [
                    hit for hit in self._read(reading.text) if any(hit.start < joint < hit.end for joint in joints)
                ]
                found.update(_moved(across, reading))
        return sorted(found)

    def _read(self, text: str) -> list[Hit]:
        """What is found in one reading."""
        if self._automaton is None and not self._patterns:
            return []
        folded = fold(text)
        found: set[tuple[int, int, BannedEntry]] = set()
        for pattern, entry in self._patterns:
            found.update((start, end, entry) for start, end in pattern.spans(folded))
        if self._automaton is not None:
            literals = _first_of_each(islice(self._literals(folded), EXAMINED_MAX))
            found.update((start, end, self._entries[word]) for start, end, word in literals)
        if not found:
            return []
        origin = places(text)
        return [Hit(origin[start], origin[end - 1] + 1, e.word, e.severity) for start, end, e in found]

    def _literals(self, folded: str) -> Iterator[tuple[int, int, str]]:
        spaced = _spaced(folded)
        code = spaced.encode("utf-8", "surrogatepass")
        tokens = code.split()
        if not self._heads.isdisjoint(tokens) and self._find(f" {' '.join(spaced.split())} "):
            yield from self._boundary_places(spaced)
        imitates, spells = _looks(folded, code)
        if imitates:
            yield from self._token_places(folded)
        if spells:
            yield from self._glued_places(folded, _RUN.finditer(folded), RUN_WORD_MIN)
        yield from self._split_places(folded)

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
            inner = token.lstrip(_OPENING).rstrip(_EDGE)
            start = begin + token.index(inner) if inner else begin
            for variant in _variants(inner):
                if self._heads.isdisjoint(variant.encode("utf-8", "surrogatepass").split()):
                    continue
                for index, _, _ in self._find(f" {' '.join(variant.split())} "):
                    yield start, start + len(inner), self._words[index]
            if _REPEAT.search(inner):
                for word in self._stretched(_spaced(inner.translate(LEET)).strip()):
                    yield start, start + len(inner), word

    def _stretched(self, token: str) -> Iterator[str]:
        """Words with double letters of their own of which the token is a stretched form."""
        runs = [len(run.group()) for run in _RUNS.finditer(token)]
        for word in self._doubled.get(_DOUBLE.sub(r"\1", token), ()):
            wanted = [len(run.group()) for run in _RUNS.finditer(word)]
            if all(had == want or had > max(want, 2) for had, want in zip(runs, wanted, strict=True)):
                yield word

    def _split_places(self, folded: str) -> Iterator[tuple[int, int, str]]:
        for match in _splits(folded):
            pieces = _LETTERS.findall(match.group())
            if len(pieces) == 2:  # the usual case, as in "don't", is one look-up
                word = "".join(pieces)
                if len(word) >= SPLIT_WORD_MIN and word in self._entries:
                    yield match.start(), match.end(), word
            else:
                yield from self._glued_places(folded, [match], SPLIT_WORD_MIN)

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


def _first_of_each(found: Iterable[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """At most PLACES_MAX of each word: a word that is there many times hides no other."""
    seen: Counter[str] = Counter()
    for place in found:
        seen[place[2]] += 1
        if seen[place[2]] <= PLACES_MAX:
            yield place


def _moved(found: Sequence[Hit], reading: Reading) -> list[Hit]:
    """The same hits by their places in the original."""
    spans = [reading.spans[hit.start : hit.end] for hit in found]
    return [
        Hit(min(span[0] for span in part), max(span[1] for span in part), hit.word, hit.severity)
        for hit, part in zip(found, spans, strict=True)
    ]


def _suspects(folded: str) -> Iterator[tuple[int, str]]:
    """The tokens that hold what `_imitates` looks for, each once, with their places."""
    position = 0
    while core := _CORE.search(folded, position):
        begin = max(folded.rfind(" ", position, core.start()) + 1, position)
        end = folded.find(" ", core.end())
        end = len(folded) if end < 0 else end
        yield begin, folded[begin:end]
        position = end


def _looks(folded: str, code: bytes) -> tuple[bool, bool]:
    """Cheap, and may say yes too often: does a token mix letters and signs or repeat a letter three times; do three
    single characters stand in a row?
    """
    plain = folded.replace("\u20ac", "@").encode("ascii", "replace")
    if folded.isascii() and not _EITHER.search(plain):
        return False, False
    return bool(_IMITATES.search(plain)), bool(_SPELLS.search(code))


def _splits(folded: str) -> Iterator[re.Match[str]]:
    """Letters with one sign between them; text without any costs one search."""
    end = 0
    if not folded.isascii():
        while hint := _SPLIT_HINT.search(folded, end):
            begin = max(folded.rfind(" ", end, hint.start()) + 1, end)
            end = folded.find(" ", hint.end())
            end = len(folded) if end < 0 else end
            yield from _SPLIT.finditer(folded, begin, end)
        return
    gaps = folded.encode().translate(_GAPS)
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

"""What stands on the list: literal words and patterns, and the key that makes two of them the same. Pure."""

import re
from dataclasses import dataclass
from typing import Literal

from todo_app.moderation.folding import fold
from todo_app.moderation.patterns import PatternInvalid, pattern_compile, pattern_probe

FOLDED_MAX = 200  # characters; a word of 100 grows when ligatures come apart
_NOT_WORD = re.compile(r"[\W_]")
_ASCII_SPACED = bytes(code if chr(code).isalnum() else 32 for code in range(128)) + b" " * 128


@dataclass(frozen=True, slots=True)
class BannedEntry:
    """One word of the list."""

    word: str
    severity: int
    kind: Literal["literal", "pattern"] = "literal"


class EntryInvalid(Exception):
    """The list cannot take this."""

    def __init__(self, word: str, reason: str) -> None:
        super().__init__(f"{word!r} {reason}")
        self.word, self.reason = word, reason


class WordUnmatchable(EntryInvalid):
    """Nothing of the word could ever be found in a text."""

    def __init__(self, word: str) -> None:
        super().__init__(word, "can never be found: it needs a letter or digit and a usual length")


class PatternRefused(EntryInvalid):
    """The pattern is invalid, too big, or matches the empty text."""

    def __init__(self, word: str, reason: str) -> None:
        super().__init__(word, f"is refused as a pattern: {reason}")


PATTERNS_BY_ADMINS = "only administrators add patterns, for one can refuse every text and ban whoever writes"


def spaced(folded: str) -> str:
    """Everything that is neither letter nor digit becomes a blank; same length."""
    if folded.isascii():
        return folded.encode().translate(_ASCII_SPACED).decode()
    return _NOT_WORD.sub(" ", folded)


def entry_key(word: str) -> str:
    """What a literal is found by; empty when nothing of it could ever be found. Words with one key are one word."""
    return " ".join(spaced(fold(word)).split())


def word_key(word: str, *, kind: str) -> str:
    """The unique key of any entry; no literal's key holds a slash. Raises WordUnmatchable, PatternRefused."""
    if kind == "pattern":
        try:
            pattern_probe(pattern_compile(word))
        except PatternInvalid as error:
            raise PatternRefused(word, str(error)) from None
        return f"/{word}/"
    key = entry_key(word)
    if not 0 < len(key) <= FOLDED_MAX:
        raise WordUnmatchable(word)
    return key

"""Fold a text so that look-alikes become equal. Pure; every function is linear in the text.

`fold` replaces character by character without looking at neighbours, so a folded place can be traced back by
folding again one character at a time: `places` does so, and only a hit pays for it.
"""

import unicodedata

from todo_app.moderation.confusables import LOOKS

# left out of the text: marks, format characters (zero width, soft hyphen, bidi, tags), fillers that show nothing
_DROPPED = frozenset({"Mn", "Me", "Cf", "Cc", "Cs"})
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u180e")
_SPACES = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85")
_TABLE_MAX = 20_000  # characters remembered; a hostile text cannot grow the table without bound


def fold_character(character: str) -> str:
    """The folded form of one character: zero or more characters, each of which folds to itself."""
    if character in _SPACES:
        return " "
    if character in _FILLERS or unicodedata.category(character) in _DROPPED:
        return ""
    simpler = LOOKS.get(character) or unicodedata.normalize("NFKD", character).casefold()
    if simpler == character:
        return character
    return "".join(map(fold_character, simpler))


class _Table(dict[int, str]):
    """Filled as characters are met."""

    def __missing__(self, code: int) -> str:
        folded = fold_character(chr(code))
        if len(self) < _TABLE_MAX:
            self[code] = folded
        return folded


_TABLE = _Table()
_ASCII = bytes(ord(fold_character(chr(code)) or " ") for code in range(128)) + bytes(range(128, 256))
_ASCII_DROPPED = bytes(code for code in range(128) if not fold_character(chr(code)))


_EVERY_ASCII = bytes(range(128))
_FEW = 48  # so many different characters are replaced one by one, each by a search in C


def fold(text: str) -> str:
    """NFKD, casefold, marks and zero-width characters left out, look-alikes replaced."""
    if not text.isascii():
        # in most texts the same few letters come again and again; what they fold to folds to itself
        others = set(
            text.encode("utf-8", "surrogatepass").translate(None, _EVERY_ASCII).decode("utf-8", "surrogatepass")
        )
        if len(others) > _FEW:
            return text.translate(_TABLE)
        for character in others:
            if (folded := _TABLE[ord(character)]) != character:
                text = text.replace(character, folded)
    return text.encode().translate(_ASCII, _ASCII_DROPPED).decode()


def places(text: str) -> list[int]:
    """For each character of `fold(text)` the index in `text` it came from."""
    return [index for index, character in enumerate(text) for _ in _TABLE[ord(character)]]

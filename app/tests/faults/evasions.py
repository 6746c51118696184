"""Ways to hide a word, each a function of a random source and the word; and clean text to spare."""

import gzip
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from random import Random
from urllib.parse import quote

SMALL_CAPS = dict(zip("abcdefghijklmnoprstuvwyz", "\u1d00\u0299\u1d04\u1d05\u1d07\ua730\u0262\u029c\u026a\u1d0a\u1d0b\u029f\u1d0d\u0274\u1d0f\u1d18\u0280\ua731\u1d1b\u1d1c\u1d20\u1d21\u028f\u1d22", strict=True))  # fmt: skip  # noqa: E501 - one alphabet
ALIKE = dict(zip("abceghiknopstuvxyz", "\u0430\u044c\u0441\u0435\u0261\u04bb\u0456\u03ba\u043f\u043e\u0440\u0455\u0442\u03c5\u03bd\u0445\u0443\u0225", strict=True))  # fmt: skip  # noqa: E501 - one alphabet
ALIKE["n"] = "\u0578"
LEET = {"a": "4@", "e": "3\u20ac", "i": "1", "o": "0", "s": "5$", "t": "7", "b": "8", "g": "9"}
Evasion = Callable[[Random, str], str]


def _mapped(table: dict[str, str]) -> Evasion:
    return lambda random, word: "".join(random.choice(table[c]) if c in table else c for c in word)


def _shifted(start: int) -> Evasion:
    return lambda _random, word: "".join(chr(start + ord(c) - 97) for c in word)


def _between(marks: str) -> Evasion:
    return lambda random, word: word[0] + "".join(random.choice(marks) + c for c in word[1:])


def _case(random: Random, word: str) -> str:
    return "".join(random.choice((c, c.upper())) for c in word)


def _one_between(random: Random, word: str) -> str:
    place = random.randint(1, len(word) - 1)
    return word[:place] + random.choice(".-_*/~") + word[place:]


def _repeats(random: Random, word: str) -> str:
    place = random.randrange(len(word))
    return word[:place] + word[place] * random.randint(3, 9) + word[place + 1 :]


def _percent(random: Random, word: str) -> str:
    return "".join(f"%{ord(c):02{random.choice('xX')}}" if random.random() < 0.6 else c for c in word)


def _entities(random: Random, word: str) -> str:
    return "".join(random.choice((c, f"&#{ord(c)};", f"&#x{ord(c):x};", f"&shy;{c}")) for c in word)


def _mixed(random: Random, word: str) -> str:
    hidden = _mapped(ALIKE)(random, _case(random, word))
    return _between("\u200b\u0336\u00ad")(random, hidden) + random.choice(("", "!", "123", "\U0001f600"))


EVASIONS: dict[str, Evasion] = {
    "case": _case,
    "width": _shifted(0xFF41),
    "mathematical": _shifted(0x1D41A),
    "circled": _shifted(0x24D0),
    "negative squared": _shifted(0x1F170),
    "regional indicators": _shifted(0x1F1E6),
    "zero width": _between("\u200b\u200c\u200d\u2060\ufeff"),
    "soft hyphen": _between("\u00ad"),
    "variation selectors": _between("\ufe0f\ufe0e\U000e0100"),
    "tag characters": _between("\U000e0061\U000e0020\U000e007f"),
    "combining marks": _between("\u0301\u0336\u0489\u20dd"),
    "direction marks": _between("\u200e\u200f\u2066\u2069\u202a\u202c"),
    "right-to-left override": lambda _random, word: f"\u202e{word[::-1]}\u202c",
    "fillers": _between("\u115f\u3164\u2800\uffa0"),
    "cyrillic and greek": _mapped(ALIKE),
    "small capitals": _mapped(SMALL_CAPS),
    "leet": _mapped(LEET),
    "blanks": _between(" "),
    "separators": _between(".-_*|/~ "),
    "one sign": _one_between,
    "repeats": _repeats,
    "percent": _percent,
    "entities": _entities,
    "mixed": _mixed,
    "quoted url": lambda random, word: f"https://x.example/?q={quote(_mapped(ALIKE)(random, word))}",
}
ACROSS = "across fields"  # the 26th class, judged with a seam

DICTIONARIES = (
    "american-english",
    "ngerman",
    "french",
    "spanish",
    "italian",
    "dutch",
    "portuguese",
    "swedish",
    "danish",
)
MANUALS = ("de", "fr", "es", "pl", "pt_BR", "ru", "tr")
LANGUAGES = 12  # nine of the dictionaries; Polish, Russian and Turkish of the manuals
_ROFF = re.compile(r"\\f[A-Z]|\\f\[[^]]*\]|\\[&,/|:%]|\\\(..|\\\[[^]]*\]|^\.\s*[A-Za-z]+\s*")


def clean_lines(*, each: int) -> Iterator[str]:
    """Up to `each` lines of every dictionary and manual. Raises FileNotFoundError naming what to install."""
    for name in DICTIONARIES:
        words = _needed(Path("/usr/share/dict", name)).read_text(encoding="utf-8", errors="replace").split()
        step = max(1, len(words) // (each * 8))
        few = words[::step]
        yield from (" ".join(few[n : n + 8]) for n in range(0, min(len(few), each * 8), 8))
    for language in MANUALS:
        _needed(Path("/usr/share/man", language, "man1"))
        yield from _manual_lines(Path("/usr/share/man", language), each)


def embedding(words: Iterable[str]) -> list[str]:
    """Words of the English dictionary that hold one of these and more, as "classic" does."""
    known = _needed(Path("/usr/share/dict/american-english")).read_text(encoding="utf-8").split()
    return [text for text in known if text.isalpha() and any(word in text[1:] or word in text[:-1] for word in words)]


def _manual_lines(folder: Path, each: int) -> Iterator[str]:
    """From many pages, a few of each."""
    given = 0
    for page in sorted(folder.glob("man[1-9]/*.gz")):
        with gzip.open(page, "rt", encoding="utf-8", errors="replace") as file:
            plain = (_ROFF.sub("", line).strip() for line in file if not line.startswith((".\\", "'\\", "'!")))
            for line in islice((line for line in plain if len(line) > 20), min(max(20, each // 20), each - given)):
                yield line
                given += 1


def _needed(path: Path) -> Path:
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing; install the packages of group `test` in ci/debian-packages.txt")
    return path

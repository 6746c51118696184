"""Escapes, overrides, letter emoji and seams between fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from todo_app.moderation.entries import BannedEntry, PatternRefused, word_key
from todo_app.moderation.matcher import Matcher
from todo_app.moderation.readings import readings

MATCHER = Matcher([BannedEntry("damn", 1), BannedEntry("hello", 1), BannedEntry("go away", 3)], version=1)
ESCAPED = [
    "d%61mn",
    "%64%61%6d%6E",
    "d&#97;mn",
    "d&#x61;mn",
    "da&shy;mn",
    "%2564amn",
    "&amp;#100;amn",
    "d%D0%B0mn",
]


@pytest.mark.parametrize(
    "text", [*ESCAPED, "\u202enmad\u202c", "\U0001f1e9\U0001f1e6\U0001f1f2\U0001f1f3", "damn\U0001f1fa\U0001f1f8"]
)
def test_it_is_found_and_placed(text: str) -> None:
    (hit,) = MATCHER.hits(f"well {text} then")

    assert hit.word == "damn"
    assert 5 <= hit.start < hit.end <= 5 + len(text)


@pytest.mark.parametrize("text", ["100% damage", "a&b", "AT&T; &c", "%zz", "R&amp;D", "50%25 off"])
def test_other_signs_are_spared(text: str) -> None:
    assert MATCHER.hits(text) == []


@given(st.text(max_size=40))
def test_every_reading_knows_its_origin(text: str) -> None:
    for reading in readings(f"{text}%41&amp;\u202eab"):
        assert len(reading.spans) == len(reading.text)
        assert all(0 <= start < end <= len(text) + 14 for start, end in reading.spans)


@pytest.mark.parametrize(
    "parts", [("da", "mn"), ("well da ", " mn then"), ("d@", "mn"), ("da", "", "mn"), ("d", "am", "n")]
)
def test_a_word_across_fields_is_found(parts: tuple[str, ...]) -> None:
    text = "\n".join(parts)
    seams: list[int] = []
    for part in parts[:-1]:
        seams.append((seams[-1] + 1 if seams else 0) + len(part))

    (hit,) = MATCHER.hits(text, seams=tuple(seams))

    assert hit.word == "damn"
    assert hit.start < seams[0] < hit.end


def test_words_that_only_touch_a_seam_are_spared() -> None:
    assert MATCHER.hits("yada\nmnemonic", seams=(4,)) == []
    assert MATCHER.hits("da\nmn") == [], "a line break inside one field is no seam"


def test_a_stretched_word_with_doubles_of_its_own_is_found() -> None:
    assert [hit.word for hit in MATCHER.hits("heeellllo helllo")] == ["hello", "hello"]
    assert MATCHER.hits("heello helo") == []


def test_patterns_are_judged_on_the_folded_text() -> None:
    judge = Matcher([BannedEntry(r"\bbuy\s+(?:pills|meds)\b", 2, "pattern")], version=1)

    (hit,) = judge.hits("please B\u00dcY   M\u0435ds now")

    assert (hit.start, hit.end, hit.word) == (7, 17, r"\bbuy\s+(?:pills|meds)\b")


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(a", "missing )"),
        ("a*", "empty text"),
        ("(?:a{1,100}){1,100}", "invalid repetition"),
        ("[a-z]{0,300}x", "instructions"),
        (r"\pL{1,100}x", "too large"),
        ("caf\u00e9", "write 'e'"),
        (r"(a)\1", "invalid escape"),
    ],
)
def test_a_bad_pattern_is_refused_with_its_reason(pattern: str, reason: str) -> None:
    with pytest.raises(PatternRefused, match=reason.replace(")", r"\)")):
        word_key(pattern, kind="pattern")

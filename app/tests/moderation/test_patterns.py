"""What a pattern may be, and where it is found."""

import pytest

from todo_app.moderation.entries import BannedEntry
from todo_app.moderation.matcher import PLACES_MAX as LITERAL_PLACES_MAX
from todo_app.moderation.matcher import Matcher
from todo_app.moderation.patterns import PLACES_MAX, PatternInvalid, pattern_compile, pattern_probe


@pytest.mark.parametrize("text", [r"bad|\b", r"\b|bad", "bad|$", r"\Bx*", "x*"])
def test_a_pattern_that_can_match_nothing_is_refused(text: str) -> None:
    with pytest.raises(PatternInvalid):
        pattern_probe(pattern_compile(text))


@pytest.mark.parametrize("text", [r"\bbad\b", "^bad", "bad$", "x(.*y)?"])
def test_a_pattern_that_needs_a_letter_is_taken(text: str) -> None:
    pattern_probe(pattern_compile(text))


def test_places_of_a_pattern_are_bounded() -> None:
    judge = Matcher([BannedEntry("b[ae]d", 1, "pattern")], version=1)

    assert len(judge.hits("bad bed " * 3)) == 6
    assert len(judge.hits("bad bed " * 500)) == PLACES_MAX


def test_places_of_words_are_bounded() -> None:
    judge = Matcher([BannedEntry("bad", 1)], version=1)

    assert len(judge.hits("bad " * 50)) == 50
    assert len(judge.hits("bad " * 500)) == LITERAL_PLACES_MAX

"""Laws of folding, on any text."""

import string

from hypothesis import given
from hypothesis import strategies as st

from todo_app.moderation.confusables import CONFUSABLES
from todo_app.moderation.folding import fold, fold_character, places

TEXT = st.text(st.characters(), max_size=200)
GROWTH = 18  # U+FDFA, the worst character of Unicode, folds to 18


@given(TEXT)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(TEXT, TEXT)
def test_a_text_folds_as_its_parts(left: str, right: str) -> None:
    assert fold(left + right) == fold(left) + fold(right)


@given(TEXT)
def test_growth_is_bounded(text: str) -> None:
    assert len(fold(text)) <= GROWTH * len(text)


@given(TEXT)
def test_each_folded_character_is_traced_to_its_origin(text: str) -> None:
    folded, origin = fold(text), places(text)

    assert len(origin) == len(folded)
    assert all(folded[index] in fold_character(text[source]) for index, source in enumerate(origin))


@given(st.text(string.ascii_letters + string.digits + " ", max_size=100))
def test_plain_text_is_only_lowered(text: str) -> None:
    assert fold(text) == text.lower()


@given(st.text(st.characters(max_codepoint=127), max_size=100))
def test_the_fast_path_says_what_the_slow_one_says(text: str) -> None:
    assert fold(text) == "".join(map(fold_character, text))


def test_look_alikes_become_what_they_look_like() -> None:
    assert fold("\u0420\u0430yp\u0430l") == "paypal"  # Cyrillic
    assert fold("\uff37\uff49\uff44\uff45") == "wide"  # full width
    assert fold("\U0001d40c\U0001d41a\U0001d42d\U0001d421") == "math"
    assert fold("z\u200be\u00adr\u2060o") == "zero"  # zero width, soft hyphen
    assert fold("m\u0336a\u0301rks") == "marks"
    assert fold("\u0131\u0130I") == "iii"  # Turkish
    assert fold("Stra\u00dfe") == "strasse"


def test_every_confusable_folds_to_plain_letters() -> None:
    assert len(CONFUSABLES) > 120
    assert {fold(look) for look in CONFUSABLES} <= {*string.ascii_lowercase, "ae", "oe", "ss", "th"}

"""Marking words for people."""

from hypothesis import given
from hypothesis import strategies as st

from todo_app.moderation.highlight import Segment, segments


def test_words_are_marked_and_the_rest_is_not() -> None:
    assert segments("a bad day", [[2, 5]]) == [
        Segment("a ", marked=False),
        Segment("bad", marked=True),
        Segment(" day", marked=False),
    ]


@given(st.text(min_size=1, max_size=50), st.lists(st.tuples(st.integers(0, 49), st.integers(1, 10)), max_size=6))
def test_no_character_is_lost_or_doubled(text: str, starts: list[tuple[int, int]]) -> None:
    spans = [(start, min(start + length, len(text))) for start, length in starts if start < len(text)]

    assert "".join(segment.text for segment in segments(text, spans)) == text

"""The list of banned words as a CSV file over the API."""

import secrets

import pytest

from tests.conftest import api
from todo_app.accounts.models import User
from todo_app.moderation import words_csv as domain
from todo_app.moderation.models import BannedWord

pytestmark = pytest.mark.integration
IMPORT, EXPORT = "/api/v1/banned-words/import", "/api/v1/banned-words/export"
HEADER = "word,kind,severity\n"


@pytest.fixture
def name() -> str:
    """A word nobody else has."""
    return f"csv{secrets.token_hex(6)}"


def test_the_list_goes_in_and_comes_out(admin: User, name: str) -> None:
    client = api(admin)

    answer = client.post(IMPORT, f"{HEADER}{name},literal,high\n=x {name},literal,low\n", content_type="text/csv")
    exported = client.get(EXPORT)

    assert (answer.status_code, answer.json()) == (200, {"added": 2, "changed": 0, "unchanged": 0})
    assert exported.headers["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(exported).decode()
    assert f"{name},literal,high\r\n" in text
    assert f"'=x {name},literal,low\r\n" in text
    again = client.post(IMPORT, text, content_type="text/csv; charset=utf-8").json()
    assert (again["added"], again["changed"]) == (0, 0)


def test_all_bad_lines_are_told_at_once_and_nothing_is_imported(admin: User, name: str) -> None:
    text = f"{HEADER}{name},literal,low\n!!!,literal,low\nfine,odd,low\nx(,pattern,low\n"

    answer = api(admin).post(IMPORT, text, content_type="text/csv")

    assert (answer.status_code, answer.json()["type"]) == (422, "csv-refused")
    assert [line["line"] for line in answer.json()["lines"]] == [3, 4, 5]
    assert "kind is 'odd'" in answer.json()["lines"][1]["detail"]
    assert not BannedWord.objects.filter(word=name).exists()


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        (b"", "text/csv", (422, "csv-refused")),
        (b"\xff\xfe", "text/csv", (400, "unreadable")),
        (b"{}", "application/json", (415, "unsupported-media-type")),
        (HEADER.encode() + b"x" * domain.BYTES_MAX, "text/csv", (413, "body-too-large")),
    ],
)
def test_what_is_no_list_is_told(body: bytes, kind: str, told: tuple[int, str], admin: User) -> None:
    answer = api(admin).post(IMPORT, body, content_type=kind)

    assert (answer.status_code, answer.json()["type"]) == told


def test_too_many_words_are_told_by_the_line_where_they_begin(
    admin: User, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain, "WORDS_MAX", 2)
    text = HEADER + "".join(f"{name} {number},literal,low\n" for number in range(5))

    answer = api(admin).post(IMPORT, text, content_type="text/csv")

    assert answer.json()["lines"] == [{"line": 4, "detail": "more than 2 words; send them in several files"}]

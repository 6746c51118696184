"""A big import is few statements, and tells as much as word after word would."""

import secrets
from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from todo_app.common.audit import audited
from todo_app.moderation import words_bulk
from todo_app.moderation.models import BannedWord
from todo_app.moderation.selectors import words_version
from todo_app.moderation.words_csv import CsvOutcome, words_import
from todo_app.outbox.models import Event

pytestmark = pytest.mark.integration
WORDS = 5000
CHANGED = 1200


@pytest.fixture
def stem() -> Iterator[str]:
    """What all words of a test begin with; they are gone afterwards, so that no other test pays for them."""
    name = f"bulk{secrets.token_hex(6)}"
    yield name
    keys = [*BannedWord.objects.filter(word__startswith=name).values_list("pk", flat=True)]
    QuerySet(BannedWord).filter(pk__in=keys).delete()


def listed(stem: str, *, severity: str = "low") -> str:
    """A file with all of them; the first ones have the given severity."""
    levels = (severity if number < CHANGED else "low" for number in range(WORDS))
    return "word,kind,severity\n" + "".join(f"{stem} {n},literal,{level}\n" for n, level in enumerate(levels))


def events(stem: str, kind: str) -> list[Event]:
    """Of the words' rows."""
    keys = [str(key) for key in BannedWord.objects.filter(word__startswith=stem).values_list("pk", flat=True)]
    return [*Event.objects.filter(key__in=keys, type=f"bannedword.{kind}")]


def audits(stem: str, label: str) -> int:
    """Audit rows of the words that name the command."""
    model = BannedWord._meta.get_field("audit").related_model
    rows = model._default_manager.filter(word__startswith=stem, pgh_label=label)
    return int(rows.filter(pgh_context__command="words_csv").count())


def test_five_thousand_words_have_an_event_and_an_audit_row_each_and_one_version(stem: str) -> None:
    version = words_version()

    with audited(lambda: {"command": "words_csv"}), CaptureQueriesContext(connection) as queries:
        outcome = words_import(text=listed(stem), now=timezone.now())

    assert outcome == CsvOutcome(added=WORDS, changed=0, unchanged=0)
    assert len(queries) < WORDS / 100
    assert words_version() == version + 1
    told = events(stem, "created")
    assert len({event.key for event in told}) == len(told) == WORDS
    assert audits(stem, "insert") == WORDS

    with audited(lambda: {"command": "words_csv"}):
        outcome = words_import(text=listed(stem, severity="high"), now=timezone.now())

    assert outcome == CsvOutcome(added=0, changed=CHANGED, unchanged=WORDS - CHANGED)
    assert words_version() == version + 2
    assert [event.payload["changed"] for event in events(stem, "updated")] == [["severity"]] * CHANGED
    assert audits(stem, "update") == CHANGED


def test_the_event_is_the_one_that_saving_the_word_appends(stem: str) -> None:
    words_import(text=f"word,kind,severity\n{stem} a,literal,low\n", now=timezone.now())
    BannedWord(word=f"{stem} b", severity=1).save()

    first, second = events(stem, "created")
    assert first.payload["changed"] == second.payload["changed"]


def test_nothing_new_is_no_new_version(stem: str) -> None:
    text = f"word,kind,severity\n{stem} a,literal,low\n"
    words_import(text=text, now=timezone.now())
    version = words_version()

    assert words_import(text=text, now=timezone.now()).unchanged == 1
    assert words_version() == version


def test_a_failure_in_a_later_batch_leaves_nothing(stem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words_bulk, "BATCH", 2)
    text = "word,kind,severity\n" + "".join(f"{stem} {number},literal,low\n" for number in range(5))

    def told(done: int, _total: int) -> None:
        if done > 2:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        words_import(text=text, now=timezone.now(), told=told)

    assert not BannedWord.objects.filter(word__startswith=stem).exists()


def test_a_word_that_somebody_adds_meanwhile_is_no_error(stem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    locked, tries = words_bulk._locked, []

    def blind(keys: list[str]) -> "QuerySet[BannedWord, BannedWord]":
        tries.append(keys)
        return locked(keys) if len(tries) > 1 else BannedWord.objects.none()

    BannedWord(word=f"{stem} a", severity=1).save()
    monkeypatch.setattr(words_bulk, "_locked", blind)

    text = f"word,kind,severity\n{stem} a,literal,low\n{stem} b,literal,low\n"
    assert words_import(text=text, now=timezone.now()) == CsvOutcome(added=1, changed=0, unchanged=1)
    assert len(tries) == 2

"""The list holds each word once, however it is spelt, and no word that could never be found."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connections, transaction
from django.test import Client
from django.utils import timezone

from tests.conftest import api
from todo_app.accounts.models import User
from todo_app.moderation.entries import WordUnmatchable
from todo_app.moderation.models import BannedWord
from todo_app.moderation.services import WordTaken, word_add

pytestmark = pytest.mark.integration
FORM = {"kind": "literal", "severity": "2"}


@pytest.mark.parametrize("text", ["!!!", "\u200b\u200b", "\u0301", " - ", "\ufdfa" * 100])
def test_a_word_that_could_never_be_found_is_refused(admin: User, text: str) -> None:
    answer = api(admin).post("/api/v1/banned-words", {"word": text}, content_type="application/json")

    assert answer.status_code == 422, answer.content
    assert not BannedWord.objects.filter(word=text).exists()
    with pytest.raises(WordUnmatchable):
        word_add(word=text, severity=1, now=timezone.now())
    with pytest.raises(ValidationError):
        BannedWord(word=text).full_clean()


def test_another_spelling_is_refused_naming_the_listed_word(admin: User, word: str) -> None:
    for spelling in (word.upper(), f" {word}!", f"{word[:3]}\u200b{word[3:]}", word.replace("a", "\u0430")):
        answer = api(admin).post("/api/v1/banned-words", {"word": spelling}, content_type="application/json")
        assert (answer.status_code, answer.json()["type"], answer.json()["word"]) == (409, "word-taken", word)
        with pytest.raises(ValidationError, match=word):
            BannedWord(word=spelling).full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        BannedWord(word=word.upper()).save()


def test_of_racing_spellings_one_is_listed(word: str) -> None:
    spellings = [f"x{word[:4]}{sign}{word[4:]}" for sign in ("\u200b", "\u00ad", "\u2060", "\u0301", "\u200d", "")]

    def add(spelling: str) -> bool:
        try:
            word_add(word=spelling, severity=1, now=timezone.now())
        except WordTaken:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(add, spellings)) == 1
    assert BannedWord.objects.filter(folded=f"x{word}").count() == 1


def test_a_changed_word_is_found_by_its_new_form(word: str) -> None:
    row = BannedWord.objects.get(word=word)
    row.word = f"{word.upper()}Z"
    row.save(update_fields=["word"])

    assert BannedWord.objects.get(pk=row.pk).folded == f"{word}z"


def test_admin_tells_both_beside_the_field(admin: User, word: str) -> None:
    client = Client()
    client.force_login(admin, backend=settings.AUTHENTICATION_BACKENDS[0])

    address = "/admin/moderation/bannedword/add/"

    def add(text: str) -> str:
        return client.post(address, {"word": text, **FORM}).content.decode()

    assert "can never be found" in add("!!!")
    assert f"as: {word}" in add(word.upper())
    assert client.post(address, {"word": f"{word}q", **FORM}).status_code == 302

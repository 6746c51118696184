"""Version and words are of one moment, also where there are no words."""

import secrets
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from todo_app.moderation.selectors import words_snapshot, words_version
from todo_app.moderation.services import word_add

pytestmark = pytest.mark.integration


def test_a_word_added_beside_an_empty_list_is_not_taken_for_read() -> None:
    word, done = "bad" + secrets.token_hex(6), list[bool]()

    def then_add(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: ANN401 - Django's signature
        result = execute(sql, params, many, context)
        if not done:
            done.append(True)
            word_add(word=word, severity=2, now=timezone.now())
        return result

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM moderation_bannedword")
        before = words_version()
        with connection.execute_wrapper(then_add):
            version, entries = words_snapshot()
        after = words_version()
        transaction.set_rollback(True)

    assert after > before
    assert (version, entries) == (before, [])

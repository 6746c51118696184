"""Import is all or nothing and tells every bad line; what is exported comes in again, and no spreadsheet runs it."""

import secrets
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from todo_app.moderation.models import BannedWord
from todo_app.moderation.words_csv import CsvOutcome, CsvRefused, words_export, words_import

pytestmark = pytest.mark.integration
BAD = """word,kind,severity
{good},literal,high
!!!,literal,low
{good},literal,low
x(,pattern,low
fine,regex,low
fine,literal,9
two,cells
"""


def test_all_bad_lines_are_told_and_nothing_is_imported(tmp_path: Path) -> None:
    good, told = f"good{secrets.token_hex(6)}", StringIO()
    file = tmp_path / "words.csv"
    file.write_text(BAD.format(good=good), encoding="utf-8")

    with pytest.raises(CommandError, match="6 bad lines"):
        call_command("words_csv", "import", str(file), stderr=told)

    lines = told.getvalue().splitlines()
    assert [line.split(":")[1] for line in lines] == ["3", "4", "5", "6", "7", "8"]
    assert "missing )" in lines[2]
    assert not BannedWord.objects.filter(word=good).exists()


def test_what_is_exported_comes_in_again_unchanged(tmp_path: Path) -> None:
    name = f"form{secrets.token_hex(6)}"
    text = f'word,kind,severity\n"\'=cmd {name}",literal,high\n"{name}, too",literal,low\n'

    assert words_import(text=text, now=timezone.now()) == CsvOutcome(added=2, changed=0, unchanged=0)
    exported = "".join(words_export())

    assert BannedWord.objects.filter(word=f"=cmd {name}").exists()
    assert f"'=cmd {name},literal,high\r\n" in exported
    assert not [line for line in exported.splitlines() if line.lstrip('"').startswith(("=", "+", "-", "@"))]
    assert words_import(text=exported, now=timezone.now()).added == 0
    changed = words_import(text=text.replace("low", "medium"), now=timezone.now())
    assert changed == CsvOutcome(added=0, changed=1, unchanged=1)


@pytest.mark.parametrize("text", ["", "word\nx\n", "word,kind,severity\n", 'word,kind,severity\n"open,literal,low\n'])
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(CsvRefused):
        words_import(text=text, now=timezone.now())

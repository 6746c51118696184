"""Every type of event that the app can append has a schema, and the files are the schemas."""

import ast
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from jsonschema import Draft202012Validator

from todo_app.outbox.facts import schemas


def _appended() -> set[str]:
    """The types that the source gives to `event_append`."""
    found: set[str] = set()
    for path in (settings.BASE_DIR / "todo_app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "event_append":
                given = next(word.value for word in node.keywords if word.arg == "type")
                if isinstance(given, ast.Constant):
                    found.add(str(given.value))
    return found


def test_the_files_are_current() -> None:
    call_command("events", check=True)


def test_a_file_that_differs_is_named(tmp_path: Path) -> None:
    call_command("events", folder=tmp_path)
    (tmp_path / "todo.created.json").write_text("{}", encoding="utf-8")
    (tmp_path / "gone.json").write_text("{}", encoding="utf-8")

    with pytest.raises(CommandError, match=r"gone.json, todo.created.json; run: manage.py events"):
        call_command("events", check=True, folder=tmp_path)
    call_command("events", folder=tmp_path)
    call_command("events", check=True, folder=tmp_path)


def test_every_appended_type_is_declared() -> None:
    facts = _appended()

    assert {"user.banned", "violation.recorded"} <= facts
    assert facts <= set(schemas())


def test_each_schema_is_valid_and_closed() -> None:
    for name, schema in schemas().items():
        Draft202012Validator.check_schema(schema)
        assert schema["additionalProperties"] is False, name
        assert schema["description"], name

"""The OpenAPI document is the committed one."""

import json

import pytest
from django.core.management import CommandError, call_command

from todo_app.api.management.commands.openapi import TARGET, document


def test_the_committed_document_is_up_to_date() -> None:
    call_command("openapi", check=True)


def test_a_changed_document_is_noticed(tmp_path: object) -> None:
    changed = json.loads(TARGET.read_bytes())
    changed["info"]["title"] = "another"
    file = TARGET.__class__(str(tmp_path)) / "openapi.json"
    file.write_text(json.dumps(changed), encoding="utf-8")

    with pytest.raises(CommandError, match="out of date"):
        call_command("openapi", check=True, file=file)


def test_every_operation_tells_its_errors_as_problems() -> None:
    paths = json.loads(document())["paths"]
    operations = [(path, method, operation) for path, item in paths.items() for method, operation in item.items()]

    assert len(operations) >= 18
    for path, method, operation in operations:
        errors = {status: body for status, body in operation["responses"].items() if status >= "400"}
        assert errors, f"{method} {path} documents no error"
        assert all("application/problem+json" in body["content"] for body in errors.values())
        public = (path, method) == ("/api/v1/auth/tokens", "post")
        assert operation.get("security", []) == ([] if public else [{"bearer": []}])

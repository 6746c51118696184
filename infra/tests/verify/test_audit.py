"""Writes are counted from the audit log: only stored changes, only of the user asked for, only after the mark."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.verify.audit import AuditLog


def event(**changes: object) -> str:
    base: dict[str, Any] = {
        "stage": "ResponseComplete",
        "verb": "patch",
        "user": {"username": "slipway"},
        "userAgent": "lightkube",
        "requestURI": "/api/v1/namespaces/todo",
        "objectRef": {"resource": "namespaces"},
        "responseStatus": {"code": 200},
    }
    return json.dumps(base | changes) + "\n"


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    return AuditLog(tmp_path / "audit.log")


def test_a_write_after_the_mark_is_counted_and_one_before_is_not(log: AuditLog) -> None:
    log.file.write_text(event(verb="create"), encoding="utf-8")
    mark = log.mark()
    assert log.writes(since=mark, user="slipway") == []
    with log.file.open("a", encoding="utf-8") as file:
        file.write(event())
    assert [write.verb for write in log.writes(since=mark, user="slipway")] == ["patch"]


@pytest.mark.parametrize(
    "changes",
    [
        {"verb": "get"},
        {"requestURI": "/api/v1/namespaces/todo?dryRun=All&fieldManager=slipway"},
        {"user": {"username": "system:serviceaccount:kube-system:job-controller"}},
        {"stage": "ResponseStarted"},
        {"responseStatus": {"code": 409}},
        {"verb": "create", "objectRef": {"resource": "selfsubjectaccessreviews", "apiGroup": "authorization.k8s.io"}},
    ],
)
def test_what_changes_nothing_is_not_counted(log: AuditLog, changes: dict[str, Any]) -> None:
    log.file.write_text(event(**changes), encoding="utf-8")
    assert log.writes(since=0, user="slipway") == []


def test_a_rotation_between_mark_and_reading_loses_nothing(log: AuditLog) -> None:
    log.file.write_text(event(verb="create"), encoding="utf-8")
    mark = log.mark()
    with log.file.open("a", encoding="utf-8") as file:
        file.write(event(verb="update"))
    log.file.rename(log.file.with_name("audit-2026-11-20T00-00-00.000.log"))
    log.file.write_text(event(verb="delete"), encoding="utf-8")
    assert [write.verb for write in log.writes(since=mark, user="slipway")] == ["update", "delete"]

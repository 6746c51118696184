"""Migrations take their locks in the order of requests: what is referred to first.

A request adds a user and then what refers to it. A migration that held the second table and then asked for the first
would close a circle, and PostgreSQL may end the request instead of the migration (R16).
"""

import re
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db.models import ForeignKey

from tests.migrations.test_lint import ours, sql_of

pytestmark = pytest.mark.integration
NAME = r'(?:ONLY\s+)?"?(?P<table>[a-z_]+)"?'
STRONG = re.compile(
    rf"(?:ALTER TABLE|REFERENCES|CREATE (?:UNIQUE )?INDEX [^;]*? ON|TRIGGER [^;]*? ON)\s+(?:IF EXISTS\s+)?{NAME}", re.I
)
LOCK = re.compile(r"LOCK TABLE (?P<tables>[a-z_, ]+?) IN", re.I)
CREATED = re.compile(rf"CREATE TABLE (?:IF NOT EXISTS\s+)?{NAME}", re.I)


def taken(sql: str) -> list[str]:
    """The tables in the order of their first strong lock, without those that are made here."""
    sql = re.sub(r"--.*", "", sql)  # Django writes in words what comes next
    made = {found["table"] for found in CREATED.finditer(sql)}
    found = sorted([*STRONG.finditer(sql), *LOCK.finditer(sql)], key=lambda match: match.start())
    names = [name.strip() for match in found for name in next(iter(match.groupdict().values())).split(",")]
    return [name for name in dict.fromkeys(names) if name not in made]


def parents() -> set[tuple[str, str]]:
    """Which table refers to which."""
    return {
        (model._meta.db_table, field.related_model._meta.db_table)
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.get_fields()
        if isinstance(field, ForeignKey) and field.db_constraint
    }


def circles(tables: list[str]) -> Iterator[str]:
    """What is locked before what it refers to."""
    refers = parents()
    for place, child in enumerate(tables):
        for parent in tables[place + 1 :]:
            if (child, parent) in refers:
                yield f"{child} before {parent}"


def test_no_migration_can_close_a_circle_with_a_request() -> None:
    orders = {name: taken(sql_of(*name.split("."))) for name, item in ours().items() if item.atomic}

    assert orders["accounts.0002_scopes_and_epoch"] == ["accounts_user", "accounts_apitoken"]
    assert {name: found for name, tables in orders.items() if (found := list(circles(tables)))} == {}


def test_a_circle_would_be_seen() -> None:
    child_first = 'ALTER TABLE "accounts_apitoken" ADD COLUMN x int; ALTER TABLE "accounts_user" ADD COLUMN y int;'

    assert list(circles(taken(child_first))) == ["accounts_apitoken before accounts_user"]
    assert list(circles(taken(f"LOCK TABLE accounts_user IN SHARE MODE; {child_first}"))) == []

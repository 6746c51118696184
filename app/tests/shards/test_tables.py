"""Every table with a user in it is known to be the user's or not."""

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import models

from todo_app.shards import tables


def test_every_table_that_names_a_user_moves_with_it_or_stays_for_a_reason() -> None:
    moving = {table.model for table in tables.user_tables()}
    naming = {
        model
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and field.related_model in moving
        if model._meta.managed and not model._meta.proxy
    }

    assert {model._meta.label_lower for model in naming - moving} <= set(tables.STAYING)
    assert all(reason for reason in tables.STAYING.values())
    assert tables.user_tables()[0].model is get_user_model()


def test_a_table_whose_owner_is_unclear_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tables.OWNER, "accounts.apitoken", "nobody")

    with pytest.raises(tables.OwnerUnclear):
        tables.user_tables.__wrapped__()

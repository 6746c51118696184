"""Which rows are a user's, found from the models' foreign keys, so that a new table joins by itself."""

from dataclasses import dataclass
from functools import cache

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import models

# Tables with a foreign key to a user that are not the user's own, or that only users of the directory have.
STAYING = {
    "admin.logentry": "what administrators did; they stay on the directory",
    "accounts.user_groups": "users with groups stay on the directory: keys of groups differ between databases",
    "accounts.user_user_permissions": "as groups",
    "moderation.usertotal": "counted by the log's own triggers when violations arrive and leave",
    "moderation.userwordcount": "as moderation.usertotal",
}
# Where more than one foreign key could name the owner.
OWNER = {"todos.todo": "owner"}


@dataclass(frozen=True, kw_only=True)
class UserTable:
    """A table and how a row names its user: `owner` is SQL with {row} for the row."""

    model: type[models.Model]
    owner: str
    references: tuple[str, ...]  # other columns that name users

    @property
    def name(self) -> str:
        """In the database."""
        return self.model._meta.db_table  # noqa: SLF001 - _meta is Django's documented API

    @property
    def columns(self) -> tuple[str, ...]:
        """All but counted keys, which every database counts by itself."""
        fields = self.model._meta.concrete_fields  # noqa: SLF001 - see name
        return tuple(str(field.column) for field in fields if not isinstance(field, models.AutoField))

    @property
    def has_uuid_key(self) -> bool:
        """Whether outbox events can carry the key."""
        return isinstance(self.model._meta.pk, models.UUIDField)  # noqa: SLF001 - see name

    def where(self) -> str:
        """Rows of the user given as the parameter."""
        return self.owner.format(row=f'"{self.name}"') + " = %s"


class OwnerUnclear(Exception):
    """A table names users in a way that says nothing about whose its rows are."""


@cache
def user_tables() -> tuple[UserTable, ...]:
    """The user's own table first, then what hangs on it, parents before children. Raises OwnerUnclear."""
    user = get_user_model()
    found: dict[type[models.Model], UserTable] = {
        user: UserTable(model=user, owner='{row}."id"', references=_references(user, None))
    }
    waiting = [model for model in apps.get_models(include_auto_created=True) if _own(model) and model is not user]
    while True:
        ready = {model: table for model in waiting if (table := _table(model, found)) is not None}
        if not ready:
            return tuple(found.values())
        found.update(ready)
        waiting = [model for model in waiting if model not in ready]


def _own(model: type[models.Model]) -> bool:
    meta = model._meta  # noqa: SLF001 - see name
    return meta.label_lower not in STAYING and meta.managed and not meta.proxy


def _keys(model: type[models.Model]) -> list["models.ForeignKey[models.Model, models.Model]"]:
    return [field for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey)]  # noqa: SLF001 - see name


def _references(model: type[models.Model], owner: str | None) -> tuple[str, ...]:
    user = get_user_model()
    return tuple(key.column for key in _keys(model) if key.related_model is user and key.name != owner)


def _table(model: type[models.Model], found: dict[type[models.Model], UserTable]) -> UserTable | None:
    user, keys = get_user_model(), _keys(model)
    named = OWNER.get(model._meta.label_lower)  # noqa: SLF001 - see name
    direct = [key for key in keys if key.related_model is user and (key.name == named if named else not key.null)]
    if len(direct) == 1:
        owner = '{row}."' + direct[0].column + '"'
        return UserTable(model=model, owner=owner, references=_references(model, direct[0].name))
    if direct or any(key.related_model is user for key in keys):
        raise OwnerUnclear(f"{model._meta.label}: name its owner in todo_app.shards.tables")  # noqa: SLF001 - see name
    for key in keys:
        if (parent := found.get(key.related_model)) is not None and not key.null:
            inner = parent.owner.format(row=f'"{parent.name}"')
            here, there = f'{{row}}."{key.column}"', f'"{parent.name}"."{key.target_field.column}"'
            owner = f'(SELECT {inner} FROM "{parent.name}" WHERE {there} = {here})'  # noqa: S608 - names of tables and columns
            return UserTable(model=model, owner=owner, references=())
    return None

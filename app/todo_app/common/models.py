"""Base classes of all tables and the revision counter of shared lists."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from functools import cache
from typing import Any, ClassVar, NoReturn, Self, TypeVar

from django.db import models, transaction
from django.db.models.base import ModelBase
from django.utils import timezone

from todo_app.common.inserts import inserted
from todo_app.common.signals import entity_changed
from todo_app.common.uuid7 import uuid7
from todo_app.common.written import Written

M = TypeVar("M", bound=models.Model)


class BulkRefused(Exception):
    """A bulk write on a table whose changes are events; it would append none."""


class Row(models.Model):
    """A table with a UUID key that sorts by time."""

    id: models.UUIDField[uuid.UUID, uuid.UUID] = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_on = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        """No ordering: every query names its own."""

        abstract = True

    def _do_insert(
        self,
        manager: models.Manager[Any],
        using: str,
        fields: Sequence[models.Field[Any, Any]],
        returning_fields: Sequence[models.Field[Any, Any]],
        raw: bool,
    ) -> list[tuple[Any, ...]]:
        """Django's, by a prepared statement where that is possible."""
        if not raw and inserted(self, using=using, fields=fields):
            return []
        done: list[tuple[Any, ...]] = super()._do_insert(manager, using, fields, returning_fields, raw)  # type: ignore[misc]  # the stubs leave it out
        return done


class EventfulQuerySet(models.QuerySet[M]):
    """Refuses what would change rows without an event."""

    def update(self, **_values: object) -> NoReturn:
        """Refused; save the instances."""
        raise BulkRefused(f"{self.model.__name__}: update() appends no event; save each instance")

    def bulk_create(self, *_args: object, **_kwargs: object) -> NoReturn:
        """Refused; save the instances."""
        raise BulkRefused(f"{self.model.__name__}: bulk_create() appends no event; save each instance")

    def bulk_update(self, *_args: object, **_kwargs: object) -> NoReturn:
        """Refused; save the instances."""
        raise BulkRefused(f"{self.model.__name__}: bulk_update() appends no event; save each instance")

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete one by one, so that each row has its event."""
        with transaction.atomic():
            counts = [instance.delete()[0] for instance in self]
        return sum(counts), {self.model._meta.label: len(counts)}  # noqa: SLF001 - _meta is Django's documented API


class BaseModel(Row):
    """A row whose every change appends exactly one event in the same transaction."""

    updated_on = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[models.Manager[Self]] = EventfulQuerySet.as_manager()

    class Meta:
        """See Row."""

        abstract = True

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles know nothing of a transaction."""
        state = dict(super().__getstate__())
        state.pop("_written", None)
        return state

    def save(
        self,
        *,
        force_insert: bool | tuple[ModelBase, ...] = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        """Write and tell in one transaction; an unchanged row writes nothing and tells nothing."""
        changed = self.changed_fields
        adding = self._state.adding  # after changed_fields, which hears of a rollback
        if update_fields is not None:
            named = set(update_fields)
            names = {field.attname: field.name for field in self._meta.concrete_fields}
            changed = [name for name in changed if name in named or names[name] in named]
        if not adding and not changed:
            return
        if not adding and "updated_on" not in changed:
            self.updated_on = timezone.now()
        written = None if adding else {*changed, "updated_on"}
        previous = {} if adding else {name: self.previous(name) for name in changed}
        with transaction.atomic(using=using, savepoint=False), self._together(using, adding):
            self._mark(using)
            super().save(force_insert=force_insert, force_update=force_update, using=using, update_fields=written)
            action = "created" if adding else "updated"
            entity_changed.send(
                type(self), instance=self, action=action, changed=changed, previous=previous, now=self.updated_on
            )
        self._remember(written)

    @staticmethod
    def _together(using: str | None, adding: bool) -> AbstractContextManager[None]:
        """A new row and its event go in one round trip; of an UPDATE Django reads the count."""
        opened: Any = transaction.get_connection(using)  # config.postgresql
        return opened.together() if adding else nullcontext()

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Delete and tell in one transaction."""
        key = self.pk
        with transaction.atomic(using=using, savepoint=False):
            result = super().delete(using=using, keep_parents=keep_parents)
            self.pk = key  # Django clears it, the event needs it
            entity_changed.send(
                type(self), instance=self, action="deleted", changed=[], previous={}, now=timezone.now()
            )
        return result

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any]) -> Self:  # type: ignore[override]  # the stubs describe Django 6, which adds an argument
        """Remember the values as loaded."""
        instance = super().from_db(db, field_names, values)
        loaded = dict(zip(field_names, values, strict=False))
        for name in _changeable_in_place(cls) & loaded.keys():
            loaded[name] = deepcopy(loaded[name])
        instance.__dict__["_loaded"] = loaded
        return instance

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: models.QuerySet[Self] | None = None,
    ) -> None:
        """Read again and forget what was loaded of these fields before; a deferred field comes here on first use."""
        only = None if fields is None else set(fields)
        self._settle()
        super().refresh_from_db(using=using, fields=only, from_queryset=from_queryset)
        self._remember(only)

    @property
    def changed_fields(self) -> list[str]:
        """Column names that differ from the database or were set unread; all of them for a new row."""
        self._settle()
        loaded: dict[str, Any] = self.__dict__.get("_loaded", {})
        names = [field.attname for field in self._meta.concrete_fields]
        if self._state.adding:
            return names
        held = [name for name in names if name in self.__dict__]
        return [name for name in held if name not in loaded or loaded[name] != getattr(self, name)]

    def previous(self, name: str) -> Any:  # noqa: ANN401 - whatever the column holds
        """What the database holds of a column; None for a row that is not stored yet."""
        self._settle()
        if self._state.adding:
            return None
        loaded: dict[str, Any] = self.__dict__.setdefault("_loaded", {})
        if name not in loaded and name in self.get_deferred_fields():
            self.refresh_from_db(fields=[name])
        elif name not in loaded:  # deferred and set before it was read
            rows = type(self)._base_manager.using(self._state.db)  # noqa: SLF001 - Django's documented name
            loaded[name] = rows.values_list(name, flat=True).get(pk=self.pk)
        return self.__dict__["_loaded"][name]

    def _mark(self, using: str | None) -> None:
        """Keep what is known of the row until the write is committed."""
        loaded = self.__dict__.get("_loaded", {})
        mark = Written(transaction.get_connection(using), loaded=loaded, adding=self._state.adding)
        self.__dict__["_loaded"] = dict(loaded)
        self.__dict__.setdefault("_written", []).append(mark)

    def _settle(self) -> None:
        """Go back to what was known before the first write that was rolled back."""
        marks: list[Written] = self.__dict__.get("_written", [])
        for index, mark in enumerate(marks):
            if mark.lost:
                self.__dict__["_loaded"], self._state.adding = dict(mark.loaded), mark.adding
                del marks[index:]
                break
        marks[:] = [mark for mark in marks if not mark.committed]

    def _remember(self, only: Collection[str] | None = None) -> None:
        deferred, in_place = self.get_deferred_fields(), _changeable_in_place(type(self))
        loaded: dict[str, Any] = {} if only is None else self.__dict__.setdefault("_loaded", {})
        for field in self._meta.concrete_fields:
            name = field.attname
            if name not in deferred and (only is None or name in only or field.name in only):
                loaded[name] = deepcopy(getattr(self, name)) if name in in_place else getattr(self, name)
        self.__dict__["_loaded"] = loaded


@cache
def _changeable_in_place(model: type[models.Model]) -> frozenset[str]:
    """Columns whose values are lists or dicts: what was loaded is kept as a copy."""
    kinds = {"JSONField", "ArrayField"}
    return frozenset(
        field.attname
        for field in model._meta.concrete_fields  # noqa: SLF001 - _meta is Django's documented API
        if field.get_internal_type() in kinds
    )


class Revision(models.Model):
    """How often a shared list has changed. Authentication reads it in the same query as the user."""

    name = models.CharField(primary_key=True, max_length=50)
    number = models.PositiveBigIntegerField(default=1)

    def __str__(self) -> str:
        """Name and number."""
        return f"{self.name} {self.number}"


class IdempotencyKey(Row):
    """A client's Idempotency-Key: who claimed it for which request, and the answer once there is one.

    The user is a plain column: users are a layer above.
    """

    user_id = models.UUIDField()
    digest = models.BinaryField(max_length=32, help_text="SHA-256 of route and key.")
    fingerprint = models.BinaryField(max_length=32, help_text="SHA-256 of the request.")
    attempt = models.UUIDField(default=uuid.uuid4, help_text="Who has the lease.")
    leased_until = models.DateTimeField()
    expires_on = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, help_text="Of the stored answer; empty while there is none.")
    headers = models.JSONField(default=dict)
    body = models.BinaryField(default=b"")

    class Meta:
        """Found by user and digest; deleted by age."""

        indexes = [models.Index(fields=["expires_on"], name="idempotency_by_expiry")]
        constraints = [models.UniqueConstraint(fields=["user_id", "digest"], name="idempotency_key_once")]

    def __str__(self) -> str:
        """The status, if there is an answer."""
        return f"{self.pk} {self.status or 'open'}"


class IdempotencyStep(Row):
    """What one transaction of a many-step request did.

    It is stored where that was done, with sharding maybe not where the key is: so the key is a plain column.
    """

    key_id = models.UUIDField(help_text="Of the IdempotencyKey.")
    subject_id = models.UUIDField()
    outcome = models.CharField(max_length=20)

    class Meta:
        """A subject is done once per key."""

        indexes = [models.Index(fields=["created_on"], name="idempotency_step_by_age")]
        constraints = [models.UniqueConstraint(fields=["key_id", "subject_id"], name="idempotency_step_once")]

    def __str__(self) -> str:
        """Subject and outcome."""
        return f"{self.subject_id} {self.outcome}"

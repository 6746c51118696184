"""Tags: written only by `Todo.save()`, so that moderation, version and event of the todo cover them."""

import unicodedata
import uuid
from collections.abc import Iterable

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from todo_app.common.models import BulkRefused, Row

TAG_MAX = 50  # characters
TAGS_MAX = 20  # per todo


def tags_normal(names: Iterable[str]) -> list[str]:
    """Each tag once, in order, as it is stored: lower case, single blanks."""
    normal = (" ".join(unicodedata.normalize("NFC", name).lower().split()) for name in names)
    return [name for name in dict.fromkeys(normal) if name]


def tags_judge(names: Iterable[str]) -> None:
    """Refuse what does not fit; the database would cut it off after it was judged. Raises ValidationError."""
    normal = tags_normal(names)
    if len(normal) > TAGS_MAX:
        raise ValidationError({"tag_names": f"Use at most {TAGS_MAX} tags, not {len(normal)}."})
    for name in normal:
        if len(name) > TAG_MAX:
            raise ValidationError(
                {"tag_names": f"Use at most {TAG_MAX} characters for a tag; {name!r} has {len(name)} as it is stored."}
            )


class Tag(Row):
    """A word a user sorts todos by. Users do not see each other's."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="tags", db_index=False)
    name = models.CharField(max_length=TAG_MAX)

    class Meta:
        """The unique index also finds a user's tags."""

        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="tag_once_per_owner"),
            models.CheckConstraint(condition=~models.Q(name=""), name="tag_not_empty"),
        ]

    def __str__(self) -> str:
        """The name."""
        return self.name


class TodoTag(Row):
    """That a todo has a tag."""

    todo = models.ForeignKey("todos.Todo", on_delete=models.CASCADE, related_name="tag_links", db_index=False)
    tag = models.ForeignKey(Tag, on_delete=models.PROTECT, related_name="todo_links", db_index=False)

    class Meta:
        """Found from both sides."""

        indexes = [models.Index(fields=["tag", "todo"], name="todotag_by_tag")]
        constraints = [models.UniqueConstraint(fields=["todo", "tag"], name="todotag_once")]

    def __str__(self) -> str:
        """Both keys."""
        return f"{self.todo_id} {self.tag_id}"


def tags_write(*, todo: models.Model, owner: uuid.UUID, names: list[str]) -> None:
    """Make the links agree with the names, inside the todo's transaction."""
    # sorted: two todos of one owner that bring the same new tags must not lock each other out
    Tag.objects.bulk_create([Tag(owner_id=owner, name=name) for name in sorted(names)], ignore_conflicts=True)
    keys = set(Tag.objects.filter(owner_id=owner, name__in=names).values_list("pk", flat=True))
    links = TodoTag.objects.filter(todo_id=todo.pk)
    links.exclude(tag_id__in=keys).delete()
    TodoTag.objects.bulk_create([TodoTag(todo_id=todo.pk, tag_id=key) for key in keys], ignore_conflicts=True)


def refuse_direct_links(*, action: str, **_signal: object) -> None:
    """`todo.tags.add()` and its kin would go round moderation, version and event."""
    if action.startswith("pre_"):
        raise BulkRefused("TodoTag: set todo.tag_names and save the todo")

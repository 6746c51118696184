"""The one door between todos and moderation."""

from itertools import accumulate

from todo_app.moderation.checks import text_check
from todo_app.todos.models import Recurrence, Todo

TEXTS = ("title", "description", "tag_names")


def check_todo(*, instance: Todo | Recurrence, raw: bool = False, **_signal: object) -> None:
    """Judge a todo's texts before they are written, whoever writes; a recurrence's too. Raises TextRefused.

    Title, description and tags are judged as one text, so that nothing hides in the gaps. `raw` is a fixture.
    """
    if raw or not set(TEXTS) & set(instance.changed_fields):
        return
    text, fields = parts(instance)
    # the owner is the request's user on every path of users; its annotation saves a query
    owner = instance._state.fields_cache.get("owner")  # noqa: SLF001 - reading it otherwise would query
    text_check(
        subject_id=instance.pk,
        text=text,
        fields=fields,
        seen_version=getattr(owner, "words_version", None),
    )


def parts(instance: Todo | Recurrence) -> tuple[str, tuple[tuple[str, int], ...]]:
    """All texts as one, and name and start of each."""
    texts = (instance.title, instance.description, *instance.tag_names)
    starts = accumulate((len(text) + 1 for text in texts[:-1]), initial=0)
    names = ("title", "description", *("tags" for _ in instance.tag_names))
    return "\n".join(texts), tuple(zip(names, starts, strict=True))

"""Todos."""

from django.apps import AppConfig


class TodosConfig(AppConfig):
    """Connects moderation to the table, so that no way of writing goes round it."""

    name = "todo_app.todos"
    label = "todos"

    def ready(self) -> None:
        """Connect the check."""
        from django.db.models.signals import m2m_changed, pre_save  # noqa: PLC0415 - Django wants imports of this kind in ready()

        from todo_app.todos.models import Recurrence, Todo, TodoTag  # noqa: PLC0415 - as above
        from todo_app.todos.models.tag import refuse_direct_links  # noqa: PLC0415 - as above
        from todo_app.todos.moderated import check_todo  # noqa: PLC0415 - as above

        pre_save.connect(check_todo, sender=Todo, dispatch_uid="check-todo")
        pre_save.connect(check_todo, sender=Recurrence, dispatch_uid="check-recurrence")
        m2m_changed.connect(refuse_direct_links, sender=TodoTag, dispatch_uid="refuse-direct-links")

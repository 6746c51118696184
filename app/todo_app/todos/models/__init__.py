"""The tables of todos, one module per entity."""

from todo_app.todos.models.recurrence import Firing, Recurrence, RecurrenceUnusable, RuleNeverOccurs, StartOutOfRange
from todo_app.todos.models.tag import Tag, TodoTag
from todo_app.todos.models.todo import DueNotAhead, Priority, Status, Todo

__all__ = [
    "DueNotAhead",
    "Firing",
    "Priority",
    "Recurrence",
    "RecurrenceUnusable",
    "RuleNeverOccurs",
    "StartOutOfRange",
    "Status",
    "Tag",
    "Todo",
    "TodoTag",
]

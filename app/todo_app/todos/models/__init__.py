"""The tables of todos, one module per entity."""

from todo_app.todos.models.tag import Tag, TodoTag
from todo_app.todos.models.todo import DueNotAhead, Priority, Status, Todo

__all__ = ["DueNotAhead", "Priority", "Status", "Tag", "Todo", "TodoTag"]

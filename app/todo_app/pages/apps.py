"""Server-rendered pages."""

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """No tables."""

    name = "todo_app.pages"
    label = "pages"

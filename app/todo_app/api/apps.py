"""The HTTP API."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """No tables."""

    name = "todo_app.api"
    label = "api"

    def ready(self) -> None:
        """Tell the OpenAPI generator about our authentication."""
        from todo_app.api import openapi  # noqa: F401, PLC0415 - registers itself by being imported

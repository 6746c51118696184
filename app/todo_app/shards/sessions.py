"""Sessions stay on the directory: they are read before anybody knows whose they are."""

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from todo_app.common.shards import on_directory


class SessionStore(DatabaseStore):
    """Django's, on the directory whatever the request has switched to."""

    def load(self) -> dict[str, Any]:
        """See the base class."""
        with on_directory():
            return super().load()

    def exists(self, session_key: str) -> bool:
        """See the base class."""
        with on_directory():
            return super().exists(session_key)

    def save(self, must_create: bool = False) -> None:
        """See the base class."""
        with on_directory():
            super().save(must_create)

    def delete(self, session_key: str | None = None) -> None:
        """See the base class."""
        with on_directory():
            super().delete(session_key)

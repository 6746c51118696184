"""Django's door to our users: sessions and every third-party sign-in form."""

from typing import Any

from django.contrib.auth.backends import ModelBackend

from todo_app.accounts.access import admit
from todo_app.accounts.models import User
from todo_app.accounts.selectors import user_by_key


class AccountBackend(ModelBackend):
    """Refuses banned users at sign-in (is_active) and on each request of a session (admit)."""

    def get_user(self, user_id: Any) -> User | None:  # noqa: ANN401 - Django's signature
        """The user of a session with the request's annotations. Raises AccountBanned."""
        user = user_by_key(key=user_id)
        return admit(user) if user else None

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:  # noqa: ANN401 - Django's signature
        """Those that were read with the user of a session; of any other user Django asks for them."""
        if not isinstance(user_obj, User) or user_obj.own_permissions is None or obj or user_obj.is_superuser:
            return super().get_all_permissions(user_obj, obj)
        return {*user_obj.own_permissions, *(user_obj.group_permissions or ())} if user_obj.is_active else set()

"""A client with a session; tests/pages/test_pages.py proves the form itself."""

from django.test import Client

from todo_app.accounts.models import User


def signed_in(user: User) -> Client:
    """Signed in without the form."""
    client = Client()
    client.force_login(user, backend="todo_app.accounts.backends.AccountBackend")
    return client

"""A busy database is 503 on pages and in admin, as in the API."""

import pytest
from django.db import OperationalError

from tests.pages.signed_in import signed_in
from todo_app.accounts.admin import UserAdmin
from todo_app.accounts.models import User

pytestmark = pytest.mark.integration


def test_admin_tells_to_come_again(admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def deadlock(*_args: object, **_options: object) -> None:
        raise OperationalError("deadlock detected")

    client = signed_in(admin)
    client.raise_request_exception = False
    monkeypatch.setattr(UserAdmin, "get_object", deadlock)
    response = client.get(f"/admin/accounts/user/{admin.pk}/change/")

    assert (response.status_code, response.headers["Retry-After"]) == (503, "2")

"""An address with a NUL is refused everywhere."""

import pytest

from tests.conftest import api
from tests.pages.signed_in import signed_in
from todo_app.accounts.models import User

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("path", ["/admin/todos/todo/?status__exact=%00", "/?q=%00", "/admin/todos/todo/%00/change/"])
def test_pages_and_admin(admin: User, path: str) -> None:
    assert signed_in(admin).get(path).status_code == 400


def test_the_api_says_it_as_a_problem(user: User) -> None:
    response = api(user).get("/api/v1/todos?tag=%00")

    assert (response.status_code, response.json()["type"]) == (400, "bad-request")

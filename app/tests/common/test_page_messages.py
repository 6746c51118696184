"""Messages are for pages."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from todo_app.common.page_messages import PageMessagesMiddleware


@pytest.mark.parametrize(("path", "has"), [("/", True), ("/admin/", True), ("/api/v1/todos", False)])
def test_only_pages_have_a_storage_of_messages(path: str, has: bool) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(str(hasattr(request, "_messages")))

    request = RequestFactory().get(path)
    request.session = {}  # type: ignore[assignment]  # the session's middleware is not here

    response = PageMessagesMiddleware(view)(request)
    assert isinstance(response, HttpResponse)
    assert response.content == str(has).encode()

"""A banned user's session ends on the next request, whatever is asked for."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from todo_app.accounts.access import AccountBanned


class BanMiddleware:
    """Only requests with a session cookie cost anything; tokens are judged by the API's authentication class."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Load the user now, so that a ban is seen before the view runs."""
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            try:
                request.user.is_authenticated  # noqa: B018 - loads the lazy user
            except AccountBanned as banned:
                request.session.flush()
                return render(request, "accounts/banned.html", {"reason": banned.reason, "user": None}, status=403)
        return self.get_response(request)

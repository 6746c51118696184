"""Django's messages, for pages: no answer of the API shows one, so none of its requests makes room for them."""

from django.contrib.messages.middleware import MessageMiddleware
from django.http import HttpRequest


class PageMessagesMiddleware(MessageMiddleware):
    """Leaves the API alone."""

    def process_request(self, request: HttpRequest) -> None:
        """Pages and admin get a storage."""
        if not request.path_info.startswith("/api/"):
            super().process_request(request)

"""Django's CommonMiddleware, which refuses foreign Host headers, but for probes."""

from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.middleware.common import CommonMiddleware

PROBES = frozenset({"/healthz", "/readyz"})


class HostCheckMiddleware(CommonMiddleware):
    """The kubelet asks by the pod's address, which no list of host names can know."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        """Refuse foreign hosts; leave probes alone."""
        return None if request.path_info in PROBES else super().process_request(request)

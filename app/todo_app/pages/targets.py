"""Where a form leads back to."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

NEXT_MAX = 2000  # characters


def inside(target: str, *, otherwise: str) -> str:
    """The target when it is a path of this site."""
    plain = target.isprintable() and "\\" not in target and len(target) <= NEXT_MAX
    path = target.startswith("/") and not target.startswith("//")
    return target if plain and path and url_has_allowed_host_and_scheme(target, allowed_hosts=None) else otherwise


def back(request: HttpRequest, *, otherwise: str) -> str:
    """The page that sent the form, as it says itself."""
    return inside(request.POST.get("next", ""), otherwise=otherwise)

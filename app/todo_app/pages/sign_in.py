"""Signing in and out."""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from todo_app.accounts.access import AccountBanned
from todo_app.accounts.client_address import client_address
from todo_app.accounts.device import device_of, device_remember
from todo_app.accounts.services import CredentialsWrong, credentials_check
from todo_app.accounts.throttle import SignInThrottled, ThrottleUnavailable
from todo_app.pages.targets import back

BACKEND = "todo_app.accounts.backends.AccountBackend"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The form, and what is wrong with what was sent."""
    if request.method != "POST":
        return render(request, "pages/sign_in.html", _form(next=request.GET.get("next", "")))
    username, password = request.POST.get("username", "")[:150], request.POST.get("password", "")[:200]
    if not username or not password or "\x00" in username:
        return _again(request, "Enter your name and your password.", 422)
    return _judged(request, username, password)


def _judged(request: HttpRequest, username: str, password: str) -> HttpResponse:
    try:
        user = credentials_check(
            username=username,
            password=password,
            address=client_address(request.META, trusted=settings.TRUSTED_PROXIES),
            device=device_of(request.COOKIES, account=username),
        )
    except CredentialsWrong:
        return _again(request, "Wrong name or password.", 401)
    except AccountBanned as banned:
        return render(request, "accounts/banned.html", {"reason": banned.reason}, status=403)
    except SignInThrottled as throttled:
        return _again(request, f"Too many attempts from here. Try again in {throttled.retry_after} seconds.", 429)
    except ThrottleUnavailable:
        return _again(request, "Sign-in is not possible right now. Try again in a moment.", 503)
    login(request, user, backend=BACKEND)
    response = HttpResponseRedirect(back(request, otherwise=reverse("pages:todos")))
    device_remember(response, account=username)
    return response


@require_safe
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """/admin has no door of its own: it would go round the throttle."""
    query = urlencode({"next": request.GET.get("next", "/admin/")})
    return redirect(f"{reverse('pages:sign-in')}?{query}")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session on the server."""
    logout(request)
    return redirect("pages:sign-in")


def _again(request: HttpRequest, message: str, status: int) -> HttpResponse:
    given = {"username": request.POST.get("username", ""), "next": request.POST.get("next", "")}
    return render(request, "pages/sign_in.html", _form(message=message, **given), status=status)


def _form(**context: str) -> dict[str, str]:
    return {"provider": settings.OIDC_SIGN_IN, **context}

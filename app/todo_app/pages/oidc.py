"""Signing in at an identity provider: leaving for it, and coming back."""

from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from todo_app.accounts.access import AccountBanned, TokenInvalid
from todo_app.accounts.client_address import client_address
from todo_app.accounts.issuer import IssuerRefused, IssuerUnavailable
from todo_app.accounts.sign_in_flow import LIFETIME, Flow, FlowInvalid, flow_finish
from todo_app.accounts.throttle import SignInThrottled, ThrottleUnavailable
from todo_app.pages.sign_in import BACKEND
from todo_app.pages.targets import inside

COOKIE, PATH = "sign_in_flow", "/oidc/"
AWAY = "Sign-in is not possible right now. Try again in a moment."


@never_cache
@require_safe
def leave(request: HttpRequest) -> HttpResponse:
    """To the provider. Nothing is decided here, so a link may lead here: the flow's cookie binds it to this browser."""
    _is_on()
    flow = Flow.new(target=inside(request.GET.get("next", ""), otherwise=reverse("pages:todos")))
    try:
        response = HttpResponseRedirect(flow.address(redirect=_redirect()))
    except IssuerUnavailable:
        return _again(request, AWAY, 503)
    response.set_cookie(
        COOKIE,
        flow.keep(),
        max_age=LIFETIME,
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",  # it must come along when the provider sends the browser back
    )
    return response


@never_cache
@require_safe
def come_back(request: HttpRequest) -> HttpResponse:
    """From the provider: a session, or why there is none. The flow ends either way."""
    _is_on()
    response = _judged(request)
    response.delete_cookie(COOKIE, path=PATH, samesite="Lax")
    return response


def _judged(request: HttpRequest) -> HttpResponse:
    try:
        flow = Flow.kept(request.COOKIES.get(COOKIE, ""))
        user = flow_finish(
            flow=flow,
            given=request.GET.dict(),
            redirect=_redirect(),
            address=client_address(request.META, trusted=settings.TRUSTED_PROXIES),
            now=timezone.now(),
        )
    except FlowInvalid:
        return _again(request, "This sign-in has expired or was begun elsewhere. Try again.", 400)
    except (IssuerRefused, TokenInvalid):
        return _again(request, f"{settings.OIDC_SIGN_IN} did not confirm who you are. Try again.", 401)
    except AccountBanned as banned:
        return render(request, "accounts/banned.html", {"reason": banned.reason}, status=403)
    except SignInThrottled as throttled:
        return _again(request, f"Too many attempts from here. Try again in {throttled.retry_after} seconds.", 429)
    except (IssuerUnavailable, ThrottleUnavailable):
        return _again(request, AWAY, 503)
    login(request, user, backend=BACKEND)
    return HttpResponseRedirect(inside(flow.target, otherwise=reverse("pages:todos")))


def _is_on() -> None:
    if not settings.OIDC_SIGN_IN:
        raise Http404


def _redirect() -> str:
    """As the provider has it registered: never from the request's own Host."""
    return f"{settings.PUBLIC_URL}{reverse('pages:oidc-callback')}"


def _again(request: HttpRequest, message: str, status: int) -> HttpResponse:
    context = {"message": message, "provider": settings.OIDC_SIGN_IN}
    return render(request, "pages/sign_in.html", context, status=status)

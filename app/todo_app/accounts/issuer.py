"""Talking to the identity provider: bounded, without redirects, with its certificate's authority as we were told."""

import base64
import http.client
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.conf import settings

TIMEOUT = 3.0  # seconds of one call
ANSWER_MAX = 256 * 1024  # bytes
DOCUMENT_LIVES = 600.0  # seconds


class IssuerUnavailable(Exception):
    """The provider does not answer, so its tokens cannot be had or judged."""


class IssuerRefused(Exception):
    """The provider answered, and said no."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any) -> None:  # noqa: ANN401 - urllib's signature
        """Answers come from the configured place only."""


def reachable(url: str) -> bool:
    """Whether it is at a place that the settings name: the issuer's, or that of its keys. Text is compared, not parts:
    those who take an address apart do not agree on where its host ends."""
    known = [urlsplit(each) for each in (settings.OIDC_ISSUER, settings.OIDC_JWKS_URL) if each]
    return url.startswith(tuple(f"{place.scheme}://{place.netloc}/" for place in known))


def asked(request: str | urllib.request.Request) -> dict[str, Any]:
    """The JSON object at an address: all that this service asks outside. Raises OSError, ValueError, TypeError."""
    if not reachable(request if isinstance(request, str) else request.full_url):
        raise ValueError("the address is of nobody the settings name")
    # the file may have been renewed since the last call, and calls are few
    context = ssl.create_default_context(cafile=settings.OIDC_AUTHORITY_FILE or None)
    opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            body = answer.read(ANSWER_MAX + 1)
    except http.client.HTTPException as error:
        raise OSError(f"no exchange by HTTP: {type(error).__name__}") from error
    if len(body) > ANSWER_MAX:
        raise ValueError("the answer is too long")
    document = orjson.loads(body)
    if not isinstance(document, dict):
        raise TypeError("the answer is no JSON object")
    return document


class Discovery:
    """The provider's description of itself, kept for DOCUMENT_LIVES."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._document: dict[str, Any] = {}
        self._fetched = float("-inf")
        self._lock = threading.Lock()

    def address(self, name: str) -> str:
        """One of its addresses, of the provider's own scheme. Raises OSError, ValueError, KeyError, TypeError."""
        with self._lock:
            if time.monotonic() - self._fetched >= DOCUMENT_LIVES:
                document = asked(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
                if document["issuer"] != self._issuer:
                    raise ValueError("the discovery document is of another issuer")
                self._document, self._fetched = document, time.monotonic()
        url = self._document[name]
        if not isinstance(url, str) or urlsplit(url).scheme != urlsplit(self._issuer).scheme:
            raise ValueError(f"{name} of the discovery document is no address of ours to call")
        return url


@cache
def _discovery(issuer: str) -> Discovery:
    return Discovery(issuer)


def discovery() -> Discovery:
    """The one of the configured issuer, shared by the threads of a process."""
    return _discovery(settings.OIDC_ISSUER)


def token_exchanged(*, code: str, verifier: str, redirect: str) -> str:
    """The ID token for a code (RFC 6749 §4.1.3, RFC 7636). Raises IssuerUnavailable, IssuerRefused."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier}
    try:
        request = urllib.request.Request(  # noqa: S310 - https, or loopback, by the settings' rule
            discovery().address("token_endpoint"), data=urllib.parse.urlencode(form).encode(), method="POST"
        )
        request.add_header("Authorization", _basic(client_id(), settings.SECRETS.read("oidc-client-secret")))
        request.add_header("Accept", "application/json")
        token = asked(request)["id_token"]
    except urllib.error.HTTPError as error:
        with error:
            if 400 <= error.code < 500:
                raise IssuerRefused from None
        raise IssuerUnavailable from None
    except (OSError, ValueError, KeyError, TypeError):
        raise IssuerUnavailable from None
    if not isinstance(token, str):
        raise IssuerUnavailable
    return token


def client_id() -> str:
    """What this service is to the provider. Raises SecretMissing."""
    text: str = settings.SECRETS.read("oidc-client-id")
    return text


def _basic(user: str, password: str) -> str:
    """RFC 6749 §2.3.1: each half is encoded as in a form."""
    pair = f"{urllib.parse.quote_plus(user)}:{urllib.parse.quote_plus(password)}"
    return f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"

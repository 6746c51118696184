"""Bearer tokens. A ban is judged by `accounts.access.admit`, as on every other path."""

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from todo_app.accounts.access import TokenInvalid
from todo_app.accounts.identities import JwtAccess, jwt_user
from todo_app.accounts.models import ApiToken, User
from todo_app.accounts.oidc import is_jwt
from todo_app.accounts.services import token_user

TOKEN_TEXT_MAX = 200  # characters; ours have 47


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer …`; sessions are for pages only, so no request here needs CSRF protection."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken | JwtAccess] | None:
        """The user and the token, ours or a JWT. Raises TokenInvalid, AccountBanned, IssuerUnavailable."""
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not header:
            return None
        scheme, _, text = header.partition(" ")
        if scheme.lower() != "bearer" or not text:
            raise TokenInvalid
        if is_jwt(text):
            return jwt_user(text=text, now=timezone.now())
        if len(text) > TOKEN_TEXT_MAX:
            raise TokenInvalid
        return token_user(text=text, now=timezone.now())

    def authenticate_header(self, request: Request) -> str:
        """Makes a missing token 401 instead of 403."""
        return 'Bearer realm="todo"'

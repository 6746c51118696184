"""auth/*: tokens and the caller."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from todo_app.accounts.client_address import client_address
from todo_app.accounts.selectors import tokens_of
from todo_app.accounts.services import credentials_check, token_create, token_revoke
from todo_app.api.base import Endpoint
from todo_app.api.json import JsonResponse
from todo_app.api.openapi import page_parameters, problems
from todo_app.api.permissions import Anyone, SignedIn
from todo_app.api.schemas.auth import Me, SignIn, TokenIssued, TokenPage
from todo_app.api.schemas.base import PageQuery
from todo_app.common.problems import NOT_FOUND


class AuthTokens(Endpoint):
    """Sign in for a token; list one's own."""

    resource = "tokens"

    def get_permissions(self) -> list[Anyone | SignedIn]:
        """Signing in is public, listing is not."""
        return [Anyone() if self.request.method == "POST" else SignedIn()]

    @extend_schema(
        operation_id="create_token",
        request=SignIn,
        responses={201: TokenIssued, **problems(401, 403, 422, 429, 503)},
        auth=[],
    )
    def post(self, request: Request) -> JsonResponse:
        """Name and password for a bearer token, shown this once."""
        body = self.body(request, SignIn)
        address = client_address(request.META, trusted=settings.TRUSTED_PROXIES)
        user = credentials_check(username=body.username, password=body.password, address=address)
        lifetime = timedelta(seconds=body.expires_in)
        issued = token_create(user=user, name=body.name, scopes=body.scopes, lifetime=lifetime, now=timezone.now())
        row = issued.row
        answer = {"token": issued.text, "id": row.pk, "expires_on": row.expires_on, "scopes": row.scopes}
        return JsonResponse(answer, status=201)

    @extend_schema(
        operation_id="list_tokens",
        parameters=page_parameters(PageQuery),
        responses={200: TokenPage, **problems(401, 422)},
    )
    def get(self, request: Request) -> JsonResponse:
        """The caller's tokens, newest first."""
        return self.page(
            request, tokens_of(user=self.caller(request), now=timezone.now()), self.query(request, PageQuery)
        )


class AuthToken(Endpoint):
    """One of the caller's tokens."""

    resource = "tokens"

    @extend_schema(operation_id="revoke_token", responses={204: None, **problems(401, 404)})
    def delete(self, request: Request, key: uuid.UUID) -> JsonResponse:
        """It is refused from the next request on."""
        if not token_revoke(user=self.caller(request), key=key, now=timezone.now()):
            return NOT_FOUND.response()  # type: ignore[return-value]  # DRF passes any HttpResponse on
        return JsonResponse(status=204)


class AuthMe(Endpoint):
    """The caller."""

    resource = "profile"

    @extend_schema(operation_id="me", responses={200: Me, **problems(401, 403)})
    def get(self, request: Request) -> JsonResponse:
        """Who the token speaks for."""
        user = self.caller(request)
        return JsonResponse(
            {"id": user.pk, "username": user.username, "role": user.role, "violation_count": user.violation_count}
        )

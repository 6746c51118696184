"""users/*: looking at users, banning them."""

import uuid

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from todo_app.accounts.bans import users_ban
from todo_app.accounts.selectors import user_row
from todo_app.api.base import Endpoint
from todo_app.api.idempotency import idempotent
from todo_app.api.json import JsonResponse, OrjsonLargeParser
from todo_app.api.openapi import IDEMPOTENCY_KEY, page_parameters, problems
from todo_app.api.permissions import MayBan
from todo_app.api.schemas.users import BanIn, BanOut, BanQuery, UserOut
from todo_app.common.problems import NOT_FOUND


class UserDetail(Endpoint):
    """One user."""

    resource = "users"
    permission_classes = (MayBan,)

    @extend_schema(operation_id="read_user", responses={200: UserOut, **problems(401, 403, 404)})
    def get(self, request: Request, key: uuid.UUID) -> JsonResponse:
        """With the columns of a ban."""
        row = user_row(key=key)
        if row is None:
            return NOT_FOUND.response()  # type: ignore[return-value]  # DRF passes any HttpResponse on
        return JsonResponse(row)


class UsersBan(Endpoint):
    """Ban, unban, toggle."""

    resource = "users"
    permission_classes = (MayBan,)
    parser_classes = (OrjsonLargeParser,)

    @extend_schema(
        operation_id="ban_users",
        parameters=[IDEMPOTENCY_KEY, *page_parameters(BanQuery)],
        request=BanIn,
        responses={200: BanOut, **problems(400, 401, 403, 409, 413, 422)},
    )
    @idempotent()
    def post(self, request: Request) -> JsonResponse:
        """All or nothing for each user; effective on the user's next request. `download=1` answers as a file."""
        download = self.query(request, BanQuery).download == "1"
        body = self.body(request, BanIn)
        now = timezone.now()
        outcome = users_ban(
            user_ids=body.user_ids, action=body.action, reason=body.reason, actor=self.caller(request), now=now
        )
        name = f"users-{body.action}-{now:%Y%m%dT%H%M%SZ}.json"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'} if download else None
        return JsonResponse(vars(outcome), headers=headers)

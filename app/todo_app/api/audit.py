"""audit/*: who changed whom and what, written by the database itself."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from todo_app.accounts.audit import users_audit
from todo_app.api.base import Endpoint
from todo_app.api.json import JsonResponse
from todo_app.api.openapi import page_parameters, problems
from todo_app.api.permissions import MayBan, MayManageWords
from todo_app.api.schemas.audit import AuditQuery, UserAuditPage, WordAuditPage
from todo_app.common.paging import page_by_number
from todo_app.moderation.audit import words_audit


class AuditUsers(Endpoint):
    """Users' roles and bans."""

    resource = "audit"
    permission_classes = (MayBan,)

    @extend_schema(
        operation_id="audit_users",
        parameters=page_parameters(AuditQuery),
        responses={200: UserAuditPage, **problems(401, 403, 422)},
    )
    def get(self, request: Request) -> JsonResponse:
        """Newest first."""
        query = self.query(request, AuditQuery)
        page = page_by_number(users_audit(user_id=query.object_id), before=query.cursor, limit=query.limit)
        return JsonResponse({"data": page.rows, "next": page.next})


class AuditWords(Endpoint):
    """The list of banned words."""

    resource = "audit"
    permission_classes = (MayManageWords,)

    @extend_schema(
        operation_id="audit_words",
        parameters=page_parameters(AuditQuery),
        responses={200: WordAuditPage, **problems(401, 403, 422)},
    )
    def get(self, request: Request) -> JsonResponse:
        """Newest first."""
        query = self.query(request, AuditQuery)
        page = page_by_number(words_audit(word_id=query.object_id), before=query.cursor, limit=query.limit)
        return JsonResponse({"data": page.rows, "next": page.next})

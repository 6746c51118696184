"""banned-words, violations: for those with the permission."""

import uuid

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from todo_app.api.base import Endpoint, located
from todo_app.api.json import JsonResponse
from todo_app.api.openapi import page_parameters, problems
from todo_app.api.permissions import MayBan, MayManageWords
from todo_app.api.reports import violation_out
from todo_app.api.schemas.base import PageQuery
from todo_app.api.schemas.moderation import ViolationOut, WordIn, WordOut, WordPage
from todo_app.common.problems import NOT_FOUND
from todo_app.moderation import selectors
from todo_app.moderation.models import BannedWord
from todo_app.moderation.services import word_add, word_delete


class BannedWords(Endpoint):
    """The list of banned words."""

    resource = "words"
    permission_classes = (MayManageWords,)

    @extend_schema(
        operation_id="list_banned_words",
        parameters=page_parameters(PageQuery),
        responses={200: WordPage, **problems(401, 403, 422)},
    )
    def get(self, request: Request) -> JsonResponse:
        """Newest first."""
        return self.page(request, selectors.banned_words(), self.query(request, PageQuery))

    @extend_schema(
        operation_id="add_banned_word", request=WordIn, responses={201: WordOut, **problems(401, 403, 409, 422)}
    )
    def post(self, request: Request) -> JsonResponse:
        """Every process judges by it from its next request on."""
        body = self.body(request, WordIn)
        by = self.caller(request)
        row = word_add(word=body.word, severity=body.severity, kind=body.kind, by=by, now=timezone.now())
        columns = ("id", "word", "kind", "severity", "created_on")
        data = {name: getattr(row, name) for name in columns}
        return JsonResponse(data, status=201, headers=located(request, row.pk))


class BannedWordDetail(Endpoint):
    """One word."""

    resource = "words"
    permission_classes = (MayManageWords,)

    @extend_schema(operation_id="delete_banned_word", responses={204: None, **problems(401, 403, 404)})
    def delete(self, request: Request, key: uuid.UUID) -> JsonResponse:
        """Texts with it are accepted again."""
        row = BannedWord.objects.filter(pk=key).first()
        if row is None:
            return NOT_FOUND.response()  # type: ignore[return-value]  # DRF passes any HttpResponse on
        word_delete(word=row)
        return JsonResponse(status=204)


class ViolationDetail(Endpoint):
    """One refused write."""

    resource = "violations"
    permission_classes = (MayBan,)

    @extend_schema(operation_id="read_violation", responses={200: ViolationOut, **problems(401, 403, 404)})
    def get(self, request: Request, key: uuid.UUID) -> JsonResponse:
        """With the text and where the words stood."""
        row = selectors.violations().filter(pk=key).first()
        if row is None:
            return NOT_FOUND.response()  # type: ignore[return-value]  # DRF passes any HttpResponse on
        return JsonResponse(violation_out(row))

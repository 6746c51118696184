"""banned-words as a CSV file: out, and in, of which every line or none is taken."""

from collections.abc import Mapping
from typing import IO, Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from todo_app.api.base import Endpoint
from todo_app.api.csv_export import MEDIA_TYPE, CsvRenderer
from todo_app.api.json import BodyTooLarge, JsonResponse
from todo_app.api.openapi import problems
from todo_app.api.permissions import MayManageWords
from todo_app.api.schemas.words_csv import CsvProblem, WordsImported
from todo_app.common.problems import MEDIA_TYPE as PROBLEM
from todo_app.moderation.words_csv import BYTES_MAX, words_export, words_import


class CsvParser(BaseParser):
    """The body as text; its lines are judged by the import."""

    media_type = MEDIA_TYPE

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:  # noqa: ANN401 - text, where the stubs expect members
        """Raises ParseError, BodyTooLarge."""
        body = stream.read(BYTES_MAX + 1)
        if len(body) > BYTES_MAX:
            raise BodyTooLarge(limit=BYTES_MAX)
        try:
            return body.decode()
        except UnicodeDecodeError as error:
            raise ParseError(f"The body is not UTF-8; byte {error.start} is wrong.") from None


class WordsExport(Endpoint):
    """The list of banned words as a file."""

    resource = "words"
    permission_classes = (MayManageWords,)
    renderer_classes = (CsvRenderer,)

    @extend_schema(operation_id="export_banned_words", responses={(200, MEDIA_TYPE): str, **problems(401, 403)})
    def get(self, _request: Request) -> HttpResponseBase:
        """By word; what is exported can be imported. Cells that a spreadsheet would run have an apostrophe."""
        headers = {"Content-Disposition": 'attachment; filename="words.csv"', "X-Content-Type-Options": "nosniff"}
        return StreamingHttpResponse(words_export(), content_type=f"{MEDIA_TYPE}; charset=utf-8", headers=headers)


class WordsImport(Endpoint):
    """Many banned words at once."""

    resource = "words"
    permission_classes = (MayManageWords,)
    parser_classes = (CsvParser,)

    @extend_schema(
        operation_id="import_banned_words",
        request={MEDIA_TYPE: str},
        responses={200: WordsImported, **problems(401, 403), (422, PROBLEM): CsvProblem},
    )
    def post(self, request: Request) -> JsonResponse:
        """Lines of word,kind,severity below this header. Missing words are added, severities changed."""
        text = request.data if isinstance(request.data, str) else ""  # no body at all is an empty form to DRF
        outcome = words_import(text=text, by=self.caller(request), now=timezone.now())
        return JsonResponse({"added": outcome.added, "changed": outcome.changed, "unchanged": outcome.unchanged})

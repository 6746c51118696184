"""What the generator cannot see by itself: authentication, problems, query parameters."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from pydantic import BaseModel

from todo_app.api.schemas.base import ProblemOut
from todo_app.common.problems import MEDIA_TYPE

IF_MATCH_MEANS = "The ETag that was read, or several in a list, or `*`. Weak tags match nothing."
IF_MATCH = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, required=True, description=IF_MATCH_MEANS)
IF_MATCH_OPTIONAL = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description=IF_MATCH_MEANS)

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "maxLength": 202},
    OpenApiParameter.HEADER,
    description="Repeats of the request have one effect and one answer for 24 hours.",
)


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # drf-spectacular registers subclasses by an untyped hook
    """Bearer tokens."""

    target_class = "todo_app.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ANN401 - drf-spectacular's signature
        """RFC 6750."""
        return {"type": "http", "scheme": "bearer"}


def problems(*statuses: int) -> dict[Any, OpenApiResponse]:
    """The errors an operation can answer."""
    return {(status, MEDIA_TYPE): OpenApiResponse(ProblemOut) for status in statuses}


def page_parameters(schema: type[BaseModel]) -> list[OpenApiParameter]:
    """Query parameters of a schema, each with the schema pydantic gives it."""
    document = schema.model_json_schema()
    found = []
    for name, details in document["properties"].items():
        choice = next((part for part in details.get("anyOf", [details]) if part.get("type") != "null"), details)
        if reference := choice.get("$ref"):
            choice = document["$defs"][reference.rpartition("/")[2]]
        shape = {key: value for key, value in choice.items() if key not in {"title", "description", "default"}}
        needed = name in document.get("required", [])
        found.append(
            OpenApiParameter(
                name, shape or OpenApiTypes.STR, OpenApiParameter.QUERY, default=details.get("default"), required=needed
            )
        )
    return found


def add_common_problems(result: dict[str, Any], **_generator: object) -> dict[str, Any]:
    """What any operation of a kind can answer, so that no view has to remember it; found by fuzzing (R21)."""
    problem = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemOut"}}}, "description": ""}
    for path, item in result["paths"].items():
        for operation in item.values():
            statuses = {"400", "406", "503"}
            statuses |= {"401", "403"} if operation.get("security") else set()
            statuses |= {"413", "415"} if "requestBody" in operation else set()
            statuses |= {"404"} if "{" in path else set()
            for status in sorted(statuses):
                operation["responses"].setdefault(status, problem)
    return result

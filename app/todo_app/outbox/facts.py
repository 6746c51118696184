"""The types of events: three for each entity by itself, and facts that apps declare in their `events.py`."""

from typing import Any, Literal
from uuid import UUID

from django.apps import apps
from pydantic import BaseModel as Shape
from pydantic import ConfigDict, create_model

from todo_app.common.models import BaseModel
from todo_app.outbox.envelope import schema_name

_FACTS: dict[str, type["Fact"]] = {}


class Fact(Shape):
    """The data of an event that is no change of a row. Its docstring says what happened."""

    model_config = ConfigDict(extra="forbid")


def fact_register(*, type: str, data: type[Fact]) -> None:  # noqa: A002 - CloudEvents calls it type
    """Declare a type; called when an app's `events.py` is imported."""
    _FACTS[type] = data


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of the data of each type the app can append, by type."""
    shapes: dict[str, type[Shape]] = dict(_FACTS)
    for model in apps.get_models():
        if issubclass(model, BaseModel):
            shapes |= _of_entity(model)
    return {name: _schema(name, shapes[name]) for name in sorted(shapes)}


def _of_entity(model: type[BaseModel]) -> dict[str, type[Shape]]:
    entity = model.__name__.lower()
    columns = sorted(field.attname for field in model._meta.concrete_fields)  # noqa: SLF001 - _meta is Django's documented API
    found: dict[str, type[Shape]] = {}
    for action in ("created", "updated", "deleted"):
        found[f"{entity}.{action}"] = create_model(
            f"{model.__name__}{action.capitalize()}",
            __base__=Fact,
            __doc__=f"A row of {entity} was {action}; `changed` names the columns that differ from before.",
            id=UUID,
            changed=list[Literal[*columns]],  # type: ignore[valid-type]  # the columns are known when this runs
        )
    return found


def _schema(name: str, shape: type[Shape]) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": schema_name(name),
        **shape.model_json_schema(),
        "title": name,
    }

"""A model field for recurrence rules."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from todo_app.todos.rrule import TEXT_MAX, Rule, RuleInvalid


class RRuleField(models.Field):  # type: ignore[type-arg]  # Rule in, Rule out; the stubs' own fields declare it by a private generic
    """Holds a `Rule`; stored as its text. What is no rule never gets in."""

    description = "RFC 5545 recurrence rule"

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        options.setdefault("max_length", TEXT_MAX)
        super().__init__(*args, **options)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """Without what is the default."""
        name, path, arguments, options = super().deconstruct()
        if options.get("max_length") == TEXT_MAX:
            del options["max_length"]
        return name, path, list(arguments), dict(options)

    def get_internal_type(self) -> str:
        """A column of characters."""
        return "CharField"

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        """As long as a rule can be."""
        return {"type": f"varchar({self.max_length})", "check": None}

    def to_python(self, value: Any) -> Rule | None:  # noqa: ANN401 - Django's signature
        """From a form, a fixture or code. Raises ValidationError."""
        if value is None or isinstance(value, Rule):
            return value
        try:
            return Rule.parse(str(value))
        except RuleInvalid as error:
            raise ValidationError(str(error), code="invalid") from None

    def from_db_value(self, value: str | None, _expression: object, _connection: object) -> Rule | None:
        """What is stored was judged when it was written."""
        return None if value is None else Rule(value)

    def get_prep_value(self, value: Any) -> str | None:  # noqa: ANN401 - Django's signature
        """The text, judged: raises ValidationError."""
        rule = self.to_python(super().get_prep_value(value))
        return None if rule is None else rule.text

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> str | None:  # noqa: ANN401 - Django's signature
        """The text, which is the same for every database."""
        text: str | None = value if prepared else self.get_prep_value(value)
        return text

    def value_to_string(self, obj: models.Model) -> str:
        """For fixtures."""
        return self.get_prep_value(self.value_from_object(obj)) or ""

    def formfield(self, **options: Any) -> forms.Field | None:  # noqa: ANN401 - Django's signature
        """A line of text; `to_python` judges it when the model is cleaned."""
        field: forms.Field | None = super().formfield(
            **{"form_class": forms.CharField, "max_length": TEXT_MAX, **options}
        )
        return field

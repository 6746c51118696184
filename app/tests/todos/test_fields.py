"""RRuleField in and out."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from todo_app.todos.fields import RRuleField
from todo_app.todos.rrule import TEXT_MAX, Rule


def test_values_become_rules_and_rules_text() -> None:
    field = RRuleField()

    assert field.to_python("rrule:freq=daily") == Rule("FREQ=DAILY")
    assert field.to_python(Rule("FREQ=DAILY")) == Rule("FREQ=DAILY")
    assert field.to_python(None) is None
    assert field.get_prep_value("freq=daily") == "FREQ=DAILY"
    assert field.get_db_prep_value(Rule("FREQ=DAILY"), connection) == "FREQ=DAILY"
    assert field.get_db_prep_value("as it is", connection, prepared=True) == "as it is"
    assert field.from_db_value("FREQ=DAILY", None, connection) == Rule("FREQ=DAILY")
    assert (field.from_db_value(None, None, connection), field.get_prep_value(None)) == (None, None)


def test_what_is_no_rule_is_refused_on_every_way_in() -> None:
    field = RRuleField()
    for way in (field.to_python, field.get_prep_value, lambda value: field.clean(value, None)):
        with pytest.raises(ValidationError, match="FREQ must be one of"):
            way("FREQ=SOMETIMES")


def test_a_migration_names_the_field_without_its_defaults() -> None:
    _, path, arguments, options = RRuleField(help_text="x").deconstruct()

    assert (path, arguments, options) == ("todo_app.todos.fields.RRuleField", [], {"help_text": "x"})
    assert RRuleField(max_length=50).deconstruct()[3] == {"max_length": 50}
    assert RRuleField().get_internal_type() == "CharField"
    assert RRuleField().db_type(connection) == f"varchar({TEXT_MAX})"


def test_a_form_asks_for_a_line_of_text() -> None:
    form_field = RRuleField().formfield()

    assert form_field is not None
    assert form_field.clean("FREQ=DAILY") == "FREQ=DAILY"
    with pytest.raises(ValidationError):
        form_field.clean("x" * (TEXT_MAX + 1))

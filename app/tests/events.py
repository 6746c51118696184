"""Every event that the tests append is judged by its schema when the session ends."""

from jsonschema import Draft202012Validator

from todo_app.outbox.envelope import envelope
from todo_app.outbox.facts import schemas
from todo_app.outbox.models import Event


def faults(events: list[Event]) -> list[str]:
    """What is wrong with each event."""
    judges = {name: Draft202012Validator(schema) for name, schema in schemas().items()}
    found = []
    for event in events:
        told = envelope(event)
        if event.type not in judges:
            found.append(f"{event.type} has no schema: declare it in the app's events.py, then manage.py events")
        else:
            found += [f"{event.type}: {error.message}" for error in judges[event.type].iter_errors(told["data"])]
    return sorted(set(found))

"""Signals that let a lower layer hear of an upper one without importing it."""

from django.dispatch import Signal

# sent by BaseModel inside the writing transaction; arguments: instance, action, changed (names of
# columns), previous (their values in the database until now; empty for a new row), now
entity_changed = Signal()

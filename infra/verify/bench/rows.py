"""From values to the rows of docs/performance/bench.json, and from those to tables."""

from collections.abc import Mapping, Sequence

from infra.verify.bench.figure import Figure, Goal, Value
from infra.verify.provenance import Provenance
from infra.verify.results import Row

HEADER = ("figure", "value", "goal", "met", "commit", "date")


def rows(figure: Figure, values: Mapping[str, Value], provenance: Provenance) -> list[Row]:
    """One row a goal. A goal without a value is a mistake in the measurement, so it raises ValueError."""
    if missing := [goal.id for goal in figure.goals if goal.id not in values]:
        raise ValueError(f"{figure.id} measured nothing for {', '.join(missing)}")
    return [
        {
            "id": goal.id,
            "value": (value := values[goal.id]).value,
            "unit": goal.unit,
            "peer": goal.peer,
            "limit": goal.limit,
            "goal": goal.text,
            "met": None if value.value is None else goal.met(value.value),
            "note": _note(goal, value, provenance),
            **provenance.fields(),
        }
        for goal in figure.goals
    ]


def _note(goal: Goal, value: Value, provenance: Provenance) -> str:
    """Of a missed goal also what bounds it, others' use of the machine included."""
    if value.value is None or goal.met(value.value):
        return value.note
    busy = f"the machine was busy: load {provenance.load:g} before" if provenance.busy else ""
    return "; ".join(part for part in (value.note, goal.bound, busy) if part)


def shown(row: Row) -> str:
    """The value with its unit, or why there is none."""
    if row["value"] is None:
        return f"not run: {row['note']}"
    return f"{row['value']:g} {row['unit']}".strip()


def verdict(row: Row) -> str:
    """`yes`, `no` or a dash for what was not run."""
    return "-" if row["met"] is None else "yes" if row["met"] else "no"


def cells(row: Row) -> tuple[str, ...]:
    """One table row in the order of HEADER."""
    commit = f"{row['commit']}{'+' if row['dirty'] else ''}"
    return (row["id"], shown(row), f"{row['goal']} {row['unit']}".strip(), verdict(row), commit, row["date"][:10])


def plain(measured: Sequence[Row]) -> str:
    """A table for the terminal; notes below it."""
    lines = [HEADER, *(cells(row) for row in measured)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    body = ["  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    notes = [f"{row['id']}: {row['note']}" for row in measured if row["note"] and row["value"] is not None]
    return "\n".join([*body, *notes])


def markdown(measured: Sequence[Row]) -> str:
    """The block of README: a table, what bounds each miss, and the machine."""
    if not measured:
        return "Nothing has been measured yet: `make bench`."
    lines = [f"| {' | '.join(HEADER)} |", "|---" * len(HEADER) + "|"]
    lines += [
        f"| {' | '.join(f'`{cell}`' if not i else cell for i, cell in enumerate(cells(row)))} |" for row in measured
    ]
    misses = [
        f"- `{row['id']}` misses its goal: {row['note'] or 'not explained'}" for row in measured if row["met"] is False
    ]
    machines = sorted({_machine(row) for row in measured})
    return "\n".join(
        [
            *lines,
            "",
            *misses,
            *([""] if misses else []),
            f"Measured on {'; '.join(machines)}. `+`: with changes not yet committed.",
        ]
    )


def _machine(row: Row) -> str:
    machine = row["machine"]
    return f"{machine['cores']} cores, {machine['memory_gib']} GiB, Linux {machine['kernel']}"

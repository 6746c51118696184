"""Fault results as tables."""

from collections.abc import Sequence

from infra.verify.results import Row

HEADER = ("fault", "n", "failures", "bound", "teeth", "seconds", "seed")


def cells(row: Row) -> tuple[str, ...]:
    """One line in the order of HEADER."""
    bound = "-" if row["bound"] is None else f"{row['bound']:g}"
    return (
        row["id"],
        str(row["n"]),
        str(row["failures"]),
        bound,
        row["teeth"],
        f"{row['seconds']:g}",
        str(row["seed"]),
    )


def plain(rows: Sequence[Row]) -> str:
    """For the terminal, with the first failure of each."""
    lines = [HEADER, *(cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    body = ["  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([*body, *(f"{row['id']}: {row['note']}" for row in rows if row["note"])])


def markdown(rows: Sequence[Row]) -> str:
    """For docs/reliability: what is promised, and how often that was tried."""
    if not rows:
        return "Nothing has been run yet: `make faults`."
    head = ("fault", "promise", "n", "failures", "failure rate below (95 %)", "teeth", "commit", "date")
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for row in rows:
        identity, count, failures, bound, teeth, _, _ = cells(row)
        commit = f"{row['commit']}{'+' if row['dirty'] else ''}"
        values = (
            f"`{identity}`: {row['title']}",
            row["promise"],
            count,
            failures,
            bound,
            teeth,
            commit,
            row["date"][:10],
        )
        lines.append(f"| {' | '.join(values)} |")
    return "\n".join(lines)

"""A result file: JSON rows, one an id; a partial run replaces its own rows and keeps the others."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.lib.errors import Exit, SlipwayError

Row = Mapping[str, Any]


def read(file: Path) -> list[Row]:
    """The rows of a result file, none where there is no file."""
    if not file.exists():
        return []
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))["rows"]
        if all(isinstance(row["id"], str) for row in rows):
            return list(rows)
    except (ValueError, KeyError, TypeError) as error:
        raise SlipwayError(
            f"{file} is no result file: {error}", hint=f"git checkout {file}", code=Exit.BAD_INPUT
        ) from error
    raise SlipwayError(f"{file} is no result file: a row's id is no text", code=Exit.BAD_INPUT)


def merge(file: Path, rows: Sequence[Row], *, order: Sequence[str]) -> list[Row]:
    """Write the file with `rows` in place of those with the same ids; ids not in `order` are dropped."""
    by_id = {row["id"]: row for row in [*read(file), *rows]}
    kept = [by_id[name] for name in order if name in by_id]
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(".json.new")
    beside.write_text(json.dumps({"rows": kept}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    beside.replace(file)
    return kept


def between(text: str, block: str, *, name: str) -> str:
    """`text` with what stands between the markers of `name` replaced by `block`; raise when they are missing."""
    begin, end = markers(name)
    head, found, rest = text.partition(begin)
    _, closed, tail = rest.partition(end)
    if not (found and closed):
        raise SlipwayError(f"the markers {begin} and {end} are missing", code=Exit.BAD_INPUT)
    return f"{head}{begin}\n{block.strip()}\n{end}{tail}"


def markers(name: str) -> tuple[str, str]:
    """The lines around a generated block."""
    return f"<!-- {name}:begin, generated -->", f"<!-- {name}:end -->"


def choose(known: Sequence[str], wanted: Iterable[str], *, groups: Mapping[str, Sequence[str]], name: str) -> list[str]:
    """Ids in their own order for ids or group names; an unknown one is refused with the list of all."""
    words = [word for word in wanted if word]
    if unknown := [word for word in words if word not in known and word not in groups]:
        raise SlipwayError(
            f"{name}={','.join(unknown)}: unknown",
            details=(f"groups: {', '.join(groups)}", f"ids: {', '.join(known)}"),
            code=Exit.BAD_INPUT,
        )
    chosen = {one for word in words for one in groups.get(word, [word])}
    return [one for one in known if one in chosen]

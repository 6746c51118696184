"""Read the service graph."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from infra.graph.model import Graph
from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import REPOSITORY

FILE = REPOSITORY / "contracts" / "service-graph.yaml"


@cache
def service_graph() -> Graph:
    """The graph of this repository."""
    return read(FILE)


def read(file: Path) -> Graph:
    """Raises SlipwayError with every problem of the file."""
    try:
        content: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
        return Graph.model_validate(content)
    except yaml.YAMLError as error:
        raise SlipwayError(f"{file.name} is no YAML: {error}", code=Exit.BAD_INPUT) from None
    except ValidationError as error:
        problems = tuple(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise SlipwayError(f"{file.name} is no service graph", details=problems, code=Exit.BAD_INPUT) from None

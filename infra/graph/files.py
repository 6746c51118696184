"""Every file that is generated from the graph, with the content it should have."""

import json
from pathlib import Path

from infra.graph import chart, picture
from infra.graph.load import FILE
from infra.graph.model import Graph

SCHEMA = FILE.with_name("service-graph.schema.json")


def generated(graph: Graph) -> dict[Path, str]:
    """File → content."""
    return {
        SCHEMA: schema(),
        chart.FILE: chart.text(graph),
        picture.FILE: picture.page(graph),
        picture.README: picture.readme(picture.README.read_text(encoding="utf-8"), graph),
    }


def schema() -> str:
    """The JSON schema of the graph's file."""
    content = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Graph.model_json_schema()}
    return json.dumps(content, indent=2) + "\n"

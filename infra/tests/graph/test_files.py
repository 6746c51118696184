"""What is generated from the graph is as the graph says, and a graph that is wrong is refused."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from infra.graph.files import SCHEMA, generated
from infra.graph.load import FILE, read, service_graph
from infra.graph.model import Graph
from infra.graph.picture import LEFT_OUT, page
from infra.lib.errors import SlipwayError

Content = dict[str, Any]


def content() -> Content:
    found: Content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return found


def stale(graph: Graph) -> list[str]:
    """Generated files that are not as this graph wants them."""
    return [path.name for path, text in generated(graph).items() if path.read_text(encoding="utf-8") != text]


def test_generated_files_are_up_to_date() -> None:
    assert stale(service_graph()) == [], "run: make graph"


def test_another_call_makes_chart_and_pictures_stale() -> None:
    changed = content()
    changed["calls"].append({"from": ["relay"], "to": "redis", "port": "service"})

    assert stale(Graph.model_validate(changed)) == ["service-graph.yaml", "service-graph.md", "README.md"]


def test_the_picture_has_a_line_for_each_pair_and_no_second_one() -> None:
    graph = service_graph()
    picture = page(graph).split("```")[1]
    lines = re.findall(r"^    ([a-z-]+) (-->|-\.->) ([a-z-]+)$", picture, re.MULTILINE)
    first = {(caller, call.to) for caller, call in graph.edges("mini")}
    pairs = {(caller, call.to) for caller, call in graph.edges() if not {caller, call.to} & LEFT_OUT}

    assert sorted((caller, target) for caller, _, target in lines) == sorted(pairs)
    assert {(caller, target) for caller, arrow, target in lines if arrow == "-->"} == pairs & first


def test_the_file_fits_its_schema() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))

    jsonschema.validate(content(), schema)
    with pytest.raises(jsonschema.ValidationError, match="Additional properties"):
        jsonschema.validate({**content(), "edges": []}, schema)


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        ({"from": ["nobody"], "to": "redis", "port": "service"}, "there is no nobody"),
        ({"from": ["relay"], "to": "nothing", "port": "service"}, "there is no nothing"),
        ({"from": ["relay"], "to": "redis", "port": "http"}, "it has no port http"),
        ({"from": ["web"], "to": "redis", "port": "service"}, "declared twice"),
        (
            {"from": ["relay"], "to": "redis", "port": "service", "http": [{"methods": ["GET"], "paths": ["/"]}]},
            "does not speak http",
        ),
        ({"from": [], "to": "redis", "port": "service"}, "calls.0.from|at least 1 item"),
        ({"from": ["relay"], "to": "redis", "port": "service", "why": "x"}, "Extra inputs"),
    ],
)
def test_a_call_that_cannot_be_is_refused(call: Content, problem: str, tmp_path: Path) -> None:
    changed = content()
    changed["calls"].insert(0, call)
    file = tmp_path / "service-graph.yaml"
    file.write_text(yaml.safe_dump(changed), encoding="utf-8")

    with pytest.raises(SlipwayError) as refused:
        read(file)
    assert any(part in " ".join(refused.value.details) for part in problem.split("|"))


def test_no_yaml_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "service-graph.yaml"
    file.write_text("calls: [", encoding="utf-8")

    with pytest.raises(SlipwayError, match="no YAML"):
        read(file)

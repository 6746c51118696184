"""What an operator may set of the service is a value of the chart, or has a reason why not."""

import ast

from infra.lib.paths import REPOSITORY
from infra.tests.charts.helm import scenario, scenarios, template
from infra.tests.charts.test_reach import PODS, told

ENVIRONMENT = REPOSITORY / "app" / "config" / "environment.py"
NOT_IN_CHART = {
    "TODO_DATABASE_POOL_MAX": "the default fits the threads; more would only take connections from other pods",
    "TODO_WEB_PORT": "inside a pod nobody else wants the port",
    "TODO_METRICS_PORT": "as TODO_WEB_PORT",
    "TODO_DEV_TOOLS": "the tools are not in the image",
}


def fields() -> set[str]:
    """The variables that the class Environment stands for; read as text, because infra never imports the app."""
    tree = ast.parse(ENVIRONMENT.read_text(encoding="utf-8"))
    body = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Environment").body
    names = [node.target.id for node in body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)]
    return {f"TODO_{name.upper()}" for name in names}


def of_the_chart() -> set[str]:
    """The variables that any scenario of the whole chart sets for any command."""
    found: set[str] = set()
    for name in scenarios():
        if name not in {"no-migrate", "no-relay", "no-cron"}:  # the rest of the chart is in the others
            manifests = template(scenario(name))
            for command in (*PODS, "migrate"):
                found |= {variable for variable in told(manifests, command) if variable.startswith("TODO_")}
    return found


def test_every_setting_is_in_the_chart_or_has_a_reason() -> None:
    assert len(fields()) >= 30
    assert fields() - of_the_chart() == set(NOT_IN_CHART)


def test_the_chart_sets_nothing_that_the_service_does_not_know() -> None:
    assert of_the_chart() - fields() == set()

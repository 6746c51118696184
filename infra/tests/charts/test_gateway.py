"""Behind a gateway: the app's hosts and no other come by it, nobody comes past it, idle connections end on its side."""

import re

import pytest

from infra.lib.paths import REPOSITORY
from infra.tests.charts.helm import HelmError, one, scenario, template


def test_its_hosts_come_from_the_gateways_listener_for_https() -> None:
    spec = one(template(scenario("gateway")), "HTTPRoute", "todo-app-web")["spec"]

    assert spec["hostnames"] == ["todo.example.com"]
    [parent] = spec["parentRefs"]
    assert (parent["namespace"], parent["name"], parent["sectionName"]) == ("gateway", "gateway", "https")
    [rule] = spec["rules"]
    assert [(each["name"], each["port"]) for each in rule["backendRefs"]] == [("todo-app-web", 80)]
    assert rule["timeouts"] == {"request": "60s"}


def test_nobody_comes_past_it() -> None:
    manifests = template(scenario("gateway"))
    ingress = one(manifests, "NetworkPolicy", "todo-app-web")["spec"]["ingress"]
    wanted = {"port": "http", "protocol": "TCP"}
    callers = [each for rule in ingress for each in rule["from"] if wanted in rule["ports"]]

    assert all("ipBlock" not in each for each in callers)
    names = [each["namespaceSelector"]["matchLabels"] for each in callers if "namespaceSelector" in each]
    assert names == [{"kubernetes.io/metadata.name": "gateway"}]


def test_the_gateway_ends_an_idle_connection_before_gunicorn_does() -> None:
    rule = one(template(scenario("gateway")), "DestinationRule", "todo-app-web")["spec"]
    idle = int(rule["trafficPolicy"]["connectionPool"]["http"]["idleTimeout"].removesuffix("s"))
    source = (REPOSITORY / "app" / "config" / "gunicorn.py").read_text(encoding="utf-8")
    kept = re.search(r"^keepalive = (\d+)", source, re.MULTILINE)

    assert kept is not None
    assert idle < int(kept.group(1))
    assert rule["host"] == "todo-app-web.todo.svc.cluster.local"


def test_without_a_gateway_there_is_no_route() -> None:
    assert {"HTTPRoute", "DestinationRule"} & {each["kind"] for each in template(scenario("default"))} == set()


def test_a_route_without_hosts_is_refused() -> None:
    values = {**scenario("gateway"), "gateway": {"enabled": True}}

    with pytest.raises(HelmError, match="takes those of others"):
        template(values)

"""A gateway that cannot serve is told, with what helps."""

import base64
from typing import Any, cast

import pytest

from infra.lib.kube import Kube, Object
from infra.slipway.doctor import gateway
from infra.tests.slipway.doctor.test_certificates import NOW, pem


def conditions(**given: str) -> list[dict[str, str]]:
    return [{"type": kind, "status": status, "message": f"{kind} because"} for kind, status in given.items()]


def made(status: dict[str, Any]) -> Object:
    return {"metadata": {"namespace": "gateway", "name": "gateway"}, "status": status}


GOOD = {
    "conditions": conditions(Accepted="True", Programmed="True"),
    "listeners": [{"name": "https", "conditions": conditions(ResolvedRefs="True", Programmed="True")}],
}
ROUTED = {"parents": [{"conditions": conditions(Accepted="True", ResolvedRefs="True")}]}


def test_a_gateway_that_serves_is_fine() -> None:
    assert [each.level for each in gateway.listeners([made(GOOD)])] == ["ok"]
    assert gateway.routes([made(ROUTED)]) == []


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ({}, "no controller answers"),
        ({**GOOD, "conditions": conditions(Accepted="True", Programmed="False")}, "Programmed because"),
        (
            {
                **GOOD,
                "listeners": [{"name": "https", "conditions": conditions(ResolvedRefs="False", Programmed="True")}],
            },
            "listener https: ResolvedRefs is False",
        ),
    ],
)
def test_a_gateway_that_does_not_serve_is_told(status: dict[str, Any], told: str) -> None:
    findings = gateway.listeners([made(status)])

    assert {each.level for each in findings} == {"fail"}
    assert any(told in each.message for each in findings)


@pytest.mark.parametrize(
    "status", [{}, {"parents": [{"conditions": conditions(Accepted="False", ResolvedRefs="True")}]}]
)
def test_a_route_that_nobody_takes_is_told(status: dict[str, Any]) -> None:
    assert {each.level for each in gateway.routes([made(status)])} == {"fail"}


class FakeKube:
    def __init__(self, *, gateways: list[Object], certificate: bytes) -> None:
        self._lists, self._certificate = {"Gateway": gateways, "HTTPRoute": [made(ROUTED)]}, certificate

    def find_all(self, _version: str, kind: str) -> list[Object]:
        return self._lists[kind]

    def get(self, *_: str) -> Object:
        return {"data": {"tls.crt": base64.b64encode(self._certificate).decode()}}


@pytest.mark.parametrize(("left", "level"), [(40, "ok"), (20, "warn"), (-1, "fail")])
def test_the_end_of_its_certificate_is_told_in_time(left: int, level: str) -> None:
    kube = FakeKube(gateways=[made(GOOD)], certificate=pem(days=left))

    found = {each.subject: each for each in gateway.check(cast("Kube", kube), now=NOW)}

    assert found["gateway's certificate"].level == level
    if level != "ok":
        assert "browsers refuse the page" in found["gateway's certificate"].message
        assert "delete job" in found["gateway's certificate"].remedy


def test_without_a_gateway_nothing_is_said() -> None:
    kube = FakeKube(gateways=[], certificate=b"")

    assert gateway.check(cast("Kube", kube), now=NOW) == []

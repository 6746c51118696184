"""Before a profile without sidecars their rule goes, and nothing is changed until Gatekeeper has dropped it."""

from typing import Any

import pytest

from infra.components.places import APP_NAMESPACES
from infra.lib.kube import KubeError
from infra.slipway import shrink


class Api:
    """An API with the rule, which refuses `refusals` times more after it is gone."""

    def __init__(self, rule: dict[str, Any] | None, *, refusals: int = 0) -> None:
        self.rule, self.refusals, self.asked = rule, refusals, list[str]()

    def kind(self, *_: str) -> object:
        return self.rule

    def get(self, *_: str) -> dict[str, Any] | None:
        return self.rule

    def delete(self, *_: str) -> None:
        self.rule = None

    def request(self, method: str, path: str, **more: Any) -> None:  # noqa: ANN401 - as Kube.request takes it
        assert (method, more["params"]) == ("PATCH", {"dryRun": "All"})
        assert self.rule is None, "asked while the rule stands"
        if self.refusals:
            self.refusals -= 1
            raise KubeError(403, {"message": "no label istio-injection=enabled"})
        self.asked.append(path.rpartition("/")[2])


def rule(*, injected: bool) -> dict[str, Any]:
    return {"spec": {"parameters": {"injected": injected}}}


def test_the_rule_goes_and_its_end_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("infra.slipway.shrink.time.sleep", slept.append)
    api = Api(rule(injected=True), refusals=2)

    assert shrink.end_injection_rule(api)  # type: ignore[arg-type]  # what of Kube is used
    assert (api.rule, len(slept), api.asked) == (None, 2, list(APP_NAMESPACES))


@pytest.mark.parametrize("there", [None, rule(injected=False)])
def test_without_sidecars_nothing_is_asked_or_changed(there: dict[str, Any] | None) -> None:
    api = Api(there)

    assert not shrink.end_injection_rule(api)  # type: ignore[arg-type]  # as above
    assert (api.rule, api.asked) == (there, [])

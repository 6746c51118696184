"""What admission is asked, who answers, and that the note of R36 tells each of them apart."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from infra.lib.kube import Kube, KubeError
from infra.verify.bed import Bed
from infra.verify.faults import policies
from infra.verify.faults.judge import Judgement, row
from infra.verify.policies import admission, corpus, verdicts
from infra.verify.policies.corpus import Attempt
from infra.verify.provenance import Provenance

POLICY = "resource-bounds"


def attempt(name: str, *refused: str, kind: str = "Pod", mended: str = "") -> Attempt:
    item = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "todo"}}
    return Attempt(name, item, frozenset(refused), mended)


class Api:
    """An API server that refuses by these messages and admits what has none; it remembers who was asked about."""

    def __init__(self, **messages: str) -> None:
        self.messages = messages
        self.asked: list[str] = []

    def kind(self, _version: str, _kind: str) -> Any:  # noqa: ANN401 - a stand-in for Kind
        return SimpleNamespace(path=lambda *_: "/")

    def request(self, _method: str, _path: str, *, params: object, body: dict[str, Any]) -> None:
        assert params == {"dryRun": "All"}
        self.asked.append(name := body["metadata"]["name"])
        if name in self.messages:
            raise KubeError(403, {"message": self.messages[name]})


def judged(api: Api, *attempts: Attempt) -> tuple[list[str], dict[str, str]]:
    return admission.disagreements(cast("Kube", api), attempts)


ATTEMPTS = (
    attempt("a", POLICY),
    attempt("b", POLICY),
    attempt("c", POLICY, mended="written as whole bytes"),
    attempt("d", *admission.WARNED),
    attempt("e", POLICY, kind="ClusterRole"),
)
MESSAGES = {"a": f"denied the request: [{POLICY}] no limits", "b": "violates PodSecurity"}


def test_each_answer_is_told_apart_and_counted() -> None:
    api = Api(**MESSAGES)

    wrong, answered = judged(api, *ATTEMPTS)

    assert wrong == []
    assert api.asked == ["a", "b", "c"]
    assert [*answered.values()] == list(admission.ANSWERS)
    assert admission.counted({**answered, "f": admission.BY_GATEKEEPER}) == (
        "refused alike by gator and in Python: 6; at admission: 2 refused by the same policies,"
        " 1 refused by the API server itself, 1 mended by the API server and admitted, 1 only warned of, so not asked,"
        " 1 cluster-wide, so not asked"
    )


@pytest.mark.parametrize(
    ("tried", "message"),
    [
        (attempt("a", POLICY), ""),
        (attempt("a", POLICY), "denied the request: [image-digest] no digest"),
        (attempt("a", POLICY, mended="written as whole bytes"), f"denied the request: [{POLICY}] no limits"),
    ],
)
def test_what_gets_through_or_is_refused_by_others_is_wrong(tried: Attempt, message: str) -> None:
    wrong, _ = judged(Api(**({"a": message} if message else {})), tried)

    assert len(wrong) == 1


def test_most_of_the_corpus_is_asked_at_admission() -> None:
    listed = corpus.read()
    left = [each for each in listed if admission.left_out(each)]

    assert 0 < len(left) < len(listed) / 20
    assert {admission.left_out(each) for each in left} == {admission.ONLY_WARNED, admission.CLUSTER_ONLY}


def test_r36_notes_what_was_asked_where(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {each.name: judged(Api(**MESSAGES), each)[1] for each in ATTEMPTS}
    monkeypatch.setattr(policies, "_ANSWERED", {})
    monkeypatch.setattr(verdicts, "attempts", lambda: ATTEMPTS)
    monkeypatch.setattr(verdicts, "in_python", lambda listed: {each.name: each.refused for each in listed})
    monkeypatch.setattr(verdicts, "of_gator", lambda: {each.name: each.refused for each in ATTEMPTS})
    monkeypatch.setattr(policies, "Kube", lambda **_: SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(admission, "disagreements", lambda _, listed: ([], answers[listed[0].name]))
    bed = Bed(name="nocluster", port=1)
    for number in range(3):
        policies.bypass(cast("Any", SimpleNamespace(number=number, defect="", bed=bed)))
    done = Judgement(rounds=3, broken=(), twins=1, teeth=1, seed=1, seconds=1)
    broken = Judgement(rounds=3, broken=("round 1: admitted",), twins=1, teeth=1, seed=1, seconds=1)

    assert row(policies.R36, done, Provenance.now())["note"] == (
        "refused alike by gator and in Python: 3; at admission: 1 refused by the same policies,"
        " 1 refused by the API server itself, 1 mended by the API server and admitted"
    )
    assert row(policies.R36, broken, Provenance.now())["note"] == "round 1: admitted"

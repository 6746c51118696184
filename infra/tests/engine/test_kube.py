"""The client: discovery, refusals, passing trouble."""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from infra.engine.direct.durations import seconds
from infra.lib.errors import Exit, SlipwayError
from infra.lib.kube import TRIES, TRIES_OF_WEBHOOK, Kube, KubeError


class Answers(http.server.BaseHTTPRequestHandler):
    """Gives the answers of its list one after the other, the last one for ever."""

    answers: list[tuple[int, dict[str, object]]] = []  # noqa: RUF012 - set by each test
    asked = 0

    def do_GET(self) -> None:
        code, body = self.answers[min(Answers.asked, len(self.answers) - 1)]
        Answers.asked += 1
        content = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Quiet."""


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Kube]:
    """A client of the scripted server."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    Answers.asked = 0
    found = Kube(kubeconfig=kubeconfig(tmp_path, server.server_port))
    yield found
    found.close()
    server.shutdown()
    thread.join()
    server.server_close()


def kubeconfig(folder: Path, port: int) -> Path:
    content = {
        "current-context": "here",
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
    }
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(content))
    return file


class TestRequest:
    @pytest.mark.parametrize(
        ("code", "message"), [(429, ""), (503, ""), (500, 'failed calling webhook "x": connection refused')]
    )
    def test_is_sent_again_while_the_server_is_busy(self, client: Kube, code: int, message: str) -> None:
        Answers.answers = [(code, {"message": message}), (200, {"ok": True})]

        assert client.request("GET", "/x") == {"ok": True}
        assert Answers.asked == 2

    @pytest.mark.parametrize(("code", "tries"), [(403, 1), (500, 1), (503, TRIES)])
    def test_gives_up_with_the_servers_words(self, client: Kube, code: int, tries: int) -> None:
        Answers.answers = [(code, {"message": "no, because", "reason": "Why"})]

        with pytest.raises(KubeError, match="no, because") as caught:
            client.request("GET", "/x")

        assert (caught.value.http, caught.value.reason, Answers.asked) == (code, "Why", tries)

    def test_waits_for_a_webhook_whose_pods_were_ended_but_not_for_ever(
        self, client: Kube, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        slept: list[float] = []
        monkeypatch.setattr("infra.lib.kube.time.sleep", slept.append)
        Answers.answers = [(500, {"message": 'failed calling webhook "x": connection refused'})]

        with pytest.raises(KubeError, match="failed calling webhook"):
            client.request("GET", "/x")

        assert Answers.asked == TRIES_OF_WEBHOOK
        assert 55 < sum(slept) < 75

    def test_a_server_that_is_not_there_is_named_with_the_next_command(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("infra.lib.kube.TRIES", 1)
        client = Kube(kubeconfig=kubeconfig(tmp_path, 1))

        with pytest.raises(SlipwayError, match=r"127\.0\.0\.1:1 does not answer") as caught:
            client.request("GET", "/x")

        client.close()
        assert caught.value.code is Exit.NOT_RUNNING
        assert "get --raw /readyz?verbose" in caught.value.hint


class TestKubeconfig:
    def test_a_missing_file_or_context_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(SlipwayError, match="nowhere"):
            Kube(kubeconfig=tmp_path / "nowhere")
        with pytest.raises(SlipwayError, match="other") as caught:
            Kube(kubeconfig=kubeconfig(tmp_path, 1), context="other")
        assert caught.value.code is Exit.BAD_INPUT


@pytest.mark.integration
class TestOnARealApi:
    def test_discovers_kinds(self, kube: Kube) -> None:
        deployment = kube.kind("apps/v1", "Deployment")
        assert deployment is not None
        assert deployment.path("n", "x") == "/apis/apps/v1/namespaces/n/deployments/x"
        namespace = kube.kind("v1", "Namespace")
        assert namespace is not None
        assert namespace.path("", "x") == "/api/v1/namespaces/x"
        assert kube.kind("nowhere.test/v1", "Thing") is None
        assert {"Pod", "Job", "ClusterRole"} <= {kind.kind for kind in kube.kinds()}

    def test_deletes_only_the_object_it_means(self, kube: Kube) -> None:
        kube.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine", "namespace": "default"}})

        assert not kube.delete("v1", "ConfigMap", "default", "mine", uid="another")
        assert kube.get("v1", "ConfigMap", "default", "mine") is not None
        assert kube.delete("v1", "ConfigMap", "default", "mine")
        assert not kube.delete("v1", "ConfigMap", "default", "mine")


@pytest.mark.parametrize(("text", "wanted"), [("5m0s", 300), ("1h2m", 3720), ("90", 90), ("1.5s", 1.5), ("200ms", 0.2)])
def test_durations_are_read_as_go_writes_them(text: str, wanted: float) -> None:
    assert seconds(text) == wanted


@pytest.mark.parametrize("text", ["", "5 minutes", "m5", "5x"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        seconds(text)

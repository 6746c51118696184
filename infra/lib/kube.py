"""A small client of the Kubernetes API for plain dicts: lightkube reads the kubeconfig and opens the connection.

Objects stay as the server sends them (typed models drop fields they do not know, and a comparison
needs every field). Safe to use from several threads.
"""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx2 as httpx
from lightkube.config.client_adapter import Client, ConnectionParams
from lightkube.config.kubeconfig import KubeConfig
from lightkube.core.exceptions import ConfigError

from infra.lib import gotool
from infra.lib.errors import Exit, SlipwayError

Object = dict[str, Any]

FIELD_MANAGER = "slipway"
TRIES = 5
# A webhook's pods that were all ended are back within a minute (N17), and nothing is written before.
TRIES_OF_WEBHOOK = 21
PAUSE_MAX = 3.2  # seconds
RETRIED = frozenset({429, 502, 503, 504})
# The API server's own words for a write that never reached the storage: safe to send again.
WEBHOOK = "failed calling webhook"
RETRIED_TEXTS = (WEBHOOK, "etcdserver: ", "the server is currently unable")
TIMEOUT = httpx.Timeout(30.0, connect=5.0)
LIMITS_OF_A_LIST = 500
WORKLOADS = ("apps/", "batch/")
BARE = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


@dataclass(frozen=True)
class Kind:
    """One resource of the API as discovery tells it."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool
    verbs: tuple[str, ...] = ()

    def path(self, namespace: str, name: str = "") -> str:
        """The URL path of the collection, or of one object when `name` is given."""
        root = f"/apis/{self.api_version}" if "/" in self.api_version else f"/api/{self.api_version}"
        place = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{root}{place}/{self.plural}" + (f"/{name}" if name else "")


class KubeError(SlipwayError):
    """The API server refused a request; `status` is its Status object, `http` the HTTP status code."""

    def __init__(self, http: int, status: Object) -> None:
        super().__init__(str(status.get("message") or f"the API server answered HTTP {http}"))
        self.http = http
        self.status = status
        self.reason = str(status.get("reason", ""))

    @property
    def causes(self) -> list[Object]:
        """Each field's own complaint: `reason`, `message`, `field`."""
        return list((self.status.get("details") or {}).get("causes") or [])


def _kubectl() -> str:
    node = gotool.path_of("node")
    return f"{node} kubectl" if node.is_file() else "kubectl"


class Kube:
    """The API of one cluster, reached as one user."""

    def __init__(self, *, kubeconfig: Path, context: str | None = None) -> None:
        self.kubeconfig = kubeconfig
        self.context = context
        self._kinds: dict[str, dict[str, Kind]] = {}
        self._lock = threading.Lock()
        try:
            config = KubeConfig.from_file(kubeconfig).get(context)
        except (ConfigError, OSError) as error:
            raise SlipwayError(f"{kubeconfig}: {error}", code=Exit.BAD_INPUT) from error
        if config is None:
            raise SlipwayError(
                f"{kubeconfig} has no context {context or 'current-context'!r}",
                hint=f"{_kubectl()} --kubeconfig {kubeconfig} config get-contexts",
                code=Exit.BAD_INPUT,
            )
        self.server = config.cluster.server
        self._http = Client(config, ConnectionParams(timeout=TIMEOUT, trust_env=False))
        self._http.headers["User-Agent"] = "slipway"

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def command(self, *words: str) -> str:
        """A kubectl command line for this cluster, for hints: it can be typed where no kubectl is installed."""
        context = f"--context {self.context} " if self.context else ""
        return f"{_kubectl()} --kubeconfig {self.kubeconfig} {context}{' '.join(words)}"

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Object | None = None,
        media: str = "application/json",
        accept: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Any:  # noqa: ANN401 - an answer is any JSON, or text
        """One request, tried again while the server is busy or not there; raise KubeError when it refuses."""
        content = None if body is None else json.dumps(body).encode()
        told = {"Accept": accept or "application/json"} | ({} if body is None else {"Content-Type": media})
        told |= headers or {}
        for attempt in count(1):
            try:
                response = self._http.request(method, path, params=params, content=content, headers=told)
            except httpx.TransportError as error:
                if attempt < TRIES:
                    time.sleep(_pause(attempt))
                    continue
                raise SlipwayError(
                    f"the Kubernetes API at {self.server} does not answer: {error}",
                    hint=self.command("get", "--raw", "/readyz?verbose"),
                    code=Exit.NOT_RUNNING,
                ) from error
            if response.is_success:
                return response.json() if "json" in response.headers.get("content-type", "") else response.text
            failure = KubeError(response.status_code, _status(response))
            if not _passing(failure, attempt):
                raise failure
            time.sleep(_pause(attempt))
        raise AssertionError  # the last attempt returns or raises

    def kind(self, api_version: str, kind: str) -> Kind | None:
        """What discovery says of a kind, asked anew when it is not known yet; None when the API has no such kind."""
        with self._lock:
            if kind not in self._kinds.get(api_version, {}):
                self._kinds[api_version] = self._discover(api_version)
            return self._kinds[api_version].get(kind)

    def kinds(self) -> Iterator[Kind]:
        """Every listable kind of the preferred version of every group."""
        groups = self.request("GET", "/apis")["groups"]
        for version in ["v1", *(group["preferredVersion"]["groupVersion"] for group in groups)]:
            yield from (kind for kind in self._discover(version).values() if "list" in kind.verbs)

    def get(self, api_version: str, kind: str, namespace: str, name: str) -> Object | None:
        """The live object; None when there is no such object or no such kind."""
        found = self.kind(api_version, kind)
        if found is None:
            return None
        try:
            return dict(self.request("GET", found.path(namespace, name)))
        except KubeError as error:
            if error.http == 404:
                return None
            raise

    def find_all(
        self,
        api_version: str,
        kind: str,
        namespace: str = "",
        *,
        labels: str = "",
        fields: str = "",
        bare: bool = False,
    ) -> list[Object]:
        """All objects of a kind, page by page; empty when the API has no such kind. `bare`: their metadata only."""
        found = self.kind(api_version, kind)
        items: list[Object] = []
        params = {"limit": str(LIMITS_OF_A_LIST), "labelSelector": labels, "fieldSelector": fields}
        while found is not None:
            given = {key: value for key, value in params.items() if value}
            page = self.request("GET", found.path(namespace), params=given, accept=BARE if bare else "")
            # Items of a list come without their kind; an empty list of bare metadata comes as null.
            items += [{"apiVersion": api_version, "kind": kind, **item} for item in (page["items"] or [])]
            params["continue"] = (page.get("metadata") or {}).get("continue", "")
            if not params["continue"]:
                break
        return items

    def apply(
        self, body: Object, *, dry_run: bool = False, force: bool = False, manager: str = FIELD_MANAGER
    ) -> Object:
        """Server-side apply as `manager`; the resulting object. KubeError 409 on a field conflict."""
        found = self.kind(body["apiVersion"], body["kind"])
        if found is None:
            raise KubeError(404, {"reason": "NoKind", "message": f"the API has no kind {_name(body)}"})
        metadata = body["metadata"]
        params = {"fieldManager": manager, "force": str(force).lower()}
        if dry_run:
            params["dryRun"] = "All"
        path = found.path(metadata.get("namespace", ""), metadata["name"])
        return dict(self.request("PATCH", path, params=params, body=body, media="application/apply-patch+yaml"))

    def delete(self, api_version: str, kind: str, namespace: str, name: str, *, uid: str = "") -> bool:
        """Ask for deletion; False when it is gone already or is not the object with this uid.

        Workloads stay visible until their pods are gone. Others do not: the garbage collector learns of a
        new custom kind late, and the object would wait for it.
        """
        found = self.kind(api_version, kind)
        if found is None:
            return False
        policy = "Foreground" if api_version.startswith(WORKLOADS) else "Background"
        options: Object = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": policy}
        if uid:
            options["preconditions"] = {"uid": uid}
        try:
            self.request("DELETE", found.path(namespace, name), body=options)
        except KubeError as error:
            if error.http == 404 or (error.http == 409 and uid):
                return False
            raise
        return True

    def events(self, live: Object, *, count: int = 5) -> list[str]:
        """The newest events of one object, oldest first: `Warning FailedScheduling: …`."""
        metadata = live["metadata"]
        found = self.find_all(
            "v1", "Event", metadata.get("namespace", "default"), fields=f"involvedObject.uid={metadata.get('uid', '')}"
        )
        found.sort(key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "")
        return [f"{event.get('type')} {event.get('reason')}: {event.get('message')}" for event in found[-count:]]

    def log(self, namespace: str, pod: str, container: str, *, lines: int = 5, previous: bool = False) -> list[str]:
        """The last lines a container wrote; empty when the kubelet has none."""
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
        params = {"container": container, "tailLines": str(lines), "previous": str(previous).lower()}
        try:
            return str(self.request("GET", path, params=params, accept="*/*")).splitlines()
        except KubeError:
            return []

    def _discover(self, api_version: str) -> dict[str, Kind]:
        root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        try:
            resources = self.request("GET", root)["resources"]
        except KubeError as error:
            if error.http == 404:
                return {}
            raise
        return {
            item["kind"]: Kind(api_version, item["kind"], item["name"], item["namespaced"], tuple(item["verbs"]))
            for item in resources
            if "/" not in item["name"]
        }


def _passing(failure: KubeError, attempt: int) -> bool:
    """Whether the same request is worth another try after this one."""
    if failure.http == 500 and WEBHOOK in failure.message:
        return attempt < TRIES_OF_WEBHOOK
    passing = failure.http in RETRIED or (
        failure.http == 500 and any(text in failure.message for text in RETRIED_TEXTS)
    )
    return passing and attempt < TRIES


def _pause(attempt: int) -> float:
    return min(0.2 * 2.0**attempt, PAUSE_MAX)


def _status(response: httpx.Response) -> Object:
    try:
        found = response.json()
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"message": response.text[:500]}


def _name(body: Object) -> str:
    return f"{body['kind']} of {body['apiVersion']}"

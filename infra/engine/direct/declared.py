"""What a program declares: one Kubernetes object or Helm release with its place in the graph, or a refusal by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.lib.errors import Exit, SlipwayError
from infra.lib.kube import Object

RELEASE_TYPE = "kubernetes:helm.sh/v3:Release"
RELEASE = ("helm.sh/v3", "Release")
# Components of the SDK that are written in Python: they register their children themselves.
LOCAL_COMPONENTS = frozenset({"kubernetes:yaml:ConfigFile", "kubernetes:yaml:ConfigGroup"})
SIGNATURE = "4dabf18193072939515e22adb298388d"  # marks secrets and assets in what the SDK sends
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the SDK's marker, not a secret
TOKEN_SECRET = "kubernetes.io/service-account-token"  # noqa: S105 - a type of Secret


@dataclass(frozen=True, order=True)
class Ref:
    """Which object: what the inventory lists."""

    api_version: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "Ref":
        """The reference of a manifest or live object."""
        metadata = body["metadata"]
        return cls(body["apiVersion"], body["kind"], metadata.get("namespace", ""), metadata["name"])

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    @property
    def id(self) -> str:
        """The id Pulumi gives such an object."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the program asked for besides the object itself."""

    timeout: float | None = None  # seconds, from CustomTimeouts
    protect: bool = False
    retain: bool = False
    adopt: bool = False


@dataclass(frozen=True, kw_only=True)
class Declared:
    """One object of the program; `level` is 1 for what depends on nothing, and higher than all it depends on."""

    ref: Ref
    body: Object
    level: int
    needs: tuple[Ref, ...] = ()
    options: Options = Options()

    @property
    def is_release(self) -> bool:
        """Whether this is a Helm release: `body` then holds the release's own fields."""
        return (self.ref.api_version, self.ref.kind) == RELEASE


def refuse(token: str, name: str, why: str) -> SlipwayError:
    """The error for what the direct engine does not do."""
    return SlipwayError(
        f"the direct engine does not know {token} ({name!r}): {why}",
        hint="declare it as plain objects, or run this stack with ENGINE=pulumi",
        code=Exit.BAD_INPUT,
    )


def body_of(token: str, name: str, inputs: Mapping[str, Any]) -> Object:
    """The manifest (or the release's fields) a registration stands for, numbers whole, nothing empty."""
    if token == RELEASE_TYPE:
        return _release(name, inputs)
    prefix, _, kind = token.rpartition(":")
    if not prefix.startswith("kubernetes:") or "/" not in prefix:
        raise refuse(token, name, "it is no Kubernetes object")
    if kind.endswith("List") and "items" in inputs:
        raise refuse(token, name, "a List has no owner; declare each object")
    if not inputs.get("apiVersion") or inputs.get("kind") != kind:
        raise refuse(token, name, "a Patch changes somebody else's object; one owner per object")
    _no_secret(inputs, name)
    body: Object = {key: plain(value) for key, value in inputs.items() if value is not None}
    if not (body.get("metadata") or {}).get("name"):
        raise refuse(token, name, "it has no metadata.name, and names made up by an engine differ on each machine")
    return body


def plain(value: Any) -> Any:  # noqa: ANN401 - any JSON in, the same JSON out
    """JSON as Kubernetes wants it: whole floats are integers, empty values are absent; a secret is refused."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        if value.get(SIGNATURE) == SECRET_SIGNATURE:
            raise SlipwayError(
                "the program passes a secret value to an object: no secret ever enters a program",
                hint="name the Secret and its key instead; secrets-init or Vault makes the value",
                code=Exit.BAD_INPUT,
            )
        return {key: plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _no_secret(inputs: Mapping[str, Any], name: str) -> None:
    if inputs["apiVersion"] != "v1" or inputs["kind"] != "Secret" or inputs.get("type") == TOKEN_SECRET:
        return
    if inputs.get("data") or inputs.get("stringData"):
        raise SlipwayError(
            f"Secret {name!r} carries data: no secret value ever enters a program",
            hint="create it in the cluster (secrets-init, Vault) and refer to it by name",
            code=Exit.BAD_INPUT,
        )


def _release(name: str, inputs: Mapping[str, Any]) -> Object:
    fields: Object = {key: plain(value) for key, value in inputs.items() if value is not None and key != "compat"}
    if not isinstance(fields.get("name"), str):
        raise refuse(RELEASE_TYPE, name, "it has no name, and names made up by an engine differ on each machine")
    return {
        "apiVersion": RELEASE[0],
        "kind": RELEASE[1],
        "metadata": {"name": fields["name"], "namespace": fields.get("namespace", "default")},
        "spec": fields,
    }

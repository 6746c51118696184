"""The Pulumi SDK's mock monitor, extended by what the real engine knows of a registration: its place in the graph."""

import threading
import traceback
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import yaml
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2

from infra.engine.direct.declared import LOCAL_COMPONENTS, Declared, Options, Ref, body_of, plain, refuse
from infra.engine.direct.durations import seconds
from infra.lib.errors import Exit, SlipwayError

STACK_REFERENCE = "pulumi:pulumi:StackReference"
YAML_DECODE = "kubernetes:yaml:decode"


class Monitor(mocks.MockMonitor):
    """Hands the whole request to the registrar, which the SDK's own mock monitor shows a part of."""

    def __init__(self, registrar: "Registrar") -> None:
        super().__init__(registrar)
        registrar.urn_of = self.make_urn

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> Any:  # noqa: ANN401, N802 - the SDK's
        """Called on a thread of the pool, once for each resource."""
        self.mocks.current.request = request  # type: ignore[attr-defined] # always a Registrar
        return super().RegisterResource(request)  # type: ignore[no-untyped-call] # the SDK has no types here

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> Any:  # noqa: ANN401, N802 - the SDK's
        """A StackReference, or `Kind.get(...)` of an object somebody else owns."""
        self.mocks.current.request = request  # type: ignore[attr-defined] # always a Registrar
        return super().ReadResource(request)  # type: ignore[no-untyped-call] # the SDK has no types here


class Registrar(mocks.Mocks):
    """Turns registrations into Declared objects and places each; subclasses say what placing is."""

    def __init__(self) -> None:
        self.current = threading.local()
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._failures: list[SlipwayError] = []
        self._levels: dict[str, int] = {}
        self._needs: dict[str, frozenset[Ref]] = {}
        self._declared: dict[Ref, str] = {}
        self.urn_of: Any = None

    @abstractmethod
    def place(self, item: Declared) -> Mapping[str, Any]:
        """Apply, compare or write one object whose dependencies are ready; what its outputs are."""

    @abstractmethod
    def reference(self, project: str, environment: str) -> Mapping[str, Any]:
        """The outputs of another stack."""

    @abstractmethod
    def read(self, ref: Ref) -> Mapping[str, Any]:
        """An existing object the program only looks at."""

    def stop(self) -> None:
        """Place nothing more and end every wait."""
        self.stopping.set()

    def first_failure(self) -> SlipwayError | None:
        """The failure that stopped the run, if one did."""
        return self._failures[0] if self._failures else None

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """An invoke of the program: only decoding YAML is known."""
        if args.token != YAML_DECODE:
            failure = refuse(args.token, "invoke", "it needs the provider's own program")
            self._fail(failure)
            raise failure
        return {
            "result": [plain(item) for item in yaml.load_all(args.args["text"], Loader=yaml.CSafeLoader) if item]
        }, []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """One registration, on a thread of the pool; an exception stops the program."""
        if self.stopping.is_set():
            raise SlipwayError(f"{args.name}: not started, an earlier object failed")
        try:
            return self._register(args, self.current.request)
        except SlipwayError as failure:
            self._fail(failure)
            raise
        except Exception as error:
            traceback.print_exc()  # into the step's log
            self._fail(SlipwayError(f"{args.name} ({args.typ}): {type(error).__name__}: {error}"))
            raise

    def _register(self, args: mocks.MockResourceArgs, request: Any) -> tuple[str, dict[str, Any]]:  # noqa: ANN401 - protobuf
        if isinstance(request, resource_pb2.ReadResourceRequest):
            return self._read(args)
        urn = self.urn_of(request.parent, request.type, request.name)
        level, needs = self._place_in_graph(request)
        if not request.custom:
            if request.remote or (args.typ.startswith("kubernetes:") and args.typ not in LOCAL_COMPONENTS):
                raise refuse(args.typ, args.name, "this component is built by the provider's own program")
            self._remember(urn, level, needs)
            return "", dict(args.inputs)
        body = body_of(args.typ, args.name, args.inputs)
        ref = Ref.of(body)
        self._claim(ref, urn)
        item = Declared(
            ref=ref, body=body, level=level + 1, needs=tuple(sorted(needs)), options=_options(args, request)
        )
        outputs = dict(self.place(item))
        self._remember(urn, level + 1, frozenset({ref}))
        return ref.id, outputs

    def _read(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if args.typ == STACK_REFERENCE:
            parts = str(args.inputs.get("name") or args.name).split("/")
            if len(parts) < 2:
                raise refuse(STACK_REFERENCE, args.name, "want organization/<project>/<environment>")
            outputs = dict(self.reference(parts[-2], parts[-1]))
            return args.name, {"name": args.name, "outputs": outputs, "secretOutputNames": []}
        prefix, _, kind = args.typ.rpartition(":")
        if kind == "Secret" or not prefix.startswith("kubernetes:"):
            raise refuse(args.typ, args.name, "reading it would bring a secret or an unknown thing into the program")
        version = prefix.removeprefix("kubernetes:").removeprefix("core/")
        namespace, _, name = str(args.resource_id).rpartition("/")
        return str(args.resource_id), dict(self.read(Ref(version, kind, namespace, name)))

    def _place_in_graph(self, request: Any) -> tuple[int, frozenset[Ref]]:  # noqa: ANN401 - protobuf
        with self._lock:
            above = [urn for urn in [*request.dependencies, request.parent] if urn]
            level = max((self._levels.get(urn, 0) for urn in above), default=0)
            return level, frozenset().union(*(self._needs.get(urn, frozenset()) for urn in above))

    def _remember(self, urn: str, level: int, needs: frozenset[Ref]) -> None:
        with self._lock:
            self._levels[urn], self._needs[urn] = level, needs

    def _claim(self, ref: Ref, urn: str) -> None:
        with self._lock:
            if ref in self._declared:
                raise SlipwayError(f"the program declares {ref} twice: one owner per object", code=Exit.BAD_INPUT)
            self._declared[ref] = urn

    def _fail(self, failure: SlipwayError) -> None:
        with self._lock:
            self._failures.append(failure)
        self.stop()


def _options(args: mocks.MockResourceArgs, request: Any) -> Options:  # noqa: ANN401 - protobuf
    for given, option in (
        (request.ignoreChanges, "ignore_changes"),
        (request.deletedWith, "deleted_with"),
        (args.transforms, "transforms"),
        (request.provider, "provider"),
    ):
        if given:
            raise refuse(args.typ, args.name, f"it sets the option {option}")
    return Options(
        timeout=seconds(request.customTimeouts.create) if request.customTimeouts.create else None,
        protect=request.protect,
        retain=request.retainOnDelete,
        adopt=bool(request.importId),
    )

"""A Helm release as the program declares it: helm's arguments, its values file, the hash of its inputs."""

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.engine.direct.declared import RELEASE_TYPE, Declared, refuse
from infra.engine.direct.durations import seconds
from infra.lib.errors import Exit, SlipwayError
from infra.lib.hashing import content_hash

# Fields of Release the direct engine passes on; any other one is refused by name.
FLAGS: Mapping[str, str] = {
    "atomic": "--rollback-on-failure",
    "cleanupOnFail": "--cleanup-on-fail",
    "createNamespace": "--create-namespace",
    "disableWebhooks": "--no-hooks",
    "skipCrds": "--skip-crds",
    "waitForJobs": "--wait-for-jobs",
}
KNOWN = frozenset({"chart", "name", "namespace", "values", "timeout", "skipAwait", "maxHistory", "description", *FLAGS})
# Without meaning here: helm 4 validates against the API itself, and local charts have one version.
IGNORED = frozenset({"lint", "verify", "disableOpenapiValidation", "renderSubchartNotes", "manifest", "resourceNames"})
DEFAULT_TIMEOUT = 300.0


@dataclass(frozen=True)
class Chart:
    """One release, ready to be given to helm."""

    name: str
    namespace: str
    folder: Path
    values: str  # JSON, which is YAML
    timeout: float  # seconds
    flags: tuple[str, ...]
    waits: bool

    @property
    def inputs_hash(self) -> str:
        """Changes exactly when what helm would install changes."""
        text = json.dumps([self.name, self.namespace, self.values, self.flags])
        return content_hash([self.folder], root=self.folder, extra=[hashlib.sha256(text.encode()).hexdigest()])

    @contextmanager
    def values_file(self) -> Iterator[Path]:
        """The values in a file of their own for the length of the block."""
        with tempfile.TemporaryDirectory(prefix="slipway-helm-") as scratch:
            file = Path(scratch) / "values.json"
            file.write_text(self.values, encoding="utf-8")
            yield file


def chart_of(item: Declared, directory: Path) -> Chart:
    """The release of a declaration; its chart path is relative to the stack's folder."""
    fields: Mapping[str, Any] = item.body["spec"]
    name = item.ref.name
    for field, value in fields.items():
        if field not in KNOWN | IGNORED and value not in (False, {}, [], "", 0):
            raise refuse(RELEASE_TYPE, name, f"it sets the field {field}")
    folder = (directory / str(fields.get("chart", ""))).resolve()
    if not (folder / "Chart.yaml").is_file():
        raise SlipwayError(
            f"Helm release {name}: {folder} has no Chart.yaml; the direct engine takes charts from a folder only",
            code=Exit.BAD_INPUT,
        )
    flags = [flag for field, flag in FLAGS.items() if fields.get(field)]
    if "maxHistory" in fields:
        flags.append(f"--history-max={fields['maxHistory']}")
    given = fields.get("timeout")
    timeout = seconds(str(given)) if given else item.options.timeout or DEFAULT_TIMEOUT
    return Chart(
        name=name,
        namespace=item.ref.namespace,
        folder=folder,
        values=json.dumps(fields.get("values") or {}, sort_keys=True),
        timeout=timeout,
        flags=tuple(flags),
        waits=not fields.get("skipAwait"),
    )

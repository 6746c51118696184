"""Where the Pulumi CLI works: a project folder of its own in the state, so that the checkout stays as it is.

`Pulumi.yaml` there is the stack's, with `main` pointing at the program; `Pulumi.<environment>.yaml` is
the stack's with the overrides in it. The backend is a folder, the passphrase a file only we can read.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.engine.api import StackRef

KEPT = ("encryptionsalt", "secretsprovider")  # written by the CLI, needed by its next run


@dataclass(frozen=True)
class Workspace:
    """The CLI's folders of one stack below `state`."""

    state: Path
    stack: StackRef
    python: Path  # the root of the virtual environment that runs the program

    @property
    def folder(self) -> Path:
        """The project folder."""
        return self.state / "projects" / self.stack.name

    @property
    def config_file(self) -> Path:
        """The stack's config with the overrides."""
        return self.folder / f"Pulumi.{self.stack.environment}.yaml"

    def environment(self, *, kubeconfig: Path) -> dict[str, str]:
        """Variables of every `pulumi` command: our backend without changing the user's login, no questions."""
        return {
            "PULUMI_BACKEND_URL": f"file://{self.state / 'backend'}",
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self.state / "passphrase"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_K8S_CLIENT_QPS": "100",
            "PULUMI_K8S_CLIENT_BURST": "200",
            "KUBECONFIG": str(kubeconfig),
            "NO_COLOR": "1",
        }

    def prepare(self, *, overrides: Mapping[str, Any], context: str | None) -> None:
        """Write the project, its config and, once, the passphrase."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.state / "backend").mkdir(exist_ok=True)
        passphrase = self.state / "passphrase"
        if not passphrase.exists():
            passphrase.touch(mode=0o600)
            passphrase.write_text(secrets.token_urlsafe(32), encoding="utf-8")
        project = yaml.safe_load((self.stack.directory / "Pulumi.yaml").read_text(encoding="utf-8"))
        options = {"toolchain": "pip", "virtualenv": str(self.python)}
        project |= {"main": str(self.stack.directory.resolve()), "runtime": {"name": "python", "options": options}}
        (self.folder / "Pulumi.yaml").write_text(yaml.safe_dump(project, sort_keys=False), encoding="utf-8")
        self._write_config(str(project["name"]), overrides, context)

    def _write_config(self, project: str, overrides: Mapping[str, Any], context: str | None) -> None:
        source = self.stack.directory / self.config_file.name
        content = yaml.safe_load(source.read_text(encoding="utf-8")) or {}
        earlier = yaml.safe_load(self.config_file.read_text(encoding="utf-8")) if self.config_file.exists() else {}
        config = {_key(project, key): value for key, value in (content.get("config") or {}).items()}
        config |= {_key(project, key): value for key, value in overrides.items()}
        if context:
            config["kubernetes:context"] = context
        kept = {key: earlier[key] for key in KEPT if key in (earlier or {})}
        text = yaml.safe_dump({**content, **kept, "config": config}, sort_keys=True)
        self.config_file.write_text(text, encoding="utf-8")


def _key(project: str, key: str) -> str:
    return key if ":" in key else f"{project}:{key}"

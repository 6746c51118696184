"""PostgreSQL: small, honest about being ready, kept by its volume, and started only with a password."""

from typing import Any

import pytest

from infra.components.postgresql import ALIVE, READY, Postgresql, PostgresqlArgs
from infra.components.stateful_service import Placement
from infra.components.traffic import Peer
from infra.tests.stacks.recording import record

PLACEMENT = Placement(
    namespace="data",
    storage_class="slipway-local",
    clients=[Peer(namespace="todo", labels={"app.kubernetes.io/name": "todo-app"})],
    protect=True,
)


def stateful_set(*, memory: int = 128) -> dict[str, Any]:
    args = PostgresqlArgs(
        placement=PLACEMENT, image="postgresql:1", memory=memory, cpu="50m", connections=40, volume_size="1Gi"
    )
    recorded = record(lambda: Postgresql("postgresql", args))
    return recorded.get("StatefulSet", "postgresql").inputs


def container(**arguments: int) -> dict[str, Any]:
    box: dict[str, Any] = stateful_set(**arguments)["spec"]["template"]["spec"]["containers"][0]
    return box


def settings(box: dict[str, Any]) -> dict[str, str]:
    words = box["args"]
    words = words[words.index("docker-entrypoint.sh") :]
    assert words[:2] == ["docker-entrypoint.sh", "postgres"]
    return dict(word.split("=", 1) for flag, word in zip(words[2::2], words[3::2], strict=True) if flag == "-c")


@pytest.mark.parametrize("memory", [96, 128, 4096])
def test_memory_settings_fit_into_the_limit(memory: int) -> None:
    box = container(memory=memory)
    chosen = {name: int(value.removesuffix("MB")) for name, value in settings(box).items() if value.endswith("MB")}

    assert box["resources"]["limits"]["memory"] == f"{memory}Mi"
    assert chosen["shared_buffers"] + chosen["maintenance_work_mem"] + 20 < memory
    assert settings(box)["jit"] == "off"


def test_the_password_is_read_from_the_mounted_secret_and_is_in_no_argument() -> None:
    box = container()
    env = {entry["name"]: entry["value"] for entry in box["env"]}
    mounted = {mount["name"]: mount["mountPath"] for mount in box["volumeMounts"]}

    assert env["POSTGRES_PASSWORD_FILE"] == f"{mounted['secret']}/password"
    assert "POSTGRES_PASSWORD" not in env
    assert env["PGDATA"].startswith(f"{mounted['data']}/")


def test_readiness_asks_by_tcp_and_liveness_tolerates_recovery() -> None:
    """While the image initialises it listens on a socket only; in recovery pg_isready ends with 1."""
    box = container()

    assert "--host 127.0.0.1" in READY
    assert box["readinessProbe"]["exec"]["command"] == ["sh", "-c", READY]
    assert box["livenessProbe"]["exec"]["command"] == ["sh", "-c", ALIVE]
    assert ALIVE.endswith("test $? -ne 2")


def test_the_volume_outlives_the_pod_and_the_set() -> None:
    spec = stateful_set()["spec"]

    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    assert spec["volumeClaimTemplates"][0]["spec"]["storageClassName"] == "slipway-local"


def test_the_end_is_a_fast_shutdown_with_time_for_its_checkpoint() -> None:
    spec = stateful_set()["spec"]["template"]["spec"]

    assert spec["containers"][0]["lifecycle"]["preStop"]["exec"]["command"] == ["sh", "-c", "kill -INT 1"]
    assert spec["terminationGracePeriodSeconds"] >= 60

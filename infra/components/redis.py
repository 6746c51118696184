"""Redis with a password, kept on a volume by an append-only file; upstream image or ours."""

from dataclasses import dataclass

import pulumi

from infra.components.hardening import exec_probe, resources
from infra.components.stateful_service import Placement, Probes, StatefulService, StatefulServiceArgs
from infra.settings.data import DataSettings

PORT = 6379
SECRET = "redis"  # noqa: S105 - the name of a Secret
UID = 999  # of the upstream image
PASSWORD_FILE = f"/run/secrets/{SECRET}/password"
# Redis reads no password file. Written to a folder in memory, the password is in no argument list and no image.
START = (
    f"umask 077; {{ cat /etc/redis/redis.conf; printf 'requirepass %s\\n' \"$(cat {PASSWORD_FILE})\"; }}"
    " > /tmp/redis.conf; exec redis-server /tmp/redis.conf"
)
PING = f'REDISCLI_AUTH="$(cat {PASSWORD_FILE})" redis-cli -h 127.0.0.1 ping'
# While it reads its file back it answers LOADING: alive, not ready.
READY = f"{PING} | grep -q PONG"
ALIVE = f"{PING} 2>&1 | grep -qE 'PONG|LOADING'"


@dataclass(frozen=True, kw_only=True)
class RedisArgs:
    """`memory` is the limit in MiB; a third of it holds data, the rest is for the fork that rewrites the file."""

    placement: Placement
    image: str
    memory: int
    cpu: str
    volume_size: pulumi.Input[str]


def args_of(settings: DataSettings, placement: Placement, *, volume_size: pulumi.Input[str]) -> RedisArgs:
    """What the stack's settings say about Redis."""
    return RedisArgs(
        placement=placement,
        image=settings.images["redis"],
        memory=settings.redis_memory,
        cpu=settings.redis_cpu,
        volume_size=volume_size,
    )


class Redis(pulumi.ComponentResource):
    """A cache and counters: at most a second of them is lost in a crash, the least used go when it is full."""

    host: pulumi.Output[str]
    port: pulumi.Output[int]

    def __init__(self, name: str, args: RedisArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:data:Redis", name, None, opts)
        service = StatefulService(
            name,
            StatefulServiceArgs(
                placement=args.placement,
                component="cache",
                image=args.image,
                uid=UID,
                port=PORT,
                command=["sh", "-c", START],
                files={"redis.conf": _settings(memory=args.memory)},
                files_path="/etc/redis",
                secret=SECRET,
                secret_path=f"/run/secrets/{SECRET}",
                volume_size=args.volume_size,
                volume_path="/data",
                scratch={"/tmp": "1Mi"},  # noqa: S108 - a mount of the pod's own
                resources=resources(cpu=args.cpu, memory=args.memory),
                probes=Probes(
                    startup=exec_probe(["sh", "-c", READY], period=1, timeout=3, failures=60),
                    readiness=exec_probe(["sh", "-c", READY], period=5, timeout=3, failures=2),
                    liveness=exec_probe(["sh", "-c", ALIVE], period=10, timeout=5, failures=6),
                ),
                # Clients that learn of the end from the Service are gone before SIGTERM flushes the file.
                lifecycle={"pre_stop": {"sleep": {"seconds": 2}}},
                grace_seconds=30,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.host, self.port = service.host, service.port
        self.register_outputs({"host": self.host, "port": self.port})


def _settings(*, memory: int) -> str:
    chosen = {
        "bind": "*",
        "port": str(PORT),
        "dir": "/data",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": '""',
        "maxmemory": f"{memory // 3}mb",
        "maxmemory-policy": "allkeys-lru",
        "tcp-keepalive": "60",
        "auto-aof-rewrite-min-size": "8mb",
    }
    return "".join(f"{key} {value}\n" for key, value in chosen.items())

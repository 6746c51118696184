"""Defaults of every pod of ours, in one place: Pod Security `restricted`, probes with timeouts, spread."""

from collections.abc import Mapping, Sequence

from pulumi_kubernetes.core.v1 import (
    PodSecurityContextArgsDict,
    ProbeArgsDict,
    ResourceRequirementsArgsDict,
    SecurityContextArgsDict,
    TopologySpreadConstraintArgsDict,
    VolumeArgsDict,
    VolumeMountArgsDict,
)


def pod_security(*, uid: int) -> PodSecurityContextArgsDict:
    """Run as `uid` and nobody else; volumes belong to the group of the same number."""
    return {
        "run_as_non_root": True,
        "run_as_user": uid,
        "run_as_group": uid,
        "fs_group": uid,
        "fs_group_change_policy": "OnRootMismatch",
        "seccomp_profile": {"type": "RuntimeDefault"},
    }


def container_security() -> SecurityContextArgsDict:
    """No privilege to gain, no capability, nothing to write outside the mounted volumes."""
    return {
        "allow_privilege_escalation": False,
        "read_only_root_filesystem": True,
        "run_as_non_root": True,
        "capabilities": {"drop": ["ALL"]},
        "seccomp_profile": {"type": "RuntimeDefault"},
    }


def exec_probe(command: Sequence[str], *, period: int, timeout: int, failures: int) -> ProbeArgsDict:
    """A probe by command; seconds. The timeout is written out because the default of 1 s kills busy pods."""
    return {
        "exec_": {"command": list(command)},
        "period_seconds": period,
        "timeout_seconds": timeout,
        "failure_threshold": failures,
        "success_threshold": 1,
    }


def resources(*, cpu: str, memory: int, memory_request: int | None = None) -> ResourceRequirementsArgsDict:
    """`memory` is the limit in MiB; a CPU limit of ten requests stops a runaway without throttling a burst."""
    return {
        "requests": {"cpu": cpu, "memory": f"{memory_request or memory // 2}Mi"},
        "limits": {"cpu": cpu_limit(cpu), "memory": f"{memory}Mi"},
    }


def cpu_limit(request: str) -> str:
    """Ten times the request, at least one core."""
    milli = int(request[:-1]) if request.endswith("m") else int(request) * 1000
    return f"{max(1000, milli * 10)}m"


def spread(selector: Mapping[str, str]) -> list[TopologySpreadConstraintArgsDict]:
    """Over nodes and zones where there are several; never a reason not to start."""
    return [
        {
            "max_skew": 1,
            "topology_key": key,
            "when_unsatisfiable": "ScheduleAnyway",
            "label_selector": {"match_labels": dict(selector)},
        }
        for key in ("kubernetes.io/hostname", "topology.kubernetes.io/zone")
    ]


def scratch(name: str, *, size: str) -> VolumeArgsDict:
    """A bounded empty folder in memory, since the root file system is read-only; counts to the pod's memory."""
    return {"name": name, "empty_dir": {"size_limit": size, "medium": "Memory"}}


def mount(name: str, path: str) -> VolumeMountArgsDict:
    """A volume at `path`, writable."""
    return {"name": name, "mount_path": path}

"""Jobs with sidecars, and whether a pod is admitted."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from infra.verify.bed import Bed, BedError
from infra.verify.mesh.pods import Who, image_of, manifest
from infra.verify.policies.watching import watching

# Seconds: a pod's start here, and what may pass between the end of its own container and the Job's.
DONE, AFTER = 60.0, 10.0
REACHES = "import socket; socket.create_connection(('postgresql.data.svc', 5432), 10).sendall(b'x')"
WHO = Who("maintenance", "todo", "todo-app-maintenance")


def ended(bed: Bed, name: str, *, native: bool) -> Iterator[str]:
    """What kept a Job from ending soon after its work; nothing is the green answer."""
    if native:
        yield from _ended(bed, _job(bed, name, {}), name)
        return
    # The other kind of sidecar is one container among others, and never ends by itself; a policy refuses it.
    job = _job(bed, name, {"sidecar.istio.io/nativeSidecar": "false"})
    with watching(bed, "mesh-injection", {**job, "metadata": {**job["metadata"], "name": "asked"}}):
        yield from _ended(bed, job, name)


def _job(bed: Bed, name: str, notes: dict[str, str]) -> dict[str, Any]:
    pod = manifest(WHO, image_of(bed), annotations=notes)
    pod["spec"]["containers"][0]["command"] = ["python3", "-c", REACHES]
    template = {"metadata": {"labels": pod["metadata"]["labels"], "annotations": notes}, "spec": pod["spec"]}
    labels = {
        **pod["metadata"]["labels"],
        "app.kubernetes.io/part-of": "probe",
        "app.kubernetes.io/managed-by": "probe",
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": WHO.namespace, "labels": labels},
        "spec": {"backoffLimit": 0, "template": template},
    }


def _ended(bed: Bed, job: dict[str, Any], name: str) -> Iterator[str]:
    bed.kubectl("apply", "-f", "-", given=json.dumps(job))
    try:
        bed.wait(f"Job {name} ends", lambda: bool(_status(bed, name).get("completionTime")), deadline=DONE)
        [done] = bed.objects("pods", "-n", WHO.namespace, "-l", f"job-name={name}")
        [own] = [each for each in done["status"]["containerStatuses"] if each["name"] == "probe"]
        own_end, end = own["state"]["terminated"]["finishedAt"], _status(bed, name)["completionTime"]
        seconds = (datetime.fromisoformat(end) - datetime.fromisoformat(own_end)).total_seconds()
        if seconds > AFTER:
            yield f"Job {name} ended {seconds:.0f} s after its container"
    except BedError as error:
        yield str(error)
    finally:
        bed.kubectl("-n", WHO.namespace, "delete", "job", name, "--wait=false", "--ignore-not-found")


def _status(bed: Bed, name: str) -> dict[str, Any]:
    return dict(json.loads(bed.kubectl("-n", WHO.namespace, "get", "job", name, "-o", "json")).get("status", {}))


def admitted(bed: Bed, namespace: str) -> bool:
    """Whether a pod that keeps to every policy can be made there, without making it; asked by kubectl, once."""
    account = WHO.account if namespace == WHO.namespace else "default"
    pod = manifest(Who("asked", namespace, account), image_of(bed))
    pod["spec"] |= {"volumes": [], "containers": pod["spec"]["containers"][:1]}
    pod["spec"]["containers"][0].pop("volumeMounts", None)
    return bool(bed.kubectl("create", "--dry-run=server", "-o", "name", "-f", "-", check=False, given=json.dumps(pod)))

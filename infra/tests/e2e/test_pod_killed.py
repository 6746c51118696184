"""A web pod goes away under traffic: with two of them nobody notices, when it dies without a word few do."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.tests.e2e.conftest import Life
from infra.verify.bed import TWO_PODS, Bed
from infra.verify.traffic import traffic

RATE = 50.0
SELECTOR = ("-n", "todo", "-l", "app.kubernetes.io/component=web")


@pytest.fixture(scope="module")
def two(life: Life) -> Iterator[Bed]:
    """The instance with two web pods; back to what it was afterwards."""
    bed = life.bed
    bed.up(*TWO_PODS)
    yield bed
    bed.up()


def test_a_pod_that_is_deleted_fails_no_request(two: Bed) -> None:
    with traffic(two, rate=RATE) as seen:
        time.sleep(2)
        two.kubectl("-n", "todo", "delete", "pod", pod(two), "--wait=false")
        time.sleep(20)
    assert seen.sent >= 20 * RATE
    assert seen.failures == 0, seen.examples
    two.wait("two ready pods", lambda: len(ready(two)) == 2, deadline=180)


def test_a_pod_that_dies_costs_what_was_in_flight_and_recovers(two: Bed) -> None:
    with traffic(two, rate=RATE) as seen:
        time.sleep(2)
        kill_container(two, pod(two))
        time.sleep(15)
    after = [text for text in seen.examples if float(text.split(" s:")[0]) > 12]
    assert seen.failures <= 3 * RATE, f"{seen.failures} failed: {dict(seen.failed)}"
    assert not after, f"still failing ten seconds later: {after}"
    two.wait("two ready pods", lambda: len(ready(two)) == 2, deadline=180)


def ready(bed: Bed) -> list[str]:
    """Names of the web pods that are ready and not on their way out."""
    return [
        pod["metadata"]["name"]
        for pod in bed.objects("pods", *SELECTOR)
        if "deletionTimestamp" not in pod["metadata"]
        and all(container["ready"] for container in pod["status"].get("containerStatuses", [{"ready": False}]))
    ]


def pod(bed: Bed) -> str:
    """One of two ready pods."""
    bed.wait("two ready pods", lambda: len(ready(bed)) == 2, deadline=180)
    return ready(bed)[0]


def kill_container(bed: Bed, name: str) -> None:
    """`kill -9` of every process of the pod's container, from outside."""
    found = next(each for each in bed.objects("pods", *SELECTOR) if each["metadata"]["name"] == name)
    container = found["status"]["containerStatuses"][0]["containerID"].rpartition("/")[2]
    killed = 0
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):
                if container in (process / "cgroup").read_text(encoding="utf-8"):
                    os.kill(int(process.name), signal.SIGKILL)
                    killed += 1
    assert killed, f"no process of {name} found: the test has no subject"

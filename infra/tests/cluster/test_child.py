"""When a component is started again, and how its log is bounded."""

import signal
from pathlib import Path

from infra.cluster.embedded import child as module
from infra.cluster.embedded.child import Child


def child(folder: Path) -> Child:
    return Child(
        name="etcd", command=["etcd"], program=Path("/bin/true"), cgroup="system/etcd", log=folder / "etcd.log"
    )


def test_pause_doubles_up_to_its_bound(tmp_path: Path) -> None:
    one, pauses = child(tmp_path), []
    for start in range(9):
        one.started = float(start)
        one.ended(1 << 8, now=float(start))
        pauses.append(one.next_start - start)

    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert one.restarts == 9


def test_pause_begins_again_after_a_quiet_minute(tmp_path: Path) -> None:
    one = child(tmp_path)
    for _ in range(5):
        one.ended(1 << 8, now=0.0)
    one.started = 100.0
    one.ended(1 << 8, now=161.0)

    assert one.next_start - 161.0 == module.BACKOFF_FIRST


def test_reason_of_the_end_is_told(tmp_path: Path) -> None:
    one, two = child(tmp_path), child(tmp_path)
    one.ended(3 << 8, now=0.0)
    two.ended(signal.SIGKILL, now=0.0)

    assert one.message == "ended with 3; next start in 0.5 s"
    assert two.message.startswith("killed by SIGKILL")
    assert one.state == two.state == "backoff"


def test_log_is_bounded_and_keeps_its_last_part(tmp_path: Path) -> None:
    one = child(tmp_path)
    one.log.write_bytes(b"x" * (module.LOG_BYTES + 1))
    one.bound_log()
    writer = one.log.open("ab")
    writer.write(b"next")
    writer.close()

    assert one.log.read_bytes() == b"next"
    assert (tmp_path / "etcd.log.1").stat().st_size == module.LOG_BYTES + 1


def test_end_that_was_asked_for_is_no_restart(tmp_path: Path) -> None:
    one = child(tmp_path)
    one.ended(0, now=0.0, last=True)

    assert (one.state, one.restarts, one.message) == ("stopped", 0, "ended with 0")

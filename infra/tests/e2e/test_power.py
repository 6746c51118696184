"""`stop` and `start` keep the data."""

from infra.verify.bed import Bed


def test_a_stopped_instance_is_down_and_starts_again_with_its_data(bed: Bed) -> None:
    todo = bed.api().add("still here after the night")
    done = bed.call("stop", deadline=120)
    assert done.code == 0, done.text
    assert bed.call("status", deadline=180).code == 5
    done = bed.call("start", deadline=180)
    assert done.code == 0, done.text
    bed.wait("the service answers", lambda: bed.api().has(todo), deadline=120)
    bed.wait("healthy pods", lambda: not bed.unhealthy(), deadline=180)

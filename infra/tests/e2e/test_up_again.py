"""`up` on what is up changes nothing; a changed setting is the twin that shows the count can be other than 0."""

from infra.verify.bed import TWO_PODS, Bed

# The figure's goal is 10 s (`make bench BENCH=up_again`); here the machine may be busy with other tests.
QUICK = 60.0


def test_up_again_is_quick_and_writes_nothing(bed: Bed) -> None:
    mark = bed.audit.mark()
    assert mark > 0, "the audit log is empty: 0 writes would mean nothing"
    done = bed.up()
    assert bed.audit.writes(since=mark, user="slipway") == []
    assert done.result()["changed"] == 0
    assert done.seconds < QUICK


def test_preview_writes_nothing_either(bed: Bed) -> None:
    mark = bed.audit.mark()
    done = bed.call("preview", *TWO_PODS)
    assert done.code == 0, done.text
    assert bed.audit.writes(since=mark, user="slipway") == []


def test_a_changed_setting_is_written_and_taken_back(bed: Bed) -> None:
    mark = bed.audit.mark()
    assert bed.up(*TWO_PODS).result()["changed"] > 0
    assert bed.audit.writes(since=mark, user="slipway") != []
    assert bed.kubectl("-n", "todo", "get", "deployment", "todo-app-web", "-o", "jsonpath={.spec.replicas}") == "2"
    assert bed.up().result()["changed"] > 0
    assert bed.kubectl("-n", "todo", "get", "deployment", "todo-app-web", "-o", "jsonpath={.spec.replicas}") == "1"

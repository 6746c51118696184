"""Where things are kept, and which names an instance may have."""

from pathlib import Path

import pytest

from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import Instance, cache_dir


def test_the_cache_is_where_the_user_wants_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SLIPWAY_CACHE", str(tmp_path / "x"))
    assert cache_dir() == tmp_path / "x"
    monkeypatch.delenv("SLIPWAY_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_dir() == tmp_path / "slipway"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_dir() == tmp_path / ".cache" / "slipway"


@pytest.mark.parametrize("name", ["", "Ä", "1a", "a_b", "../x", "elevenchars", "a b"])
def test_a_name_that_cannot_name_an_interface_is_refused(name: str) -> None:
    with pytest.raises(SlipwayError) as caught:
        Instance.named(name)

    assert caught.value.code == Exit.BAD_INPUT


def test_instances_share_no_path() -> None:
    one, two = Instance.named("one"), Instance.named("two")

    assert {one.state, one.run, one.lock}.isdisjoint({two.state, two.run, two.lock})


def test_down_can_hold_the_lock_while_it_removes_the_rest() -> None:
    one = Instance.named("one")

    assert not one.lock.is_relative_to(one.state)
    assert not one.lock.is_relative_to(one.run)

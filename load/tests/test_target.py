"""Load goes to loopback only, unless a host is written out."""

import pytest

from load.target import TargetError, check


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/", "http://localhost:8080", "http://[::1]:9"])
def test_loopback_is_allowed(url: str) -> None:
    assert check(url, allowed=frozenset()) == url.rstrip("/")


@pytest.mark.parametrize("url", ["http://192.0.2.1/", "http://0.0.0.0:80", "https://198.51.100.7"])
def test_anything_else_is_refused_and_the_way_out_is_named(url: str) -> None:
    with pytest.raises(TargetError, match="--allow-host"):
        check(url, allowed=frozenset())


def test_a_host_that_is_written_out_is_allowed() -> None:
    assert check("http://192.0.2.1:80", allowed=frozenset({"192.0.2.1"})) == "http://192.0.2.1:80"


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:80", "http://"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(TargetError, match="no http"):
        check(url, allowed=frozenset())

"""Doctor and Vault: sealed, silent, an authority that ends or differs, a login that nobody renews."""

from datetime import UTC, datetime, timedelta

from infra.lib.findings import Finding
from infra.slipway.doctor import vault
from infra.vault.certificates import LIFE, make

NOW = datetime(2026, 11, 21, tzinfo=UTC)
PEM = make(("vault.vault.svc",), now=NOW).authority.decode()


def levels(found: list[Finding]) -> list[str]:
    return [each.level for each in found]


def test_a_sealed_a_new_and_a_silent_one_are_told() -> None:
    assert levels(vault.seal("vault-0", {"initialized": True, "sealed": False})) == ["ok"]
    for health in ({"initialized": True, "sealed": True}, {"initialized": False, "sealed": True}, None):
        [found] = vault.seal("vault-0", health)
        assert found.level == "fail"
        assert found.remedy


def config_map(namespace: str, pem: str) -> dict[str, object]:
    return {"metadata": {"namespace": namespace}, "data": {"ca.crt": pem}}


def test_an_authority_that_ends_or_differs_is_told() -> None:
    maps = [config_map("todo", PEM), config_map("vault", PEM)]

    assert levels(vault.authority(maps, now=NOW)) == ["ok"]
    assert levels(vault.authority(maps, now=NOW + LIFE - timedelta(days=3))) == ["warn"]
    assert levels(vault.authority(maps, now=NOW + LIFE + timedelta(days=1))) == ["fail"]
    other = config_map("data", make(("vault.vault.svc",), now=NOW).authority.decode())
    assert "differs between" in vault.authority([*maps, other], now=NOW)[0].message
    assert vault.authority([], now=NOW) == []


def lease(begin: timedelta, end: timedelta) -> dict[str, str]:
    return {"issue_time": (NOW + begin).isoformat(), "expire_time": (NOW + end).isoformat()}


def test_a_login_in_its_last_tenth_is_told_unless_a_newer_one_is_there() -> None:
    old = lease(timedelta(minutes=-58), timedelta(minutes=2))
    new = lease(timedelta(minutes=-1), timedelta(minutes=59))

    assert levels(vault.leases({"web": [old, new]}, now=NOW)) == ["ok"]
    [found] = vault.leases({"web": [old], "relay": [new]}, now=NOW)
    assert (found.level, found.subject) == ("warn", "lease web")


def test_a_workload_without_a_login_is_told_whatever_others_have() -> None:
    new = lease(timedelta(minutes=-1), timedelta(minutes=59))

    [found] = vault.leases({"web": [], "relay": [new]}, now=NOW)

    assert (found.level, found.subject) == ("warn", "lease web")
    assert levels(vault.leases({"web": [], "relay": []}, now=NOW)) == ["warn", "warn"]

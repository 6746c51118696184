"""Known devices: the cookie names one account and cannot be made or moved."""

import pytest
from django.core import signing
from django.http import HttpResponse

from todo_app.accounts.device import account_key, device_of, device_remember


def cookies(account: str) -> dict[str, str]:
    """What a browser sends after it has signed in."""
    response = HttpResponse()
    device_remember(response, account=account)
    (cookie,) = response.cookies.values()
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"], cookie["path"]) == (True, "Lax", True, "/sign-in")
    return {cookie.key: cookie.value}


def test_the_cookie_is_known_for_its_account_in_every_spelling() -> None:
    sent = cookies("Owner")

    assert device_of(sent, account="Owner")
    assert device_of(sent, account="\uff4fwner") == device_of(sent, account="owner") == device_of(sent, account="Owner")
    assert account_key("other") != account_key("owner")


def test_a_forged_moved_or_old_cookie_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    ((name, value),) = cookies("owner").items()
    ((other, _),) = cookies("victim").items()

    assert device_of({}, account="owner") is None
    assert device_of({name: value[:-1] + ("A" if value[-1] != "A" else "B")}, account="owner") is None
    assert device_of({other: value}, account="victim") is None
    forged = signing.dumps({"account": account_key("owner"), "device": "1"}, key="guessed", salt="slipway.known-device")
    assert device_of({name: forged}, account="owner") is None
    monkeypatch.setattr("todo_app.accounts.device.MAX_AGE", -1)
    assert device_of({name: value}, account="owner") is None

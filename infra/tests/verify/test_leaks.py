"""A secret is found in every form, and its name alone is told."""

import base64
import json
import secrets
from pathlib import Path
from urllib.parse import quote

import pytest

from infra.verify.faults.leaks import parts
from infra.verify.leaks import core, forms, seen

VALUE = f'a+b/{secrets.token_urlsafe(20)}=&"ä'.encode()
TRAVELS = {
    "raw": b"password=" + VALUE,
    "base64": base64.b64encode(VALUE),
    "base64 behind one more byte": base64.b64encode(b":" + VALUE + b"tail"),
    "base64 behind two more bytes": base64.b64encode(b"u:" + VALUE),
    "base64 for addresses": base64.urlsafe_b64encode(b"abc" + VALUE),
    "hexadecimal": VALUE.hex().encode(),
    "address": quote(VALUE, safe="").encode(),
    "json": json.dumps({"password": VALUE.decode()}).encode(),
    "json in json": json.dumps({"log": json.dumps({"password": VALUE.decode()})}).encode(),
}


@pytest.mark.parametrize("form", TRAVELS)
def test_it_is_found_however_it_travels(form: str, tmp_path: Path) -> None:
    place = tmp_path / "log"
    place.write_bytes(b"before\n" + TRAVELS[form] + b"\nafter\0\xff")

    assert seen({"the secret": VALUE}, [place], folder=tmp_path) == {"the secret": {"log"}}
    assert not (tmp_path / "needles").exists()


def test_others_are_not_found(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(base64.b64encode(secrets.token_bytes(4000)) + secrets.token_hex(2000).encode())

    assert seen({"the secret": VALUE}, [tmp_path / "log", tmp_path / "absent"], folder=tmp_path) == {}


def test_a_folder_is_searched_to_its_ground(tmp_path: Path) -> None:
    deep = tmp_path / "state" / "a" / "b"
    deep.mkdir(parents=True)
    (deep / "file").write_bytes(VALUE)

    assert seen({"s": VALUE}, [tmp_path / "state"], folder=tmp_path) == {"s": {"state"}}


def test_of_a_key_in_pem_a_line_is_enough() -> None:
    pem = b"-----BEGIN PRIVATE KEY-----\nfirst\nmiddle-of-the-key\nlast\n-----END PRIVATE KEY-----\n"

    assert core(pem) == b"middle-of-the-key"
    assert core(b" plain \n") == b"plain"


def test_what_could_be_there_by_chance_is_no_form() -> None:
    assert forms(b"short") == set()


def test_a_list_of_secrets_is_searched_one_by_one() -> None:
    listed = ["a" * 12, "short", "b" * 12]

    assert parts("keys", json.dumps(listed).encode()) == {"keys[0]": b"a" * 12, "keys[2]": b"b" * 12}
    assert parts("password", b"123456789012") == {"password": b"123456789012"}
    assert parts("short", b"1234") == {}

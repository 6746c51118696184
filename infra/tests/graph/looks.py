"""What is an address in a text that a container is given."""

import json
import re
from collections.abc import Iterator

ADDRESS = re.compile(
    r"(^|_)(HOSTS?|URLS?|URIS?|ISSUER|ENDPOINTS?|ADDRESS(ES)?|ADDR|SERVERS?|BROKERS?|SHARDS|DSN|PEERS?)$"
)
# A digest, a moment and `uid:gid` have colons too and are no `name:port`.
LOOKS = re.compile(
    r"://|\.svc\b"
    r"|(?<![\w.-])[\w.-]*[a-z][\w.-]*[)}]?:\d{2,5}(?![\w:])"
    r"|(?<![\w.-])(\d{1,3}\.){3}\d{1,3}(?![\w.-])"
    r"|\[[\da-f:]+\]:\d",
    re.IGNORECASE,
)
BETWEEN = re.compile(r"[\s\"'`,;=|<>]+")


def is_address(name: str, value: str) -> bool:
    """By its name or by its looks: whose address it is must be said in the graph."""
    return bool(ADDRESS.search(name.upper()) or LOOKS.search(value))


def addresses(name: str, value: str) -> Iterator[str]:
    """Every address in a value; what is in a JSON text has the name it has there."""
    for inner, text in _texts(name, value):
        yield from (word for word in BETWEEN.split(text) if is_address(inner, word))


def _texts(name: str, value: str) -> Iterator[tuple[str, str]]:
    try:
        found = json.loads(value)
    except ValueError:
        found = None
    if isinstance(found, dict):
        for key, each in found.items():
            yield name, key
            yield from _texts(key, each if isinstance(each, str) else json.dumps(each))
    elif isinstance(found, list):
        for each in found:
            yield from _texts(name, each if isinstance(each, str) else json.dumps(each))
    else:
        yield name, value

"""Make Secrets that do not exist yet and add keys that are missing; never change or print a value.

SECRETS_SPEC      JSON list of {"namespace", "name", "keys": {key: {"length": n} or {"copyFrom": "ns/name/key"}}};
                  `length` makes n random letters and digits, `copyFrom` takes the value of another Secret's key.
SECRETS_DEADLINE  seconds to wait for rights, namespaces and copied Secrets that are still missing (60).
Ends with 0 when every key is there, 1 when the cluster refused, 2 when SECRETS_SPEC is wrong.
"""

import json
import os
import re
import secrets
import string
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from kubernetes_secrets import Api, PassingError, RefusedError

ALPHABET = string.ascii_letters + string.digits
SHORTEST, LONGEST = 12, 1024  # characters
PAUSE = 1.0  # seconds between two attempts
NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")

Place = tuple[str, str]  # namespace, name
Source = int | tuple[Place, str]  # a length, or where to copy from
Spec = dict[Place, dict[str, Source]]


class BadSpecError(Exception):
    """Every mistake of SECRETS_SPEC, one a line."""


def parse(text: str) -> Spec:
    """SECRETS_SPEC as data; raises BadSpecError with all its mistakes at once."""
    try:
        listed = json.loads(text)
    except ValueError as error:
        raise BadSpecError(f"SECRETS_SPEC is no JSON: {error}") from error
    if not isinstance(listed, list) or not listed:
        raise BadSpecError("SECRETS_SPEC wants a list with at least one Secret")
    spec: Spec = {}
    mistakes: list[str] = []
    for number, entry in enumerate(listed):
        _parse_entry(f"SECRETS_SPEC[{number}]", entry, spec, mistakes)
    mistakes += [f"{'/'.join(place)}: copyFrom leads back to itself" for place in spec if _circular(place, spec)]
    if mistakes:
        raise BadSpecError("\n".join(mistakes))
    return spec


def _parse_entry(where: str, entry: object, spec: Spec, mistakes: list[str]) -> None:
    if not isinstance(entry, dict) or set(entry) != {"namespace", "name", "keys"}:
        mistakes.append(f"{where}: wants exactly namespace, name and keys")
        return
    place = (str(entry["namespace"]), str(entry["name"]))
    if not all(NAME.fullmatch(part) for part in place):
        mistakes.append(f"{where}: {'/'.join(place)} is no namespace/name")
    if place in spec:
        mistakes.append(f"{where}: {'/'.join(place)} is listed twice")
    keys = entry["keys"]
    if not isinstance(keys, dict) or not keys:
        mistakes.append(f"{where}.keys: wants at least one key")
        return
    spec[place] = {}
    for key, how in keys.items():
        source = _parse_source(how)
        if not KEY.fullmatch(key):
            mistakes.append(f"{where}.keys: {key!r} is no key of a Secret")
        elif source is None:
            mistakes.append(
                f'{where}.keys.{key}: wants {{"length": {SHORTEST}..{LONGEST}}} or {{"copyFrom": "namespace/name/key"}}'
            )
        else:
            spec[place][key] = source


def _parse_source(how: object) -> Source | None:
    match how:
        case {"length": bool()}:
            return None
        case {"length": int(length), **others} if not others and SHORTEST <= length <= LONGEST:
            return length
        case {"copyFrom": str(path), **others} if not others and len(parts := path.split("/")) == 3:
            namespace, name, key = parts
            if NAME.fullmatch(namespace) and NAME.fullmatch(name) and KEY.fullmatch(key):
                return (namespace, name), key
    return None


def _circular(start: Place, spec: Spec, seen: tuple[Place, ...] = ()) -> bool:
    if start in seen:
        return start == seen[0]
    sources = {source[0] for source in spec.get(start, {}).values() if isinstance(source, tuple)}
    return any(_circular(source, spec, (*seen, start)) for source in sources)


@dataclass
class Filler:
    """Brings every Secret of `spec` about; sources of copies first."""

    api: Api
    spec: Spec
    say: Callable[[str], None]
    deadline: float  # as time.monotonic() counts
    done: set[Place] = field(default_factory=set)

    def fill_all(self) -> None:
        """Raises RefusedError, naming the Secret, when the cluster refuses for good or until the deadline."""
        for place in self.spec:
            self._fill(place)

    def _fill(self, place: Place) -> None:
        if place in self.done:
            return
        for source in self.spec[place].values():
            if isinstance(source, tuple) and source[0] in self.spec:
                self._fill(source[0])
        waiting = ""
        while True:
            try:
                self.say(f"{'/'.join(place)}: {self._attempt(place)}")
            except PassingError as reason:
                if time.monotonic() >= self.deadline:
                    raise RefusedError(str(reason)) from reason
                if str(reason) != waiting:
                    waiting = str(reason)
                    self.say(f"waiting: {waiting}")
                time.sleep(PAUSE)
            else:
                self.done.add(place)
                return

    def _attempt(self, place: Place) -> str:
        stored = self.api.read(*place)
        present = stored.values if stored else {}
        missing = {key: self._value(place, source) for key, source in self.spec[place].items() if key not in present}
        if not missing:
            return "unchanged"
        names = ", ".join(sorted(missing))
        if stored is None:
            self.api.create(*place, missing)
            return f"created with {names}"
        self.api.add(*place, missing, version=stored.version)
        return f"added {names}"

    def _value(self, place: Place, source: Source) -> bytes:
        if isinstance(source, int):
            return "".join(secrets.choice(ALPHABET) for _ in range(source)).encode("ascii")
        origin, key = source
        stored = self.api.read(*origin)
        if stored is None or key not in stored.values:
            raise PassingError(f"{'/'.join(place)} copies {'/'.join(origin)}/{key}, which does not exist")
        return stored.values[key]


def main() -> int:
    """Run by the image; see the top of this file."""
    try:
        spec = parse(os.environ.get("SECRETS_SPEC", ""))
        patience = float(os.environ.get("SECRETS_DEADLINE", "60"))
    except (BadSpecError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    try:
        Filler(Api.in_cluster(), spec, _say, time.monotonic() + patience).fill_all()
    except RefusedError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

"""People who sign in at the issuer by a password, and the groups their tokens tell of."""

from collections.abc import Iterator, Mapping

from infra.vault.desired import USERS
from infra.vault.ensure import Store, ensure_written


def ensure_people(store: Store, people: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, bool]]:
    """An entity for each, known by its user name, in its groups; who is in a group by other ways stays in it."""
    members: dict[str, list[str]] = {}
    for name, groups in people.items():
        entity = f"identity/entity/name/{name}"
        yield entity, bool(not store.read(entity) and ensure_written(store, entity, {"disabled": False}))
        found = store.read(entity)["data"]
        yield f"{entity} alias", _ensure_alias(store, name, found)
        for group in groups:
            members.setdefault(group, []).append(found["id"])
    for group, wanted in members.items():
        path = f"identity/group/name/{group}"
        there = (store.read(path) or {"data": {}})["data"].get("member_entity_ids") or []
        yield f"{path} members", ensure_written(store, path, {"member_entity_ids": [*{*there, *wanted}]})


def without_password(store: Store, people: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Those who cannot sign in yet."""
    return [name for name in people if not store.read(_user(name))]


def set_password(store: Store, name: str, password: str) -> None:
    """Let somebody sign in; nobody can read it back."""
    store.write_data(_user(name), data={"password": password, "token_ttl": 900, "token_max_ttl": 3600})


def _user(name: str) -> str:
    return f"auth/{USERS}/users/{name}"


def _ensure_alias(store: Store, name: str, entity: Mapping[str, object]) -> bool:
    accessor = store.read("sys/auth")["data"][f"{USERS}/"]["accessor"]
    aliases = entity.get("aliases") or []
    if isinstance(aliases, list) and any(each["mount_accessor"] == accessor for each in aliases):
        return False
    alias = {"name": name, "canonical_id": entity["id"], "mount_accessor": accessor}
    store.write_data("identity/entity-alias", data=alias)
    return True

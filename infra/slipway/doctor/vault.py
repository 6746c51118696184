"""Vault: sealed, an authority that ends, a login of the database that nobody renews any more."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from infra.lib.errors import SlipwayError
from infra.lib.findings import Finding
from infra.lib.kube import Kube, KubeError, Object
from infra.slipway.doctor import certificates
from infra.slipway.doctor.certificates import Meaning
from infra.slipway.vault_api import NAMESPACE, Vault
from infra.vault.desired import LIFE

SUBJECT = "vault"
KUBECTL = ".venv/bin/slipway kubectl"
AUTHORITY, RENEW = (
    "vault-ca",
    f"{KUBECTL} -- -n {NAMESPACE} delete jobs -l app.kubernetes.io/name=vault-certificates; make up",
)
ENDED = Meaning(then="nobody can sign in at Vault", remedy=RENEW)
# Of its whole life: an agent renews or replaces a login long before.
LAST_PART = 0.1


def check(kube: Kube, *, now: datetime) -> list[Finding]:
    """Nothing where there is no Vault."""
    pods = kube.find_all("v1", "Pod", NAMESPACE, labels="app.kubernetes.io/name=vault")
    if not pods:
        return []
    vault = Vault(kube)
    seals = [each for pod in pods for each in seal(pod["metadata"]["name"], vault.health(pod["metadata"]["name"]))]
    maps = kube.find_all("v1", "ConfigMap", fields=f"metadata.name={AUTHORITY}")
    found = [*seals, *authority(maps, now=now)]
    if any(each.level == "fail" for each in seals):
        return found
    try:
        told = {role: list(vault.leases(role)) for role in LIFE}
    except (KubeError, SlipwayError) as error:
        look = f"{KUBECTL} -n {NAMESPACE} get jobs"
        return [*found, Finding("warn", "leases", f"cannot be looked at: {error.message}", look)]
    return [*found, *leases(told, now=now)]


def seal(pod: str, health: Mapping[str, Any] | None) -> list[Finding]:
    """What one pod says of itself; None: it does not answer."""
    logs = f"{KUBECTL} -n {NAMESPACE} logs {pod}"
    if health is None:
        return [Finding("fail", SUBJECT, f"{pod} does not answer: no new login, no new secret", logs)]
    if not health["initialized"]:
        return [Finding("fail", SUBJECT, f"{pod} is not initialised", f"{KUBECTL} -n {NAMESPACE} get jobs; make up")]
    if health["sealed"]:
        told = f"{pod} is sealed: pods go on until their logins end, new ones do not start"
        remedy = f".venv/bin/slipway logs vault-unseal; {KUBECTL} -n {NAMESPACE} delete pod {pod}"
        return [Finding("fail", SUBJECT, told, remedy)]
    return [Finding("ok", SUBJECT, f"{pod} is unsealed")]


def authority(maps: Iterable[Object], *, now: datetime) -> list[Finding]:
    """The certificate by which callers know Vault."""
    ends: dict[str, set[str]] = {}
    for item in maps:
        ends.setdefault((item.get("data") or {}).get("ca.crt", ""), set()).add(item["metadata"]["namespace"])
    found = []
    if len(ends) > 1:
        places = "; ".join(", ".join(sorted(each)) for each in ends.values())
        found.append(Finding("fail", AUTHORITY, f"differs between {places}: some callers refuse Vault", RENEW))
    for pem in filter(None, ends):
        found += certificates.certificate(AUTHORITY, pem.encode(), now=now, meaning=ENDED)
    return found


def leases(told: Mapping[str, Iterable[Mapping[str, Any]]], *, now: datetime) -> list[Finding]:
    """The newest login of each workload that always runs: an agent renews or replaces it before its last tenth."""
    found = []
    for role, listed in told.items():
        look = f"{KUBECTL} -n todo logs -l app.kubernetes.io/component={role} -c vault-agent"
        newest = max(listed, key=lambda each: str(each["expire_time"]), default=None)
        if newest is None:
            found.append(
                Finding("warn", f"lease {role}", f"{role} has no login of the database: its agent gets none", look)
            )
            continue
        begin, end = (datetime.fromisoformat(str(newest[key])) for key in ("issue_time", "expire_time"))
        left, life = (end - now).total_seconds(), (end - begin).total_seconds()
        if left < life * LAST_PART:
            text = f"the newest login of {role} ends in {max(0, left):.0f} s: its agent renews it no more"
            found.append(Finding("warn", f"lease {role}", text, look))
    return found or [Finding("ok", "leases", f"{len(told)} logins of the database have time left")]

"""R44: every secret of an instance, searched in all that the platform writes, shows or keeps elsewhere."""

import base64
import gzip
import json
import secrets
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from infra.components.vault_pod import SEAL
from infra.lib.paths import REPOSITORY, cache_dir
from infra.vault.desired import AUDIT
from infra.verify.bed import Bed
from infra.verify.faults.fault import Fault, Site, hold
from infra.verify.leaks import LENGTH_MIN, forms, seen
from infra.verify.vault.live import FILES, in_pod

SHOWN = "secret-shown"
RELEASES = "helm.sh/release.v1"
PUBLIC = frozenset({"ca.crt", "tls.crt", "hosts", "root-cert.pem", "ca-cert.pem", "cert-chain.pem"})
CONTROL = "canary"
# Everything a namespace holds but Secrets; of the events only what was told is kept.
LISTED = ("--verbs=list", "-o", "name")
SERVING = ("web", "relay")


def no_secret_is_seen(site: Site) -> None:
    """Use the service as people do by mistake, too; then look everywhere, with a planted control in each form."""
    bed, places = site.bed, site.folder / "places"
    places.mkdir()
    held = _secrets(bed) | _logins(bed) | _unsealing(bed)
    hold(len(held) >= 5, f"only {len(held)} secrets are held: {', '.join(sorted(held))}")
    _mistakes(bed)
    control = {"control": f"+/ä {secrets.token_urlsafe(18)} \"'&".encode()}
    _plant(bed, forms(control["control"]))
    if site.defect == SHOWN:
        _plant(bed, {base64.b64encode(b"admin:" + held["todo/todo-app/admin-password"])}, name="seeded")
    try:
        _gather(bed, places)
    finally:
        bed.kubectl("-n", "todo", "delete", "configmap", CONTROL, "seeded", "--ignore-not-found", "--wait=false")
    found = seen(control, places.iterdir(), folder=site.folder).get("control", set())
    hold(found >= {"manifests", "logs"}, f"the planted control is seen in {sorted(found)} alone")
    hits = seen(held, [*places.iterdir(), bed.instance.logs, *_images(bed)], folder=site.folder)
    told = "; ".join(f"{name} in {', '.join(sorted(where))}" for name, where in sorted(hits.items()))
    hold(not hits, f"secrets are seen: {told}")


def _secrets(bed: Bed) -> dict[str, bytes]:
    """Namespace/name/key → value, of all that is no certificate and no release of Helm's."""
    found: dict[str, bytes] = {}
    for item in bed.objects("secrets", "-A"):
        if item["type"] == RELEASES:
            continue
        for key, text in (item.get("data") or {}).items():
            value = base64.b64decode(text)
            if key not in PUBLIC:
                found |= parts(f"{item['metadata']['namespace']}/{item['metadata']['name']}/{key}", value)
    return found


def parts(name: str, value: bytes) -> dict[str, bytes]:
    """A list of secrets is searched one by one; what is too short to be one is left out."""
    try:
        listed = json.loads(value)
    except ValueError:
        listed = None
    if isinstance(listed, list):
        return {
            f"{name}[{place}]": str(each).encode() for place, each in enumerate(listed) if len(str(each)) >= LENGTH_MIN
        }
    return {name: value} if len(value) >= LENGTH_MIN else {}


def _logins(bed: Bed) -> dict[str, bytes]:
    """Passwords of the database that Vault made and agents wrote, where there is Vault."""
    if not bed.objects("pods", "-n", "vault"):
        return {}
    told = {name: in_pod(bed, name, "cat", f"{FILES}/database-login") for name in SERVING}
    return {f"{name} login": text.split("\n")[1].encode() for name, text in told.items()}


def _unsealing(bed: Bed) -> dict[str, bytes]:
    """What opens Vault: the key beside the node, and the token by which Vault's pods ask for it."""
    key = Path(bed.instance.state) / "unseal" / "key"
    if not key.exists():
        return {}
    token = bed.kubectl("-n", "vault", "exec", "vault-0", "-c", "vault", "--", "cat", f"{SEAL}/token")
    return {"unseal key": key.read_bytes().strip(), "seal token": token.strip().encode()}


def _mistakes(bed: Bed) -> None:
    """A password typed where the name belongs, a wrong one, and bodies that cannot be read."""
    right, api = bed.password("admin"), bed.api()
    for username, password in ((right, "x" * 12), ("admin", f"{right}x")):
        api.call("POST", "/auth/tokens", {"username": username, "password": password})
    api.call("POST", "/todos", {"title": [right]})
    api.call("PATCH", f"/todos/{right}", {right: 1})


def _plant(bed: Bed, texts: set[bytes], name: str = CONTROL) -> None:
    """Into a ConfigMap, and into a pod's log."""
    data = {f"form-{number}": text.decode() for number, text in enumerate(sorted(texts))}
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "todo"}, "data": data}
    bed.kubectl("apply", "--server-side", "-f", "-", given=json.dumps(manifest))
    if name == CONTROL:
        code = "import sys; open('/proc/1/fd/1', 'w').write(sys.stdin.read())"
        lines = "".join(f"{text}\n" for text in data.values())
        bed.kubectl(
            "-n", "todo", "exec", "-i", "deployment/todo-app-web", "-c", "web", "--", "python3", "-c", code, given=lines
        )


def _gather(bed: Bed, places: Path) -> None:
    sources: Mapping[str, Callable[[], str]] = {
        "manifests": lambda: _manifests(bed),
        "releases": lambda: _releases(bed),
        "logs": lambda: _logs(bed),
        "audit": lambda: _audit(bed),
        "metrics": lambda: _metrics(bed),
        "preview": lambda: bed.call("preview").text,
        "status": lambda: bed.call("status").text,
        "doctor": lambda: bed.call("doctor").text,
        "history": lambda: _git("log", "--all", "-p", "--no-color", "--no-ext-diff"),
    }
    for name, read in sources.items():
        (places / name).write_text(read(), encoding="utf-8", errors="replace")
    done = bed.call("render", "--out", str(places / "rendered"))
    hold(done.code == 0, f"nothing is rendered to search: {done.text}")


def _manifests(bed: Bed) -> str:
    kinds = bed.kubectl("api-resources", *LISTED).split()
    wanted = [kind for kind in kinds if kind != "secrets" and not kind.endswith(".metrics.k8s.io")]
    return bed.kubectl("get", ",".join(wanted), "-A", "-o", "json", check=False)


def _releases(bed: Bed) -> str:
    """What Helm keeps, unpacked."""
    packed = [item["data"]["release"] for item in bed.objects("secrets", "-A") if item["type"] == RELEASES]
    return "\n".join(gzip.decompress(base64.b64decode(base64.b64decode(text))).decode() for text in packed)


def _logs(bed: Bed) -> str:
    told = []
    for pod in bed.objects("pods", "-A"):
        where = ("-n", pod["metadata"]["namespace"], pod["metadata"]["name"])
        told.append(bed.kubectl("logs", *where, "--all-containers", "--ignore-errors", check=False))
    return "\n".join(told)


def _audit(bed: Bed) -> str:
    """The device that no log of a pod shows."""
    pods = bed.objects("pods", "-n", "vault", "-l", "app.kubernetes.io/name=vault")
    names = [pod["metadata"]["name"] for pod in pods]
    return "\n".join(
        bed.kubectl("-n", "vault", "exec", name, "-c", "vault", "--", "cat", AUDIT["file"]) for name in names
    )


def _metrics(bed: Bed) -> str:
    code = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8001/metrics').read().decode())"
    return "\n".join(in_pod(bed, name, "python3", "-c", code) for name in SERVING)


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=REPOSITORY, capture_output=True, check=True, timeout=120)
    return done.stdout.decode(errors="replace")


def _images(bed: Bed) -> list[Path]:
    """Archives of what runs; their layers are plain tar."""
    pods = bed.objects("pods", "-A")
    boxes = [box for pod in pods for box in pod["spec"]["containers"] + pod["spec"].get("initContainers", [])]
    running = {box["image"].rpartition("/")[2].replace(":", "-") for box in boxes}
    return [path for path in sorted((cache_dir() / "images").glob("*.tar")) if path.stem in running]


LEAKS = Fault(
    id="R44",
    title="secrets nowhere but where they are declared",
    promise=(
        "no secret, raw, in base64, hexadecimal, an address or JSON, in logs, metrics, manifests, releases, previews,"
        " Git's history or image layers; a planted control is found"
    ),
    tier="full",
    defect=SHOWN,
    probe=no_secret_is_seen,
)

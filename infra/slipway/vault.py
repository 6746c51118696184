"""`vault snapshot` and `vault restore`: Vault's store in a file, and back. The runbook is docs/runbooks/vault.md."""

import gzip
import hashlib
import io
import os
import subprocess
import tarfile
import zlib
from pathlib import Path

from infra.lib.errors import Exit, SlipwayError
from infra.lib.kube import Kube
from infra.lib.paths import kubectl_homes
from infra.slipway import kubectl, views
from infra.slipway.confirm import confirm_replacing
from infra.slipway.session import Session
from infra.slipway.vault_api import NAMESPACE, token_of

POD, FILE = "vault-0", "/tmp/snapshot"  # noqa: S108 - the pod's own, in memory
DEADLINE = 300.0
# The account's token comes by the first line of the input: arguments and variables of a process can be read.
SIGN_IN = """
umask 077
read -r jwt
VAULT_TOKEN=$(printf %s "$jwt" | vault write -field=token auth/kubernetes/login role="$1" jwt=-)
export VAULT_TOKEN
trap 'rm -f "$2"' EXIT
"""
TAKE = f'{SIGN_IN}vault operator raft snapshot save "$2" >&2\ncat "$2"\n'
PUT = f'{SIGN_IN}cat > "$2"\nvault operator raft snapshot restore -force "$2" >&2\n'


def snapshot(session: Session, file: Path) -> None:
    """Into `file`, readable by its owner only; what is in it is encrypted by Vault's own keys."""
    session.require_running()
    content = _run(session, TAKE, role="vault-snapshot", given=b"")
    examine(content, str(file))
    temporary = file.with_name(f".{file.name}.new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
    temporary.replace(file)
    if not session.options.json:
        told = f"{file}: {len(content):,} bytes. It opens with the key service and recovery keys of today: keep both"
        views.console().print(told)


def restore(session: Session, file: Path) -> None:
    """Everything in Vault becomes what it was; tokens and logins made since are worth nothing."""
    session.require_running()
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SlipwayError(f"{file}: {error.strerror}", code=Exit.BAD_INPUT) from error
    examine(content, str(file))
    confirm_replacing(session, what="everything in Vault", by=str(file))
    _run(session, PUT, role="vault-restore", given=content)
    if not session.options.json:
        again = ".venv/bin/slipway kubectl -- -n data delete jobs -l app.kubernetes.io/name=vault-database; make up"
        views.console().print(f"restored. Vault may not know its database's password any more; next: {again}")


def examine(content: bytes, name: str) -> None:
    """Whether it is whole: a snapshot carries the sums of its parts."""
    try:
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(content))) as archive:
            parts = {each.name: archive.extractfile(each) for each in archive.getmembers() if each.isfile()}
            found = {part: stream.read() for part, stream in parts.items() if stream}
        sums = [line.split() for line in found["SHA256SUMS"].decode().splitlines()]
        whole = len(sums) > 1 and all(hashlib.sha256(found[part]).hexdigest() == wanted for wanted, part in sums)
    except (tarfile.TarError, zlib.error, OSError, EOFError, KeyError, ValueError) as error:
        raise SlipwayError(f"{name} is no snapshot of Vault: {error}", code=Exit.BAD_INPUT) from error
    if not whole:
        raise SlipwayError(f"{name} is damaged: its parts are not what its sums say", code=Exit.BAD_INPUT)


def _run(session: Session, script: str, *, role: str, given: bytes) -> bytes:
    api = Kube(kubeconfig=session.cluster.kubeconfig(), context=session.cluster.context())
    try:
        jwt = token_of(api, namespace=NAMESPACE, account=role)
    finally:
        api.close()
    words = ("exec", "-i", "-n", NAMESPACE, POD, "-c", "vault", "--", "sh", "-euc", script, "sh", role, FILE)
    done = subprocess.run(
        kubectl.command(session, *words),
        input=f"{jwt}\n".encode() + given,
        capture_output=True,
        env={**kubectl_homes(), **os.environ},
        timeout=DEADLINE,
        check=False,
    )
    if done.returncode:
        lines = tuple(done.stderr.decode(errors="replace").splitlines()[-8:])
        raise SlipwayError(f"Vault refused, as {role}", details=lines, hint="make doctor", code=Exit.FAILED)
    return done.stdout

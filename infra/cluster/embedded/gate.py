"""Health gates: a short-lived child waits until a component answers, so that the supervisor stays small."""

import contextlib
import os
import socket
import time
from pathlib import Path

DEADLINE = 90.0
PAUSE = 0.1
# What a child has said of a Vault that does not unseal yet: each reason once.
_TOLD: list[str] = []


def wait_in_child(probe: str, *, authority: Path) -> int:
    """Fork a child that ends with 0 once `probe` answers, with 1 after DEADLINE; its process id.

    `probe` is `unix:<path>` (something accepts), `unseal:<folder>` (a Vault, which the child unseals), or an
    http(s) address that must answer 200; https is verified against `authority` where the certificate is ours
    (the API server), by nobody where the component made a throw-away one for 127.0.0.1.
    """
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            if _answers(probe, authority):
                code = 0
                break
            time.sleep(PAUSE)
    finally:
        os._exit(code)


def _answers(probe: str, authority: Path) -> bool:
    if probe.startswith("unix:"):
        with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError):
            client.connect(probe.removeprefix("unix:"))
            return True
        return False
    if probe.startswith("unseal:"):
        return _unseals(Path(probe.removeprefix("unseal:")))
    # Imported in the child only: TLS and HTTP are a third of the supervisor's memory.
    import ssl  # noqa: PLC0415 - see above
    import urllib.error  # noqa: PLC0415 - see above
    import urllib.request  # noqa: PLC0415 - see above

    context = ssl.create_default_context(cafile=str(authority))
    if ":6443/" not in probe:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        with urllib.request.urlopen(probe, timeout=2, context=context) as answer:  # noqa: S310 - loopback only
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _unseals(folder: Path) -> bool:
    from infra.cluster.embedded import unseal  # noqa: PLC0415 - as above

    try:
        unseal.attempt(folder)
    except unseal.NotYetError as reason:
        if str(reason) not in _TOLD:
            _TOLD.append(str(reason))
            os.write(1, f"{unseal.NAME}: {reason}\n".encode())
        return False
    except unseal.BeginAnewError as reason:
        # Ended and started again by the supervisor, as whatever does not answer is.
        os.write(1, f"{unseal.NAME}: {reason}\n".encode())
        os._exit(1)
    return True

"""What a probe asks and what it is answered: bytes over a connection, plain or with a certificate."""

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from infra.verify.bed import Bed
from infra.verify.mesh.pods import CERTS, Who

# plain: as it is, which a sidecar makes mutual TLS of; mesh: with the probe's certificate; kept: with the one it kept
# until it ended; forged: with one of an authority of its own; tls: none, the target's own TLS is what is asked for.
How = Literal["plain", "mesh", "kept", "forged", "tls"]
SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
# Where the API server is, with its length before it as names are asked for by TCP.
LABELS = (b"kubernetes", b"default", b"svc", b"cluster", b"local", b"")
HEAD, KIND = b"\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", b"\x00\x01\x00\x01"
NAME = HEAD + b"".join(bytes([len(label)]) + label for label in LABELS) + KIND
HELLO = {5432: SSL_REQUEST, 6379: b"PING\r\n", 53: len(NAME).to_bytes(2, "big") + NAME}
SHOOK = b"shook hands"
DENIED = b"RBAC: access denied"
# Runs in a probe: asks in parallel, reads to the end or so many bytes, and says what came.
SCRIPT = """
import base64, concurrent.futures, json, socket, ssl, sys

def context(how):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    if how == "tls":
        return made
    chain = {"mesh": "CERTS/cert-chain.pem CERTS/key.pem", "kept": "/dev/shm/kept.pem /dev/shm/kept.key",
             "forged": "/dev/shm/forged.pem /dev/shm/forged.key"}[how].split()
    made.load_cert_chain(*chain)
    return made

def one(ask):
    got = b""
    try:
        with socket.create_connection((ask["host"], ask["port"]), 5) as plain:
            plain.settimeout(5)
            end = plain if ask["how"] == "plain" else context(ask["how"]).wrap_socket(plain)
            if ask["how"] == "tls":
                return base64.b64encode(b"SHOOK").decode()
            end.sendall(base64.b64decode(ask["send"]))
            while len(got) < 4000:
                part = end.recv(4000)
                got += part
                if not part or ask["brief"]:
                    break
    except OSError:
        pass
    return base64.b64encode(got).decode()

with concurrent.futures.ThreadPoolExecutor(8) as pool:
    print(json.dumps(list(pool.map(one, json.load(sys.stdin)))))
""".replace("CERTS", CERTS).replace("SHOOK", SHOOK.decode())


WRITE = """
import base64, json, sys

for name, text in json.load(sys.stdin).items():
    with open("/dev/shm/" + name, "wb") as file:
        file.write(base64.b64decode(text))
"""


@dataclass(frozen=True)
class Ask:
    """One connection; `brief`: the first bytes are the answer, as with a protocol that is no HTTP."""

    host: str
    port: int
    send: bytes = field(repr=False)
    how: How = "plain"
    brief: bool = False
    what: str = ""

    def by(self, how: How) -> "Ask":
        """The same in another way."""
        return replace(self, how=how)


def http(host: str, port: int, method: str, path: str) -> Ask:
    """A request whose path is sent as it is written."""
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    return Ask(host, port, head.encode(), what=f"{method} {path}")


def tcp(host: str, port: int) -> Ask:
    """The first words of what is spoken at that port."""
    return Ask(host, port, HELLO[port], brief=True, what="hello")


def tls(host: str, port: int) -> Ask:
    """The target's own handshake, by whatever certificate it has."""
    return Ask(host, port, b"", how="tls", what="TLS")


def http2(host: str, port: int) -> Ask:
    """The first words of HTTP/2 without TLS, which gRPC answers with words of its own."""
    settings = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
    return Ask(host, port, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings, brief=True, what="HTTP/2")


def ask(bed: Bed, who: Who, asks: Sequence[Ask]) -> list[bytes]:
    """What each was answered; b"" for a connection that was refused, broken off or without a word."""
    given = [{**asdict(each), "send": base64.b64encode(each.send).decode()} for each in asks]
    words = ("-n", who.namespace, "exec", "-i", who.pod, "-c", "probe", "--", "python3", "-c", SCRIPT)
    told = bed.kubectl(*words, given=json.dumps(given), deadline=120)
    return [base64.b64decode(each) for each in json.loads(told)]


def let_in(answer: bytes) -> bool:
    """Whether the one behind the proxy answered: an app's own refusal counts, the proxy's does not."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status, lines = head[:12], head.lower().splitlines()
    if status == b"HTTP/1.1 403":  # to HEAD it says the length alone
        return DENIED not in body and f"content-length: {len(DENIED)}".encode() not in lines
    if status in {b"HTTP/1.1 502", b"HTTP/1.1 503"}:
        return False
    # What came from behind the proxy has its time on it; TCP has no status.
    return bool(answer) and (status != b"HTTP/1.1 400" or b"x-envoy-upstream-service-time" in head)


def refused_by_name(answer: bytes) -> bool:
    """The proxy's own 403."""
    return answer.startswith(b"HTTP/1.1 403") and not let_in(answer)


def put(bed: Bed, who: Who, files: dict[str, bytes]) -> None:
    """Files in the probe's memory."""
    words = ("-n", who.namespace, "exec", "-i", who.pod, "-c", "probe", "--", "python3", "-c", WRITE)
    bed.kubectl(*words, given=json.dumps({name: base64.b64encode(text).decode() for name, text in files.items()}))

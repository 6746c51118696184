"""The front door of the service: which Service this machine's port leads to, how to ask there, and whom to trust."""

import base64
import http.client
import socket
import ssl
from dataclasses import dataclass

from infra.lib.kube import Kube
from infra.slipway.session import Session

# Namespace, Service, port.
Target = tuple[str, str, int]
WEB: Target = ("todo", "todo-app-web", 80)
GATEWAY: Target = ("gateway", "gateway-istio", 443)
CERTIFICATE = ("gateway", "gateway-tls")
ROUTE = ("todo", "todo-app-web")
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Door:
    """`host` is the name it is asked for; `authority` who signed its certificate, as PEM; "": one the system knows."""

    port: int
    secure: bool
    host: str = LOOPBACK
    authority: str = ""

    @property
    def url(self) -> str:
        """Where it is on this machine."""
        return f"{'https' if self.secure else 'http'}://{LOOPBACK}:{self.port}/"

    def ask(self, path: str, *, patience: float) -> tuple[int, str]:
        """Status and the beginning of the body; raises OSError when there is no answer or no trust."""
        stream = socket.create_connection((LOOPBACK, self.port), timeout=patience)
        if self.secure:
            stream = ssl.create_default_context(cadata=self.authority or None).wrap_socket(
                stream, server_hostname=self.host
            )
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=patience)
        connection.sock = stream
        try:
            connection.request("GET", path, headers={"Host": self.host})
            answer = connection.getresponse()
            return answer.status, answer.read(300).decode(errors="replace")
        except http.client.HTTPException as error:
            raise OSError(f"no answer by HTTP: {error!r}") from error
        finally:
            connection.close()


def target(session: Session) -> Target:
    """Where the chosen profile has its front door."""
    return WEB if session.options.profile == "mini" else GATEWAY


def is_secure(exposed: str) -> bool:
    """Whether what a port leads to, as the cluster tells it, speaks https."""
    return exposed.endswith(f":{GATEWAY[2]}")


def url(port: int, exposed: str) -> str:
    """The address of a port of this machine."""
    return Door(port=port, secure=is_secure(exposed)).url


def door(session: Session) -> Door:
    """As it stands now, whatever profile was chosen when it was made."""
    port = session.options.port
    if not is_secure(session.cluster.info().exposed.get(port, "")):
        return Door(port=port, secure=False)
    kube = Kube(kubeconfig=session.cluster.kubeconfig(), context=session.cluster.context())
    try:
        return Door(port=port, secure=True, host=_host(kube), authority=_authority(kube))
    finally:
        kube.close()


def _host(kube: Kube) -> str:
    """Of the route's hosts this machine's own, else the first: no other is let through."""
    route = kube.get("gateway.networking.k8s.io/v1", "HTTPRoute", *ROUTE)
    hosts = route["spec"].get("hostnames", []) if route else []
    return LOOPBACK if LOOPBACK in hosts or not hosts else str(hosts[0])


def _authority(kube: Kube) -> str:
    """Of our own certificate; a Secret that a user named may have none."""
    return secret_text(kube, *CERTIFICATE, "ca.crt")


def secret_text(kube: Kube, namespace: str, name: str, key: str) -> str:
    """One key of a Secret, "" where it is not there. Never asked for a private one."""
    secret = kube.get("v1", "Secret", namespace, name)
    return base64.b64decode(((secret or {}).get("data") or {}).get(key, "")).decode()

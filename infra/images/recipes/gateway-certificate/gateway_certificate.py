"""Make the gateway's certificate, of an authority of its own, when there is none, it ends soon or is for other hosts.

CERTIFICATE_HOSTS      host names and addresses, separated by commas.
CERTIFICATE_NAMESPACE  where the Secrets are.
CERTIFICATE_SECRET     gets tls.crt, tls.key and ca.crt; the gateway reads it.
AUTHORITY_SECRET       keeps the authority's key, which can sign for these hosts and no other (RFC 5280 §4.2.1.10).
CERTIFICATE_DEADLINE   seconds to wait for rights and the namespace (60).
Ends with 0 when the certificate is there, 1 when the cluster refused, 2 when a variable is wrong. No key is printed.
"""

import ipaddress
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kubernetes_secrets import Api, PassingError, RefusedError, Stored

AUTHORITY_DAYS, CERTIFICATE_DAYS, RENEW_DAYS = 3650, 397, 60
PAUSE = 1.0  # seconds between two attempts
HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
AUTHORITY_KEYS, CERTIFICATE_KEYS = {"ca.crt", "ca.key", "hosts"}, {"ca.crt", "tls.crt", "tls.key"}


class BadHostError(Exception):
    """A host that no certificate can name."""


@dataclass(frozen=True)
class Places:
    """Where the two Secrets are."""

    namespace: str
    certificate: str
    authority: str


def names(hosts: Sequence[str]) -> tuple[str, str]:
    """`subjectAltName` of the certificate and `nameConstraints` of its authority; raises BadHostError."""
    if not hosts:
        raise BadHostError("CERTIFICATE_HOSTS is empty")
    alternatives, permitted = [], []
    for host in hosts:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            if not HOST.fullmatch(host):
                raise BadHostError(f"{host!r} is no host name and no address") from None
            alternatives.append(f"DNS:{host}")
            permitted.append(f"permitted;DNS:{host.removeprefix('*.')}")
        else:
            mask = "255.255.255.255" if address.version == 4 else ":".join(["ffff"] * 8)
            alternatives.append(f"IP:{address}")
            permitted.append(f"permitted;IP:{address}/{mask}")
    # Of a kind that is not named at all, an authority may sign for every name: so one is named that nobody has.
    if not any(each.startswith("permitted;IP:") for each in permitted):
        permitted.append("permitted;IP:0.0.0.0/255.255.255.255")
    if not any(each.startswith("permitted;DNS:") for each in permitted):
        permitted.append("permitted;DNS:invalid")
    return ",".join(alternatives), ",".join(["critical", *permitted])


@dataclass(frozen=True)
class Maker:
    """Brings both Secrets about."""

    api: Api
    places: Places
    hosts: tuple[str, ...]
    say: Callable[[str], None]

    def attempt(self) -> None:
        """One try. Raises PassingError for what time may cure, RefusedError for what it does not."""
        places = self.places
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            authority = self.api.read(places.namespace, places.authority)
            if not self._fits(authority):
                values = self._authority(folder)
                self._store(places.authority, values, authority)
                self.say(f"{places.authority}: made for {', '.join(self.hosts)}")
            else:
                values = authority.values if authority else {}
            certificate = self.api.read(places.namespace, places.certificate)
            if self._good(certificate, values, folder):
                self.say(f"{places.certificate}: unchanged")
                return
            self._store(places.certificate, self._certificate(folder, values), certificate)
            self.say(f"{places.certificate}: signed for {CERTIFICATE_DAYS} days")

    def _fits(self, stored: Stored | None) -> bool:
        return bool(stored and set(stored.values) >= AUTHORITY_KEYS and stored.values["hosts"] == self._told())

    def _told(self) -> bytes:
        return ",".join(sorted(self.hosts)).encode()

    def _good(self, stored: Stored | None, authority: dict[str, bytes], folder: Path) -> bool:
        """Of this authority and not about to end."""
        if not stored or not set(stored.values) >= CERTIFICATE_KEYS or stored.values["ca.crt"] != authority["ca.crt"]:
            return False
        file = folder / "there.crt"
        file.write_bytes(stored.values["tls.crt"])
        return _openssl("x509", "-in", file, "-noout", "-checkend", str(RENEW_DAYS * 86_400), check=False)

    def _authority(self, folder: Path) -> dict[str, bytes]:
        key, certificate, config = folder / "ca.key", folder / "ca.crt", folder / "ca.cnf"
        _, permitted = names(self.hosts)
        config.write_text(
            "[req]\ndistinguished_name=dn\nx509_extensions=ca\nprompt=no\n[dn]\nO=Slipway\n"
            f"CN=Slipway local authority {os.urandom(4).hex()}\n"
            "[ca]\nbasicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n"
            f"subjectKeyIdentifier=hash\nnameConstraints={permitted}\n",
            encoding="ascii",
        )
        _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
        days = ("-days", str(AUTHORITY_DAYS))
        _openssl("req", "-x509", "-new", "-sha256", "-key", key, "-config", config, *days, "-out", certificate)
        return {"ca.key": key.read_bytes(), "ca.crt": certificate.read_bytes(), "hosts": self._told()}

    def _certificate(self, folder: Path, authority: dict[str, bytes]) -> dict[str, bytes]:
        for name in ("ca.key", "ca.crt"):
            (folder / name).write_bytes(authority[name])
        key, request, certificate, config = (folder / f"tls.{end}" for end in ("key", "csr", "crt", "cnf"))
        alternatives, _ = names(self.hosts)
        config.write_text(
            "[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nO=Slipway\n"
            "[leaf]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
            f"extendedKeyUsage=serverAuth\nauthorityKeyIdentifier=keyid\nsubjectAltName=critical,{alternatives}\n",
            encoding="ascii",
        )
        _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
        _openssl("req", "-new", "-sha256", "-key", key, "-config", config, "-out", request)
        signer = ("-CA", folder / "ca.crt", "-CAkey", folder / "ca.key", "-set_serial", f"0x{os.urandom(15).hex()}")
        life = ("-sha256", "-days", str(CERTIFICATE_DAYS), "-extfile", config, "-extensions", "leaf")
        _openssl("x509", "-req", "-in", request, *signer, *life, "-out", certificate)
        return {"tls.key": key.read_bytes(), "tls.crt": certificate.read_bytes(), "ca.crt": authority["ca.crt"]}

    def _store(self, name: str, values: dict[str, bytes], stored: Stored | None) -> None:
        if stored is None:
            self.api.create(self.places.namespace, name, values)
        else:
            self.api.add(self.places.namespace, name, values, version=stored.version)


def _openssl(*words: str | Path, check: bool = True) -> bool:
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, check=False, timeout=30)
    if check and done.returncode:
        raise RefusedError(f"openssl {words[0]}: {done.stderr.strip()[-300:]}")
    return done.returncode == 0


def until_made(maker: Maker, *, deadline: float) -> None:
    """Try until `deadline`, as time.monotonic() counts; raises RefusedError."""
    while True:
        try:
            return maker.attempt()
        except PassingError as reason:
            if time.monotonic() >= deadline:
                raise RefusedError(str(reason)) from reason
            maker.say(f"waiting: {reason}")
            time.sleep(PAUSE)


def main() -> int:
    """Run by the image; see the top of this file."""
    try:
        hosts = tuple(host for host in os.environ["CERTIFICATE_HOSTS"].split(",") if host)
        places = Places(*(os.environ[f"{name}"] for name in
                          ("CERTIFICATE_NAMESPACE", "CERTIFICATE_SECRET", "AUTHORITY_SECRET")))  # fmt: skip
        patience = float(os.environ.get("CERTIFICATE_DEADLINE", "60"))
        names(hosts)
    except (KeyError, ValueError, BadHostError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 2
    try:
        until_made(Maker(Api.in_cluster(), places, hosts, _say), deadline=time.monotonic() + patience)
    except RefusedError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

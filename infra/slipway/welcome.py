"""What a successful `up` says: where the service is, who may sign in, what to do next."""

import json
import sys

from rich.console import Console
from rich.markup import escape

from infra.slipway import front, kube
from infra.slipway.session import Session

USERS = {"admin": "admin-password", "demo": "demo-password"}


def show(session: Session, *, changed: int) -> None:
    """Print URL and commands; passwords in the environment `local` only, where they protect nothing real."""
    credentials: dict[str, str] = {}
    authority = front.door(session).authority
    if session.options.environment == "local":
        found = kube.secret_values(kube.client(session), namespace="todo", name="todo-app", keys=USERS.values())
        credentials = {user: found[key] for user, key in USERS.items() if key in found}
    if session.options.json:
        told = {"event": "result", "url": session.options.url, "credentials": credentials, "changed": changed}
        told |= {"authority": authority} if authority else {}
        sys.stdout.write(json.dumps(told) + "\n")
        return
    console = Console(emoji=False, highlight=False, soft_wrap=True)
    console.print(f"\n[bold green]Ready[/]  {session.options.url}   ({changed} objects changed)")
    if authority:
        console.print("  its certificate is of an authority of its own: .venv/bin/slipway ca > slipway-ca.pem")
        console.print(f"  curl --cacert slipway-ca.pem {session.options.url}readyz   [dim]browsers: import it[/]")
    for user, password in credentials.items():
        console.print(f"  sign in as [bold]{user}[/]  password [bold]{escape(password)}[/]")
    if credentials:
        console.print("  [dim]made in the cluster for this instance; Secret todo/todo-app keeps them[/]")
    else:
        console.print("  [dim]passwords: .venv/bin/slipway kubectl -n todo get secret todo-app[/]")
    console.print("  next: make status   make logs W=todo-app-web   make doctor   make down")

"""The front door: every command, its options and its exit codes. What a command does is in the file of its name."""

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer

from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import cache_dir, settle_cache

EXIT_CODES = (
    "Exit codes: 0 done, 1 a step failed, 2 bad input (nothing changed), 3 another slipway holds the instance, "
    "4 the machine lacks a permission, tool, port, disk or memory, 5 no cluster runs, 6 a deadline passed, "
    "130 interrupted."
)

app = typer.Typer(
    name="slipway",
    help="A reference platform that comes up from a bare machine with one command.",
    epilog=EXIT_CODES,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

vault = typer.Typer(help="Vault's store: snapshot and restore.", no_args_is_help=True)
app.add_typer(vault, name="vault")

Cluster = Annotated[str, typer.Option(envvar="CLUSTER", help="embedded, or context:<name of a kubeconfig context>")]
Profile = Annotated[str, typer.Option(envvar="PROFILE", help="what is on and how big: mini, standard, full")]
Engine = Annotated[str, typer.Option(envvar="ENGINE", help="auto, pulumi or direct")]
Env = Annotated[str, typer.Option(envvar="ENV", help="local, dev, staging or production")]
Instance = Annotated[str, typer.Option(envvar="SLIPWAY_INSTANCE", help="name of the embedded cluster")]
Port = Annotated[str, typer.Option(envvar="SLIPWAY_PORT", help="port of the page on 127.0.0.1")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="do not ask")]
Json = Annotated[bool, typer.Option("--json", help="one JSON object a line")]
Set = Annotated[list[str] | None, typer.Option("--set", help="<stack>.<key>=<value>, may be repeated")]


@app.command()
def up(
    *, cluster: Cluster = "", profile: Profile = "", engine: Engine = "", env: Env = "", instance: Instance = "",
    port: Port = "", yes: Yes = False, json: Json = False, set_: Set = None,
) -> None:  # fmt: skip
    """From whatever state to a running service; prints URL and credentials. Safe to repeat."""
    session = _session(locals())
    from infra.slipway import up as command

    command.run(session)


@app.command()
def down(
    *, cluster: Cluster = "", profile: Profile = "", engine: Engine = "", env: Env = "", instance: Instance = "",
    yes: Yes = False, json: Json = False,
) -> None:  # fmt: skip
    """Remove everything `up` made, data included; the cache of tools and images stays."""
    session = _session(locals())
    from infra.slipway import down as command

    command.run(session)


@app.command()
def stop(*, cluster: Cluster = "", instance: Instance = "", json: Json = False) -> None:
    """End the embedded cluster's processes, of a context those that forward its page; all data stays."""
    session = _session(locals())
    from infra.slipway import power

    power.stop(session)


@app.command()
def start(*, cluster: Cluster = "", instance: Instance = "", json: Json = False) -> None:
    """Start a stopped embedded cluster again, without looking at the stacks."""
    session = _session(locals())
    from infra.slipway import power

    power.start(session)


@app.command()
def status(*, cluster: Cluster = "", instance: Instance = "", port: Port = "", json: Json = False) -> None:
    """URLs, components, pods and images; exit 5 when nothing runs."""
    session = _session(locals())
    from infra.slipway import status as command

    command.run(session)


@app.command()
def preview(
    *, cluster: Cluster = "", profile: Profile = "", engine: Engine = "", env: Env = "", instance: Instance = "",
    port: Port = "", json: Json = False, set_: Set = None,
) -> None:  # fmt: skip
    """What `up` would change, object by object, with diffs; changes nothing."""
    session = _session(locals())
    from infra.slipway import preview as command

    command.run(session)


@app.command()
def render(*, out: Annotated[Path, typer.Option(help="folder to write to")] = Path("out/render"),
    cluster: Cluster = "", profile: Profile = "", env: Env = "", port: Port = "", json: Json = False,
    set_: Set = None,
) -> None:  # fmt: skip
    """Write every manifest to a folder; needs no cluster."""
    session = _session({**locals(), "profile": profile or "mini"})  # of no instance's profile: the same everywhere
    from infra.slipway import render as command

    command.run(session, out=out)


@app.command()
def doctor(
    *, cluster: Cluster = "", profile: Profile = "", instance: Instance = "", port: Port = "", json: Json = False
) -> None:
    """Known problems of machine and cluster, why each matters and its remedy; exit 1 when one is found."""
    session = _session(locals())
    from infra.slipway.doctor import command

    command.run(session)


@app.command()
def logs(
    *,
    what: Annotated[str, typer.Argument(help="a component (kubelet), step (step-tools) or workload (todo-app-web)")],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on until interrupted")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="how many lines to begin with")] = 200,
    cluster: Cluster = "", instance: Instance = "",
) -> None:  # fmt: skip
    """Logs of a component of the node, of a step, or of a workload's pods."""
    session = _session(locals())
    from infra.slipway import logs as command

    command.run(session, what=what, follow=follow, lines=lines)


@app.command()
def shell(
    *,
    workload: Annotated[str, typer.Argument(help="a workload; without it Python inside the app")] = "",
    cluster: Cluster = "", instance: Instance = "",
) -> None:  # fmt: skip
    """A shell in a workload's container, or Python with the app loaded."""
    session = _session(locals())
    from infra.slipway import shell as command

    command.run(session, workload=workload)


@app.command("open")
def open_(*, cluster: Cluster = "", instance: Instance = "", port: Port = "") -> None:
    """Open the page in a browser, and print its URL."""
    session = _session(locals())
    from infra.slipway import open_page

    open_page.run(session)


@vault.command("snapshot")
def vault_snapshot(
    *, file: Annotated[Path, typer.Argument(help="where to")], cluster: Cluster = "", instance: Instance = "",
    json: Json = False,
) -> None:  # fmt: skip
    """Vault's store into a file."""
    session = _session(locals())
    from infra.slipway import vault as command

    command.snapshot(session, file)


@vault.command("restore")
def vault_restore(
    *, file: Annotated[Path, typer.Argument(help="what `vault snapshot` wrote")], cluster: Cluster = "",
    instance: Instance = "", yes: Yes = False, json: Json = False,
) -> None:  # fmt: skip
    """Everything in Vault becomes what it was in the file."""
    session = _session(locals())
    from infra.slipway import vault as command

    command.restore(session, file)


@app.command()
def ca(*, cluster: Cluster = "", instance: Instance = "", port: Port = "") -> None:
    """Print the authority of the page's certificate, for browsers and `curl --cacert`."""
    session = _session(locals())
    from infra.slipway import authority

    authority.run(session)


@app.command()
def images(
    *,
    build: Annotated[bool, typer.Option("--build", help="build what is not in the cache, tools included")] = False,
    json: Json = False,
) -> None:
    """The images: references, sizes, whether they are built."""
    session = _session(locals())
    from infra.slipway import images as command

    command.run(session, build=build)


@app.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
def kubectl(
    *,
    arguments: Annotated[list[str] | None, typer.Argument(help="passed on to kubectl")] = None,
    cluster: Cluster = "", instance: Instance = "",
) -> None:  # fmt: skip
    """kubectl on the chosen cluster."""
    session = _session(locals())
    from infra.slipway import kubectl as command

    command.replace(session, *(command.DASHES if word == command.KEPT else word for word in arguments or []))


def _session(values: dict[str, Any]) -> Any:  # noqa: ANN401 - Session, whose import costs what --help must not
    from infra.slipway import profile
    from infra.slipway.options import choose
    from infra.slipway.session import Session, parse_settings

    options = choose(
        cluster=values.get("cluster", ""),
        profile=values.get("profile", ""),
        engine=values.get("engine", ""),
        environment=values.get("env", ""),
        instance=values.get("instance", ""),
        port=values.get("port", ""),
        yes=values.get("yes", False),
        json=values.get("json", False),
    )
    return Session(profile.remembered(options), parse_settings(tuple(values.get("set_") or ())))


def main() -> None:
    """Run the command; no traceback reaches the user."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup make up` outlives its terminal
            signal.signal(number, _interrupt)
    os.environ["PATH"] = os.pathsep.join(
        [os.environ.get("PATH", "/usr/bin:/bin"), str(cache_dir() / "tools" / "uv" / "bin"), "/usr/sbin", "/sbin"]
    )
    sys.exit(_run(sys.argv[1:]))


def _run(arguments: list[str]) -> int:
    from infra.slipway import failure

    as_json = "--json" in arguments
    if arguments[:2] == ["kubectl", "--"]:
        del arguments[1]  # `slipway kubectl -- get pods`, as npm and cargo have it
    if arguments[:1] == ["kubectl"]:  # the parser would swallow the `--` that kubectl needs
        from infra.slipway.kubectl import DASHES, KEPT

        arguments = [KEPT if word == DASHES else word for word in arguments]
    try:
        settle_cache()
        code = int(app(arguments or ["--help"], standalone_mode=False) or 0)
    except typer.TyperException as error:
        refused = SlipwayError(error.format_message(), hint=".venv/bin/slipway --help", code=Exit.BAD_INPUT)
        return failure.told(refused, as_json=as_json)
    except SlipwayError as error:
        return failure.told(error, as_json=as_json)
    except Exception as error:  # noqa: BLE001 - the last stop before the user, who gets one line and a file
        return failure.unexpected(error, as_json=as_json)
    # Typer turns the KeyboardInterrupt of Ctrl-C and of our SIGTERM handler into this code.
    return failure.interrupted() if code == failure.INTERRUPTED else code


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()

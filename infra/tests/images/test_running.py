"""The built images as a hardened pod runs them: any uid, no capabilities, read-only root, no network (R59)."""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.images import api, catalog
from infra.lib.report import silent
from infra.tests.images.runtime import Container, Unpacked, unpacked

pytestmark = pytest.mark.e2e

RANDOM_UID = 23456
PASSWORD = "of-the-test"
LIMIT = 150 * 1024 * 1024  # bytes, compressed
NAMES = catalog.load().deliverable
Unpack = Callable[[str], Unpacked]


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return api.ensure(NAMES, report=silent, log_dir=tmp_path_factory.mktemp("logs"))


@pytest.fixture(scope="module")
def image(
    request: pytest.FixtureRequest, archives: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Unpacked]:
    """Unpacked once: pytest runs the tests of one parameter together."""
    with unpacked(archives[request.param], tmp_path_factory.mktemp(request.param) / "unpacked") as one:
        yield one


def of(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("image", names, indirect=True)


def eventually(probe: Callable[[], bool], *, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not probe():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.3)


def bind(folder: Path, uid: int) -> Path:
    folder.mkdir()
    subprocess.run(["chown", f"{uid}:{uid}", folder], check=True)
    return folder


def bare(image: Unpacked) -> Unpacked:
    """The image without its entrypoint."""
    return Unpacked(image.root, {**image.config, "Entrypoint": []}, image.work)


def password_file(folder: Path) -> Path:
    folder.mkdir()
    (folder / "password").write_text(PASSWORD, encoding="ascii")
    return folder


@of(*NAMES)
def test_image_has_its_labels_its_user_and_nothing_setuid(
    image: Unpacked, archives: dict[str, Path], request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.params["image"]
    listed = catalog.load()
    labels = {
        key.removeprefix("org.opencontainers.image."): value
        for key, value in image.config["Labels"].items()
        if key.startswith("org.opencontainers.image.")
    }
    assert labels == {
        "title": name,
        "description": listed.images[name].summary,
        "licenses": listed.images[name].licenses,
        "revision": archives[name].stem.rpartition("-")[2],
        "created": listed.created,
    }
    assert image.config["User"] == listed.images[name].user
    files = [path for path in image.root.rglob("*") if path.is_file() and not path.is_symlink()]
    assert files
    assert [path for path in files if path.stat().st_mode & 0o6000] == []


def test_archives_are_small(archives: dict[str, Path]) -> None:
    assert {name: size for name, path in archives.items() if (size := path.stat().st_size) > LIMIT} == {}


@of("todo-app", "secrets-init")
def test_python_images_have_no_compiler_and_no_installer(image: Unpacked) -> None:
    tools = {"cc", "gcc", "g++", "c++", "ld", "as", "make", "pip", "pip3", "uv"}
    programs = {
        path.name for folder in ("usr/bin", "usr/sbin", "usr/local/bin") for path in (image.root / folder).iterdir()
    }
    assert "python3" in programs
    assert programs & tools == set()
    assert not [path for path in image.root.rglob("pip") if path.is_dir()]


@of("todo-app", "postgresql", "redis")
def test_nothing_tells_where_packages_came_from(image: Unpacked) -> None:
    places = ("etc/apt/sources.list", "etc/apt/apt.conf", "etc/resolv.conf", "etc/hostname")
    assert [place for place in places if (image.root / place).is_file() and (image.root / place).stat().st_size] == []
    assert list((image.root / "etc/apt/sources.list.d").iterdir()) == []
    assert [path for path in (image.root / "var/lib/apt/lists").rglob("*") if path.is_file()] == []


@of("todo-app")
def test_bytecode_is_there_and_is_not_checked_against_its_source(image: Unpacked) -> None:
    sources = [path for folder in ("app", "usr/lib/python3.11/json") for path in (image.root / folder).rglob("*.py")]
    assert len(sources) > 500
    flags = set()
    for source in sources:
        compiled = source.parent / "__pycache__" / f"{source.stem}.cpython-311.pyc"
        flags.add(compiled.read_bytes()[4:8] if compiled.is_file() else str(source))
    assert flags == {b"\x01\0\0\0"}


@of("todo-app")
def test_app_loads_whole_as_any_user(image: Unpacked) -> None:
    collected = image.root / "app" / "static_collected" / "staticfiles.json"
    assert json.loads(collected.read_text("utf-8"))["paths"]
    unknown = Container(image, RANDOM_UID, ["no-such-command"]).run()
    assert (unknown.returncode, "migrate" in unknown.stderr) == (2, True)
    check = ["python3", "/app/manage.py", "check"]
    loaded = Container(bare(image), RANDOM_UID, check, {"DJANGO_SETTINGS_MODULE": "config.offline"}).run()
    assert loaded.returncode == 0, loaded.stderr


@of("todo-app")
def test_root_is_read_only_even_where_its_permissions_allow_writing(image: Unpacked) -> None:
    (image.root / "app").chmod(0o777)
    refused = Container(bare(image), RANDOM_UID, ["touch", "/app/x"]).run()
    assert "Read-only file system" in refused.stderr


@of("secrets-init")
def test_secrets_init_tells_a_bad_spec_and_a_missing_cluster(image: Unpacked) -> None:
    bad = Container(image, RANDOM_UID, env={"SECRETS_SPEC": "[]"}).run()
    assert (bad.returncode, "at least one Secret" in bad.stderr) == (2, True)
    spec = json.dumps([{"namespace": "a", "name": "b", "keys": {"c": {"length": 20}}}])
    outside = Container(image, RANDOM_UID, env={"SECRETS_SPEC": spec}).run()
    assert (outside.returncode, "no pod with a service account" in outside.stderr) == (1, True)


@of("pause")
def test_pause_holds_on_little_memory_and_ends_on_sigterm(image: Unpacked) -> None:
    with Container(image, RANDOM_UID).started() as process:
        time.sleep(1)
        assert process.poll() is None
        pid = subprocess.run(
            ["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=True
        ).stdout.strip()
        anonymous = re.search(r"RssAnon:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text("ascii"))
        assert anonymous is not None
        assert int(anonymous[1]) < 2048
        process.terminate()
        assert process.wait(timeout=5) == 0


@of("coredns")
def test_coredns_answers_by_its_name(image: Unpacked) -> None:
    told = Container(image, RANDOM_UID, ["-plugins"]).run()
    assert told.returncode == 0, told.stderr
    assert "kubernetes" in told.stdout


@of("postgresql")
def test_postgresql_keeps_its_contract(image: Unpacked, tmp_path: Path) -> None:
    data, socket = bind(tmp_path / "data", RANDOM_UID), bind(tmp_path / "socket", RANDOM_UID)
    binds = {"/var/lib/postgresql/data": data, "/var/run/postgresql": socket, "/secrets": password_file(tmp_path / "s")}
    env = {"POSTGRES_PASSWORD_FILE": "/secrets/password", "POSTGRES_USER": "todo", "POSTGRES_DB": "list"}
    container = Container(image, RANDOM_UID, ["postgres", "-c", "max_connections=20"], env, binds)

    def query(text: str, *, password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
        psql = ["psql", "-h", "127.0.0.1", "-U", "todo", "-d", "list", "-Atqc", text]
        return container.execute(*psql, env={"PGPASSWORD": password})

    with container.started() as process:
        eventually(lambda: query("select 1").returncode == 0)
        shown = [
            query(f"show {name}").stdout.strip()
            for name in ("data_checksums", "password_encryption", "max_connections")
        ]
        assert shown == ["on", "scram-sha-256", "20"]
        # There is no JIT library in the image: what would use it has to do without.
        assert query("set jit_above_cost = 0; select sum(x) from generate_series(1, 9) x").stdout == "45\n"
        assert "password authentication failed" in query("select 1", password="other").stderr
        assert query("create table kept (x int); insert into kept values (7)").returncode == 0
        process.send_signal(2)
        _, log = process.communicate(timeout=30)
        assert "database system is shut down" in log
        assert "ERROR" not in log
    with container.started():
        eventually(lambda: query("select x from kept").stdout == "7\n")


@of("postgresql")
def test_postgresql_recovers_from_an_interrupted_start_and_touches_no_foreign_files(
    image: Unpacked, tmp_path: Path
) -> None:
    data = bind(tmp_path / "data", RANDOM_UID)
    env = {"POSTGRES_PASSWORD": "x" * 12}
    container = Container(image, RANDOM_UID, ["postgres", "--version"], env, {"/var/lib/postgresql/data": data})
    (data / "precious").write_text("x", encoding="ascii")
    refused = container.run()
    assert (refused.returncode, "not touching it" in refused.stderr) == (1, True)
    assert (data / "precious").exists()
    (data / ".initialising").mkdir()  # what a start that was killed halfway leaves
    done = container.run()
    assert done.returncode == 0, done.stderr
    assert (data / "PG_VERSION").read_text("ascii") == "15\n"
    assert not (data / ".initialising").exists()


@of("redis")
def test_redis_keeps_its_contract_and_its_password_off_the_command_line(image: Unpacked, tmp_path: Path) -> None:
    binds = {"/data": bind(tmp_path / "data", RANDOM_UID), "/secrets": password_file(tmp_path / "s")}
    env = {"REDIS_PASSWORD_FILE": "/secrets/password"}
    container = Container(image, RANDOM_UID, ["redis-server", "--appendonly", "yes"], env, binds)

    def ask(*words: str, password: str = PASSWORD) -> str:
        return container.execute("redis-cli", *words, env={"REDISCLI_AUTH": password}).stdout.strip()

    with container.started() as process:
        eventually(lambda: ask("ping") == "PONG")
        assert "NOAUTH" in ask("ping", password="")
        assert ask("config", "get", "appendonly").split() == ["appendonly", "yes"]
        assert PASSWORD not in container.execute("cat", "/proc/1/cmdline", "/proc/1/environ").stdout
        assert ask("set", "kept", "7") == "OK"
        process.terminate()
        process.communicate(timeout=20)
    with container.started():
        eventually(lambda: ask("get", "kept") == "7")

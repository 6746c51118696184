"""Profile standard: secrets by agents, a database user that changes under traffic, Jobs that end, sign-in at Vault."""

import base64
import hashlib
import json
import secrets
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from infra.lib.report import silent
from infra.vault import desired
from infra.verify.bed import Bed
from infra.verify.faults.judge import judge
from infra.verify.faults.leaks import LEAKS
from infra.verify.pod_processes import processes_of, stopped
from infra.verify.todo_api import TodoApi
from infra.verify.traffic import traffic
from infra.verify.vault.live import AT_WORK, FILES, in_web, login, password_of, query, set_life

ENDED = 10.0  # seconds a pod may outlive its own container
RATE = 20.0
SEED = 20261121
LIFE = 40  # seconds; the agent takes a new login after three quarters of it
USERS = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%-web-%'"


def test_the_app_reads_files_that_its_agent_wrote_and_no_secret_is_mounted(standard: Bed) -> None:
    pod, *_ = standard.objects("-n", "todo", "pods", "-l", "app.kubernetes.io/component=web")

    assert not [volume for volume in pod["spec"]["volumes"] if "secret" in volume]
    names = in_web(standard, "ls", FILES).split()
    assert {"database-login", "django-secret-key", "redis-password", "oidc-client-secret"} <= set(names)
    assert "database-password" not in names
    assert login(standard).startswith("v-")


def test_what_the_migration_made_belongs_to_the_group_and_its_login_owns_nothing(standard: Bed) -> None:
    owners = query(standard, "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")

    assert owners == "todo_owner"


@pytest.fixture
def short(standard: Bed) -> Iterator[Bed]:
    """Logins of web end soon; new pods before and after."""
    set_life(standard, LIFE)
    try:
        yield standard
    finally:
        set_life(standard, desired.HOUR)


@contextmanager
def agents_stopped(bed: Bed) -> Iterator[None]:
    """Of web's pods: they are there and do nothing."""
    pods = bed.objects("pods", "-n", "todo", "-l", "app.kubernetes.io/component=web")
    agents = [number for number in processes_of(pods) if Path(f"/proc/{number}/comm").read_text().strip() == "vault"]
    assert len(agents) >= len(pods)
    with stopped(agents):
        yield


def test_the_databases_user_changes_and_no_request_fails_while_agents_work(short: Bed) -> None:
    before = login(short)
    with traffic(short, rate=RATE) as tally:
        short.wait("a new login", lambda: login(short) != before, deadline=180)
        short.wait("the new login at work", lambda: login(short) in query(short, AT_WORK), deadline=60)
        short.wait("the end of the old login", lambda: before not in query(short, USERS), deadline=120)
    assert tally.sent > RATE
    assert tally.failures == 0, tally.examples

    # The twin: an agent that does nothing.
    with agents_stopped(short):
        ending = {name for name in query(short, AT_WORK).split() if "-web-" in name}
        with traffic(short, rate=RATE) as broken:
            short.wait("the end of every login", lambda: not ending & set(query(short, USERS).split()), deadline=180)
            time.sleep(2)
    assert broken.failures, "nobody needs a login"


def outlived(job: dict[str, Any], pod: dict[str, Any]) -> float:
    """Seconds between the end of a pod's own container and the Job's."""
    (own,) = [each["state"]["terminated"]["finishedAt"] for each in pod["status"]["containerStatuses"]]
    end = job["status"]["completionTime"]
    return (datetime.fromisoformat(end) - datetime.fromisoformat(own)).total_seconds()


def job_of_cron(bed: Bed, name: str) -> dict[str, Any]:
    """The Job that the clock would make now, by another name."""
    crons = {each["metadata"]["name"]: each for each in bed.objects("-n", "todo", "cronjobs")}
    cron = crons["todo-app-run-due-todos"]
    metadata = {"name": name, "namespace": "todo", "labels": cron["metadata"]["labels"]}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": cron["spec"]["jobTemplate"]["spec"]}


def test_a_job_with_an_agent_ends_soon_after_its_own_container(standard: Bed) -> None:
    job = job_of_cron(standard, "agent-ends")
    standard.kubectl("apply", "--server-side", "-f", "-", given=json.dumps(job))
    try:
        wait = ("-n", "todo", "wait", "--for=condition=complete", "--timeout=110s", "job/agent-ends")
        standard.kubectl(*wait, deadline=120)
        (done,) = [each for each in standard.objects("-n", "todo", "jobs") if each["metadata"]["name"] == "agent-ends"]
        pod, *_ = standard.objects("-n", "todo", "pods", "-l", "batch.kubernetes.io/job-name=agent-ends")
    finally:
        standard.kubectl("-n", "todo", "delete", "job", "agent-ends", "--wait=false")

    assert outlived(done, pod) <= ENDED


def test_a_job_whose_agent_is_no_sidecar_would_not_end(standard: Bed) -> None:
    """The twin of the test before."""
    job = job_of_cron(standard, "agent-stays")
    inner = job["spec"]["template"]["spec"]
    agent = inner.pop("initContainers")[0]
    inner["containers"].append({key: agent[key] for key in agent.keys() - {"restartPolicy", "startupProbe"}})
    job["spec"]["backoffLimit"] = 0
    standard.kubectl("apply", "--server-side", "-f", "-", given=json.dumps(job))
    try:
        wait = ("-n", "todo", "wait", "--for=condition=complete", "--timeout=20s", "job/agent-stays")
        assert "condition met" not in standard.kubectl(*wait, check=False)
    finally:
        standard.kubectl("-n", "todo", "delete", "job", "agent-stays", "--wait=false")


class _Stays(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """The test looks where it would go."""


class Browser:
    """Cookies, and one page after another."""

    def __init__(self, url: str, tls: ssl.SSLContext | None) -> None:
        self._url = url
        cookies = urllib.request.HTTPCookieProcessor(CookieJar())
        self._opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=tls), cookies, _Stays)

    def get(self, path: str) -> tuple[int, str, str]:
        """Status, Location, body."""
        try:
            answer = self._opener.open(f"{self._url}{path}", timeout=20)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return answer.status or 0, answer.headers.get("Location", ""), answer.read().decode(errors="replace")


def says_yes(bed: Bed, person: str, asked: Sequence[tuple[str, str]]) -> dict[str, str]:
    """What a person does at Vault: sign in by password, let the service know; what they come back with."""
    password = password_of(bed, person)
    sign_in = (
        f"read -r password; vault login -no-store -token-only -method=userpass username={person} password=$password"
    )
    query = " ".join(f"'{name}={value}'" for name, value in asked)
    script = (
        f"token=$({sign_in}); VAULT_TOKEN=$token vault read -format=json"
        f" identity/oidc/provider/slipway/authorize {query}"
    )
    answer = bed.kubectl("-n", "vault", "exec", "-i", "vault-0", "--", "sh", "-euc", script, given=f"{password}\n")
    found = json.loads(answer)
    found = found.get("data") or found
    return {name: str(found[name]) for name in ("code", "state")}


def test_a_person_signs_in_at_vault_and_the_group_makes_an_administrator(standard: Bed) -> None:
    browser = Browser(standard.url, standard.tls)
    status, place, _ = browser.get("/oidc/sign-in?next=/recurrences")
    assert status == 302
    assert "/ui/vault/identity/oidc/provider/slipway/authorize?" in place

    back = says_yes(standard, "ada", parse_qsl(urlsplit(place).query))
    status, place, text = browser.get(f"/oidc/callback?{urlencode(back)}")

    assert (status, place) == (302, "/recurrences"), text
    status, _, text = browser.get("/")
    assert status == 200
    assert "ada-" in text
    assert browser.get("/admin/")[0] == 200
    assert browser.get(f"/oidc/callback?{urlencode(back)}")[0] == 400, "the flow is over"


def id_token(bed: Bed, person: str, *more: str) -> str:
    """What the service itself is given for the code that a person comes back with; `more` scopes are asked for."""
    _, place, _ = Browser(bed.url, bed.tls).get("/oidc/sign-in")
    verifier = secrets.token_urlsafe(32)
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = dict(parse_qsl(urlsplit(place).query)) | {"code_challenge": digest}
    asked["scope"] = " ".join([asked["scope"], *more])
    code = says_yes(bed, person, list(asked.items()))["code"]
    told = {"grant_type": "authorization_code", "code": code, "redirect_uri": asked["redirect_uri"]}
    told |= {
        name: in_web(bed, "cat", f"{FILES}/oidc-{name.replace('_', '-')}") for name in ("client_id", "client_secret")
    }
    script = "exec vault write -format=json identity/oidc/provider/slipway/token -"
    body = json.dumps(told | {"code_verifier": verifier})
    answer = json.loads(bed.kubectl("-n", "vault", "exec", "-i", "vault-0", "--", "sh", "-euc", script, given=body))
    return str((answer.get("data") or answer)["id_token"])


def test_a_token_of_vault_passes_the_gateway_and_one_of_another_key_does_not(standard: Bed) -> None:
    token = id_token(standard, "ben")
    head, told, signature = token.split(".")

    # Its keys are known at the gateway and in the app, which asks for a scope that a sign-in's token has not.
    answer = TodoApi(standard.url, token, standard.tls).call("GET", "/auth/me")
    assert (answer.status, answer.body["type"]) == (403, "scope-missing")
    forged = TodoApi(standard.url, f"{head}.{told}.{signature[::-1]}", standard.tls)
    assert forged.call("GET", "/auth/me").status == 401


def test_a_program_with_a_token_of_vault_uses_the_api_as_far_as_its_scopes_go(standard: Bed) -> None:
    api = TodoApi(standard.url, id_token(standard, "ben", "todos"), standard.tls)

    assert api.call("GET", "/auth/me").body["username"].startswith("ben-")
    assert api.call("POST", "/todos", {"title": "by a program"}).status == 201
    answer = api.call("GET", "/auth/tokens")
    assert (answer.status, answer.body["type"]) == (403, "scope-missing")


def test_who_is_in_no_group_is_no_administrator_and_a_foreign_code_signs_nobody_in(standard: Bed) -> None:
    browser, other = Browser(standard.url, standard.tls), Browser(standard.url, standard.tls)
    _, place, _ = browser.get("/oidc/sign-in")
    back = says_yes(standard, "ben", parse_qsl(urlsplit(place).query))
    other.get("/oidc/sign-in")

    assert other.get(f"/oidc/callback?{urlencode(back)}")[0] == 400
    assert browser.get(f"/oidc/callback?{urlencode(back)}")[0] == 302
    assert browser.get("/")[0] == 200
    assert browser.get("/admin/")[0] == 302


def test_secrets_are_nowhere_but_where_they_are_declared(standard: Bed) -> None:
    judgement = judge(LEAKS, rounds=1, seed=SEED, bed=standard, report=silent)
    assert judgement.passed, str(judgement)

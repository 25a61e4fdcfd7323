"""Bad input and missing parts: a full sentence with what to do, the right status, nothing half done."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = [pytest.mark.platform, pytest.mark.usefixtures("endless_build")]

APP = "badinput"
MAX_SLUG = 60_000_000
"""Bytes; more than the tests' instance allows."""


@pytest.fixture(scope="module")
def app(paas: Any) -> Iterator[str]:
    """An app on the air that has to stay as it is."""
    paas.run("create", APP)
    paas.run("config:set", "MINE=1", "--app", APP)
    paas.run("push", "--app", APP, "--dir", str(Path(__file__).parent / "apps" / "probe"))
    yield APP
    paas.run("destroy", "--app", APP, "--confirm", APP)


@pytest.fixture(scope="module")
def api(paas: Any) -> Iterator[httpx.Client]:
    """The control API, without the CLI between."""
    headers = {
        "Authorization": f"Bearer {paas.instance.env['NOMAPAAS_API_KEY']}",
        "Accept": "application/vnd.heroku+json; version=3",
    }
    with httpx.Client(base_url=paas.instance.env["NOMAPAAS_API_URL"], headers=headers, timeout=30) as client:
        yield client


@pytest.fixture
def unchanged(paas: Any, api: httpx.Client, app: str) -> Iterator[None]:
    """What the test does changes no app, release, config var, scale or answer."""

    def state() -> list[Any]:
        topics = ("releases", "config-vars", "formation")
        return [
            sorted(each["name"] for each in api.get("/apps").json()),
            *(api.get(f"/apps/{app}/{topic}").json() for topic in topics),
            [(each["id"], each["state"]) for each in api.get(f"/apps/{app}/dynos").json()],
            paas.ask(app),
        ]

    before = state()
    yield
    assert state() == before


def _says(error: str, *words: str) -> None:
    """Every word is there, in what ends as a sentence does."""
    for word in words:
        assert word in error, error
    assert error.rstrip().endswith((".", ".)")), error


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "words",
    [
        ("info",),
        ("ps",),
        ("ps:scale", "web=2"),
        ("config:set", "A=1"),
        ("logs",),
        ("releases",),
        ("rollback",),
        ("destroy", "--confirm", "nosuchapp"),
        ("push", "--dir", str(Path(__file__).parent / "apps" / "probe")),
    ],
)
def test_an_unknown_app(paas: Any, words: tuple[str, ...]) -> None:
    """Every command tells it, and how to find the right name."""
    _says(paas.fails(*words, "--app", "nosuchapp"), "Couldn't find that app", "nomapaas apps")


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        (APP, ("already taken", "choose another")),
        ("api", ("reserved", "choose another")),
        ("Capital", ("must start with a letter", "3 to 30")),
        ("under_score", ("must start with a letter", "3 to 30")),
        ("1digit", ("must start with a letter", "3 to 30")),
        ("dash-", ("must start with a letter", "3 to 30")),
        ("ab", ("must start with a letter", "3 to 30")),
        ("a" * 31, ("must start with a letter", "3 to 30")),
        ("münze", ("must start with a letter", "3 to 30")),
    ],
)
def test_a_name_that_cannot_be(paas: Any, api: httpx.Client, name: str, words: tuple[str, ...]) -> None:
    """Taken, reserved, invalid: told by CLI and API alike, whether an app is made or renamed."""
    _says(paas.fails("create", name), *words)
    answer = api.post("/apps", json={"name": name})
    assert (answer.status_code, answer.json()["id"]) == (422, "invalid_params")
    _says(answer.json()["message"], *words)
    if name != APP:
        _says(paas.fails("rename", name, "--app", APP), *words)


@pytest.mark.usefixtures("unchanged")
def test_nothing_to_push(paas: Any, app: str, tmp_path: Path) -> None:
    """An empty folder is told before anything is sent."""
    builds = paas.json("builds", "--app", app)

    _says(paas.fails("push", "--app", app, cwd=tmp_path), "nothing to push", "Procfile")
    _says(paas.fails("push", "--app", app, "--dir", str(tmp_path / "none")), "is no folder")
    assert paas.json("builds", "--app", app) == builds


@pytest.mark.usefixtures("unchanged")
def test_no_procfile(paas: Any, app: str, tmp_path: Path) -> None:
    """A folder that no buildpack knows and without a Procfile: a failed build, no release."""
    (tmp_path / "notes.txt").write_text("No app.")

    _says(paas.fails("push", "--app", app, cwd=tmp_path), "no Procfile", "requirements.txt", "Nothing of the app")
    assert paas.json("builds", "--app", app)[0]["status"] == "failed"


@pytest.mark.usefixtures("unchanged")
def test_an_unknown_process_type(paas: Any, api: httpx.Client, app: str) -> None:
    """The types that there are, are named; of several changes none is made."""
    _says(paas.fails("ps:scale", "web=2", "nope=1", "--app", app), "nope", "web", "worker")
    answer = api.patch(f"/apps/{app}/formation", json={"updates": [{"type": "nope", "quantity": 1}]})
    assert (answer.status_code, answer.json()["id"]) == (404, "not_found")


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("quantity", "words"),
    [
        (-1, ("cannot be negative",)),
        ("-7", ("cannot be negative",)),
        (101, ("100", "ask for fewer")),
        (10**21, ("100", "ask for fewer")),
        ("+100000", ("100", "ask for fewer")),
        (1.5, ("whole number",)),
        (True, ("whole number",)),
    ],
)
def test_a_quantity_that_cannot_be(api: httpx.Client, app: str, quantity: object, words: tuple[str, ...]) -> None:
    """Negative, huge or no number."""
    answer = api.patch(f"/apps/{app}/formation", json={"updates": [{"type": "web", "quantity": quantity}]})

    assert (answer.status_code, answer.json()["id"]) == (422, "invalid_params")
    _says(answer.json()["message"], *words)


@pytest.mark.usefixtures("unchanged")
def test_a_scale_that_cannot_be(paas: Any, app: str) -> None:
    """The same through the CLI, which knows of a negative number without asking."""
    _says(paas.fails("ps:scale", "web=-1", "--app", app, code=2), "negative", "web-1")
    _says(paas.fails("ps:scale", "web-5", "--app", app), "cannot be negative")
    _says(paas.fails("ps:scale", "web=99999", "--app", app), "100", "ask for fewer")
    _says(paas.fails("ps:scale", "web=1:huge", "--app", app), "huge", "standard-1x")


@pytest.mark.usefixtures("unchanged")
def test_a_slug_that_is_too_large(paas: Any, app: str, folder: Callable[[str], Path]) -> None:
    """The limit, the size and the way out are told; nothing is released."""
    source = folder("probe")
    (source / "noise").write_bytes(os.urandom(MAX_SLUG))

    _says(paas.fails("push", "--app", app, cwd=source), "more than the 50 MB", ".slugignore", "Nothing of the app")


def test_no_capacity(paas: Any, app: str) -> None:
    """The release is accepted and pending, `ps` names what is missing, the app serves on; fewer dynos end it."""
    paas.run("ps:scale", "web=100:performance-m", "--app", app)
    paas.run("config:set", "PATIENT=yes", "--app", app)

    def reasons() -> list[str]:
        return [each["reason"] or "" for each in paas.json("ps", "--app", app) if each["state"] == "starting"]

    paas.eventually(lambda: any("No node has room for web" in each for each in reasons()))
    assert paas.json("releases", "--app", app)[0]["status"] == "pending"
    assert paas.ask(app)["version"] == "one"
    assert "No node has room for web" in paas.run("ps", "--app", app)

    paas.run("ps:scale", "web=1:free", "--app", app)
    paas.eventually(lambda: paas.json("releases", "--app", app)[0]["status"] == "succeeded", seconds=60)
    paas.eventually(lambda: paas.ask(app, "/env", name="PATIENT") == "yes")


@contextmanager
def _stopped(paas: Any, *servers: str, sealing: bool = False) -> Iterator[None]:
    """Take servers away by their supervisor, and wait until all is well afterwards."""

    def control(*words: str) -> None:
        program = str(Path(sys.executable).with_name("supervisorctl"))
        config = str(paas.instance.home / "etc" / "supervisord.conf")
        subprocess.run([program, "-c", config, *words], check=True, capture_output=True)

    def healthy() -> bool:
        return httpx.get(f"{paas.instance.env['NOMAPAAS_API_URL']}/health", timeout=10).status_code == 200

    control("stop", *servers)
    try:
        if sealing:
            control("restart", "vault")  # it starts sealed
        paas.eventually(lambda: not healthy())
        yield
    finally:
        control("start", *servers)
        paas.eventually(healthy)


@pytest.mark.usefixtures("unchanged")
def test_a_sealed_vault(paas: Any, api: httpx.Client, app: str) -> None:
    """A config change is refused whole, and says what opens Vault; the app serves, and may be read and scaled."""
    with _stopped(paas, "unsealer", sealing=True):
        _says(paas.fails("config:set", "SEALED=1", "--app", app), "Vault is sealed", "nomapaas up")
        probe = str(Path(__file__).parent / "apps" / "probe")
        _says(paas.fails("push", "--app", app, "--dir", probe), "Vault is sealed", "nomapaas up")
        answer = api.patch(f"/apps/{app}/config-vars", json={"SEALED": "1"})
        assert (answer.status_code, answer.json()["id"]) == (503, "vault_unavailable")
        assert paas.ask(app)["version"] == "one"
        paas.run("releases", "--app", app)
        paas.run("ps:scale", "worker=0", "--app", app)


@pytest.mark.usefixtures("unchanged")
def test_minio_away(paas: Any, api: httpx.Client, app: str) -> None:
    """A push ends before anything is built, and says what is missing; the app serves on."""
    builds = paas.json("builds", "--app", app)
    with _stopped(paas, "minio"):
        error = paas.fails("push", "--app", app, "--dir", str(Path(__file__).parent / "apps" / "probe"))
        _says(error, "MinIO does not answer", "nomapaas status")
        answer = api.post("/sources")
        assert (answer.status_code, answer.json()["id"]) == (503, "store_unavailable")
        assert paas.ask(app)["version"] == "one"
    assert paas.json("builds", "--app", app) == builds

"""Killed workers, garbage, and a backup of the tests' instance restored on an empty one that has PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.faults.processes import processes_of

pytestmark = pytest.mark.platform

APP = "restored"
SECRET = "a secret of 1,000 words"
_BESIDE = 50
"""Ports above the instance's own: they are up to 31 above its base."""


@dataclass(frozen=True)
class Second:
    """Another instance on this machine."""

    env: dict[str, str]
    home: Path

    def cli(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command there, and demand that it works."""
        done = subprocess.run(
            [str(Path(sys.executable).with_name("nomapaas")), *words],
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, f"nomapaas {words}: {done.stdout}\n{done.stderr}"
        return done


@pytest.fixture(scope="module")
def app(paas: Any) -> Iterator[str]:
    """An app with a config var, scaled to two dynos."""
    paas.run("create", APP)
    paas.run("push", "--app", APP, "--dir", str(Path(__file__).parents[1] / "apps" / "probe"))
    paas.run("config:set", f"SECRET={SECRET}", "--app", APP)
    paas.run("ps:scale", "web=2", "--app", APP)
    yield APP
    paas.run("destroy", "--app", APP, "--confirm", APP)


@pytest.fixture
def second(paas: Any, postgresql: Any) -> Iterator[Second]:
    """Settings of an empty instance beside the first; it is removed whatever comes of it."""
    with tempfile.TemporaryDirectory(prefix="nomapaas-tests-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o711)
        home = Path(folder) / "home"
        base = int(paas.instance.env["NOMAPAAS_PORT_BASE"]) + _BESIDE
        ours = {name: value for name, value in os.environ.items() if not name.startswith("NOMAPAAS_")}
        env = ours | {
            "NOMAPAAS_HOME": str(home),
            "NOMAPAAS_PORT_BASE": str(base),
            "DATABASE_URL": postgresql.database(),
            "NOMAPAAS_WORKERS": "2",
            "NOMAPAAS_API_PROCESSES": "2",
        }
        if cache := os.environ.get("NOMAPAAS_CACHE"):
            env["NOMAPAAS_CACHE"] = cache
        place = Second(env=env, home=home)
        try:
            yield place
        finally:
            if home.exists():
                place.cli("down", "--purge", "--confirm", str(home))


def test_a_push_whose_worker_is_killed_twice(paas: Any, app: str, folder: Callable[[str], Path]) -> None:
    """While it builds and while it boots: one build, one release, and the new code answers."""
    source = folder("probe")
    (source / "version.txt").write_text("after two kills")
    before = {kind: len(paas.json(kind, "--app", app)) for kind in ("builds", "releases")}
    words = [str(Path(sys.executable).with_name("nomapaas")), "push", "--app", app]
    push = subprocess.Popen(
        words, cwd=source, env=paas.instance.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    for kind in before:
        paas.eventually(lambda kind=kind: _pending(paas, app, kind) or push.poll() is not None)
        _kill_worker(paas)
    said = push.communicate(timeout=120)[0]

    assert push.returncode == 0, said
    assert {kind: len(paas.json(kind, "--app", app)) for kind in before} == {k: n + 1 for k, n in before.items()}
    assert paas.ask(app)["version"] == "after two kills"
    (running,) = {each["release"]["version"] for each in paas.json("ps", "--app", app)}
    assert running == max(each["version"] for each in paas.json("releases", "--app", app))


def _pending(paas: Any, app: str, kind: str) -> bool:
    env = paas.instance.env
    headers = {"Authorization": f"Bearer {env['NOMAPAAS_API_KEY']}", "Accept": "application/vnd.heroku+json; version=3"}
    found = httpx.get(f"{env['NOMAPAAS_API_URL']}/apps/{app}/{kind}", headers=headers).json()
    return any(each["status"] == "pending" for each in found)


def _kill_worker(paas: Any) -> None:
    """SIGKILL, as the kernel does it to whoever uses too much memory."""
    for process in processes_of(paas, "control.worker"):
        process.kill()


def test_garbage_is_nothing_that_runs(paas: Any, app: str) -> None:
    """A collection on a living platform frees nothing of an app that is on the air, and it answers afterwards."""
    app_id = paas.json("info", "--app", app)["app"]["id"]

    freed = paas.json("gc")["freed"]

    assert [each for each in freed if each["app"]["id"] == app_id] == []
    assert paas.json("gc", "--dry-run")["freed"] == []
    paas.run("ps:restart", "--app", app)
    paas.eventually(lambda: paas.get(app).status_code == 200)


def test_a_backup_is_whole_and_closed(paas: Any, app: str, tmp_path: Path) -> None:
    """It has mode 0600 and every app's slug and config vars; a second one overwrites nothing."""
    file = tmp_path / "backup"
    paas.run("backup", str(file))

    app_id = paas.json("info", "--app", app)["app"]["id"]
    with tarfile.open(file) as tar:
        config = tar.extractfile(f"config/{app_id}.json")
        assert config is not None
        assert SECRET in config.read().decode()
        assert any(name.startswith(f"slugs/{app_id}/") for name in tar.getnames())
        own = tar.extractfile("platform.json")
        assert own is not None
        assert json.load(own)["platform/authority"]["certificate"] == (paas.instance.home / "ca.pem").read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert "overwrites nothing" in paas.fails("backup", str(file))


def test_a_platform_with_apps_is_not_restored_over(paas: Any, app: str, tmp_path: Path) -> None:
    """It says so and stays as it is."""
    file = tmp_path / "backup"
    paas.run("backup", str(file))

    said = paas.fails("restore", str(file))

    assert "a backup replaces everything" in said
    assert paas.get(app).status_code == 200


@pytest.mark.skipif(
    os.environ.get("NOMAPAAS_CAMPAIGN") != "long", reason="A second instance takes a minute: part of make campaign."
)
def test_apps_answer_on_a_restored_instance(paas: Any, app: str, second: Second, tmp_path: Path) -> None:
    """From SQLite into PostgreSQL with two APIs and two workers: the app answers, and what changes there works."""
    file = tmp_path / "backup"
    paas.run("backup", str(file))

    second.cli("restore", str(file))

    told = json.loads(second.cli("env", "--json").stdout)
    assert (second.home / "ca.pem").read_text() == (paas.instance.home / "ca.pem").read_text()
    assert told["NOMAPAAS_API_KEY"] == paas.instance.env["NOMAPAAS_API_KEY"]
    there = Second(env=second.env | told, home=second.home)
    with httpx.Client(base_url=told["NOMAPAAS_ROUTER_URL"], headers={"Host": f"{app}.localhost"}, timeout=40) as router:
        paas.eventually(lambda: router.get("/").status_code == 200, seconds=90)
        assert router.get("/env", params={"name": "SECRET"}).json() == SECRET
        there.cli("config:set", "SECRET=another", "--app", app)
        paas.eventually(lambda: router.get("/env", params={"name": "SECRET"}).json() == "another")
    assert paas.ask(app, "/env", name="SECRET") == SECRET

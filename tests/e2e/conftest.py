"""End to end: through the CLI and the router, as a user would."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.waiting import until

APPS = Path(__file__).parent / "apps"


@dataclass(frozen=True)
class Paas:
    """The tests' instance, in a user's words."""

    instance: Any
    router: httpx.Client

    def run(self, *args: str, cwd: Path | None = None, expect: int = 0) -> str:
        """Run a command, demand its exit code, return what it printed on stdout."""
        done = self.instance.cli(*args, cwd=cwd)
        assert done.returncode == expect, f"nomapaas {args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def fails(self, *args: str, cwd: Path | None = None, code: int = 1) -> str:
        """Run a command that has to fail; return its one sentence on stderr."""
        done = self.instance.cli(*args, cwd=cwd)
        assert done.returncode == code, f"nomapaas {args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stderr

    def json(self, *args: str) -> Any:
        """Run a reading command with --json."""
        return json.loads(self.run(*args, "--json"))

    def get(self, app: str, path: str = "/", /, **query: object) -> httpx.Response:
        """Request an app through the router."""
        pairs = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in query.items())
        return self.router.get(f"{path}?{pairs}" if pairs else path, headers={"Host": f"{app}.localhost"})

    def ask(self, app: str, path: str = "/", /, **query: object) -> Any:
        """The JSON that the probe app answers."""
        answer = self.get(app, path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def eventually(self, condition: Callable[[], Any], *, seconds: float = 30) -> Any:
        """Wait until something is true, and return it."""
        return until(condition, seconds=seconds, pause=0.05)


@pytest.fixture(scope="session")
def paas(instance: Any) -> Iterator[Paas]:
    """The running instance."""
    with httpx.Client(base_url=instance.env["NOMAPAAS_ROUTER_URL"], timeout=40) as router:
        yield Paas(instance=instance, router=router)


@pytest.fixture(scope="session")
def endless_build(paas: Paas, tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """A push whose build never ends by itself, begun early: nobody waits for its time to be over but one test."""
    source = Path(shutil.copytree(APPS / "probe", tmp_path_factory.mktemp("endless") / "probe"))
    (source / "requirements.txt").touch()
    hook = source / "bin" / "pre_compile"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\nexec sleep 600\n")
    hook.chmod(0o755)
    paas.run("create", "endless")
    with paas.instance.start("push", "--app", "endless", cwd=source) as push:
        yield push
        push.kill()
    paas.run("destroy", "--app", "endless", "--confirm", "endless")


@pytest.fixture
def folder(tmp_path: Path) -> Callable[[str], Path]:
    """A copy of one of the test apps, free to be changed."""
    return lambda name: Path(shutil.copytree(APPS / name, tmp_path / name))


@pytest.fixture(scope="session")
def probe(paas: Paas) -> Iterator[str]:
    """An app that says what it sees from inside of its dyno; shared by tests that leave it as it was."""
    paas.run("create", "probe")
    paas.run("push", "--app", "probe", "--dir", str(APPS / "probe"))
    yield "probe"
    paas.run("destroy", "--app", "probe", "--confirm", "probe")

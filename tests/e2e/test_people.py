"""Two people and an admin on one app: what each may do with it, to its last owner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.platform

APP = "shared-app"
BOB = "bob@example.com"


@dataclass(frozen=True)
class Person:
    """Somebody with a token of their own."""

    paas: Any
    token: str

    def run(self, *args: str, code: int = 0) -> str:
        """Run a command as this person; return what it printed, of a refused one the sentence."""
        done = self.paas.instance.cli(*args, NOMAPAAS_API_KEY=self.token)
        assert done.returncode == code, f"nomapaas {args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return str(done.stderr if code else done.stdout)


@pytest.fixture
def bob(paas: Any) -> Iterator[Person]:
    """A second account, which owns nothing; gone afterwards."""
    yield Person(paas=paas, token=paas.json("users:add", BOB)["token"])
    paas.eventually(lambda: paas.instance.cli("users:remove", BOB, "--confirm", BOB).returncode == 0, seconds=60)


def test_an_app_goes_from_hand_to_hand(paas: Any, bob: Person, folder: Callable[[str], Path]) -> None:
    """Nothing, then deploy, then operate, then all of it: each step opens what it says, and the trail has every one."""
    source = str(folder("probe"))
    paas.run("create", APP)
    assert "Couldn't find that app" in bob.run("info", "--app", APP, code=1)
    assert APP not in bob.run("apps")

    paas.run("access:add", BOB, "--permissions", "deploy", "--app", APP)
    bob.run("push", "--app", APP, "--dir", source)
    assert paas.get(APP).status_code == 200
    assert "needs the permission operate" in bob.run("config:set", "A=1", "--app", APP, code=1)
    assert "needs the permission operate" in bob.run("ps:scale", "web=2", "--app", APP, code=1)

    paas.run("access:update", BOB, "--permissions", "operate", "--app", APP)
    bob.run("config:set", "SECRET=never-to-be-seen", "--app", APP)
    reader = Person(paas=paas, token=bob.run("tokens:create", "--scope", "read", "--expires-in", "1h").strip())
    assert APP in reader.run("apps")
    assert "this needs read-protected" in reader.run("config", "--app", APP, code=1)
    assert "Only the owner" in bob.run("destroy", "--app", APP, "--confirm", APP, code=1)

    paas.run("apps:transfer", BOB, "--app", APP)
    trail = paas.run("events", "--app", APP, "--json")
    assert "never-to-be-seen" not in trail
    assert {"app.create", "collaborator.create", "build.create", "release.create", "transfer.update"} <= {
        event["action"] for event in paas.json("events", "--app", APP)
    }
    assert f"still owns {APP}" in paas.fails("users:remove", BOB, "--confirm", BOB)
    assert paas.get(APP).status_code == 200
    bob.run("destroy", "--app", APP, "--confirm", APP)

    fresh = Person(paas=paas, token=paas.run("users:reset", BOB).strip())
    assert "Invalid credentials" in bob.run("apps", code=1)
    assert "Invalid credentials" in reader.run("apps", code=1)
    assert fresh.run("apps") == ""

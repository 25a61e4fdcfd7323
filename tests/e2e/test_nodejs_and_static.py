"""Node.js apps and static sites, from the examples' folders to answers of the router."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.platform

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def pushed(paas: Any) -> Iterator[Callable[[str], None]]:
    """Pushes an example as an app of its name."""
    made: list[str] = []

    def push(name: str) -> None:
        paas.run("create", name, "--no-remote")
        made.append(name)
        paas.run("push", "--app", name, "--dir", str(EXAMPLES / name))

    yield push
    for name in made:
        paas.run("destroy", "--app", name, "--confirm", name)


def test_a_nodejs_app(paas: Any, pushed: Callable[[str], None]) -> None:
    """Its start script answers without a Procfile, and a config var reaches it."""
    pushed("nodejs-hello")

    assert paas.ask("nodejs-hello", "/whoami")["node"].startswith("24.")
    assert [each["command"] for each in paas.json("ps:scale", "--app", "nodejs-hello")] == ["npm start"]
    paas.run("config:set", "GREETING=Good morning", "--app", "nodejs-hello")
    paas.eventually(lambda: "Good morning" in paas.get("nodejs-hello").text)


def test_a_static_site(paas: Any, pushed: Callable[[str], None]) -> None:
    """Files, clean addresses, a page for what is not there, a compressed answer for who takes one."""
    pushed("static-site")

    assert "Hello from nomapaas" in paas.get("static-site").text
    assert "About this site" in paas.get("static-site", "/about").text
    lost = paas.get("static-site", "/nowhere")
    assert (lost.status_code, "There is no such page" in lost.text) == (404, True)
    assert paas.get("static-site", "/home").headers["location"] == "/"
    assert paas.get("static-site", "/assets/site.css").headers["cache-control"] == "public, max-age=86400"

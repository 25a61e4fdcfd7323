"""Node.js apps and static sites, from the examples' folders to answers of the router."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.platform

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def pushed(paas: Any, tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Pushes a copy of an example as an app of its name; the copy, to be changed and pushed again."""
    made: list[str] = []

    def push(name: str) -> Path:
        source = Path(shutil.copytree(EXAMPLES / name, tmp_path / name))
        paas.run("create", name, "--no-remote")
        made.append(name)
        paas.run("push", "--app", name, cwd=source)
        return source

    yield push
    for name in made:
        paas.run("destroy", "--app", name, "--confirm", name)


def test_a_nodejs_app(paas: Any, pushed: Callable[[str], Path]) -> None:
    """Its start script answers, a config var reaches it, and changed code is pushed with the modules of before."""
    source = pushed("nodejs-hello")
    assert paas.ask("nodejs-hello", "/whoami")["node"].startswith("24.")
    assert [each["command"] for each in paas.json("ps:scale", "--app", "nodejs-hello")] == ["npm start"]

    (source / "page.js").write_text('module.exports = () => "changed";\n')
    done = paas.instance.cli("push", "--app", "nodejs-hello", cwd=source)

    assert "-----> Using the packages of the last build: nothing about them changed" in done.stderr + done.stdout
    assert paas.get("nodejs-hello").text == "changed"


def test_a_static_site(paas: Any, pushed: Callable[[str], Path]) -> None:
    """Files, clean addresses, a page for what is not there, a compressed answer for who takes one."""
    pushed("static-site")

    assert "Hello from nomapaas" in paas.get("static-site").text
    assert "About this site" in paas.get("static-site", "/about").text
    lost = paas.get("static-site", "/nowhere")
    assert (lost.status_code, "There is no such page" in lost.text) == (404, True)
    assert paas.get("static-site", "/home").headers["location"] == "/"
    assert paas.get("static-site", "/assets/site.css").headers["cache-control"] == "public, max-age=86400"

"""An app in Java: the language comes with the stack, the packages by the host's way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.platform

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/java-hello"


@pytest.fixture
def app(paas: Any) -> Iterator[str]:
    paas.run("create", "languages", "--no-remote")
    yield "languages"
    paas.run("destroy", "--app", "languages", "--confirm", "languages")


def test_the_java_example_answers(paas: Any, app: str) -> None:
    """Pushed as it is: built with Maven, started as `web` without a Procfile, within a free dyno's memory."""
    paas.run("config:set", "GREETING=Good <morning>", "--app", app)

    paas.run("push", "--app", app, "--dir", str(EXAMPLE))

    seen = paas.ask(app, "/whoami")
    assert seen["java"].startswith("21.")
    assert (seen["greeting"], seen["dyno"]) == ("Good <morning>", "web.1")
    assert "Good &lt;morning&gt;</h1>" in paas.get(app).text
    assert [release["status"] for release in paas.json("releases", "--app", app)][:1] == ["succeeded"]

"""A bad release never replaces a good one, and says at once why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.platform


@pytest.fixture(scope="module")
def app(paas: Any) -> Iterator[str]:
    """An app with a good release on the air."""
    source = Path(__file__).parent / "apps" / "probe"
    paas.run("create", "boots")
    paas.run("push", "--app", "boots", "--dir", str(source))
    yield "boots"
    paas.run("destroy", "--app", "boots", "--confirm", "boots")


@pytest.fixture
def source(folder: Callable[[str], Path]) -> Path:
    """The probe app's source."""
    return folder("probe")


def _procfile(source: Path, text: str) -> None:
    (source / "Procfile").write_text(text)


def test_a_boot_that_exits_is_told_with_code_and_last_lines(paas: Any, app: str, source: Path) -> None:
    """The release fails, its last words are shown, the good release serves on and stays current."""
    _procfile(source, "web: echo no luck today; exit 7\n")

    error = paas.fails("push", "--app", app, cwd=source)

    assert "exit code 7" in error
    assert "no luck today" in error
    assert paas.ask(app)["version"] == "one"
    releases = sorted(paas.json("releases", "--app", app), key=lambda each: each["version"])
    assert releases[-1]["status"] == "failed"
    assert [each["version"] for each in releases if each["current"]] == [releases[-2]["version"]]


def test_not_binding_the_port_is_r10(paas: Any, app: str, source: Path) -> None:
    """A web process that runs but never listens is given its time, and no more."""
    _procfile(source, "web: exec sleep 600\n")

    error = paas.fails("push", "--app", app, cwd=source)

    assert "R10 (Boot timeout)" in error
    assert paas.ask(app)["version"] == "one"


def test_the_next_change_starts_from_the_last_good_slug(paas: Any, app: str) -> None:
    """A config change after a failed deploy runs the code that ran before."""
    paas.run("config:set", "AFTER=yes", "--app", app)

    paas.eventually(lambda: paas.ask(app, "/env", name="AFTER") == "yes")
    assert paas.ask(app)["version"] == "one"


def test_a_failing_release_phase_keeps_the_old_release(paas: Any, app: str, source: Path) -> None:
    """What the release phase printed is seen in `push`, and nothing was switched."""
    _procfile(source, "web: exec python3 -u web.py\nrelease: echo migrating; exit 5\n")
    (source / "version.txt").write_text("unmigrated")

    error = paas.fails("push", "--app", app, cwd=source)

    assert "migrating" in error
    assert "exit code 5" in error
    assert paas.ask(app)["version"] == "one"


def test_a_release_phase_runs_before_the_boot(paas: Any, app: str, source: Path) -> None:
    """With config and slug of the new release."""
    _procfile(source, "web: exec python3 -u web.py\nrelease: echo migrated with $AFTER as $DYNO\n")
    (source / "version.txt").write_text("migrated")

    paas.run("push", "--app", app, cwd=source)

    assert paas.ask(app)["version"] == "migrated"
    latest = max(each["version"] for each in paas.json("releases", "--app", app))
    assert "migrated with yes as release." in paas.run("releases:output", f"v{latest}", "--app", app)


def test_a_crashing_worker_fails_nothing(paas: Any, app: str, source: Path) -> None:
    """The release is on the air; the worker is shown as crashed."""
    _procfile(source, "web: exec python3 -u web.py\nworker: exit 9\n")

    paas.run("push", "--app", app, cwd=source)
    paas.run("ps:scale", "worker=1", "--app", app)

    paas.eventually(
        lambda: "crashed" in [each["state"] for each in paas.json("ps", "--app", app) if each["type"] == "worker"]
    )
    assert paas.get(app).status_code == 200
    paas.run("ps:scale", "worker=0", "--app", app)


def test_a_crashed_web_dyno_is_restarted(paas: Any, app: str) -> None:
    """A dyno that ends comes back by itself, after a pause."""
    before = {each["id"] for each in paas.json("ps", "--app", app)}
    paas.ask(app, "/leave")

    paas.eventually(lambda: {each["id"] for each in paas.json("ps", "--app", app) if each["state"] == "up"} - before)
    paas.eventually(lambda: paas.get(app).status_code == 200)


def test_a_first_release_that_fails_is_h10(paas: Any, source: Path) -> None:
    """Without any good release the router says that the app crashed."""
    paas.run("create", "stillborn")
    _procfile(source, "web: exit 1\n")

    paas.fails("push", "--app", "stillborn", cwd=source)

    paas.eventually(lambda: paas.get("stillborn").status_code == 503)
    paas.eventually(lambda: "code=H10" in paas.run("logs", "--app", "stillborn", "-s", "heroku"))
    paas.run("destroy", "--app", "stillborn", "--confirm", "stillborn")

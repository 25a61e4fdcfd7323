"""The API's documentation is whole: every route, every error id, every setting."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from control import errors, settings
from control.api import error_handlers
from control.app import create_app
from control.settings import Settings
from tests.memory_ports import memory_ports

DOCS = Path(__file__).parents[2] / "docs"


def _routes() -> set[str]:
    app = create_app(memory_ports(), Settings(home=Path("/nonexistent"), database_url="sqlite://"))
    return {
        f"{method} {_colons(rule.rule)}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def _colons(rule: str) -> str:
    return re.sub(r"<([a-z_]+)>", r":\1", rule)


def test_every_route_is_documented_and_no_other() -> None:
    """docs/api.md names exactly the routes that there are."""
    documented = set(re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`]*)`", (DOCS / "api.md").read_text()))

    assert documented == _routes()


def test_every_error_is_documented() -> None:
    """docs/api.md names every error id with its status, and no other."""
    known = {
        (kind.status, kind.id)
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.PlatformError)
    }
    known |= {(status, error_id) for _, status, error_id in error_handlers._PORT_ERRORS}
    known |= {(status, error_id) for status, (error_id, _) in error_handlers._HTTP_ERRORS.items() if status != 415}
    rows = re.findall(r"^\| (\d{3}) \| `([a-z_]+)` \|", (DOCS / "api.md").read_text(), re.MULTILINE)

    assert {(int(status), error_id) for status, error_id in rows} == known


def _rows(document: str) -> set[str]:
    return set(re.findall(r"^\| `([A-Z_]+)` \|", document, re.MULTILINE))


def _read_by_control() -> set[str]:
    return set(re.findall(r'read\("([A-Z_]+)"', inspect.getsource(settings)))


def test_every_setting_is_documented() -> None:
    """docs/settings.md names every variable that the control plane reads, and no other."""
    ours, _, _ = (DOCS / "settings.md").read_text().partition("\n## ")

    assert _rows(ours) == _read_by_control()


def test_every_setting_of_the_other_parts_is_documented() -> None:
    """Each that node agent, router or platform reads has a row in settings.md, routing.md or platform.md; no other."""
    root = DOCS.parent
    files = (root / "control/node/settings.py", root / "router/settings.py", *root.glob("cli/platform/*.py"))
    ways = r"""(?:get\(|\(env, |\(told, |^OVERRIDE = )["'](NOMAPAAS_[A-Z_]+)["']"""
    read = {name for file in files for name in re.findall(ways, file.read_text(), re.MULTILINE)}
    # Of a router that is run by itself: `up` hands it on to nobody.
    read.remove("NOMAPAAS_NGINX_MODULES")
    documented = {
        name
        for document in ("settings.md", "routing.md", "platform.md")
        for name in _rows((DOCS / document).read_text())
        if name.startswith("NOMAPAAS_")
    }

    assert {"NOMAPAAS_LOG_MB", "NOMAPAAS_ROUTER_HELD_OF_APP", "NOMAPAAS_STACKS", "NOMAPAAS_WORKERS"} <= read
    assert documented == read | (_read_by_control() - {"DATABASE_URL"})

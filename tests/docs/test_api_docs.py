"""The API's documentation is whole: every route, every error id, every setting."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from control import errors, settings
from control.adapters.memory import (
    ManualClock,
    MemoryBlobs,
    MemoryCatalog,
    MemoryEdge,
    MemoryNode,
    MemoryScheduler,
    MemoryVault,
)
from control.adapters.memory_state import MemoryState
from control.api import error_handlers
from control.app import create_app
from control.ports.bundle import Ports
from control.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"


def _routes() -> set[str]:
    catalog = MemoryCatalog()
    ports = Ports(
        scheduler=MemoryScheduler(),
        vault=MemoryVault(),
        catalog=catalog,
        blobs=MemoryBlobs(),
        node=MemoryNode(),
        edge=MemoryEdge(catalog),
        clock=ManualClock(),
        state=MemoryState(),
    )
    app = create_app(ports, Settings(home=Path("/nonexistent"), database_url="sqlite://"))
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


def test_every_setting_is_documented() -> None:
    """docs/settings.md names every variable that the control plane reads, and no other."""
    read = set(re.findall(r'read\("([A-Z_]+)"', inspect.getsource(settings)))
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", (DOCS / "settings.md").read_text(), re.MULTILINE))

    assert documented == read

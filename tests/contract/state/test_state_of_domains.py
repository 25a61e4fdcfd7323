"""Custom domains, on every state store."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from control.domain.accounts import Account
from control.domain.apps import App
from control.domain.domains import Domain
from control.ports.state import StateStore
from control.ports.state_domains import HostnameTaken


def _domain(app: App, hostname: str) -> Domain:
    return Domain(
        id=str(uuid4()),
        app_id=app.id,
        hostname=hostname,
        generation=1,
        created_at=app.created_at,
        updated_at=app.created_at,
    )


@pytest.fixture
def other(store: StateStore, records: Any, owner: Account) -> App:
    app: App = records.app(owner, name="other-app")
    with store.begin() as work:
        work.apps.add(app)
        work.commit()
    return app


def test_a_name_belongs_to_one_app(store: StateStore, app: App, other: App) -> None:
    """The second one is told, and the first one keeps it."""
    kept = _domain(app, "www.example.com")
    with store.begin() as work:
        work.domains.add(kept)
        work.commit()

    with store.begin() as work, pytest.raises(HostnameTaken):
        work.domains.add(_domain(other, "www.example.com"))

    with store.view() as work:
        assert work.domains.by_hostname("www.example.com") == kept
        assert work.domains.get(kept.id) == kept
        assert work.domains.list(other.id) == []


def test_domains_are_changed_and_removed(store: StateStore, app: App) -> None:
    """By name in a list; one, and all with their app."""
    first, second = _domain(app, "b.example.com"), _domain(app, "a.example.com")
    with store.begin() as work:
        work.domains.add(first)
        work.domains.add(second)
        work.domains.save(replace(first, sni_endpoint_id="e" * 36))
        assert [each.hostname for each in work.domains.list(app.id)] == ["a.example.com", "b.example.com"]
        work.domains.remove(second.id)
        work.commit()
    with store.begin() as work:
        assert work.domains.list(app.id) == [replace(first, sni_endpoint_id="e" * 36)]
        work.apps.remove(app.id)
        work.commit()

    with store.view() as work:
        assert work.domains.by_hostname("b.example.com") is None


@pytest.mark.parametrize(
    ("hostname", "found"),
    [
        ("x.b.example.com", ["*.b.example.com", "*.example.com"]),
        ("a.example.com", ["*.example.com", "a.example.com"]),
        ("example.com", []),
        ("*.b.example.com", ["*.b.example.com", "*.example.com", "c.b.example.com"]),
        ("*.com", ["*.b.example.com", "*.example.com", "a.example.com", "axb.com", "c.b.example.com"]),
        ("*.xb.com", []),
    ],
)
def test_names_in_common(store: StateStore, app: App, hostname: str, found: list[str]) -> None:
    """Wildcards over a name, and names below a wildcard."""
    with store.begin() as work:
        for each in ("a.example.com", "*.b.example.com", "*.example.com", "c.b.example.com", "axb.com"):
            work.domains.add(_domain(app, each))
        work.commit()

    with store.view() as work:
        assert [each.hostname for each in work.domains.overlapping(hostname)] == found

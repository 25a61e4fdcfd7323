"""Custom domains, on every state store."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from control.domain.accounts import Account
from control.domain.apps import App
from control.domain.certificates import SniEndpoint
from control.domain.domains import AcmStatus, Domain
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


def _endpoint(app: App, **changes: Any) -> SniEndpoint:
    made = SniEndpoint(
        id=str(uuid4()),
        app_id=app.id,
        name="quiet-harbor-1",
        version=1,
        certificate_chain="-----BEGIN CERTIFICATE-----",
        cert_domains=("a.example.com", "*.example.org"),
        issuer="CN=issuer",
        subject="CN=subject",
        self_signed=False,
        starts_at=app.created_at,
        expires_at=app.created_at,
        acm=False,
        created_at=app.created_at,
        updated_at=app.created_at,
    )
    return replace(made, **changes)


def test_certificates_come_and_go(store: StateStore, app: App, other: App) -> None:
    """By id, by app oldest first, several at once; with their app they go."""
    old, new = _endpoint(app), _endpoint(app, created_at=app.created_at + timedelta(days=1), acm=True)
    with store.begin() as work:
        for each in (new, old, _endpoint(other)):
            work.sni_endpoints.add(each)
        work.sni_endpoints.save(replace(old, version=2))
        work.commit()
    old = replace(old, version=2)
    with store.begin() as work:
        assert work.sni_endpoints.list(app.id) == [old, new]
        assert work.sni_endpoints.of([old.id, "nobody"]) == {old.id: old}
        work.sni_endpoints.remove(old.id)
        assert work.sni_endpoints.get(old.id) is None
        work.apps.remove(app.id)
        assert work.sni_endpoints.get(new.id) is None
        assert len(work.sni_endpoints.list(other.id)) == 1


def test_what_the_worker_asks_of_domains(store: StateStore, app: App, other: App) -> None:
    """Those that have a certificate, and those whose certificate is due, of every app."""
    due = replace(_domain(app, "due.example.com"), acm_try_at=app.created_at, acm_status=AcmStatus.PENDING)
    later = replace(_domain(app, "later.example.com"), acm_try_at=app.created_at + timedelta(days=1))
    shown = replace(_domain(other, "shown.example.com"), sni_endpoint_id="e" * 36)
    with store.begin() as work:
        for each in (due, later, shown):
            work.domains.add(each)
        work.commit()

    with store.view() as work:
        assert list(work.domains.secured()) == [shown]
        assert list(work.domains.due(app.created_at)) == [due]
        assert list(work.domains.due(app.created_at + timedelta(days=2))) == [due, later]

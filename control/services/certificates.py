"""Certificates: bring, renew and remove one, and which of an app's domains it is shown for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from random import SystemRandom
from uuid import uuid4

import structlog

from control.domain.apps import App, random_name
from control.domain.certificates import Facts, SniEndpoint, check_pair
from control.domain.domains import Domain
from control.errors import Conflict
from control.ports.bundle import Ports
from control.ports.errors import ConfigVersionTaken, PortError
from control.ports.state import UnitOfWork
from control.services.actor import Actor, record_by
from control.services.domains import certificate_for, choose_certificate, find_certificate, find_domain
from control.settings import Secret

log = structlog.get_logger()


def domains_of(work: UnitOfWork, endpoint: SniEndpoint) -> Sequence[Domain]:
    """The domains that it is shown for."""
    return [each for each in work.domains.list(endpoint.app_id) if each.sni_endpoint_id == endpoint.id]


@dataclass(frozen=True, kw_only=True)
class AddCertificate:
    """Bring a certificate: chain and key go to Vault, then a row says what they are."""

    ports: Ports

    def __call__(self, actor: Actor, app: App, *, chain: str, private_key: Secret) -> SniEndpoint:
        """Add it, and show it for the app's domains that it is good for and that have none. Raises BrokenRule."""
        now = self.ports.clock.now()
        facts = check_pair(chain, private_key.reveal(), now=now)
        made = new_endpoint(app.id, facts, now=now, acm=False)
        keep(self.ports, made, private_key)
        with self.ports.state.begin() as work:
            work.sni_endpoints.add(made)
            attach(work, made)
            record_by(work, actor, app, now=now, action="certificate.create", detail=_words(made))
            work.commit()
        return made


@dataclass(frozen=True, kw_only=True)
class UpdateCertificate:
    """Put another pair in the place of one."""

    ports: Ports

    def __call__(self, actor: Actor, app: App, *, endpoint: str, chain: str, private_key: Secret) -> SniEndpoint:
        """Change it under the name that it has. Raises BrokenRule, NotFound, Conflict."""
        now = self.ports.clock.now()
        facts = check_pair(chain, private_key.reveal(), now=now)
        with self.ports.state.view() as work:
            old = find_certificate(work, app, endpoint)
        version = next_version(self.ports, old)
        new = replace(old, **asdict(facts), version=version, acm=False, updated_at=now)
        keep(self.ports, new, private_key)
        with self.ports.state.begin() as work:
            if find_certificate(work, app, old.id).version != old.version:
                raise Conflict("Somebody else has changed this certificate just now; look at it and try again.")
            work.sni_endpoints.save(new)
            attach(work, new)
            record_by(work, actor, app, now=now, action="certificate.update", detail=_words(new))
            work.commit()
        discard(self.ports, old)
        return new


@dataclass(frozen=True, kw_only=True)
class RemoveCertificate:
    """Show a certificate no more."""

    ports: Ports

    def __call__(self, actor: Actor, app: App, *, endpoint: str) -> SniEndpoint:
        """Remove it; its domains get another one of the app that is good for them, or none. Raises NotFound."""
        now = self.ports.clock.now()
        with self.ports.state.begin() as work:
            found = find_certificate(work, app, endpoint)
            orphans = domains_of(work, found)
            work.sni_endpoints.remove(found.id)
            for each in orphans:
                work.domains.save(replace(each, sni_endpoint_id=certificate_for(work, each), updated_at=now))
            record_by(work, actor, app, now=now, action="certificate.destroy", detail=_words(found))
            work.commit()
        discard(self.ports, found)
        return found


@dataclass(frozen=True, kw_only=True)
class ChooseCertificate:
    """Choose the certificate that is shown for a domain."""

    ports: Ports

    def __call__(self, actor: Actor, app: App, *, domain: str, endpoint: str | None) -> Domain:
        """Show that one, or none. Raises NotFound, InvalidParams."""
        now = self.ports.clock.now()
        with self.ports.state.begin() as work:
            found = find_domain(work, app, domain)
            chosen = choose_certificate(work, app, endpoint, found.hostname) if endpoint else None
            found = replace(found, sni_endpoint_id=chosen.id if chosen else None, updated_at=now)
            work.domains.save(found)
            detail = f"{found.hostname}: {chosen.name if chosen else 'no certificate'}"
            record_by(work, actor, app, now=now, action="domain.update", detail=detail)
            work.commit()
        return found


def keep(ports: Ports, endpoint: SniEndpoint, private_key: Secret) -> None:
    """Put the pair where its version says. Before the row: one that no row names is harmless. Raises Conflict."""
    try:
        ports.vault.write_certificate(
            endpoint.app_id,
            endpoint.id,
            endpoint.version,
            chain=endpoint.certificate_chain,
            private_key=private_key.reveal(),
        )
    except ConfigVersionTaken as exc:
        raise Conflict("Somebody else changes this certificate just now; look at it and try again.") from exc


def discard(ports: Ports, endpoint: SniEndpoint) -> None:
    """Remove a pair that no row names any more; one that stays because Vault is away goes with its app."""
    try:
        ports.vault.delete_certificate(endpoint.app_id, endpoint.id, endpoint.version)
    except PortError as exc:
        log.warning("certificate.stays", app=endpoint.app_id, endpoint=endpoint.id, reason=str(exc))


def next_version(ports: Ports, endpoint: SniEndpoint) -> int:
    """A version that nothing was ever written under, also by a change that was killed halfway."""
    return max(endpoint.version, *ports.vault.list_certificates(endpoint.app_id).get(endpoint.id, ()), 0) + 1


def attach(work: UnitOfWork, endpoint: SniEndpoint) -> None:
    """Show it for domains that it is good for and that have none, and for none that it is not good for."""
    for each in work.domains.list(endpoint.app_id):
        if each.sni_endpoint_id is None and endpoint.covers(each.hostname):
            work.domains.save(replace(each, sni_endpoint_id=endpoint.id))
        elif each.sni_endpoint_id == endpoint.id and not endpoint.covers(each.hostname):
            work.domains.save(replace(each, sni_endpoint_id=certificate_for(work, each)))


def new_endpoint(app_id: str, facts: Facts, *, now: datetime, acm: bool) -> SniEndpoint:
    """The row of a pair that is new, under a name that is made up."""
    return SniEndpoint(
        id=str(uuid4()),
        app_id=app_id,
        name=random_name(SystemRandom()),
        version=1,
        acm=acm,
        created_at=now,
        updated_at=now,
        **asdict(facts),
    )


def _words(endpoint: SniEndpoint) -> str:
    """For the trail: what it names, never the key."""
    return f"{endpoint.name}: {', '.join(endpoint.cert_domains)}"[:500]

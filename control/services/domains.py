"""Custom domains: add, remove, and which certificate is shown for one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from control.domain.apps import App
from control.domain.certificates import SniEndpoint
from control.domain.domains import AcmStatus, Domain, check_hostname, normalized
from control.domain.people import DEFAULT_QUOTA, Quota
from control.domain.rules import BrokenRule
from control.errors import InvalidParams, NotFound
from control.ports.bundle import Ports
from control.ports.state import UnitOfWork
from control.services.actor import Actor, record_by
from control.services.quotas import demand_domains

_WILDCARD = "Wildcards are certified by DNS only; bring a certificate with `nomapaas certs:add`."


def find_domain(work: UnitOfWork, app: App, id_or_hostname: str) -> Domain:
    """Find a custom domain of an app, however its name is spelled. Raises NotFound."""
    try:
        name = normalized(id_or_hostname)
    except BrokenRule:
        name = id_or_hostname
    found = work.domains.by_hostname(name) or work.domains.get(id_or_hostname)
    if found is None or found.app_id != app.id:
        raise NotFound(
            f"Couldn't find that domain ({id_or_hostname:.80}); see `nomapaas domains --app {app.name}`.",
            resource="domain",
        )
    return found


def find_certificate(work: UnitOfWork, app: App, id_or_name: str) -> SniEndpoint:
    """Find one of an app's. Raises NotFound."""
    for each in work.sni_endpoints.list(app.id):
        if id_or_name in (each.id, each.name):
            return each
    raise NotFound(
        f"Couldn't find that certificate ({id_or_name:.80}); see `nomapaas certs --app {app.name}`.",
        resource="sni_endpoint",
    )


def choose_certificate(work: UnitOfWork, app: App, id_or_name: str, hostname: str) -> SniEndpoint:
    """Find one of an app's that is good for a name. Raises NotFound, InvalidParams."""
    chosen = find_certificate(work, app, id_or_name)
    if not chosen.covers(hostname):
        raise InvalidParams(
            f"Certificate {chosen.name} is not good for {hostname}; it names {', '.join(chosen.cert_domains)[:200]}."
        )
    return chosen


def certificate_for(work: UnitOfWork, domain: Domain) -> str | None:
    """The app's certificate that is good for a domain; of several the one that is good for longest."""
    found = [each for each in work.sni_endpoints.list(domain.app_id) if each.covers(domain.hostname)]
    return max(found, key=lambda each: each.expires_at).id if found else None


def managed(work: UnitOfWork, domain: Domain, *, now: datetime) -> Domain:
    """A domain of an app with automatic certificates, as it is before the first try; brought ones are left alone."""
    endpoint = work.sni_endpoints.get(domain.sni_endpoint_id) if domain.sni_endpoint_id else None
    if endpoint is not None and not endpoint.acm:
        return domain
    if domain.is_wildcard:
        return replace(domain, acm_status=AcmStatus.FAILED, acm_status_reason=_WILDCARD)
    return replace(domain, acm_status=AcmStatus.PENDING, acm_status_reason=None, acm_try_at=now)


def is_pending(app: App, domain: Domain) -> bool:
    """Whether the router may not have heard of it yet."""
    return app.applied_generation < domain.generation


@dataclass(frozen=True, kw_only=True)
class AddDomain:
    """Let an app answer for one more name; the worker tells the router."""

    ports: Ports
    zone: str
    """The platform's own."""
    quota: Quota = DEFAULT_QUOTA

    def __call__(self, actor: Actor, app: App, *, hostname: object, endpoint: str | None = None) -> Domain:
        """Add it, with the certificate that is named or the best one there is for it.

        Raises BrokenRule, InvalidParams, NotFound, QuotaReached.
        """
        name = check_hostname(hostname, zone=self.zone)
        now = self.ports.clock.now()
        with self.ports.state.begin() as work:
            _demand_free(work, app, name)
            work.apps.touch(app.id)
            latest = work.apps.get(app.id) or app
            domain = Domain(
                id=str(uuid4()),
                app_id=app.id,
                hostname=name,
                generation=latest.desired_generation,
                created_at=now,
                updated_at=now,
            )
            chosen = choose_certificate(work, app, endpoint, name).id if endpoint else certificate_for(work, domain)
            domain = replace(domain, sni_endpoint_id=chosen)
            if latest.acm:
                domain = managed(work, domain, now=now)
            work.domains.add(domain)
            demand_domains(work, self.quota, app)
            record_by(work, actor, app, now=now, action="domain.create", detail=name)
            work.commit()
        return domain


@dataclass(frozen=True, kw_only=True)
class RemoveDomain:
    """Let an app no longer answer for a name."""

    ports: Ports

    def __call__(self, actor: Actor, app: App, *, domain: str) -> Domain:
        """Remove it. Raises NotFound."""
        with self.ports.state.begin() as work:
            found = find_domain(work, app, domain)
            work.domains.remove(found.id)
            work.apps.touch(app.id)
            now = self.ports.clock.now()
            record_by(work, actor, app, now=now, action="domain.destroy", detail=found.hostname)
            work.commit()
        return found


def _demand_free(work: UnitOfWork, app: App, name: str) -> None:
    """Whose name is whose must not depend on who asks first: no app gets into another one's wildcard, or around it."""
    for each in work.domains.overlapping(name):
        if each.app_id == app.id:
            if each.hostname == name:
                raise InvalidParams(f"Domain {name} is added to {app.name} already.")
        elif each.hostname == name:
            raise InvalidParams(f"Domain {name} is currently in use by another app; remove it there first.")
        elif each.is_wildcard and len(each.hostname) < len(name):
            raise InvalidParams(f"Domain {name} lies under {each.hostname}, which is in use by another app.")
        else:
            raise InvalidParams(f"Domain {name} would cover {each.hostname}, which is in use by another app.")

"""Automatic certificates: switch them on and off for an app. The worker gets and renews them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from control.domain.apps import App
from control.domain.certificates import SniEndpoint
from control.domain.domains import Domain
from control.errors import InvalidParams
from control.ports.bundle import Ports
from control.services.actor import Actor, record_by
from control.services.certificates import discard
from control.services.domains import managed


@dataclass(frozen=True, kw_only=True)
class EnableAcm:
    """Let the platform get certificates for an app's domains; again: try at once what is still due."""

    ports: Ports
    directory: str

    def __call__(self, actor: Actor, app: App, *, refresh: bool = False) -> App:
        """Switch it on, or (`refresh`) try anew. Raises InvalidParams."""
        if not self.directory:
            raise InvalidParams(
                "This platform asks no ACME server for certificates; its admin sets one with NOMAPAAS_ACME_DIRECTORY, "
                "or bring a certificate with `nomapaas certs:add`."
            )
        if refresh and not app.acm:
            raise InvalidParams(f"Automatic certificates are off for {app.name}; see `nomapaas certs:auto:enable`.")
        now = self.ports.clock.now()
        with self.ports.state.begin() as work:
            app = replace(work.apps.get(app.id) or app, acm=True, updated_at=now)
            work.apps.save(app)
            for domain in work.domains.list(app.id):
                work.domains.save(managed(work, domain, now=now))
            action = "acm.refresh" if refresh else "acm.enable"
            record_by(work, actor, app, now=now, action=action, detail=app.name)
            work.commit()
        return app


@dataclass(frozen=True, kw_only=True)
class DisableAcm:
    """Get no more certificates for an app, and remove those that the platform got."""

    ports: Ports

    def __call__(self, actor: Actor, app: App) -> App:
        """Switch it off."""
        now = self.ports.clock.now()
        with self.ports.state.begin() as work:
            app = replace(work.apps.get(app.id) or app, acm=False, updated_at=now)
            work.apps.save(app)
            gone = [each for each in work.sni_endpoints.list(app.id) if each.acm]
            for each in gone:
                work.sni_endpoints.remove(each.id)
            for domain in work.domains.list(app.id):
                work.domains.save(_unmanaged(domain, gone))
            record_by(work, actor, app, now=now, action="acm.disable", detail=app.name)
            work.commit()
        for each in gone:
            discard(self.ports, each)
        return app


def _unmanaged(domain: Domain, gone: list[SniEndpoint]) -> Domain:
    kept = None if domain.sni_endpoint_id in {each.id for each in gone} else domain.sni_endpoint_id
    return replace(domain, sni_endpoint_id=kept, acm_status=None, acm_status_reason=None, acm_try_at=None)

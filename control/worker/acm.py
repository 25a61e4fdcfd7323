"""Getting and renewing certificates from an ACME server, for domains that are due.

What was got is in Vault before a row names it, so a kill costs at most one certificate that nobody uses. The next try
stands in the domain's row: no failure is forgotten, and none is repeated faster for a restart.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

import structlog

from control.domain.certificates import SniEndpoint, check_pair
from control.domain.domains import AcmStatus, Domain
from control.domain.rules import BrokenRule
from control.ports.bundle import Ports
from control.ports.catalog import Kind
from control.ports.errors import EdgeUnavailable, PortError
from control.ports.issuer import IssuanceRefused, Issued, Issuer, IssuerUnavailable
from control.services import holds
from control.services.actor import record
from control.services.certificates import discard, keep, new_endpoint, next_version
from control.settings import Secret

log = structlog.get_logger()

AGAIN = timedelta(hours=1)
"""After a failure, and twice as long after each further one; the server's own limits are five of these an hour."""
MOST = timedelta(days=1)
_AT_THE_EDGE_S = 15
_LOOK_S = 0.1
_RENEWED_AFTER = 2 / 3
"""Of a certificate's life."""


@dataclass(frozen=True, kw_only=True)
class Acm:
    """Asks the server for what is due, one name at a time.

    All names share one account and its limits: those whose certificate runs out come first, and who fails is asked for
    ever more seldom.
    """

    ports: Ports
    issuer: Issuer

    def tick(self) -> None:
        """One look. A part of ours that does not answer leaves everything for a later one."""
        try:
            with self.ports.state.hold(holds.ACM) as alone:
                if alone:
                    self._drop_challenges()
                    for domain in self._due():
                        self._attend(domain)
        except PortError as exc:
            log.warning("acm.waits", reason=str(exc))

    def _due(self) -> list[Domain]:
        with self.ports.state.view() as work:
            apps = {app.id for app in work.apps.list() if app.acm}
            due = [each for each in work.domains.due(self.ports.clock.now()) if each.app_id in apps]
        return sorted(due, key=lambda each: each.sni_endpoint_id is None)

    def _drop_challenges(self) -> None:
        """A kill may have left some; this worker has none under way now."""
        for token in self.ports.catalog.entries(Kind.CHALLENGE):
            self.ports.catalog.delete_entry(Kind.CHALLENGE, token)

    def _attend(self, domain: Domain) -> None:
        log.info("acm.request", app=domain.app_id, hostname=domain.hostname)
        tokens: list[str] = []

        def publish(token: str, answer: str) -> None:
            tokens.append(token)
            self._publish(token, answer)

        try:
            self._succeed(domain, self.issuer.issue(domain.hostname, publish=publish))
        except (IssuanceRefused, BrokenRule, PortError) as exc:
            self._fail(domain, exc)
        finally:
            for token in tokens:
                self.ports.catalog.delete_entry(Kind.CHALLENGE, token)

    def _publish(self, token: str, answer: str) -> None:
        """Come back when the edge knows the answer."""
        self.ports.catalog.put_entry(Kind.CHALLENGE, token, answer)
        deadline = self.ports.clock.monotonic() + _AT_THE_EDGE_S
        while not self.ports.edge.answers_challenge(token):
            if self.ports.clock.monotonic() > deadline:
                raise EdgeUnavailable("The edge does not take the answer to the ACME server.")
            self.ports.clock.wait(_LOOK_S)

    def _succeed(self, domain: Domain, issued: Issued) -> None:
        now = self.ports.clock.now()
        facts = check_pair(issued.chain, issued.private_key, now=now)
        with self.ports.state.view() as work:
            old = work.sni_endpoints.get(domain.sni_endpoint_id) if domain.sni_endpoint_id else None
        if old is not None and old.acm:
            new = replace(old, **asdict(facts), version=next_version(self.ports, old), updated_at=now)
        else:
            old, new = None, new_endpoint(domain.app_id, facts, now=now, acm=True)
        keep(self.ports, new, Secret(issued.private_key))
        if not self._put(domain, new, renews=old is not None, now=now):
            discard(self.ports, new)
        elif old is not None:
            discard(self.ports, old)

    def _put(self, domain: Domain, new: SniEndpoint, *, renews: bool, now: datetime) -> bool:
        """Let the rows name it, unless the domain went or was given a certificate meanwhile."""
        with self.ports.state.begin() as work:
            latest, app = work.domains.get(domain.id), work.apps.get(domain.app_id)
            if latest is None or app is None or not app.acm or latest.sni_endpoint_id != domain.sni_endpoint_id:
                return False
            (work.sni_endpoints.save if renews else work.sni_endpoints.add)(new)
            due = new.starts_at + (new.expires_at - new.starts_at) * _RENEWED_AFTER
            work.domains.save(
                replace(
                    latest,
                    sni_endpoint_id=new.id,
                    acm_status=AcmStatus.OK,
                    acm_status_reason=None,
                    acm_try_at=max(due, now + AGAIN),
                    updated_at=now,
                )
            )
            detail = f"{domain.hostname} until {new.expires_at:%Y-%m-%d}"
            record(work, now=now, action="acm.issue", detail=detail, actor_id=None, app_id=app.id)
            work.commit()
        log.info("acm.response", app=domain.app_id, hostname=domain.hostname, until=str(new.expires_at))
        return True

    def _fail(self, domain: Domain, problem: Exception) -> None:
        reason = str(problem)
        log.warning("acm.response", app=domain.app_id, hostname=domain.hostname, reason=reason)
        now = self.ports.clock.now()
        with self.ports.state.begin() as work:
            latest = work.domains.get(domain.id)
            if latest is None or latest.acm_try_at is None:
                return
            failing = replace(
                latest,
                acm_status=AcmStatus.FAILING,
                acm_status_reason=reason[:500],
                acm_try_at=now + _wait(latest, problem),
            )
            work.domains.save(replace(failing, updated_at=now))
            work.commit()


def _wait(domain: Domain, problem: Exception) -> timedelta:
    """How long a failing domain is left alone: the row tells how long it was the last time."""
    wait = AGAIN
    if domain.acm_status is AcmStatus.FAILING and domain.acm_try_at and domain.updated_at:
        wait = min(max(2 * (domain.acm_try_at - domain.updated_at), AGAIN), MOST)
    asked = problem.retry_after if isinstance(problem, IssuerUnavailable) else None
    return max(wait, asked or wait)

"""What the router is told of certificates: which names each custom one is shown for, and the platform's own leaves.

The rows say what there should be, Consul has what there is, and each look writes the difference. Consul is read whole
when the worker starts and then once in a while, so that a look costs next to nothing while nobody changes anything.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from control.domain.apps import App
from control.domain.certificates import Authority
from control.ports.bundle import Ports
from control.ports.catalog import Kind
from control.ports.errors import PortError
from control.ports.state import UnitOfWork
from control.services import holds
from control.settings import Settings
from jobs import names

log = structlog.get_logger()

LEAF_DAYS = 90
_RENEWED_AFTER = timedelta(days=60)
_READ_AGAIN = timedelta(minutes=1)
_ZONE = "zone"
"""The name of the one leaf of a zone that a wildcard can stand for."""


@dataclass(kw_only=True)
class Certificates:
    """Keeps Consul's entries as the rows say."""

    ports: Ports
    settings: Settings
    _seen: dict[Kind, dict[str, str]] = field(default_factory=dict)
    _mark: str | None = None
    _read_at: datetime | None = None
    _authority: Authority | None = None

    def tick(self) -> None:
        """One look, unless another worker is at it. A part that does not answer leaves it for a later one."""
        try:
            mark, now = self.ports.state.mark(), self.ports.clock.now()
            fresh = self._read_at is not None and now - self._read_at < _READ_AGAIN
            if fresh and mark == self._mark:
                return
            with self.ports.state.hold(holds.CERTIFICATES) as alone:
                if alone:
                    self._look(now, fresh=fresh)
                    self._mark = mark
        except PortError as exc:
            # What was written is not known any more.
            self._read_at = None
            log.warning("certificates.wait", reason=str(exc))

    def _look(self, now: datetime, *, fresh: bool) -> None:
        if not fresh:
            self._seen = {kind: dict(self.ports.catalog.entries(kind)) for kind in (Kind.CERTIFICATE, Kind.LEAF)}
            self._read_at = now
        with self.ports.state.view() as work:
            apps = work.apps.list()
            custom = custom_entries(work, {app.id for app in apps})
        self._make(Kind.CERTIFICATE, {name: text for name, text in custom.items() if self._is_kept(name)})
        if authority := self._known_authority():
            self._make(Kind.LEAF, self._leaves(apps, authority, now))

    def _make(self, kind: Kind, wanted: Mapping[str, str]) -> None:
        seen = self._seen[kind]
        for name, text in wanted.items():
            if seen.get(name) != text:
                self.ports.catalog.put_entry(kind, name, text)
                seen[name] = text
        for name in seen.keys() - wanted.keys():
            self.ports.catalog.delete_entry(kind, name)
            del seen[name]

    def _is_kept(self, name: str) -> bool:
        """Whether Vault has the pair: the router would wait with all certificates for one that it cannot get."""
        if name in self._seen[Kind.CERTIFICATE]:
            return True
        app_id, endpoint_id, version = name.split("/")
        if self.ports.vault.read_certificate(app_id, endpoint_id, int(version)) is not None:
            return True
        log.error("certificates.lost", app=app_id, endpoint=endpoint_id, version=version)
        return False

    def _leaves(self, apps: Sequence[App], authority: Authority, now: datetime) -> dict[str, str]:
        """The leaves as they should be: those that are still good stay as they are."""
        zone = self.settings.domain
        # OpenSSL takes no wildcard right below a top-level name such as `localhost`.
        if "." in zone:
            wanted = {_ZONE: [f"*.{zone}", zone]}
        else:
            wanted = {app.id: [self.settings.host(app.name)] for app in apps}
        mark = authority.mark
        found = {}
        for name, hosts in wanted.items():
            kept = self._seen[Kind.LEAF].get(name)
            if kept is not None and _is_good(kept, hosts, mark, now):
                found[name] = kept
            else:
                chain = authority.issue(hosts, now=now, days=LEAF_DAYS)
                leaf = {"hosts": hosts, "chain": chain, "mark": mark, "renew_at": (now + _RENEWED_AFTER).isoformat()}
                found[name] = json.dumps(leaf, sort_keys=True)
        return found

    def _known_authority(self) -> Authority | None:
        """Read once: `nomapaas up` starts the worker anew when it has made another one."""
        if self._authority is None:
            known = self.ports.vault.platform_secret(names.AUTHORITY_PATH)
            zone = self.ports.vault.platform_secret(names.ZONE_PATH)
            if known and zone:
                self._authority = Authority.read(
                    certificate=known["certificate"],
                    private_key=known["private_key"],
                    zone_key=zone["private_key"],
                )
        return self._authority


def custom_entries(work: UnitOfWork, living: set[str]) -> dict[str, str]:
    """Which names each custom certificate is shown for; nothing of a destroyed app, nothing that no name has."""
    hosts: dict[str, list[str]] = defaultdict(list)
    for domain in work.domains.secured():
        if domain.app_id in living and domain.sni_endpoint_id:
            hosts[domain.sni_endpoint_id].append(domain.hostname)
    endpoints = work.sni_endpoints.of(hosts.keys())
    return {
        names.certificate_key(each.app_id, each.id, each.version): json.dumps(
            {"id": each.id, "version": each.version, "hosts": hosts[each.id]}, sort_keys=True
        )
        for each in endpoints.values()
    }


def _is_good(text: str, hosts: list[str], mark: str, now: datetime) -> bool:
    try:
        leaf = json.loads(text)
        same = (leaf["hosts"], leaf["mark"]) == (hosts, mark)
        return same and now < datetime.fromisoformat(leaf["renew_at"])
    except (ValueError, KeyError, TypeError):
        return False

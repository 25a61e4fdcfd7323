"""Collecting garbage: slugs, outputs, config versions, certificates and build caches that nothing refers to any more.

Rows go first, then what they named outside of the database; a collection that is killed in between leaves things of no
row, which the next one finds by listing them. An app that builds or is being rolled out is left for the next time, and
what is listed is compared with the state afterwards, so that nothing new is ever taken for garbage.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import structlog

from control.domain.apps import App
from control.domain.garbage import Belongings, Sorted, sort_out
from control.domain.people import with_own
from control.errors import Conflict
from control.ports.bundle import Ports
from control.ports.state import UnitOfWork
from control.services import holds
from control.services.actor import Actor, record
from control.settings import Settings
from jobs import names

log = structlog.get_logger()

_IN_FLIGHT = timedelta(hours=1)
"""A config version is written before the release that names it, a certificate before its row."""


class Kind(StrEnum):
    """What can become garbage."""

    SLUG = "slug"
    OUTPUT = "output"
    CONFIG = "config"
    CERTIFICATE = "certificate"
    CACHE = "cache"


@dataclass(frozen=True, kw_only=True)
class Freed:
    """One thing that was removed, or would be."""

    kind: Kind
    app_id: str
    app_name: str | None
    """None for what belongs to no app."""
    name: str
    """Digest of a slug, id of the build or release that printed an output, number of a config version; endpoint and
    version of a certificate."""
    size: int
    """Bytes; 0 for config versions, which are small."""


@dataclass(frozen=True, kw_only=True)
class Collection:
    """What came of one run."""

    dry_run: bool
    freed: tuple[Freed, ...]
    skipped: tuple[str, ...]
    """Names of apps that were at work."""


@dataclass(frozen=True, kw_only=True)
class CollectGarbage:
    """Removes garbage, or says what it would remove."""

    ports: Ports
    settings: Settings

    def __call__(self, actor: Actor | None, *, dry_run: bool) -> Collection:
        """Go through every app, then through what belongs to none. Raises Conflict while another one is at it."""
        with self.ports.state.hold(holds.UPKEEP) as alone:
            if not alone:
                raise Conflict("The platform is being cleaned up or backed up already; try again when that is done.")
            return self._collect(actor, dry_run=dry_run)

    def _collect(self, actor: Actor | None, *, dry_run: bool) -> Collection:
        found = self._found_outside()
        with self.ports.state.view() as work:
            apps = list(work.apps.list())
            known = {app.id for app in (*apps, *work.apps.destroyed())}
        freed: list[Freed] = []
        skipped: list[str] = []
        for app in apps:
            with ExitStack() as held:
                keys = (holds.building(app.id), holds.attending(app.id))
                if all(held.enter_context(self.ports.state.hold(key)) for key in keys):
                    freed += self._of_app(actor, app, dry_run=dry_run)
                else:
                    skipped.append(app.name)
        for app_id in sorted(found - known):
            freed += self._of_no_app(app_id, dry_run=dry_run)
        log.info("garbage.collected", dry_run=dry_run, things=len(freed), size=sum(each.size for each in freed))
        return Collection(dry_run=dry_run, freed=tuple(freed), skipped=tuple(skipped))

    def _found_outside(self) -> set[str]:
        """Ids of all apps that have something outside of the database."""
        slugs = {key.split("/", 1)[0] for key in self.ports.blobs.keys(names.SLUGS_BUCKET)}
        return slugs | set(self.ports.vault.list_apps()) | set(self.ports.node.cache_sizes())

    def _of_app(self, actor: Actor | None, app: App, *, dry_run: bool) -> list[Freed]:
        with self.ports.state.view() if dry_run else self.ports.state.begin() as work:
            what = self._sort_out(work, app)
            sizes = {owner_id: work.outputs.size(owner_id) for owner_id in what.outputs}
            freed = [_freed(Kind.OUTPUT, app, owner_id, size) for owner_id, size in sizes.items() if size]
            if not dry_run and (freed or what.slugs):
                self._drop_rows(work, actor, app, what)
                work.commit()
        freed += self._slugs(app.id, app, kept=what.kept_digests, dry_run=dry_run)
        freed += self._config(app.id, app, kept=what.kept_config, dry_run=dry_run)
        freed += self._certificates(app.id, app, dry_run=dry_run)
        return freed

    def _sort_out(self, work: UnitOfWork, app: App) -> Sorted:
        owner = work.accounts.get(app.owner_id)
        # Admins' apps as well: what is kept of the past is no allowance, and a disk has an end.
        quota = with_own(self.settings.quota, owner.quota if owner else {})
        has = Belongings(
            releases=work.releases.list(app.id),
            builds=work.builds.list(app.id),
            slugs=work.slugs.list(app.id),
            oneoffs=work.oneoffs.running_of(app.id),
        )
        return sort_out(has, keep=quota.releases, now=self.ports.clock.now())

    def _drop_rows(self, work: UnitOfWork, actor: Actor | None, app: App, what: Sorted) -> None:
        for owner_id in what.outputs:
            work.outputs.drop(owner_id)
        for slug in what.slugs:
            work.slugs.drop(slug.id)
        record(
            work,
            now=self.ports.clock.now(),
            action="garbage.collect",
            detail=f"slugs={len(what.slugs)}, outputs={len(what.outputs)}",
            actor_id=actor.account.id if actor else None,
            app_id=app.id,
            remote=actor.remote if actor else None,
        )

    def _of_no_app(self, app_id: str, *, dry_run: bool) -> list[Freed]:
        """What an app left that is gone: a kill in the middle of its removal, or a state restored from a backup."""
        freed = [*self._slugs(app_id, None, kept=frozenset(), dry_run=dry_run)]
        freed += self._config(app_id, None, kept=frozenset(), dry_run=dry_run)
        freed += self._certificates(app_id, None, dry_run=dry_run)
        if size := self.ports.node.cache_sizes().get(app_id):
            freed.append(_freed(Kind.CACHE, app_id, "cache", size))
            if not dry_run:
                self.ports.node.forget(app_id)
        return freed

    def _slugs(self, app_id: str, app: App | None, *, kept: frozenset[str], dry_run: bool) -> Iterator[Freed]:
        for key in list(self.ports.blobs.keys(names.SLUGS_BUCKET, prefix=f"{app_id}/")):
            digest = key.removeprefix(f"{app_id}/").removesuffix(".tgz")
            if digest in kept:
                continue
            stat = self.ports.blobs.stat(names.SLUGS_BUCKET, key)
            yield _freed(Kind.SLUG, app or app_id, digest, stat.size if stat else 0)
            if not dry_run:
                self.ports.blobs.delete(names.SLUGS_BUCKET, key)

    def _config(self, app_id: str, app: App | None, *, kept: frozenset[int], dry_run: bool) -> Iterator[Freed]:
        for version in self.ports.vault.list_versions(app_id):
            written = None if version in kept else self.ports.vault.written_at(app_id, version)
            if written is None or written > self.ports.clock.now() - _IN_FLIGHT:
                continue
            yield _freed(Kind.CONFIG, app or app_id, str(version), 0)
            if not dry_run:
                self.ports.vault.delete(app_id, version)

    def _certificates(self, app_id: str, app: App | None, *, dry_run: bool) -> Iterator[Freed]:
        """Pairs that no row names: of a change that was killed, or that Vault did not let go of."""
        found = self.ports.vault.list_certificates(app_id)
        pairs = [(endpoint, version) for endpoint, versions in found.items() for version in versions]
        if not pairs:
            return
        with self.ports.state.view() as work:
            kept = {(each.id, each.version) for each in work.sni_endpoints.list(app_id)}
        for endpoint, version in sorted(set(pairs) - kept):
            written = self.ports.vault.certificate_written_at(app_id, endpoint, version)
            if written is None or written > self.ports.clock.now() - _IN_FLIGHT:
                continue
            yield _freed(Kind.CERTIFICATE, app or app_id, f"{endpoint}/{version}", 0)
            if not dry_run:
                self.ports.vault.delete_certificate(app_id, endpoint, version)


def _freed(kind: Kind, app: App | str, name: str, size: int) -> Freed:
    if isinstance(app, App):
        return Freed(kind=kind, app_id=app.id, app_name=app.name, name=name, size=size)
    return Freed(kind=kind, app_id=app, app_name=None, name=name, size=size)

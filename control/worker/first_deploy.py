"""An app's first deploy, at which its app.json may set it up: config vars, formation, buildpacks, cache.

Config vars are written to Vault first, as a version that no release names yet; everything else goes into the unit of
work that makes the release. A worker that is killed in between leaves nothing but that version.
"""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from control.domain import config_vars
from control.domain.apps import App
from control.domain.formations import Formation
from control.domain.manifests import Manifest
from control.domain.own_pages import OwnPages, pages_of
from control.domain.people import Quota
from control.domain.releases import Release
from control.domain.slugs import Slug
from control.errors import QuotaReached
from control.ports.bundle import Ports
from control.ports.state import UnitOfWork
from control.services.actor import record
from control.services.quotas import Resource, demand_quota, demand_returning, dynos_of, returning

_SECRET_BYTES = 32
"""64 hexadecimal digits, as Heroku's generator makes them."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Config vars that the first release may name, made from those of version `seen`."""

    seen: int
    version: int
    added: tuple[str, ...] = ()
    pages: OwnPages | None = None


def is_first(base: Release | None) -> bool:
    """Whether the app was never deployed, given its base release."""
    return base is None or base.slug_id is None


def prepare(ports: Ports, app_id: str, manifest: Manifest) -> Prepared:
    """Write the config vars that the app lacks to Vault. Raises BrokenRule, VaultUnavailable."""
    with ports.state.view() as work:
        base = work.releases.base(app_id)
    seen = base.config_version if base else 0
    if not manifest.env and not manifest.secrets:
        return Prepared(seen=seen, version=seen)
    before = ports.vault.read(app_id, seen)
    wanted = {**manifest.env, **{name: secrets.token_hex(_SECRET_BYTES) for name in manifest.secrets}}
    missing = {name: value for name, value in wanted.items() if name not in before}
    if not missing:
        return Prepared(seen=seen, version=seen)
    after = config_vars.merge(before, missing)
    with ports.state.begin() as work:
        version = work.apps.next_config_version(app_id)
        work.commit()
    ports.vault.write(app_id, version, after)
    return Prepared(seen=seen, version=version, added=tuple(sorted(missing)), pages=pages_of(after))


def discard(ports: Ports, app_id: str, prepared: Prepared) -> None:
    """Remove what was written for a release that was not made."""
    if prepared.version != prepared.seen:
        ports.vault.delete(app_id, prepared.version)


def set_up(
    work: UnitOfWork,
    app: App,
    slug: Slug,
    manifest: Manifest,
    prepared: Prepared,
    *,
    now: datetime,
    user_id: str,
    quota: Quota,
) -> str | None:
    """Take over formation and buildpacks; what the app has already stays. The caller commits.

    A formation that is more than the owner's quota allows is left out: the event says so, and the sentence that comes
    back is for who pushes. So are the dynos of process types that come back.
    """
    refused = _come_back(work, app, slug, now=now, quota=quota)
    told = [f"config vars {', '.join(prepared.added)}"] if prepared.added else []
    known = {row.type for row in work.formations.list(app.id)}
    wanted = {each: manifest.formation[each] for each in slug.scalable_types.keys() & manifest.formation.keys() - known}
    coming = Counter(dynos_of(returning(work, app.id, slug)))
    for scale in wanted.values():
        coming[scale.size] += scale.quantity
    try:
        demand_quota(work, quota, app.owner_id, Resource.DYNOS, Resource.MEMORY, to_come=coming)
    except QuotaReached as exc:
        refused = refused or f"The formation of app.json was left out: {exc.message}"
        told.append(f"no formation: {exc.message}")
        wanted = {}
    for process_type, scale in wanted.items():
        work.formations.save(
            Formation(
                id=str(uuid4()),
                app_id=app.id,
                type=process_type,
                quantity=scale.quantity,
                size=scale.size,
                command=slug.process_types[process_type],
                created_at=now,
                updated_at=now,
            )
        )
        told.append(f"{process_type}@{scale.quantity}:{scale.size}")
    if manifest.cache and not app.cache:
        app = replace(app, cache=True, updated_at=now)
        work.apps.save(app)
        told.append("cache on")
    if manifest.buildpacks and not app.buildpacks:
        work.apps.save(replace(app, buildpacks=manifest.buildpacks, updated_at=now))
        told.append(f"buildpacks {', '.join(manifest.buildpacks)}")
    if told:
        detail = f"from app.json: {'; '.join(told)}"
        record(work, now=now, action="app.setup", detail=detail, actor_id=user_id, app_id=app.id)
    return refused


def _come_back(work: UnitOfWork, app: App, slug: Slug, *, now: datetime, quota: Quota) -> str | None:
    """Let process types that the app had before come back without dynos where the quota has no room for them now."""
    try:
        demand_returning(work, quota, app, slug)
    except QuotaReached as exc:
        rows = returning(work, app.id, slug)
        for row in rows:
            work.formations.save(replace(row, quantity=0, updated_at=now))
        types = ", ".join(row.type for row in rows)
        return f"The dynos that were wanted of {types} before are left out: {exc.message}"
    return None

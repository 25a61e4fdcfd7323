"""Releases: made here for every deploy, config change and rollback; put on the air by the worker."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from control.domain.apps import App
from control.domain.formations import Formation
from control.domain.own_pages import OwnPages
from control.domain.people import DEFAULT_QUOTA, Quota
from control.domain.releases import Release, ReleaseStatus
from control.domain.sizes import DEFAULT_SIZE
from control.domain.slugs import WEB_TYPE, Slug
from control.errors import InvalidParams, NotFound
from control.ports.bundle import Ports
from control.ports.state import UnitOfWork
from control.services.actor import Actor, record
from control.services.announce import announce
from control.services.quotas import demand_returning
from jobs import names


def create_release(
    work: UnitOfWork,
    *,
    now: datetime,
    app_id: str,
    description: str,
    user_id: str,
    slug: Slug | None = None,
    config_version: int | None = None,
    pages: OwnPages | None = None,
    remote: str | None = None,
) -> Release:
    """Add the next release; the caller commits. What is None is taken over from the release before.

    A release with a slug is pending until the worker has put it on the air; one without has nothing to wait for.
    """
    base = work.releases.base(app_id)
    latest = work.releases.latest(app_id)
    if slug is None and base is not None and base.slug_id is not None:
        slug = work.slugs.get(base.slug_id)
    if config_version is None:
        config_version = base.config_version if base else 0
    if pages is None and base is not None:
        pages = base.pages
    release = Release(
        id=str(uuid4()),
        app_id=app_id,
        version=latest.version + 1 if latest else 1,
        status=ReleaseStatus.PENDING if slug else ReleaseStatus.SUCCEEDED,
        description=description,
        user_id=user_id,
        slug_id=slug.id if slug else None,
        config_version=config_version,
        pages=pages,
        created_at=now,
        updated_at=now,
    )
    work.releases.add(release)
    if slug:
        _renew_formation(work, slug, app_id=app_id, now=now)
        thaw(work, app_id)
        work.apps.touch(app_id)
    elif app := work.apps.get(app_id):
        work.apps.save(replace(app, released_at=now))
    detail = f"v{release.version}: {description}"
    record(work, now=now, action="release.create", detail=detail, actor_id=user_id, app_id=app_id, remote=remote)
    return release


def thaw(work: UnitOfWork, app_id: str) -> None:
    """Let a frozen app sleep without its dynos, because new ones are to come. The caller commits."""
    app = work.apps.get(app_id)
    if app is not None and app.frozen:
        work.apps.save(replace(app, frozen=False))


def _renew_formation(work: UnitOfWork, slug: Slug, *, app_id: str, now: datetime) -> None:
    """Give each process type a row. Quantities and sizes survive; `web` starts at one dyno, others at none."""
    known = {row.type: row for row in work.formations.list(app_id)}
    for process_type, command in slug.scalable_types.items():
        row = known.get(process_type) or Formation(
            id=str(uuid4()),
            app_id=app_id,
            type=process_type,
            quantity=1 if process_type == WEB_TYPE else 0,
            size=DEFAULT_SIZE,
            command="",
            created_at=now,
            updated_at=now,
        )
        if row.command != command:
            work.formations.save(replace(row, command=command, updated_at=now))


def find_release(work: UnitOfWork, app: App, id_or_version: str) -> Release:
    """Find a release by UUID or version, with or without its `v`. Raises NotFound."""
    version = id_or_version.removeprefix("v")
    if version.isascii() and version.isdigit() and len(version) < 10:
        release = work.releases.by_version(app.id, int(version))
    else:
        release = work.releases.get(id_or_version)
    if release is None or release.app_id != app.id:
        raise NotFound(
            f"Couldn't find that release; list the releases of {app.name} with `nomapaas releases`.", resource="release"
        )
    return release


@dataclass(frozen=True, kw_only=True)
class ReleaseSlug:
    """Release a slug that exists already: one posted by API, or one of an earlier release once more."""

    ports: Ports
    quota: Quota = DEFAULT_QUOTA

    def __call__(self, actor: Actor, app: App, *, slug_id: str, description: str | None) -> Release:
        """Make the release. Raises NotFound, InvalidParams, QuotaReached."""
        with self.ports.state.view() as work:
            slug = work.slugs.get(slug_id)
        if slug is None or slug.app_id != app.id:
            raise NotFound("Couldn't find that slug of this app; build or upload it first.", resource="slug")
        if slug.sha256 is None and self.ports.blobs.stat(names.SOURCES_BUCKET, names.source_key(slug.id)) is None:
            raise InvalidParams("This slug was never uploaded; PUT its tarball to the slug's blob url first.")
        with self.ports.state.begin() as work:
            if work.slugs.get(slug.id) is None:
                raise NotFound("This slug has just been removed as garbage; build or upload it again.", resource="slug")
            demand_returning(work, self.quota, app, slug)
            release = create_release(
                work,
                now=self.ports.clock.now(),
                app_id=app.id,
                slug=slug,
                description=description or f"Deploy {(slug.commit or slug.id)[:8]}",
                user_id=actor.account.id,
                remote=actor.remote,
            )
            work.commit()
        announce(self.ports, app.id, f"Release v{release.version} created by user {actor.account.email}")
        return release


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """Make a new release with the slug and the config vars of an old one."""

    ports: Ports
    quota: Quota = DEFAULT_QUOTA

    def __call__(self, actor: Actor, app: App, *, release: str) -> Release:
        """Make the release. Raises NotFound, InvalidParams, QuotaReached."""
        now = self.ports.clock.now()
        with self.ports.state.begin() as work:
            target = find_release(work, app, release)
            slug = work.slugs.get(target.slug_id) if target.slug_id else None
            if slug is None:
                raise InvalidParams(_no_slug(target))
            if target.status is not ReleaseStatus.SUCCEEDED:
                raise InvalidParams(
                    f"Release v{target.version} never went on the air, it is {target.status}; choose one that did."
                )
            demand_returning(work, self.quota, app, slug)
            made = create_release(
                work,
                now=now,
                app_id=app.id,
                slug=slug,
                config_version=target.config_version,
                pages=target.pages or OwnPages(),
                description=f"Rollback to v{target.version}",
                user_id=actor.account.id,
                remote=actor.remote,
            )
            work.commit()
        announce(self.ports, app.id, f"Rollback to v{target.version} by user {actor.account.email}")
        return made


def _no_slug(release: Release) -> str:
    if release.slug_id is None:
        return f"Release v{release.version} has no slug to go back to; choose a release that was deployed."
    return (
        f"Release v{release.version} is older than those whose slugs are kept, so there is nothing to go back to; "
        "choose a later one, or push that code again."
    )

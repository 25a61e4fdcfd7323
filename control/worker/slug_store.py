"""Slugs come in from two sides, out of a build or posted by API, and pass the same checks."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import BinaryIO

import structlog

from control.domain.slugs import Slug
from control.errors import QuotaReached
from control.ports.bundle import Ports
from control.ports.errors import PortError
from control.ports.state import UnitOfWork
from control.services.quotas import Resource, demand_quota
from control.settings import Settings
from control.worker import slug_check
from control.worker.slug_check import SlugRejected, Spooled
from jobs import names

log = structlog.get_logger()


def store(
    ports: Ports,
    settings: Settings,
    *,
    app_id: str,
    pieces: Iterable[bytes],
    demand: Callable[[Spooled], None] = lambda _: None,
) -> Spooled:
    """Check a slug, also by what `demand` raises, and keep it under its digest.

    Raises SlugRejected, StoreUnavailable, StoreFull.
    """
    limits = slug_check.Limits(compressed=settings.slug_max_mb << 20, unpacked=settings.slug_max_mb << 22)
    with tempfile.TemporaryFile() as file:
        spooled = slug_check.spool(pieces, file, limits)
        demand(spooled)
        slug_check.check(file, limits)
        file.seek(0)
        ports.blobs.write(names.SLUGS_BUCKET, names.slug_key(app_id, spooled.sha256), _pieces(file))
    return spooled


def adopt_posted(ports: Ports, settings: Settings, slug: Slug) -> Slug:
    """Take in a slug that was posted by API and uploaded since; one that is in already stays as it is.

    Raises SlugRejected, StoreUnavailable, StoreFull.
    """
    if slug.sha256 is not None:
        return slug
    upload = names.source_key(slug.id)

    def demand(spooled: Spooled) -> None:
        if slug.announced_sha256 not in (None, spooled.sha256):
            raise SlugRejected(
                f"What was uploaded has the checksum SHA256:{spooled.sha256}, and the slug was announced with another "
                "one; upload the tarball again, or announce it with its own checksum."
            )
        with ports.state.begin() as work:
            _save(work, settings, _adopted(ports, slug, spooled))  # only to see whether it may be

    try:
        pieces = ports.blobs.read(names.SOURCES_BUCKET, upload)
        spooled = store(ports, settings, app_id=slug.app_id, pieces=pieces, demand=demand)
    except KeyError as exc:
        raise SlugRejected("The slug was never uploaded; PUT its tarball to the slug's blob url first.") from exc
    slug = _adopted(ports, slug, spooled)
    with ports.state.begin() as work:
        _save(work, settings, slug)
        work.commit()
    ports.blobs.delete(names.SOURCES_BUCKET, upload)
    return slug


def _adopted(ports: Ports, slug: Slug, spooled: Spooled) -> Slug:
    return replace(slug, sha256=spooled.sha256, size=spooled.size, updated_at=ports.clock.now())


def _save(work: UnitOfWork, settings: Settings, slug: Slug) -> None:
    """Its size counts from now on: it was not known when the slug was announced."""
    work.slugs.save(slug)
    app = work.apps.get(slug.app_id)
    try:
        if app is not None:
            demand_quota(work, settings.quota, app.owner_id, Resource.STORAGE)
    except QuotaReached as exc:
        raise SlugRejected(exc.message) from exc


def bring_to_node(ports: Ports, slug: Slug) -> None:
    """Give the node a slug before any dyno starts from it, so that no wake waits for MinIO. It may fail."""
    if slug.sha256 is None:
        return
    try:
        ports.node.keep_slug(slug.app_id, sha256=slug.sha256)
    except (KeyError, PortError) as exc:
        log.warning("slug.not_kept", app=slug.app_id, reason=str(exc))


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    read: Callable[[], bytes] = lambda: file.read(1 << 20)  # noqa: E731
    yield from iter(read, b"")

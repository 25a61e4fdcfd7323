"""Slugs come in from two sides, out of a build or posted by API, and pass the same checks."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import BinaryIO

import structlog

from control.domain.slugs import Slug
from control.ports.bundle import Ports
from control.ports.errors import PortError
from control.settings import Settings
from control.worker import slug_check
from control.worker.slug_check import SlugRejected, Spooled
from jobs import names

log = structlog.get_logger()


def store(ports: Ports, settings: Settings, *, app_id: str, pieces: Iterable[bytes]) -> Spooled:
    """Check a slug and keep it under its digest. Raises SlugRejected, StoreUnavailable, StoreFull."""
    limits = slug_check.Limits(compressed=settings.slug_max_mb << 20, unpacked=settings.slug_max_mb << 22)
    with tempfile.TemporaryFile() as file:
        spooled = slug_check.spool(pieces, file, limits)
        slug_check.check(file, limits)
        file.seek(0)
        ports.blobs.write(names.SLUGS_BUCKET, names.slug_key(app_id, spooled.sha256), _pieces(file))
    return spooled


def adopt_posted(ports: Ports, settings: Settings, slug: Slug) -> Slug:
    """Take in a slug that was posted by API and uploaded since; one that is in already stays as it is."""
    if slug.sha256 is not None:
        return slug
    upload = names.source_key(slug.id)
    try:
        spooled = store(ports, settings, app_id=slug.app_id, pieces=ports.blobs.read(names.SOURCES_BUCKET, upload))
    except KeyError as exc:
        raise SlugRejected("The slug was never uploaded; PUT its tarball to the slug's blob url first.") from exc
    slug = replace(slug, sha256=spooled.sha256, size=spooled.size, updated_at=ports.clock.now())
    with ports.state.begin() as work:
        work.slugs.save(slug)
        work.commit()
    ports.blobs.delete(names.SOURCES_BUCKET, upload)
    return slug


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

"""Slugs posted by API, on their way from the upload to the air."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from control.domain.apps import App
from control.domain.people import Quota
from control.domain.releases import Release, ReleaseStatus
from control.domain.slugs import Slug
from control.services.actor import Actor
from control.services.slugs import CreateSlug
from control.worker.slug_check import SlugRejected
from control.worker.slug_store import adopt_posted
from jobs import names


@pytest.fixture
def app(world: Any) -> App:
    return world.app()


def _post(world: Any, app: App, archive: bytes, checksum: str | None = None) -> Slug:
    slug = CreateSlug(ports=world.ports)(
        Actor(account=world.owner), app, process_types={"web": "serve"}, checksum=checksum
    )
    world.ports.blobs.write(names.SOURCES_BUCKET, names.source_key(slug.id), [archive])
    return slug


def _release(world: Any, app: App, slug: Slug) -> Release:
    release = world.release(app, slug)
    world.clock.script = [lambda: world.scheduler.pass_health(app.id)]
    world.attend.attend(app.id)
    return world.fresh(release)


def _kept(world: Any) -> list[str]:
    return list(world.blobs.keys(names.SLUGS_BUCKET))


@pytest.mark.parametrize("announced", [True, False])
def test_what_was_announced_goes_on_the_air(world: Any, app: App, slug_archive: bytes, *, announced: bool) -> None:
    """It gets its own digest and size, with a checksum of its sender or without."""
    digest = hashlib.sha256(slug_archive).hexdigest()
    slug = _post(world, app, slug_archive, f"SHA256:{digest}" if announced else None)

    assert _release(world, app, slug).status is ReleaseStatus.SUCCEEDED

    with world.ports.state.view() as work:
        taken = work.slugs.get(slug.id)
    assert (taken.sha256, taken.size) == (digest, len(slug_archive))


def test_another_upload_than_the_announced_one(world: Any, app: App, slug_archive: bytes) -> None:
    """The release fails, and says what came instead."""
    slug = _post(world, app, slug_archive, f"SHA256:{'ab' * 32}")

    release = _release(world, app, slug)

    assert release.status is ReleaseStatus.FAILED
    assert release.failure_message.startswith("What was uploaded has the checksum SHA256:")
    assert _kept(world) == []


def test_the_storage_quota_counts_what_was_uploaded(world: Any, app: App, slug_archive: bytes) -> None:
    """Its size is unknown when it is announced: what is more than the quota is not taken in, nor kept."""
    slug = _post(world, app, slug_archive)
    settings = replace(world.settings, quota=Quota(storage_mb=1))
    full = replace(world.slug(app), size=2 << 20)
    with world.ports.state.begin() as work:
        work.slugs.save(full)
        work.accounts.save(replace(world.owner, admin=False))
        work.commit()

    with pytest.raises(SlugRejected, match=r"This would make 2 MB of slugs, and the apps of .* may have 1"):
        adopt_posted(world.ports, settings, slug)

    with world.ports.state.view() as work:
        assert work.slugs.get(slug.id).sha256 is None
    assert _kept(world) == []

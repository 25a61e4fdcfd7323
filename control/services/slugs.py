"""Slugs posted by API: built elsewhere, uploaded, released."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from control.domain.apps import DEFAULT_STACK, App, check_stack
from control.domain.garbage import PATIENCE
from control.domain.people import DEFAULT_QUOTA, Quota
from control.domain.slugs import Slug, check_checksum, check_process_types
from control.errors import NotFound, QuotaReached
from control.ports.bundle import Ports
from control.ports.state import UnitOfWork
from control.services.actor import Actor, record_by
from control.services.quotas import FOR_A_SLUG, demand_quota, first_dynos

MOST_WAITING = 50
"""Slugs of one app that were announced and are not taken in."""


@dataclass(frozen=True, kw_only=True)
class CreateSlug:
    """Make the row of a slug that is to be uploaded.

    The upload goes to the bucket of sources, because nobody has looked at it: the worker checks it as it checks what a
    build leaves, gives it its digest, and only then is it a slug.
    """

    ports: Ports
    stacks: Sequence[str] = (DEFAULT_STACK,)
    quota: Quota = DEFAULT_QUOTA

    def __call__(
        self,
        actor: Actor,
        app: App,
        *,
        process_types: object,
        checksum: str | None = None,
        stack: str | None = None,
        commit: str | None = None,
        commit_description: str | None = None,
        buildpack_provided_description: str | None = None,
    ) -> Slug:
        """Make it. Raises BrokenRule, QuotaReached, StoreUnavailable."""
        self.ports.blobs.ping()
        now = self.ports.clock.now()
        slug = Slug(
            id=str(uuid4()),
            app_id=app.id,
            sha256=None,
            size=None,
            process_types=check_process_types(process_types),
            stack=app.stack if stack is None else check_stack(stack, self.stacks),
            created_at=now,
            updated_at=now,
            announced_sha256=check_checksum(checksum),
            commit=commit,
            commit_description=commit_description,
            buildpack_provided_description=buildpack_provided_description,
        )
        with self.ports.state.begin() as work:
            _demand_few(work, app, since=now - PATIENCE)
            work.slugs.add(slug)
            demand_quota(work, self.quota, app.owner_id, *FOR_A_SLUG, to_come=first_dynos(work, app.id))
            record_by(work, actor, app, now=now, action="slug.create", detail=slug.id)
            work.commit()
        return slug


def _demand_few(work: UnitOfWork, app: App, *, since: datetime) -> None:
    """What is uploaded counts in no quota before the worker has taken it in, so there may not be much of it."""
    waiting = [each for each in work.slugs.list(app.id) if each.sha256 is None and each.created_at > since]
    if len(waiting) >= MOST_WAITING:
        raise QuotaReached(
            f"The app {app.name} has {len(waiting)} slugs of the last day that never went on the air, "
            f"and {MOST_WAITING} are the most; upload and release one of them, or wait until the oldest is a day old."
        )


def find_slug(work: UnitOfWork, app: App, slug_id: str) -> Slug:
    """Find a slug of this app. Raises NotFound."""
    slug = work.slugs.get(slug_id)
    if slug is None or slug.app_id != app.id:
        raise NotFound(
            f"Couldn't find that slug of {app.name}; see its releases for the slugs there are.", resource="slug"
        )
    return slug

"""`scripts.postdeploy` of app.json: a one-off dyno that runs once, when an app's first release is on the air."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from control.domain.oneoffs import LONGEST_S, TYPE, Oneoff
from control.domain.releases import Release
from control.domain.sizes import DEFAULT_SIZE
from control.ports.state import UnitOfWork
from control.services.actor import record


def order_postdeploy(work: UnitOfWork, release: Release, *, now: datetime) -> Oneoff | None:
    """Write the one-off dyno down in the unit of work that ends the release well; None when there is nothing to run.

    To be called before the release is saved: its app must not have been on the air yet.
    """
    current = work.releases.current(release.app_id)
    slug = work.slugs.get(release.slug_id) if release.slug_id else None
    command = (slug.app_json or {}).get("postdeploy") if slug else None
    if slug is None or not command or (current and current.slug_id):
        return None
    oneoff = Oneoff(
        id=str(uuid4()),
        app_id=release.app_id,
        number=max((each.number for each in work.oneoffs.list(release.app_id)), default=0) + 1,
        user_id=release.user_id,
        command=command,
        type=TYPE,
        size=DEFAULT_SIZE,
        slug_id=slug.id,
        release_version=release.version,
        config_version=release.config_version,
        has_own_config=False,
        time_to_live=LONGEST_S,
        created_at=now,
        updated_at=now,
    )
    work.oneoffs.add(oneoff)
    detail = f"{oneoff.name} for the postdeploy script of app.json"
    record(work, now=now, action="dyno.create", detail=detail, actor_id=release.user_id, app_id=release.app_id)
    return oneoff

"""One-off dynos: asked for here, run by the worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import uuid4

from control.domain import config_vars
from control.domain.apps import App
from control.domain.dynos import Dyno
from control.domain.oneoffs import TYPE, Oneoff, check_command, check_time_to_live, resolve
from control.domain.releases import Release
from control.domain.sizes import DEFAULT_SIZE, find_size
from control.domain.slugs import Slug
from control.errors import InvalidParams, NotFound
from control.ports.bundle import Ports
from control.ports.state import UnitOfWork
from control.services import config_vars as kept_config_vars
from control.services.actor import Actor, record_by
from control.services.announce import announce
from control.services.quotas import Resource, demand_quota
from control.settings import Settings

_KEPT = 50
"""Ended ones of an app whose exit codes can still be asked for."""


def find_oneoff(work: UnitOfWork, app: App, id_or_name: str) -> Oneoff:
    """Find a one-off dyno by UUID or by its name, also one that has ended. Raises NotFound."""
    number = id_or_name.removeprefix(f"{TYPE}.")
    if number.isascii() and number.isdigit() and len(number) < 10:
        found = work.oneoffs.by_number(app.id, int(number))
    else:
        found = work.oneoffs.get(id_or_name)
    if found is None or found.app_id != app.id:
        raise NotFound(
            f"Couldn't find that dyno ({id_or_name:.63}); `nomapaas run:list` lists the one-off dynos of {app.name}.",
            resource="dyno",
        )
    return found


def as_dyno(oneoff: Oneoff) -> Dyno:
    """The same as `ps` shows every dyno."""
    return Dyno(
        id=oneoff.id,
        app_id=oneoff.app_id,
        name=oneoff.name,
        type=TYPE,
        state=oneoff.state,
        size=oneoff.size,
        command=oneoff.command,
        release_version=oneoff.release_version,
        created_at=oneoff.created_at,
        updated_at=oneoff.ended_at or oneoff.started_at or oneoff.created_at,
        reason=oneoff.reason,
        exit_code=oneoff.exit_code,
    )


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What somebody asks a one-off dyno to be, unchecked; None takes the default."""

    command: object
    env: Mapping[str, object]
    """Variables over the app's config vars, for this dyno alone."""
    size: object = None
    type: str | None = None
    """A process type, whose size it gets where none is named."""
    time_to_live: int | None = None


@dataclass(frozen=True, kw_only=True)
class RunOneoff:
    """Have a command run once, with slug and config vars of the release that is on the air."""

    ports: Ports
    settings: Settings

    def __call__(self, actor: Actor, app: App, wish: Wish) -> Oneoff:
        """Write the one-off dyno down for the worker. Raises BrokenRule, InvalidParams, NotFound.

        Like config vars, its own environment is in Vault before anything names it.
        """
        command, time_to_live = check_command(wish.command), check_time_to_live(wish.time_to_live)
        with self.ports.state.view() as work:
            release, slug = _runnable(work, app)
            size = _size(work, app, wish)
        version = self._config_version(app, release, wish.env)
        now = self.ports.clock.now()
        with self.ports.state.begin() as work:
            self._demand_room(work, app)
            oneoff = Oneoff(
                id=str(uuid4()),
                app_id=app.id,
                number=_next_number(work, app),
                user_id=actor.account.id,
                command=resolve(command, slug.process_types),
                type=wish.type or TYPE,
                size=size,
                slug_id=slug.id,
                release_version=release.version,
                config_version=version,
                has_own_config=version != release.config_version,
                time_to_live=time_to_live,
                created_at=now,
                updated_at=now,
            )
            work.oneoffs.add(oneoff)
            demand_quota(work, self.settings.quota, app.owner_id, Resource.DYNOS, Resource.MEMORY)
            record_by(work, actor, app, now=now, action="dyno.create", detail=f"{oneoff.name}:{size}")
            work.commit()
        announce(self.ports, app.id, f"Starting {oneoff.name} with command `{command}` by user {actor.account.email}")
        return oneoff

    def _config_version(self, app: App, release: Release, env: Mapping[str, object]) -> int:
        if not env:
            return release.config_version
        changes = {key: value if isinstance(value, str) else str(value) for key, value in env.items()}
        values = config_vars.merge(kept_config_vars.read(self.ports, app, release), changes)
        with self.ports.state.begin() as work:
            version = work.apps.next_config_version(app.id)
            work.commit()
        self.ports.vault.write(app.id, version, values)
        return version

    def _demand_room(self, work: UnitOfWork, app: App) -> None:
        limit = self.settings.max_oneoffs
        if len(work.oneoffs.running_of(app.id)) >= limit:
            raise InvalidParams(
                f"The app {app.name} has {limit} one-off dynos already, which is the most at once; wait for one to end "
                "or stop one with `nomapaas ps:stop run.N`."
            )


@dataclass(frozen=True, kw_only=True)
class StopOneoffs:
    """Stop one-off dynos: SIGTERM, and SIGKILL when they do not end by themselves."""

    ports: Ports

    def one(self, actor: Actor, app: App, id_or_name: str) -> Oneoff:
        """Stop one; one that has ended stays as it is. Raises NotFound."""
        with self.ports.state.begin() as work:
            oneoff = find_oneoff(work, app, id_or_name)
            if oneoff.ended_at is not None:
                return oneoff
            oneoff = self._stop(work, actor, app, oneoff)
            work.commit()
        announce(self.ports, app.id, f"Stopped {oneoff.name} by user {actor.account.email}")
        return oneoff

    def all(self, actor: Actor, app: App) -> None:
        """Stop every one that runs."""
        with self.ports.state.begin() as work:
            stopped = [self._stop(work, actor, app, each).name for each in work.oneoffs.running_of(app.id)]
            work.commit()
        if stopped:
            announce(self.ports, app.id, f"Stopped {', '.join(stopped)} by user {actor.account.email}")

    def _stop(self, work: UnitOfWork, actor: Actor, app: App, oneoff: Oneoff) -> Oneoff:
        now = self.ports.clock.now()
        oneoff = replace(oneoff, stop_requested=True, updated_at=now)
        work.oneoffs.save(oneoff)
        record_by(work, actor, app, now=now, action="dyno.stop", detail=oneoff.name)
        return oneoff


def _runnable(work: UnitOfWork, app: App) -> tuple[Release, Slug]:
    """The release on the air; before there is one, the newest, so that one can look why it does not boot."""
    release = work.releases.current(app.id)
    if release is None or release.slug_id is None:
        release = work.releases.latest(app.id)
    slug = work.slugs.get(release.slug_id) if release and release.slug_id else None
    if release is None or slug is None or slug.sha256 is None:
        raise InvalidParams(f"The app {app.name} has no code to run yet; push it first.")
    return release, slug


def _size(work: UnitOfWork, app: App, wish: Wish) -> str:
    if wish.size is not None:
        return find_size(wish.size).name
    rows = {row.type: row.size for row in work.formations.list(app.id)}
    return rows.get(wish.type or "", DEFAULT_SIZE)


def _next_number(work: UnitOfWork, app: App) -> int:
    """One more than the highest; old ones whose end nobody will ask for any more are forgotten on the way."""
    known = work.oneoffs.list(app.id)
    ended = [each for each in known if each.ended_at is not None]
    for each in ended[: -_KEPT + 1]:
        work.oneoffs.remove(each.id)
    return known[-1].number + 1 if known else 1

"""Apps: create, change, destroy."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import SystemRandom
from uuid import uuid4

from control.domain.apps import (
    DEFAULT_REGION,
    DEFAULT_STACK,
    App,
    check_name,
    check_region,
    check_stack,
    random_name,
)
from control.domain.people import DEFAULT_QUOTA, Quota
from control.errors import InvalidParams
from control.ports.bundle import Ports
from control.ports.state import NameTaken
from control.services.actor import Actor, record_by
from control.services.quotas import Resource, demand_quota

_ATTEMPTS = 5


@dataclass(frozen=True, kw_only=True)
class CreateApp:
    """Create an app; it has no release and runs nothing until something is deployed."""

    ports: Ports
    stacks: Sequence[str] = (DEFAULT_STACK,)
    """The stacks that there are; the first is the default."""
    quota: Quota = DEFAULT_QUOTA

    def __call__(
        self, actor: Actor, *, name: str | None = None, stack: str | None = None, region: str | None = None
    ) -> App:
        """Create it, under a random name when none is given. Raises BrokenRule, InvalidParams."""
        now = self.ports.clock.now()
        app = App(
            id=str(uuid4()),
            name="" if name is None else check_name(name),
            owner_id=actor.account.id,
            stack=self.stacks[0] if stack is None else check_stack(stack, self.stacks),
            region=DEFAULT_REGION if region is None else check_region(region),
            maintenance=False,
            created_at=now,
            updated_at=now,
        )
        if name is not None:
            return self._add(actor, app)
        for _ in range(_ATTEMPTS):
            try:
                return self._add(actor, replace(app, name=random_name(SystemRandom())))
            except InvalidParams:
                continue
        return self._add(actor, replace(app, name=f"app-{secrets.token_hex(10)}"))

    def _add(self, actor: Actor, app: App) -> App:
        try:
            with self.ports.state.begin() as work:
                work.apps.add(app)
                demand_quota(work, self.quota, app.owner_id, Resource.APPS)
                record_by(work, actor, app, now=app.created_at, action="app.create", detail=app.name)
                work.commit()
        except NameTaken as exc:
            raise _taken(app.name) from exc
        return app


@dataclass(frozen=True, kw_only=True)
class UpdateApp:
    """Rename an app, or switch its maintenance mode, or the stack of its next build."""

    ports: Ports
    stacks: Sequence[str] = (DEFAULT_STACK,)

    def __call__(
        self,
        actor: Actor,
        app: App,
        *,
        name: str | None = None,
        maintenance: bool | None = None,
        stack: str | None = None,
    ) -> App:
        """Change what is given. Raises BrokenRule, InvalidParams."""
        wanted = {
            "name": None if name is None else check_name(name),
            "maintenance": maintenance,
            "stack": None if stack is None else check_stack(stack, self.stacks),
        }
        changes = {key: value for key, value in wanted.items() if value is not None and value != getattr(app, key)}
        if not changes:
            return app
        now = self.ports.clock.now()
        try:
            with self.ports.state.begin() as work:
                app = replace(work.apps.get(app.id) or app, updated_at=now, **changes)  # type: ignore[arg-type]
                work.apps.save(app)
                work.apps.touch(app.id)
                record_by(
                    work,
                    actor,
                    app,
                    now=now,
                    action="app.update",
                    detail=", ".join(f"{key}={value}" for key, value in changes.items()),
                )
                work.commit()
        except NameTaken as exc:
            raise _taken(str(changes["name"])) from exc
        return app


@dataclass(frozen=True, kw_only=True)
class DestroyApp:
    """Destroy an app: its names are free at once; the worker removes its job, route, config vars, slugs and logs."""

    ports: Ports

    def __call__(self, actor: Actor, app: App) -> App:
        """Mark the app and cancel its builds."""
        now = self.ports.clock.now()
        with self.ports.state.begin() as work:
            app = replace(work.apps.get(app.id) or app, destroyed_at=now, updated_at=now)
            work.apps.save(app)
            for domain in work.domains.list(app.id):
                work.domains.remove(domain.id)
            for build in work.builds.pending():
                if build.app_id == app.id:
                    work.builds.save(replace(build, cancel_requested=True, updated_at=now))
            record_by(work, actor, app, now=now, action="app.destroy", detail=app.name)
            work.commit()
        return app


def _taken(name: str) -> InvalidParams:
    return InvalidParams(f"Name {name} is already taken; choose another one.")

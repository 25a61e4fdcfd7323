"""App setups: an app, its config vars and its first build out of one request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from control.domain.app_setups import AppSetup
from control.domain.apps import App
from control.domain.oneoffs import Oneoff
from control.domain.releases import Release
from control.domain.rules import BrokenRule
from control.errors import NotFound, PlatformError
from control.ports.bundle import Ports
from control.ports.errors import PortError
from control.ports.state import UnitOfWork
from control.services.access import Permission, find_app
from control.services.actor import Actor
from control.services.apps import CreateApp, DestroyApp
from control.services.builds import CreateBuild
from control.services.config_vars import SetConfigVars
from control.settings import Settings


@dataclass(frozen=True, kw_only=True)
class SetupWish:
    """What somebody asks for, unchecked; None takes the default."""

    source_url: str
    source_checksum: str | None = None
    source_version: str | None = None
    name: str | None = None
    stack: str | None = None
    region: str | None = None
    env: Mapping[str, str | None] = field(default_factory=dict)
    """Config vars that come before those of the source's app.json."""
    buildpacks: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class CreateAppSetup:
    """Create an app and queue the build of its source, whose app.json then sets up the rest."""

    ports: Ports
    settings: Settings

    def __call__(self, actor: Actor, wish: SetupWish) -> AppSetup:
        """Return the setup; what cannot be built leaves no app. Raises BrokenRule, PlatformError, PortError."""
        create = CreateApp(ports=self.ports, stacks=self.settings.stacks, quota=self.settings.quota)
        app = create(actor, name=wish.name, stack=wish.stack, region=wish.region)
        try:
            return self._build(actor, app, wish)
        except (BrokenRule, PlatformError, PortError):
            DestroyApp(ports=self.ports)(actor, app)
            raise

    def _build(self, actor: Actor, app: App, wish: SetupWish) -> AppSetup:
        if wish.env:
            SetConfigVars(ports=self.ports)(actor, app, wish.env)
        build = CreateBuild(ports=self.ports, settings=self.settings)(
            actor,
            app,
            url=wish.source_url,
            checksum=wish.source_checksum,
            version=wish.source_version,
            buildpacks=wish.buildpacks,
        )
        setup = AppSetup(id=str(uuid4()), app_id=app.id, build_id=build.id, created_at=build.created_at)
        with self.ports.state.begin() as work:
            work.app_setups.add(setup)
            work.commit()
        return setup


def find_setup(work: UnitOfWork, actor: Actor, setup_id: str) -> tuple[AppSetup, App]:
    """Find a setup of an app that the actor may see. Raises NotFound."""
    setup = work.app_setups.get(setup_id)
    if setup is None:
        raise NotFound("Couldn't find that app setup; it goes with its app.", resource="app_setup")
    return setup, find_app(work, actor, setup.app_id, Permission.VIEW)


def postdeploy_of(work: UnitOfWork, release: Release) -> Oneoff | None:
    """The one-off dyno of the postdeploy script that a release brought along, when it had one."""
    slug = work.slugs.get(release.slug_id) if release.slug_id else None
    command = (slug.app_json or {}).get("postdeploy") if slug else None
    mine = (each for each in work.oneoffs.list(release.app_id) if each.release_version == release.version)
    return next((each for each in mine if each.command == command), None)

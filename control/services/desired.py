"""What should run: a release and its formation, as a Nomad job and as a route."""

from __future__ import annotations

from dataclasses import dataclass, replace

from control.domain.apps import App
from control.domain.features import NO_KEEPALIVE, SESSION_AFFINITY
from control.domain.formations import Formation
from control.domain.health_checks import HealthCheck
from control.domain.own_pages import OwnPages
from control.domain.releases import Release, ReleaseStatus
from control.domain.sleeping import can_be_woken
from control.domain.slugs import Slug
from control.ports.bundle import Ports
from control.ports.catalog import Route
from control.ports.scheduler import Job
from control.ports.state import UnitOfWork
from control.settings import Settings
from jobs import dyno, names
from jobs.dyno import WEB, DynoSpec, HealthSpec, ProcessSpec
from jobs.spec import AppRef, Site


@dataclass(frozen=True, kw_only=True)
class Desired:
    """One release of one app with the formation that it should have."""

    app: App
    release: Release
    slug: Slug | None
    formation: tuple[Formation, ...]
    """Only types that the slug has; none of each while the app sleeps, unless by freezing."""
    idle: bool = False
    """The app sleeps, and a request can wake it."""

    @property
    def web_quantity(self) -> int:
        """Web dynos wanted."""
        return sum(each.quantity for each in self.formation if each.type == WEB)

    @property
    def runs_nothing(self) -> bool:
        """Without a slug there is nothing to run."""
        return self.slug is None or self.slug.sha256 is None or not self.formation

    @property
    def health_check(self) -> HealthCheck | None:
        """What the slug's app.json asks for."""
        return self.slug.health_check if self.slug else None

    def boot_timeout(self, settings: Settings) -> int:
        """Seconds that a web dyno has to be well; an app may ask for more than the platform gives, not for less.

        Consul makes the first check at a random moment of the first interval, so that one comes on top.
        """
        check = self.health_check
        return max(settings.boot_timeout, check.startup_s) + check.interval_s if check else settings.boot_timeout

    def _health(self, settings: Settings) -> HealthSpec | None:
        check = self.health_check
        if check is None:
            return None
        return HealthSpec(
            path=check.path,
            host=settings.host(self.app.name),
            interval_s=check.interval_s,
            timeout_s=check.timeout_s,
            restart_after=check.restart_after,
        )

    def job(self, site: Site, settings: Settings) -> Job:
        """The Nomad job. Only for one that runs something."""
        if self.slug is None or self.slug.sha256 is None:
            raise ValueError("a release without a slug has no job")
        spec = DynoSpec(
            app=AppRef(id=self.app.id, name=self.app.name, stack=self.slug.stack),
            release_version=self.release.version,
            slug_sha256=self.slug.sha256,
            config_version=self.release.config_version,
            processes=tuple(
                ProcessSpec(
                    type=each.type,
                    command=self.slug.process_types[each.type],
                    quantity=each.quantity,
                    size=each.size,
                )
                for each in self.formation
            ),
            restart_nonce=self.app.restart_nonce,
            stack_version=settings.stack_versions.get(self.slug.stack, ""),
            boot_timeout_s=self.boot_timeout(settings),
            kill_timeout_s=settings.stop_timeout,
            health=self._health(settings),
            frozen=self.idle and self.app.frozen,
        )
        return dyno.build(spec, site)


def of_release(work: UnitOfWork, app: App, release: Release) -> Desired:
    """What should run when `release` runs."""
    slug = work.slugs.get(release.slug_id) if release.slug_id else None
    types = slug.scalable_types if slug else {}
    formation = tuple(row for row in work.formations.list(app.id) if row.type in types)
    # An app that no request could wake does not sleep, whatever it was told.
    idle = app.asleep and can_be_woken(formation)
    if idle and not app.frozen:
        formation = tuple(replace(row, quantity=0) for row in formation)
    return Desired(app=app, release=release, slug=slug, formation=formation, idle=idle)


def hand_over(
    ports: Ports, settings: Settings, site: Site, app_id: str, wanted: Desired | None, *, admit: bool = True
) -> int:
    """Let the scheduler have the app's job, or stop it where nothing should run. Returns the job's modify index.

    Raises JobRejected, SchedulerUnavailable, VaultUnavailable.
    """
    if wanted is None or wanted.runs_nothing:
        ports.scheduler.stop(names.app_job_id(app_id))
        return 0
    if admit and wanted.release.config_version:
        ports.vault.admit(app_id)
    return ports.scheduler.submit(wanted.job(site, settings))


def of_current(work: UnitOfWork, app: App) -> Desired | None:
    """What should run now; None for an app without a release that succeeded."""
    current = work.releases.current(app.id)
    return of_release(work, app, current) if current else None


def route(work: UnitOfWork, app: App, *, settings: Settings, starting: bool = False) -> Route:
    """The app's route record as it should be. `starting` while its first release boots."""
    return route_to(work, app, of_current(work, app), settings=settings, starting=starting)


def route_to(
    work: UnitOfWork, app: App, desired: Desired | None, *, settings: Settings, starting: bool = False
) -> Route:
    """The same for who knows `of_current` already."""
    current = desired.release if desired else None
    pages = (current.pages if current else None) or OwnPages()
    return Route(
        app_id=app.id,
        name=app.name,
        hosts=(settings.host(app.name), *(each.hostname for each in work.domains.list(app.id))),
        state=_state(work, app, desired, starting=starting),
        maintenance=app.maintenance,
        release=current.version if current else 0,
        https=app.force_https,
        hsts=app.hsts,
        frozen=desired is not None and desired.idle and app.frozen,
        cache=f"{current.version if current else 0}-{app.cache_purges}" if app.cache else None,
        affinity=SESSION_AFFINITY.name in app.features,
        keepalive=NO_KEEPALIVE.name not in app.features,
        error_page=pages.error,
        maintenance_page=pages.maintenance,
    )


def _state(work: UnitOfWork, app: App, desired: Desired | None, *, starting: bool) -> str:
    if desired and not desired.runs_nothing:
        if desired.idle:
            return "idle"
        return "up" if desired.web_quantity else "down"
    if starting:
        return "starting"
    latest = work.releases.latest(app.id)
    return "crashed" if latest and latest.status is ReleaseStatus.FAILED else "down"

"""Trying a failed release once more."""

from __future__ import annotations

from dataclasses import dataclass

from control.domain.apps import App
from control.domain.own_pages import OwnPages
from control.domain.people import DEFAULT_QUOTA, Quota
from control.domain.releases import Release, ReleaseStatus
from control.errors import InvalidParams
from control.ports.bundle import Ports
from control.services.actor import Actor
from control.services.announce import announce
from control.services.quotas import demand_returning
from control.services.releases import create_release, find_release


@dataclass(frozen=True, kw_only=True)
class RetryRelease:
    """Make a new release with the slug and the config vars of one that failed: its release phase and boot run anew."""

    ports: Ports
    quota: Quota = DEFAULT_QUOTA

    def __call__(self, actor: Actor, app: App, *, release: str) -> Release:
        """Make the release. Raises NotFound, InvalidParams, QuotaReached."""
        with self.ports.state.view() as work:
            target = find_release(work, app, release)
        self._demand_config(app, target)
        with self.ports.state.begin() as work:
            slug = work.slugs.get(target.slug_id) if target.slug_id else None
            if target.status is not ReleaseStatus.FAILED:
                raise InvalidParams(
                    f"Release v{target.version} did not fail, it is {target.status}; only a failed one can be retried."
                )
            if slug is None:
                raise InvalidParams(f"The slug of release v{target.version} is gone; push its code again.")
            demand_returning(work, self.quota, app, slug)
            made = create_release(
                work,
                now=self.ports.clock.now(),
                app_id=app.id,
                slug=slug,
                config_version=target.config_version,
                pages=target.pages or OwnPages(),
                description=f"Retry of v{target.version}: {_first(target.description)}",
                user_id=actor.account.id,
                remote=actor.remote,
            )
            work.commit()
        announce(self.ports, app.id, f"Retry of v{target.version} by user {actor.account.email}")
        return made

    def _demand_config(self, app: App, target: Release) -> None:
        try:
            self.ports.vault.read(app.id, target.config_version)
        except KeyError as exc:
            raise InvalidParams(
                f"The config vars of release v{target.version} are gone; set them and push its code again."
            ) from exc


def _first(description: str) -> str:
    """What was tried at first, however often it has been retried."""
    return description.partition(": ")[2] if description.startswith("Retry of ") else description

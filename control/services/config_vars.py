"""Config vars: read from Vault, changed by a new version there and a release that names it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from control.domain import config_vars
from control.domain.apps import App
from control.domain.own_pages import check_pages, pages_of
from control.domain.releases import Release
from control.errors import Conflict, NotFound
from control.ports.bundle import Ports
from control.services.actor import Actor
from control.services.announce import announce
from control.services.releases import create_release

_ATTEMPTS = 5


def read(ports: Ports, app: App, release: Release | None = None) -> dict[str, str]:
    """The config vars of one release, else those that the next change starts from. Raises NotFound."""
    if release is None:
        with ports.state.view() as work:
            release = work.releases.base(app.id)
    if release is None:
        return {}
    try:
        return ports.vault.read(app.id, release.config_version)
    except KeyError as exc:
        raise NotFound(
            f"The config vars of v{release.version} are gone from Vault; restore Vault's data or set them again.",
            resource="config_vars",
        ) from exc


@dataclass(frozen=True, kw_only=True)
class SetConfigVars:
    """Set and remove config vars.

    The new version is written to Vault first: one that no release names is harmless, a release that names a missing one
    is not. The release is made only if no other change of config vars came in between.
    """

    ports: Ports

    def __call__(self, actor: Actor, app: App, changes: Mapping[str, str | None]) -> dict[str, str]:
        """Return all config vars after the change. Raises BrokenRule, Conflict."""
        check_pages(changes)
        for _ in range(_ATTEMPTS):
            with self.ports.state.view() as work:
                base = work.releases.base(app.id)
            before = read(self.ports, app, base) if base else {}
            after = config_vars.merge(before, changes)
            if after == before:
                return after
            seen = base.config_version if base else 0
            description = config_vars.describe(before, after)
            if self._release(actor, app, after, seen=seen, description=description):
                announce(self.ports, app.id, f"{description} by user {actor.account.email}")
                return after
        raise Conflict("Others keep changing this app's config vars; try again in a moment.")

    def _release(self, actor: Actor, app: App, values: Mapping[str, str], *, seen: int, description: str) -> bool:
        with self.ports.state.begin() as work:
            version = work.apps.next_config_version(app.id)
            work.commit()
        self.ports.vault.write(app.id, version, values)
        with self.ports.state.begin() as work:
            base = work.releases.base(app.id)
            current = base.config_version if base else 0
            if current == seen:
                create_release(
                    work,
                    now=self.ports.clock.now(),
                    app_id=app.id,
                    config_version=version,
                    pages=pages_of(values),
                    description=description,
                    user_id=actor.account.id,
                    remote=actor.remote,
                )
                work.commit()
        if current != seen:
            self.ports.vault.delete(app.id, version)
        return current == seen

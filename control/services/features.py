"""Switches of an app."""

from __future__ import annotations

from dataclasses import dataclass, replace

from control.domain.apps import App
from control.domain.features import FEATURES, Feature
from control.errors import NotFound
from control.ports.bundle import Ports
from control.services.actor import Actor, record_by


def find_feature(name: str) -> Feature:
    """The feature of that name. Raises NotFound."""
    for feature in FEATURES:
        if feature.name == name:
            return feature
    raise NotFound(
        f"Couldn't find that feature ({name:.60}); there are: {', '.join(each.name for each in FEATURES)}.",
        resource="feature",
    )


@dataclass(frozen=True, kw_only=True)
class SwitchFeature:
    """Switch a feature on or off; the worker tells the router."""

    ports: Ports

    def __call__(self, actor: Actor, app: App, feature: Feature, *, enabled: bool) -> App:
        """Return the app after the change."""
        with self.ports.state.begin() as work:
            app = work.apps.get(app.id) or app
            if enabled == (feature.name in app.features):
                return app
            now = self.ports.clock.now()
            others = {each for each in app.features if each != feature.name}
            app = replace(app, features=tuple(sorted(others | {feature.name} if enabled else others)), updated_at=now)
            work.apps.save(app)
            work.apps.touch(app.id)
            detail = f"{feature.name}, enabled={enabled}"
            record_by(work, actor, app, now=now, action="feature.update", detail=detail)
            work.commit()
        return app

"""The facts of this instance that jobs need, from settings."""

from __future__ import annotations

import pwd

from control.settings import Settings
from jobs.spec import Site


def site_of(settings: Settings) -> Site:
    """Look up the dyno user once. Raises KeyError when `nomapaas up` has not made it."""
    user = Site.dyno_user
    return Site(
        artifacts_url=f"http://127.0.0.1:{settings.node_port}",
        dyno_uid=pwd.getpwnam(user).pw_uid,
    )

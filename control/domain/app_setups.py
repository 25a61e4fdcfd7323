"""App setups: an app made of a source in one step, as Heroku's buttons and templates do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class AppSetup:
    """One setup. How it is doing follows from its build and the release that the build made."""

    id: str
    app_id: str
    build_id: str
    created_at: datetime

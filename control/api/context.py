"""What every view can reach: the platform behind it and who asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event
from typing import cast

from flask import current_app, g

from control.api.seats import Seats
from control.api.signing import Signer
from control.domain.apps import App
from control.ports.bundle import Ports
from control.services.access import Permission, find_app
from control.services.accounts import Login, Passwords
from control.services.actor import Actor
from control.services.apply import ApplyApp
from control.services.health import Health
from control.services.throttle import Allowance
from control.settings import Settings

EXTENSION = "nomapaas"


@dataclass(frozen=True, kw_only=True)
class Platform:
    """Made once for each Flask app."""

    ports: Ports
    settings: Settings
    signer: Signer
    passwords: Passwords
    login: Login
    allowance: Allowance
    health: Health
    apply: ApplyApp | None = None
    """Hands a woken app over at once; None leaves that to the worker."""
    seats: Seats = field(default_factory=Seats)
    """Of open streams."""
    closing: Event = field(default_factory=Event)
    """Set when this process is told to stop: open streams end, so that it can."""


def platform() -> Platform:
    """The platform of this Flask app."""
    return cast("Platform", current_app.extensions[EXTENSION])


def actor() -> Actor:
    """Who sends this request; only in views that ask for a token."""
    return cast("Actor", g.actor)


def the_app(id_or_name: str, permission: Permission) -> App:
    """The app in the path, when the actor may do this to it. Raises NotFound, Forbidden."""
    with platform().ports.state.view() as work:
        return find_app(work, actor(), id_or_name, permission)

"""`/events`, `/apps/:app/events`: who did what, from where. Ours, in Heroku's style; config values are never in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from flask import Blueprint, Response

from control.api.context import actor, platform, the_app
from control.api.presenters import JSON, app_ref, time_text
from control.api.responses import window_listing
from control.domain.accounts import AuditEvent
from control.domain.apps import App
from control.ports.state import UnitOfWork
from control.ports.windows import Window
from control.services.access import Permission

routes = Blueprint("events", __name__)

_KEYS = {"created_at": lambda event: event.created_at, "id": lambda event: event.id}
_KINDS = {"created_at": datetime, "id": str}


@routes.get("/events")
def list_() -> Response:
    """What the account itself has done; for admins, what anybody has."""
    account = actor().account
    actor_id = None if account.admin else account.id
    return _listing(lambda work, window: work.events.window(window, actor_id=actor_id))


@routes.get("/apps/<app>/events")
def list_of_app(app: str) -> Response:
    """What was done to one app."""
    found = the_app(app, Permission.MANAGE)
    return _listing(lambda work, window: work.events.window(window, app_id=found.id))


def _listing(find: Callable[[UnitOfWork, Window], Sequence[AuditEvent]]) -> Response:
    with platform().ports.state.view() as work:
        return window_listing(lambda window: find(work, window), _KEYS, lambda rows: _present(work, rows), kinds=_KINDS)


def _present(work: UnitOfWork, events: Sequence[AuditEvent]) -> list[JSON]:
    apps = work.apps.of({event.app_id for event in events if event.app_id})
    return [
        {
            "action": event.action,
            "actor": {"email": event.actor_email, "id": event.actor_id} if event.actor_id else None,
            "app": _app(event.app_id, apps.get(event.app_id)) if event.app_id else None,
            "created_at": time_text(event.created_at),
            "detail": event.detail,
            "id": event.id,
            "remote": event.remote,
        }
        for event in events
    ]


def _app(app_id: str, app: App | None) -> JSON:
    return app_ref(app) if app else {"id": app_id, "name": None}

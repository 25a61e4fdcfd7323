"""`/apps/:app/collaborators`, and the same below `/teams`, as Heroku's clients ask for permissions there."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response

from control.api import bodies
from control.api.context import actor, platform, the_app
from control.api.presenters import JSON, app_ref, fixed_id, time_text
from control.api.responses import listing, reply
from control.domain.apps import App
from control.domain.people import Collaborator
from control.domain.permissions import DESCRIPTIONS, GRANTABLE, check_permissions
from control.services.access import Permission
from control.services.collaborators import (
    AddCollaborator,
    RemoveCollaborator,
    UpdateCollaborator,
    emails_of,
    find_collaborator,
)

routes = Blueprint("collaborators", __name__)

_KEYS = {"email": lambda row: row["user"]["email"], "id": lambda row: row["id"]}
_WITHOUT_A_WORD = Permission.OPERATE
"""What a collaborator gets where the request names no permissions, as Heroku gives it on apps outside of teams."""


@routes.get("/apps/<app>/collaborators")
@routes.get("/teams/apps/<app>/collaborators")
def list_(app: str) -> Response:
    """The owner and the collaborators."""
    found = the_app(app, Permission.VIEW)
    with platform().ports.state.view() as work:
        rows = [_owner(found), *work.collaborators.list(found.id)]
    return listing(_present(found, rows), _KEYS, lambda row: row)


@routes.get("/apps/<app>/collaborators/<collaborator>")
@routes.get("/teams/apps/<app>/collaborators/<collaborator>")
def info(app: str, collaborator: str) -> Response:
    """One collaborator, by id or by the account's id or e-mail address."""
    found = the_app(app, Permission.VIEW)
    with platform().ports.state.view() as work:
        row = find_collaborator(work, found, collaborator)
    return _reply(found, row)


@routes.post("/apps/<app>/collaborators")
@routes.post("/teams/apps/<app>/collaborators")
def create(app: str) -> Response:
    """Let an account do something to the app."""
    found = the_app(app, Permission.MANAGE)
    values = bodies.body()
    named = values.get("permissions")
    row = AddCollaborator(ports=platform().ports)(
        actor(),
        found,
        user=bodies.person(values, "user"),
        permission=_WITHOUT_A_WORD if named is None else check_permissions(named),
    )
    return _reply(found, row, 201)


@routes.patch("/apps/<app>/collaborators/<collaborator>")
@routes.patch("/teams/apps/<app>/collaborators/<collaborator>")
def update(app: str, collaborator: str) -> Response:
    """Change what a collaborator may do."""
    found = the_app(app, Permission.MANAGE)
    permission = check_permissions(bodies.body().get("permissions"))
    row = UpdateCollaborator(ports=platform().ports)(actor(), found, user=collaborator, permission=permission)
    return _reply(found, row)


@routes.delete("/apps/<app>/collaborators/<collaborator>")
@routes.delete("/teams/apps/<app>/collaborators/<collaborator>")
def destroy(app: str, collaborator: str) -> Response:
    """Take all permissions back."""
    found = the_app(app, Permission.MANAGE)
    return _reply(found, RemoveCollaborator(ports=platform().ports)(actor(), found, user=collaborator))


@routes.get("/teams/permissions")
def permissions() -> Response:
    """What collaborators can be allowed to do, and what it means."""
    return reply([_permission(each) for each in GRANTABLE])


def _owner(app: App) -> Collaborator:
    return Collaborator(
        id=fixed_id("collaborator", f"{app.id}.{app.owner_id}"),
        app_id=app.id,
        account_id=app.owner_id,
        permission=Permission.OWN,
        created_at=app.created_at,
        updated_at=app.created_at,
    )


def _reply(app: App, row: Collaborator, status: int = 200) -> Response:
    return reply(_present(app, [row])[0], status)


def _present(app: App, rows: Sequence[Collaborator]) -> list[JSON]:
    with platform().ports.state.view() as work:
        emails = emails_of(work, (row.account_id for row in rows))
    return [
        {
            "app": app_ref(app),
            "created_at": time_text(row.created_at),
            "id": row.id,
            "permissions": [_permission(each) for each in row.permission.included if each in GRANTABLE],
            "role": "owner" if row.permission is Permission.OWN else "collaborator",
            "updated_at": time_text(row.updated_at),
            "user": {
                "email": emails.get(row.account_id, "deleted@users.invalid"),
                "federated": False,
                "id": row.account_id,
            },
        }
        for row in rows
    ]


def _permission(permission: Permission) -> JSON:
    return {"description": DESCRIPTIONS[permission], "name": str(permission)}

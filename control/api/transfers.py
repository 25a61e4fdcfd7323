"""`/account/app-transfers`: apps that are offered to another owner."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response

from control.api import bodies
from control.api.context import actor, platform, the_app
from control.api.presenters import JSON, Presenter, app_ref, time_text
from control.api.responses import listing, reply
from control.domain.people import Transfer
from control.errors import InvalidParams
from control.services.access import Permission
from control.services.transfers import AnswerTransfer, CancelTransfer, CreateTransfer, find_transfer

routes = Blueprint("transfers", __name__)

_KEYS = {"created_at": lambda row: row.created_at, "id": lambda row: row.id}


@routes.get("/account/app-transfers")
def list_() -> Response:
    """What the account has offered and was offered."""
    with platform().ports.state.view() as work:
        rows = work.transfers.list(actor().account.id)
    return listing(rows, _KEYS, lambda row: _present([row])[0])


@routes.get("/account/app-transfers/<transfer>")
def info(transfer: str) -> Response:
    """One transfer, by id or, while it is pending, by its app."""
    with platform().ports.state.view() as work:
        found = find_transfer(work, actor(), transfer)
    return reply(_present([found])[0])


@routes.post("/account/app-transfers")
def create() -> Response:
    """Offer an app that one owns to another account."""
    values = bodies.body()
    app = bodies.reference(values, "app")
    if app is None:
        raise InvalidParams("The field app is missing; it must be an app's name or id.")
    recipient = bodies.person(values, "recipient")
    found = the_app(app, Permission.OWN)
    made = CreateTransfer(ports=platform().ports, quota=platform().settings.quota)(actor(), found, recipient=recipient)
    return reply(_present([made])[0], 201)


@routes.patch("/account/app-transfers/<transfer>")
def update(transfer: str) -> Response:
    """Accept or decline what was offered."""
    state = bodies.text(bodies.body(), "state")
    answer = AnswerTransfer(ports=platform().ports, quota=platform().settings.quota)
    return reply(_present([answer(actor(), transfer=transfer, state=state)])[0])


@routes.delete("/account/app-transfers/<transfer>")
def destroy(transfer: str) -> Response:
    """Take an offer back."""
    return reply(_present([CancelTransfer(ports=platform().ports)(actor(), transfer=transfer)])[0])


def _present(rows: Sequence[Transfer]) -> list[JSON]:
    with platform().ports.state.view() as work:
        present = Presenter(work)
        apps = work.apps.of({row.app_id for row in rows})
        return [
            {
                "app": app_ref(apps[row.app_id]),
                "created_at": time_text(row.created_at),
                "id": row.id,
                "owner": present.user(row.owner_id),
                "recipient": present.user(row.recipient_id),
                "state": str(row.state),
                "updated_at": time_text(row.updated_at),
            }
            for row in rows
        ]

"""`/oauth`: login with e-mail and password, API tokens."""

from __future__ import annotations

from flask import Blueprint, Response, request

from control.api import bodies
from control.api.context import actor, platform
from control.api.presenters import JSON, time_text
from control.api.responses import listing, reply
from control.domain.accounts import TOKEN_PREFIX, Account, Token
from control.domain.permissions import Scope, check_scopes, covers
from control.errors import Forbidden, Unauthorized
from control.services.accounts import BAD_LOGIN, bearer_of, create_token, find_token, note_login, revoke_token
from control.services.actor import Actor

routes = Blueprint("oauth", __name__)

_KEYS = {"id": lambda token: token.id, "created_at": lambda token: token.created_at}


@routes.post("/oauth/authorizations")
def create() -> Response:
    """Make an API token, for who logs in with e-mail and password or has a token already."""
    values = bodies.body()
    description = bodies.text(values, "description") or "API token"
    expires_in = bodies.number(values, "expires_in")
    scopes = check_scopes(values.get("scope"))
    who = _logged_in()
    if not covers(who.scopes, Scope.GLOBAL):
        raise Forbidden("Only a token of the scope global may make others; log in with e-mail and password.")
    ports = platform().ports
    with ports.state.begin() as work:
        if who.token_id is None:
            note_login(work, ports.clock, who.account)
        token, secret = create_token(
            work,
            ports.clock,
            who.account,
            description=description,
            expires_in=expires_in,
            scopes=scopes,
            remote=who.remote,
        )
        work.commit()
    return reply(_present(token, who.account, secret=secret), 201)


@routes.get("/oauth/authorizations")
def list_() -> Response:
    """The tokens of this account, without their secrets."""
    account = actor().account
    with platform().ports.state.view() as work:
        tokens = work.accounts.tokens(account.id)
    return listing(tokens, _KEYS, lambda token: _present(token, account))


@routes.get("/oauth/authorizations/<token>")
def info(token: str) -> Response:
    """One token; `~` is the one in use."""
    with platform().ports.state.view() as work:
        found = find_token(work, actor(), token)
    return reply(_present(found, actor().account))


@routes.delete("/oauth/authorizations/<token>")
@routes.delete("/oauth/sessions/<token>")
def delete(token: str) -> Response:
    """Take a token back; it opens nothing from now on."""
    ports = platform().ports
    with ports.state.begin() as work:
        found = find_token(work, actor(), token)
        revoke_token(work, ports.clock, actor(), found)
        work.commit()
    return reply(_present(found, actor().account))


def _logged_in() -> Actor:
    ports = platform().ports
    sent = request.authorization
    if sent is None:
        raise Unauthorized(BAD_LOGIN)
    secret = (sent.token if sent.type == "bearer" else sent.password) or ""
    if secret.startswith(TOKEN_PREFIX) or sent.type == "bearer":
        with ports.state.view() as work:
            known = bearer_of(work, ports.clock, secret, remote=request.remote_addr)
        if known is None:
            raise Unauthorized(BAD_LOGIN)
        return known
    account = platform().login(sent.username or "", secret, remote=request.remote_addr)
    return Actor(account=account, remote=request.remote_addr)


def _present(token: Token, account: Account, *, secret: str | None = None) -> JSON:
    lifetime = int((token.expires_at - token.created_at).total_seconds()) if token.expires_at else None
    access: JSON = {"expires_in": lifetime, "id": token.id}
    if secret is not None:
        access["token"] = secret
    return {
        "access_token": access,
        "client": None,
        "created_at": time_text(token.created_at),
        "description": token.description,
        "grant": None,
        "id": token.id,
        "refresh_token": None,
        "scope": [str(scope) for scope in token.scopes],
        "session": None,
        "updated_at": time_text(token.created_at),
        "user": {"email": account.email, "full_name": account.name, "id": account.id},
    }

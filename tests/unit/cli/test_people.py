"""users, tokens, access, transfers, events."""

from __future__ import annotations

import json
from typing import Any

import pytest

USER: dict[str, Any] = {"id": "u2", "email": "bob@example.com", "name": "bob", "admin": False}
QUOTA: dict[str, Any] = {"apps": {"limit": 5, "used": 1}, "releases": {"limit": None, "used": None}}
TOKEN: dict[str, Any] = {
    "id": "t1",
    "description": "ci",
    "scope": ["read", "write"],
    "created_at": "2026-03-01T11:00:00Z",
    "access_token": {"id": "t1", "expires_in": 3600, "token": "nmp_secret"},
}
SHARED: dict[str, Any] = {
    "role": "collaborator",
    "user": {"email": "bob@example.com"},
    "permissions": [{"name": "view"}, {"name": "deploy"}],
}
OFFER: dict[str, Any] = {
    "id": "x1",
    "app": {"id": "a1", "name": "hello"},
    "owner": {"email": "ada@example.com"},
    "recipient": {"email": "bob@example.com"},
    "state": "pending",
    "updated_at": "2026-03-01T11:55:00Z",
}


def test_users_add_prints_only_the_token(cli, host):
    """The token alone is the result, what to do with it is on stderr; --json has it as `token`."""
    host.on("POST", "/users", USER | {"token": "nmp_first"}, status=201)

    result = cli("users:add", "bob@example.com", "--admin")

    assert (result.status, result.out) == (0, "nmp_first\n")
    assert "NOMAPAAS_API_KEY" in result.err
    assert host.bodies("POST", "/users") == [{"email": "bob@example.com", "admin": True}]
    assert json.loads(cli("users:add", "bob@example.com", "--json").out)["token"] == "nmp_first"


def test_users_reset_prints_the_new_token(cli, host):
    """As adding does."""
    host.on("POST", "/users/bob@example.com/actions/reset", USER | {"token": "nmp_new"}, status=201)

    assert cli("users:reset", "bob@example.com").out == "nmp_new\n"


def test_users_are_listed_and_shown(cli, host):
    """One a line; one with its quota."""
    host.on("GET", "/users", [USER | {"admin": True}])
    host.on("GET", "/users/bob@example.com", USER | {"quota": QUOTA})

    assert cli("users").out.splitlines()[1].split() == ["bob@example.com", "bob", "admin", "u2"]
    assert cli("users:list", "--json").status == 0
    shown = cli("users:info", "bob@example.com").out
    assert [line.split() for line in shown.splitlines()[-2:]] == [
        ["apps", "apps", "1", "5"],
        ["releases", "releases", "kept", "of", "an", "app", "-", "none"],
    ]


def test_users_remove_wants_to_be_confirmed(cli, host):
    """Without --confirm, or with another address, nothing is sent."""
    host.on("DELETE", "/users/bob@example.com", USER)

    refused = cli("users:remove", "bob@example.com")
    assert refused.status == 1
    assert "add --confirm bob@example.com" in refused.err
    assert cli("users:remove", "bob@example.com", "--confirm", "eve@example.com").status == 1
    assert host.calls() == []

    assert cli("users:remove", "bob@example.com", "--confirm", "bob@example.com").status == 0
    assert cli("users:remove", "bob@example.com", stdin="bob@example.com\n", tty=True).status == 0


def test_users_update_and_quota(cli, host):
    """A number, 0 and `default` go out as number, 0 and null; anything else is refused before."""
    host.on("PATCH", "/users/bob@example.com", USER | {"quota": QUOTA})
    host.on("GET", "/account/quota", QUOTA)

    assert cli("users:update", "bob@example.com", "--no-admin").status == 0
    assert cli("users:update", "bob@example.com").status == 2
    changed = cli("users:quota", "bob@example.com", "apps=5", "dynos=0", "builds=default")
    assert changed.status == 0
    assert cli("users:quota", "bob@example.com", "apps=many").status == 2
    assert host.bodies("PATCH", "/users/bob@example.com") == [
        {"admin": False},
        {"quota": {"apps": 5, "dynos": 0, "builds": None}},
    ]
    assert json.loads(cli("users:quota", "--json").out) == QUOTA


def test_tokens_are_made_with_scopes_and_an_end(cli, host):
    """The secret alone is the result; times may have a unit."""
    host.on("POST", "/oauth/authorizations", TOKEN, status=201)

    made = cli("tokens:create", "--scope", "read", "-s", "write", "--expires-in", "30d", "-d", "ci")

    assert made.out == "nmp_secret\n"
    assert "tokens:revoke t1" in made.err
    assert host.bodies("POST", "/oauth/authorizations") == [
        {"description": "ci", "scope": ["read", "write"], "expires_in": 30 * 86_400}
    ]
    assert cli("tokens:create", "--scope", "all").status == 2
    assert cli("tokens:create", "--expires-in", "soon").status == 2


def test_tokens_are_listed_and_revoked(cli, host):
    """With their scopes and when they end."""
    secret_free = TOKEN | {"access_token": {"id": "t1", "expires_in": None}}
    host.on("GET", "/oauth/authorizations", [TOKEN, secret_free])
    host.on("DELETE", "/oauth/authorizations/t1", TOKEN)

    lines = cli("tokens").out.splitlines()

    assert "read, write  2026/03/01 12:00:00" in lines[1]
    assert "read, write  never" in lines[2]
    assert cli("tokens:revoke", "t1").status == 0


def test_a_password_is_asked_for_twice(cli, host):
    """At a terminal twice, else once from standard input; none changes nothing."""
    host.on("PATCH", "/account", {"email": "ada@example.com"})
    cli.password = "correct horse"

    assert cli("auth:password", tty=True).status == 0
    assert cli("auth:password", stdin="battery staple\n").status == 0
    assert cli("auth:password").status == 1
    assert host.bodies("PATCH", "/account") == [
        {"new_password": "correct horse"},
        {"new_password": "battery staple"},
    ]


def test_access(cli, host):
    """Listed, given, changed and taken back; an unknown permission is refused before anything is sent."""
    host.on("GET", "/apps/hello/collaborators", [SHARED])
    host.on("POST", "/apps/hello/collaborators", SHARED, status=201)
    host.on("PATCH", "/apps/hello/collaborators/bob@example.com", SHARED)
    host.on("DELETE", "/apps/hello/collaborators/bob@example.com", SHARED)

    assert cli("access").out.splitlines()[1].split() == ["bob@example.com", "collaborator", "view,", "deploy"]
    assert cli("access:add", "bob@example.com").status == 0
    assert cli("access:add", "bob@example.com", "--role", "deploy").status == 0
    assert cli("access:update", "bob@example.com", "-p", "view,operate").status == 0
    assert cli("access:update", "bob@example.com").status == 2
    refused = cli("access:add", "bob@example.com", "-p", "owner")
    assert refused.status == 2
    assert "'owner' is no permission" in refused.err
    assert cli("sharing:remove", "bob@example.com").status == 0
    assert host.bodies("POST", "/apps/hello/collaborators") == [
        {"user": "bob@example.com", "silent": True},
        {"user": "bob@example.com", "silent": True, "permissions": ["deploy"]},
    ]
    assert host.bodies("PATCH", "/apps/hello/collaborators/bob@example.com") == [{"permissions": ["view", "operate"]}]


@pytest.mark.parametrize(
    ("words", "state"), [(("transfers:accept", "hello"), "accepted"), (("transfers:decline", "hello"), "declined")]
)
def test_an_offer_is_answered(cli, host, words, state):
    """By the app's name."""
    host.on("PATCH", "/account/app-transfers/hello", OFFER | {"state": state})

    assert cli(*words).status == 0
    assert host.bodies("PATCH", "/account/app-transfers/hello") == [{"state": state}]


def test_offers_are_made_listed_and_canceled(cli, host):
    """The one that waits says so."""
    host.on("POST", "/account/app-transfers", OFFER, status=201)
    host.on("GET", "/account/app-transfers", [OFFER])
    host.on("DELETE", "/account/app-transfers/hello", OFFER)

    assert "done, waiting for them to accept it" in cli("apps:transfer", "bob@example.com").err
    assert host.bodies("POST", "/account/app-transfers") == [{"app": "hello", "recipient": "bob@example.com"}]
    shown = cli("transfers").out.splitlines()[1].split()[:4]
    assert shown == ["hello", "ada@example.com", "bob@example.com", "pending"]
    assert cli("transfers:cancel", "hello").status == 0


def test_events(cli, host):
    """One's own without --app, the newest last; an app's with it."""
    event = {
        "id": "e1",
        "action": "config.update",
        "actor": {"id": "u1", "email": "ada@example.com"},
        "app": {"id": "a1", "name": "hello"},
        "created_at": "2026-03-01T11:55:00Z",
        "detail": "Set A\x1b[31m",
        "remote": "192.0.2.1",
    }
    host.on("GET", "/events", [event, event | {"actor": None, "app": None, "action": "first", "remote": None}])
    host.on("GET", "/apps/hello/events", [])

    lines = cli("events", "--num", "2").out.splitlines()

    assert lines[1].split()[2:6] == ["the", "platform", "-", "-"]
    assert "ada@example.com  192.0.2.1  hello  config.update  Set A^[[31m" in lines[2]
    assert host.requests[0].headers["Range"] == "created_at ..; order=desc, max=2"
    assert cli("events", "--app", "hello").err == "Nothing was done yet.\n"

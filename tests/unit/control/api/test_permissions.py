"""The permission matrix: every route that there is, tried by everybody that there can be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from control.api.permissions import TABLE, Demand, Who, demand_of
from control.app import create_app
from control.domain.apps import App
from control.domain.people import Collaborator
from control.domain.permissions import GRANTABLE, Permission, Scope, check_scopes, covers
from control.domain.rules import BrokenRule
from control.services.accounts import create_token
from control.services.actor import Actor
from control.services.apps import CreateApp
from control.services.builds import CreateBuild
from control.services.certificates import AddCertificate
from control.services.collaborators import AddCollaborator
from control.services.domains import AddDomain
from control.settings import Secret, Settings
from tests.certificates import issue
from tests.memory_ports import memory_ports

MADE_UP = str(uuid4())


def _routes() -> Iterator[str]:
    app = create_app(memory_ports(), Settings(home=Path("/nonexistent"), database_url="sqlite://"))
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield f"{method} {rule.rule}"


ROUTES = sorted(_routes())


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    """A route that nobody wrote a row for fails here, and is closed to everybody until somebody does."""
    assert set(ROUTES) - set(TABLE) == set()
    assert set(TABLE) - set(ROUTES) == set()


def test_rows_of_apps_demand_something_of_them() -> None:
    """Whatever names an app in its path demands a permission on it."""
    for route, demand in TABLE.items():
        assert (demand.permission is not None) == ("<app>" in route), route


@dataclass(frozen=True)
class Persona:
    """Somebody who sends a request, and whether they are what a row demands."""

    name: str
    send: Callable[..., Any]
    permission: Permission | None
    admin: bool = False
    scope: Scope = Scope.GLOBAL

    def refusal(self, demand: Demand) -> int | None:
        """The status of the refusal; None when the request has to be let in."""
        if demand.who is Who.ROUTER:
            return 401
        if self.name == "nobody":
            return None if demand.who is Who.ANYBODY else 401
        if not covers([self.scope], demand.scope) or (demand.who is Who.ADMIN and not self.admin):
            return 403
        if demand.permission is None:
            return None
        if self.permission is None:
            return 404
        return None if demand.permission in self.permission.included else 403


@pytest.fixture
def personas(plane: Any, client_of: Any, ada: Actor, app: Any) -> list[Persona]:
    """Nobody, a stranger, one account for each permission, the owner, an admin, and the owner's smaller tokens."""

    def sender(client: Any) -> Callable[..., Any]:
        return lambda method, path, headers=None: client(method, path, None if method == "GET" else {}, headers)

    found = [
        Persona("nobody", sender(client_of(None)), None),
        Persona("stranger", sender(client_of(plane.actor("eve@example.com"))), None),
    ]
    for permission in GRANTABLE:
        account = plane.account(f"{permission}@example.com")
        with plane.state.begin() as work:
            work.collaborators.save(
                Collaborator(
                    id=str(uuid4()),
                    app_id=app.id,
                    account_id=account.id,
                    permission=permission,
                    created_at=plane.clock.now(),
                    updated_at=plane.clock.now(),
                )
            )
            work.commit()
        found.append(Persona(permission, sender(client_of(Actor(account=account))), permission))
    for scope in Scope:
        client = client_of(ada)
        with plane.state.begin() as work:
            _, client.token = create_token(work, plane.clock, ada.account, description="small", scopes=(scope,))
            work.commit()
        found.append(Persona(f"owner's {scope} token", sender(client), Permission.OWN, scope=scope))
    root = client_of(plane.actor("root@example.com", admin=True))
    return [*found, Persona("admin", sender(root), Permission.OWN, admin=True)]


def _path(route: str, app: Any) -> tuple[str, str]:
    method, _, rule = route.partition(" ")
    return method, re.sub(r"<[a-z_]+>", MADE_UP, rule.replace("<app>", app.id))


@pytest.mark.parametrize("route", ROUTES)
def test_the_matrix(route: str, personas: list[Persona], app: Any, snapshot: Callable[[], Any]) -> None:
    """Whoever a row refuses gets 401, 403 or 404 and changes nothing; whoever it admits gets none of these."""
    method, path = _path(route, app)
    demand = demand_of(method, route.partition(" ")[2])
    assert demand is not None
    before = snapshot()

    refused = {each.name: status for each in personas if (status := each.refusal(demand))}
    answers = {each.name: each.send(method, path) for each in personas if each.name in refused}

    assert {name: answer.status_code for name, answer in answers.items()} == refused
    assert all(answer.json["id"] in ("unauthorized", "forbidden", "not_found") for answer in answers.values())
    assert snapshot() == before
    for admitted in (each for each in personas if each.name not in refused):
        before.put_back()
        answer = admitted.send(method, path)
        assert not _is_refusal(answer, demand), (admitted.name, answer.json)


_INNER = [route for route in ROUTES if re.search(r"<app>.*<", route)]


@pytest.mark.parametrize("route", _INNER)
def test_nothing_is_reached_by_way_of_another_app(
    route: str, api: Any, plane: Any, app: App, snapshot: Callable[[], Any]
) -> None:
    """Whoever owns an app gets 404 for a stranger's build, release, slug, dyno or collaborator below it."""
    eve, bob = plane.actor("eve@example.com"), plane.account("bob@example.com")
    victim = CreateApp(ports=plane.ports)(eve, name="victim-app")
    release = plane.deploy(victim)
    plane.run(victim)
    build = CreateBuild(ports=plane.ports, settings=plane.settings)(eve, victim, url="https://example.com/a.tgz")
    shared = AddCollaborator(ports=plane.ports)(eve, victim, user=bob.id, permission=Permission.VIEW)
    pair = issue("www", hosts=["www.example.com"], starts=plane.clock.now())
    with plane.state.view() as work:
        formation = work.formations.list(victim.id)[0]
    ids = {
        "app": app.id,
        "build": build.id,
        "collaborator": shared.id,
        "domain": AddDomain(ports=plane.ports, zone="localhost")(eve, victim, hostname="www.example.com").id,
        "endpoint": AddCertificate(ports=plane.ports)(eve, victim, chain=pair.chain, private_key=Secret(pair.key)).id,
        "dyno": plane.scheduler.run(plane.job_id(victim))[0].id,
        "feature": victim.id,
        "process_type": formation.id,
        "release": release.id,
        "slug": release.slug_id,
    }
    method, _, rule = route.partition(" ")
    before = snapshot()

    answer = api(
        method,
        re.sub(r"<([a-z_]+)>", lambda match: ids[match[1]], rule),
        None if method == "GET" else {"permissions": ["manage"], "quantity": 0},
    )

    assert (answer.status_code, answer.json["id"]) == (404, "not_found")
    assert snapshot() == before


def _is_refusal(answer: Any, demand: Demand) -> bool:
    if demand.who is Who.ANYBODY:
        # The view checks by itself, so nobody gets 401 there and a made-up signature 404.
        return bool(answer.status_code == 403)
    unknown_app = answer.status_code == 404 and (answer.json or {}).get("resource") == "app"
    return unknown_app or answer.status_code in (401, 403) or answer.status_code >= 500


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_route_without_a_row_is_closed(method: str, flask_app: Any, client_of: Any, plane: Any) -> None:
    """Nobody has said who may use it, so nobody may, not even an admin."""
    flask_app.add_url_rule("/forgotten", view_func=lambda: "open", methods=[method], endpoint="forgotten")

    answer = client_of(plane.actor("root@example.com", admin=True))(method, "/forgotten")

    assert (answer.status_code, answer.json["id"]) == (403, "forbidden")


def test_no_way_around_by_the_method(personas: list[Persona], client_of: Any, ada: Actor, app: App) -> None:
    """HEAD demands what GET does, a POST that stands for DELETE what DELETE does; OPTIONS wants an account."""
    answers = {each.name: each.send("HEAD", f"/apps/{app.id}/config-vars").status_code for each in personas}
    assert {name: answers[name] for name in ("nobody", "stranger", "deploy", "operate", "owner's read token")} == {
        "nobody": 401,
        "stranger": 404,
        "deploy": 403,
        "operate": 200,
        "owner's read token": 403,
    }
    assert {each.name for each in personas if each.send("OPTIONS", f"/apps/{app.id}").status_code == 401} == {"nobody"}

    override = {"X-Http-Method-Override": "DELETE"}
    manager = next(each for each in personas if each.permission is Permission.MANAGE)
    assert manager.send("POST", f"/apps/{app.id}", override).status_code == 403
    assert client_of(ada).post(f"/apps/{app.id}", headers=override).status_code == 200


def test_scopes_include_what_is_less() -> None:
    """`write` reads too, `write-protected` all but the account itself; none given is everything."""
    assert covers([Scope.WRITE], Scope.READ)
    assert not covers([Scope.WRITE, Scope.READ], Scope.READ_PROTECTED)
    assert covers([Scope.WRITE_PROTECTED], Scope.READ_PROTECTED)
    assert not covers([Scope.WRITE_PROTECTED], Scope.GLOBAL)
    assert check_scopes(None) == check_scopes([]) == (Scope.GLOBAL,)
    with pytest.raises(BrokenRule, match="choose of: global, identity, read"):
        check_scopes(["read", "admin"])


def test_whoever_may_change_a_thing_may_read_it() -> None:
    """`If-Match` rests on it: a change is compared with what the same address shows."""
    for route, demand in TABLE.items():
        method, _, path = route.partition(" ")
        read = TABLE.get(f"GET {path}")
        if method in {"PATCH", "PUT", "DELETE"} and read is not None:
            assert read.who is demand.who, route
            assert all(covers((scope,), read.scope) for scope in Scope if covers((scope,), demand.scope)), route

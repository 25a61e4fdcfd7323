"""docs/permissions.md says of every route what the permission table says."""

from __future__ import annotations

import re
from pathlib import Path

from control.api.permissions import TABLE, Demand, Who
from control.domain.permissions import DESCRIPTIONS, Permission, Scope

DOCUMENT = (Path(__file__).parents[2] / "docs" / "permissions.md").read_text(encoding="utf-8")
_PEOPLE = {Who.ANYBODY: "anybody", Who.ACCOUNT: "any account", Who.ADMIN: "an admin", Who.ROUTER: "the router"}


def _who(demand: Demand) -> str:
    return str(demand.permission) if demand.permission else _PEOPLE[demand.who]


def test_every_route_is_listed_under_what_it_demands() -> None:
    """Each in one row of the table "Every route": who, with which scope; no route that there is not."""
    rows = re.findall(r"^\| ([a-z ]+) \| `([a-z-]+)` \| (.*) \|$", DOCUMENT, re.MULTILINE)
    documented = {
        route: (who, scope) for who, scope, routes in rows for route in re.findall(r"`([A-Z]+ /[^`]*)`", routes)
    }

    assert documented == {
        re.sub(r"<([a-z_]+)>", r":\1", route): (_who(demand), str(demand.scope)) for route, demand in TABLE.items()
    }


def test_every_permission_and_scope_is_explained() -> None:
    """Each has a row that says what it allows."""
    explained = set(re.findall(r"^\| ([a-z-]+) \| ", DOCUMENT, re.MULTILINE))

    assert {str(each) for each in (*Permission, *Scope)} <= explained
    assert set(DESCRIPTIONS) == set(Permission) - {Permission.OWN}

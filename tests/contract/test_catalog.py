"""What every catalogue promises."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from control.adapters.consul_catalog import ConsulCatalog
from control.adapters.memory import MemoryCatalog
from control.ports.catalog import Catalog, Instance, Kind, Route
from control.ports.errors import CatalogUnavailable

PREFIX = "nomapaas/contract/"
"""Not the platform's own: its repair loop removes records of apps that it does not know."""


@dataclass
class Stage:
    catalog: Catalog
    unavailable: Catalog
    register: Callable[[Instance], Any]
    index: Callable[[str], int]
    """Changes whenever the app's record is written."""


@pytest.fixture(params=["memory", pytest.param("real", marks=pytest.mark.platform)])
def stage(request):
    if request.param == "memory":
        twin, down = MemoryCatalog(), MemoryCatalog()
        down.down = True
        yield Stage(twin, down, twin.dynos.append, lambda _: twin.writes)
        return
    running = request.getfixturevalue("instance")
    address, token = running.env["CONSUL_HTTP_ADDR"], running.env["CONSUL_HTTP_TOKEN"]
    names: list[str] = []
    with httpx.Client(base_url=address, headers={"X-Consul-Token": token}) as http:

        def register(one: Instance) -> None:
            process, number = one.dyno.split(".")
            body = {
                "ID": f"contract-{secrets.token_hex(4)}",
                "Name": "nomapaas-dyno",
                "Address": one.address,
                "Port": one.port,
                "Meta": {
                    "app": one.app_id,
                    "process": process,
                    "index": str(int(number) - 1),
                    "release": str(one.release),
                    "stage": "live",
                },
                "Check": {"TTL": "60s", "Status": "passing" if one.passing else "critical"},
            }
            names.append(body["ID"])
            http.put("/v1/agent/service/register", json=body).raise_for_status()

        def index(app_id: str) -> int:
            return http.get(f"/v1/kv/{PREFIX}{app_id}").json()[0]["ModifyIndex"]

        yield Stage(
            ConsulCatalog(address, token, prefix=PREFIX),
            ConsulCatalog("http://127.0.0.1:9", "x"),
            register,
            index,
        )
        for name in names:
            http.put(f"/v1/agent/service/deregister/{name}").raise_for_status()


@pytest.fixture
def route(stage):
    app_id = f"c0ffee00-0000-4000-8000-{secrets.token_hex(6)}"
    yield Route(app_id=app_id, name="brave-é", hosts=("a.localhost",), state="up", maintenance=False, release=3)
    stage.catalog.delete_route(app_id)


def test_route_comes_back_unchanged(stage, route):
    """What was put is listed, under the app's id."""
    stage.catalog.put_route(route)

    assert stage.catalog.routes()[route.app_id] == route


def test_same_route_is_not_written_again(stage, route):
    """Every write wakes the router: one that changes nothing is left out, another one replaces."""
    stage.catalog.put_route(route)
    before = stage.index(route.app_id)
    stage.catalog.put_route(route)
    assert stage.index(route.app_id) == before

    changed = replace(route, maintenance=True, state="idle", frozen=True, https=True, hsts=300)
    stage.catalog.put_route(changed)
    assert stage.index(route.app_id) != before
    assert stage.catalog.routes()[route.app_id] == changed


def test_deleted_route_is_gone(stage, route):
    """Deleting twice is success."""
    stage.catalog.put_route(route)
    stage.catalog.delete_route(route.app_id)
    stage.catalog.delete_route(route.app_id)

    assert route.app_id not in stage.catalog.routes()


def test_entries_come_and_go(stage):
    """By name within their kind; what is there already is replaced, deleting twice is success."""
    name = f"c0ffee00-{secrets.token_hex(6)}/e/1"
    stage.catalog.put_entry(Kind.CERTIFICATE, name, "one")
    stage.catalog.put_entry(Kind.CERTIFICATE, name, '{"hosts": ["bücher"]}')
    stage.catalog.put_entry(Kind.CHALLENGE, "c0ffee00", "answer")

    assert stage.catalog.entries(Kind.CERTIFICATE)[name] == '{"hosts": ["bücher"]}'
    assert name not in stage.catalog.entries(Kind.CHALLENGE)
    assert stage.catalog.entries(Kind.CHALLENGE)["c0ffee00"] == "answer"
    for kind, key in ((Kind.CERTIFICATE, name), (Kind.CHALLENGE, "c0ffee00")):
        stage.catalog.delete_entry(kind, key)
        stage.catalog.delete_entry(kind, key)
        assert key not in stage.catalog.entries(kind)


def test_dynos_are_listed_with_their_health(stage, route, until):
    """Every registered dyno: address, release, and whether its check passes."""
    dynos = [
        Instance(app_id=route.app_id, dyno="web.1", address="10.9.9.1", port=5000, release=3, passing=True),
        Instance(app_id=route.app_id, dyno="web.2", address="10.9.9.2", port=5000, release=3, passing=False),
    ]
    for one in dynos:
        stage.register(one)

    def ours() -> list[Instance]:
        return sorted((one for one in stage.catalog.instances() if one.app_id == route.app_id), key=lambda i: i.dyno)

    assert until(lambda: ours() == dynos)


def test_unavailable(stage, route):
    """Without an answer every method raises CatalogUnavailable."""
    stage.catalog.ping()
    for ask in (
        stage.unavailable.ping,
        stage.unavailable.routes,
        stage.unavailable.instances,
        lambda: stage.unavailable.put_route(route),
        lambda: stage.unavailable.delete_route(route.app_id),
    ):
        with pytest.raises(CatalogUnavailable):
            ask()
